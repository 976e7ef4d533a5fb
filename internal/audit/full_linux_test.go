package audit

import (
	"bytes"
	"os"
	"sync"
	"syscall"
	"testing"
	"time"
)

// onFullDisk makes a log whose files are on a full disk.
func onFullDisk(t *testing.T) *Log {
	t.Helper()
	l, err := Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { full.Close() })
	l.put = func(_ *os.File, b []byte) (int, error) { return full.Write(b) }
	return l
}

// A full disk refuses the record.
func TestFullDisk(t *testing.T) {
	l := onFullDisk(t)
	defer l.Close()
	if l.Record(Record{EventTime: time.Unix(0, 0)}) == nil {
		t.Error("a record on a full disk was taken")
	}
}

// A group that cannot be written refuses all of its records.
func TestFullDiskRefusesTheGroup(t *testing.T) {
	l := onFullDisk(t)
	defer l.Close()
	g, _ := l.join("1970-01-01", []byte("a"))
	joined, first := l.join("1970-01-01", []byte("b"))
	if joined != g || first {
		t.Fatal("the second record is not in the first one's group")
	}
	l.write(g)
	joined.written.Wait()
	for range 2 {
		if joined.leave() == nil {
			t.Error("a record was taken")
		}
	}
}

// A group that is used again knows nothing of how it went before: each record
// is told of its own write.
func TestEachGroupItsOwnError(t *testing.T) {
	s := t.TempDir()
	l, err := Open(s)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	l.put = func(f *os.File, b []byte) (int, error) {
		if bytes.Contains(b, []byte(`"refuse"`)) {
			return 0, syscall.ENOSPC
		}
		return f.Write(b)
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for i := range 500 {
				name := [...]string{"take", "refuse"}[i%2]
				err := l.Record(Record{EventTime: time.Unix(int64(i%2)*86400, 0), EventName: name}) // a day for each, so that they never share a group
				if (err != nil) != (name == "refuse") {
					t.Errorf("%s: %v", name, err)
				}
			}
		})
	}
	wg.Wait()
}

// A panic in the middle of a write is no success for those who wait for it.
func TestPanicRefusesTheGroup(t *testing.T) {
	l, err := Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	l.put = func(*os.File, []byte) (int, error) { panic("boom") }
	g, _ := l.join("1970-01-01", []byte("a"))
	joined, _ := l.join("1970-01-01", []byte("b"))
	func() {
		defer func() { recover() }()
		l.write(g)
	}()
	joined.written.Wait()
	if joined.leave() == nil {
		t.Error("a record was taken")
	}
	l.put = (*os.File).Write
	if err := l.Record(Record{EventTime: time.Unix(0, 0)}); err != nil {
		t.Errorf("behind a panic: %v", err)
	}
}

// A disk that takes records and cannot keep them is told of, and tried again.
func TestFailedFlushIsTold(t *testing.T) {
	s := newSignedLog(t)
	o := s.options()
	var told []string
	o.Report = func(text string, err error) { told = append(told, text+": "+err.Error()) }
	l, err := OpenWith(o)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	close(l.stop) // its own loop is not wanted here
	<-l.done
	l.stop = make(chan struct{})
	s.record(t, l, "Act")
	l.flush = func(*os.File) error { return syscall.EIO }
	l.sync()
	if len(told) != 1 || told[0] != "audit records may not be on the disk: input/output error" {
		t.Errorf("%q", told)
	}
	if h := l.head(); h.Seq != 0 {
		t.Errorf("record %d is signed, which is not on the disk", h.Seq)
	}
	l.flush = (*os.File).Sync
	if l.sync(); l.head().Seq != 1 || len(told) != 1 {
		t.Errorf("after the next try %d is signed; told %q", l.head().Seq, told)
	}
}
