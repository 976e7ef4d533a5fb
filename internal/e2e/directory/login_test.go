package directory

import (
	"path/filepath"
	"strings"

	"sojourn/internal/federation/directory/directorytest"
	"sojourn/internal/node"
)

// signsIn signs in with sojourn login and the directory's password, reads the
// repository, and logs out.
func (w *world) signsIn() {
	w.t.Helper()
	sh := w.Shell(bin)
	sh.Write("password", directorytest.Password+"\n")
	sh.Run("sojourn", "login", "--profile", "Staff", "--directory", w.arn, "--user", "alice", "--password-file", "password", "--role-arn", roleARN, "--region", node.DefaultRegion)
	if got := sh.Run("sojourn", "whoami", "--profile", "Staff"); !strings.Contains(got, "assumed-role/CodeCommitAccess/alice") {
		w.t.Errorf("whoami: %s", got)
	}
	sh.Run("git", "ls-remote", "codecommit://Staff@MyDemoRepo")
	// The profile knows the rest.
	if out := sh.Run("sojourn", "login", "--profile", "Staff", "--password-file", "password"); strings.Contains(out, directorytest.Password) {
		w.t.Error(out)
	}
	sh.Run("sojourn", "logout", "--profile", "Staff")
	sh.Fail("git", "ls-remote", "codecommit://Staff@MyDemoRepo")
	w.signsInByGit()
}

// signsInByGit lets git ask for the password when it needs a session
// (sojourn_sign_in): once, for the session is kept.
func (w *world) signsInByGit() {
	w.t.Helper()
	sh := w.Shell(bin)
	sh.Write(".aws/config", "[profile Asks]\nregion = "+node.DefaultRegion+"\nsojourn_sign_in = directory\nrole_arn = "+roleARN+"\nsojourn_directory = "+w.arn+"\nsojourn_username = alice\n")
	answer := "#!/bin/sh\necho asked >>" + sh.Home + "/asked\ncat " + sh.Write("password", directorytest.Password+"\n") + "\n"
	sh.Set("GIT_TERMINAL_PROMPT", "0").Set("GIT_ASKPASS", sh.Write("answer", answer))
	if err := chmod(filepath.Join(sh.Home, "answer")); err != nil {
		w.t.Fatal(err)
	}
	sh.Run("git", "ls-remote", "codecommit://Asks@MyDemoRepo")
	sh.Run("git", "ls-remote", "codecommit://Asks@MyDemoRepo")
	if got := sh.Run("cat", sh.Home+"/asked"); got != "asked\n" {
		w.t.Errorf("the password was asked for %d times", strings.Count(got, "asked"))
	}
}

// signsInWithCode signs in with sojourn login by password and code, which it asks
// an askpass program for, and lets aws and git use the profile. A code that was
// used before lets nobody in.
func (w *world) signsInWithCode(serial, used, fresh string) {
	w.t.Helper()
	sh := w.Shell(bin)
	sh.Write("password", directorytest.Password+"\n")
	askpass := func(code string) {
		w.t.Helper()
		sh.Set("GIT_ASKPASS", sh.Write("askpass", "#!/bin/sh\ncase \"$1\" in *"+serial+"*) echo "+code+";; esac\n"))
		if err := chmod(filepath.Join(sh.Home, "askpass")); err != nil {
			w.t.Fatal(err)
		}
	}
	args := []string{"login", "--profile", "Staff", "--directory", w.arn, "--user", "alice", "--password-file", "password", "--role-arn", roleARN, "--region", node.DefaultRegion}
	if out := sh.Fail("sojourn", args...); !strings.Contains(out, "AccessDenied") {
		w.t.Errorf("without a code: %s", out)
	}
	args = append(args, "--mfa-serial", serial)
	askpass(used)
	if out := sh.Fail("sojourn", args...); !strings.Contains(out, "invalid MFA one time pass code") {
		w.t.Errorf("with a used code: %s", out)
	}
	askpass(fresh)
	sh.Run("sojourn", args...)
	if got := sh.Run("aws", "--profile", "Staff", "sts", "get-caller-identity", "--query", "Arn", "--output", "text"); !strings.Contains(got, "assumed-role/CodeCommitAccess/alice") {
		w.t.Errorf("aws is %s", got)
	}
	sh.Run("git", "ls-remote", "codecommit://Staff@MyDemoRepo")
	sh.Run("sojourn", "logout", "--profile", "Staff")
	sh.Fail("git", "ls-remote", "codecommit://Staff@MyDemoRepo")
}
