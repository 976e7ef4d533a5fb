package e2e

import (
	"strings"
	"testing"
	"time"

	"sojourn/internal/devidp"
	"sojourn/internal/sojourntest"
)

// provider runs an OpenID Connect provider and a server that knows it.
func provider(t *testing.T) (*devidp.Provider, *sojourntest.Server) {
	t.Helper()
	var s *sojourntest.Server
	p, err := devidp.Start(t.TempDir(), func() time.Time {
		if s == nil {
			return time.Now()
		}
		return s.Now()
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	s = sojourntest.Start(t, sojourntest.AllowLoopback(p.CA))
	return p, s
}

func trustProvider(p *devidp.Provider) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::` + sojourntest.Account + `:oidc-provider/` + p.Host() + `"},
		"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringEquals":{"` + p.Host() + `:aud":"sojourn","` + p.Host() + `:sub":"maria@example.com"}}}]}`
}

// The page's second example, as printed: a token file under the home, given with "~".
func TestWebIdentity(t *testing.T) {
	p, s := provider(t)
	root := &api{t: t, s: s, cred: s.Root("")}
	root.query("iam", "Action", "CreateOpenIDConnectProvider", "Url", p.URL, "ClientIDList.member.1", "sojourn")
	root.role("CodeCommitAccess", trustProvider(p), allow("codecommit:*"))
	root.json("CreateRepository", `{"repositoryName":"MyDemoRepo"}`)
	sh := shell(s)
	sh.Write(".aws/config", "[default]\nregion = us-east-1\n")
	sh.Write(".aws/credentials", "[CodeCommitWebIdentity]\nrole_arn = arn:aws:iam:::"+sojourntest.Account+":role/CodeCommitAccess\n"+
		"web_identity_token_file=~/my-credentials/my-token-file\nrole_session_name = Maria Garcia\n")
	token := func(subject, audience string) {
		text, err := p.Token(subject, audience, time.Hour, nil)
		if err != nil {
			t.Fatal(err)
		}
		sh.Write("my-credentials/my-token-file", text)
	}
	token("maria@example.com", "sojourn")
	const url = "codecommit://CodeCommitWebIdentity@MyDemoRepo"
	work := commit(t, sh, "work")
	work.Run("git", "push", "-q", url, "main")
	sh.Run("git", "clone", "-q", url, "clone")
	same(t, work, sh.In("clone"), "main")
	who := sh.Run("sojourn", "sts", "get-caller-identity", "--profile", "CodeCommitWebIdentity")
	if want := `"Arn": "arn:aws:sts::` + sojourntest.Account + `:assumed-role/CodeCommitAccess/Maria_Garcia"`; !strings.Contains(who, want) {
		t.Errorf("want %s in\n%s", want, who)
	}

	fresh := func(want string) {
		t.Helper()
		out := sh.Fail("sojourn", "sts", "assume-role-with-web-identity", "--role-arn", "arn:aws:iam::"+sojourntest.Account+":role/CodeCommitAccess",
			"--role-session-name", "maria", "--web-identity-token", "file://"+sh.Home+"/my-credentials/my-token-file", "--region", "us-east-1")
		if !strings.Contains(out, want) {
			t.Errorf("want %q in\n%s", want, out)
		}
	}
	token("eve@example.com", "sojourn")
	fresh("Not authorized to perform sts:AssumeRoleWithWebIdentity")
	token("maria@example.com", "someone-else")
	fresh("Incorrect token audience")
	token("maria@example.com", "sojourn")
	s.Turn(2 * time.Hour)
	defer s.Turn(-2 * time.Hour)
	sh.Write("my-credentials/my-token-file", strings.TrimSpace(readHome(t, sh, "my-credentials/my-token-file")))
	fresh("ExpiredToken")
}

// The cross-account walk: a user of one account works in another's repository
// through a role there, and without the role finds nothing.
func TestTwoAccounts(t *testing.T) {
	const other = "444455556666"
	s := sojourntest.Start(t)
	s.CreateAccount(other)
	owner := &api{t: t, s: s, cred: s.Root(sojourntest.Account)}
	owner.role("CodeCommitAccess", trustAccount(other), allow("codecommit:*"))
	owner.json("CreateRepository", `{"repositoryName":"MyDemoRepo"}`)
	guest := &api{t: t, s: s, cred: s.Root(other)}
	sh := shell(s)
	profiles(sh, guest.user("maria"), "CodeCommitAccess")
	work := commit(t, sh, "work")
	work.Run("git", "push", "-q", remote, "main")
	if out := sh.Fail("git", "clone", "codecommit://MyDemoRepo", "mine"); !strings.Contains(out, "not found") {
		t.Errorf("the guest's own account has the repository:\n%s", out)
	}
	stranger := &api{t: t, s: s, cred: owner.user("nobody")}
	if _, err := stranger.tryQuery("sts", "Action", "AssumeRole", "RoleSessionName", "s1",
		"RoleArn", "arn:aws:iam::"+sojourntest.Account+":role/CodeCommitAccess"); err == nil {
		t.Error("a user whom the trust policy does not name assumed the role")
	}
}

// A session ends when it says, also between two commands, and a deleted role
// ends its sessions at once.
func TestSessionEnds(t *testing.T) {
	s := sojourntest.Start(t)
	sh := page(t, s)
	root := &api{t: t, s: s, cred: s.Root("")}
	session := credentials(root.asUser("maria2").query("sts", "Action", "AssumeRole", "DurationSeconds", "900",
		"RoleArn", "arn:aws:iam::"+sojourntest.Account+":role/CodeCommitAccess", "RoleSessionName", "maria"))
	sh.As(session)
	sh.Run("git", "ls-remote", "codecommit://MyDemoRepo")
	s.Turn(14 * time.Minute)
	s.Turn(2 * time.Minute)
	a := &api{t: t, s: s, cred: session}
	if _, err := a.tryQuery("sts", "Action", "GetCallerIdentity"); err == nil || !strings.HasPrefix(err.Error(), "403 ExpiredToken") {
		t.Errorf("an expired session: %v", err)
	}
	s.Turn(-16 * time.Minute)
	a.query("sts", "Action", "GetCallerIdentity")
	root.query("iam", "Action", "DeleteRolePolicy", "RoleName", "CodeCommitAccess", "PolicyName", "inline")
	if out := sh.Fail("git", "ls-remote", "codecommit://MyDemoRepo"); !strings.Contains(out, "not authorized to perform: codecommit:GitPull") {
		t.Errorf("a detached policy still permits:\n%s", out)
	}
	root.query("iam", "Action", "DeleteRole", "RoleName", "CodeCommitAccess")
	if _, err := a.tryQuery("sts", "Action", "GetCallerIdentity"); err == nil || !strings.HasPrefix(err.Error(), "403 InvalidClientTokenId") {
		t.Errorf("a deleted role's session: %v", err)
	}
}
