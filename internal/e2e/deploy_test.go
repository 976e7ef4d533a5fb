package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// systemd understands every line of the unit, and the settings beside it are ours.
func TestUnit(t *testing.T) {
	t.Parallel()
	unit, err := os.ReadFile("../../deploy/systemd/sojourn.service")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "sojourn.service")
	text := strings.Replace(string(unit), "/usr/local/bin/sojourn", filepath.Join(bin, "sojourn"), 1)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), "systemd-analyze", "verify", "--man=no", path).CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("systemd-analyze: %v\n%s", err, out)
	}
	// An unknown key or a bad value would be named; the missing database ends the start.
	config, err := filepath.Abs("../../deploy/systemd/sojourn.conf")
	if err != nil {
		t.Fatal(err)
	}
	serve := exec.CommandContext(t.Context(), filepath.Join(bin, "sojourn"), "serve", "--config", config, "--data", dir)
	serve.Env = []string{"PATH=" + os.Getenv("PATH"), "SOJOURN_METADATA=postgres://sojourn@127.0.0.1:1/sojourn"}
	out, err := serve.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "metadata: opening the database") {
		t.Errorf("serve with the settings: %v\n%s", err, out)
	}
}
