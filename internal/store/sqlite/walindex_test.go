//go:build unix

package sqlite_test

import (
	"bufio"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"sojourn/internal/store"
	"sojourn/internal/store/sqlite"
)

func openFile(t *testing.T, path string) *sqlite.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// What another process has committed is read at once, not within store.VersionAge,
// also when it was killed in the middle of committing more.
func TestNowSeesOtherProcesses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sojourn.db")
	s := openFile(t, path)
	var memo store.Memo[string, []string]
	for round := range 3 {
		for _, id := range writeBeside(t, path, 40+40*round) {
			ids, err := memo.ReadNow(t.Context(), s, "accounts", func(tx store.Tx) (ids []string, err error) {
				list, err := tx.Accounts()
				for _, a := range list {
					ids = append(ids, a.ID)
				}
				return ids, err
			})
			if err != nil || !slices.Contains(ids, id) {
				t.Fatalf("another process has committed %q, and it is not read (%v)", id, err)
			}
		}
	}
	if _, exact := s.Now(); !exact {
		t.Error("the WAL-index is not looked at")
	}
}

// writeBeside yields what another process says to have committed, as it says it.
func writeBeside(t *testing.T, path string, lines int) func(yield func(int, string) bool) {
	return func(yield func(int, string) bool) {
		cmd := exec.CommandContext(t.Context(), os.Args[0])
		cmd.Env = append(os.Environ(), crashEnv+"="+path)
		out, err := cmd.StdoutPipe()
		if err == nil {
			err = cmd.Start()
		}
		if err != nil {
			t.Fatal(err)
		}
		scanner := bufio.NewScanner(out)
		for i := 0; i < lines && scanner.Scan(); i++ {
			if !yield(i, scanner.Text()) {
				break
			}
		}
		cmd.Process.Kill()
		cmd.Wait()
	}
}

// To close one Store takes no lock from another of the same process: a third
// process still has to wait for its turn.
func TestCloseKeepsTheLocksOfOthers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sojourn.db")
	ours, beside := openFile(t, path), openFile(t, path)
	for _, s := range []*sqlite.Store{ours, beside} {
		if _, exact := s.Now(); !exact {
			t.Fatal("the WAL-index is not looked at")
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	err := ours.Update(t.Context(), func(tx store.Tx) error {
		if err := addPair(tx, "ours"); err != nil {
			return err
		}
		if err := beside.Close(); err != nil {
			return err
		}
		cmd := exec.CommandContext(ctx, os.Args[0])
		cmd.Env = append(os.Environ(), crashEnv+"="+path)
		if out, err := cmd.Output(); len(out) > 0 || ctx.Err() == nil {
			t.Errorf("another process wrote beside an open transaction: %.100q (%v)", out, err)
		}
		return nil
	})
	if err != nil && !errors.Is(err, context.DeadlineExceeded) {
		t.Fatal(err)
	}
}

// A request asks so once at least.
func BenchmarkNow(b *testing.B) {
	s := openBench(b)
	for b.Loop() {
		s.Now()
	}
}
