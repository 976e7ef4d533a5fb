package sts

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"sojourn/internal/awserr"
	"sojourn/internal/federation/oidc"
	"sojourn/internal/principal"
	"sojourn/internal/store"
	"sojourn/internal/wire/stswire"
)

const (
	provider    = "login.example.com/realms/x"
	providerARN = "arn:aws:iam::" + here + ":oidc-provider/" + provider
	everyWeb    = `["sts:AssumeRoleWithWebIdentity","sts:TagSession","sts:SetSourceIdentity"]`
	byProvider  = `{"Federated":"` + providerARN + `"}`
)

// webWorld has a provider in one account; a token is the provider's URL, and
// what it says is in identity.
func webWorld(t *testing.T) *world {
	w := newWorld(t)
	w.register(here, provider)
	w.token.identity = &oidc.Identity{Subject: "alice", Audience: "client",
		Context: map[string][]string{provider + ":sub": {"alice"}, provider + ":aud": {"client"}, provider + ":amr": {"pwd", "otp"}}}
	return w
}

func (w *world) register(account, url string) {
	w.t.Helper()
	w.update(func(tx store.Tx) error {
		return tx.InsertOIDCProvider(store.OIDCProvider{Account: account, URL: url, ClientIDs: []string{"client"}, Created: w.time})
	})
}

func (w *world) web(role string, in stswire.AssumeRoleWithWebIdentityInput) (*stswire.AssumeRoleWithWebIdentityOutput, error) {
	in.RoleArn, in.RoleSessionName = &role, new("Maria_Garcia")
	if in.WebIdentityToken == nil {
		in.WebIdentityToken = new(provider)
	}
	return w.AssumeRoleWithWebIdentity(w.t.Context(), &principal.Caller{RequestID: "r", Time: w.time}, &in)
}

func TestWebIdentity(t *testing.T) {
	w := webWorld(t)
	role := w.role(here, "CodeCommitWebIdentity", trusts(byProvider, everyWeb, `{"StringEquals":{"`+provider+`:sub":"alice","`+provider+`:aud":"client"},"ForAnyValue:StringEquals":{"`+provider+`:amr":"otp"}}`))
	out, err := w.web(role, stswire.AssumeRoleWithWebIdentityInput{})
	if err != nil {
		t.Fatal(err)
	}
	if *out.Provider != providerARN || *out.Audience != "client" || *out.SubjectFromWebIdentityToken != "alice" || out.PackedPolicySize != nil || out.SourceIdentity != nil ||
		*out.AssumedRoleUser.Arn != "arn:aws:sts::111122223333:assumed-role/CodeCommitWebIdentity/Maria_Garcia" {
		t.Errorf("answer %+v", out)
	}
	s := w.session(out.Credentials)
	if s.Provider != provider || s.Chained || !maps.EqualFunc(s.Claims, w.token.identity.Context, slices.Equal) || s.Kind != principal.AssumedRole {
		t.Errorf("session %+v", s.Session)
	}
	rec := w.log.last()
	if rec.Identity.Provider != providerARN || rec.Identity.Type != "Anonymous" || rec.Account != here || rec.Params["subjectFromWebIdentityToken"] != "alice" || rec.Params["staleKeys"] != "false" {
		t.Errorf("record %+v", rec)
	}
}

func TestWebIdentityTrust(t *testing.T) {
	w := webWorld(t)
	w.register(there, provider)
	other := `{"Federated":"arn:aws:iam::` + here + `:oidc-provider/other.example.com"}`
	foreign := `{"Federated":"arn:aws:iam::` + there + `:oidc-provider/` + provider + `"}`
	const text = "Not authorized to perform sts:AssumeRoleWithWebIdentity"
	for name, x := range map[string]struct {
		trust string
		ok    bool
	}{
		"the provider":                   {trusts(byProvider, everyWeb, ""), true},
		"another provider":               {trusts(other, everyWeb, ""), false},
		"the same in another account":    {trusts(foreign, everyWeb, ""), false},
		"another subject":                {trusts(byProvider, everyWeb, `{"StringEquals":{"`+provider+`:sub":"bob"}}`), false},
		"another action":                 {trusts(byProvider, `"sts:TagSession"`, ""), false},
		"AssumeRole is not the action":   {trusts(byProvider, `"sts:AssumeRole"`, ""), false},
		"the account is no provider":     {trusts(accountOK, everyWeb, ""), false},
		"a deny":                         {`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":` + byProvider + `,"Action":"sts:*"},{"Effect":"Deny","Principal":"*","Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringEquals":{"` + provider + `:sub":"alice"}}}]}`, false},
		"a condition on the session":     {trusts(byProvider, everyWeb, `{"StringEquals":{"sts:RoleSessionName":"Maria_Garcia"}}`), true},
		"a key of a caller that is none": {trusts(byProvider, everyWeb, `{"StringLike":{"aws:PrincipalArn":"*"}}`), false},
	} {
		role := w.role(here, strings.ReplaceAll(name, " ", "-"), x.trust)
		_, err := w.web(role, stswire.AssumeRoleWithWebIdentityInput{})
		if x.ok {
			wantError(t, name, err, "", "")
		} else {
			wantError(t, name, err, denied, text)
		}
	}
	_, err := w.web("arn:aws:iam::"+here+":role/absent", stswire.AssumeRoleWithWebIdentityInput{})
	wantError(t, "an absent role", err, denied, text)
	_, err = w.web("role/x", stswire.AssumeRoleWithWebIdentityInput{})
	wantError(t, "no ARN", err, validation, "role/x is invalid")
}

// TestProviderOfTheRolesAccount: a provider of another account vouches for nothing here.
func TestProviderOfTheRolesAccount(t *testing.T) {
	w := webWorld(t)
	role := w.role(there, "R", trusts(byProvider, everyWeb, ""))
	_, err := w.web(role, stswire.AssumeRoleWithWebIdentityInput{})
	wantError(t, "another account's role", err, "InvalidIdentityToken", "No OpenIDConnect provider found in your account for https://"+provider)
}

// TestSignatureChangesNothing: a signed request is judged by its token alone.
func TestSignatureChangesNothing(t *testing.T) {
	w := webWorld(t)
	role := w.role(here, "R", trusts(byProvider, everyWeb, ""))
	closed := w.role(here, "Closed", trusts(accountOK, `"sts:*"`, ""))
	admin := w.user(here, "admin", allows(`"*"`, "*"))
	nobody := w.user(here, "nobody", `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}`)
	call := func(c *principal.Caller, role string) error {
		_, err := w.AssumeRoleWithWebIdentity(t.Context(), c, &stswire.AssumeRoleWithWebIdentityInput{RoleArn: &role, RoleSessionName: new("s1"), WebIdentityToken: new(provider)})
		return err
	}
	wantError(t, "by who may do nothing", call(nobody, role), "", "")
	wantError(t, "by who may do all", call(admin, closed), denied, "Not authorized to perform sts:AssumeRoleWithWebIdentity")
	wantError(t, "by root", call(rootOf(here), closed), denied, "Not authorized to perform sts:AssumeRoleWithWebIdentity")
	if w.log.last().Identity.Type != "Anonymous" {
		t.Errorf("record %+v", w.log.last())
	}
}

// TestForgedTokenIsRecorded: a token that is refused leaves a record, and what
// it said of itself does not.
func TestForgedTokenIsRecorded(t *testing.T) {
	w := webWorld(t)
	role := w.role(here, "R", trusts(byProvider, everyWeb, ""))
	w.token.err = awserr.New("InvalidIdentityToken", 400, "no")
	_, err := w.web(role, stswire.AssumeRoleWithWebIdentityInput{WebIdentityToken: new("forged")})
	wantError(t, "forged", err, "InvalidIdentityToken", "no")
	rec := w.log.last()
	if rec.Decision != "Deny" || rec.EventName != "AssumeRoleWithWebIdentity" || rec.Resource != role || rec.ErrorCode != "InvalidIdentityToken" || len(rec.Params) != 0 {
		t.Errorf("record %+v", rec)
	}
	_, err = w.web(role, stswire.AssumeRoleWithWebIdentityInput{ProviderId: new("www.amazon.com")})
	wantError(t, "an access token", err, bad, "")
}

func TestWebIdentityMarks(t *testing.T) {
	w := webWorld(t)
	all := w.role(here, "All", trusts(byProvider, everyWeb, ""))
	noTags := w.role(here, "NoTags", trusts(byProvider, `["sts:AssumeRoleWithWebIdentity","sts:SetSourceIdentity"]`, ""))
	noSource := w.role(here, "NoSource", trusts(byProvider, `["sts:AssumeRoleWithWebIdentity","sts:TagSession"]`, ""))
	const rejects = "IDPRejectedClaim"
	base := *w.token.identity
	for name, x := range map[string]struct {
		role   string
		change func(*oidc.Identity)
		code   string
		text   string
	}{
		"tags and source identity": {all, func(i *oidc.Identity) {
			i.Tags, i.Transitive, i.SourceIdentity = map[string]string{"Team": "blue"}, []string{"Team"}, "alice"
		}, "", ""},
		"tags that the role does not take":   {noTags, func(i *oidc.Identity) { i.Tags = map[string]string{"Team": "blue"} }, denied, "Not authorized to perform sts:TagSession"},
		"an identity that it does not take":  {noSource, func(i *oidc.Identity) { i.SourceIdentity = "alice" }, denied, "Not authorized to perform sts:SetSourceIdentity"},
		"a bad source identity":              {all, func(i *oidc.Identity) { i.SourceIdentity = "a b" }, rejects, ""},
		"a reserved source identity":         {all, func(i *oidc.Identity) { i.SourceIdentity = "aws:a" }, rejects, ""},
		"a long source identity":             {all, func(i *oidc.Identity) { i.SourceIdentity = strings.Repeat("a", 65) }, rejects, ""},
		"a line end in the source identity":  {all, func(i *oidc.Identity) { i.SourceIdentity = "alice\n" }, rejects, ""},
		"keys equal by case":                 {all, func(i *oidc.Identity) { i.Tags = map[string]string{"Team": "a", "team": "b"} }, rejects, ""},
		"a reserved key":                     {all, func(i *oidc.Identity) { i.Tags = map[string]string{"aws:x": "a"} }, rejects, ""},
		"a key with a line end":              {all, func(i *oidc.Identity) { i.Tags = map[string]string{"a\nb": "a"} }, rejects, ""},
		"a transitive key that is not there": {all, func(i *oidc.Identity) { i.Transitive = []string{"x"} }, rejects, ""},
	} {
		id := base
		x.change(&id)
		w.token.identity = &id
		out, err := w.web(x.role, stswire.AssumeRoleWithWebIdentityInput{})
		wantError(t, name, err, x.code, x.text)
		if err == nil {
			if s := w.session(out.Credentials); s.Tags["Team"] != "blue" || !slices.Equal(s.TransitiveTag, []string{"Team"}) || s.SourceIdent != "alice" || value(out.SourceIdentity) != "alice" || out.PackedPolicySize == nil {
				t.Errorf("session %+v, answer %+v", s.Session, out)
			}
		}
	}
}

func TestWebIdentityDurationAndPolicy(t *testing.T) {
	w := webWorld(t)
	role := w.role(here, "R", trusts(byProvider, everyWeb, ""), func(r *store.Role) { r.MaxSession = 2 * time.Hour })
	out, err := w.web(role, stswire.AssumeRoleWithWebIdentityInput{DurationSeconds: new(int64(7200)), Policy: new(allows(`"codecommit:GitPull"`, "*"))})
	if err != nil || !out.Credentials.Expiration.Equal(w.time.Truncate(time.Second).Add(2*time.Hour)) || out.PackedPolicySize == nil {
		t.Errorf("%+v, %v", out, err)
	}
	_, err = w.web(role, stswire.AssumeRoleWithWebIdentityInput{DurationSeconds: new(int64(7201))})
	wantError(t, "too long", err, validation, "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
	_, err = w.web(role, stswire.AssumeRoleWithWebIdentityInput{Policy: new("x")})
	wantError(t, "malformed", err, "MalformedPolicyDocument", "")
}

// TestRealToken goes through the real verifier, and on to another role.
func TestRealToken(t *testing.T) {
	w := webWorld(t)
	issue := w.issuers(provider)
	mint := func(sub string) *string {
		return issue(map[string]any{"iss": "https://" + provider, "sub": sub, "aud": "client"})
	}
	role := w.role(here, "Web", trusts(byProvider, everyWeb, `{"StringEquals":{"`+provider+`:sub":"alice"}}`))
	_, err := w.web(role, stswire.AssumeRoleWithWebIdentityInput{WebIdentityToken: mint("bob")})
	wantError(t, "bob", err, denied, "")
	out, err := w.web(role, stswire.AssumeRoleWithWebIdentityInput{WebIdentityToken: mint("alice")})
	if err != nil {
		t.Fatal(err)
	}
	next := w.role(here, "Next", trusts(accountOK, everySTS, ""))
	w.inline(uniqueID("AROA", here, "Web"), `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"*",
		"Condition":{"StringEquals":{"`+provider+`:sub":"alice","aws:FederatedProvider":"`+provider+`"}}}]}`)
	s := w.session(w.mustAssume(w.session(out.Credentials), next, stswire.AssumeRoleInput{}).Credentials)
	if !s.Chained || s.Provider != "" || s.Claims != nil {
		t.Errorf("next session %+v", s.Session)
	}
}

// issuers puts the real verifier into w, with providers of these URLs that share
// one key, and returns what signs their tokens.
func (w *world) issuers(urls ...string) (issue func(claims map[string]any) *string) {
	w.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		w.t.Fatal(err)
	}
	docs := documents{"https://keys.example.com/": jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "k", Use: "sig", Algorithm: "ES256"}}}}
	for _, u := range urls {
		docs["https://"+strings.TrimSuffix(u, "/")+"/.well-known/openid-configuration"] = map[string]any{"issuer": "https://" + u, "jwks_uri": "https://keys.example.com/"}
	}
	w.Service.oidc = oidc.New(oidc.Options{Now: func() time.Time { return w.time }, Fetch: docs})
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: key, KeyID: "k"}}, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		w.t.Fatal(err)
	}
	return func(claims map[string]any) *string {
		all := map[string]any{"iat": w.time.Unix(), "exp": w.time.Unix() + 600}
		maps.Copy(all, claims)
		b, err := json.Marshal(all)
		if err != nil {
			w.t.Fatal(err)
		}
		jws, err := signer.Sign(b)
		if err != nil {
			w.t.Fatal(err)
		}
		token, err := jws.CompactSerialize()
		if err != nil {
			w.t.Fatal(err)
		}
		return &token
	}
}

type documents map[string]any

func (d documents) Get(_ context.Context, url string) ([]byte, http.Header, error) {
	b, err := json.Marshal(d[url])
	return b, nil, err
}
