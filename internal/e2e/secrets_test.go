package e2e

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"sojourn/internal/sojourntest"
)

// gitPassword is a Git password: a time and a signature.
var gitPassword = regexp.MustCompile(`20\d{6}T\d{6}Z[0-9a-f]{64}`)

// leaks returns the secrets that text holds, by name.
func leaks(text string, secrets map[string]string) (found []string) {
	for name, s := range secrets {
		if strings.Contains(text, s) {
			found = append(found, name)
		}
	}
	if gitPassword.MatchString(text) {
		found = append(found, "Git password")
	}
	return found
}

// watch reads every process's arguments until stop, and returns the secrets
// that it saw.
func watch(secrets map[string]string, stop <-chan struct{}) map[string]bool {
	seen := map[string]bool{}
	for {
		select {
		case <-stop:
			return seen
		default:
		}
		files, _ := filepath.Glob("/proc/[0-9]*/cmdline")
		for _, f := range files {
			b, _ := os.ReadFile(f) // the process may be gone
			for _, name := range leaks(string(b), secrets) {
				seen[name+" in "+string(bytes.ReplaceAll(b, []byte{0}, []byte{' '}))] = true
			}
		}
	}
}

// No password or token stands in a process's arguments, in git's trace, in the
// server's log at its most talkative, or in a file that git keeps.
func TestNoSecretShown(t *testing.T) {
	s := sojourntest.Start(t)
	sh := page(t, s)
	root := &api{t: t, s: s, cred: s.Root("")}
	session := credentials(root.asUser("maria2").query("sts", "Action", "AssumeRole",
		"RoleArn", "arn:aws:iam::"+sojourntest.Account+":role/CodeCommitAccess", "RoleSessionName", "maria"))
	secrets := map[string]string{"secret key": session.Secret.Reveal(), "session token": session.Token}
	sh.As(session)
	helper := sh.Write("store.sh", "#!/bin/sh\ncat >>"+sh.Home+"/stored\n")
	sh.Write(".gitconfig", "[credential]\n\thelper = !sh "+helper+"\n")
	work := commit(t, sh, "work")
	work.Set("GIT_TRACE", "1").Set("GIT_TRACE_CURL", "1").Set("GIT_TRACE_SETUP", "1").Set("GIT_TRACE_PACKET", "1")

	stop, done := make(chan struct{}), make(chan map[string]bool)
	go func() { done <- watch(secrets, stop) }()
	for range 3 {
		work.Run("git", "commit", "-q", "--allow-empty", "-m", "More")
		_, trace, err := work.Try("git", "push", "codecommit://MyDemoRepo", "main")
		if err != nil {
			t.Fatal(trace)
		}
		if found := leaks(trace, secrets); found != nil || !strings.Contains(trace, "trace: ") {
			t.Errorf("git's trace of a push holds %v\n%s", found, trace)
		}
		_, trace, err = work.Try("git", "fetch", "codecommit://MyDemoRepo", "main")
		if err != nil {
			t.Fatal(trace)
		}
		if found := leaks(trace, secrets); found != nil {
			t.Errorf("git's trace of a fetch holds %v", found)
		}
	}
	close(stop)
	for what := range <-done {
		t.Errorf("seen in a process's arguments: %s", what)
	}
	if found := leaks(s.Logs.String(), secrets); found != nil || !strings.Contains(s.Logs.String(), "GitPush") {
		t.Errorf("the server's log holds %v", found)
	}
	if b, err := os.ReadFile(filepath.Join(sh.Home, "stored")); err == nil {
		t.Errorf("git's credential store was asked: %s", b)
	}
	filesHold(t, work.Dir, secrets)
	filesHold(t, filepath.Join(s.Data, "audit"), secrets)
}

func filesHold(t *testing.T, dir string, secrets map[string]string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(path)
		if found := leaks(string(b), secrets); found != nil {
			t.Errorf("%s holds %v", path, found)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// asUser makes a user and returns calls in the user's name.
func (a *api) asUser(name string) *api {
	a.t.Helper()
	return &api{t: a.t, s: a.s, cred: a.user(name)}
}

// What the server keeps is readable by nobody else.
func TestFileModes(t *testing.T) {
	s := sojourntest.Start(t)
	page(t, s)
	open := map[string]bool{"tls/ca.pem": true, "endpoint": true} // what clients read
	err := filepath.WalkDir(s.Data, func(path string, e os.DirEntry, err error) error {
		if err != nil || path == s.Data {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		if name, _ := filepath.Rel(s.Data, path); info.Mode().Perm()&0o077 != 0 && !open[name] {
			t.Errorf("%s has mode %v", name, info.Mode())
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
