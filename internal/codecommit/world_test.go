package codecommit

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"sojourn/internal/audit"
	"sojourn/internal/awserr"
	"sojourn/internal/gate"
	"sojourn/internal/git"
	"sojourn/internal/principal"
	"sojourn/internal/store"
	"sojourn/internal/store/sqlite"
	"sojourn/internal/wire/codecommitwire"
)

const (
	here   = "111122223333"
	there  = "444455556666"
	region = "us-east-2"

	commit1 = "1111111111111111111111111111111111111111"
	commit2 = "2222222222222222222222222222222222222222"
	tree    = "3333333333333333333333333333333333333333"
)

// world is a service over a real store and a real gate; git is a fake.
type world struct {
	*Service
	t    *testing.T
	db   store.Store
	git  *fakeGit
	log  *recorder
	time time.Time
	root *principal.Caller
}

func newWorld(t *testing.T) *world {
	t.Helper()
	db, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "metadata.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	w := &world{t: t, db: db, git: &fakeGit{store: db}, log: new(recorder), time: time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)}
	w.Service = New(Options{
		Store: db, Gate: gate.New(db, w.log), Git: w.git, Now: func() time.Time { return w.time }, Region: region,
		CloneURL: func(name string) string { return "https://git.example.com/v1/repos/" + name },
	})
	w.update(func(tx store.Tx) error {
		return errors.Join(tx.InsertAccount(store.Account{ID: here, Name: "here", Created: w.time}),
			tx.InsertAccount(store.Account{ID: there, Name: "there", Created: w.time}))
	})
	w.root = rootOf(here)
	return w
}

func rootOf(account string) *principal.Caller {
	return &principal.Caller{Session: principal.Session{Kind: principal.Root, Account: account, ID: account}, RequestID: "r", Region: region}
}

func (w *world) update(f func(store.Tx) error) {
	w.t.Helper()
	if err := w.db.Update(w.t.Context(), f); err != nil {
		w.t.Fatal(err)
	}
}

// user makes a user of the account here with one policy.
func (w *world) user(name, document string) *principal.Caller {
	w.t.Helper()
	u := store.User{Account: here, Name: name, Path: "/", ID: "AIDA" + strings.ToUpper(name) + strings.Repeat("A", 17-len(name)), Created: w.time}
	w.update(func(tx store.Tx) error {
		return errors.Join(tx.InsertUser(u), tx.PutInlinePolicy(u.ID, "p", document))
	})
	return &principal.Caller{Session: principal.Session{Kind: principal.User, Account: here, ID: u.ID, Name: name, Path: "/"}, RequestID: "r", Region: region}
}

func (w *world) create(names ...string) {
	w.t.Helper()
	for _, name := range names {
		if _, err := w.CreateRepository(w.t.Context(), w.root, &codecommitwire.CreateRepositoryInput{RepositoryName: &name}); err != nil {
			w.t.Fatal(err)
		}
	}
}

func (w *world) get(name string) store.Repository {
	w.t.Helper()
	s, err := w.find(w.t.Context(), w.root, name)
	if err != nil || !s.found {
		w.t.Fatalf("repository %q: %v", name, err)
	}
	return s.Repository
}

func (w *world) branch(repo, name, oid string) {
	w.t.Helper()
	r := w.get(repo)
	w.update(func(tx store.Tx) error { return tx.PutRefs(r.ID, []store.Ref{{Name: "refs/heads/" + name, OID: oid}}) })
}

func (w *world) head(repo, ref string) {
	w.t.Helper()
	r := w.get(repo)
	r.Head = ref
	w.update(func(tx store.Tx) error { return tx.UpdateRepository(r) })
}

// fakeGit writes refs as the engine does: with the old value compared.
type fakeGit struct {
	store   store.Store
	actor   string
	before  func() // runs once before an update, as a push that is faster
	failure error  // of the call
	refusal error  // of the ref
}

func (g *fakeGit) ObjectType(_ context.Context, _, oid string) (string, error) {
	return map[string]string{commit1: "commit", commit2: "commit", tree: "tree"}[oid], g.failure
}

func (g *fakeGit) UpdateRefs(ctx context.Context, repo, actor string, updates []git.RefUpdate, atomic bool) ([]git.RefResult, error) {
	if g.failure != nil {
		return nil, g.failure
	}
	if g.before != nil {
		g.before()
		g.before = nil
	}
	g.actor = actor
	u := updates[0]
	result := git.RefResult{Name: u.Name, Err: g.refusal}
	err := g.store.Update(ctx, func(tx store.Tx) error {
		row, err := tx.LockRepository(repo)
		if errors.Is(err, store.ErrNotFound) {
			return git.ErrNoRepository
		}
		if err != nil || result.Err != nil {
			return err
		}
		if result.Err, err = refusal(tx, row, u); err != nil || result.Err != nil {
			return err
		}
		if u.New == "" {
			return tx.DeleteRefs(repo, []string{u.Name})
		}
		return tx.PutRefs(repo, []store.Ref{{Name: u.Name, OID: u.New}})
	})
	return []git.RefResult{result}, err
}

// refusal is why the engine would not make this update.
func refusal(tx store.Tx, r store.Repository, u git.RefUpdate) (refused, err error) {
	refs, err := tx.RefsNamed(r.ID, []string{u.Name})
	if err != nil {
		return nil, err
	}
	now := refs[u.Name].OID
	conflicts, err := tx.ConflictingRefs(r.ID, u.Name)
	switch {
	case u.New == "" && r.Head == u.Name:
		return git.ErrDefaultBranch, err
	case u.Old == "" && now != "":
		return git.ErrExists, err
	case u.Old != "" && now == "":
		return git.ErrAbsent, err
	case now != u.Old:
		return git.ErrStale, err
	case u.New != "" && len(conflicts) > 0:
		return git.ErrConflict, err
	}
	return nil, err
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

// wantCode checks an error by its code, "" for none.
func wantCode(t *testing.T, what string, err error, code string) {
	t.Helper()
	if code == "" && err != nil || code != "" && !awserr.Is(err, code) {
		t.Errorf("%s: got %v, want %q", what, err, code)
	}
}

const denied = awserr.AccessDenied

// policyOf allows actions on resources, with one condition where it is given.
func policyOf(actions, resource, condition string) string {
	if condition != "" {
		condition = `,"Condition":` + condition
	}
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":` + actions + `,"Resource":"` + resource + `"` + condition + `}]}`
}
