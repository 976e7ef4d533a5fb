// Package directory signs people in at LDAP directories, Active Directory among
// them. It finds the one entry that a typed name means, has the directory check
// the password, reads the groups, nested ones too, and says who that is: by the
// entry's own unchanging id, so that a person is one whatever the spelling.
//
// It owns the rules of the connection (TLS with a verified name, always; what
// may be dialled is package outbound's rule; bounded time and size; no
// referral), of the names and filters, of an account's state, and that all
// refusals look alike and take as long. It does not own the registration of a
// directory (package ds), what a person may do (package sts), nor a person's MFA
// devices (package mfa).
package directory

import (
	"context"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	"sojourn/internal/arn"
	"sojourn/internal/awserr"
	"sojourn/internal/seal"
	"sojourn/internal/secret"
	"sojourn/internal/store"
)

// PasswordLabel is the label that bind passwords are sealed under, for the
// directory's id.
const PasswordLabel = "directory-bind-password"

// Kinds of directories, which settle the defaults and how an account's state is read.
const (
	OpenLDAP        = "OpenLDAP" // and others that follow the RFCs
	ActiveDirectory = "ActiveDirectory"
)

// How groups in groups are found: Walk asks for the groups of each group that
// was found, Chain has Active Directory do it, None leaves them out.
const (
	Walk  = "Walk"
	Chain = "Chain"
	None  = "None"
)

// ARN is a directory's name in trust policies.
func ARN(d store.Directory) string {
	return "arn:" + arn.Partition(d.Region) + ":ds:" + d.Region + ":" + d.Account + ":directory/" + d.ID
}

// Person is who somebody is, as the directory says.
type Person struct {
	Directory string // its id
	ID        string // unchanging and of this person alone: entryUUID or objectGUID
	UserName  string // as the directory spells it
	DN        string // normalised, see Normalise
	Groups    []string
}

// Key names a person among all directories. It is what an MFA device belongs to.
func (p *Person) Key() string { return p.Directory + "/" + p.ID }

// Refusal is why somebody was not let in. It is for the record: who asks is
// told the same in all cases.
type Refusal struct{ Reason string }

func (r *Refusal) Error() string { return r.Reason }

// refused is what everybody gets who is not let in.
func refused(reason string) error {
	return &awserr.Error{Code: "IDPRejectedClaim", Status: http.StatusForbidden, Cause: &Refusal{reason},
		Message: "The directory does not let in a user with this name and password."}
}

// unreachable is for a directory that gives no usable answer; the cause, which
// may name inside addresses, is for the log.
func unreachable(cause error) error {
	return &awserr.Error{Code: "IDPCommunicationError", Status: http.StatusBadRequest, Cause: cause,
		Message: "The directory could not be reached, or gave no usable answer"}
}

// Throttle bounds wrong passwords.
type Throttle interface {
	// Guess is asked before a password is tried: from where, at which directory
	// (its ARN), for whom. Its error is the answer; otherwise the attempt must be
	// told how it went.
	Guess(from netip.Addr, directory, identity string) (Attempt, error)
}

// Attempt is a password that is being tried. One of its methods ends it, but for
// Also.
type Attempt interface {
	// Also asks about who the name turned out to be, of whom the end is told too.
	Also(identity string) error
	Succeeded()
	Failed()
	Released() // it is not known how it would have gone
}

// Options of a Verifier. Keys, Dialer and Now are required.
type Options struct {
	Keys     *seal.Keyring
	Dialer   *net.Dialer    // outbound.Dialer
	Roots    *x509.CertPool // for directories that bring no authorities; nil for the system's
	Throttle Throttle       // nil lets everybody guess
	Now      func() time.Time

	// Pause lets a duration pass; nil for a timer.
	Pause func(ctx context.Context, d time.Duration)
	// Timeout bounds one server's answers together; 0 for 5 seconds.
	Timeout time.Duration
}

// Bounds of one sign-in.
const (
	timeout    = 5 * time.Second
	maxBusy    = 16 // sign-ins at one directory at the same time
	maxTraffic = 2 << 20
	maxGroups  = 500
	maxDepth   = 16 // of groups in groups

	// A refusal is answered at a multiple of this after its request, so that its
	// time tells nothing of what was found.
	beat = 250 * time.Millisecond
)

// Verifier signs people in. It is safe for concurrent use.
type Verifier struct {
	o Options

	mu   sync.Mutex
	busy map[string]chan struct{} // by directory
	down map[string]time.Time     // servers that gave no answer, until when they come last
}

// New makes a verifier.
func New(o Options) *Verifier {
	if o.Pause == nil {
		o.Pause = pause
	}
	if o.Timeout == 0 {
		o.Timeout = timeout
	}
	return &Verifier{o: o, busy: map[string]chan struct{}{}, down: map[string]time.Time{}}
}

func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// SignIn says who somebody is who knows the name and the password. Errors are
// *awserr.Error: IDPRejectedClaim with a *Refusal for everybody who is not let
// in, Throttling, IDPCommunicationError, or a fault of the record.
func (v *Verifier) SignIn(ctx context.Context, d store.Directory, name string, password secret.String, from netip.Addr) (*Person, error) {
	begin := v.o.Now()
	p, err := v.signIn(ctx, d, name, password, from)
	if _, ok := errors.AsType[*Refusal](err); ok {
		v.o.Pause(ctx, beat-v.o.Now().Sub(begin)%beat)
	}
	return p, err
}

func (v *Verifier) signIn(ctx context.Context, d store.Directory, name string, password secret.String, from netip.Addr) (*Person, error) {
	name, err := checkName(name)
	if err != nil {
		return nil, err
	}
	if err := checkPassword(password); err != nil {
		return nil, err
	}
	g := &guess{v: v, d: d, from: from}
	defer g.release()
	if err := g.begin(name); err != nil { // of which the directory hears nothing
		return nil, err
	}
	leave, err := v.enter(d.ID)
	if err != nil {
		return nil, err
	}
	defer leave()
	s := &signing{v: v, d: d, name: name, password: password, guess: g}
	if err := v.with(ctx, d, s.run); err != nil {
		return nil, err
	}
	return s.person, nil
}

// enter takes one of a directory's places.
func (v *Verifier) enter(id string) (leave func(), err error) {
	v.mu.Lock()
	places := v.busy[id]
	if places == nil {
		places = make(chan struct{}, maxBusy)
		v.busy[id] = places
	}
	v.mu.Unlock()
	select {
	case places <- struct{}{}:
		return func() { <-places }, nil
	default:
		return nil, awserr.New(awserr.Throttling, http.StatusBadRequest, "Rate exceeded: too many sign-ins at this directory at the same time. Try again.")
	}
}

// guess is what the throttle knows of one sign-in. It is asked twice: about the
// name as it was typed, whether somebody has it or not, and only its answer to
// that is told; then about the one person whom it means, so that no other way to
// write a name gives them more tries.
type guess struct {
	v       *Verifier
	d       store.Directory
	from    netip.Addr
	attempt Attempt
}

// begin asks about a typed name.
func (g *guess) begin(name string) (err error) {
	if g.v.o.Throttle != nil {
		g.attempt, err = g.v.o.Throttle.Guess(g.from, ARN(g.d), typed(name))
	}
	return err
}

// means asks about the person. Who has to wait is refused like one whose password
// is wrong: that a delay has gone over to another name would tell that both are
// somebody's.
func (g *guess) means(id string) (reason string) {
	if g.attempt != nil && g.attempt.Also(id) != nil {
		return "too many wrong passwords for the user, by other names"
	}
	return ""
}

func (g *guess) end(f func(Attempt)) {
	if g.attempt != nil {
		f(g.attempt)
		g.attempt = nil
	}
}

func (g *guess) succeeded() { g.end(Attempt.Succeeded) }
func (g *guess) failed()    { g.end(Attempt.Failed) }
func (g *guess) release()   { g.end(Attempt.Released) }

// IsKey reports whether the holder of an MFA device is a directory's person.
func IsKey(holder string) bool {
	id, person, ok := strings.Cut(holder, "/")
	return ok && strings.HasPrefix(id, "d-") && person != ""
}
