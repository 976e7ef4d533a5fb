package events

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// An event that a full disk does not take is not delivered, by the log or the
// file of those that are given up; once there is room it is.
func TestLogOnAFullDisk(t *testing.T) {
	path := filepath.Join(t.TempDir(), "events.jsonl")
	if err := os.Symlink("/dev/full", path); err != nil {
		t.Fatal(err)
	}
	l, err := OpenLog(path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	given := OpenUndelivered(path)
	defer given.Close()
	w := newWorld(t)
	d := w.deliverer("me", l)
	if err := l.Deliver(t.Context(), []byte("{}")); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("delivered: %v", err)
	}
	w.happen("a", 1)
	if _, err := d.round(t.Context()); err == nil { // the device can't be flushed either
		t.Error("no error")
	}
	w.backlog(d, 1)
	if err := given.Keep([]byte("{}")); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("kept: %v", err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if _, err := d.round(t.Context()); err == nil { // the file that was left was not flushed
		t.Error("what was in the file that was left counts as delivered")
	}
	w.backlog(d, 1)
	w.round(d)
	w.backlog(d, 0)
	if err := given.Keep([]byte("{}")); err == nil {
		t.Error("the file that was left is not told of")
	}
	if err := given.Keep([]byte("{}")); err != nil {
		t.Error(err)
	}
	if text, err := os.ReadFile(path); string(text) != "a1\na1\n{}\n{}\n" || err != nil {
		t.Errorf("%q %v", text, err)
	}
}
