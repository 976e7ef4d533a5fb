package chaos

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"sojourn/internal/git"
	"sojourn/internal/objects"
	"sojourn/internal/server/githttp"
	"sojourn/internal/store"
)

// scene is one server in this process, into whose pushes a test comes in between.
type scene struct {
	t     *testing.T
	h     *history
	c     *cluster // of the addresses; its nodes are no processes
	store store.Store
	blobs objects.Store
	hooks struct {
		sync.Mutex
		at map[string]func()
	}
}

// at lets f run once when a push comes to a point.
func (s *scene) at(point string, f func()) {
	s.hooks.Lock()
	defer s.hooks.Unlock()
	s.hooks.at[point] = f
}

func (s *scene) hook(point string) {
	s.hooks.Lock()
	f := s.hooks.at[point]
	delete(s.hooks.at, point)
	s.hooks.Unlock()
	if f != nil {
		f()
	}
}

func newScene(t *testing.T, p place, bug string) *scene {
	t.Helper()
	dir := p.Data
	createRepositories(t, p, demo)
	st, blobs, err := openStores(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	s := &scene{t: t, h: newHistory(demo), store: st, blobs: blobs}
	s.hooks.at = map[string]func(){}
	opt := git.Options{Store: st, Objects: blobs, Dir: filepath.Join(dir, "node0"), Now: time.Now, Hook: s.hook}
	if err := plant(bug, &opt); err != nil {
		t.Fatal(err)
	}
	if b, ok := opt.Store.(*buggyStore); ok {
		b.lag = time.Minute // longer than a slow machine takes
	}
	e, err := git.New(t.Context(), opt)
	if err != nil {
		t.Fatal(err)
	}
	front := httptest.NewServer(githttp.New(githttp.Options{Auth: anyone{}, Git: git.NewService(e, anyone{}, anyone{}, region)}))
	t.Cleanup(func() {
		front.Close()
		if err := errors.Join(e.Close(context.Background()), st.Close()); err != nil {
			t.Error(err)
		}
	})
	s.c = &cluster{t: t, place: p, dir: dir, nodes: []*node{{config: nodeConfig{Listen: front.Listener.Addr().String()}}}}
	return s
}

func (s *scene) client(name string) *client {
	s.t.Helper()
	k, err := newClient(s.c, s.h, name, rand.Uint64())
	if err != nil {
		s.t.Fatal(err)
	}
	return k
}

func (s *scene) commit(k *client, parent string) string {
	s.t.Helper()
	id, err := k.commit(s.t.Context(), parent)
	if err != nil {
		s.t.Fatal(err)
	}
	return id
}

func (s *scene) must(k *client, c ...change) {
	s.t.Helper()
	if got := k.push(s.t.Context(), c); got != acked {
		s.t.Fatalf("%v is %s", c, got)
	}
}

// refs are those in the store itself.
func (s *scene) refs() (refs []store.Ref) {
	s.t.Helper()
	err := s.store.View(s.t.Context(), func(tx store.Tx) (err error) {
		refs, err = tx.Refs(repoID, store.Page{})
		return err
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return refs
}

// left counts the blobs that are there.
func (s *scene) left() (n int) {
	s.t.Helper()
	err := s.blobs.List(s.t.Context(), "repos/", func(string, int64) error {
		n++
		return nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return n
}

// sound is what is wrong with a clone of everything, if anything is.
func (s *scene) sound() string {
	s.t.Helper()
	st, blobs, err := openStores(s.t.Context(), s.c.place)
	if err != nil {
		s.t.Fatal(err)
	}
	defer st.Close()
	e, err := git.New(s.t.Context(), git.Options{Store: st, Objects: blobs, Dir: s.t.TempDir(), Now: time.Now})
	if err != nil {
		s.t.Fatal(err)
	}
	defer e.Close(context.Background())
	front := httptest.NewServer(githttp.New(githttp.Options{Auth: anyone{}, Git: git.NewService(e, anyone{}, anyone{}, region)}))
	defer front.Close()
	url := strings.Replace(front.URL, "http://", "http://user:password@", 1) + "/v1/repos/demo"
	k := s.client(fmt.Sprint("sound", rand.Uint64()))
	if _, err := k.git(s.t.Context(), "", "fetch", "-q", url, "+refs/*:refs/*"); err != nil {
		return "it cannot be cloned: " + err.Error()
	}
	if _, err := k.git(s.t.Context(), "", "fsck", "--full", "--strict", "--no-dangling"); err != nil {
		return "it is not sound: " + err.Error()
	}
	kinds, err := k.git(s.t.Context(), "", "for-each-ref", "--format=%(objecttype)", "refs/heads")
	if err != nil {
		s.t.Fatal(err)
	}
	if strings.Trim(kinds, "comit\n") != "" {
		return "a branch is a " + kinds
	}
	return ""
}

// raw pushes a pack as no git client would.
func (s *scene) raw(k *client, c change, objects ...string) string {
	s.t.Helper()
	pack, err := k.gitBytes("pack-objects", strings.Join(objects, "\n"), "--stdout", "-q")
	if err != nil {
		s.t.Fatal(err)
	}
	body := pushBody(c, pack)
	res, err := reader.Post(k.c.nodes[0].url(demo)+"/git-receive-pack", "application/x-git-receive-pack-request", bytes.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return string(answer)
}

// The interleavings: each returns what a user would find wrong, "" when nothing is.
var interleavings = map[string]func(*scene) string{
	noCompareAndSwap: func(s *scene) string {
		a, b := s.client("a"), s.client("b")
		first := s.commit(a, "")
		s.must(a, change{mainRef, "", first})
		mine, theirs := s.commit(a, first), s.commit(b, "")
		s.at("before-commit", func() {
			if got := b.push(s.t.Context(), []change{{mainRef, first, theirs}}); got != acked {
				s.t.Errorf("the push between is %s", got)
			}
		})
		if got := a.push(s.t.Context(), []change{{mainRef, first, mine}}); got != rejected {
			return fmt.Sprintf("a push over another that came between is %s; the server has %v", got, s.refs())
		}
		return s.sound()
	},
	noRowLock: func(s *scene) string {
		a, b := s.client("a"), s.client("b")
		first := s.commit(a, "")
		s.must(a, change{mainRef, "", first})
		mine, theirs := s.commit(a, first), s.commit(b, "")
		other := make(chan outcome, 1)
		s.at("inside-commit", func() {
			here := make(chan struct{})
			s.at("after-index-pack", func() { close(here) })
			go func() { other <- b.push(s.t.Context(), []change{{mainRef, first, theirs}}) }()
			<-here
			for range 20 { // it has time to commit, if it is let
				time.Sleep(50 * time.Millisecond)
				if len(other) > 0 {
					return
				}
			}
		})
		got := a.push(s.t.Context(), []change{{mainRef, first, mine}})
		if two := <-other; got == acked && two == acked {
			return fmt.Sprintf("two pushes of one branch are acknowledged; the server has %v", s.refs())
		}
		return s.sound()
	},
	ackBeforeCommit: func(s *scene) string {
		a := s.client("a")
		first := s.commit(a, "")
		s.must(a, change{mainRef, "", first})
		if refs := s.refs(); len(refs) != 1 || refs[0].OID != first {
			return fmt.Sprintf("a push is acknowledged, and the store has %v", refs)
		}
		return s.sound()
	},
	noEpoch: func(s *scene) string {
		a := s.client("a")
		first := s.commit(a, "")
		s.must(a, change{mainRef, "", first})
		secret := s.commit(a, first)
		s.must(a, change{"refs/heads/secret", "", secret})
		s.must(a, change{"refs/heads/secret", secret, ""})
		on := s.commit(a, secret)
		// The pack leans on the secret, and the purge comes between check and commit.
		s.at("before-commit", s.purgeSecondPack)
		list, err := a.git(s.t.Context(), "", "rev-list", "--objects", "--no-object-names", on, "^"+secret)
		if err != nil {
			s.t.Fatal(err)
		}
		answer := s.raw(a, change{"refs/heads/on", "", on}, strings.Split(list, "\n")...)
		if strings.Contains(answer, "ok refs/heads/on") {
			if wrong := s.sound(); wrong != "" {
				return "a push that leans on what was purged is acknowledged: " + wrong
			}
		}
		return s.sound()
	},
	noIntent: func(s *scene) string {
		a := s.client("a")
		first := s.commit(a, "")
		// The node dies for good when the pack is stored: its push neither commits nor cleans up.
		n := &node{config: nodeConfig{Place: s.c.place, Cache: filepath.Join(s.c.dir, "dying"), Listen: "127.0.0.1:0", Bug: s.bug()}}
		if err := n.start("after-put"); err != nil {
			s.t.Fatal(err)
		}
		defer n.kill()
		if _, err := a.git(s.t.Context(), "", "push", "-q", n.url(demo), first+":"+mainRef); err == nil {
			s.t.Fatal("the node has not died")
		}
		n.kill()
		sweep(s.t, s.store, s.blobs, filepath.Join(s.c.dir, "sweeper"))
		if left := s.left(); left > 0 {
			return fmt.Sprintf("%d blobs of a push that was cut off are left", left)
		}
		return ""
	},
	noIntentFence: func(s *scene) string {
		a := s.client("a")
		first := s.commit(a, "")
		s.at("before-commit", func() { sweep(s.t, s.store, s.blobs, filepath.Join(s.c.dir, "sweeper")) })
		a.push(s.t.Context(), []change{{mainRef, "", first}})
		return s.sound()
	},
	staleRefs: func(s *scene) string {
		a := s.client("a")
		first := s.commit(a, "")
		s.must(a, change{mainRef, "", first})
		if refs := a.read(s.t.Context()); refs[mainRef] != first {
			return fmt.Sprintf("after a push one reads %v", refs)
		}
		return ""
	},
	noConnectivity: func(s *scene) string {
		a := s.client("a")
		second := s.commit(a, s.commit(a, ""))
		list, err := a.git(s.t.Context(), "", "rev-list", "--objects", "--no-object-names", second, "^"+second+"^")
		if err != nil {
			s.t.Fatal(err)
		}
		s.raw(a, change{mainRef, "", second}, strings.Split(list, "\n")...)
		return s.sound()
	},
	noTypes: func(s *scene) string {
		a := s.client("a")
		first := s.commit(a, "")
		s.must(a, change{mainRef, "", first})
		tree, err := a.git(s.t.Context(), "", "rev-parse", first+"^{tree}")
		if err != nil {
			s.t.Fatal(err)
		}
		s.raw(a, change{"refs/heads/tree", "", tree})
		for _, r := range s.refs() {
			if r.OID == tree {
				return "a branch is a tree"
			}
		}
		return s.sound()
	},
}

// TestPlantedBugs: each bug, planted, is seen in one interleaving of two acts, in
// which a sound server does well.
func TestPlantedBugs(t *testing.T) { plantBugs(t, embedded) }

func plantBugs(t *testing.T, where func(*testing.T) place) {
	for _, bug := range bugs {
		t.Run(bug, func(t *testing.T) {
			t.Parallel()
			if wrong := interleavings[bug](newScene(t, where(t), "")); wrong != "" {
				t.Errorf("without the bug: %s", wrong)
			}
			s := newScene(t, where(t), bug)
			s.c.nodes[0].config.Bug = bug
			wrong := interleavings[bug](s)
			if wrong == "" {
				t.Error("the bug is not seen")
			}
			t.Logf("seen: %.300s", wrong)
		})
	}
}

// TestPlantedBugsInStorm: those which show by chance show soon. How soon depends
// on the machine, so that it is no part of the short suite: give -chaos.storms.
func TestPlantedBugsInStorm(t *testing.T) {
	if *flagStorms == 0 {
		return
	}
	for _, bug := range []string{noCompareAndSwap, noRowLock, ackBeforeCommit, noIntent, staleRefs} {
		t.Run(bug, func(t *testing.T) {
			var h *history
			for range *flagStorms {
				if h = storm(t, bug, 1, *flagTime, 3); len(h.problems) > 0 {
					break
				}
			}
			t.Log(h.summary())
			if len(h.problems) == 0 {
				t.Error("the bug is not seen")
			} else {
				t.Logf("first: %.300s", h.problems[0])
			}
		})
	}
}

func (s *scene) bug() string { return s.c.nodes[0].config.Bug }

// purgeSecondPack drops a pack with its objects, as a purge does.
func (s *scene) purgeSecondPack() {
	err := s.store.Update(context.Background(), func(tx store.Tx) error {
		row, err := tx.LockRepository(repoID)
		if err != nil {
			return err
		}
		packs, err := tx.Packs(repoID)
		if err != nil {
			return err
		}
		row.Version, row.GCEpoch, row.PackGen = row.Version+1, row.GCEpoch+1, row.PackGen+1
		return errors.Join(tx.DeletePacks(repoID, []string{packs[1].ID}, time.Now().Unix()), tx.UpdateRepository(row))
	})
	if err != nil {
		s.t.Error(err)
	}
}
