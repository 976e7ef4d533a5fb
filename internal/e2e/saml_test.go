package e2e

import (
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sojourn/internal/federation/saml/samltest"
	"sojourn/internal/sojourntest"
)

const (
	samlProvider = "arn:aws:iam::" + sojourntest.Account + ":saml-provider/Example"
	samlRole     = "arn:aws:iam::" + sojourntest.Account + ":role/CodeCommitAccess"
)

// trustSAML lets in whom the provider has signed in for this server.
func trustSAML(recipient string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":"` + samlProvider + `"},` +
		`"Action":["sts:AssumeRoleWithSAML","sts:TagSession"],"Condition":{"StringEquals":{"SAML:aud":"` + recipient + `"}}}]}`
}

// samlResponse is what an identity provider posts for maria, signed as most do.
func samlResponse(s *sojourntest.Server, idp *samltest.IdP, id, recipient string) string {
	f := samltest.Fields{Now: s.Now(), ResponseID: "_r" + id, AssertionID: "_a" + id, Subject: "maria@example.com", Recipient: recipient, Audience: recipient,
		Attributes: []samltest.Attribute{
			{Name: samltest.Role, Values: []string{samlRole + "," + samlProvider}},
			{Name: samltest.RoleSessionName, Values: []string{"maria"}},
			{Name: samltest.PrincipalTag + "team", Values: []string{"core"}},
		}}
	return idp.Sign(samltest.Standalone(idp.Response(f)), samltest.Signing{Target: f.AssertionID})
}

// A company's own sign-in: its SAML provider is registered and trusted with the
// AWS CLI, its assertion becomes a profile, and the profile clones.
func TestSAML(t *testing.T) {
	s := sojourntest.Start(t)
	idp := samltest.New("https://idp.example.com/saml", time.Now())
	admin := administrator(t, s, sojourntest.Account, "us-east-1")
	recipient := s.URL + "/saml"
	admin.Write("metadata.xml", idp.Metadata())
	admin.Write("trust.json", trustSAML(recipient))
	admin.Write("code.json", allow("codecommit:*"))
	admin.aws("iam", "create-saml-provider", "--name", "Example", "--saml-metadata-document", "file://"+admin.Home+"/metadata.xml")
	admin.aws("iam", "create-role", "--role-name", "CodeCommitAccess", "--assume-role-policy-document", "file://"+admin.Home+"/trust.json")
	admin.aws("iam", "put-role-policy", "--role-name", "CodeCommitAccess", "--policy-name", "code", "--policy-document", "file://"+admin.Home+"/code.json")
	admin.aws("codecommit", "create-repository", "--repository-name", "MyDemoRepo")

	maria := person{shell(s), t, s}
	maria.Write(".aws/config", "[default]\nregion = us-east-1\n")
	maria.Write("assertion", samltest.Encode(samlResponse(s, idp, "1", recipient)))
	assume := []string{"sts", "assume-role-with-saml", "--role-arn", samlRole, "--principal-arn", samlProvider, "--saml-assertion", "file://" + maria.Home + "/assertion"}
	var out struct {
		Credentials             map[string]string
		AssumedRoleUser         struct{ Arn string }
		Subject, Issuer         string
		Audience, NameQualifier string
	}
	if err := json.Unmarshal([]byte(maria.aws(assume...)), &out); err != nil {
		t.Fatal(err)
	}
	if out.AssumedRoleUser.Arn != "arn:aws:sts::"+sojourntest.Account+":assumed-role/CodeCommitAccess/maria" || out.Subject != "maria@example.com" ||
		out.Issuer != "https://idp.example.com/saml" || out.Audience != recipient || out.NameQualifier == "" {
		t.Errorf("answer %+v", out)
	}
	for key, name := range map[string]string{"aws_access_key_id": "AccessKeyId", "aws_secret_access_key": "SecretAccessKey", "aws_session_token": "SessionToken"} {
		maria.Run("aws", "configure", "set", key, out.Credentials[name], "--profile", "CodeAccess")
	}
	work := commit(t, maria.Shell, "work")
	work.Run("git", "push", "-q", remote, "main")
	maria.Run("git", "clone", "-q", remote, "clone")
	same(t, work, maria.In("clone"), "main")

	maria.refused("The SAML assertion was used already", "aws", assume...)
	maria.Write("assertion", samltest.Encode(strings.ReplaceAll(samlResponse(s, idp, "2", recipient), "maria@example.com", "admin@example.com")))
	maria.refused("Response signature invalid", "aws", assume...)
	if logs := s.Logs.String(); !strings.Contains(logs, "certificates that are valid now verifies the signature") || strings.Contains(logs, "admin@example.com") {
		t.Errorf("the log does not give the reason, or what nobody proved:\n%s", logs)
	}
	s.Turn(6 * time.Minute)
	maria.Write("assertion", samltest.Encode(samlResponse(s, idp, "3", "https://signin.aws.amazon.com/saml")))
	maria.refused("Not authorized to perform sts:AssumeRoleWithSAML", "aws", assume...)
}

// Encrypted assertions, with our own command for what an older AWS CLI has no
// flags for; neither the key nor the assertion is on a command line.
func TestEncryptedSAML(t *testing.T) {
	s := sojourntest.Start(t)
	idp := samltest.New("https://idp.example.com/saml", time.Now())
	sh := shell(s).As(s.Root("")).Set("AWS_DEFAULT_REGION", "us-east-1")
	recipient := "https://localhost" + s.URL[strings.LastIndex(s.URL, ":"):] + "/saml"
	file := func(name, text string) string { return "file://" + sh.Write(name, text) }
	key := samltest.RSA(2)
	block := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: samltest.Must(x509.MarshalPKCS8PrivateKey(key))})
	sh.Run("sojourn", "iam", "create-saml-provider", "--name", "Example", "--saml-metadata-document", file("metadata.xml", idp.Metadata()),
		"--assertion-encryption-mode", "Required", "--add-private-key", file("key.pem", string(block)))
	sh.Run("sojourn", "iam", "create-role", "--role-name", "CodeCommitAccess", "--assume-role-policy-document", file("trust.json", trustSAML(recipient)))
	if out := sh.Run("sojourn", "iam", "get-saml-provider", "--saml-provider-arn", samlProvider); strings.Contains(out, "PRIVATE") || !strings.Contains(out, `"KeyId"`) {
		t.Errorf("the provider is shown as\n%s", out)
	}
	maria := shell(s).Set("AWS_DEFAULT_REGION", "us-east-1")
	assume := func(assertion string) []string {
		path := maria.Write("assertion", samltest.Encode(assertion))
		return []string{"sts", "assume-role-with-saml", "--role-arn", samlRole, "--principal-arn", samlProvider, "--saml-assertion", "file://" + path}
	}
	if out := maria.Fail("sojourn", assume(samlResponse(s, idp, "1", recipient))...); !strings.Contains(out, "Response signature invalid") {
		t.Errorf("an assertion that is not encrypted: %s", out)
	}
	sealed := samltest.Encrypt(samlResponse(s, idp, "2", recipient), samltest.Encryption{Key: &key.PublicKey})
	if out := maria.Run("sojourn", assume(sealed)...); !strings.Contains(out, fmt.Sprintf(`"Audience": %q`, recipient)) {
		t.Errorf("an encrypted assertion: %s", out)
	}
	secrets := []string{strings.Split(string(block), "\n")[1], samltest.Encode(sealed)[:64]}
	if err := filepath.WalkDir(s.Data, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		for _, secret := range secrets {
			if strings.Contains(string(text), secret) {
				t.Errorf("%s holds the private key or the assertion", path)
			}
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	for _, secret := range secrets {
		if strings.Contains(s.Logs.String(), secret) {
			t.Error("the log holds the private key or the assertion")
		}
	}
}
