package iam

import (
	"context"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"sojourn/internal/awserr"
	"sojourn/internal/gate"
	"sojourn/internal/principal"
	"sojourn/internal/seal"
	"sojourn/internal/store"
	"sojourn/internal/store/sqlite"
	"sojourn/internal/wire/iamwire"
)

const (
	here  = "111122223333" // the caller's account
	there = "444455556666" // another account of the same server
	trust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"sts:AssumeRole"}]}`
	pull  = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"codecommit:GitPull","Resource":"*"}]}`
)

// fakeGate allows everything that refuse does not name, and keeps what it was asked.
type fakeGate struct {
	refuse func(gate.Request) bool
	then   func() // runs after each decision
	asked  []gate.Request
}

func (g *fakeGate) Authorize(_ context.Context, _ *principal.Caller, r gate.Request) error {
	g.asked = append(g.asked, r)
	if g.refuse != nil && g.refuse(r) {
		return awserr.Denied("not authorized to perform: %s on resource: %s", r.Action, r.Resource)
	}
	if g.then != nil {
		g.then()
	}
	return nil
}

// countingStore counts transactions that may write.
type countingStore struct {
	store.Store
	updates atomic.Int64
}

func (s *countingStore) Update(ctx context.Context, f func(store.Tx) error) error {
	s.updates.Add(1)
	return s.Store.Update(ctx, f)
}

// world is a service over an empty store with two accounts. root calls as the
// root of the account here.
type world struct {
	*Service
	t     *testing.T
	ctx   context.Context
	gate  *fakeGate
	store *countingStore
	root  *principal.Caller
	time  time.Time
}

func newWorld(t *testing.T) *world {
	t.Helper()
	dir := t.TempDir()
	db, err := sqlite.Open(t.Context(), filepath.Join(dir, "metadata.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	keys, err := seal.CreateKeyring(filepath.Join(dir, "root.key"))
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, ctx: t.Context(), gate: &fakeGate{}, store: &countingStore{Store: db},
		time: time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC), root: rootOf(here)}
	w.Service = New(Options{Store: w.store, Gate: w.gate, Keys: keys, Now: func() time.Time { return w.time }})
	w.tx(func(tx store.Tx) error {
		for _, id := range []string{here, there} {
			if err := tx.InsertAccount(store.Account{ID: id, Name: id, Created: w.time}); err != nil {
				return err
			}
		}
		return nil
	})
	return w
}

func rootOf(account string) *principal.Caller {
	return &principal.Caller{Session: principal.Session{Kind: principal.Root, Account: account, ID: account}, Temporary: true}
}

// tx writes to the store past the service.
func (w *world) tx(f func(store.Tx) error) {
	w.t.Helper()
	w.ok(w.store.Store.Update(w.ctx, f))
}

func (w *world) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// user makes a user and returns it as a caller with long-term credentials.
func (w *world) user(name string) *principal.Caller {
	w.t.Helper()
	out, err := w.CreateUser(w.ctx, w.root, &iamwire.CreateUserInput{UserName: &name})
	w.ok(err)
	return &principal.Caller{Session: principal.Session{Kind: principal.User, Account: here, ID: *out.User.UserId, Name: name, Path: "/"}}
}

func (w *world) group(name string) {
	w.t.Helper()
	_, err := w.CreateGroup(w.ctx, w.root, &iamwire.CreateGroupInput{GroupName: &name})
	w.ok(err)
}

func (w *world) role(name, trust string) *iamwire.Role {
	w.t.Helper()
	out, err := w.CreateRole(w.ctx, w.root, &iamwire.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: &trust})
	w.ok(err)
	return out.Role
}

// policy makes a managed policy and returns its ARN.
func (w *world) policy(name string) string {
	w.t.Helper()
	out, err := w.CreatePolicy(w.ctx, w.root, &iamwire.CreatePolicyInput{PolicyName: &name, PolicyDocument: new(pull)})
	w.ok(err)
	return *out.Policy.Arn
}

func (w *world) provider(url string) string {
	w.t.Helper()
	out, err := w.CreateOpenIDConnectProvider(w.ctx, w.root, &iamwire.CreateOpenIDConnectProviderInput{Url: &url})
	w.ok(err)
	return *out.OpenIDConnectProviderArn
}

// profile makes an instance profile, with a role in it unless role is "".
func (w *world) profile(name, role string) {
	w.t.Helper()
	_, err := w.CreateInstanceProfile(w.ctx, w.root, &iamwire.CreateInstanceProfileInput{InstanceProfileName: &name})
	w.ok(err)
	if role != "" {
		_, err := w.AddRoleToInstanceProfile(w.ctx, w.root, &iamwire.AddRoleToInstanceProfileInput{InstanceProfileName: &name, RoleName: &role})
		w.ok(err)
	}
}

func (w *world) key(user string) string {
	w.t.Helper()
	out, err := w.CreateAccessKey(w.ctx, w.root, &iamwire.CreateAccessKeyInput{UserName: &user})
	w.ok(err)
	return *out.AccessKey.AccessKeyId
}

// spell writes an API error as "Code status: text".
func spell(err error) string {
	if err == nil {
		return "no error"
	}
	e := awserr.From(err)
	if e.Cause != nil {
		return e.Error()
	}
	return fmt.Sprintf("%s %d: %s", e.Code, e.Status, e.Message)
}

// fails checks an error against "Code status: text".
func fails(t *testing.T, err error, want string) {
	t.Helper()
	if got := spell(err); got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
}
