package sqlite

import (
	"path/filepath"
	"testing"
	"time"

	"sojourn/internal/store"
)

// Another process's commit is seen as soon as the last look is VersionAge old,
// also when it is much older; within it nothing is asked.
func TestVersionSeesOtherProcesses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "db")
	open := func() *Store {
		s, err := Open(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		return s
	}
	ours, theirs := open(), open()
	now := time.Now()
	ours.version.now = func() time.Time { return now }
	for i, wait := range []time.Duration{store.VersionAge, time.Hour, -time.Minute} {
		now = now.Add(time.Hour)
		before := ours.Version()
		if again := ours.Version(); again != before {
			t.Errorf("version %d, and at once %d", before, again)
		}
		err := theirs.Update(t.Context(), func(tx store.Tx) error {
			return tx.InsertAccount(store.Account{ID: string(rune('1'+i)) + "11122223333", Name: "a", Created: now})
		})
		if err != nil {
			t.Fatal(err)
		}
		now = now.Add(wait)
		if after := ours.Version(); after <= before {
			t.Errorf("version %d before another's update, %d %v after it", before, after, wait)
		}
	}
}

// A store that cannot look says of nothing that it is unchanged.
func TestVersionOfAStoreThatCannotTell(t *testing.T) {
	s, err := Open(t.Context(), filepath.Join(t.TempDir(), "db"))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if a, b := s.Version(), s.Version(); b <= a {
		t.Errorf("versions %d and %d", a, b)
	}
}
