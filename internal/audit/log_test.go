package audit

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

func (s *signedLog) record(t testing.TB, l *Log, name string) {
	t.Helper()
	if err := l.Record(Record{EventName: name, EventTime: s.now, Decision: "Allow"}); err != nil {
		t.Fatal(err)
	}
}

func closed(t testing.TB, l *Log) {
	t.Helper()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

// die ends a log as kill -9 does: nothing is flushed, signed or given back but
// by the operating system.
func die(l *Log) {
	close(l.stop)
	<-l.done
	l.release.Stop()
	l.file.Close()
	l.turns.close()
}

func (s *signedLog) newest(t testing.TB) string {
	t.Helper()
	list, err := segments(s.dir)
	if err != nil || len(list) == 0 {
		t.Fatal("no files", err)
	}
	return filepath.Join(s.dir, list[len(list)-1].name())
}

// A process may die in the middle of a write, at any byte of it. The next one
// goes on, and the chain explains what was left.
func TestTornAnywhere(t *testing.T) {
	s := newSignedLog(t)
	l := s.open(t)
	s.record(t, l, "Before")
	closed(t, l)
	before, err := os.ReadFile(s.newest(t))
	if err != nil {
		t.Fatal(err)
	}
	l = s.open(t)
	s.record(t, l, "Torn")
	l.sync()
	die(l)
	whole, err := os.ReadFile(s.newest(t))
	if err != nil {
		t.Fatal(err)
	}
	os.Remove(filepath.Join(s.dir, headFile)) // of a moment before the write
	os.Remove(filepath.Join(s.keys, mirrorFile))
	for cut := len(before) + 1; cut <= len(whole); cut += 7 {
		one := newSignedLog(t)
		one.keys = s.keys
		os.Remove(filepath.Join(s.keys, mirrorFile))
		if err := errors.Join(os.Mkdir(one.dir, 0o700), os.WriteFile(filepath.Join(one.dir, filepath.Base(s.newest(t))), whole[:cut], 0o600)); err != nil {
			t.Fatal(err)
		}
		l := one.open(t)
		one.record(t, l, "After")
		one.record(t, l, "Later")
		closed(t, l)
		p := one.proven(t)
		want := uint64(3) // Before, After, Later
		if cut >= len(whole)-1 {
			want = 4
		}
		if p.Last != want || !p.Closed || (len(p.Notes) == 1) != (cut < len(whole)-1) {
			t.Fatalf("cut at %d of %d: %+v", cut, len(whole), p)
		}
		torn, err := os.ReadFile(one.newest(t))
		if err != nil {
			t.Fatal(err)
		}
		if cut < len(whole)-1 { // the torn line is covered, too
			torn[cut-1] ^= 1
			if err := os.WriteFile(one.newest(t), torn, 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := Verify(t.Context(), one.check(t)); err == nil {
				t.Fatalf("cut at %d: a change of the torn line is not found", cut)
			}
		}
	}
}

// A write that fails in the middle refuses its records, and leaves nothing behind.
func TestFailedWriteIsTakenBack(t *testing.T) {
	s := newSignedLog(t)
	l := s.open(t)
	s.record(t, l, "Before")
	for _, n := range []int{0, 1, 100} {
		l.put = func(f *os.File, b []byte) (int, error) {
			n, _ := f.Write(b[:n])
			return n, errors.New("no space left on device")
		}
		if err := l.Record(Record{EventName: "Refused", EventTime: s.now}); err == nil {
			t.Fatal("a record was taken")
		}
		l.put = (*os.File).Write
		s.record(t, l, "After")
	}
	closed(t, l)
	if p := s.proven(t); p.Last != 4 || len(p.Notes) != 0 {
		t.Errorf("%+v", p)
	}
	if text, _ := os.ReadFile(s.newest(t)); bytes.Contains(text, []byte("Refused")) {
		t.Error("a record of an act that was refused is there")
	}
	if got := l.Stats(); got.Written != 4 || got.Failed != 3 {
		t.Errorf("%+v", got)
	}
}

// In lenient mode the act goes on, and the administrator is told.
func TestLenient(t *testing.T) {
	s := newSignedLog(t)
	var told []string
	opt := s.options()
	opt.Mode, opt.Report = Lenient, func(text string, err error) { told = append(told, fmt.Sprint(text, ": ", err)) }
	l, err := OpenWith(opt)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	l.put = func(*os.File, []byte) (int, error) { return 0, errors.New("no space left on device") }
	if err := l.Record(Record{EventTime: s.now}); err != nil || len(told) != 1 || !strings.Contains(told[0], "no space left") {
		t.Errorf("%v, told %q", err, told)
	}
}

// In strict mode a record is flushed before Record returns, one flush a group.
func TestStrictFlushes(t *testing.T) {
	s := newSignedLog(t)
	opt := s.options()
	opt.Mode = Strict
	l, err := OpenWith(opt)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	read, write, err := os.Pipe() // can be written to and not flushed
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	defer write.Close()
	s.record(t, l, "Flushed")
	l.flush = func(*os.File) error { return write.Sync() }
	if err := l.Record(Record{EventTime: s.now}); err == nil {
		t.Error("a record that is not on the disk counts as written")
	}
}

// Several processes write to one directory: their records stand in one chain.
func TestSeveralWriters(t *testing.T) {
	s := newSignedLog(t)
	var wg sync.WaitGroup
	for w := range 3 {
		l := s.open(t)
		defer closed(t, l)
		wg.Go(func() {
			for i := range 50 {
				if err := l.Record(Record{EventName: fmt.Sprint("Act", w, "-", i), EventTime: s.now}); err != nil {
					t.Error(err)
				}
				if i%20 == 0 {
					l.sync()
				}
			}
		})
	}
	wg.Wait()
	var got int
	if err := Search(t.Context(), s.dir, Filter{Action: "Act*"}, func(*Record, []byte) error { got++; return nil }); err != nil || got != 150 {
		t.Errorf("%d records, %v", got, err)
	}
}

// What several writers have left is proven once all have ended, and closed.
func TestSeveralWritersEnd(t *testing.T) {
	s := newSignedLog(t)
	first, second := s.open(t), s.open(t)
	s.record(t, first, "A")
	s.record(t, second, "B")
	closed(t, first)
	if p := s.proven(t); p.Closed || p.Last != 2 {
		t.Errorf("while one writes: %+v", p)
	}
	s.record(t, second, "C")
	if p := s.proven(t); p.Last != 2 || p.Unsigned != 1 {
		t.Errorf("behind the signature: %+v", p)
	}
	second.sync()
	if p := s.proven(t); p.Last != 3 || p.Unsigned != 0 {
		t.Errorf("a second later: %+v", p)
	}
	closed(t, second)
	if p := s.proven(t); !p.Closed || p.Last != 3 {
		t.Errorf("at the end: %+v", p)
	}
}

// Old files go, once a digest says so; all that is left is proven.
func TestRetention(t *testing.T) {
	s := newSignedLog(t)
	opt := s.options()
	opt.Retain, opt.Now = 48*time.Hour, func() time.Time { return s.now }
	l, err := OpenWith(opt)
	if err != nil {
		t.Fatal(err)
	}
	for range 5 {
		s.write(t, l, 3)
		s.now = s.now.Add(24 * time.Hour)
	}
	closed(t, l)
	p := s.proven(t)
	if p.First <= 1 || p.First != p.Removed+1 || p.Last != 15 || !p.Closed {
		t.Errorf("%+v", p)
	}
	first, _ := segments(s.dir)
	if err := os.Remove(filepath.Join(s.dir, first[0].name())); err != nil {
		t.Fatal(err)
	}
	if _, err := Verify(t.Context(), s.check(t)); err == nil || !strings.Contains(err.Error(), "no signed digest says that they were removed") {
		t.Errorf("a file that nobody was to remove: %v", err)
	}
}

// A file that no digest covers to its end is not removed.
func TestRetentionKeepsWhatIsNotCovered(t *testing.T) {
	for how, change := range map[string]func([]byte) []byte{
		"more than is signed":    func(b []byte) []byte { return append(b, "more\n"...) },
		"not what is signed":     func(b []byte) []byte { return bytes.Replace(b, []byte(`"r-1"`), []byte(`"r-2"`), 1) },
		"less than is signed":    func(b []byte) []byte { return b[:len(b)/2] },
		"nothing that is signed": func([]byte) []byte { return nil },
	} {
		s := newSignedLog(t)
		l := s.open(t)
		s.write(t, l, 2)
		s.now = s.now.Add(24 * time.Hour)
		s.write(t, l, 2)
		first, _ := segments(s.dir)
		path := filepath.Join(s.dir, first[0].name())
		b, err := os.ReadFile(path)
		if err = errors.Join(err, os.WriteFile(path, change(b), 0o600)); err != nil {
			t.Fatal(err)
		}
		l.opt.Retain = time.Hour
		s.now = s.now.Add(48 * time.Hour)
		if err := l.hourly(); err == nil || !strings.Contains(err.Error(), "not covered") {
			t.Errorf("%s: %v", how, err)
		}
		if left, _ := segments(s.dir); len(left) != len(first) {
			t.Errorf("%s: %v of %v are left", how, left, first)
		}
		closed(t, l)
	}
}

// Records of before the chain are put aside, not taken for its.
func TestOlderLogIsPutAside(t *testing.T) {
	s := newSignedLog(t)
	old := filepath.Join(s.dir, "2026-11-24.jsonl")
	if err := errors.Join(os.Mkdir(s.dir, 0o700), os.WriteFile(old, []byte(`{"eventName":"Old"}`+"\n"), 0o600)); err != nil {
		t.Fatal(err)
	}
	l := s.open(t)
	s.record(t, l, "New")
	closed(t, l)
	if p := s.proven(t); p.Last != 1 || len(p.Notes) != 1 {
		t.Errorf("%+v", p)
	}
	if _, err := os.Stat(filepath.Join(s.dir, asidePrefix+"2026-11-24.jsonl")); err != nil {
		t.Error(err)
	}
}

// The hour's digest comes with the hour, also when nothing happens.
func TestHourlyDigest(t *testing.T) {
	s := newSignedLog(t)
	l := s.open(t)
	s.record(t, l, "A")
	l.sync()
	for range 3 {
		s.now = s.now.Add(30 * time.Minute)
		l.sync()
	}
	if p := s.proven(t); p.Digests != 1 || !p.Signed.Equal(someDay.Add(time.Hour)) {
		t.Errorf("%+v", p)
	}
	closed(t, l)
}
