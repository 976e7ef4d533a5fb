package git

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestPackIndex compares what is read from a pack's index with what git says,
// with offsets of 32 bits and, as in packs above 2 GiB, of 64.
func TestPackIndex(t *testing.T) {
	dir := t.TempDir()
	run := func(stdin string, args ...string) string {
		t.Helper()
		cmd := exec.Command("git", args...)
		cmd.Dir, cmd.Stdin = dir, strings.NewReader(stdin)
		cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_AUTHOR_NAME=A", "GIT_AUTHOR_EMAIL=a@b", "GIT_COMMITTER_NAME=A", "GIT_COMMITTER_EMAIL=a@b")
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("git %q: %v", args, err)
		}
		return strings.TrimSpace(string(out))
	}
	run("", "init", "-q")
	for i := range 40 {
		if err := os.WriteFile(filepath.Join(dir, "file"), []byte(strings.Repeat("line\n", 500+i)), 0o600); err != nil {
			t.Fatal(err)
		}
		run("", "add", ".")
		run("", "commit", "-q", "-m", "Change")
	}
	run("", "tag", "-a", "-m", "A tag", "v1")
	name := run(run("", "rev-list", "--all", "--objects", "--no-object-names")+"\n"+run("", "rev-parse", "v1"), "pack-objects", "-q", "pack")
	for _, version := range []string{"2", "2,0x40"} {
		pack := filepath.Join(dir, "pack-"+name+".pack")
		idx := filepath.Join(dir, "index"+version)
		run("", "index-pack", "--index-version="+version, "-o", idx, pack)
		x, err := openPackIndex(idx)
		if err != nil {
			t.Fatal(err)
		}
		f, err := os.Open(pack)
		if err != nil {
			t.Fatal(err)
		}
		seen, deltas := 0, 0
		for line := range strings.SplitSeq(run("", "cat-file", "--batch-all-objects", "--batch-check=%(objectname) %(objecttype) %(deltabase)"), "\n") {
			want := strings.Fields(line)
			got, err := x.kind(f, want[0])
			if err != nil {
				t.Fatal(err)
			}
			if got == "" {
				deltas++
			} else if got != want[1] {
				t.Errorf("%s is a %s, read as %q", want[0], want[1], got)
			}
			if has, err := x.has(want[0]); !has || err != nil {
				t.Errorf("%s: %v %v", want[0], has, err)
			}
			seen++
		}
		if seen != x.objects || deltas == seen || deltas == 0 {
			t.Errorf("%d of %d objects, %d deltas", seen, x.objects, deltas)
		}
		for _, absent := range []string{strings.Repeat("0", 40), strings.Repeat("f", 40), strings.Repeat("7", 40)} {
			if has, err := x.has(absent); has || err != nil {
				t.Errorf("%s: %v %v", absent, has, err)
			}
		}
		x.Close()
		f.Close()
	}
	if _, err := openPackIndex(filepath.Join(dir, "file")); err == nil {
		t.Error("a text is an index")
	}
}
