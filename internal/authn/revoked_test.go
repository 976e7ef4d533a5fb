package authn

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"sojourn/internal/awserr"
	"sojourn/internal/principal"
	"sojourn/internal/seal"
	"sojourn/internal/sigv4"
	"sojourn/internal/store"
)

const elsewhere = "444455556666"

// kinds of sessions that a revocation may be about.
var (
	mariasSession = principal.Session{Kind: principal.User, Account: account, ID: "AIDAMARIA", Name: "maria", Path: "/"}
	mariasGuest   = principal.Session{Kind: principal.Federated, Account: account, ID: "AIDAMARIA", Name: "maria", Path: "/", SessionName: "guest"}
	rootsGuest    = principal.Session{Kind: principal.Federated, Account: account, ID: account, SessionName: "guest"}
	writer        = principal.Session{Kind: principal.AssumedRole, Account: account, ID: "AROAWRITER", Name: "Writer", Path: "/", SessionName: "maria"}
	stranger      = principal.Session{Kind: principal.AssumedRole, Account: elsewhere, ID: "AROASTRANGER", Name: "Reader", Path: "/ci/", SessionName: "maria"}
	rootThere     = principal.Session{Kind: principal.Root, Account: elsewhere, ID: elsewhere}
)

func signedIn(s principal.Session, provider string) principal.Session {
	s.Provider = provider
	return s
}

// revocable is a world with more principals.
func revocable(t testing.TB) *world {
	w := newWorld(t)
	w.update(func(tx store.Tx) error {
		return errors.Join(
			tx.InsertAccount(store.Account{ID: elsewhere, Name: "b", Created: w.now}),
			tx.InsertRole(store.Role{Account: account, Name: "Writer", Path: "/", ID: "AROAWRITER", Created: w.now}),
			tx.InsertRole(store.Role{Account: elsewhere, Name: "Reader", Path: "/ci/", ID: "AROASTRANGER", Created: w.now}),
		)
	})
	return w
}

// revoke revokes what was issued at or before a time.
func (w *world) revoke(kind, account, subject string, before time.Time) (id string) {
	w.t.Helper()
	id = seal.NewID("REVO")
	w.update(func(tx store.Tx) error {
		return tx.InsertRevocation(store.Revocation{ID: id, Kind: kind, Account: account, Subject: subject, Before: before, Made: w.now, Until: RevokedUntil(before)})
	})
	return id
}

// refused reports an attack that is let in by the API or by Git.
func (w *world) refused(what string, c sigv4.Credentials) {
	w.t.Helper()
	if _, err := w.api(c, "sts", region, nil); !awserr.Is(err, awserr.ExpiredToken) || !errors.Is(err, errRevoked) {
		w.t.Errorf("%s: the API says %v", what, err)
	}
	if _, err := w.git(c, host, repo); !awserr.Is(err, awserr.ExpiredToken) {
		w.t.Errorf("%s: Git says %v", what, err)
	}
}

func (w *world) accepted(what string, c sigv4.Credentials) {
	w.t.Helper()
	if _, err := w.api(c, "sts", region, nil); err != nil {
		w.t.Errorf("%s: the API says %v", what, err)
	}
	if _, err := w.git(c, host, repo); err != nil {
		w.t.Errorf("%s: Git says %v", what, err)
	}
}

// What a revocation ends, and what it does not, on the very next request and
// for sessions that were in use before.
func TestAttackRevokedSessions(t *testing.T) {
	saml := "arn:aws:iam::" + account + ":saml-provider/Okta"
	directory := "arn:aws:ds:" + region + ":" + account + ":directory/d-1"
	all := map[string]principal.Session{
		"role": reader, "other role": writer, "role elsewhere": stranger, "user": mariasSession, "federated user": mariasGuest,
		"root": root, "root's federated user": rootsGuest, "root elsewhere": rootThere,
		"by OIDC": signedIn(writer, "login.example.com"), "by OIDC elsewhere": signedIn(stranger, "login.example.com"),
		"by SAML": signedIn(writer, saml), "by a directory": signedIn(reader, directory),
		"chained": {Kind: principal.AssumedRole, Account: account, ID: "AROAWRITER", Name: "Writer", Path: "/", SessionName: "x", Chained: true, SourceIdent: "maria"},
	}
	for _, c := range []struct {
		kind, account, subject string
		ends                   []string
	}{
		{store.RevokedRole, account, "AROAREADER", []string{"role", "by a directory"}},
		{store.RevokedUser, account, "AIDAMARIA", []string{"user", "federated user"}},
		{store.RevokedAccount, account, account, []string{"role", "other role", "user", "federated user", "root", "root's federated user", "by OIDC", "by SAML", "by a directory", "chained"}},
		{store.RevokedAccount, elsewhere, elsewhere, []string{"role elsewhere", "root elsewhere", "by OIDC elsewhere"}},
		{store.RevokedProvider, account, "login.example.com", []string{"by OIDC"}},
		{store.RevokedProvider, account, saml, []string{"by SAML"}},
		{store.RevokedProvider, account, directory, []string{"by a directory"}},
		{store.RevokedProvider, account, "login.example.com/other", nil},
		{store.RevokedProvider, account, "", nil},
		{store.RevokedRole, account, "AROAWRITER", []string{"other role", "by OIDC", "by SAML", "chained"}},
		{store.RevokedRole, elsewhere, "AROAREADER", nil}, // no account revokes another's
		{store.RevokedRole, account, "Reader", nil},       // nor a name what has it
		{store.RevokedRole, account, "AIDAMARIA", nil},
		{store.RevokedUser, account, "AROAREADER", nil},
	} {
		t.Run(c.kind+" "+c.subject, func(t *testing.T) {
			w := revocable(t)
			creds := map[string]sigv4.Credentials{}
			for name, s := range all {
				creds[name] = w.session(s)
				w.accepted(name+" before", creds[name])
			}
			w.revoke(c.kind, c.account, c.subject, w.now)
			ended := map[string]bool{}
			for _, name := range c.ends {
				ended[name] = true
			}
			for name, cred := range creds {
				if ended[name] {
					w.refused(name, cred)
				} else {
					w.accepted(name, cred)
				}
			}
			w.accepted("a long-term key", maria)
		})
	}
}

func TestAttackRevokedKey(t *testing.T) {
	w := revocable(t)
	stolen, other := w.session(reader), w.session(reader)
	w.accepted("before", stolen)
	w.revoke(store.RevokedKey, account, stolen.AccessKeyID, w.now)
	w.refused("the stolen session", stolen)
	w.accepted("another session of the role", other)
}

// Tokens say in whole seconds when they were issued. Whatever was issued in the
// second of the revocation, before or behind it, is over; the next second's is not.
func TestAttackIssuedInTheSameSecond(t *testing.T) {
	w := revocable(t)
	second := w.now
	early := w.session(reader)
	w.now = second.Add(900 * time.Millisecond)
	late := w.session(reader)
	w.now = second.Add(time.Second)
	next := w.session(reader)
	w.revoke(store.RevokedRole, account, "AROAREADER", second.Add(500*time.Millisecond))
	w.refused("issued at the second's begin", early)
	w.refused("issued at its end", late)
	w.accepted("issued in the next", next)
}

// A node that does not know of a revocation goes on issuing, with a clock that
// may be ahead. What it issues is over once the revocation is known.
func TestAttackIssuedByALateNode(t *testing.T) {
	w := revocable(t)
	made := w.now
	w.revoke(store.RevokedRole, account, "AROAREADER", made.Add(RevocationMargin))
	for late := time.Duration(0); late <= 5*time.Second; late += time.Second {
		for ahead := time.Duration(0); ahead <= 5*time.Second; ahead += time.Second {
			w.now = made.Add(late + ahead)
			c := w.session(reader) // as a node does that knows nothing
			w.now = made.Add(late)
			w.refused(fmt.Sprintf("issued %v later by a clock that is %v ahead", late, ahead), c)
		}
	}
}

// Who signs in again behind a revocation gets a session that is good at once.
func TestBeginBehindARevocation(t *testing.T) {
	w := revocable(t)
	nobody := &principal.Caller{}
	begin := func(s principal.Session) sigv4.Credentials {
		t.Helper()
		at, err := w.Begin(t.Context(), nobody, &s)
		if err != nil || at.Before(w.now.Truncate(time.Second)) || at.Sub(w.now) > RevocationMargin+time.Second || at.Nanosecond() != 0 {
			t.Fatalf("%v begins at %v: %v", w.now, at, err)
		}
		s.Expires = w.now.Add(time.Hour)
		i, err := w.Keys.Issue(s, at)
		if err != nil {
			t.Fatal(err)
		}
		return sigv4.Credentials{AccessKeyID: i.AccessKeyID, Secret: i.Secret, Token: i.Token}
	}
	old := w.session(reader)
	w.revoke(store.RevokedRole, account, "AROAREADER", w.now.Add(RevocationMargin))
	for _, later := range []time.Duration{0, 300 * time.Millisecond, 5 * time.Second, 10 * time.Second, 11 * time.Second, time.Hour} {
		w.now = w.now.Add(later)
		fresh := begin(reader)
		w.accepted(fmt.Sprintf("a new session %v later", later), fresh)
	}
	w.now = w.now.Add(-time.Hour - 26*time.Second)
	w.refused("the old session", old)
	if at, err := w.Begin(t.Context(), nobody, &writer); err != nil || !at.Equal(w.now.Truncate(time.Second)) {
		t.Errorf("another role's session begins at %v: %v", at, err)
	}
}

// A request that was let in before the revocation and issues behind it gets
// nothing: its own session is asked about at the same moment as the new one.
func TestAttackIssueRacesTheRevocation(t *testing.T) {
	w := revocable(t)
	c := w.session(reader)
	caller, err := w.api(c, "sts", region, nil)
	if err != nil {
		t.Fatal(err)
	}
	w.revoke(store.RevokedRole, account, "AROAREADER", w.now.Add(RevocationMargin))
	for _, target := range []principal.Session{reader, writer} {
		if at, err := w.Begin(t.Context(), caller, &target); !errors.Is(err, errRevoked) {
			t.Errorf("a session of %s begins at %v: %v", target.Name, at, err)
		}
	}
	keyed := w.session(writer)
	caller, err = w.api(keyed, "sts", region, nil)
	if err != nil {
		t.Fatal(err)
	}
	w.revoke(store.RevokedKey, account, keyed.AccessKeyID, w.now)
	if at, err := w.Begin(t.Context(), caller, &writer); !errors.Is(err, errRevoked) {
		t.Errorf("a revoked key's session begins another at %v: %v", at, err)
	}
}

// A revocation from a clock that is far ahead does not make sessions that say
// they are from the future: none are issued until then.
func TestAttackRevocationFromTheFuture(t *testing.T) {
	w := revocable(t)
	w.revoke(store.RevokedRole, account, "AROAREADER", w.now.Add(time.Hour))
	if at, err := w.Begin(t.Context(), &principal.Caller{}, &reader); !awserr.Is(err, awserr.ServiceUnavailable) {
		t.Errorf("a session begins at %v: %v", at, err)
	}
	w.refused("a session that was issued all the same", w.session(reader))
	if _, err := w.Begin(t.Context(), &principal.Caller{}, &writer); err != nil {
		t.Errorf("another role: %v", err)
	}
}

// Unique ids count, not names.
func TestAttackRevokedRoleUnderAnotherName(t *testing.T) {
	w := revocable(t)
	old := w.session(reader)
	w.revoke(store.RevokedRole, account, "AROAREADER", w.now)
	rename := func(name, path string) {
		w.update(func(tx store.Tx) error {
			return tx.UpdateRole(store.Role{Account: account, Name: name, Path: path, ID: "AROAREADER", Created: w.now})
		})
	}
	rename("Renamed", "/ci/")
	w.refused("after the role was renamed", old)
	rename("Reader", "/moved/")
	w.refused("after its path changed", old)
	w.update(func(tx store.Tx) error {
		return errors.Join(tx.DeleteRole("AROAREADER"), tx.InsertRole(store.Role{Account: account, Name: "Reader", Path: "/ci/", ID: "AROAANEW", Created: w.now}))
	})
	if _, err := w.api(old, "sts", region, nil); !awserr.Is(err, awserr.InvalidClientTokenID) {
		t.Errorf("after the role was made anew under its name: %v", err)
	}
	anew := reader
	anew.ID = "AROAANEW"
	w.accepted("a session of the new role", w.session(anew))
}

// Several revocations stand by themselves: the latest counts, and one that is
// taken back leaves what others end.
func TestAttackUndoOfAnother(t *testing.T) {
	w := revocable(t)
	first := w.session(reader)
	cut := w.now
	w.now = w.now.Add(time.Minute)
	second := w.session(reader)
	real := w.revoke(store.RevokedRole, account, "AROAREADER", cut)
	mistake := w.revoke(store.RevokedRole, account, "AROAREADER", w.now)
	early := w.revoke(store.RevokedRole, account, "AROAREADER", cut.Add(-time.Hour)) // comes last and reaches least far
	w.refused("the second", second)
	undo := func(id string) { w.update(func(tx store.Tx) error { return tx.DeleteRevocation(id) }) }
	undo(mistake)
	w.accepted("the second, the mistake taken back", second)
	w.refused("the first, the mistake taken back", first)
	undo(real)
	undo(early)
	w.accepted("the first, all taken back", first)
}

// An entry is kept for as long as anything that it ends can be alive, and passed
// over, whether it is deleted or not, behind it.
func TestAttackWaitForTheEviction(t *testing.T) {
	w := revocable(t)
	s := mariasSession
	s.Expires = w.now.Add(36 * time.Hour)
	i, err := w.Keys.Issue(s, w.now)
	if err != nil {
		t.Fatal(err)
	}
	long := sigv4.Credentials{AccessKeyID: i.AccessKeyID, Secret: i.Secret, Token: i.Token}
	made := w.now
	w.revoke(store.RevokedUser, account, "AIDAMARIA", made)
	w.revoke(store.RevokedKey, account, long.AccessKeyID, made)
	for _, at := range []time.Duration{time.Hour, 35 * time.Hour, 36*time.Hour - time.Second} {
		w.now = made.Add(at)
		w.update(func(tx store.Tx) error { return tx.DropRevocations(w.now) })
		w.refused(fmt.Sprintf("the longest session, %v later", at), long)
	}
	w.now = made.Add(revokedFor + time.Second)
	if _, err := w.api(long, "sts", region, nil); !awserr.Is(err, awserr.ExpiredToken) || errors.Is(err, errRevoked) {
		t.Errorf("the longest session behind its end: %v", err)
	}
	w.accepted("a new session of the user", w.session(mariasSession))
	if n, _, _ := w.Revocations(); n != 0 {
		t.Errorf("%d revocations are held that can end nothing", n)
	}
}

// Whoever cannot sign learns nothing of what is revoked.
func TestAttackAskWhatIsRevoked(t *testing.T) {
	w := revocable(t)
	c := w.session(reader)
	w.revoke(store.RevokedRole, account, "AROAREADER", w.now)
	c.Secret = w.session(reader).Secret
	if _, err := w.api(c, "sts", region, nil); !awserr.Is(err, awserr.SignatureDoesNotMatch) {
		t.Errorf("with a wrong signature: %v", err)
	}
}

// cutStore can be cut off: it fails, or it stands still at what it told last.
type cutStore struct {
	store.Store
	cut    bool
	frozen bool // Version goes on telling the same
	at     uint64
}

func (s *cutStore) View(ctx context.Context, f func(store.Tx) error) error {
	if s.cut {
		return errors.New("the store is away")
	}
	return s.Store.View(ctx, f)
}

func (s *cutStore) Version() uint64 {
	switch {
	case s.frozen:
		return s.at
	case s.cut:
		s.at++ // as the port asks of a driver that cannot tell
		return s.at
	}
	s.at = s.Store.Version()
	return s.at
}

// Without its store a node takes sessions for less than 30 seconds by what it
// knew; long-term keys stand in the store and are not taken at all.
func TestAttackCutOffTheStore(t *testing.T) {
	for _, frozen := range []bool{false, true} {
		t.Run(fmt.Sprintf("frozen %v", frozen), func(t *testing.T) {
			w := revocable(t)
			st := &cutStore{Store: w.Store}
			w.Store = st
			good, bad := w.session(reader), w.session(writer)
			w.revoke(store.RevokedRole, account, "AROAWRITER", w.now)
			caller, err := w.api(good, "sts", region, nil)
			if err != nil {
				t.Fatal(err)
			}
			revoked := *caller
			revoked.Session = writer
			revoked.Issued, revoked.Expires = w.now, w.now.Add(time.Hour)
			cutAt := w.now
			st.cut, st.frozen = true, frozen
			for _, after := range []time.Duration{0, 10 * time.Second, 29 * time.Second} {
				w.now = cutAt.Add(after)
				if err := w.notRevoked(t.Context(), caller, w.now); err != nil {
					t.Errorf("%v after: %v", after, err)
				}
				if err := w.notRevoked(t.Context(), &revoked, w.now); !errors.Is(err, errRevoked) {
					t.Errorf("%v after, revoked before: %v", after, err)
				}
			}
			for _, after := range []time.Duration{30 * time.Second, time.Hour, -time.Second} {
				w.now = cutAt.Add(after)
				if err := w.notRevoked(t.Context(), caller, w.now); !awserr.Is(err, awserr.ServiceUnavailable) {
					t.Errorf("%v after: %v", after, err)
				}
				if _, err := w.Begin(t.Context(), &principal.Caller{}, &reader); !awserr.Is(err, awserr.ServiceUnavailable) {
					t.Errorf("a session begins %v after: %v", after, err)
				}
			}
			w.now = cutAt.Add(30 * time.Second)
			for _, c := range []sigv4.Credentials{good, bad} {
				if _, err := w.api(c, "sts", region, nil); !awserr.Is(err, awserr.ServiceUnavailable) {
					t.Errorf("a session: %v", err)
				}
			}
			if !frozen {
				if _, err := w.api(maria, "sts", region, nil); !awserr.Is(err, awserr.ServiceUnavailable) {
					t.Errorf("a long-term key: %v", err)
				}
			}
			st.cut, st.frozen = false, false
			w.accepted("the store is back", good)
			w.refused("the store is back, revoked", bad)
		})
	}
}

// A store that tells of no change is asked again all the same, within seconds.
func TestAttackStoreThatTellsOfNoChange(t *testing.T) {
	w := revocable(t)
	st := &cutStore{Store: w.Store}
	w.Store = st
	c := w.session(reader)
	w.accepted("before", c)
	st.frozen = true
	w.revoke(store.RevokedRole, account, "AROAREADER", w.now)
	w.now = w.now.Add(5 * time.Second)
	w.refused("5 seconds later", c)
}

// A second node knows what the first has committed as soon as its store tells.
func TestRevokedOnAnotherNode(t *testing.T) {
	w := revocable(t)
	other := &world{t: t, now: w.now}
	other.Authenticator = &Authenticator{Keys: w.Keys, Store: w.Store, Region: region, Now: func() time.Time { return other.now }}
	c := w.session(reader)
	w.accepted("here", c)
	other.accepted("there", c)
	w.revoke(store.RevokedRole, account, "AROAREADER", w.now)
	w.refused("here", c)
	other.refused("there", c)
}

// Still asks for everything that let a request in.
func TestStill(t *testing.T) {
	w := revocable(t)
	who := func(c sigv4.Credentials) *principal.Caller {
		t.Helper()
		caller, err := w.api(c, "sts", region, nil)
		if err != nil {
			t.Fatal(err)
		}
		return caller
	}
	session, user, key := who(w.session(reader)), who(w.session(mariasSession)), who(maria)
	for _, c := range []*principal.Caller{session, user, key, {}} {
		if err := w.Still(t.Context(), c); err != nil {
			t.Errorf("%s: %v", c.ARN(), err)
		}
	}
	w.revoke(store.RevokedUser, account, "AIDAMARIA", w.now)
	if err := w.Still(t.Context(), user); !errors.Is(err, errRevoked) {
		t.Errorf("revoked: %v", err)
	}
	w.update(func(tx store.Tx) error {
		k, err := tx.AccessKey(maria.AccessKeyID)
		k.Status = "Inactive"
		return errors.Join(err, tx.UpdateAccessKey(k))
	})
	if err := w.Still(t.Context(), key); !awserr.Is(err, awserr.InvalidClientTokenID) {
		t.Errorf("an inactive key: %v", err)
	}
	w.now = w.now.Add(time.Hour)
	if err := w.Still(t.Context(), session); !awserr.Is(err, awserr.ExpiredToken) {
		t.Errorf("ended: %v", err)
	}
	w.now = w.now.Add(-time.Hour)
	w.update(func(tx store.Tx) error { return tx.DeleteRole("AROAREADER") })
	if err := w.Still(t.Context(), session); !awserr.Is(err, awserr.InvalidClientTokenID) {
		t.Errorf("a role that is gone: %v", err)
	}
}

// An authentication from memory asks no lock and allocates nothing for revocations.
func TestRevocationCostsNoMemory(t *testing.T) {
	w := revocable(t)
	for i := range 1000 {
		w.revoke(store.RevokedRole, account, fmt.Sprint("AROA", i), w.now)
	}
	caller, err := w.api(w.session(reader), "sts", region, nil)
	if err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(100, func() { _ = w.notRevoked(context.Background(), caller, w.now) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
