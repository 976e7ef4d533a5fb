package sqlite

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sojourn/internal/store"
)

// length is how many wait.
func (l *line) length() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.waiting)
}

// openUnhurried opens a store whose batches take who comes, however busy the
// machine is.
func openUnhurried(t *testing.T, path string) *Store {
	t.Helper()
	s := openAt(t, path)
	s.writer.longest = time.Hour
	return s
}

// waitFor returns when n updates are in line behind the caller's.
func waitFor(s *Store, n int) {
	for s.writer.line.length() < n {
		runtime.Gosched()
	}
}

// commits counts the commits in the write-ahead log: a frame's header has the
// size of the database in its second word if the frame ends a transaction.
func commits(t *testing.T, path string) int {
	t.Helper()
	wal, err := os.ReadFile(path + "-wal")
	if err != nil {
		t.Fatal(err)
	}
	const walHeader, frameHeader = 32, 24
	page, n := int(binary.BigEndian.Uint32(wal[8:])), 0
	for at := walHeader; at+frameHeader+page <= len(wal); at += frameHeader + page {
		if binary.BigEndian.Uint32(wal[at+4:]) != 0 {
			n++
		}
	}
	return n
}

// Updates that wait while another runs are committed together with it.
func TestUpdatesShareACommit(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sojourn.db")
	s := openUnhurried(t, path)
	const others = 20
	before := commits(t, path)
	held := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		err := s.Update(t.Context(), func(tx store.Tx) error {
			close(held)
			waitFor(s, others)
			return tx.InsertAccount(store.Account{ID: "first"})
		})
		if err != nil {
			t.Error(err)
		}
	})
	<-held
	for i := range others {
		wg.Go(func() {
			if err := addAccount(s, fmt.Sprint(i)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got := accounts(t, s); len(got) != others+1 {
		t.Errorf("%d accounts", len(got))
	}
	if n := commits(t, path) - before; n < 1 || n > others/2 {
		t.Errorf("%d commits for %d updates", n, others+1)
	}
}

// When the database is full, whoever was told that the update succeeded finds
// it there, nobody else does, and the store works once there is room.
func TestFullDatabase(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sojourn.db")
	s := openAt(t, path)
	if err := addAccount(s, "before"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.writer.conn.conn.ExecContext(t.Context(), "PRAGMA max_page_count = 200"); err != nil {
		t.Fatal(err)
	}
	want, failed := map[string]bool{"before": true}, 0
	var mu sync.Mutex
	var wg sync.WaitGroup
	for i := range 64 {
		wg.Go(func() {
			id := fmt.Sprint(i)
			err := s.Update(t.Context(), func(tx store.Tx) error {
				return tx.InsertAccount(store.Account{ID: id, Name: strings.Repeat(id, 20_000)})
			})
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				want[id] = true
			} else {
				failed++
			}
		})
	}
	wg.Wait()
	if failed == 0 || len(want) < 3 {
		t.Fatalf("%d updates failed, %d rows are there: this tests nothing", failed, len(want))
	}
	if got := accounts(t, s); !sameKeys(got, want) {
		t.Errorf("%d accounts, %d were told so", len(got), len(want))
	}
	if s.writer.conn != nil {
		if err := s.writer.drop(); err != nil {
			t.Fatal(err)
		}
	}
	if err := addAccount(s, "after"); err != nil {
		t.Error(err)
	}
}

func sameKeys(a, b map[string]bool) bool {
	if len(a) != len(b) {
		return false
	}
	for k := range a {
		if !b[k] {
			return false
		}
	}
	return true
}

// A batch whose commit fails has failed for everybody in it, also for those
// whose own error was about rows that are not there after all.
func TestLostCommit(t *testing.T) {
	s := openUnhurried(t, filepath.Join(t.TempDir(), "sojourn.db"))
	held := make(chan struct{})
	errs := make(chan error, 3)
	go func() {
		errs <- s.Update(t.Context(), func(tx store.Tx) error {
			close(held)
			waitFor(s, 2)
			return tx.InsertAccount(store.Account{ID: "1"})
		})
	}()
	<-held
	for range 2 {
		go func() {
			errs <- s.Update(t.Context(), func(tx store.Tx) error {
				err := tx.InsertAccount(store.Account{ID: "1"})
				_ = s.writer.conn.run("ROLLBACK") // as SQLite itself does after some failures
				return err
			})
		}()
	}
	for range 3 {
		if err := <-errs; err == nil || errors.Is(err, store.ErrExists) {
			t.Errorf("an Update of a lost batch: %v", err)
		}
	}
	if err := addAccount(s, "2"); err != nil {
		t.Fatal(err)
	}
	if got := accounts(t, s); !sameKeys(got, map[string]bool{"2": true}) {
		t.Errorf("accounts %v", got)
	}
}

// The turn that comes at the moment when its waiter gives up is not lost.
func TestLine(t *testing.T) {
	var l line
	var inside atomic.Int32
	var wg sync.WaitGroup
	for i := range 2000 {
		ctx, cancel := context.WithCancel(t.Context())
		wg.Go(func() {
			b, err := l.wait(ctx)
			if err != nil {
				return
			}
			if b != nil || inside.Add(1) != 1 {
				t.Error("two have the turn")
			}
			inside.Add(-1)
			l.next()
		})
		if i%2 == 0 {
			wg.Go(cancel)
		}
		defer cancel()
	}
	wg.Wait()
	if l.taken || l.length() != 0 {
		t.Errorf("taken %v, %d waiting", l.taken, l.length())
	}
}

// Git allows bytes in ref names that are no text.
func TestRefNamesOfAnyBytes(t *testing.T) {
	s := openAt(t, filepath.Join(t.TempDir(), "sojourn.db"))
	all := []string{"refs/heads/a", "refs/heads/\x80", "refs/heads/\xc3\xbf", "refs/heads/\xc3\xff", "refs/heads/\xff", "refs/heads/\xff\xff"}
	prefixes := map[string][]string{"": all, "refs/heads/": all, "refs/heads/\xc3": all[2:4], "refs/heads/\xc3\xbf": all[2:3], "refs/heads/\xff": all[4:]}
	err := s.Update(t.Context(), func(tx store.Tx) error {
		var refs []store.Ref
		for _, n := range slices.Backward(all) {
			refs = append(refs, store.Ref{Name: n, OID: "1"})
		}
		return errors.Join(tx.InsertRepository(store.Repository{ID: "r"}), tx.PutRefs("r", refs))
	})
	if err != nil {
		t.Fatal(err)
	}
	err = s.View(t.Context(), func(tx store.Tx) error {
		for prefix, want := range prefixes {
			list, err := tx.Refs("r", store.Page{Prefix: prefix})
			var got []string
			for _, r := range list {
				got = append(got, r.Name)
			}
			if err != nil || !slices.Equal(got, want) {
				t.Errorf("prefix %q: %q, %v, want %q", prefix, got, err, want)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
