package git_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"sojourn/internal/git"
)

// whole clones everything and reports whether stored packs were sent as they are.
func (s *server) whole(name string, args ...string) (c clone, sent bool) {
	s.t.Helper()
	before := s.engine.Stats().WholePacks
	s.user().git(append(append([]string{"clone", "-q", "--mirror"}, args...), s.url, name)...)
	return s.in(name), s.engine.Stats().WholePacks > before
}

// proven waits until demo's packs are proven to be sendable: a first clone asks for it.
func (s *server) proven() {
	s.t.Helper()
	waitFor(s.t, "a proof", func() bool {
		os.RemoveAll(s.in("asking").dir)
		_, sent := s.whole("asking")
		return sent
	})
}

// packed are the ids in a clone's packs.
func (c clone) packed() string {
	c.s.t.Helper()
	return c.git("cat-file", "--batch-all-objects", "--batch-check=%(objectname)")
}

func TestWholePacks(t *testing.T) {
	s := start(t)
	all := history(s)
	all.git("push", "-q", "--mirror", s.url)
	s.proven()
	check := func(step string) {
		t.Helper()
		for _, v := range []string{"0", "1", "2"} {
			c, sent := s.whole(step+v, "-c", "protocol.version="+v)
			if !sent {
				t.Errorf("%s: git made the pack in version %s", step, v)
			}
			s.same(all, c, "--all")
			if a, b := strings.Join(all.objects("--all"), "\n"), c.packed(); a != b {
				t.Errorf("%s: the clone has\n%s\nnot\n%s", step, b, a)
			}
		}
	}
	check("pushed")
	s.compact(git.CompactBase)
	s.proven()
	check("compacted")
	for i := range 3 { // thin packs on top
		all.commit(fmt.Sprintf("dir with space/файл %d", i), strings.Repeat("line\n", 100+i))
		all.git("push", "-q", s.url, "main")
	}
	s.proven() // a clone waits for it for a moment only, which a busy machine exceeds
	check("pushes")
	all.git("checkout", "-q", "-b", "topic")
	all.commit("topic", "x\n")
	all.git("tag", "-a", "-m", "T", "t")
	all.git("push", "-q", s.url, "topic", "t", "main~1:refs/notes/x")
	all.git("update-ref", "refs/notes/x", "main~1")
	s.proven()
	check("topic")
	s.compact(git.CompactGeometric)
	s.proven()
	check("geometric")
}

// A client that shows progress is told what it gets, in each version.
func TestWholePackProgress(t *testing.T) {
	s := start(t)
	all := history(s)
	all.git("push", "-q", "--mirror", s.url)
	s.proven()
	objects := len(all.objects("--all"))
	for _, v := range []string{"0", "1", "2"} {
		said, err := s.user().command("-c", "protocol.version="+v, "clone", "--bare", "--progress", s.url, "shown"+v).CombinedOutput()
		if err != nil || !strings.Contains(string(said), fmt.Sprintf("remote: Total %d, sent as stored", objects)) {
			t.Errorf("version %s: %v\n%s", v, err, said)
		}
		said, err = s.user().command("-c", "protocol.version="+v, "clone", "--bare", "--quiet", s.url, "hidden"+v).CombinedOutput()
		if err != nil || strings.Contains(string(said), "Total") {
			t.Errorf("version %s, quiet: %v\n%s", v, err, said)
		}
	}
}

// What lies apart because nothing referred to it is sent when something does again.
func TestReachableAgain(t *testing.T) {
	s := start(t)
	w := s.work("work")
	w.git("push", "-q", "origin", "main")
	w.git("checkout", "-q", "-b", "topic")
	id := w.commit("back", "back\n")
	w.git("push", "-q", "origin", "topic")
	w.git("push", "-q", "origin", "--delete", "topic")
	s.compact(git.CompactBase)
	s.proven()
	r, err := s.engine.UpdateRefs(t.Context(), demoID, "arn", []git.RefUpdate{{Name: "refs/heads/topic", New: id}}, true)
	if err != nil || r[0].Err != nil {
		t.Fatal(err, r)
	}
	for i := range 3 { // the second and third meet a proof, if there were one
		c, _ := s.whole(fmt.Sprint("again", i))
		s.same(w, c, "main", "topic")
		time.Sleep(50 * time.Millisecond)
	}
}
