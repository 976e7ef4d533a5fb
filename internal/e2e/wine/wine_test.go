//go:build wine

package wine

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"sojourn/internal/client/clienttest"
)

const program = "/usr/lib/wine/wine64"

// machine is a Windows of the test's own, with our programs.
type machine struct {
	t    *testing.T
	home string // of the user, as this system calls it
	env  []string
	bin  string
}

func newMachine(t *testing.T) *machine {
	t.Helper()
	if _, err := os.Stat(program); err != nil {
		t.Fatalf("wine is missing (make test-windows installs it): %v", err)
	}
	m := &machine{t: t, bin: t.TempDir()}
	prefix := t.TempDir()
	build := exec.Command("go", "build", "-o", m.bin+"/", "../../../cmd/...")
	build.Env = append(os.Environ(), "GOOS=windows", "GOARCH=amd64", "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	m.env = []string{"WINEPREFIX=" + prefix, "WINEDEBUG=-all", "PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(),
		"WINEDLLOVERRIDES=bcryptprimitives=n;mscoree,mshtml=d"}
	boot := exec.Command(program, "wineboot", "-i")
	boot.Env = m.env
	if out, err := boot.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Cleanup(func() {
		stop := exec.Command("/usr/lib/wine/wineserver64", "-k")
		stop.Env = m.env
		stop.Run()
	})
	library := filepath.Join(prefix, "drive_c", "windows", "system32", "bcryptprimitives.dll")
	if err := os.WriteFile(library, forwarder("bcryptprimitives.dll", "ProcessPrng", "advapi32.SystemFunction036"), 0o644); err != nil {
		t.Fatal(err)
	}
	users, err := filepath.Glob(filepath.Join(prefix, "drive_c", "users", "*"))
	for _, u := range users {
		if filepath.Base(u) != "Public" { // the one that wine calls as this system does
			m.home = u
		}
	}
	if m.home == "" {
		t.Fatal("wine has made no user", err)
	}
	return m
}

// run runs one of our programs.
func (m *machine) run(stdin string, args ...string) (stdout, stderr string, err error) {
	m.t.Helper()
	c := exec.CommandContext(m.t.Context(), program, append([]string{filepath.Join(m.bin, args[0]+".exe")}, args[1:]...)...)
	c.Env, c.Stdin = m.env, strings.NewReader(stdin)
	var out, errOut bytes.Buffer
	c.Stdout, c.Stderr = &out, &errOut
	err = c.Run()
	return out.String(), errOut.String(), err
}

func (m *machine) ok(stdin string, args ...string) string {
	m.t.Helper()
	out, errOut, err := m.run(stdin, args...)
	if err != nil {
		m.t.Fatalf("%q: %v\n%s%s", args, err, out, errOut)
	}
	return out
}

func TestWindows(t *testing.T) {
	m := newMachine(t)
	if got := m.ok("", "sojourn", "version"); !strings.Contains(got, "windows/amd64") {
		t.Error(got)
	}
	// Line ends of Windows stay, in a file under USERPROFILE.
	config := filepath.Join(m.home, ".aws", "config")
	if err := os.MkdirAll(filepath.Dir(config), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(config, []byte("[default]\r\nregion = eu-west-1\r\n\r\n[profile CodeAccess]\r\nrole_arn = arn:aws:iam::111111111111:role/R\r\nsource_profile = default\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	m.ok("", "sojourn", "configure", "set", "output", "json")
	m.ok("AKIDEXAMPLE\r\n", "sojourn", "configure", "set", "aws_access_key_id")
	m.ok("secret\r\n", "sojourn", "configure", "set", "aws_secret_access_key")
	if got, err := os.ReadFile(config); err != nil || !strings.HasPrefix(string(got), "[default]\r\nregion = eu-west-1\r\noutput = json\r\n\r\n[profile") {
		t.Errorf("%q %v", got, err)
	}
	if got := m.ok("", "sojourn", "configure", "list"); !strings.Contains(got, `C:\users\`+filepath.Base(m.home)+`\.aws\credentials`) {
		t.Error(got)
	}
	// A session is made and kept, by way of the file's lock.
	sts := clienttest.NewSTS(false)
	defer sts.Close()
	sts.Keys["AKIDEXAMPLE"] = "secret"
	m.env = append(m.env, "AWS_ENDPOINT_URL="+sts.URL)
	for range 2 {
		if got := m.ok("", "sojourn", "export-credentials", "--profile", "CodeAccess", "--format", "powershell"); !strings.Contains(got, `$Env:AWS_ACCESS_KEY_ID="ASIASESSION1"`) {
			t.Error(got)
		}
	}
	if got := m.ok("protocol=http\r\nhost="+strings.TrimPrefix(sts.URL, "http://")+"\r\npath=v1/repos/r\r\n\r\n", "sojourn", "credential-helper", "get"); !strings.Contains(got, "username=AKIDEXAMPLE\n") {
		t.Errorf("%q", got)
	}
	if got := m.ok("", "sojourn", "whoami"); !strings.Contains(got, "user/AKIDEXAMPLE") {
		t.Error(got)
	}
	if out, errOut, err := m.run("", "git-remote-codecommit", "origin", "codecommit://nobody@r"); err == nil || !strings.Contains(errOut, "The following profile was not found: nobody") {
		t.Errorf("%v %s%s", err, out, errOut)
	}
	if _, errOut, err := m.run("", "sojourn", "login", "--profile", "x"); err == nil || !strings.Contains(errOut, "does not say where to sign in") {
		t.Errorf("%v %s", err, errOut)
	}
}
