package file

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"sojourn/internal/objects"
	"sojourn/internal/objects/objectstest"
)

func openTemp(t *testing.T) *Store {
	t.Helper()
	s, err := Open(filepath.Join(t.TempDir(), "objects"))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestStore(t *testing.T) {
	objectstest.Run(t, func(t *testing.T) objects.Store { return openTemp(t) })
}

// noLinks is a disk without hard links.
func noLinks(string, string) error { return &os.LinkError{Op: "link", Err: syscall.EPERM} }

// otherDisk refuses to link what is not below dir, as between two disks.
func otherDisk(dir string) func(string, string) error {
	return func(file, name string) error {
		for _, path := range []string{file, name} {
			if rel, err := filepath.Rel(dir, path); err != nil || !filepath.IsLocal(rel) {
				return &os.LinkError{Op: "link", Old: file, New: name, Err: syscall.EXDEV}
			}
		}
		return os.Link(file, name)
	}
}

func TestStoreBesideOtherDisk(t *testing.T) {
	objectstest.Run(t, func(t *testing.T) objects.Store {
		s := openTemp(t)
		s.link = otherDisk(s.dir)
		return s
	})
}

// A disk without links cannot tell two Puts of one key at the same moment
// apart, which does not happen with keys that are never used twice. All else holds.
func TestStoreWithoutLinks(t *testing.T) {
	s := openTemp(t)
	s.link = noLinks
	src := filepath.Join(t.TempDir(), "src")
	write(t, src, "pack")
	if err := s.Put(t.Context(), "r/p.pack", src); err != nil {
		t.Fatal(err)
	}
	if err := s.Put(t.Context(), "r/p.pack", src); !errors.Is(err, objects.ErrExists) {
		t.Fatalf("Put of a taken key: %v", err)
	}
	dst := filepath.Join(t.TempDir(), "dst")
	if err := s.Fetch(t.Context(), "r/p.pack", dst); err != nil {
		t.Fatal(err)
	}
	if err := s.Fetch(t.Context(), "r/p.pack", dst); err == nil {
		t.Fatal("Fetch onto a file that exists: no error")
	}
	if got, err := os.ReadFile(dst); err != nil || string(got) != "pack" {
		t.Fatalf("fetched %q, %v", got, err)
	}
	onlyEntry(t, filepath.Dir(dst), "dst")
	onlyEntry(t, s.incoming)
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func onlyEntry(t *testing.T, dir string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	got := []string{}
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if len(got) != len(want) || len(want) == 1 && got[0] != want[0] {
		t.Fatalf("%q holds %q, want %q", dir, got, want)
	}
}

func TestModes(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "objects")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	src := filepath.Join(t.TempDir(), "src")
	write(t, src, "pack")
	if err := s.Put(t.Context(), "repos/r1/packs/p.pack", src); err != nil {
		t.Fatal(err)
	}
	s.link = otherDisk(s.dir)
	if err := s.Put(t.Context(), "repos/r1/packs/copy.pack", src); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]os.FileMode{
		".": os.ModeDir | 0o700, "repos": os.ModeDir | 0o700, "repos/r1/packs": os.ModeDir | 0o700,
		"repos/r1/packs/p.pack": 0o400, "repos/r1/packs/copy.pack": 0o400,
	} {
		info, err := os.Stat(filepath.Join(dir, path))
		if err != nil || info.Mode() != want {
			t.Errorf("%s: mode %v, %v, want %v", path, info.Mode(), err, want)
		}
	}
}

// A fetched pack costs no second copy on the disk.
func TestFetchLinks(t *testing.T) {
	s := openTemp(t)
	src := filepath.Join(t.TempDir(), "src")
	write(t, src, "pack")
	dst := filepath.Join(t.TempDir(), "dst")
	if err := errors.Join(s.Put(t.Context(), "r/p.pack", src), s.Fetch(t.Context(), "r/p.pack", dst)); err != nil {
		t.Fatal(err)
	}
	a, errA := os.Stat(src)
	b, errB := os.Stat(dst)
	if errA != nil || errB != nil || !os.SameFile(a, b) {
		t.Fatalf("not the same file: %v, %v", errA, errB)
	}
}

// A copy that is stopped half-way leaves neither a blob nor a file.
func TestStoppedCopy(t *testing.T) {
	s := openTemp(t)
	s.link = noLinks
	src := filepath.Join(t.TempDir(), "src")
	write(t, src, string(bytes.Repeat([]byte("x"), 1<<20)))
	f, err := os.Open(src)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	dst := filepath.Join(s.dir, "r", "p.pack")
	if err := s.putCopy(&endsAfter{Context: t.Context(), calls: 5}, dst, f); !errors.Is(err, context.Canceled) {
		t.Fatalf("putCopy: %v", err)
	}
	onlyEntry(t, s.incoming)
	if _, err := os.Lstat(dst); !errors.Is(err, os.ErrNotExist) {
		t.Fatalf("the blob: %v", err)
	}
}

// endsAfter is a context that ends after some questions.
type endsAfter struct {
	context.Context
	calls int
}

func (c *endsAfter) Err() error {
	if c.calls--; c.calls < 0 {
		return context.Canceled
	}
	return nil
}

// A directory that has become empty goes, also while others are being put there.
func TestEmptyDirectoriesGo(t *testing.T) {
	s := openTemp(t)
	src := filepath.Join(t.TempDir(), "src")
	write(t, src, "pack")
	var raced atomic.Bool
	s.link = func(file, name string) error {
		if raced.CompareAndSwap(false, true) { // what a Delete at this moment does
			if err := os.RemoveAll(filepath.Join(s.dir, "repos")); err != nil {
				t.Error(err)
			}
		}
		return os.Link(file, name)
	}
	if err := s.Put(t.Context(), "repos/r1/packs/p.pack", src); err != nil {
		t.Fatal(err)
	}
	if err := s.Delete(t.Context(), "repos/r1/packs/p.pack"); err != nil {
		t.Fatal(err)
	}
	onlyEntry(t, s.dir, ".incoming")
}

// The names above a blob are flushed once; after a Delete took the directory
// away, once more.
func TestFlushedNames(t *testing.T) {
	s := openTemp(t)
	var flushed []string
	s.sync = func(dir string) error {
		rel, err := filepath.Rel(s.dir, dir)
		flushed = append(flushed, rel)
		return errors.Join(err, syncDir(dir))
	}
	src := filepath.Join(t.TempDir(), "src")
	write(t, src, "pack")
	put := func(key string, want ...string) {
		t.Helper()
		flushed = nil
		if err := s.Put(t.Context(), key, src); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(flushed, want) {
			t.Errorf("Put of %s flushes %q, want %q", key, flushed, want)
		}
	}
	put("repos/r1/packs/a.pack", "repos/r1/packs", "repos/r1", "repos", ".")
	put("repos/r1/packs/a.idx", "repos/r1/packs")
	put("repos/r2/packs/a.pack", "repos/r2/packs", "repos/r2", "repos")
	for _, key := range []string{"repos/r1/packs/a.pack", "repos/r1/packs/a.idx"} {
		if err := s.Delete(t.Context(), key); err != nil {
			t.Fatal(err)
		}
	}
	put("repos/r1/packs/b.pack", "repos/r1/packs", "repos/r1", "repos")
	put("repos/r2/packs/b.pack", "repos/r2/packs")

	// A Put whose directory goes while it flushes knows nothing of the next one.
	sync := s.sync
	s.sync = func(dir string) error {
		s.sync = sync
		err := sync(dir)
		return errors.Join(err, s.Delete(t.Context(), "repos/r3/packs/a.pack"), os.MkdirAll(dir, 0o700))
	}
	if err := s.Put(t.Context(), "repos/r3/packs/a.pack", src); err != nil {
		t.Fatal(err)
	}
	put("repos/r3/packs/b.pack", "repos/r3/packs", "repos/r3", "repos")
}

func TestLeftovers(t *testing.T) {
	s := openTemp(t)
	old, young := filepath.Join(s.incoming, ".new-old"), filepath.Join(s.incoming, ".new-young")
	write(t, old, "x")
	write(t, young, "x")
	past := time.Now().Add(-leftover - time.Hour)
	if err := os.Chtimes(old, past, past); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(s.dir); err != nil {
		t.Fatal(err)
	}
	onlyEntry(t, s.incoming, filepath.Base(young))
}

// What lies in the directory and is no blob is no key: a file system's own
// directory, a link that leads outside.
func TestStrangers(t *testing.T) {
	s := openTemp(t)
	outside := filepath.Join(t.TempDir(), "outside")
	write(t, outside, "secret")
	write(t, filepath.Join(s.dir, "NOT-A-KEY"), "x")
	if err := errors.Join(os.Mkdir(filepath.Join(s.dir, "LOST"), 0o700), os.Symlink(outside, filepath.Join(s.dir, "link"))); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(s.dir, "LOST", "x"), "x")
	err := s.List(t.Context(), "", func(key string, _ int64) error {
		t.Errorf("List gives %q", key)
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	if _, err := s.Open(t.Context(), "link"); !errors.Is(err, objects.ErrNotFound) {
		t.Errorf("Open of a symbolic link: %v", err)
	}
	if err := s.Fetch(t.Context(), "link", filepath.Join(t.TempDir(), "dst")); !errors.Is(err, objects.ErrNotFound) {
		t.Errorf("Fetch of a symbolic link: %v", err)
	}
}

func TestPingFails(t *testing.T) {
	s := openTemp(t)
	if err := os.Remove(s.incoming); err != nil {
		t.Fatal(err)
	}
	if err := s.Ping(t.Context()); err == nil {
		t.Fatal("Ping of a directory that is broken: no error")
	}
}

func BenchmarkPut(b *testing.B) {
	s, err := Open(filepath.Join(b.TempDir(), "objects"))
	if err != nil {
		b.Fatal(err)
	}
	src := filepath.Join(b.TempDir(), "src")
	if err := os.WriteFile(src, make([]byte, 4096), 0o600); err != nil {
		b.Fatal(err)
	}
	for n := 0; b.Loop(); n++ {
		if n%10_000 == 0 { // a file has at most 65,000 links
			if err := errors.Join(os.Remove(src), os.WriteFile(src, make([]byte, 4096), 0o600)); err != nil {
				b.Fatal(err)
			}
		}
		key := "repos/r1/packs/" + newHex() + ".pack"
		if err := s.Put(b.Context(), key, src); err != nil {
			b.Fatal(err)
		}
	}
}

func newHex() string {
	const digits = "0123456789abcdef"
	var raw [24]byte
	rand.Read(raw[:])
	for i, c := range raw {
		raw[i] = digits[c&15]
	}
	return string(raw[:])
}
