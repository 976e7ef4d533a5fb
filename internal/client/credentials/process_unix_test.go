//go:build unix

package credentials

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// script makes a program; the file that it names tells how often it ran.
func script(t *testing.T, w *world, body string) string {
	t.Helper()
	w.write("bin/creds tool", "#!/bin/sh\necho x >>'"+w.home+"/runs'\n"+body+"\n")
	path := filepath.Join(w.home, "bin", "creds tool")
	if err := os.Chmod(path, 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

// The program gets no standard input (git's pipe is there), runs once, and its words keep their blanks.
func TestProcess(t *testing.T) {
	w := newWorld(t, "", "")
	path := script(t, w, `read line && exit 9; echo noise >&2
echo '{"Version": 1, "AccessKeyId": "'"$1"'", "SecretAccessKey": "s", "SessionToken": "t", "Expiration": "2026-11-23T12:10:00Z"}'`)
	w.write(".aws/config", "[default]\ncredential_process = \""+path+"\" 'ASIA P'\n")
	got, err := w.resolve("default", true)
	if err != nil || got.AccessKeyID != "ASIA P" || got.Token != "t" || !got.Expires.Equal(noon.Add(10*time.Minute)) || got.Method != "custom-process" {
		t.Errorf("%+v, %v", got, err)
	}
	if runs, _ := os.ReadFile(filepath.Join(w.home, "runs")); string(runs) != "x\n" {
		t.Errorf("it ran %d times", strings.Count(string(runs), "x"))
	}
}

// What goes wrong in it is one line, quoted and bounded, without what it printed.
func TestProcessFailures(t *testing.T) {
	ok := `"AccessKeyId": "A", "SecretAccessKey": "s3cr3t"`
	for body, want := range map[string]string{
		`printf 'sign in\nfirst\033[2J' >&2; exit 3`:       `failed: exit status 3; it said "sign in\nfirst\x1b[2J"`,
		`head -c 100000 /dev/zero | tr '\0' x >&2; exit 1`: strings.Repeat("x", maxSaid) + `"`,
		`echo s3cr3t`:         "did not print the JSON",
		`echo '{` + ok + `}'`: "printed Version 0",
		`echo '{"Version": 1, "AccessKeyId": "A"}'`:                               "printed no AccessKeyId or no SecretAccessKey",
		`echo '{"Version": 1, ` + ok + `, "Expiration": "2026-11-23T12:00:00Z"}'`: "printed credentials that expired at 2026-11-23T12:00:00Z",
		`echo '{"Version": 1, ` + ok + `, "Expiration": "soon"}'`:                 "printed an Expiration that is no time",
	} {
		w := newWorld(t, "", "")
		w.write(".aws/config", "[default]\ncredential_process = '"+script(t, w, body)+"'\n")
		_, err := w.resolve("default", true)
		if err == nil || !strings.HasPrefix(err.Error(), `the credential_process of profile "default" `) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v; want %q", body, err, want)
		} else if strings.Contains(err.Error(), "s3cr3t") || strings.ContainsAny(err.Error(), "\n\x1b") || len(err.Error()) > maxSaid+200 {
			t.Errorf("%s: %v", body, err)
		}
	}
	for command, want := range map[string]string{"'x": "is not a command", "''": "is not a command", "/no/such/program": "failed"} {
		w := newWorld(t, "[default]\ncredential_process = "+command+"\n", "")
		if _, err := w.resolve("default", true); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", command, err)
		}
	}
}

// A program that hangs is ended: git waits for it.
func TestProcessTime(t *testing.T) {
	w := newWorld(t, "", "")
	w.write(".aws/config", "[default]\ncredential_process = '"+script(t, w, "echo waiting for you >&2; exec sleep 60")+"'\n")
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	start := time.Now()
	_, err := w.chain("default", true).Resolve(ctx)
	if err == nil || !strings.Contains(err.Error(), `did not end in 1m0s; it said "waiting for you"`) {
		t.Error(err)
	}
	if took := time.Since(start); took > 20*time.Second {
		t.Errorf("it took %v", took)
	}
}
