package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sojourn/internal/sojourntest"
)

// Other implementations of Git as clients: each clones, fetches and pushes over
// HTTPS with passwords that our credential helper signs, and each repository has
// the same objects as git's.
func TestOtherClients(t *testing.T) {
	t.Parallel()
	script, err := filepath.Abs("testdata/libgit2.py")
	if err != nil {
		t.Fatal(err)
	}
	gogit, err := filepath.Abs("../../.build/bin/gogit")
	if err != nil {
		t.Fatal(err)
	}
	for name, program := range map[string][]string{"libgit2": {"/usr/bin/python3", script}, "go-git": {gogit}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := sojourntest.Start(t)
			sh := page(t, s)
			url := strings.Replace(s.URL, "127.0.0.1", "localhost", 1) + "/v1/repos/MyDemoRepo" // mbed TLS, in Debian's libgit2, takes no address for a name
			work := commit(t, sh, "work")
			other := func(what, dir string, refs ...string) {
				t.Helper()
				args := append(program[1:len(program):len(program)], "sojourn credential-helper --ignore-host-check --profile CodeAccess", s.CA(), url, what, dir)
				sh.Run(program[0], append(args, refs...)...)
			}
			for i := range 3 {
				write(t, work, "dir with space/файл", strings.Repeat("line\n", 10+i))
				work.Run("git", "add", ".")
				work.Run("git", "commit", "-q", "-m", "More")
			}
			work.Run("git", "checkout", "-q", "-b", "side", "HEAD~2")
			write(t, work, "beside", "side\n")
			work.Run("git", "add", ".")
			work.Run("git", "commit", "-q", "-m", "Beside")
			work.Run("git", "checkout", "-q", "main")
			work.Run("git", "merge", "-q", "--no-ff", "-m", "Merge", "side")
			work.Run("git", "tag", "-a", "-m", "A release", "v1.0")
			work.Run("git", "push", "-q", "--mirror", remote)

			other("clone", "theirs")
			theirs := sh.In("theirs")
			same(t, work, theirs, "main", "side", "v1.0")

			write(t, work, "later", "later\n")
			work.Run("git", "add", ".")
			work.Run("git", "commit", "-q", "-m", "Later")
			work.Run("git", "push", "-q", remote, "main")
			other("fetch", "theirs", "+refs/heads/*:refs/heads/*")
			same(t, work, theirs, "main", "side", "v1.0")

			// What they push git gets, new and moved refs, and sees that a branch is gone.
			tree := strings.TrimSpace(theirs.Run("git", "rev-parse", "main^{tree}"))
			id := strings.TrimSpace(theirs.Run("git", "commit-tree", "-m", "Theirs", "-p", "main", tree))
			theirs.Run("git", "update-ref", "refs/heads/main", id)
			theirs.Run("git", "update-ref", "refs/heads/theirs", id+"~1")
			theirs.Run("git", "tag", "-a", "-m", "Theirs", "v2.0", id)
			other("push", "theirs", "refs/heads/main:refs/heads/main", "refs/heads/theirs:refs/heads/theirs", "refs/tags/v2.0:refs/tags/v2.0", ":refs/heads/side")
			sh.Run("git", "clone", "-q", "--mirror", remote, "after")
			same(t, theirs, sh.In("after"), "main", "theirs", "v1.0", "v2.0")
			if refs := sh.Run("git", "ls-remote", remote, "refs/heads/*"); strings.Contains(refs, "side") {
				t.Errorf("after the deletion there are\n%s", refs)
			}
			if _, err := os.Stat(sh.Home + "/.git-credentials"); err == nil {
				t.Error("somebody stored the password")
			}
		})
	}
}
