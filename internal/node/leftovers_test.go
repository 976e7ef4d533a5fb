package node

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// The directory of a command that was killed goes with the next command; that of
// one that runs, or has just begun, stays.
func TestKilledCommandsAreSweptUp(t *testing.T) {
	d := dataDir(t.TempDir())
	old := time.Now().Add(-2 * settled)
	for _, name := range []string{"admin-killed", "admin-older-program", "admin-runs", "admin-begins", "other"} {
		if err := os.MkdirAll(d.path(filepath.Join(name, "cache", "packs")), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"admin-killed", "admin-runs"} {
		unlock, err := lockFile(d.path(filepath.Join(name, "lock")))
		if err != nil {
			t.Fatal(err)
		}
		if name == "admin-runs" {
			defer unlock()
		} else if err := unlock(); err != nil { // as the system does
			t.Fatal(err)
		}
	}
	for _, name := range []string{"admin-killed", "admin-older-program", "admin-runs", "other"} {
		if err := os.Chtimes(d.path(name), old, old); err != nil {
			t.Fatal(err)
		}
	}
	cache, remove, err := d.ownCache()
	if err != nil {
		t.Fatal(err)
	}
	if err := d.sweepCaches(time.Now()); err != nil { // another command, later
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Dir(cache)); err != nil {
		t.Errorf("another command took the directory: %v", err)
	}
	if err := remove(); err != nil {
		t.Fatal(err)
	}
	var left []string
	entries, err := os.ReadDir(string(d))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		left = append(left, e.Name())
	}
	if want := []string{"admin-runs", "other"}; !slices.Equal(left, want) {
		t.Errorf("there are %q, want %q", left, want)
	}
}

// A restore that was killed does not stand in the way of the next; one that runs does.
func TestKilledRestoreIsBegunAnew(t *testing.T) {
	d := dataDir(filepath.Join(t.TempDir(), "data"))
	part, unlock, err := d.restoring()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(part.database(), []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := d.restoring(); err == nil || !strings.Contains(err.Error(), ".restoring\": another process is using it") {
		t.Errorf("beside one that runs: %v", err)
	}
	if err := unlock(); err != nil {
		t.Fatal(err)
	}
	part, unlock, err = d.restoring()
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	if _, err := os.Stat(part.database()); !os.IsNotExist(err) {
		t.Errorf("half a database is left: %v", err)
	}
}
