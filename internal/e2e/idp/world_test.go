package idp

import (
	"encoding/json"
	"strings"
	"testing"

	"sojourn/internal/node"
	"sojourn/internal/secret"
	"sojourn/internal/sigv4"
	"sojourn/internal/sojourntest"
)

const roleARN = "arn:aws:iam::" + sojourntest.Account + ":role/CodeCommitAccess"

// world is a server that may reach a provider, its administrator, and a
// repository that a developer is to clone.
type world struct {
	*sojourntest.Server
	t     *testing.T
	admin *sojourntest.Shell
}

func newWorld(t *testing.T, f *front) *world {
	t.Helper()
	s := sojourntest.Start(t, sojourntest.AllowLoopback(f.CA))
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the server logged:\n%s", s.Logs)
		}
	})
	w := &world{Server: s, t: t, admin: s.Shell(bin).As(s.Root(""))}
	w.admin.Run("sojourn", "codecommit", "create-repository", "--repository-name", "MyDemoRepo")
	w.admin.Run("git", "init", "-q", "-b", "main", "work")
	work := w.admin.In("work")
	w.admin.Write("work/README", "hello\n")
	work.Run("git", "add", ".")
	work.Run("git", "commit", "-q", "-m", "Say hello")
	work.Run("git", "push", "-q", "codecommit://MyDemoRepo", "main")
	return w
}

// tagged is the condition of a policy that its caller was tagged by the provider.
const tagged = `,"Condition":{"StringEquals":{"aws:PrincipalTag/team":"core"}}`

// role makes the role that whom the trust policy describes may take. It may
// pull under a condition; "" is none.
func (w *world) role(trust, condition string) {
	w.t.Helper()
	w.admin.Run("sojourn", "iam", "create-role", "--role-name", "CodeCommitAccess", "--assume-role-policy-document", trust)
	w.admin.Run("sojourn", "iam", "put-role-policy", "--role-name", "CodeCommitAccess", "--policy-name", "pull", "--policy-document",
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"codecommit:GitPull","Resource":"*"`+condition+`}]}`)
}

// developer is someone who has no credentials yet.
func (w *world) developer() *sojourntest.Shell {
	return w.Shell(bin).Set("AWS_DEFAULT_REGION", node.DefaultRegion)
}

// session is what the AWS CLI prints of an assumed role.
type session struct {
	Credentials     struct{ AccessKeyId, SecretAccessKey, SessionToken string }
	AssumedRoleUser struct{ Arn string }

	SubjectFromWebIdentityToken, Provider, Audience string // of a web identity
	Subject, SubjectType, Issuer                    string // of an assertion
}

// assume trades a proof for a session with the unmodified AWS CLI. The operation
// begins a command whose last argument is the proof, which goes by a file: it is
// a secret.
func (w *world) assume(operation []string, proof string) session {
	w.t.Helper()
	sh, args := w.command(operation, proof)
	out := sh.Run("aws", args...)
	var s session
	if err := json.Unmarshal([]byte(out), &s); err != nil {
		w.t.Fatalf("%v in %s", err, out)
	}
	return s
}

// refuse is assume where it must fail, with want in what it prints.
func (w *world) refuse(want string, operation []string, proof string) {
	w.t.Helper()
	sh, args := w.command(operation, proof)
	if out := sh.Fail("aws", args...); !strings.Contains(out, want) {
		w.t.Errorf("want %q in\n%s", want, out)
	}
}

// command names the server on the command line, for AWS CLIs before 2.13.
func (w *world) command(operation []string, proof string) (*sojourntest.Shell, []string) {
	w.t.Helper()
	sh := w.developer()
	args := append([]string{"--endpoint-url", w.URL, "--output", "json", "sts"}, operation...)
	return sh, append(args, "file://"+sh.Write("proof", proof))
}

// clone clones with a session's credentials, and nothing else, by the helper.
func (w *world) clone(s session) {
	w.t.Helper()
	c := s.Credentials
	sh := w.developer().As(sigv4.Credentials{AccessKeyID: c.AccessKeyId, Secret: secret.New(c.SecretAccessKey), Token: c.SessionToken})
	sh.Run("git", "clone", "-q", "codecommit://MyDemoRepo", "clone")
	if got := sh.In("clone").Run("git", "log", "--format=%s"); got != "Say hello\n" {
		w.t.Errorf("the clone has %q", got)
	}
}
