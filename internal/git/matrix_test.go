package git_test

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// history is a repository with what histories have: merges, tags of tags, odd
// names, a side branch.
func history(s *server) clone {
	c := s.work("history")
	c.git("remote", "remove", "origin")
	for i := range 5 {
		c.commit(fmt.Sprintf("dir with space/файл %d", i), strings.Repeat("line\n", i+1))
	}
	c.git("branch", "grüße/日本")
	c.git("checkout", "-q", "-b", "side", "HEAD~2")
	c.commit("beside", "side\n")
	c.git("checkout", "-q", "main")
	c.git("merge", "-q", "--no-ff", "-m", "Merge", "side")
	c.git("tag", "light")
	c.git("tag", "-a", "-m", "A release", "v1.0")
	c.git("tag", "-a", "-m", "A tag of a tag", "v1.0-signed-off", "v1.0")
	c.git("tag", "-a", "-m", "A tag of a tree", "tree", "HEAD^{tree}")
	c.git("tag", "blob", "HEAD:README")
	return c
}

// newestGit is the newest one that Debian has, beside the system's.
const newestGit = "../../.build/newest-git/bin/git"

// withEachGit runs f with the system's git as the client, and with the newest.
func withEachGit(t *testing.T, f func(t *testing.T, client string)) {
	newest, err := filepath.Abs(newestGit)
	if err != nil {
		t.Fatal(err)
	}
	for name, client := range map[string]string{"installed git": "", "newest git": newest} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f(t, client)
		})
	}
}

// TestFetchForms: each form of clone and fetch, in each version of the
// protocol, gets object for object what was pushed.
func TestFetchForms(t *testing.T) { withEachGit(t, fetchForms) }

func fetchForms(t *testing.T, client string) {
	s := start(t)
	s.client = client
	all := history(s)
	all.git("push", "-q", "--mirror", s.url)
	for _, v := range []string{"0", "1", "2"} {
		t.Run("version "+v, func(t *testing.T) {
			s := s.with(t)
			all := clone{s, all.dir}
			with := func(args ...string) []string { return append([]string{"-c", "protocol.version=" + v}, args...) }
			name := func(form string) string { return form + v }

			if a, b := all.git("for-each-ref", "--format=%(objectname)\t%(refname)"), withoutPeeled(s.user().git(with("ls-remote", s.url, "refs/*")...)); lines(a) != lines(b) {
				t.Errorf("ls-remote:\n%s\nwant\n%s", b, a)
			}
			s.user().git(with("clone", "-q", s.url, name("plain"))...)
			s.same(all, s.in(name("plain")), "HEAD", "v1.0-signed-off", "tree", "blob")
			if head := s.in(name("plain")).git("branch", "--show-current"); head != "main" {
				t.Errorf("a clone is on %q", head)
			}
			s.user().git(with("clone", "-q", "--mirror", s.url, name("mirror"))...)
			s.same(all, s.in(name("mirror")), "--all")
			if a, b := all.git("for-each-ref"), s.in(name("mirror")).git("for-each-ref"); a != b {
				t.Errorf("a mirror has\n%s\nwant\n%s", b, a)
			}
			s.user().git(with("clone", "-q", "--single-branch", "--no-tags", "-b", "side", s.url, name("single"))...)
			s.same(all, s.in(name("single")), "side")
			if refs := s.in(name("single")).git("for-each-ref", "--format=%(refname)"); strings.Contains(refs, "tags") || strings.Contains(refs, "main") {
				t.Errorf("a single branch has %s", refs)
			}
			shallow := s.in(name("shallow"))
			s.user().git(with("clone", "-q", "--depth", "2", s.url, name("shallow"))...)
			if n := shallow.git("rev-list", "--count", "--first-parent", "HEAD"); n != "2" {
				t.Errorf("depth 2 has %s commits", n)
			}
			shallow.git(with("fetch", "-q", "--deepen", "1")...)
			shallow.git(with("fetch", "-q", "--unshallow")...)
			shallow.git(with("fetch", "-q", "--depth", "1")...)
			shallow.git(with("fetch", "-q", "--shallow-since=2000-01-01")...)
			s.same(all, shallow, "HEAD")
			s.user().git(with("clone", "-q", "--shallow-exclude=side", s.url, name("exclude"))...)
			if out := s.user().fails(with("clone", "--shallow-exclude=nothing", s.url, name("none"))...); !strings.Contains(out, "deepen-not nothing") {
				t.Errorf("git says:\n%s", out)
			}

			partial := s.in(name("partial"))
			s.user().git(with("clone", "-q", "--no-checkout", "--filter=blob:none", s.url, name("partial"))...)
			if missing := partial.git("rev-list", "--objects", "--missing=print", "HEAD"); !strings.Contains(missing, "\n?") {
				t.Error("a clone without blobs has them all")
			}
			partial.git(with("checkout", "-q", "main")...)
			if got, _ := os.ReadFile(filepath.Join(partial.dir, "dir with space/файл 4")); string(got) != strings.Repeat("line\n", 5) {
				t.Errorf("a file in a partial clone is %q", got)
			}
			s.user().git("init", "-q", "--bare", name("oid"))
			s.in(name("oid")).git(with("fetch", "-q", s.url, all.git("rev-parse", "main~3"))...)
			s.same(all, s.in(name("oid")), all.git("rev-parse", "main~3"))
		})
	}
}

// with is the server for a subtest.
func (s *server) with(t testing.TB) *server { c := *s; c.t = t; return &c }

// lines sorts lines.
func lines(s string) string {
	l := strings.Split(s, "\n")
	slices.Sort(l)
	return strings.Join(l, "\n")
}

// TestPushForms: each form of push, in each version of the protocol, leaves on
// the server what it would leave in a plain repository of git's own.
func TestPushForms(t *testing.T) { withEachGit(t, pushForms) }

func pushForms(t *testing.T, client string) {
	for _, v := range []string{"0", "1", "2"} {
		t.Run("version "+v, func(t *testing.T) {
			s := start(t)
			s.client = client
			all := history(s)
			s.user().git("init", "-q", "--bare", "peer")
			s.in("peer").git("config", "receive.advertisePushOptions", "true")
			both := func(args ...string) {
				t.Helper()
				args = append([]string{"-c", "protocol.version=" + v}, args...)
				for _, url := range []string{s.url, s.in("peer").dir} {
					mine := make([]string, len(args))
					for i, a := range args {
						mine[i] = strings.Replace(a, "REMOTE", url, 1)
					}
					all.git(mine...)
				}
				if a, b := s.in("peer").git("for-each-ref", "--format=%(objectname)\t%(refname)"), s.user().git("ls-remote", s.url, "refs/*"); lines(a) != lines(withoutPeeled(b)) {
					t.Errorf("after %q the server has\n%s\nwant\n%s", args, b, a)
				}
			}
			all.git("clone", "-q", s.url, filepath.Join(s.home, "empty"))
			both("push", "-q", "REMOTE", "main")
			both("push", "-q", "REMOTE", "main") // up to date
			both("push", "-q", "--all", "REMOTE")
			both("push", "-q", "--tags", "REMOTE")
			both("push", "-q", "REMOTE", "main:refs/heads/a/b", "light:refs/tags/again", "main~1:refs/notes/commits", "main~2:refs/x/y")
			both("push", "-q", "-o", "ci.skip", "-o", "other", "REMOTE", "main:refs/heads/options")
			both("push", "-q", "--dry-run", "REMOTE", "main:refs/heads/dry")
			both("push", "-q", "REMOTE", "--delete", "grüße/日本", "light")
			both("push", "-q", "--atomic", "REMOTE", "main:refs/heads/one", "main~1:refs/heads/two", ":refs/heads/side")
			all.commit("more", "more\n")
			both("-c", "http.postBuffer=1000", "push", "-q", "REMOTE", "main") // chunked
			both("push", "-q", "--force", "REMOTE", "main~4:refs/heads/a/b")
			both("push", "-q", "--force-with-lease=two:"+all.git("rev-parse", "main~2"), "REMOTE", "main:refs/heads/two")
			both("push", "-q", "REMOTE", "+main:refs/heads/one", ":refs/heads/two", "main:refs/heads/three")
			all.git("commit", "-q", "--amend", "-m", "Amended")
			all.fails("-c", "protocol.version="+v, "push", s.url, "main")
			both("push", "-q", "--mirror", "REMOTE")
			s.user().git("clone", "-q", "--mirror", s.url, "final")
			s.same(all, s.in("final"), "--all")
		})
	}
}

func withoutPeeled(list string) string {
	var out []string
	for line := range strings.SplitSeq(list, "\n") {
		if !strings.HasSuffix(line, "^{}") {
			out = append(out, line)
		}
	}
	return strings.Join(out, "\n")
}

func TestPushFromShallowClone(t *testing.T) {
	s := start(t)
	all := history(s)
	all.git("push", "-q", "--mirror", s.url)
	s.user().git("clone", "-q", "--depth", "1", s.url, "shallow")
	s.in("shallow").commit("new", "new\n")
	s.in("shallow").git("push", "-q", "origin", "main")
	s.user().git("clone", "-q", s.url, "whole")
	s.in("whole").git("fsck", "--full", "--strict", "--no-dangling")

	// Into a repository without the history before, it is refused, and nothing stays.
	s.createRepository("other", "other-id")
	out := s.in("shallow").fails("push", strings.Replace(s.url, "/demo", "/other", 1), "main")
	if !strings.Contains(out, "main -> main (shallow update not allowed") {
		t.Errorf("git says:\n%s", out)
	}
	if refs := s.user().git("ls-remote", strings.Replace(s.url, "/demo", "/other", 1)); refs != "" {
		t.Errorf("the other repository has %s", refs)
	}
}

// branches makes n branches at HEAD, below a directory, at once.
func (c clone) branches(dir string, n int) {
	c.s.t.Helper()
	id := c.git("rev-parse", "HEAD")
	var list strings.Builder
	for i := range n {
		fmt.Fprintf(&list, "%s refs/heads/%s/%04d\n", id, dir, i)
	}
	c.git("pack-refs", "--all")
	f, err := os.OpenFile(filepath.Join(c.dir, ".git/packed-refs"), os.O_APPEND|os.O_WRONLY, 0)
	if err == nil {
		_, err = f.WriteString(list.String())
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		c.s.t.Fatal(err)
	}
	c.git("pack-refs", "--all", "--prune")
}

func TestThousandBranches(t *testing.T) {
	s := start(t)
	w := s.work("work")
	w.branches("topic", 1000)
	w.git("push", "-q", "--all", s.url)
	s.user().git("clone", "-q", "--mirror", s.url, "mirror")
	if a, b := w.git("for-each-ref", "refs/heads"), s.in("mirror").git("for-each-ref", "refs/heads"); a != b || strings.Count(b, "\n") != 1000 {
		t.Errorf("the mirror has %d branches", strings.Count(b, "\n")+1)
	}
}

func TestLargeFile(t *testing.T) {
	s := start(t)
	w := s.work("work")
	f, err := os.Create(filepath.Join(w.dir, "large"))
	if err != nil {
		t.Fatal(err)
	}
	block := make([]byte, 1<<20)
	for range 200 {
		rand.Read(block) // cannot be compressed
		if _, err := f.Write(block); err != nil {
			t.Fatal(err)
		}
	}
	f.Close()
	w.git("config", "core.compression", "0")
	w.git("config", "core.bigFileThreshold", "1m")
	w.git("add", "large")
	w.git("commit", "-q", "-m", "A large file")
	w.git("push", "-q", "origin", "main")
	s.user().git("clone", "-q", "--bare", s.url, "clone")
	if a, b := w.git("rev-parse", "main:large"), s.in("clone").git("rev-parse", "main:large"); a != b {
		t.Errorf("%s and %s", a, b)
	}
	s.in("clone").git("cat-file", "blob", "main:large")
}
