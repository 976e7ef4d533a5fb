package e2e

import (
	"strings"
	"testing"
	"time"

	"sojourn/internal/devidp"
	"sojourn/internal/node"
	"sojourn/internal/sojourntest"
)

// A server that starts while its identity provider is down lets people in by the
// keys that the last run fetched, for a day, and records that they were stale.
func TestStartWithoutProvider(t *testing.T) {
	p, s := provider(t)
	root := &api{t: t, s: s, cred: s.Root("")}
	root.query("iam", "Action", "CreateOpenIDConnectProvider", "Url", p.URL, "ClientIDList.member.1", "sojourn")
	root.role("CodeCommitAccess", trustProvider(p), allow("codecommit:*"))
	signIn := func() (map[string]string, error) { return signInAt(t, p, s) }
	if _, err := signIn(); err != nil {
		t.Fatal(err)
	}
	p.Close()
	s.Restart()
	s.Turn(23 * time.Hour)
	out, err := signIn()
	if err != nil {
		t.Fatalf("a day without the provider: %v", err)
	}
	if found, err := node.Decisions(t.Context(), s.Data, out["RequestId"]); err != nil || len(found) != 1 || found[0].Params["staleKeys"] != "true" {
		t.Errorf("records %+v, %v", found, err)
	}
	s.Turn(2 * time.Hour)
	if _, err := signIn(); err == nil || !strings.HasPrefix(err.Error(), "400 IDPCommunicationError") {
		t.Errorf("after more than a day: %v", err)
	}
}

// signInAt assumes the role with a token of p.
func signInAt(t *testing.T, p *devidp.Provider, s *sojourntest.Server) (map[string]string, error) {
	t.Helper()
	token, err := p.Token("maria@example.com", "sojourn", time.Hour, nil)
	if err != nil {
		t.Fatal(err)
	}
	return (&api{t: t, s: s}).tryQuery("sts", "Action", "AssumeRoleWithWebIdentity", "RoleSessionName", "maria",
		"RoleArn", "arn:aws:iam::"+sojourntest.Account+":role/CodeCommitAccess", "WebIdentityToken", token)
}

// A provider that the server cannot reach at all: the operator gives its keys,
// and takes them back.
func TestKeysByHand(t *testing.T) {
	p, s := provider(t)
	root := &api{t: t, s: s, cred: s.Root("")}
	root.query("iam", "Action", "CreateOpenIDConnectProvider", "Url", p.URL, "ClientIDList.member.1", "sojourn")
	root.role("CodeCommitAccess", trustProvider(p), allow("codecommit:*"))
	sh := shell(s)
	sh.Write("keys.json", string(p.Keys()))
	p.Close()
	keys := func(args ...string) string {
		return sh.Run("sojourn", append([]string{"admin", "oidc-keys", "--data", s.Data, "--url", p.URL}, args...)...)
	}
	if out := keys("--jwks", sh.Home+"/keys.json"); !strings.Contains(out, "devidp-1") {
		t.Errorf("the ids are %q", out)
	}
	if _, err := signInAt(t, p, s); err != nil {
		t.Errorf("with the given keys: %v", err)
	}
	keys("--remove")
	s.Turn(2 * time.Minute)
	if _, err := signInAt(t, p, s); err == nil || !strings.HasPrefix(err.Error(), "400 IDPCommunicationError") {
		t.Errorf("behind their removal: %v", err)
	}
	for want, args := range map[string][]string{"no keys were given": {"--remove"}, "either --jwks FILE or --remove": {}, "jwks:": {"--jwks", s.Data + "/endpoint"}} {
		if out := sh.Fail("sojourn", append([]string{"admin", "oidc-keys", "--data", s.Data, "--url", p.URL}, args...)...); !strings.Contains(out, want) {
			t.Errorf("want %q in %q", want, out)
		}
	}
}
