package e2e

import (
	"strings"
	"testing"
	"time"

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
	signIn := func() (map[string]string, error) {
		token, err := p.Token("maria@example.com", "sojourn", time.Hour, nil)
		if err != nil {
			t.Fatal(err)
		}
		return (&api{t: t, s: s}).tryQuery("sts", "Action", "AssumeRoleWithWebIdentity", "RoleSessionName", "maria",
			"RoleArn", "arn:aws:iam::"+sojourntest.Account+":role/CodeCommitAccess", "WebIdentityToken", token)
	}
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
