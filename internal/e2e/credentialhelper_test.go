package e2e

import (
	"os"
	"strings"
	"testing"

	"sojourn/internal/sojourntest"
)

// Git over plain https with a credential helper: the AWS CLI's, unmodified, and ours.
func TestCredentialHelpers(t *testing.T) {
	t.Parallel()
	for name, helper := range map[string]string{
		"aws":     "!aws codecommit credential-helper --ignore-host-check --region us-east-1 --profile CodeAccess $@",
		"sojourn": "!sojourn credential-helper --profile CodeAccess $@",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := sojourntest.Start(t)
			sh := page(t, s)
			sh.Set("GIT_TRACE_CURL", "") // what any credential helper gives git, curl names in its own trace: the user, with the token in it
			config := readHome(t, sh, ".aws/config")
			// The AWS CLI takes no session name with a space, no profile without a
			// region, and before 2.13 no endpoint but by flag: its source is a session.
			session := credentials((&api{t: t, s: s, cred: s.Root("")}).asUser("maria2").query("sts", "Action", "AssumeRole",
				"RoleArn", "arn:aws:iam::"+sojourntest.Account+":role/CodeCommitAccess", "RoleSessionName", "maria"))
			sh.Write(".aws/config", strings.Split(config, "\n\n")[0]+"\n")
			sh.Write(".aws/credentials", "[CodeAccess]\naws_access_key_id = "+session.AccessKeyID+"\naws_secret_access_key = "+session.Secret.Reveal()+
				"\naws_session_token = "+session.Token+"\n")
			sh.Write(".gitconfig", "[credential \""+s.URL+"\"]\n\thelper = \""+helper+"\"\n\tuseHttpPath = true\n[http]\n\tsslCAInfo = "+s.CA()+"\n")
			url := s.URL + "/v1/repos/MyDemoRepo"
			work := commit(t, sh, "work")
			work.Run("git", "push", "-q", url, "main")
			sh.Run("git", "clone", "-q", url, "clone")
			same(t, work, sh.In("clone"), "main")
			if _, err := os.Stat(sh.Home + "/.git-credentials"); err == nil {
				t.Error("git stored the password")
			}
		})
	}
}
