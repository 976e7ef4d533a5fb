package audit

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// A full disk refuses the record.
func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	if err := os.Symlink("/dev/full", filepath.Join(dir, "1970-01-01.jsonl")); err != nil {
		t.Fatal(err)
	}
	l, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() // its error is the device's
	if l.Record(Record{EventTime: time.Unix(0, 0)}) == nil {
		t.Error("a record on a full disk was taken")
	}
}

// A group that cannot be written refuses all of its records.
func TestFullDiskRefusesTheGroup(t *testing.T) {
	dir := t.TempDir()
	if err := os.Symlink("/dev/full", filepath.Join(dir, "1970-01-01.jsonl")); err != nil {
		t.Fatal(err)
	}
	l, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	g, _ := l.join("1970-01-01", []byte("a\n"))
	joined, first := l.join("1970-01-01", []byte("b\n"))
	if joined != g || first {
		t.Fatal("the second record is not in the first one's group")
	}
	l.write(g)
	<-joined.done
	if joined.err == nil {
		t.Error("the second record was taken")
	}
}
