// Package authn says who signed a request: it opens the session token or the
// sealed access key that the request names, compares signatures, and checks
// that the principal still exists.
//
// It owns which regions and services a signature may be for, how old a Git
// password may be, which sessions are revoked, and when keys and roles were last used. It does not own the signature's form and arithmetic
// (sigv4), the token (seal), or what a caller may do (gate). An unknown key, a
// damaged token and a deleted principal get one answer, after the same work.
package authn

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"time"

	"sojourn/internal/awserr"
	"sojourn/internal/principal"
	"sojourn/internal/seal"
	"sojourn/internal/sigv4"
	"sojourn/internal/store"
	"sojourn/internal/throttle"
)

// How long a Git password may be used, by its own time. Git sends one two or
// three times in a command, and a push may spend minutes between them.
const (
	gitValidity = 15 * time.Minute
	gitAhead    = 5 * time.Minute
)

// use is which key signed, and for what.
type use struct{ key, service, region string }

// globalRegion signs for the services that AWS has once for all regions.
const globalRegion = "us-east-1"

// Authenticator knows whose signature a request bears. Its fields are required
// and must not change once it is used. It is safe for concurrent use.
type Authenticator struct {
	Keys   *seal.Keyring
	Store  store.Store
	Region string // of this server
	Now    func() time.Time
	// Issued is asked once about each session: an error refuses it. Nil takes all.
	Issued func(ctx context.Context, accessKeyID string, s *principal.Session) error
	// Throttle counts wrong signatures; nil counts none.
	Throttle *throttle.Throttle

	opened sessions
	keys   store.Memo[keyID, longTerm]
	names  store.Memo[subject, name]
	uses   lastUses
	decoy  decoy

	revocations revocations
}

// RequestInfo is what the door knows of a request beside its signature.
type RequestInfo struct {
	RequestID string
	SourceIP  netip.Addr
	UserAgent string
	Secure    bool
}

// API returns the caller of a signed API request. auth is what
// sigv4.ParseRequest found in it; its time has been checked.
func (a *Authenticator) API(ctx context.Context, r *http.Request, auth *sigv4.Auth, bodySHA256 string, info RequestInfo) (*principal.Caller, error) {
	if err := a.checkScope(auth); err != nil {
		return nil, err
	}
	cred, err := a.credential(ctx, auth.AccessKeyID, auth.Token)
	match := auth.Verify(r, bodySHA256, cred.signingKey(auth.Date, auth.Region, auth.Service))
	switch {
	case err != nil:
		return nil, a.failed(err, auth.AccessKeyID, info)
	case !match:
		return nil, a.failed(awserr.Mismatch(), auth.AccessKeyID, info)
	}
	return a.caller(ctx, cred, use{auth.AccessKeyID, auth.Service, auth.Region}, info)
}

func (a *Authenticator) checkScope(auth *sigv4.Auth) error {
	global := auth.Service == "iam" || auth.Service == "sts"
	if auth.Region != a.Region && !(global && auth.Region == globalRegion) {
		return awserr.New(awserr.SignatureDoesNotMatch, http.StatusForbidden, "Credential should be scoped to a valid region. This server is %s.", a.Region)
	}
	return nil
}

// Git returns the caller of a Git request. host is the request's Host header,
// path the repository's, "/v1/repos/NAME".
func (a *Authenticator) Git(ctx context.Context, user, password, host, path string, info RequestInfo) (*principal.Caller, error) {
	g, err := sigv4.ParseGit(user, password)
	if err != nil {
		return nil, err
	}
	if err := checkGitTime(g.Time, a.Now()); err != nil {
		return nil, err
	}
	cred, err := a.credential(ctx, g.AccessKeyID, g.Token)
	key := cred.signingKey(g.Time.UTC().Format("20060102"), a.Region, "codecommit")
	match := false
	for _, h := range sigv4.GitHosts(host) {
		for _, p := range sigv4.GitPaths(path) {
			match = g.Verify(key, a.Region, h, p) || match // every form is tried, so that none is told by its time
		}
	}
	switch {
	case err != nil:
		return nil, a.failed(forGit(err), g.AccessKeyID, info)
	case !match:
		wrong := awserr.New(awserr.SignatureDoesNotMatch, http.StatusForbidden, "The signature in the Git password does not match. "+
			"Check the secret access key, and that the password was made for %s and the region %s, which this server is.", path, a.Region)
		return nil, a.failed(wrong, g.AccessKeyID, info)
	}
	c, err := a.caller(ctx, cred, use{g.AccessKeyID, "codecommit", a.Region}, info)
	return c, forGit(err)
}

// failed is the answer to a signature that is wrong or of a key that is none:
// what is wrong, or Throttling where there are too many. A signature is always
// looked at first, so that nobody can lock out the holder of a key, and there is
// nothing in it to guess. A session that has expired was a good one.
func (a *Authenticator) failed(err error, keyID string, info RequestInfo) error {
	if !awserr.Is(err, awserr.InvalidClientTokenID) && !awserr.Is(err, awserr.SignatureDoesNotMatch) {
		return err
	}
	if slow := a.Throttle.BadSignature(info.SourceIP, keyID); slow != nil {
		return slow
	}
	return err
}

// forGit puts what to do into the text of an error: git shows it to a person.
func forGit(err error) error {
	e, ok := errors.AsType[*awserr.Error](err)
	if !ok {
		return err
	}
	said := *e
	switch {
	case errors.Is(err, errRevoked):
		said.Message = "The session has been revoked. Sign in for new temporary credentials and run the command again; " +
			"if they are refused as well, ask an administrator of the account."
	case e.Code == awserr.InvalidClientTokenID:
		said.Message = "The access key id or the session token in the Git user name is not valid here. " +
			"Sign in for new credentials, and check that they are for this server and that no credential store keeps old ones."
	case e.Code == awserr.ExpiredToken:
		said.Message = "The session has expired. Sign in for new temporary credentials and run the command again."
	}
	return &said
}

func checkGitTime(t, now time.Time) error {
	switch {
	case t.Before(now.Add(-gitValidity)):
		return awserr.New(awserr.ExpiredToken, http.StatusForbidden,
			"The Git password has expired: it is good for %d minutes. Run the command again; if it fails again, check this machine's clock and that no credential store keeps old passwords.",
			gitValidity/time.Minute)
	case t.After(now.Add(gitAhead)):
		return awserr.New(awserr.SignatureDoesNotMatch, http.StatusForbidden,
			"The Git password is from the future: it says %s, and here it is %s. Set this machine's clock.", t.UTC().Format(time.RFC3339), now.UTC().Format(time.RFC3339))
	}
	return nil
}

// caller checks that the principal still exists, by its unique id, and takes
// its name as it is now.
func (a *Authenticator) caller(ctx context.Context, cred *credential, u use, info RequestInfo) (*principal.Caller, error) {
	s := cred.session
	now, err := a.nameNow(ctx, &cred.session)
	if err != nil {
		return nil, err
	}
	if now.set {
		s.Name, s.Path = now.name, now.path
	}
	c := &principal.Caller{
		Session: s, AccessKeyID: u.key, Temporary: cred.temporary,
		RequestID: info.RequestID, Time: a.Now(), SourceIP: info.SourceIP, UserAgent: info.UserAgent, Secure: info.Secure, Region: a.Region,
	}
	if err := a.notRevoked(ctx, c, c.Time); err != nil {
		return nil, err
	}
	a.noteUse(c, u)
	return c, nil
}

// nameNow is the principal's name, or InvalidToken where it is gone.
func (a *Authenticator) nameNow(ctx context.Context, s *principal.Session) (name, error) {
	now, err := a.names.Read(ctx, a.Store, subject{s.Kind, s.Account, s.ID}, func(tx store.Tx) (name, error) { return nameOf(tx, s) })
	if errors.Is(err, store.ErrNotFound) {
		return now, awserr.InvalidToken()
	}
	if err != nil {
		return now, storeAway(fmt.Errorf("loading the principal %q: %w", s.ID, err))
	}
	return now, nil
}

// subject is a principal as its name depends on it.
type subject struct {
	kind        principal.Kind
	account, id string
}

// name is a principal's name as it is now; of an account's root none is set.
type name struct {
	set        bool
	name, path string
}

func nameOf(tx store.Tx, s *principal.Session) (n name, err error) {
	switch {
	case s.Kind == principal.Root, s.Kind == principal.Federated && s.ID == s.Account: // issued by the account's root
		_, err = tx.Account(s.Account)
		return n, err
	case s.Kind == principal.AssumedRole:
		r, err := tx.RoleByID(s.ID)
		if err == nil && r.Account != s.Account {
			err = store.ErrNotFound
		}
		return name{true, r.Name, r.Path}, err
	case s.Kind == principal.User, s.Kind == principal.Federated:
		u, err := tx.UserByID(s.ID)
		if err == nil && u.Account != s.Account {
			err = store.ErrNotFound
		}
		return name{true, u.Name, u.Path}, err
	}
	return n, store.ErrNotFound
}
