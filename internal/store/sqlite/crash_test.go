package sqlite_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"sojourn/internal/store"
	"sojourn/internal/store/sqlite"
)

// crashEnv makes the test binary the writer that TestKill kills.
const crashEnv = "SOJOURN_TEST_CRASH_DATABASE"

func TestMain(m *testing.M) {
	if path := os.Getenv(crashEnv); path != "" {
		fmt.Fprintln(os.Stderr, writeUntilKilled(path))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// writeUntilKilled says on standard output what is committed, as soon as it is.
func writeUntilKilled(path string) error {
	s, err := sqlite.Open(context.Background(), path)
	if err != nil {
		return err
	}
	failed := make(chan error)
	for w := range 8 {
		go func() {
			for n := 0; ; n++ {
				id := fmt.Sprintf("%d-%d-%d", os.Getpid(), w, n)
				if err := s.Update(context.Background(), func(tx store.Tx) error { return addPair(tx, id) }); err != nil {
					failed <- err
					return
				}
				_, _ = os.Stdout.WriteString(id + "\n") // one write, so that lines stay whole
			}
		}()
	}
	return <-failed
}

// addPair adds two rows that must be there together.
func addPair(tx store.Tx, id string) error {
	if err := tx.InsertAccount(store.Account{ID: id}); err != nil {
		return err
	}
	return tx.InsertPush(store.Push{ID: id, Result: strings.Repeat("x", 200)})
}

// A process that is killed at any moment loses nothing that it has said to be
// committed and leaves nothing half done, while another uses the database too.
func TestKill(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sojourn.db")
	beside, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer beside.Close()
	var acked []string
	for round := range 8 {
		acked = append(acked, killAfter(t, path, 50+200*round)...)
		id := fmt.Sprint("beside-", round)
		if err := beside.Update(t.Context(), func(tx store.Tx) error { return addPair(tx, id) }); err != nil {
			t.Fatal(err)
		}
		acked = append(acked, id)
		checkPairs(t, beside, acked)
	}
	if err := beside.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	checkPairs(t, again, acked)
	t.Logf("%d acknowledged updates are there", len(acked))
}

// killAfter runs a writer, kills it after some acknowledgements and returns all that it gave.
func killAfter(t *testing.T, path string, lines int) []string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), crashEnv+"="+path)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var acked []string
	var kill sync.Once
	for scanner := bufio.NewScanner(out); scanner.Scan(); {
		acked = append(acked, scanner.Text())
		if len(acked) >= lines {
			kill.Do(func() { err = cmd.Process.Kill() })
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil || len(acked) < lines {
		t.Fatalf("the writer ended by itself after %d lines: %v", len(acked), err)
	}
	return acked
}

// checkPairs wants each acknowledged pair, and no half of any other.
func checkPairs(t *testing.T, s *sqlite.Store, acked []string) {
	t.Helper()
	err := s.View(t.Context(), func(tx store.Tx) error {
		list, err := tx.Accounts()
		if err != nil {
			return err
		}
		there := map[string]bool{}
		for _, a := range list {
			there[a.ID] = true
			if _, err := tx.Push(a.ID); err != nil {
				t.Errorf("half of %q: %v", a.ID, err)
			}
		}
		for _, id := range acked {
			if !there[id] {
				t.Errorf("%q was acknowledged and is not there", id)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
