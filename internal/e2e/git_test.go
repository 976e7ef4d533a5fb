package e2e

import (
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"

	"sojourn/internal/sojourntest"
)

const remote = "codecommit://CodeAccess@MyDemoRepo"

// same fails unless two repositories hold the same refs and, object for object,
// the same history, and the second is sound.
func same(t *testing.T, a, b *sojourntest.Shell, refs ...string) {
	t.Helper()
	b.Run("git", "fsck", "--full", "--strict")
	if x, y := a.Run("git", append([]string{"rev-parse"}, refs...)...), b.Run("git", append([]string{"rev-parse"}, refs...)...); x != y {
		t.Errorf("refs %v differ:\n%s\n%s", refs, x, y)
	}
	if x, y := objects(a, refs), objects(b, refs); x != y {
		t.Errorf("objects differ: %d and %d bytes of listing", len(x), len(y))
	}
}

func objects(sh *sojourntest.Shell, refs []string) string {
	lines := strings.Split(sh.Run("git", append([]string{"rev-list", "--objects"}, refs...)...), "\n")
	sort.Strings(lines)
	return strings.Join(lines, "\n")
}

// The page's own example, as printed: the profile has no region of its own and
// a session name with a space.
func TestPageExampleAsPrinted(t *testing.T) {
	s := sojourntest.Start(t)
	sh := page(t, s)
	work := commit(t, sh, "work")
	work.Run("git", "push", "-q", remote, "main")
	sh.Run("git", "clone", "-q", remote, "clone")
	same(t, work, sh.In("clone"), "main")

	t.Run("the role's name with the page's extra colon", func(t *testing.T) {
		for _, set := range [][2]string{
			{"role_arn", "arn:aws:iam:::" + sojourntest.Account + ":role/CodeCommitAccess"},
			{"source_profile", "default"}, {"role_session_name", "Maria Garcia"},
		} {
			sh.Run("sojourn", "configure", "set", set[0], set[1], "--profile", "Printed")
		}
		sh.Run("git", "clone", "-q", "codecommit://Printed@MyDemoRepo", "printed")
		same(t, work, sh.In("printed"), "main")
	})
}

func TestCloneFetchAndPush(t *testing.T) {
	t.Parallel()
	s := sojourntest.Start(t)
	sh := page(t, s)
	sh.Run("git", "clone", "-q", remote, "empty")
	if out := sh.In("empty").Run("git", "branch", "-a"); out != "" {
		t.Errorf("an empty repository has branches: %s", out)
	}
	work := commit(t, sh, "work")
	for i := range 20 {
		write(t, work, fmt.Sprintf("dir with space/файл %d", i), strings.Repeat("line\n", i))
		work.Run("git", "add", ".")
		work.Run("git", "commit", "-q", "-m", fmt.Sprintf("Commit %d", i))
	}
	work.Run("git", "tag", "-a", "-m", "A release", "v1.0")
	work.Run("git", "branch", "grüße/日本")
	work.Run("git", "remote", "add", "origin", remote)
	work.Run("git", "push", "-q", "origin", "--all")
	work.Run("git", "push", "-q", "origin", "--tags")

	t.Run("clone", func(t *testing.T) {
		sh.Run("git", "clone", "-q", "--mirror", remote, "mirror")
		same(t, work, sh.In("mirror"), "main", "grüße/日本", "v1.0")
		sh.Run("git", "clone", "-q", remote, "clone")
		if got := strings.TrimSpace(sh.In("clone").Run("git", "branch", "--show-current")); got != "main" {
			t.Errorf("the clone is on %q", got)
		}
	})
	for _, v := range []string{"0", "1", "2"} {
		t.Run("protocol version "+v, func(t *testing.T) {
			dir := "v" + v
			sh.Run("git", "-c", "protocol.version="+v, "clone", "-q", remote, dir)
			same(t, work, sh.In(dir), "HEAD", "v1.0")
		})
	}
	t.Run("shallow", func(t *testing.T) {
		sh.Run("git", "clone", "-q", "--depth", "3", remote, "shallow")
		shallow := sh.In("shallow")
		if got := strings.TrimSpace(shallow.Run("git", "rev-list", "--count", "HEAD")); got != "3" {
			t.Errorf("%s commits, want 3", got)
		}
		shallow.Run("git", "fetch", "-q", "--depth", "5")
		shallow.Run("git", "fetch", "-q", "--unshallow")
		same(t, work, shallow, "HEAD")
	})
	t.Run("partial", func(t *testing.T) {
		sh.Run("git", "clone", "-q", "--no-checkout", "--filter=blob:none", remote, "partial")
		partial := sh.In("partial")
		missing := partial.Run("git", "rev-list", "--objects", "--missing=print", "HEAD")
		if !strings.Contains(missing, "\n?") {
			t.Error("a clone without blobs has them all")
		}
		partial.Run("git", "checkout", "-q", "main")
		partial.Run("git", "fsck", "--connectivity-only")
	})
	t.Run("pull", func(t *testing.T) {
		write(t, work, "new", "text\n")
		work.Run("git", "add", ".")
		work.Run("git", "commit", "-q", "-m", "Another")
		work.Run("git", "push", "-q", "origin", "main")
		sh.In("clone").Run("git", "pull", "-q")
		same(t, work, sh.In("clone"), "main")
	})
	t.Run("delete and force", func(t *testing.T) {
		work.Run("git", "push", "-q", "origin", "--delete", "grüße/日本")
		if out := work.Run("git", "ls-remote", "origin"); strings.Contains(out, "grüße") {
			t.Errorf("the branch is there still:\n%s", out)
		}
		work.Run("git", "commit", "-q", "--amend", "-m", "Amended")
		if out := work.Fail("git", "push", "origin", "main"); !strings.Contains(out, "rejected") {
			t.Errorf("an amended commit went through without force:\n%s", out)
		}
		work.Run("git", "push", "-q", "--force", "origin", "main")
	})
	t.Run("atomic", func(t *testing.T) {
		// "side" exists on the server with another commit, so it needs force; without, neither may change.
		work.Run("git", "push", "-q", "origin", "main~2:refs/heads/side", "main:refs/heads/other")
		before := work.Run("git", "ls-remote", "origin")
		work.Fail("git", "push", "--atomic", "origin", "main~4:refs/heads/side", "main~1:refs/heads/new")
		if after := work.Run("git", "ls-remote", "origin"); after != before {
			t.Errorf("a refused atomic push changed refs:\n%s\n%s", before, after)
		}
		work.Run("git", "push", "-q", "--atomic", "origin", "main:refs/heads/side", "main~1:refs/heads/new")
	})
}

func TestThousandBranchesAtOnce(t *testing.T) {
	t.Parallel()
	s := sojourntest.Start(t)
	sh := page(t, s)
	work := commit(t, sh, "work")
	var list strings.Builder
	id := strings.TrimSpace(work.Run("git", "rev-parse", "HEAD"))
	for i := range 1000 {
		fmt.Fprintf(&list, "create refs/heads/topic/%04d %s\n", i, id)
	}
	update := work.Command("git", "update-ref", "--stdin")
	update.Stdin = strings.NewReader(list.String())
	if out, err := update.CombinedOutput(); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	work.Run("git", "push", "-q", remote, "--all")
	sh.Run("git", "clone", "-q", "--mirror", remote, "mirror")
	refs := func(sh *sojourntest.Shell) string { return sh.Run("git", "for-each-ref", "refs/heads") }
	if a, b := refs(work), refs(sh.In("mirror")); a != b || strings.Count(b, "\n") != 1001 {
		t.Errorf("%d branches, want 1001", strings.Count(b, "\n"))
	}
}

func TestLargeFile(t *testing.T) {
	t.Parallel()
	s := sojourntest.Start(t)
	sh := page(t, s)
	work := commit(t, sh, "work")
	f, err := os.Create(filepath.Join(work.Dir, "large"))
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
	work.Run("git", "add", "large")
	work.Run("git", "commit", "-q", "-m", "A large file")
	work.Run("git", "push", "-q", remote, "main")
	sh.Run("git", "clone", "-q", remote, "clone")
	same(t, work, sh.In("clone"), "main")
}

// What a policy denies is refused by name, and what it permits goes through.
func TestRefusedRefsByName(t *testing.T) {
	s := sojourntest.Start(t)
	sh := page(t, s)
	root := &api{t: t, s: s, cred: s.Root("")}
	root.query("iam", "Action", "PutRolePolicy", "RoleName", "CodeCommitAccess", "PolicyName", "protect", "PolicyDocument", `{"Version":"2012-10-17","Statement":[{
		"Effect":"Deny","Action":["codecommit:GitPush","codecommit:DeleteBranch"],"Resource":"arn:aws:codecommit:us-east-1:`+sojourntest.Account+`:MyDemoRepo",
		"Condition":{"StringEqualsIfExists":{"codecommit:References":["refs/heads/main","refs/heads/prod"]},"Null":{"codecommit:References":"false"}}}]}`)
	work := commit(t, sh, "work")
	out := work.Fail("git", "push", remote, "main", "main:topic")
	if !strings.Contains(out, "! [remote rejected] main -> main (You don't have permission to push changes to this branch)") ||
		!strings.Contains(out, "[new branch]      main -> topic") {
		t.Errorf("git says:\n%s", out)
	}
	if refs := work.Run("git", "ls-remote", remote); strings.Contains(refs, "heads/main") || !strings.Contains(refs, "heads/topic") {
		t.Errorf("the server has:\n%s", refs)
	}
	work.Fail("git", "push", "--atomic", remote, "main:prod", "main:second")
	if refs := work.Run("git", "ls-remote", remote); strings.Contains(refs, "second") {
		t.Errorf("half of an atomic push went through:\n%s", refs)
	}
}

func TestReaderMayNotPush(t *testing.T) {
	s := sojourntest.Start(t)
	sh := page(t, s)
	work := commit(t, sh, "work")
	work.Run("git", "push", "-q", remote, "main")
	sh.Run("git", "clone", "-q", "codecommit://Reader@MyDemoRepo", "read")
	out := work.Fail("git", "push", "codecommit://Reader@MyDemoRepo", "main:topic")
	want := "User: arn:aws:sts::" + sojourntest.Account + ":assumed-role/Reader/Maria_Garcia is not authorized to perform: codecommit:GitPush on resource: " +
		"arn:aws:codecommit:us-east-1:" + sojourntest.Account + ":MyDemoRepo because no identity-based policy allows the codecommit:GitPush action"
	if !strings.Contains(out, want) {
		t.Errorf("git says:\n%s\nwant in it:\n%s", out, want)
	}
}
