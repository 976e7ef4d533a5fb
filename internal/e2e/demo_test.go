package e2e

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"sojourn/internal/sojourntest"
)

// The demonstration does the main job, and leaves nothing behind.
func TestDemo(t *testing.T) {
	t.Parallel()
	home, tmp := t.TempDir(), t.TempDir()
	c := exec.CommandContext(t.Context(), filepath.Join(bin, "sojourn"), "demo")
	c.Env = []string{"HOME=" + home, "TMPDIR=" + tmp, "PATH=" + os.Getenv("PATH")}
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	sojourntest.Printed("sojourn demo", string(out))
	for _, want := range []string{
		"$ git clone codecommit://CodeAccess@MyDemoRepo\n",
		"# The clone is what was pushed, object for object",
		"Signed in as Maria\n",
		"is not authorized to perform: codecommit:GitPush",
		"expired",
		"nothing is left behind",
	} {
		if !strings.Contains(string(out), want) {
			t.Errorf("it does not say %q:\n%s", want, out)
		}
	}
	if secret := gitPassword.Find(out); secret != nil || bytes.Contains(out, []byte("SecretAccessKey")) {
		t.Errorf("it shows a secret:\n%s", out)
	}
	for _, dir := range []string{home, tmp} {
		if entries, _ := os.ReadDir(dir); len(entries) != 0 {
			t.Errorf("left behind: %v", entries)
		}
	}
}
