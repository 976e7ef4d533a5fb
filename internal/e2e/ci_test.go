package e2e

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"sojourn/internal/sojourntest"
)

// A job has an ID token: two variables and git's own command are enough, with
// either kind of URL, as docs/identity/ci.md says.
func TestJobSignsInByVariables(t *testing.T) {
	t.Parallel()
	sh := job(t)
	sh.Set("AWS_ROLE_ARN", "arn:aws:iam::"+sojourntest.Account+":role/CodeCommitAccess").Set("AWS_WEB_IDENTITY_TOKEN_FILE", sh.Home+"/token")
	work := commit(t, sh, "work")
	work.Run("git", "push", "-q", "codecommit::us-east-1://MyDemoRepo", "main")
	sh.Run("git", "clone", "-q", "codecommit::us-east-1://MyDemoRepo", "clone")
	same(t, work, sh.In("clone"), "main")
	url := strings.TrimSpace(sh.Run("printenv", "AWS_ENDPOINT_URL"))
	sh.Run("git", "config", "--global", "http.sslCAInfo", strings.TrimSpace(sh.Run("printenv", "AWS_CA_BUNDLE")))
	sh.Run("git", "config", "--global", "credential."+url+".helper", "!sojourn credential-helper $@")
	sh.Run("git", "config", "--global", "credential."+url+".useHttpPath", "true")
	sh.Set("GIT_TRACE_CURL", "") // it names the user that a credential helper gives git, token and all
	sh.Set("AWS_REGION", "us-east-1").Run("git", "clone", "-q", url+"/v1/repos/MyDemoRepo", "plain")
	same(t, work, sh.In("plain"), "main")
	sh.Set("AWS_ROLE_SESSION_NAME", "job-1")
	if who := sh.Run("sojourn", "sts", "get-caller-identity"); !strings.Contains(who, ":assumed-role/CodeCommitAccess/job-1") {
		t.Errorf("signed in as %s", who)
	}
}

// The same exchange in one line; a profile says where the server is.
func TestJobSignsInByOneLine(t *testing.T) {
	t.Parallel()
	sh := job(t)
	sh.Write(".aws/config", "[profile ci]\nregion = us-east-1\nendpoint_url = "+sh.Run("printenv", "AWS_ENDPOINT_URL"))
	sh.Set("AWS_ENDPOINT_URL", "")
	exchange := func(token string) string {
		return sh.Run("sh", "-c", "sojourn sts assume-role-with-web-identity --profile ci --role-session-name job-1 --web-identity-token "+token+
			" --role-arn arn:aws:iam::"+sojourntest.Account+":role/CodeCommitAccess")
	}
	for _, token := range []string{"file://token", "file:///dev/stdin <token"} {
		var answer struct {
			Credentials struct{ SessionToken string }
		}
		if err := json.Unmarshal([]byte(exchange(token)), &answer); err != nil || answer.Credentials.SessionToken == "" {
			t.Errorf("%s: %+v, %v", token, answer, err)
		}
	}
}

// job is a runner's shell with an ID token in the file token, and a role and a
// repository for it.
func job(t *testing.T) *sojourntest.Shell {
	t.Helper()
	p, s := provider(t)
	root := &api{t: t, s: s, cred: s.Root("")}
	root.query("iam", "Action", "CreateOpenIDConnectProvider", "Url", p.URL, "ClientIDList.member.1", "sojourn")
	root.role("CodeCommitAccess", trustProvider(p), allow("codecommit:*"))
	root.json("CreateRepository", `{"repositoryName":"MyDemoRepo"}`)
	token, err := p.Token("maria@example.com", "sojourn", time.Hour, nil)
	if err != nil {
		t.Fatal(err)
	}
	sh := shell(s)
	sh.Write("token", token+"\n")
	return sh
}
