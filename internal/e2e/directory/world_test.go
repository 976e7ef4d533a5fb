package directory

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"testing"

	"sojourn/internal/federation/directory/directorytest"
	"sojourn/internal/node"
	"sojourn/internal/secret"
	"sojourn/internal/sigv4"
	"sojourn/internal/sojourntest"
)

const roleARN = "arn:aws:iam::" + sojourntest.Account + ":role/CodeCommitAccess"

// world is a server that may reach a directory, its administrator, and a
// repository with one commit.
type world struct {
	*sojourntest.Server
	t     *testing.T
	dir   *directorytest.Directory
	admin *sojourntest.Shell
	arn   string // the directory's
	id    string
}

func newWorld(t *testing.T, start func() (*directorytest.Directory, error), kind string, more ...string) *world {
	t.Helper()
	d, err := start()
	if err != nil {
		t.Fatal(err)
	}
	s := sojourntest.Start(t, sojourntest.AllowLoopback(d.CA))
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the server logged:\n%s", s.Logs)
		}
	})
	w := &world{Server: s, t: t, dir: d, admin: s.Shell(bin).As(s.Root(""))}
	w.admin.Run("sojourn", "codecommit", "create-repository", "--repository-name", "MyDemoRepo")
	w.admin.Run("git", "init", "-q", "-b", "main", "work")
	work := w.admin.In("work")
	w.admin.Write("work/README", "hello\n")
	work.Run("git", "add", ".")
	work.Run("git", "commit", "-q", "-m", "Say hello")
	work.Run("git", "push", "-q", "codecommit://MyDemoRepo", "main")
	w.create(kind, more...)
	return w
}

// create registers the directory as an administrator does at the server's machine.
func (w *world) create(kind string, more ...string) {
	w.t.Helper()
	args := append([]string{"admin", "directory", "create", "--data", w.Data, "--name", "Staff", "--kind", kind,
		"--urls", w.dir.LDAPS, w.dir.LDAP, "--bind-dn", w.dir.BindDN, "--base-dn", w.dir.BaseDN}, more...)
	out := w.Shell(bin).Set("SOJOURN_BIND_PASSWORD", directorytest.ServicePassword).Run("sojourn", args...)
	var answer struct {
		Directory struct{ DirectoryId, Arn string }
	}
	w.parse(out, &answer)
	w.arn, w.id = answer.Directory.Arn, answer.Directory.DirectoryId
	if strings.Contains(out, directorytest.ServicePassword) || !strings.HasPrefix(w.arn, "arn:aws:ds:"+node.DefaultRegion+":"+sojourntest.Account+":directory/d-") {
		w.t.Errorf("the directory is shown as\n%s", out)
	}
}

func (w *world) parse(text string, into any) {
	w.t.Helper()
	if err := json.Unmarshal([]byte(text), into); err != nil {
		w.t.Fatalf("%v in %s", err, text)
	}
}

// role makes the role that people of the directory may take under a condition,
// and that may pull and push.
func (w *world) role(condition string) {
	w.t.Helper()
	w.admin.Run("sojourn", "iam", "create-role", "--role-name", "CodeCommitAccess", "--assume-role-policy-document",
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":"`+w.arn+`"},"Action":"sts:AssumeRoleWithLDAPIdentity","Condition":`+condition+`}]}`)
	w.admin.Run("sojourn", "iam", "put-role-policy", "--role-name", "CodeCommitAccess", "--policy-name", "code", "--policy-document",
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["codecommit:GitPull","codecommit:GitPush"],"Resource":"*"}]}`)
}

// session is what is printed of an assumed role.
type session struct {
	Credentials                  struct{ AccessKeyId, SecretAccessKey, SessionToken string }
	AssumedRoleUser              struct{ Arn string }
	Provider, Subject, SubjectId string
}

// command is a sign-in by the command line, with the password in the environment.
func (w *world) command(user, password string, more ...string) (*sojourntest.Shell, []string) {
	sh := w.Shell(bin).Set("AWS_DEFAULT_REGION", node.DefaultRegion).Set("SOJOURN_LDAP_PASSWORD", password)
	return sh, append([]string{"sts", "assume-role-with-ldap-identity", "--role-arn", roleARN, "--directory-arn", w.arn, "--user-name", user}, more...)
}

func (w *world) assume(user, password string, more ...string) session {
	w.t.Helper()
	sh, args := w.command(user, password, more...)
	var s session
	w.parse(sh.Run("sojourn", args...), &s)
	return s
}

// refuse is assume where it must fail, with want in what it prints.
func (w *world) refuse(want, user, password string, more ...string) {
	w.t.Helper()
	sh, args := w.command(user, password, more...)
	out := sh.Fail("sojourn", args...)
	if !strings.Contains(out, want) {
		w.t.Errorf("%s: want %q in\n%s", user, want, out)
	}
	if password != "" && strings.Contains(out, password) {
		w.t.Errorf("%s: the password is in\n%s", user, out)
	}
}

// cloneAndPush works with a session's credentials, and nothing else, by the helper.
func (w *world) cloneAndPush(s session) {
	w.t.Helper()
	c := s.Credentials
	sh := w.Shell(bin).As(sigv4.Credentials{AccessKeyID: c.AccessKeyId, Secret: secret.New(c.SecretAccessKey), Token: c.SessionToken})
	sh.Run("git", "clone", "-q", "codecommit://MyDemoRepo", "clone")
	sh.Write("clone/CHANGE", "by a person of the directory\n")
	clone := sh.In("clone")
	clone.Run("git", "add", ".")
	clone.Run("git", "commit", "-q", "-m", "Change something")
	clone.Run("git", "push", "-q", "origin", "main")
	if got := clone.Run("git", "ls-remote", "codecommit://MyDemoRepo", "refs/heads/main"); !strings.HasPrefix(got, strings.TrimSpace(clone.Run("git", "rev-parse", "HEAD"))) {
		w.t.Errorf("main is %s", got)
	}
}

// letsNobodyIn is the one text of all refusals by a directory.
const letsNobodyIn = "(IDPRejectedClaim) when calling the AssumeRoleWithLDAPIdentity operation: The directory does not let in a user with this name and password."

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// client trusts the server's authority.
func (w *world) client() *http.Client {
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM([]byte(read(w.t, w.CA())))
	return &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, DisableKeepAlives: true}}
}

// chmod lets a file be run.
func chmod(path string) error { return os.Chmod(path, 0o700) }
