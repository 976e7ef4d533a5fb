package git_test

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"sojourn/internal/gate"
	"sojourn/internal/git"
)

// started counts the processes that have served clients.
func (s *server) started() int64 { return s.engine.Stats().Processes[1].Started }

// ask sends a request for a pack and returns the answer.
func (s *server) ask(lines ...string) string {
	s.t.Helper()
	status, body := s.request("git-upload-pack", strings.NewReader(fetchRequest(lines...)), "Git-Protocol", "version=2")
	if status != http.StatusOK {
		s.t.Errorf("%d %.200q", status, body)
	}
	return body
}

func (s *server) kept() []string { return files(s.t, filepath.Join(s.dir, "cache", "answers")) }

// TestSharedAnswers: the same question about the same version is answered once by
// git; another question, and the next version, by git again.
func TestSharedAnswers(t *testing.T) {
	s := start(t)
	w := s.work("work")
	w.commit("two", "2\n")
	w.git("push", "-q", "origin", "main")
	depth := func(n int) []string {
		return []string{"ofs-delta", "no-progress", "want " + w.git("rev-parse", "main"), fmt.Sprint("deepen ", n), "done"}
	}
	git := func(n int64, f func() string) string {
		t.Helper()
		before := s.started()
		body := f()
		if got := s.started() - before; got != n {
			t.Errorf("git has run %d times, want %d", got, n)
		}
		return body
	}
	first := git(1, func() string { return s.ask(depth(1)...) })
	again := git(0, func() string { return s.ask(depth(1)...) })
	if first != again || !strings.Contains(first, "PACK") {
		t.Errorf("%.200q and %.200q", first, again)
	}
	if deeper := git(1, func() string { return s.ask(depth(2)...) }); len(deeper) <= len(first) {
		t.Errorf("depth 2 is answered like depth 1: %.200q", deeper)
	}
	for i := range 2 {
		git(int64(1-i), func() string { return s.user().git("clone", "-q", "--depth=1", s.url, fmt.Sprint("clone", i)) })
	}
	for range 2 { // a failure is not kept
		if body := git(1, func() string { return s.ask("want "+strings.Repeat("1", 40), "deepen 1", "done") }); !strings.Contains(body, "not our ref") {
			t.Errorf("%.200q", body)
		}
	}
	if n := len(s.kept()); n != 3 {
		t.Errorf("%d answers are kept", n)
	}
	id := w.commit("three", "3\n")
	w.git("push", "-q", "origin", "main")
	if left := s.kept(); len(left) > 0 {
		t.Errorf("after a push %q are kept", left)
	}
	s.user().git("clone", "-q", "--depth=1", s.url, "new")
	if head := s.in("new").git("rev-parse", "HEAD"); head != id {
		t.Errorf("a clone is at %s, not %s", head, id)
	}
	s.gate.deny = func(gate.Request) bool { return true }
	if status, body := s.request("git-upload-pack", strings.NewReader(fetchRequest(depth(1)...)), "Git-Protocol", "version=2"); status != http.StatusForbidden {
		t.Errorf("who may not read is answered %d %.100q", status, body)
	}
}

// TestPurgedIsNotKept: a purge leaves nothing of an answer on the disk.
func TestPurgedIsNotKept(t *testing.T) {
	s := start(t)
	w := s.work("work")
	w.git("push", "-q", "origin", "main")
	w.git("checkout", "-q", "-b", "topic")
	secret := w.commit("secret", "secret\n")
	w.git("push", "-q", "origin", "topic")
	lines := []string{"want " + secret, "deepen 1", "done"}
	s.ask(lines...)
	w.git("push", "-q", "origin", "--delete", "topic")
	s.ask(lines...) // as on AWS: what is there may be asked for
	if len(s.kept()) != 1 {
		t.Errorf("kept: %q", s.kept())
	}
	if _, err := s.engine.Purge(t.Context(), demoID, []string{secret}); err != nil {
		t.Fatal(err)
	}
	if body := s.ask(lines...); !strings.Contains(body, "not our ref") || strings.Contains(body, "PACK") {
		t.Errorf("%.200q", body)
	}
	if left := s.kept(); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
}

// large is demo with a file of n random bytes.
func (s *server) large(n int) (w clone, id string) {
	w = s.work("work")
	b := make([]byte, n)
	rand.Read(b)
	w.commit("large", string(b))
	w.git("push", "-q", "origin", "main")
	return w, w.git("rev-parse", "main")
}

// TestAnswersAtOnce: those who ask at the same time are served by one process,
// also where the answer is larger than what may be kept.
func TestAnswersAtOnce(t *testing.T) {
	for _, limit := range []int64{0, 1 << 20} { // the default; an eighth of it is less than the answer
		s := start(t, func(o *git.Options) { o.MaxAnswerBytes = limit })
		_, id := s.large(3 << 20)
		before := s.started()
		bodies := make([]string, 8)
		var wg sync.WaitGroup
		for i := range bodies {
			wg.Go(func() { bodies[i] = s.ask("ofs-delta", "no-progress", "want "+id, "deepen 1", "done") })
		}
		wg.Wait()
		for i, b := range bodies {
			if len(b) < 3<<20 || b != bodies[0] {
				t.Errorf("%d bytes for the first, %d for number %d", len(bodies[0]), len(b), i)
			}
		}
		n := s.started() - before
		if kept := len(s.kept()); limit == 0 && (n != 1 || kept != 1) || limit > 0 && (n < 1 || kept > 0) {
			t.Errorf("git has run %d times, %d answers are kept", n, kept)
		}
	}
}

// TestAnswersAreBounded: the oldest go.
func TestAnswersAreBounded(t *testing.T) {
	s := start(t, func(o *git.Options) { o.MaxAnswerBytes = 1 << 20 })
	_, id := s.large(100 << 10)
	for i := range 20 {
		s.ask("want "+id, fmt.Sprint("deepen ", i+1), "done")
	}
	if n := len(s.kept()); n < 5 || n > 11 {
		t.Errorf("%d answers of 100 KiB are kept in 1 MiB", n)
	}
}

// TestLeftAnswer: git does not go on for nobody.
func TestLeftAnswer(t *testing.T) {
	s := start(t, func(o *git.Options) { o.MaxAnswerBytes = 1 << 20 })
	_, id := s.large(64 << 20)
	r, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+"/git-upload-pack",
		bytes.NewReader([]byte(fetchRequest("want "+id, "deepen 1", "done"))))
	r.Header.Set("Content-Type", "application/x-git-upload-pack-request")
	r.Header.Set("Git-Protocol", "version=2")
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	io.CopyN(io.Discard, res.Body, 1<<20)
	res.Body.Close()
	waitFor(t, "the end of git", func() bool { return s.engine.Stats().Processes[1].Running == 0 && len(s.kept()) == 0 })
}
