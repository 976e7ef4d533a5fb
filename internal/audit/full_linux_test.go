package audit

import (
	"os"
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
	<-joined.done
	if joined.err == nil {
		t.Error("the second record was taken")
	}
}
