package directory

import (
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
}
