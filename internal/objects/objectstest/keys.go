package objectstest

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"sojourn/internal/objects"
)

func list(t *testing.T, s objects.Store) {
	wantKeys(t, s, "")
	wantKeys(t, s, "repos/r1/")
	all := []string{"other/x", "repos/r1/packs/a.idx", "repos/r1/packs/a.pack", "repos/r1/packs/b.pack", "repos/r10/packs/a.pack", "repos/r2/packs/c.pack", "top"}
	for _, key := range all {
		put(t, s, key, []byte(key))
	}
	wantKeys(t, s, "", all...)
	wantKeys(t, s, "repos/r1/", all[1:4]...)
	wantKeys(t, s, "repos/r1", all[1:5]...)
	wantKeys(t, s, "repos/r1/packs/a", all[1:3]...)
	wantKeys(t, s, "repos/r1/packs/a.pack", all[2])
	wantKeys(t, s, "t", "top")
	wantKeys(t, s, "repos/r3")
	wantKeys(t, s, "top/")
	err := s.List(t.Context(), "", func(key string, size int64) error {
		if size != int64(len(key)) {
			t.Errorf("%q has size %d", key, size)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func listStops(t *testing.T, s objects.Store) {
	for i := range 5 {
		put(t, s, fmt.Sprintf("repos/r1/packs/p%d.pack", i), nil)
	}
	stop, calls := errors.New("enough"), 0
	err := s.List(t.Context(), "repos/", func(string, int64) error {
		calls++
		return stop
	})
	if !errors.Is(err, stop) || calls != 1 {
		t.Fatalf("List gave %v after %d calls, want the function's error after 1", err, calls)
	}
}

func listWhileDeleting(t *testing.T, s objects.Store) {
	for i := range 20 {
		put(t, s, fmt.Sprintf("repos/r%d/packs/p.pack", i), nil)
		put(t, s, fmt.Sprintf("repos/r%d/packs/p.idx", i), nil)
	}
	err := s.List(t.Context(), "repos/", func(key string, _ int64) error {
		return errors.Join(
			s.Delete(t.Context(), strings.Replace(key, ".pack", ".idx", 1)),
			s.Delete(t.Context(), strings.Replace(key, ".idx", ".pack", 1)))
	})
	if err != nil {
		t.Fatal(err)
	}
	wantKeys(t, s, "")
}

func keys(t *testing.T, s objects.Store) {
	bad := []string{"", "/", "a/", "/a", "a//b", ".", "..", "../x", "a/../b", "a/..", "a/./b", "a..b", ".a", "a/.b", "_a", "-a",
		"A", "a/B", "a b", "a\\b", "a:b", "a\x00b", "a\nb", "é", "a%2fb", strings.Repeat("a", 513)}
	for _, key := range bad {
		if err := s.Put(t.Context(), key, newFile(t, nil)); err == nil {
			t.Errorf("Put %q: no error", key)
		}
		if err := s.Fetch(t.Context(), key, filepath.Join(t.TempDir(), "dst")); err == nil || errors.Is(err, objects.ErrNotFound) {
			t.Errorf("Fetch %q: %v", key, err)
		}
		if _, err := s.Open(t.Context(), key); err == nil || errors.Is(err, objects.ErrNotFound) {
			t.Errorf("Open %q: %v", key, err)
		}
		if err := s.Delete(t.Context(), key); err == nil {
			t.Errorf("Delete %q: no error", key)
		}
		if key == "" || key == "a/" {
			continue // as a prefix they are right
		}
		if err := s.List(t.Context(), key, func(string, int64) error { return nil }); err == nil {
			t.Errorf("List %q: no error", key)
		}
	}
	for _, key := range []string{"a", "0", "a.b", "a-b_c.d", "a/b.c/d", strings.Repeat("a", 200)} {
		put(t, s, key+"/x", []byte(key))
		has(t, s, key+"/x", []byte(key))
	}
}
