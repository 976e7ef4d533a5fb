package git_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"sojourn/internal/git"
	"sojourn/internal/store"
)

// packs lists demo's packs.
func (s *server) packs() (packs []store.Pack) {
	s.t.Helper()
	s.view(func(tx store.Tx) (err error) {
		packs, err = tx.Packs(demoID)
		return err
	})
	return packs
}

func kinds(packs []store.Pack) string {
	var out []string
	for _, p := range packs {
		out = append(out, p.Kind)
	}
	return strings.Join(out, " ")
}

// pushes makes n commits on main and pushes each.
func (c clone) pushes(from, n int) {
	c.s.t.Helper()
	for i := range n {
		c.commit(fmt.Sprint("file", from+i), strings.Repeat(fmt.Sprintln("line", from+i), 50))
		c.git("push", "-q", "origin", "main")
	}
}

// mirror is a fresh, checked clone of everything.
func (s *server) mirror(name string) clone {
	s.t.Helper()
	c := s.in(name)
	os.RemoveAll(c.dir)
	s.user().git("clone", "-q", "--mirror", s.url, name)
	c.git("fsck", "--full", "--strict", "--no-dangling")
	return c
}

// compact compacts demo.
func (s *server) compact(kind git.Compaction) git.Compacted {
	s.t.Helper()
	done, err := s.engine.Compact(s.t.Context(), demoID, kind)
	if err != nil {
		s.t.Fatal(err)
	}
	return done
}

// TestCompaction: packs become fewer, first the small ones, then all with a
// bitmap and the graph; nothing is lost, not even what no ref reaches.
func TestCompaction(t *testing.T) {
	s := start(t, func(o *git.Options) { o.Idle = true }) // nothing is compacted but here
	w := s.work("work")
	w.git("push", "-q", "origin", "main")
	w.git("checkout", "-q", "-b", "gone")
	lost := w.commit("unreachable", "nothing refers to this\n")
	w.git("push", "-q", "origin", "gone")
	w.git("push", "-q", "origin", "--delete", "gone")
	w.git("checkout", "-q", "main")
	w.pushes(0, 6)
	before, row := s.packs(), s.row()

	done := s.compact(git.CompactGeometric)
	if after := s.packs(); done.Before != len(before) || done.After != len(after) || len(after) >= len(before) {
		t.Errorf("geometric: %+v, %d packs", done, len(after))
	}
	s.same(w, s.mirror("one"), "main")
	done = s.compact(git.CompactBase)
	packs := s.packs()
	if kinds(packs) != "base unreachable" || packs[0].BitmapSize == 0 || packs[0].GraphSize == 0 || packs[0].Added == 0 {
		t.Fatalf("base: %+v, packs %+v", done, packs)
	}
	if now := s.row(); now.Version != row.Version || now.GCEpoch != row.GCEpoch || now.PackGen != row.PackGen+2 {
		t.Errorf("the row was %+v, is %+v", row, now)
	}
	s.same(w, s.mirror("two"), "main")
	if kind, err := s.engine.ObjectType(t.Context(), demoID, lost); err != nil || kind != "commit" {
		t.Errorf("the unreachable commit is %q, %v", kind, err)
	}
	for _, name := range []string{"pack-" + packs[0].ID + ".bitmap", "commit-graph"} {
		if !strings.Contains(strings.Join(files(t, filepath.Join(s.dir, "cache", "gens")), "\n"), name) {
			t.Errorf("no %s in the generation", name)
		}
	}

	w.pushes(10, 3)
	if got := kinds(s.packs()); got != "base unreachable push push push" {
		t.Errorf("packs %s", got)
	}
	s.compact(git.CompactGeometric) // leaves the base alone
	if got := kinds(s.packs()); got != "base unreachable compact" && got != "base unreachable push compact" {
		t.Errorf("packs %s", got)
	}
	s.same(w, s.mirror("three"), "main")
	if left := files(t, filepath.Join(s.dir, "cache", "upkeep")); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
}

// TestCompactsByItself: the fifty-first pack of a repository has it compacted.
func TestCompactsByItself(t *testing.T) {
	s := start(t, func(o *git.Options) { o.CompactEvery = time.Hour })
	w := s.work("work")
	w.git("push", "-q", "origin", "main")
	w.pushes(0, 50)
	waitFor(t, "the compaction", func() bool { return len(s.packs()) < 10 })
	waitFor(t, "its count", func() bool { return s.engine.Stats().Compactions["base"] == 1 })
	s.same(w, s.mirror("one"), "main")
}

// TestPushDuringCompaction: pushes that are committed while packs are joined stay
// as they are, and a push that saw the old packs is committed after.
func TestPushDuringCompaction(t *testing.T) {
	for _, point := range []string{"repack-after-put", "repack-before-commit", "repack-after-commit"} {
		var s *server
		var w clone
		s = start(t, hooked(point, func() { w.pushes(100, 2) }))
		w = s.work("work")
		w.git("push", "-q", "origin", "main")
		w.pushes(0, 4)
		s.compact(git.CompactBase)
		if got := kinds(s.packs()); got != "push push base" && got != "base push push" {
			t.Errorf("%s: packs %s", point, got)
		}
		s.same(w, s.mirror("one"), "main")
	}
	// The other way round: a push has made its checks, then all packs are joined.
	var s *server
	armed := false
	s = start(t, func(o *git.Options) {
		o.Hook = func(at string) {
			if at == "before-commit" && armed {
				armed = false
				s.compact(git.CompactBase)
			}
		}
	})
	w := s.work("work")
	w.git("push", "-q", "origin", "main")
	w.pushes(0, 4)
	armed = true
	w.pushes(10, 1)
	if got := kinds(s.packs()); armed || got != "base push" {
		t.Errorf("packs %s", got)
	}
	s.same(w, s.mirror("one"), "main")
}

// TestTwoCompactions: of two that are at it at once one does nothing, and where
// the lease did not keep them apart one is void and leaves nothing behind.
func TestTwoCompactions(t *testing.T) {
	var s *server
	var inside git.Compacted
	armed, steal := true, false
	s = start(t, func(o *git.Options) {
		o.Hook = func(at string) {
			if at == "repack-before-commit" && armed {
				armed = false
				if steal {
					s.dropLease("compact/" + demoID)
				}
				inside = s.compact(git.CompactBase)
			}
		}
	})
	w := s.work("work")
	w.git("push", "-q", "origin", "main")
	w.pushes(0, 3)
	s.compact(git.CompactBase)
	if inside.Before != inside.After || len(s.packs()) != 1 {
		t.Errorf("inside the other: %+v", inside)
	}
	w.pushes(10, 3)
	armed, steal = true, true
	if _, err := s.engine.Compact(t.Context(), demoID, git.CompactBase); err == nil || !strings.Contains(err.Error(), "changed meanwhile") {
		t.Errorf("the slower one: %v", err)
	}
	if len(s.packs()) != 1 {
		t.Errorf("packs %s", kinds(s.packs()))
	}
	s.same(w, s.mirror("one"), "main")
	s.view(func(tx store.Tx) error {
		uploads, err := tx.Uploads(demoID)
		if len(uploads) > 0 {
			t.Errorf("intents are left: %v", uploads)
		}
		return err
	})
}

func (s *server) dropLease(name string) {
	s.t.Helper()
	err := s.store.Update(context.Background(), func(tx store.Tx) error {
		owner, _, err := tx.Lease(name)
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		return errors.Join(err, tx.DropLease(name, owner))
	})
	if err != nil {
		s.t.Error(err)
	}
}

// TestExpiredCompaction: a server that paused for longer than an upload may take
// does not commit packs whose blobs the sweeper has taken.
func TestExpiredCompaction(t *testing.T) {
	var s *server
	s = start(t, hooked("repack-before-commit", func() {
		err := s.store.Update(context.Background(), func(tx store.Tx) error {
			_, err := tx.KillUploads(time.Now().Add(time.Hour).Unix())
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}))
	w := s.work("work")
	w.git("push", "-q", "origin", "main")
	w.pushes(0, 3)
	before := s.packs()
	if _, err := s.engine.Compact(t.Context(), demoID, git.CompactBase); !errors.Is(err, git.ErrExpired) {
		t.Errorf("the paused one: %v", err)
	}
	if kinds(s.packs()) != kinds(before) {
		t.Errorf("packs %s", kinds(s.packs()))
	}
	s.same(w, s.mirror("one"), "main")
}

// TestFetchDuringCompaction: a fetch that has begun on the old packs ends well,
// though they are gone from list and store.
func TestFetchDuringCompaction(t *testing.T) {
	s := start(t, func(o *git.Options) { o.TrashGrace = -time.Hour; o.SweepEvery = 20 * time.Millisecond })
	w := s.work("work")
	w.git("push", "-q", "origin", "main")
	w.pushes(0, 5)
	s.mirror("first")
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			for j := range 4 {
				s.mirror(fmt.Sprint("clone", i, j))
			}
		})
	}
	for i := range 6 {
		s.compact(git.CompactBase)
		w.pushes(20+2*i, 2)
	}
	wg.Wait()
	s.same(w, s.mirror("last"), "main")
}

// TestTrashKeepsForBackup: what left the list stays as long as a backup is made.
func TestTrashKeepsForBackup(t *testing.T) {
	s := start(t)
	w := s.work("work")
	w.git("push", "-q", "origin", "main")
	w.pushes(0, 3)
	old := s.packs()
	err := s.store.Update(t.Context(), func(tx store.Tx) error {
		return tx.TakeLease(git.BackupLease, "somebody", time.Now().Unix(), time.Now().Add(time.Hour).Unix())
	})
	if err != nil {
		t.Fatal(err)
	}
	s.compact(git.CompactBase)
	s.close()
	sweep := func() int {
		s.open(func(o *git.Options) { o.TrashGrace, o.SweepEvery = -time.Hour, time.Hour })
		waitFor(t, "a sweep", func() bool { return s.engine.Stats().Sweeps > 0 })
		n := len(files(t, s.dir+"/objects"))
		s.dropLease(git.BackupLease)
		s.close()
		return n
	}
	if n := sweep(); n != 2*len(old)+4 {
		t.Errorf("%d blobs while a backup is made", n)
	}
	if n := sweep(); n != 4 {
		t.Errorf("%d blobs after it", n)
	}
	s.open()
}

// TestLossyCompaction: where git leaves an object out of a new pack, which no
// version of it is known to do, the old packs stay.
func TestLossyCompaction(t *testing.T) {
	real, err := exec.LookPath("git")
	if err != nil {
		t.Fatal(err)
	}
	lossy := filepath.Join(t.TempDir(), "git")
	script := "#!/bin/sh\nfor a; do shift; [ \"$a\" = --cruft ] || set -- \"$@\" \"$a\"; done\nexec " + real + " \"$@\"\n"
	if err := os.WriteFile(lossy, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	s := start(t, func(o *git.Options) { o.Git = lossy })
	w := s.work("work")
	w.git("push", "-q", "origin", "main")
	w.git("checkout", "-q", "-b", "gone")
	lost := w.commit("unreachable", "nothing refers to this\n")
	w.git("push", "-q", "origin", "gone")
	w.git("push", "-q", "origin", "--delete", "gone")
	before := packIDs(s)
	if _, err := s.engine.Compact(t.Context(), demoID, git.CompactBase); err == nil || !strings.Contains(err.Error(), "is in none of the packs that stay") {
		t.Errorf("a compaction that loses an object: %v", err)
	}
	if after := packIDs(s); !slices.Equal(before, after) {
		t.Errorf("packs were %q, are %q", before, after)
	}
	if kind, err := s.engine.ObjectType(t.Context(), demoID, lost); kind != "commit" || err != nil {
		t.Errorf("the object is a %q, %v", kind, err)
	}
	s.noIntents()
}

// TestPurgeDuringBackup: what a backup may still read is not deleted.
func TestPurgeDuringBackup(t *testing.T) {
	s := start(t)
	w := s.work("work")
	w.git("push", "-q", "origin", "main")
	err := s.engine.WhileBackup(t.Context(), func(ctx context.Context) error {
		_, err := s.engine.Purge(ctx, demoID, nil)
		return err
	})
	if !errors.Is(err, git.ErrBackup) {
		t.Errorf("a purge beside a backup: %v", err)
	}
	if _, err := s.engine.Purge(t.Context(), demoID, nil); err != nil {
		t.Errorf("a purge after it: %v", err)
	}
}
