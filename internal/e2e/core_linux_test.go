package e2e

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"sojourn/internal/sojourntest"
)

// What holds keys in its memory leaves none of it on the disk when it crashes:
// with GOTRACEBACK=crash and no limit a core has the root key ten times.
func TestAttackCoreDump(t *testing.T) {
	p := &process{t: t, data: t.TempDir(), addr: "127.0.0.1:0"}
	p.start()
	defer p.kill()
	noCoreOf(t, "serve", p.cmd.Process.Pid)

	dir := t.TempDir()
	m := exec.Command(filepath.Join(bin, "sojourn"), "metadata", "--listen", "127.0.0.1:0", "--endpoint-url", "https://127.0.0.1:9", "--region", "us-east-1",
		"--role-arn", "arn:aws:iam::"+sojourntest.Account+":role/Builder", "--web-identity-token-file", filepath.Join(dir, "none"))
	m.Env = []string{"HOME=" + dir}
	out, err := m.StdoutPipe()
	if err == nil {
		err = m.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	defer m.Wait()
	defer m.Process.Kill()
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || !strings.HasPrefix(line, "listening on ") {
		t.Fatalf("the endpoint says %q, %v", line, err)
	}
	noCoreOf(t, "metadata", m.Process.Pid)
}

var coreSize = regexp.MustCompile(`(?m)^Max core file size +0 +0 +bytes`)

func noCoreOf(t *testing.T, what string, pid int) {
	t.Helper()
	limits, err := os.ReadFile(fmt.Sprintf("/proc/%d/limits", pid))
	if err != nil || !coreSize.Match(limits) {
		t.Errorf("%s may write a core: %v\n%s", what, err, limits)
	}
}
