package authn

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"sojourn/internal/awserr"
	"sojourn/internal/principal"
	"sojourn/internal/store"
)

// How well this node knows what is revoked. What it commits itself counts at
// once, what others do within store.VersionAge; that the store tells so is not
// relied on for longer than confirmEvery. Cut off from the store a node goes on
// with what it knows for cutOff, and then takes no session any more.
const (
	confirmEvery = 3 * time.Second
	cutOff       = 30 * time.Second
)

// RevocationMargin is how far behind its own time a revocation of all sessions
// "up to now" reaches: 5 seconds in which a node may not know it and so goes on
// issuing, and 5 by which the machines' clocks may differ.
const RevocationMargin = 10 * time.Second

// revokedFor is how long a revocation must be remembered: the longest session,
// and an hour for clocks.
const revokedFor = 36*time.Hour + time.Hour

// RevokedUntil is until when a revocation of what was issued at or before a time
// must be kept: behind it everything that it ends has ended by itself.
func RevokedUntil(before time.Time) time.Time { return before.Add(revokedFor) }

// revocations is what this node knows of revocations. A request reads one
// pointer; the zero value is ready.
type revocations struct {
	latest atomic.Pointer[revoked]
	mu     sync.Mutex // held to read them anew
}

// revoked are all revocations, as the store has them at a version.
type revoked struct {
	version uint64
	at      time.Time // when they were read
	before  map[revokedSubject]mark
	keys    map[string]string // access key id → revocation
	count   int
}

type revokedSubject struct{ kind, account, id string }

// mark ends the sessions that were issued in a second or earlier.
type mark struct {
	second int64 // Unix
	id     string
}

// errRevoked marks the refusal of a revoked session.
var errRevoked = errors.New("the session is revoked")

func revokedBy(id string) *awserr.Error {
	e := awserr.New(awserr.ExpiredToken, http.StatusForbidden, "The security token included in the request has been revoked")
	e.Cause = fmt.Errorf("revocation %s: %w", id, errRevoked)
	return e
}

// revoked is what is revoked at now, the present. Without the store it is what was known less
// than cutOff ago, or ServiceUnavailable.
func (a *Authenticator) revoked(ctx context.Context, now time.Time) (*revoked, error) {
	version := a.Store.Version()
	l := a.revocations.latest.Load()
	if l.fresh(version, now) {
		return l, nil
	}
	if l != nil && l.version == version && l.age(now) < 2*confirmEvery {
		if !a.revocations.mu.TryLock() { // another request is about to confirm the same
			return l, nil
		}
	} else {
		a.revocations.mu.Lock()
	}
	defer a.revocations.mu.Unlock()
	if l = a.revocations.latest.Load(); l.fresh(version, now) {
		return l, nil
	}
	read, err := a.readRevocations(ctx, version, now)
	switch {
	case err == nil:
		a.revocations.latest.Store(read)
		return read, nil
	case l != nil && l.age(now) >= 0 && l.age(now) < cutOff:
		return l, nil
	}
	return nil, storeAway(err)
}

// storeAway is the answer while the store cannot tell who somebody is or what is
// revoked. Clients ask again.
func storeAway(cause error) error {
	return &awserr.Error{Code: awserr.ServiceUnavailable, Status: http.StatusServiceUnavailable,
		Message: "The server cannot reach its store. Try again in a minute.", Cause: cause}
}

func (r *revoked) age(now time.Time) time.Duration { return now.Sub(r.at) }

// fresh reports whether nothing can have been revoked since r was read.
func (r *revoked) fresh(version uint64, now time.Time) bool {
	return r != nil && r.version == version && r.age(now) >= 0 && r.age(now) < confirmEvery
}

// readRevocations leaves out what nothing alive can be ended by.
func (a *Authenticator) readRevocations(ctx context.Context, version uint64, now time.Time) (*revoked, error) {
	var list []store.Revocation
	err := store.Glance(ctx, a.Store, func(tx store.Tx) (err error) {
		list, err = tx.Revocations()
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading the revocations: %w", err)
	}
	r := &revoked{version: version, at: now, before: map[revokedSubject]mark{}, keys: map[string]string{}}
	for i := range list {
		if !list[i].Until.Before(now) {
			r.add(&list[i])
		}
	}
	return r, nil
}

func (r *revoked) add(v *store.Revocation) {
	r.count++
	if v.Kind == store.RevokedKey {
		r.keys[v.Subject] = v.ID
		return
	}
	subject := revokedSubject{v.Kind, v.Account, v.Subject}
	if m, ok := r.before[subject]; !ok || v.Before.Unix() > m.second {
		r.before[subject] = mark{v.Before.Unix(), v.ID}
	}
}

// last is the latest mark for what s is a session of. A federated user's session
// is its user's too.
func (r *revoked) last(s *principal.Session) (m mark) {
	if len(r.before) == 0 {
		return m
	}
	later := func(kind, id string) {
		if n, ok := r.before[revokedSubject{kind, s.Account, id}]; ok && n.second > m.second {
			m = n
		}
	}
	later(store.RevokedAccount, s.Account)
	switch s.Kind {
	case principal.AssumedRole:
		later(store.RevokedRole, s.ID)
	case principal.User, principal.Federated:
		later(store.RevokedUser, s.ID)
	}
	if s.Provider != "" {
		later(store.RevokedProvider, s.Provider)
	}
	return m
}

// check refuses a session that is revoked. Sessions say when they were issued in
// whole seconds, cut off, so one that was issued in the second of a mark counts
// as issued at it.
func (r *revoked) check(s *principal.Session, key string) error {
	if id, ok := r.keys[key]; ok {
		return revokedBy(id)
	}
	if m := r.last(s); m.id != "" && s.Issued.Unix() <= m.second {
		return revokedBy(m.id)
	}
	return nil
}

// notRevoked refuses a caller whose session is revoked. Long-term keys have no
// time of issue; they are made inactive in the store.
func (a *Authenticator) notRevoked(ctx context.Context, c *principal.Caller, now time.Time) error {
	if !c.Temporary {
		return nil
	}
	r, err := a.revoked(ctx, now)
	if err != nil {
		return err
	}
	return r.check(&c.Session, c.AccessKeyID)
}

// Still reports whether what a request was let in by would let it in now: the
// session has not ended and is not revoked, the key is active, the principal is
// there. It is for requests that take long.
func (a *Authenticator) Still(ctx context.Context, c *principal.Caller) error {
	switch {
	case c.Kind == principal.Anonymous:
		return nil
	case !c.Temporary:
		k, err := a.keys.Read(ctx, a.Store, keyID(c.AccessKeyID), func(tx store.Tx) (longTerm, error) { return loadKey(tx, c.AccessKeyID) })
		if err != nil {
			return storeAway(fmt.Errorf("loading access key %q: %w", c.AccessKeyID, err))
		}
		if !k.active || k.UserID != c.ID {
			return awserr.InvalidToken()
		}
	case !a.Now().Before(c.Expires):
		return awserr.Expired()
	}
	if _, err := a.nameNow(ctx, &c.Session); err != nil {
		return err
	}
	return a.notRevoked(ctx, c, a.Now())
}

// Begin is when a session is said to begin that c gets now. That is now, or just
// behind a revocation of what it is a session of, where that reaches further:
// a node that knows of the revocation has judged c by it, and one that does not
// yet issues sessions which are over once it does. Nobody whose own session is
// revoked begins another.
func (a *Authenticator) Begin(ctx context.Context, c *principal.Caller, s *principal.Session) (time.Time, error) {
	now := a.Now().UTC().Truncate(time.Second)
	r, err := a.revoked(ctx, now) // after the time, so that what is revoked later reaches it
	if err != nil {
		return now, err
	}
	if c.Kind != principal.Anonymous && c.Temporary {
		if err := r.check(&c.Session, c.AccessKeyID); err != nil {
			return now, err
		}
	}
	m := r.last(s)
	behind := time.Unix(m.second+1, 0).UTC()
	switch {
	case now.Unix() > m.second:
		return now, nil
	case behind.Sub(now) > RevocationMargin+time.Second:
		return now, &awserr.Error{Code: awserr.ServiceUnavailable, Status: http.StatusServiceUnavailable,
			Message: fmt.Sprintf("Sessions are revoked until %s. Try again then, or have the revocation %s taken back.", behind.Format(time.RFC3339), m.id)}
	}
	return behind, nil
}

// Revocations is what this node knows, for metrics: how many, and how long ago
// it was confirmed; false before the first.
func (a *Authenticator) Revocations() (count int, age time.Duration, known bool) {
	l := a.revocations.latest.Load()
	if l == nil {
		return 0, 0, false
	}
	return l.count, max(l.age(a.Now()), 0), true
}
