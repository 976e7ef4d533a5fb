package sts

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"sojourn/internal/audit"
	"sojourn/internal/authn"
	"sojourn/internal/awserr"
	"sojourn/internal/federation/oauth"
	"sojourn/internal/federation/oidc"
	"sojourn/internal/federation/samlidp"
	"sojourn/internal/gate"
	"sojourn/internal/mfa"
	"sojourn/internal/principal"
	"sojourn/internal/seal"
	"sojourn/internal/store"
	"sojourn/internal/store/sqlite"
	"sojourn/internal/wire/stswire"
)

const (
	here  = "111122223333"
	there = "444455556666"
)

// world is a service over a real store, gate and keyring; tokens are verified
// by a fake.
type world struct {
	*Service
	t     *testing.T
	db    store.Store
	keys  *seal.Keyring
	log   *recorder
	token fakeVerifier
	time  time.Time
}

func newWorld(t *testing.T) *world {
	t.Helper()
	dir := t.TempDir()
	db, err := sqlite.Open(t.Context(), filepath.Join(dir, "metadata.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	keys, err := seal.CreateKeyring(filepath.Join(dir, "root.key"))
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, db: db, keys: keys, log: new(recorder), time: time.Date(2026, 11, 24, 12, 0, 0, 500, time.UTC)}
	w.Service = New(Options{Store: db, Gate: gate.New(db, w.log), Keys: keys, OIDC: &w.token, OAuth: oauth.New(oauth.Options{}), Now: func() time.Time { return w.time },
		SAML:     samlidp.New(samlidp.Options{Keys: keys, Origins: []string{"https://git.example"}, Region: "us-east-1", Now: func() time.Time { return w.time }}),
		MFA:      &mfa.Verifier{Store: db, Keys: keys, Now: func() time.Time { return w.time }},
		Sessions: &authn.Authenticator{Keys: keys, Store: db, Region: "us-east-1", Now: func() time.Time { return w.time }}})
	w.update(func(tx store.Tx) error {
		return errors.Join(tx.InsertAccount(store.Account{ID: here, Name: "here", Created: w.time}), tx.InsertAccount(store.Account{ID: there, Name: "there", Created: w.time}))
	})
	return w
}

func (w *world) update(f func(store.Tx) error) {
	w.t.Helper()
	if err := w.db.Update(w.t.Context(), f); err != nil {
		w.t.Fatal(err)
	}
}

func uniqueID(prefix, account, name string) string {
	letters := strings.Map(func(r rune) rune {
		switch {
		case r >= 'A' && r <= 'Z':
			return r
		case r >= '0' && r <= '9':
			return 'K' + r - '0' // tells accounts apart
		}
		return 'Z'
	}, strings.ToUpper(name+account))
	return prefix + (letters + strings.Repeat("A", 17))[:17]
}

// user makes a user with one policy; "" for none.
func (w *world) user(account, name, document string) *principal.Caller {
	w.t.Helper()
	u := store.User{Account: account, Name: name, Path: "/", ID: uniqueID("AIDA", account, name), Created: w.time}
	w.update(func(tx store.Tx) error {
		err := tx.InsertUser(u)
		if document != "" {
			err = errors.Join(err, tx.PutInlinePolicy(u.ID, "p", document))
		}
		return err
	})
	return &principal.Caller{Session: principal.Session{Kind: principal.User, Account: account, ID: u.ID, Name: name, Path: "/"},
		AccessKeyID: "AKIAEXAMPLE", RequestID: "r", Time: w.time, Region: "us-east-1"}
}

func rootOf(account string) *principal.Caller {
	return &principal.Caller{Session: principal.Session{Kind: principal.Root, Account: account, ID: account}, Temporary: true, RequestID: "r"}
}

// role makes a role and returns its ARN.
func (w *world) role(account, name, trust string, change ...func(*store.Role)) string {
	w.t.Helper()
	r := store.Role{Account: account, Name: name, Path: "/", ID: uniqueID("AROA", account, name), MaxSession: time.Hour, Trust: trust, Created: w.time}
	for _, f := range change {
		f(&r)
	}
	w.update(func(tx store.Tx) error { return tx.InsertRole(r) })
	return "arn:aws:iam::" + account + ":role" + r.Path + name
}

func (w *world) inline(owner, document string) {
	w.t.Helper()
	w.update(func(tx store.Tx) error { return tx.PutInlinePolicy(owner, "p", document) })
}

// session is the caller that holds the credentials just issued.
func (w *world) session(c *stswire.Credentials) *principal.Caller {
	w.t.Helper()
	s, key, err := w.keys.Open(*c.AccessKeyId, *c.SessionToken, w.time)
	if err != nil {
		w.t.Fatal(err)
	}
	if key.Reveal() != *c.SecretAccessKey {
		w.t.Error("the secret is not the token's")
	}
	return &principal.Caller{Session: s, AccessKeyID: *c.AccessKeyId, Temporary: true, RequestID: "r", Time: w.time, Region: "us-east-1"}
}

// assume calls AssumeRole with defaults for what in leaves out.
func (w *world) assume(c *principal.Caller, role string, in stswire.AssumeRoleInput) (*stswire.AssumeRoleOutput, error) {
	in.RoleArn = &role
	if in.RoleSessionName == nil {
		in.RoleSessionName = new("Maria_Garcia")
	}
	return w.AssumeRole(w.t.Context(), c, &in)
}

func (w *world) mustAssume(c *principal.Caller, role string, in stswire.AssumeRoleInput) *stswire.AssumeRoleOutput {
	w.t.Helper()
	out, err := w.assume(c, role, in)
	if err != nil {
		w.t.Fatal(err)
	}
	return out
}

// trusts is a trust policy with one statement.
func trusts(principal, actions, condition string) string {
	if condition != "" {
		condition = `,"Condition":` + condition
	}
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":` + principal + `,"Action":` + actions + condition + `}]}`
}

// allows is an identity policy with one statement.
func allows(actions, resource string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":` + actions + `,"Resource":"` + resource + `"}]}`
}

const (
	everySTS  = `["sts:AssumeRole","sts:TagSession","sts:SetSourceIdentity"]`
	accountOK = `{"AWS":"arn:aws:iam::` + here + `:root"}`
)

type fakeVerifier struct {
	identity *oidc.Identity
	err      error
}

func (v *fakeVerifier) Verify(_ context.Context, token string, find oidc.Lookup) (*oidc.Identity, error) {
	if v.err != nil {
		return nil, v.err
	}
	p, err := find(token)
	if err != nil {
		return nil, awserr.New("InvalidIdentityToken", 400, "No OpenIDConnect provider found in your account for https://%s", token)
	}
	id := *v.identity
	id.Provider = p
	return &id, nil
}

// recorder keeps the audit records.
type recorder struct {
	mu      sync.Mutex
	records []audit.Record
	err     error
}

func (r *recorder) Record(a audit.Record) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.records = append(r.records, a)
	return r.err
}

func (r *recorder) last() audit.Record { return r.records[len(r.records)-1] }

func wantError(t *testing.T, what string, err error, code, text string) {
	t.Helper()
	switch {
	case code == "" && err != nil:
		t.Errorf("%s: %v", what, err)
	case code != "" && (!awserr.Is(err, code) || text != "" && awserr.From(err).Message != text):
		t.Errorf("%s: got %v, want %s: %s", what, err, code, text)
	}
}
