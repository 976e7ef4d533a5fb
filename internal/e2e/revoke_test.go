package e2e

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"sojourn/internal/sojourntest"
)

var revocationID = regexp.MustCompile(`REVO[A-Z2-7]{17}`)

// What a responder types, beside a running server: when the command is back the
// next request of the stolen session is refused, by the API and by git, with a
// line that says why; whoever signs in again goes on at once.
func TestRevokedOnTheNextRequest(t *testing.T) {
	t.Parallel()
	p := &process{t: t, data: t.TempDir(), addr: "127.0.0.1:0"}
	p.start()
	defer func() { p.kill() }()
	s := sojourntest.At(t, p.data, "https://"+p.addr)
	sh := page(t, s)
	commit(t, sh, "work").Run("git", "push", "-q", remote, "main")
	user := (&api{t: t, s: s, cred: s.Root("")}).asUser("ana")
	signIn := func(role string) *api {
		t.Helper()
		return &api{t: t, s: s, cred: credentials(user.query("sts", "Action", "AssumeRole", "RoleSessionName", "laptop",
			"RoleArn", "arn:aws:iam::"+sojourntest.Account+":role/"+role))}
	}
	admin := func(args ...string) string {
		t.Helper()
		return s.Shell(bin).Run("sojourn", append(append([]string{"admin", "revoke"}, args...), "--data", p.data)...)
	}
	const repo = "codecommit://MyDemoRepo"
	good := func(what string, who *api) {
		t.Helper()
		if status, out := who.tryJSON("ListRepositories", "{}"); status != 200 {
			t.Errorf("%s: %d %s", what, status, out)
		}
		s.Shell(bin).As(who.cred).Run("git", "ls-remote", repo)
	}
	refused := func(what string, who *api) {
		t.Helper()
		if status, out := who.tryJSON("ListRepositories", "{}"); status != 400 || !strings.Contains(out, "ExpiredTokenException") || !strings.Contains(out, "has been revoked") {
			t.Errorf("%s: %d %s", what, status, out)
		}
		if out := s.Shell(bin).As(who.cred).Fail("git", "ls-remote", repo); strings.Count(out, "The session has been revoked. Sign in for new temporary credentials") != 1 {
			t.Errorf("%s: git says\n%s", what, out)
		}
	}

	stolen, other := signIn("CodeCommitAccess"), signIn("CodeCommitAccess")
	good("before", stolen)
	key := admin("--access-key", stolen.cred.AccessKeyID, "--reason", "found in a log")
	refused("one session", stolen)
	good("another of the role", other)

	role := admin("--role", "CodeCommitAccess", "--reason", "INC-42")
	refused("the role", other)
	fresh := signIn("CodeCommitAccess")
	good("signing in again", fresh)
	good("a long-term key", user)
	// Whose helper has kept a session of the role is told, once, and goes on with a new one.
	if out := sh.Fail("git", "ls-remote", remote); !strings.Contains(out, "The session has been revoked.") || !strings.Contains(out, "it is forgotten: run the command again") {
		t.Errorf("git with a kept session says\n%s", out)
	}
	sh.Run("git", "ls-remote", remote)
	// So is who uses https URLs and our credential helper. (curl names the user that it gives git, token and all.)
	sh.Set("GIT_TRACE_CURL", "")
	sh.Run("sojourn", "setup", "--profile", "CodeAccess", "--yes")
	sh.Run("git", "ls-remote", s.URL+"/v1/repos/MyDemoRepo")
	again := admin("--role", "CodeCommitAccess", "--reason", "again")
	if out := sh.Fail("git", "ls-remote", s.URL+"/v1/repos/MyDemoRepo"); !strings.Contains(out, "The session has been revoked.") {
		t.Errorf("git with the credential helper says\n%s", out)
	}
	sh.Run("git", "ls-remote", s.URL+"/v1/repos/MyDemoRepo")
	admin("undo", "--id", revocationID.FindString(again))
	if list := admin("list"); strings.Count(list, "\n") != 2 || !strings.Contains(list, "INC-42") || !strings.Contains(list, "role/CodeCommitAccess") {
		t.Errorf("the list is\n%s", list)
	}
	admin("undo", "--id", revocationID.FindString(role))
	good("taken back", other)
	refused("the other is not", stolen)
	admin("undo", "--id", revocationID.FindString(key))
	good("both taken back", stolen)

	admin("--account", sojourntest.Account)
	refused("the account", fresh)
	good("the account, signing in again", signIn("CodeCommitAccess"))
	admin("--access-key", user.cred.AccessKeyID)
	if status, out := user.tryJSON("ListRepositories", "{}"); status != 400 || !strings.Contains(out, "UnrecognizedClientException") {
		t.Errorf("an inactive key: %d %s", status, out)
	}

	p.kill()
	admin("--role", "Reader") // without a server
	p.start()
	if list := admin("list"); strings.Count(list, "\n") != 2 {
		t.Errorf("the list is\n%s", list)
	}
	log := strings.Join(auditFiles(t, p.data), "")
	for _, act := range []string{`"Revoke"`, `"UndoRevocation"`, `"DeactivateAccessKey"`, `INC-42`} {
		if !strings.Contains(log, act) {
			t.Errorf("%s is not on record", act)
		}
	}
}

func auditFiles(t *testing.T, data string) (texts []string) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(data, "audit", "*.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, string(text))
	}
	return texts
}
