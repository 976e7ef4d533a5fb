package repogen

import (
	"os/exec"
	"strings"
	"testing"
)

func TestMake(t *testing.T) {
	dir := t.TempDir()
	if err := Make(t.Context(), dir, Spec{Objects: 3000, Refs: 300, Seed: 7}); err != nil {
		t.Fatal(err)
	}
	if out := run(t, dir, "fsck", "--full", "--strict"); strings.Contains(out, "dangling") {
		t.Errorf("fsck: %s", out)
	}
	if n := len(strings.Fields(run(t, dir, "for-each-ref", "--format=%(refname)"))); n != 300 {
		t.Errorf("%d refs", n)
	}
	if n := strings.Count(run(t, dir, "rev-list", "--all", "--objects"), "\n"); n < 3000 || n > 4000 {
		t.Errorf("%d objects can be reached", n)
	}
	if n := strings.Count(run(t, dir, "rev-list", "--merges", "main"), "\n"); n < 20 {
		t.Errorf("%d merges", n)
	}
}

// The same Spec names the same repository, so that measurements can be compared.
func TestSameSeedSameObjects(t *testing.T) {
	tip := func(seed uint64) string {
		dir := t.TempDir()
		if err := Make(t.Context(), dir, Spec{Objects: 500, Refs: 9, Seed: seed}); err != nil {
			t.Fatal(err)
		}
		return strings.TrimSpace(run(t, dir, "rev-parse", "main"))
	}
	want := tip(1)
	if got := tip(1); got != want {
		t.Errorf("seed 1 gives %s, then %s", want, got)
	}
	if got := tip(2); got == want {
		t.Error("seed 2 gives the same as 1")
	}
}

func TestRefusals(t *testing.T) {
	if err := Make(t.Context(), t.TempDir(), Spec{Objects: 10, Refs: 1}); err == nil {
		t.Error("10 objects were no error")
	}
	if err := Make(t.Context(), ".", Spec{Objects: 1000, Refs: 1}); err == nil {
		t.Error("a directory with files in it was no error")
	}
}

func run(t *testing.T, dir string, args ...string) string {
	t.Helper()
	out, err := exec.Command("git", append([]string{"-C", dir}, args...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("git %q: %v: %s", args, err, out)
	}
	return string(out)
}
