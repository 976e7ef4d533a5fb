package sqlite

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"sojourn/internal/store"
)

// TestBackup: a copy that is made while others write has all that had been
// written before it began, and can be opened.
func TestBackup(t *testing.T) {
	dir := t.TempDir()
	s := openAt(t, filepath.Join(dir, "sojourn.db"))
	insert := func(n int) {
		err := s.Update(t.Context(), func(tx store.Tx) error {
			return tx.InsertAccount(store.Account{ID: fmt.Sprintf("%012d", n), Name: "a", Created: time.Now()})
		})
		if err != nil {
			t.Error(err)
		}
	}
	for n := range 50 {
		insert(n)
	}
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for n := 100; ; n++ {
			select {
			case <-stop:
				return
			default:
				insert(n)
			}
		}
	}()
	path := filepath.Join(dir, "copy.db")
	err := s.Backup(t.Context(), path)
	close(stop)
	<-stopped
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Backup(t.Context(), path); !errors.Is(err, os.ErrExist) {
		t.Errorf("onto a file that is there: %v", err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	err = openAt(t, path).View(t.Context(), func(tx store.Tx) error {
		list, err := tx.Accounts()
		if len(list) < 50 || list[49].ID != "000000000049" {
			t.Errorf("the copy has %d accounts", len(list))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
