package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sojourn/internal/node"
	"sojourn/internal/sigv4"
	"sojourn/internal/sojourntest"
)

// api calls the server as the AWS CLI would, in this process.
type api struct {
	t    testing.TB
	s    *sojourntest.Server
	cred sigv4.Credentials
}

// trustAccount is a trust policy for an account's principals.
func trustAccount(account string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + account + `:root"},"Action":"sts:AssumeRole"}]}`
}

// allow is an identity policy that allows actions on everything.
func allow(actions ...string) string {
	b, _ := json.Marshal(actions) // strings always encode
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":` + string(b) + `,"Resource":"*"}]}`
}

func (a *api) query(service string, params ...string) map[string]string {
	a.t.Helper()
	out, err := a.tryQuery(service, params...)
	if err != nil {
		a.t.Fatal(err)
	}
	return out
}

// role makes a role with one inline policy.
func (a *api) role(name, trust, policy string) {
	a.t.Helper()
	a.query("iam", "Action", "CreateRole", "RoleName", name, "AssumeRolePolicyDocument", trust)
	a.query("iam", "Action", "PutRolePolicy", "RoleName", name, "PolicyName", "inline", "PolicyDocument", policy)
}

// user makes a user who may assume every role, and gives an access key.
func (a *api) user(name string) sigv4.Credentials {
	a.t.Helper()
	a.query("iam", "Action", "CreateUser", "UserName", name)
	a.query("iam", "Action", "PutUserPolicy", "UserName", name, "PolicyName", "inline", "PolicyDocument", allow("sts:AssumeRole", "codecommit:*"))
	return credentials(a.query("iam", "Action", "CreateAccessKey", "UserName", name))
}

// page prepares what the page takes for granted: a user's default profile, the
// role CodeCommitAccess, the profile CodeAccess that assumes it, and the
// repository MyDemoRepo.
func page(t testing.TB, s *sojourntest.Server) *sojourntest.Shell {
	t.Helper()
	root := &api{t: t, s: s, cred: s.Root("")}
	root.role("CodeCommitAccess", trustAccount(sojourntest.Account), allow("codecommit:*"))
	root.role("Reader", trustAccount(sojourntest.Account), allow("codecommit:GitPull"))
	key := root.user("maria")
	root.json("CreateRepository", `{"repositoryName":"MyDemoRepo"}`)
	sh := shell(s)
	profiles(sh, key, "CodeCommitAccess", "Reader")
	return sh
}

// profiles writes the default profile and one for each role: CodeAccess for
// CodeCommitAccess, else the role's name.
func profiles(sh *sojourntest.Shell, key sigv4.Credentials, roles ...string) {
	sh.Write(".aws/credentials", fmt.Sprintf("[default]\naws_access_key_id = %s\naws_secret_access_key = %s\n", key.AccessKeyID, key.Secret.Reveal()))
	config := "[default]\nregion = " + node.DefaultRegion + "\n"
	for _, r := range roles {
		profile := strings.Replace(r, "CodeCommitAccess", "CodeAccess", 1)
		config += fmt.Sprintf("\n[profile %s]\nsource_profile = default\nrole_session_name = Maria Garcia\nrole_arn = arn:aws:iam::%s:role/%s\n", profile, sojourntest.Account, r)
	}
	sh.Write(".aws/config", config)
}

// commit makes a repository with one commit in dir and returns its shell.
func commit(t testing.TB, sh *sojourntest.Shell, dir string) *sojourntest.Shell {
	t.Helper()
	sh.Run("git", "init", "-q", "-b", "main", dir)
	work := sh.In(dir)
	write(t, work, "README", "hello\n")
	work.Run("git", "add", ".")
	work.Run("git", "commit", "-q", "-m", "Say hello")
	return work
}

func write(t testing.TB, sh *sojourntest.Shell, name, text string) {
	t.Helper()
	path := filepath.Join(sh.Dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
