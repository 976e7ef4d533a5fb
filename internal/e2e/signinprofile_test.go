package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"sojourn/internal/federation/saml/samltest"
	"sojourn/internal/sojourntest"
)

// Profiles with sojourn_sign_in, for which the AWS CLI has no words: git signs
// in by them when it needs a session, and keeps it.
func TestSignInProfiles(t *testing.T) {
	t.Parallel()
	s := sojourntest.Start(t)
	sh := page(t, s)
	root := &api{t: t, s: s, cred: s.Root("")}
	root.query("iam", "Action", "PutUserPolicy", "UserName", "maria", "PolicyName", "tokens", "PolicyDocument", allow("sts:GetFederationToken", "codecommit:*"))
	idp := samltest.New("https://idp.example.com/saml", time.Now())
	recipient := s.URL + "/saml"
	root.query("iam", "Action", "CreateSAMLProvider", "Name", "Example", "SAMLMetadataDocument", idp.Metadata())
	root.query("iam", "Action", "UpdateAssumeRolePolicy", "RoleName", "CodeCommitAccess", "PolicyDocument", trustSAML(recipient))
	sh.Write("response", samltest.Encode(samlResponse(s, idp, "1", recipient)))
	sh.Write("printed", samltest.Encode(samlResponse(s, idp, "2", recipient)))
	config := readHome(t, sh, ".aws/config")
	saml := fmt.Sprintf("sojourn_sign_in = saml\nrole_arn = %s\nsojourn_saml_provider = %s\n", samlRole, samlProvider)
	sh.Write(".aws/config", config+
		"[profile token]\nsojourn_sign_in = session-token\nsource_profile = default\n"+
		"[profile federated]\nsojourn_sign_in = federation-token\nsource_profile = default\nsojourn_federated_user = bob\nsojourn_policy = "+allow("codecommit:GitPull")+"\n"+
		"[profile saml]\n"+saml+"sojourn_saml_file = ~/response\n"+
		"[profile process]\n"+saml+"sojourn_saml_process = cat "+sh.Home+"/printed\n")

	work := commit(t, sh, "work")
	work.Run("git", "push", "-q", "codecommit://token@MyDemoRepo", "main")
	for profile, who := range map[string]string{"token": ":user/maria", "federated": ":federated-user/bob", "saml": ":assumed-role/CodeCommitAccess/maria", "process": ":assumed-role/CodeCommitAccess/maria"} {
		sh.Run("git", "clone", "-q", "codecommit://"+profile+"@MyDemoRepo", profile)
		same(t, work, sh.In(profile), "main")
		// A response counts once: that the second command works shows that the session was kept.
		if got := sh.Run("sojourn", "whoami", "--profile", profile); !strings.Contains(got, who) {
			t.Errorf("%s is %s", profile, got)
		}
	}
	if got := sh.In("federated").Fail("git", "push", "origin", "main:more"); !strings.Contains(got, "403") {
		t.Errorf("the session's policy lets push: %s", got)
	}
	// Logging out forgets the session; the response was used already.
	if got := sh.Run("sojourn", "logout", "--profile", "saml"); !strings.Contains(got, "Forgot 1 kept session") {
		t.Error(got)
	}
	if got := sh.Fail("git", "ls-remote", "codecommit://saml@MyDemoRepo"); !strings.Contains(got, `profile "saml": `) || !strings.Contains(got, "used already") {
		t.Error(got)
	}
}
