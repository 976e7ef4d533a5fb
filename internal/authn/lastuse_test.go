package authn

import (
	"context"
	"errors"
	"strconv"
	"testing"
	"time"

	"sojourn/internal/principal"
	"sojourn/internal/sigv4"
	"sojourn/internal/store"
)

// written is what the store says of the last uses of maria's key and of the role Reader.
func (w *world) written() (key, role store.LastUse) {
	w.t.Helper()
	err := w.Store.View(context.Background(), func(tx store.Tx) error {
		k, err := tx.AccessKey(maria.AccessKeyID)
		if err != nil {
			return err
		}
		key = store.LastUse{At: k.LastUsed, Service: k.LastService, Region: k.LastRegion}
		role, err = tx.RoleLastUse("AROAREADER")
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return key, role
}

func (w *world) wantWritten(key, role store.LastUse) {
	w.t.Helper()
	if k, r := w.written(); k != key || r != role {
		w.t.Errorf("written: key %+v, role %+v\n   want: key %+v, role %+v", k, r, key, role)
	}
}

func (w *world) signs(c sigv4.Credentials) {
	w.t.Helper()
	if _, err := w.git(c, host, repo); err != nil {
		w.t.Fatal(err)
	}
}

// readOnly is a store that cannot be written to.
type readOnly struct{ store.Store }

func (readOnly) Update(context.Context, func(store.Tx) error) error { return errBroken }

// No request waits for the writing of last uses, nor fails over it: here it cannot write at all.
func TestLastUsesAreGatheredAndThenWritten(t *testing.T) {
	w := newWorld(t)
	session := w.session(reader)
	st, first := w.Store, w.now
	w.Store = readOnly{st}
	w.signs(maria)
	w.signs(session)
	w.now = first.Add(time.Second)
	if _, err := w.api(maria, "iam", globalRegion, nil); err != nil {
		t.Fatal(err)
	}
	w.wantWritten(store.LastUse{}, store.LastUse{})
	if err := w.writeLastUses(t.Context()); !errors.Is(err, errBroken) {
		t.Errorf("writing to a broken store: %v", err)
	}
	w.Store = st // what failed waits for the next time
	if err := w.writeLastUses(t.Context()); err != nil {
		t.Error(err)
	}
	w.wantWritten(store.LastUse{At: w.now, Service: "iam", Region: globalRegion}, store.LastUse{At: first, Service: "codecommit", Region: region})
}

// Other sessions are no use of a long-term key, and a refused signature is no use at all.
func TestWhatIsNoUse(t *testing.T) {
	w := newWorld(t)
	w.signs(w.session(principal.Session{Kind: principal.User, Account: account, ID: "AIDAMARIA", Name: "maria", Path: "/"}))
	w.signs(w.session(principal.Session{Kind: principal.Root, Account: account, ID: account}))
	if _, err := w.git(sigv4.Credentials{AccessKeyID: maria.AccessKeyID, Secret: w.session(reader).Secret}, host, repo); err == nil {
		t.Fatal("a wrong secret is taken")
	}
	if waiting := w.uses.take(); len(waiting) != 0 {
		t.Errorf("noted %v", waiting)
	}
}

func TestKeepLastUses(t *testing.T) {
	w := newWorld(t)
	ctx, cancel := context.WithCancel(t.Context())
	paused, goOn, done := make(chan struct{}), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		w.KeepLastUses(ctx, func(ctx context.Context) {
			paused <- struct{}{}
			select {
			case <-goOn:
			case <-ctx.Done():
			}
		}, func(err error) { t.Error(err) })
	}()
	use := func(at time.Time) store.LastUse { return store.LastUse{At: at, Service: "codecommit", Region: region} }
	w.signs(maria) // written without delay, for nothing was for long
	<-paused
	first := w.now
	w.wantWritten(use(first), store.LastUse{})
	w.now = first.Add(time.Second)
	w.signs(maria) // written when the pause is over
	w.wantWritten(use(first), store.LastUse{})
	goOn <- struct{}{}
	<-paused
	w.wantWritten(use(w.now), store.LastUse{})
	w.now = w.now.Add(time.Second)
	w.signs(maria) // written at the end
	cancel()
	<-done
	w.wantWritten(use(w.now), store.LastUse{})
}

func TestWaitingUsesAreBounded(t *testing.T) {
	var l lastUses
	at := time.Unix(1, 0)
	for i := range maxUses + 10 {
		l.note(used{id: strconv.Itoa(i)}, store.LastUse{At: at})
	}
	l.note(used{id: "0"}, store.LastUse{At: at.Add(1)}) // there is room for what is there
	l.note(used{id: "1"}, store.LastUse{At: at.Add(-1)})
	all := l.take()
	if len(all) != maxUses || all[used{id: "0"}].At != at.Add(1) || all[used{id: "1"}].At != at {
		t.Errorf("%d uses wait", len(all))
	}
}

func TestManyLastUses(t *testing.T) {
	w := newWorld(t)
	for i := range 3*usesAtOnce + 1 {
		w.uses.note(used{id: strconv.Itoa(i)}, store.LastUse{At: w.now}) // of keys that are gone
	}
	w.signs(maria)
	if err := w.writeLastUses(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.wantWritten(store.LastUse{At: w.now, Service: "codecommit", Region: region}, store.LastUse{})
}
