package git_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sojourn/internal/git"
	"sojourn/internal/store"
)

func (s *server) fsck() git.Checked {
	s.t.Helper()
	var c git.Checked
	if err := errors.Join(s.engine.Fsck(s.t.Context(), demoID, &c), s.engine.FsckStrays(s.t.Context(), &c)); err != nil {
		s.t.Fatal(err)
	}
	return c
}

// TestFsck: a sound repository has no problem, and each kind of damage is found.
func TestFsck(t *testing.T) {
	blob := func(s *server, ext string) string {
		return filepath.Join(s.dir, "objects", "repos", demoID, "packs", s.packs()[0].ID+ext)
	}
	change := func(s *server, f func(tx store.Tx) error) {
		if err := s.store.Update(context.Background(), f); err != nil {
			s.t.Fatal(err)
		}
	}
	spoil := func(path string) {
		b, _ := os.ReadFile(path)
		b[len(b)/2] ^= 1
		if err := errors.Join(os.Remove(path), os.WriteFile(path, b, 0o600)); err != nil {
			t.Error(err)
		}
	}
	for _, c := range []struct {
		name   string
		damage func(s *server)
		want   string
	}{
		{"nothing", func(*server) {}, ""},
		{"pack is gone", func(s *server) { os.Remove(blob(s, ".pack")) }, ".pack is missing"},
		{"bitmap is gone", func(s *server) { os.Remove(blob(s, ".bitmap")) }, ".bitmap is missing"},
		{"a flipped bit", func(s *server) { spoil(blob(s, ".pack")) }, "with SHA-256"},
		{"a flipped bit in the graph", func(s *server) { spoil(blob(s, ".graph")) }, "with SHA-256"},
		{"a stranger", func(s *server) { os.WriteFile(filepath.Join(filepath.Dir(blob(s, "")), "feed.pack"), nil, 0o600) }, "feed.pack belongs to no pack"},
		{"a stranger's repository", func(s *server) {
			dir := filepath.Join(s.dir, "objects", "repos", "nobody", "packs")
			os.MkdirAll(dir, 0o700)
			os.WriteFile(filepath.Join(dir, "feed.pack"), nil, 0o600)
		}, "repos/nobody/packs/feed.pack belongs to no pack"},
		{"a ref to nothing", func(s *server) {
			change(s, func(tx store.Tx) error {
				return tx.PutRefs(demoID, []store.Ref{{Name: "refs/heads/x", OID: strings.Repeat("1", 40)}})
			})
		}, "refs/heads/x points to 1111111111111111111111111111111111111111, which does not exist"},
		{"a wrong kind", func(s *server) {
			change(s, func(tx store.Tx) error {
				return tx.PutRefs(demoID, []store.Ref{{Name: "refs/heads/x", OID: s.in("work").git("rev-parse", "HEAD^{tree}")}})
			})
		}, "refs/heads/x points to a tree, not a commit"},
		{"a wrong peel", func(s *server) {
			change(s, func(tx store.Tx) error {
				return tx.PutRefs(demoID, []store.Ref{{Name: "refs/tags/v1", OID: s.in("work").git("rev-parse", "v1")}})
			})
		}, "refs/tags/v1: what its tag points to"},
		{"no default branch", func(s *server) {
			change(s, func(tx store.Tx) error { return tx.DeleteRefs(demoID, []string{"refs/heads/main"}) })
		}, "the default branch refs/heads/main does not exist"},
		{"a pack left out", func(s *server) {
			change(s, func(tx store.Tx) error { return tx.DeletePacks(demoID, []string{s.packs()[0].ID}, time.Now().Unix()) })
		}, "does not exist"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := start(t)
			w := s.work("work")
			w.git("tag", "-a", "-m", "A tag", "v1")
			w.git("push", "-q", "origin", "main", "v1")
			w.pushes(0, 2)
			s.compact(git.CompactBase)
			c.damage(s)
			got := s.fsck()
			var all []string
			for _, p := range got.Problems {
				all = append(all, p.Text)
			}
			if text := strings.Join(all, "\n"); !strings.Contains(text, c.want) || (c.want == "") != (text == "") || strings.Contains(text, s.dir) {
				t.Errorf("found %q, want %q", text, c.want)
			}
			if got.Repositories != 1 || got.Refs == 0 {
				t.Errorf("looked at %+v", got)
			}
		})
	}
}

// TestPurge: what no ref reaches is gone for good: from the next fetch on, from
// the store, and from what a running server has on its disk.
func TestPurge(t *testing.T) {
	s := start(t, func(o *git.Options) { o.SweepEvery = 20 * time.Millisecond })
	w := s.work("work")
	w.git("push", "-q", "origin", "main")
	w.git("checkout", "-q", "-b", "leak")
	secret := w.commit("key", "a secret that leaked\n")
	blob := w.git("rev-parse", "HEAD:key")
	w.git("push", "-q", "origin", "leak")
	s.compact(git.CompactBase) // so that a pack with it is in the trash, too
	if _, err := s.engine.Purge(t.Context(), demoID, []string{blob}); err == nil || !strings.Contains(err.Error(), "still reachable") {
		t.Errorf("while a branch has it: %v", err)
	}
	w.git("push", "-q", "origin", "--delete", "leak")
	w.git("checkout", "-q", "main")
	w.pushes(0, 2)
	want := func(oid string) error {
		s.user().git("init", "-q", "--bare", "fetcher")
		return s.in("fetcher").command("-c", "protocol.version=2", "fetch", "-q", s.url, oid).Run()
	}
	if err := want(secret); err != nil {
		t.Errorf("before the purge: %v", err) // version 2 serves what is asked for by its id
	}
	os.RemoveAll(s.in("fetcher").dir)
	row := s.row()
	done, err := s.engine.Purge(t.Context(), demoID, []string{secret, blob})
	if err != nil || done.After >= done.Before || done.Packs == 0 {
		t.Fatalf("%+v, %v", done, err)
	}
	if now := s.row(); now.GCEpoch != row.GCEpoch+1 || now.Version != row.Version+1 {
		t.Errorf("the row was %+v, is %+v", row, now)
	}
	if want(secret) == nil {
		t.Error("the secret can be fetched after the purge")
	}
	s.same(w, s.mirror("after"), "main")
	if blobs := files(t, s.dir+"/objects"); len(blobs) != 4 {
		t.Errorf("stored are %q", blobs)
	}
	if c := s.fsck(); len(c.Problems) > 0 {
		t.Errorf("problems %+v", c.Problems)
	}
	id := s.packs()[0].ID
	waitFor(t, "the cache to let go", func() bool {
		for _, f := range files(t, filepath.Join(s.dir, "cache", "gens")) {
			if strings.HasSuffix(f, ".pack") && !strings.Contains(f, id) {
				return false
			}
		}
		return true
	})
}

// TestPurgeAndPush are the two races of a purge: with a push that leans on what
// goes, and with one that makes it needed again.
func TestPurgeAndPush(t *testing.T) {
	t.Run("push paused", func(t *testing.T) {
		var s *server
		armed := false
		s = start(t, func(o *git.Options) {
			o.Hook = func(at string) {
				if at == "before-commit" && armed {
					armed = false
					if _, err := s.engine.Purge(context.Background(), demoID, nil); err != nil {
						t.Error(err)
					}
				}
			}
		})
		w := s.work("work")
		w.git("push", "-q", "origin", "main")
		w.git("checkout", "-q", "-b", "gone")
		id := w.commit("base", "leaned upon\n")
		w.git("push", "-q", "origin", "gone")
		w.git("push", "-q", "origin", "--delete", "gone")
		// The server has the commit still: an empty pack will do, until the purge.
		armed = true
		results, err := s.engine.UpdateRefs(t.Context(), demoID, "arn:aws:iam::111122223333:root", []git.RefUpdate{{Name: "refs/heads/back", New: id}}, false)
		if err != nil || armed || !errors.Is(results[0].Err, git.ErrMissing) {
			t.Errorf("the paused push: %+v, %v", results, err)
		}
		s.mirror("sound")
	})
	t.Run("purge paused", func(t *testing.T) {
		var s *server
		var id string
		armed := false
		s = start(t, func(o *git.Options) {
			o.Hook = func(at string) {
				if at == "repack-before-commit" && armed {
					armed = false
					s.update(git.RefUpdate{Name: "refs/heads/back", New: id})
				}
			}
		})
		w := s.work("work")
		w.git("push", "-q", "origin", "main")
		w.git("checkout", "-q", "-b", "gone")
		id = w.commit("base", "leaned upon\n")
		w.git("push", "-q", "origin", "gone")
		w.git("push", "-q", "origin", "--delete", "gone")
		armed = true
		if _, err := s.engine.Purge(t.Context(), demoID, nil); err != nil || armed { // began again, and kept it
			t.Errorf("the purge: %v", err)
		}
		c := s.mirror("sound")
		if got := c.git("rev-parse", "refs/heads/back"); got != id {
			t.Errorf("back is %s", got)
		}
		if c := s.fsck(); len(c.Problems) > 0 {
			t.Errorf("problems %+v", c.Problems)
		}
	})
}
