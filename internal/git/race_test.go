package git_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"sojourn/internal/git"
	"sojourn/internal/store"
)

// hooked pauses a push at a point, for f to change the world meanwhile.
func hooked(point string, f func()) func(*git.Options) {
	var once sync.Once
	return func(o *git.Options) {
		o.Hook = func(at string) {
			if at == point {
				once.Do(f)
			}
		}
	}
}

// TestExpiredUpload: a push that paused for longer than an upload may take is
// not committed after the sweeper has taken its blobs.
func TestExpiredUpload(t *testing.T) {
	var s *server
	s = start(t, hooked("before-commit", func() {
		err := s.store.Update(context.Background(), func(tx store.Tx) error {
			_, err := tx.KillUploads(time.Now().Add(time.Hour).Unix())
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}))
	w := s.work("work")
	if out := w.fails("push", "origin", "main"); !strings.Contains(out, "main -> main (the upload took too long and was given up; push again)") {
		t.Errorf("git says:\n%s", out)
	}
	s.noPacksBut(0)
	w.git("push", "-q", "origin", "main")
	s.noPacksBut(1)
}

// TestMovedMeanwhile: a ref moves between a push's checks and its commit. The
// push's other refs go through, or with --atomic none.
func TestMovedMeanwhile(t *testing.T) {
	for _, atomic := range []bool{false, true} {
		var s *server
		var first string
		s = start(t, func(o *git.Options) {
			o.Hook = func(at string) {
				if at == "before-commit" && first != "" {
					id := first
					first = ""
					s.update(git.RefUpdate{Name: "refs/heads/topic", Old: id})
				}
			}
		})
		w := s.work("work")
		w.git("push", "-q", "origin", "main", "main:refs/heads/topic")
		id := w.git("rev-parse", "HEAD")
		w.commit("two", "2\n")
		first = id
		args := []string{"push", "origin", "main", "main:refs/heads/topic", "main:refs/heads/new"}
		if atomic {
			args = append(args, "--atomic")
		}
		if out := w.fails(args...); !strings.Contains(out, "main -> topic (the ref does not exist)") || strings.Contains(out, "main -> new (atomic push failure") != atomic {
			t.Errorf("git says:\n%s", out)
		}
		if refs := s.refs(); strings.Contains(refs, "heads/new") == atomic || strings.Contains(refs, "topic") {
			t.Errorf("atomic %v: the server has\n%s", atomic, refs)
		}
		s.noPacksBut(map[bool]int{false: 2, true: 1}[atomic])
	}
}

// TestPurgeMeanwhile: objects that a push leans on are dropped between its
// checks and its commit; it checks again and is refused, also where only an
// object leans on them that the push's own ref does not reach: the next may.
func TestPurgeMeanwhile(t *testing.T) {
	for name, tip := range map[string]string{"reached": "secret", "not reached": "fine"} {
		t.Run(name, func(t *testing.T) { purgeMeanwhile(t, tip) })
	}
}

func purgeMeanwhile(t *testing.T, tip string) {
	var s *server
	purge := func() {
		err := s.store.Update(context.Background(), func(tx store.Tx) error {
			row, err := tx.LockRepository(demoID)
			if err != nil {
				return err
			}
			packs, err := tx.Packs(demoID)
			if err != nil {
				return err
			}
			row.Version, row.GCEpoch, row.PackGen = row.Version+1, row.GCEpoch+1, row.PackGen+1
			return errors.Join(tx.DeletePacks(demoID, []string{packs[1].ID}, time.Now().Unix()), tx.UpdateRepository(row))
		})
		if err != nil {
			t.Error(err)
		}
	}
	pushes := 0
	s = start(t, func(o *git.Options) {
		o.Hook = func(at string) {
			if at == "before-commit" {
				if pushes++; pushes == 4 {
					purge()
				}
			}
		}
	})
	w := s.work("work")
	w.git("push", "-q", "origin", "main")
	w.git("checkout", "-q", "-b", "secret")
	w.commit("secret", "secret\n")
	w.git("push", "-q", "origin", "secret")             // the second pack
	w.git("push", "-q", "origin", "--delete", "secret") // whose objects nothing needs now
	w.git("update-ref", "refs/remotes/origin/secret", "secret")
	w.commit("more", "more\n")
	w.git("checkout", "-q", "-b", "fine", "main")
	w.commit("fine", "fine\n")
	// A pack that leans on the second: git would not make it, for the server does not show the branch.
	got := s.push(commands("", zero+" "+w.git("rev-parse", tip)+" refs/heads/again"), w.pack("secret", "fine", "^secret~1"))
	if got != "unpack ok\nng refs/heads/again missing necessary objects" {
		t.Errorf("got %q", got)
	}
	if pushes != 4 {
		t.Errorf("%d commits were tried, want 4", pushes)
	}
	s.user().git("clone", "-q", "--mirror", s.url, "mirror")
	s.in("mirror").git("fsck", "--full", "--strict")
	if blobs := files(t, s.dir+"/objects"); len(blobs) != 4 { // the purged pack is in the trash, the refused one gone
		t.Errorf("stored: %q", blobs)
	}
}

// TestRaces: many clients push to one branch and to their own; every
// acknowledged push is in the log once, and what is read is never older than
// what was acknowledged before.
func TestRaces(t *testing.T) {
	s := start(t)
	w := s.work("work")
	w.git("push", "-q", "origin", "main")
	const clients, rounds = 4, 5
	acked := make([][]string, clients)
	var group sync.WaitGroup
	for i := range clients {
		name := fmt.Sprint("client", i)
		s.user().git("clone", "-q", s.url, name)
		group.Go(func() {
			c := s.in(name)
			for n := range rounds {
				c.write(fmt.Sprint("own", i), fmt.Sprint(n))
				for _, args := range [][]string{{"add", "."}, {"commit", "-q", "-m", fmt.Sprint(i, n)}} {
					if out, err := c.command(args...).CombinedOutput(); err != nil {
						t.Errorf("%v %s", err, out)
					}
				}
				id, _ := c.command("rev-parse", "HEAD").Output()
				if c.command("push", "-q", "origin", "HEAD:main").Run() == nil {
					acked[i] = append(acked[i], strings.TrimSpace(string(id)))
				} else if out, err := c.command("pull", "-q", "--rebase").CombinedOutput(); err != nil {
					t.Errorf("%v %s", err, out)
				}
				if out, err := c.command("push", "-q", "-f", "origin", "HEAD:refs/heads/own"+fmt.Sprint(i)).CombinedOutput(); err != nil {
					t.Errorf("%v %s", err, out)
				}
				own, _ := c.command("ls-remote", s.url, "refs/heads/own"+fmt.Sprint(i)).Output()
				now, _ := c.command("rev-parse", "HEAD").Output()
				if !strings.HasPrefix(string(own), strings.TrimSpace(string(now))) {
					t.Errorf("client %d pushed %s and reads %s", i, now, own)
				}
			}
		})
	}
	group.Wait()
	s.user().git("clone", "-q", "--mirror", s.url, "final")
	s.in("final").git("fsck", "--full", "--strict")
	history := s.in("final").git("rev-list", "main")
	total := 0
	for i := range clients {
		for _, id := range acked[i] {
			total++
			if !strings.Contains(history, id) {
				t.Errorf("client %d: %s was acknowledged and is lost", i, id)
			}
		}
	}
	s.view(func(tx store.Tx) error {
		log, err := tx.RefLogSince(demoID, 0)
		at := map[string]string{}
		moved := 0
		for _, c := range log {
			if at[c.Ref] != c.Old {
				t.Errorf("the log of %s breaks at %+v", c.Ref, c)
			}
			if at[c.Ref] = c.New; c.Ref == "refs/heads/main" {
				moved++
			}
		}
		if moved != total+1 {
			t.Errorf("main moved %d times, %d pushes were acknowledged", moved, total+1)
		}
		return err
	})
	if total == 0 {
		t.Error("no push came through")
	}
}

// TestLostAnswers: the store commits and does not say so, or does not commit
// and does not say so. No push is acknowledged or refused wrongly.
func TestLostAnswers(t *testing.T) {
	var lossy *lossyStore
	s := start(t, func(o *git.Options) {
		lossy = &lossyStore{Store: o.Store}
		o.Store = lossy
	})
	w := s.work("work")
	lossy.arm(true)
	w.git("push", "-q", "origin", "main")
	if got := s.row().Version; got != 2 {
		t.Errorf("version %d: a commit whose answer was lost is done twice or not at all", got)
	}
	id := w.commit("two", "2\n")
	lossy.arm(false)
	if out := w.fails("push", "origin", "main"); strings.Contains(out, "main -> main (") {
		t.Errorf("git says:\n%s", out)
	}
	if refs := s.refs(); strings.Contains(refs, id) {
		t.Errorf("the server has\n%s", refs)
	}
	s.noPacksBut(1)
	w.git("push", "-q", "origin", "main")
	s.user().git("clone", "-q", s.url, "clone")
	s.same(w, s.in("clone"), "main")
}

var errLost = errors.New("the connection to the store was lost")

// lossyStore loses the answer to the next update that changes a ref.
type lossyStore struct {
	store.Store
	mu            sync.Mutex
	armed, commit bool
}

func (l *lossyStore) arm(commit bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.armed, l.commit = true, commit
}

func (l *lossyStore) Update(ctx context.Context, f func(store.Tx) error) error {
	lost := false
	err := l.Store.Update(ctx, func(tx store.Tx) error {
		watch := &watchedTx{Tx: tx}
		err := f(watch)
		l.mu.Lock()
		defer l.mu.Unlock()
		if watch.put && l.armed && err == nil {
			l.armed, lost = false, true
			if !l.commit {
				return errLost
			}
		}
		return err
	})
	if lost {
		return errLost
	}
	return err
}

type watchedTx struct {
	store.Tx
	put bool
}

func (w *watchedTx) PutRefs(repo string, refs []store.Ref) error {
	w.put = true
	return w.Tx.PutRefs(repo, refs)
}
