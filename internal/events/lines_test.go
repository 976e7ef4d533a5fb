package events

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// A write that was cut off does not swallow the next event.
func TestLogAfterATornWrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "events.jsonl")
	l, err := OpenLog(path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if _, err := l.file.WriteString("{\"half"); err != nil {
		t.Fatal(err)
	}
	l.bad = true // as a write that fails leaves it
	for _, event := range []string{`{"a":1}`, `{"b":1}`} {
		if err := l.Deliver(t.Context(), []byte(event)); err != nil {
			t.Fatal(err)
		}
	}
	if text, err := os.ReadFile(path); string(text) != "{\"half\n{\"a\":1}\n{\"b\":1}\n" || err != nil {
		t.Errorf("%q %v", text, err)
	}
}

// The file of what is given up is made when it is needed and has an end.
func TestUndelivered(t *testing.T) {
	path := filepath.Join(t.TempDir(), "undelivered.jsonl")
	l := OpenUndelivered(path)
	if err := errors.Join(l.Flush(), l.Close()); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) || l.max != maxUndelivered {
		t.Errorf("before it is needed: %v, at most %d bytes", err, l.max)
	}
	l.max = 8
	for _, event := range []string{`{"a":1}`, `{"b":1}`, `{"c":1}`} {
		if err := l.Keep([]byte(event)); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Close(); err != nil || l.file != nil {
		t.Errorf("closing: %v", err)
	}
	for path, want := range map[string]string{path: "{\"c\":1}\n", path + ".1": "{\"b\":1}\n"} {
		if text, err := os.ReadFile(path); string(text) != want || err != nil {
			t.Errorf("%s: %q %v, want %q", filepath.Base(path), text, err, want)
		}
	}
	missing := OpenUndelivered(filepath.Join(t.TempDir(), "none", "undelivered.jsonl"))
	if err := missing.Keep([]byte("{}")); err == nil {
		t.Error("an event is kept in a directory that is not there")
	}
	if _, err := OpenLog(missing.path); err == nil {
		t.Error("a log is opened in a directory that is not there")
	}
}
