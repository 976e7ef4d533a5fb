package git_test

import "testing"

func serveUntilKilled(string) {}

func TestSmoke(t *testing.T) {
	s := start(t)
	w := s.work("work")
	t.Log(w.git("push", "origin", "main"))
	t.Log(s.refs())
	s.user().git("clone", "-q", s.url, "c")
	s.same(w, s.in("c"), "main")
	w.commit("x", "y")
	t.Log(w.feed("", "push", "origin", "main", "main:refs/heads/o"))
	s.in("c").git("pull", "-q")
	s.same(w, s.in("c"), "main")
}
