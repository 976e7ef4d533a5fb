package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"sojourn/internal/store"
)

var concurrencyTests = map[string]func(*testing.T, *database){
	"SnapshotOfView":        snapshotOfView,
	"NothingUncommitted":    nothingUncommitted,
	"NoLostUpdate":          func(t *testing.T, db *database) { noLostUpdate(t, db, db) },
	"NoLostUpdateTwoOpen":   func(t *testing.T, db *database) { noLostUpdate(t, db, &database{Store: db.another(t)}) },
	"LockRepository":        lockRepository,
	"FailuresStayAlone":     failuresStayAlone,
	"WaitingIsCancelled":    waitingIsCancelled,
	"CancelledOnesAreAlone": cancelledOnesAreAlone,
	"ReadersBesideWriters":  readersBesideWriters,
	"NowIsNow":              nowIsNow,
}

func snapshotOfView(t *testing.T, db *database) {
	db.update(t, func(tx store.Tx) { ok(t, addAccount(tx, account)) })
	db.view(t, func(tx store.Tx) {
		before, err := tx.Accounts()
		ok(t, err)
		db.update(t, func(tx store.Tx) {
			ok(t, addAccount(tx, other))
			ok(t, tx.InsertRepository(repository("r-1", "demo")))
		})
		after, err := tx.Accounts()
		equal(t, "accounts in a View that began before", after, err, before)
		_, err = tx.RepositoryByID("r-1")
		is(t, "RepositoryByID", err, store.ErrNotFound)
	})
	db.hasAccounts(t, account, other)
}

func nothingUncommitted(t *testing.T, db *database) {
	second := &database{Store: db.another(t)}
	db.update(t, func(tx store.Tx) {
		ok(t, addAccount(tx, account))
		db.hasAccounts(t)
		second.hasAccounts(t)
	})
	db.hasAccounts(t, account)
	second.hasAccounts(t, account)
}

// Each writer reads a number and writes it back with one more.
func noLostUpdate(t *testing.T, a, b *database) {
	const writers, rounds = 8, 25
	a.update(t, func(tx store.Tx) { ok(t, tx.InsertRepository(repository("r-1", "demo"))) })
	var wg sync.WaitGroup
	for i := range writers {
		db := []*database{a, b}[i%2]
		wg.Go(func() {
			for range rounds {
				if err := db.Update(t.Context(), raiseVersion); err != nil {
					t.Errorf("Update: %v", err)
				}
			}
		})
	}
	wg.Wait()
	a.view(t, func(tx store.Tx) {
		r, err := tx.RepositoryByID("r-1")
		equal(t, "version", r.Version, err, writers*rounds)
	})
}

func raiseVersion(tx store.Tx) error {
	r, err := tx.LockRepository("r-1")
	if err != nil {
		return err
	}
	r.Version++
	return tx.UpdateRepository(r)
}

// The second to lock sees what the first did.
func lockRepository(t *testing.T, db *database) {
	db.update(t, func(tx store.Tx) { ok(t, tx.InsertRepository(repository("r-1", "demo"))) })
	second := &database{Store: db.another(t)}
	arrived, done := make(chan struct{}), make(chan error, 1)
	db.update(t, func(tx store.Tx) {
		r, err := tx.LockRepository("r-1")
		ok(t, err)
		go func() {
			close(arrived)
			done <- second.Update(t.Context(), func(tx store.Tx) error {
				if r, err := tx.LockRepository("r-1"); err != nil || r.Version != 7 {
					return fmt.Errorf("the second sees version %d, %w", r.Version, err)
				}
				return raiseVersion(tx)
			})
		}()
		<-arrived
		r.Version = 7
		ok(t, tx.UpdateRepository(r))
	})
	ok(t, <-done)
	db.view(t, func(tx store.Tx) {
		r, err := tx.RepositoryByID("r-1")
		equal(t, "version", r.Version, err, 8)
	})
	is(t, "LockRepository", db.Update(t.Context(), func(tx store.Tx) error {
		_, err := tx.LockRepository("r-2")
		return err
	}), store.ErrNotFound)
}

// Of many updates at the same time some fail in every way there is.
func failuresStayAlone(t *testing.T, db *database) {
	const n = 200
	var wg sync.WaitGroup
	want := []string{}
	for i := range n {
		id := fmt.Sprintf("%012d", i)
		if i%5 == 0 {
			want = append(want, id)
		}
		wg.Go(func() {
			err, panicked := fail(t.Context(), db, id, i%5)
			if good := err == nil && !panicked; good != (i%5 == 0) {
				t.Errorf("update %d: %v, panicked %v", i, err, panicked)
			}
		})
	}
	wg.Wait()
	equal(t, "accounts", db.accounts(t), nil, want)
}

// fail adds an account and fails in one of four ways, or not.
func fail(ctx context.Context, db *database, id string, how int) (err error, panicked bool) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer func() { panicked = recover() != nil }()
	return db.Update(ctx, func(tx store.Tx) error {
		err := addAccount(tx, id)
		switch how {
		case 1:
			return errors.New("mine")
		case 2:
			panic("mine")
		case 3:
			cancel()
			_, err = tx.Accounts()
		case 4: // a failure of the database itself that f does not look at: there is no such user
			_ = tx.InsertAccessKey(store.AccessKey{ID: "AKIA" + id, UserID: "AIDA"})
		}
		return err
	}), false
}

// Who waits for others stops waiting when its context ends.
func waitingIsCancelled(t *testing.T, db *database) {
	db.update(t, func(tx store.Tx) { ok(t, tx.InsertRepository(repository("r-1", "demo"))) })
	ctx, cancel := context.WithCancel(t.Context())
	db.update(t, func(tx store.Tx) {
		_, err := tx.LockRepository("r-1")
		ok(t, err)
		done := make(chan error, 1)
		go func() {
			done <- db.Update(ctx, func(tx store.Tx) error {
				if _, err := tx.LockRepository("r-1"); err != nil {
					return err
				}
				return addAccount(tx, account)
			})
		}()
		cancel()
		is(t, "a waiting Update", <-done, context.Canceled)
		ok(t, addAccount(tx, other))
	})
	db.hasAccounts(t, other)
}

func cancelledOnesAreAlone(t *testing.T, db *database) {
	const n = 100
	var wg sync.WaitGroup
	var mu sync.Mutex
	want := []string{}
	for i := range n {
		id := fmt.Sprintf("%012d", i)
		ctx, cancel := context.WithCancel(t.Context())
		wg.Go(func() {
			err := db.Update(ctx, func(tx store.Tx) error { return addAccount(tx, id) })
			switch {
			case err == nil:
				mu.Lock()
				want = append(want, id)
				mu.Unlock()
			case i%2 == 0 || !errors.Is(err, context.Canceled):
				t.Errorf("update %d: %v", i, err)
			}
			cancel()
		})
		if i%2 == 1 {
			wg.Go(cancel)
		}
	}
	wg.Wait()
	slices.Sort(want)
	equal(t, "accounts", db.accounts(t), nil, want)
}

// Two rows are always changed together; no reader may see one without the other.
func readersBesideWriters(t *testing.T, db *database) {
	db.update(t, func(tx store.Tx) {
		ok(t, tx.InsertRepository(repository("r-1", "one")))
		ok(t, tx.InsertRepository(repository("r-2", "two")))
	})
	ctx, stop := context.WithCancel(t.Context())
	var readers sync.WaitGroup
	for range 3 {
		readers.Go(func() {
			for last := int64(-1); ctx.Err() == nil; {
				last = readPair(t, db, last)
			}
		})
	}
	for v := range int64(100) {
		db.update(t, func(tx store.Tx) {
			for _, id := range []string{"r-1", "r-2"} {
				r, err := tx.LockRepository(id)
				ok(t, err)
				r.Version = v
				ok(t, tx.UpdateRepository(r))
			}
		})
	}
	stop()
	readers.Wait()
}

func readPair(t *testing.T, db *database, last int64) int64 {
	err := db.View(t.Context(), func(tx store.Tx) error {
		one, err1 := tx.RepositoryByID("r-1")
		two, err2 := tx.RepositoryByID("r-2")
		if one.Version != two.Version || one.Version < last {
			t.Errorf("read versions %d and %d after %d", one.Version, two.Version, last)
		}
		last = one.Version
		return errors.Join(err1, err2)
	})
	if err != nil {
		t.Errorf("View: %v", err)
	}
	return last
}

// nowIsNow: what is kept of a reading is given only while it is what a View would
// see, whoever commits: nothing is read older than what was committed, or read by
// anybody, before the reading began.
func nowIsNow(t *testing.T, db *database) {
	db.update(t, func(tx store.Tx) { ok(t, tx.InsertRepository(repository("r-1", "one"))) })
	handles := []store.Store{db.Store, db.another(t)}
	ctx, stop := context.WithCancel(t.Context())
	var known atomic.Int64
	var readers sync.WaitGroup
	for i := range 4 {
		memo := &store.Memo[string, store.Repository]{}
		read := func(tx store.Tx) (store.Repository, error) { return tx.RepositoryByID("r-1") }
		readers.Go(func() {
			for ctx.Err() == nil {
				before := known.Load()
				r, err := memo.ReadNow(t.Context(), handles[i%2], "r-1", read)
				if err != nil || r.Version < before {
					t.Errorf("version %d is read after version %d (%v)", r.Version, before, err)
					return
				}
				raise(&known, r.Version)
			}
		})
	}
	for v := int64(1); v <= 200; v++ {
		err := handles[v%2].Update(t.Context(), func(tx store.Tx) error {
			r, err := tx.LockRepository("r-1")
			r.Version = v
			return errors.Join(err, tx.UpdateRepository(r))
		})
		ok(t, err)
		raise(&known, v)
	}
	stop()
	readers.Wait()
}

func raise(to *atomic.Int64, v int64) {
	for old := to.Load(); old < v && !to.CompareAndSwap(old, v); old = to.Load() {
	}
}
