package e2e

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"sojourn/internal/sojourntest"
)

var update = flag.Bool("update", false, "write the scripts' expected output anew")

// TestScripts runs testdata/*.script. A line that begins with "$ " is a shell
// command; the lines below it are all that it prints. What differs from run to
// run (ids, keys, times, ports) is shown as <name>. A command that fails ends
// with a line "[exit status N]".
func TestScripts(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.script")
	if err != nil || len(files) == 0 {
		t.Fatal("no scripts", err)
	}
	for _, f := range files {
		t.Run(strings.TrimSuffix(filepath.Base(f), ".script"), func(t *testing.T) {
			t.Parallel()
			runScript(t, f)
		})
	}
}

func runScript(t *testing.T, file string) {
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	s := sojourntest.Start(t)
	sh := shell(s).As(s.Root(""))
	files, err := filepath.Abs("testdata/files")
	if err != nil {
		t.Fatal(err)
	}
	sh.Set("SERVER", s.URL).Set("DATA", s.Data).Set("FILES", files).Set("TOTP", authenticatorCommand(t))
	sh.Write(".aws/config", "[default]\nregion = us-east-1\ncli_timestamp_format = iso8601\n")
	var got bytes.Buffer
	for block := range strings.SplitSeq(string(want), "\n$ ") {
		command, _, _ := strings.Cut(strings.TrimPrefix(block, "$ "), "\n")
		if strings.HasPrefix(block, "#") || strings.TrimSpace(command) == "" {
			got.WriteString(strings.TrimSuffix(block, "\n") + "\n")
			continue
		}
		got.WriteString("$ " + command + "\n" + normal(runLine(sh, command)))
	}
	if *update {
		if err := os.WriteFile(file, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if got.String() != string(want) {
		t.Errorf("%s: the output differs; -update writes it anew\n%s", file, diff(t, string(want), got.String()))
	}
}

// authenticatorCommand is this program as an authenticator: $TOTP SEED STEPS.
func authenticatorCommand(t *testing.T) string {
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return program + " totp"
}

// runLine runs one command with the shell; variables that it sets with
// "export" stay for the next ones. What it redirects to files may hold secrets.
func runLine(sh *sojourntest.Shell, line string) string {
	c := sh.Command("/bin/sh", "-c", `umask 077; [ ! -f "$HOME/.vars" ] || . "$HOME/.vars"; `+line+`
status=$?; export -p >"$HOME/.vars"; exit $status`)
	out, err := c.CombinedOutput()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		out = append(out, "["+exit.String()+"]\n"...)
	} else if err != nil {
		out = append(out, err.Error()+"\n"...)
	}
	return string(out)
}

var changing = []struct {
	form *regexp.Regexp
	name string
}{
	{regexp.MustCompile(`("SecretAccessKey": ")[^"]{40}"`), `${1}<secret>"`},
	{regexp.MustCompile(`("SessionToken": ")[^"]+"`), `${1}<token>"`},
	{regexp.MustCompile(`\b(AKIA|ASIA)[A-Z2-7]{16}\b`), `<$1>`},
	{regexp.MustCompile(`\b(AIDA|AROA|AGPA|ANPA|AIPA)[A-Z2-7]{17}\b`), `<$1>`},
	{regexp.MustCompile(`\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b`), `<uuid>`},
	{regexp.MustCompile(`\b20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)`), `<time>`},
	{regexp.MustCompile(`\[exit status 25[45]\]`), `[exit status 254]`}, // version 1 of the AWS CLI has 255
	{regexp.MustCompile(`127\.0\.0\.1:\d+`), `<server>`},
	{regexp.MustCompile(`\b[0-9a-f]{40}\b`), `<commit>`},
}

func normal(s string) string {
	for _, c := range changing {
		s = c.form.ReplaceAllString(s, c.name)
	}
	return s
}

func diff(t *testing.T, want, got string) string {
	dir := t.TempDir()
	for name, text := range map[string]string{"want": want, "got": got} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c := exec.Command("git", "diff", "--no-index", "--no-color", "want", "got")
	c.Dir = dir
	out, _ := c.Output() // exit status 1 says that they differ
	return string(out)
}
