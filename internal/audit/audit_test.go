package audit

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"
)

func read(t *testing.T, path string) (names []string) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var r Record
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			t.Fatalf("%q: %v", lines.Text(), err)
		}
		names = append(names, r.EventName)
	}
	return names
}

func TestAFileADay(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "audit")
	l, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	midnight := time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)
	for _, r := range []Record{{EventName: "Before", EventTime: midnight.Add(-time.Second)}, {EventName: "After", EventTime: midnight}, {EventName: "More\nlines", EventTime: midnight}} {
		if err := l.Record(r); err != nil {
			t.Fatal(err)
		}
	}
	// A record is there before the log is closed.
	if got := read(t, filepath.Join(dir, "2026-11-24.jsonl")); len(got) != 1 || got[0] != "Before" {
		t.Errorf("the first day has %q", got)
	}
	if got := read(t, filepath.Join(dir, "2026-11-25.jsonl")); len(got) != 2 || got[1] != "More\nlines" {
		t.Errorf("the second day has %q", got)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if info, _ := os.Stat(filepath.Join(dir, "2026-11-24.jsonl")); info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", info.Mode())
	}
}

// Two processes (here: two logs) and many goroutines write whole lines.
func TestTogether(t *testing.T) {
	dir := t.TempDir()
	var wg sync.WaitGroup
	for range 2 {
		l, err := Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		for range 4 {
			wg.Go(func() {
				for range 200 {
					if err := l.Record(Record{EventName: "Act", EventTime: time.Unix(0, 0)}); err != nil {
						t.Error(err)
					}
				}
			})
		}
	}
	wg.Wait()
	if got := len(read(t, filepath.Join(dir, "1970-01-01.jsonl"))); got != 1600 {
		t.Errorf("%d records, want 1600", got)
	}
}

// Records that come while another is being written go out together, and all of
// them are there when their Records return.
func TestGroup(t *testing.T) {
	dir := t.TempDir()
	l, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	l.writing.Lock() // as one who writes
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if err := l.Record(Record{EventName: "Act", EventTime: time.Unix(0, 0)}); err != nil {
				t.Error(err)
			}
		})
	}
	waiting := func() int {
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.open == nil {
			return 0
		}
		return bytes.Count(l.open.lines, []byte("\n"))
	}
	for waiting() < 20 {
		runtime.Gosched()
	}
	l.writing.Unlock()
	wg.Wait()
	if got := len(read(t, filepath.Join(dir, "1970-01-01.jsonl"))); got != 20 {
		t.Errorf("%d records, want 20", got)
	}
	if l.open != nil {
		t.Error("a written group still takes records")
	}
}
