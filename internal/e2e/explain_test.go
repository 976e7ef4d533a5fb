package e2e

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"sojourn/internal/node"
	"sojourn/internal/sigv4"
	"sojourn/internal/sojourntest"
)

const protectMain = `{"Version":"2012-10-17","Statement":[{"Sid":"DenyMain","Effect":"Deny","Action":"codecommit:GitPush","Resource":"*",
	"Condition":{"StringEqualsIfExists":{"codecommit:References":"refs/heads/main"},"Null":{"codecommit:References":"false"}}}]}`

var requestInLine = regexp.MustCompile(`remote: (.*) \(request ([0-9a-f-]{36})\)`)

// A refusal of git's leads its user to the request's id, and that leads the
// server's administrator to the policy.
func TestARefusalIsExplained(t *testing.T) {
	s := sojourntest.Start(t)
	sh := page(t, s)
	root := &api{t: t, s: s, cred: s.Root("")}
	explained := func(out, said, want string) {
		t.Helper()
		m := requestInLine.FindStringSubmatch(out)
		if m == nil || m[1] != said {
			t.Fatalf("git says\n%s\nwant %s", out, said)
		}
		if got := sh.Run("sojourn", "explain", "--request-id", m[2], "--data", s.Data); !strings.Contains(got, want) {
			t.Errorf("%s\nis explained as\n%swant %s", said, got, want)
		}
	}
	const (
		user = "User: arn:aws:sts::" + sojourntest.Account + ":assumed-role/"
		on   = " on resource: arn:aws:codecommit:us-east-1:" + sojourntest.Account + ":MyDemoRepo "
	)
	work := commit(t, sh, "work")
	explained(work.Fail("git", "push", "codecommit://Reader@MyDemoRepo", "main"),
		user+"Reader/Maria_Garcia is not authorized to perform: codecommit:GitPush"+on+"because no identity-based policy allows the codecommit:GitPush action. Ask an administrator of the account to allow it",
		"  decided by  the absence of a statement that allows it in any identity-based policy\n")

	root.query("iam", "Action", "PutRolePolicy", "RoleName", "CodeCommitAccess", "PolicyName", "ProtectMain", "PolicyDocument", protectMain)
	out := work.Fail("git", "push", remote, "main", "main:topic")
	if !strings.Contains(out, "main -> main (You don't have permission to push changes to this branch)") || !strings.Contains(out, "main -> topic") {
		t.Errorf("git says\n%s", out)
	}
	explained(out, user+"CodeCommitAccess/Maria_Garcia is not authorized to perform: codecommit:GitPush"+on+"with an explicit deny in an identity-based policy",
		"  with        reference = refs/heads/main\n  with        repositoryName = MyDemoRepo\n  decided by  identity-based policy \"ProtectMain\", statement 1 (Sid DenyMain)\n")

	if out := sh.Run("sojourn", "explain", "--profile", "CodeAccess"); !strings.HasPrefix(out, "You are arn:aws:sts::"+sojourntest.Account+":assumed-role/CodeCommitAccess/Maria") ||
		!strings.Contains(out, "  session     session Maria") || !strings.Contains(out, "  expires     20") {
		t.Errorf("who am I:\n%s", out)
	}
}

// Whoever may simulate policies asks beforehand: a user, and a session about its role.
func TestAPermissionIsExplained(t *testing.T) {
	s := sojourntest.Start(t)
	sh := page(t, s)
	root := &api{t: t, s: s, cred: s.Root("")}
	const repo = "arn:aws:codecommit:us-east-1:" + sojourntest.Account + ":MyDemoRepo"
	ask := func(profile string, more ...string) []string {
		return append([]string{"explain", "--profile", profile, "--action", "codecommit:GitPush", "--resource", repo}, more...)
	}
	if out := sh.Fail("sojourn", ask("CodeAccess")...); !strings.HasPrefix(out, "An error occurred (AccessDenied) when calling the SimulatePrincipalPolicy operation") || strings.Count(out, "\n") != 1 {
		t.Errorf("without the permission:\n%s", out)
	}
	for _, r := range []string{"CodeCommitAccess", "Reader"} {
		root.query("iam", "Action", "PutRolePolicy", "RoleName", r, "PolicyName", "Simulate", "PolicyDocument", allow("iam:SimulatePrincipalPolicy", "iam:GetRole"))
	}
	root.query("iam", "Action", "PutRolePolicy", "RoleName", "CodeCommitAccess", "PolicyName", "ProtectMain", "PolicyDocument", protectMain)
	const of, session = "These are the policies of arn:aws:iam::" + sojourntest.Account + ":role/", "arn:aws:sts::" + sojourntest.Account + ":assumed-role/"
	for _, c := range []struct {
		args []string
		want []string
	}{
		{ask("CodeAccess"), []string{session + "CodeCommitAccess/Maria_Garcia may do codecommit:GitPush on " + repo + ": allowed", "of role_CodeCommitAccess_inline (IAM Policy)", "keys that were not given: codecommit:References", of + "CodeCommitAccess; the session"}},
		{ask("CodeAccess", "--context", "codecommit:References=refs/heads/main"), []string{" may not do codecommit:GitPush on " + repo + ": explicitDeny", "of role_CodeCommitAccess_ProtectMain (IAM Policy)"}},
		{ask("CodeAccess", "--context", "codecommit:References=refs/heads/topic"), []string{" may do "}},
		{ask("Reader"), []string{"Reader/Maria_Garcia may not do codecommit:GitPush on " + repo + ": implicitDeny\n  no statement decides\n"}},
		{ask("Reader", "--format", "json"), []string{`"EvalDecision": "implicitDeny"`}},
	} {
		out := sh.Run("sojourn", c.args...)
		for _, want := range c.want {
			if !strings.Contains(out, want) {
				t.Errorf("%s: %q is missing in\n%s", c.args, want, out)
			}
		}
	}
	if out := shell(s).As(root.cred).Fail("sojourn", "explain", "--action", "codecommit:GitPush"); !strings.Contains(out, "is the root of the account: no policy of the account limits it") {
		t.Errorf("root:\n%s", out)
	}
}

// An API refusal's header is what sts decode-authorization-message opens; the
// one who was refused has no permission to do so.
func TestARefusalIsDecoded(t *testing.T) {
	s := sojourntest.Start(t)
	root := &api{t: t, s: s, cred: s.Root("")}
	maria := &api{t: t, s: s, cred: root.user("maria")}
	root.query("iam", "Action", "PutUserPolicy", "UserName", "maria", "PolicyName", "protect", "PolicyDocument",
		strings.ReplaceAll(protectMain, "codecommit:GitPush", "codecommit:CreateBranch"))
	encoded := maria.refused("CreateBranch", `{"repositoryName":"R","branchName":"main","commitId":"0123456789012345678901234567890123456789"}`)
	for name, sh := range map[string]*sojourntest.Shell{"sojourn": shell(s).As(root.cred), "aws": shell(s).As(root.cred)} {
		out := sh.Run(name, "sts", "decode-authorization-message", "--endpoint-url", s.URL, "--encoded-message", encoded)
		for _, want := range []string{`\"explicitDeny\":true`, `\"statementId\":\"DenyMain\"`, `\"policyName\":\"protect\"`, `\"action\":\"codecommit:CreateBranch\"`,
			`{\"key\":\"codecommit:references\",\"values\":{\"items\":[{\"value\":\"refs/heads/main\"}]}}`} {
			if !strings.Contains(out, want) {
				t.Errorf("%s: %s is missing in\n%s", name, want, out)
			}
		}
	}
	_, err := maria.tryQuery("sts", "Action", "DecodeAuthorizationMessage", "EncodedMessage", encoded)
	if err == nil || !strings.Contains(err.Error(), "403 AccessDenied: User: arn:aws:iam::"+sojourntest.Account+":user/maria is not authorized to perform: sts:DecodeAuthorizationMessage because no identity-based policy allows") {
		t.Errorf("the refused one opens it: %v", err)
	}
	if _, err := root.tryQuery("sts", "Action", "DecodeAuthorizationMessage", "EncodedMessage", "AQAB"); err == nil || !strings.Contains(err.Error(), "400 InvalidAuthorizationMessageException") {
		t.Errorf("a forged one: %v", err)
	}
}

// refused calls a CodeCommit operation that is denied and returns the refusal's encoded message.
func (a *api) refused(operation, body string) string {
	a.t.Helper()
	r, err := http.NewRequestWithContext(a.t.Context(), http.MethodPost, a.s.URL+"/", bytes.NewReader([]byte(body)))
	if err != nil {
		a.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("X-Amz-Target", "CodeCommit_20150413."+operation)
	sum := sha256.Sum256([]byte(body))
	sigv4.SignHeader(r, hex.EncodeToString(sum[:]), a.cred, "codecommit", node.DefaultRegion, a.s.Now())
	answer, err := a.client().Do(r)
	if err != nil {
		a.t.Fatal(err)
	}
	answer.Body.Close()
	encoded := answer.Header.Get("X-Sojourn-Authorization-Message")
	if answer.StatusCode != http.StatusBadRequest || encoded == "" {
		a.t.Fatalf("%s: %s %v", operation, answer.Status, answer.Header)
	}
	return encoded
}
