package idp

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"sojourn/internal/sojourntest"
)

// clientSecret is of the client "sojourn" at each provider.
const clientSecret = "a-secret-of-the-tests"

// codeFlow is OpenID Connect's authorization code flow with PKCE, from the
// issuer's discovery document to the ID token.
func (b *browser) codeFlow(issuer string) (idToken string) {
	b.t.Helper()
	var provider struct {
		Authorization string `json:"authorization_endpoint"`
		Token         string `json:"token_endpoint"`
	}
	b.decode(b.get(issuer+"/.well-known/openid-configuration"), &provider)
	verifier := rand.Text() + rand.Text()
	challenge := sha256.Sum256([]byte(verifier))
	ask := url.Values{"response_type": {"code"}, "client_id": {"sojourn"}, "redirect_uri": {callback}, "scope": {"openid email"},
		"state": {rand.Text()}, "code_challenge_method": {"S256"}, "code_challenge": {base64.RawURLEncoding.EncodeToString(challenge[:])}}
	code := b.signIn(provider.Authorization+"?"+ask.Encode(), "code")
	return b.redeem(provider.Token, url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {callback}, "code_verifier": {verifier}})
}

func (b *browser) redeem(endpoint string, form url.Values) (idToken string) {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, endpoint, strings.NewReader(form.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth("sojourn", clientSecret)
	resp, err := b.client.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	var out struct {
		IDToken string `json:"id_token"`
	}
	body := b.body(resp)
	b.decode(body, &out)
	if out.IDToken == "" {
		b.t.Fatalf("%s: %s", resp.Status, body)
	}
	return out.IDToken
}

func (b *browser) decode(text string, v any) {
	b.t.Helper()
	if err := json.Unmarshal([]byte(text), v); err != nil {
		b.t.Fatalf("%v in %s", err, text)
	}
}

// trusts registers the issuer with a role for one of its subjects, which pulls
// under a condition.
func (w *world) trusts(issuer, subject, condition string) {
	w.t.Helper()
	w.trustsFor(issuer, "sojourn", subject, condition)
}

// trustsClient is trusts for tokens of another client.
func (w *world) trustsClient(issuer, client, subject string) {
	w.t.Helper()
	w.trustsFor(issuer, client, subject, "")
}

func (w *world) trustsFor(issuer, client, subject, condition string) {
	w.t.Helper()
	w.admin.Run("sojourn", "iam", "create-open-id-connect-provider", "--url", issuer, "--client-id-list", client)
	name := strings.TrimPrefix(issuer, "https://")
	w.role(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":"`+oidcARN(issuer)+`"},
		"Action":["sts:AssumeRoleWithWebIdentity","sts:TagSession"],"Condition":{"StringEquals":{"`+name+`:aud":"`+client+`","`+name+`:sub":"`+subject+`"}}}]}`, condition)
}

func oidcARN(issuer string) string {
	return "arn:aws:iam::" + sojourntest.Account + ":oidc-provider/" + strings.TrimPrefix(issuer, "https://")
}

// webIdentity is the command that takes a token.
var webIdentity = []string{"assume-role-with-web-identity", "--role-arn", roleARN, "--role-session-name", "maria", "--web-identity-token"}

// checkWebIdentity compares what AssumeRoleWithWebIdentity tells of a token.
func checkWebIdentity(t *testing.T, s session, issuer, subject string) {
	t.Helper()
	if s.SubjectFromWebIdentityToken != subject || s.Audience != "sojourn" || s.Provider != oidcARN(issuer) ||
		s.AssumedRoleUser.Arn != "arn:aws:sts::"+sojourntest.Account+":assumed-role/CodeCommitAccess/maria" {
		t.Errorf("AssumeRoleWithWebIdentity tells %+v", s)
	}
}
