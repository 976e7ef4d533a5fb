// Package objectstest is the suite that every driver of the object store runs:
// each sentence of the port's contract is a test.
//
// It cannot show what survives a power loss; that is for tests with real disks.
package objectstest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"sojourn/internal/objects"
)

// Run tests the stores that open makes. Each call of open gives an empty one.
func Run(t *testing.T, open func(t *testing.T) objects.Store) {
	tests := []struct {
		name string
		run  func(t *testing.T, s objects.Store)
	}{
		{"PutThenOpen", putThenOpen},
		{"PutOutlivesItsFile", putOutlivesItsFile},
		{"PutIsPrivate", putIsPrivate},
		{"PutOfATakenKey", putOfATakenKey},
		{"PutOfNoFile", putOfNoFile},
		{"PutOnceAmongMany", putOnceAmongMany},
		{"Fetch", fetch},
		{"FetchOntoAFile", fetchOntoAFile},
		{"Absent", absent},
		{"Delete", deleteBlob},
		{"DeleteWhileOpen", deleteWhileOpen},
		{"List", list},
		{"ListStops", listStops},
		{"ListWhileDeleting", listWhileDeleting},
		{"Keys", keys},
		{"PutBesideDelete", putBesideDelete},
		{"Cancelled", cancelled},
		{"Ping", ping},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) { test.run(t, open(t)) })
	}
}

// newFile makes a file to put.
func newFile(t *testing.T, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func put(t *testing.T, s objects.Store, key string, content []byte) {
	t.Helper()
	if err := s.Put(t.Context(), key, newFile(t, content)); err != nil {
		t.Fatalf("Put %q: %v", key, err)
	}
}

// What git has made for all to read is the owner's alone.
func putIsPrivate(t *testing.T, s objects.Store) {
	path := newFile(t, []byte("for me"))
	if err := os.Chmod(path, 0o444); err != nil {
		t.Fatal(err)
	}
	if err := s.Put(t.Context(), "a/b", path); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm()&0o077 != 0 {
		t.Errorf("the file that was put has mode %v, %v", info.Mode(), err)
	}
}

func read(t *testing.T, s objects.Store, key string) []byte {
	t.Helper()
	r, err := s.Open(t.Context(), key)
	if err != nil {
		t.Fatalf("Open %q: %v", key, err)
	}
	defer r.Close()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatalf("reading %q: %v", key, err)
	}
	return b
}

func has(t *testing.T, s objects.Store, key string, want []byte) {
	t.Helper()
	if got := read(t, s, key); !bytes.Equal(got, want) {
		t.Fatalf("blob %q is %d bytes, not the %d that were put", key, len(got), len(want))
	}
}

func listed(t *testing.T, s objects.Store, prefix string) []string {
	t.Helper()
	out := []string{}
	err := s.List(t.Context(), prefix, func(key string, _ int64) error {
		out = append(out, key)
		return nil
	})
	if err != nil {
		t.Fatalf("List %q: %v", prefix, err)
	}
	slices.Sort(out)
	return out
}

func wantKeys(t *testing.T, s objects.Store, prefix string, want ...string) {
	t.Helper()
	if got := listed(t, s, prefix); !slices.Equal(got, want) {
		t.Fatalf("List %q gives %q, want %q", prefix, got, want)
	}
}

func putThenOpen(t *testing.T, s objects.Store) {
	for i, content := range [][]byte{{}, []byte("x"), bytes.Repeat([]byte("0123456789abcdef"), 300_000)} {
		key := fmt.Sprintf("repos/r1/packs/p%d.pack", i)
		put(t, s, key, content)
		has(t, s, key, content)
	}
}

// The caller clears its quarantine after a push; the blob must not go with it.
func putOutlivesItsFile(t *testing.T, s objects.Store) {
	path := newFile(t, []byte("pack"))
	if err := s.Put(t.Context(), "repos/r1/packs/p.pack", path); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	has(t, s, "repos/r1/packs/p.pack", []byte("pack"))
}

func putOfATakenKey(t *testing.T, s objects.Store) {
	put(t, s, "repos/r1/packs/p.pack", []byte("first"))
	for _, content := range []string{"second", "first"} {
		err := s.Put(t.Context(), "repos/r1/packs/p.pack", newFile(t, []byte(content)))
		if !errors.Is(err, objects.ErrExists) {
			t.Fatalf("Put of a taken key: %v, want ErrExists", err)
		}
	}
	has(t, s, "repos/r1/packs/p.pack", []byte("first"))
	wantKeys(t, s, "", "repos/r1/packs/p.pack")
}

func putOfNoFile(t *testing.T, s objects.Store) {
	dir := t.TempDir()
	for _, path := range []string{filepath.Join(dir, "absent"), dir} {
		if err := s.Put(t.Context(), "repos/r1/packs/p.pack", path); err == nil {
			t.Fatalf("Put of %q: no error", path)
		}
	}
	wantKeys(t, s, "")
}

// Of Puts of one key at the same time one succeeds, and its bytes are the blob's.
func putOnceAmongMany(t *testing.T, s objects.Store) {
	var winner atomic.Int64
	var wins atomic.Int32
	var wg sync.WaitGroup
	for i := range 16 {
		path := newFile(t, fmt.Appendf(nil, "content %d", i))
		wg.Go(func() {
			switch err := s.Put(t.Context(), "repos/r1/packs/p.pack", path); {
			case err == nil:
				wins.Add(1)
				winner.Store(int64(i))
			case !errors.Is(err, objects.ErrExists):
				t.Errorf("Put: %v", err)
			}
		})
	}
	wg.Wait()
	if wins.Load() != 1 {
		t.Fatalf("%d Puts of one key succeeded", wins.Load())
	}
	has(t, s, "repos/r1/packs/p.pack", fmt.Appendf(nil, "content %d", winner.Load()))
}

func fetch(t *testing.T, s objects.Store) {
	content := bytes.Repeat([]byte("pack"), 100_000)
	put(t, s, "repos/r1/packs/p.pack", content)
	for i := range 3 {
		dst := filepath.Join(t.TempDir(), fmt.Sprint("fetched", i))
		if err := s.Fetch(t.Context(), "repos/r1/packs/p.pack", dst); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(dst)
		if err != nil || !bytes.Equal(got, content) {
			t.Fatalf("fetched %d bytes, %v", len(got), err)
		}
		if err := os.Remove(dst); err != nil {
			t.Fatal(err)
		}
	}
	has(t, s, "repos/r1/packs/p.pack", content)
}

func fetchOntoAFile(t *testing.T, s objects.Store) {
	put(t, s, "repos/r1/packs/p.pack", []byte("pack"))
	dst := newFile(t, []byte("mine"))
	if err := s.Fetch(t.Context(), "repos/r1/packs/p.pack", dst); err == nil {
		t.Fatal("Fetch onto a file that exists: no error")
	}
	if got, err := os.ReadFile(dst); err != nil || string(got) != "mine" {
		t.Fatalf("the file is now %q, %v", got, err)
	}
	if err := s.Fetch(t.Context(), "repos/r1/packs/p.pack", filepath.Join(t.TempDir(), "no", "dir")); err == nil || errors.Is(err, objects.ErrNotFound) {
		t.Fatalf("Fetch into a directory that is not there: %v, want an error that is not ErrNotFound", err)
	}
}

func absent(t *testing.T, s objects.Store) {
	put(t, s, "repos/r1/packs/p.pack", []byte("pack"))
	for _, key := range []string{"repos/r1/packs/p.idx", "repos/r2/packs/p.pack", "repos/r1/packs", "repos", "repos/r1/packs/p.pack/x"} {
		if _, err := s.Open(t.Context(), key); !errors.Is(err, objects.ErrNotFound) {
			t.Errorf("Open %q: %v, want ErrNotFound", key, err)
		}
		dst := filepath.Join(t.TempDir(), "dst")
		if err := s.Fetch(t.Context(), key, dst); !errors.Is(err, objects.ErrNotFound) {
			t.Errorf("Fetch %q: %v, want ErrNotFound", key, err)
		}
		if _, err := os.Lstat(dst); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("Fetch %q left a file: %v", key, err)
		}
		if err := s.Delete(t.Context(), key); err != nil {
			t.Errorf("Delete %q: %v", key, err)
		}
	}
	has(t, s, "repos/r1/packs/p.pack", []byte("pack"))
}

func deleteBlob(t *testing.T, s objects.Store) {
	put(t, s, "repos/r1/packs/p.pack", []byte("pack"))
	put(t, s, "repos/r1/packs/p.idx", []byte("idx"))
	for range 2 {
		if err := s.Delete(t.Context(), "repos/r1/packs/p.pack"); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Open(t.Context(), "repos/r1/packs/p.pack"); !errors.Is(err, objects.ErrNotFound) {
		t.Fatalf("Open after Delete: %v", err)
	}
	wantKeys(t, s, "", "repos/r1/packs/p.idx")
	has(t, s, "repos/r1/packs/p.idx", []byte("idx"))
}

// A clone that reads a pack may outlive the pack's compaction.
func deleteWhileOpen(t *testing.T, s objects.Store) {
	content := bytes.Repeat([]byte("pack"), 500_000)
	put(t, s, "repos/r1/packs/p.pack", content)
	r, err := s.Open(t.Context(), "repos/r1/packs/p.pack")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if err := s.Delete(t.Context(), "repos/r1/packs/p.pack"); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, content) {
		t.Fatalf("read %d bytes, %v", len(got), err)
	}
}

// Blobs of one repository come and go at the same time; none that was put is lost.
func putBesideDelete(t *testing.T, s objects.Store) {
	var wg sync.WaitGroup
	for w := range 4 {
		path := newFile(t, []byte("pack"))
		wg.Go(func() {
			for i := range 50 {
				key := fmt.Sprintf("repos/r1/packs/p-%d-%d.pack", w, i)
				if err := s.Put(t.Context(), key, path); err != nil {
					t.Errorf("Put %q: %v", key, err)
				}
				if r, err := s.Open(t.Context(), key); err != nil {
					t.Errorf("Open %q: %v", key, err)
				} else {
					r.Close()
				}
				if err := s.Delete(t.Context(), key); err != nil {
					t.Errorf("Delete %q: %v", key, err)
				}
			}
		})
	}
	wg.Wait()
	wantKeys(t, s, "")
}

func cancelled(t *testing.T, s objects.Store) {
	put(t, s, "repos/r1/packs/p.pack", []byte("pack"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	dst := filepath.Join(t.TempDir(), "dst")
	_, openErr := s.Open(ctx, "repos/r1/packs/p.pack")
	for what, err := range map[string]error{
		"Put":    s.Put(ctx, "repos/r1/packs/q.pack", newFile(t, nil)),
		"Fetch":  s.Fetch(ctx, "repos/r1/packs/p.pack", dst),
		"Open":   openErr,
		"Delete": s.Delete(ctx, "repos/r1/packs/p.pack"),
		"List":   s.List(ctx, "", func(string, int64) error { return nil }),
		"Ping":   s.Ping(ctx),
	} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s with a context that has ended: %v", what, err)
		}
	}
	wantKeys(t, s, "", "repos/r1/packs/p.pack")
}

func ping(t *testing.T, s objects.Store) {
	if err := s.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantKeys(t, s, "")
}
