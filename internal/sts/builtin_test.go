package sts

import (
	"strings"
	"testing"

	"sojourn/internal/store"
	"sojourn/internal/wire/stswire"
)

const (
	google    = "accounts.google.com"
	cognito   = "cognito-identity.amazonaws.com"
	byGoogle  = `{"Federated":"` + google + `"}`
	byCognito = `{"Federated":"` + cognito + `"}`
)

// TestGoogleWithoutRegistration: what Google says of a token stands in the keys
// that AWS gives, and the principal is its name.
func TestGoogleWithoutRegistration(t *testing.T) {
	w := newWorld(t)
	issue := w.issuers(google)
	role := w.role(here, "Google", trusts(byGoogle, everyWeb,
		`{"StringEquals":{"accounts.google.com:aud":"app","accounts.google.com:oaud":"server","accounts.google.com:sub":"1098"}}`))
	plain := w.role(here, "Plain", trusts(byGoogle, everyWeb, `{"StringEquals":{"accounts.google.com:aud":"server","accounts.google.com:sub":"1098"}}`))
	for _, iss := range []string{google, "https://" + google} {
		out, err := w.web(role, stswire.AssumeRoleWithWebIdentityInput{WebIdentityToken: issue(map[string]any{"iss": iss, "sub": "1098", "aud": "server", "azp": "app"})})
		if err != nil {
			t.Fatal(err)
		}
		if *out.Provider != google || *out.Audience != "app" || *out.SubjectFromWebIdentityToken != "1098" {
			t.Errorf("answer %+v", out)
		}
		if s := w.session(out.Credentials); s.Provider != google || s.Claims["accounts.google.com:oaud"][0] != "server" {
			t.Errorf("session %+v", s.Session)
		}
		if rec := w.log.last(); rec.Identity.Provider != google {
			t.Errorf("record %+v", rec)
		}
		_, err = w.web(plain, stswire.AssumeRoleWithWebIdentityInput{WebIdentityToken: issue(map[string]any{"iss": iss, "sub": "1098", "aud": "server"})})
		wantError(t, "without azp", err, "", "")
		_, err = w.web(plain, stswire.AssumeRoleWithWebIdentityInput{WebIdentityToken: issue(map[string]any{"iss": iss, "sub": "1098", "aud": "server", "azp": "app"})})
		wantError(t, "azp of another", err, denied, "")
	}
}

func TestCognitoWithoutRegistration(t *testing.T) {
	w := newWorld(t)
	issue := w.issuers(cognito)
	const pool, person = "us-east-1:12345678-dead-beef-cafe-123456790ab", "us-east-1:0000-1111"
	role := w.role(here, "Cognito", trusts(byCognito, everyWeb,
		`{"StringEquals":{"cognito-identity.amazonaws.com:aud":"`+pool+`"},"ForAnyValue:StringLike":{"cognito-identity.amazonaws.com:amr":"authenticated"}}`))
	call := func(pool, amr string) (*stswire.AssumeRoleWithWebIdentityOutput, error) {
		return w.web(role, stswire.AssumeRoleWithWebIdentityInput{WebIdentityToken: issue(map[string]any{
			"iss": "https://" + cognito, "sub": person, "aud": pool, "amr": []string{amr, "login.example.com"}})})
	}
	out, err := call(pool, "authenticated")
	if err != nil {
		t.Fatal(err)
	}
	if *out.Provider != cognito || *out.Audience != pool || *out.SubjectFromWebIdentityToken != person {
		t.Errorf("answer %+v", out)
	}
	_, err = call(pool, "unauthenticated")
	wantError(t, "a guest", err, denied, "")
	_, err = call("us-east-1:another", "authenticated")
	wantError(t, "another pool", err, denied, "")
	_, err = w.web(role, stswire.AssumeRoleWithWebIdentityInput{WebIdentityToken: issue(map[string]any{"iss": cognito, "sub": person, "aud": pool})})
	wantError(t, "without a scheme", err, "InvalidIdentityToken", "No OpenIDConnect provider found in your account for "+cognito)
}

// TestBuiltInAudience: nobody has registered an application with a built-in
// provider, so a role that does not say whose tokens it takes takes none.
func TestBuiltInAudience(t *testing.T) {
	w := newWorld(t)
	issue := w.issuers(google)
	const sub = `"accounts.google.com:sub":"1098"`
	for name, x := range map[string]struct {
		condition string
		ok        bool
	}{
		"aud":                    {`{"StringEquals":{"accounts.google.com:aud":"app",` + sub + `}}`, true},
		"aud of some":            {`{"StringLike":{"accounts.google.com:aud":"ap*"}}`, true},
		"oaud":                   {`{"StringEquals":{"accounts.google.com:oaud":"server"}}`, true},
		"no condition":           {``, false},
		"only a subject":         {`{"StringEquals":{` + sub + `}}`, false},
		"aud of anybody":         {`{"StringLike":{"accounts.google.com:aud":"*"}}`, false},
		"aud is there":           {`{"Null":{"accounts.google.com:aud":"false"}}`, false},
		"aud of all but one":     {`{"StringNotEquals":{"accounts.google.com:aud":"evil"}}`, false},
		"an address, no aud":     {`{"Bool":{"aws:SecureTransport":"false"}}`, false},
		"aud of another one":     {`{"StringEquals":{"accounts.google.com:aud":"other"}}`, false},
		"another provider's aud": {`{"StringEquals":{"login.example.com:aud":"app"}}`, false},
	} {
		role := w.role(here, strings.NewReplacer(" ", "-", ",", "", "'", "").Replace(name), trusts(byGoogle, everyWeb, x.condition))
		token := issue(map[string]any{"iss": google, "sub": "1098", "aud": "server", "azp": "app",
			tagsClaim: map[string]any{"principal_tags": map[string]any{"team": []string{"blue"}}}})
		_, err := w.web(role, stswire.AssumeRoleWithWebIdentityInput{WebIdentityToken: token})
		if x.ok {
			wantError(t, name, err, "", "")
		} else {
			wantError(t, name, err, denied, "Not authorized to perform sts:AssumeRoleWithWebIdentity")
		}
	}
	role := w.role(here, "Reason", trusts(byGoogle, everyWeb, ""))
	_, err := w.web(role, stswire.AssumeRoleWithWebIdentityInput{WebIdentityToken: issue(map[string]any{"iss": google, "sub": "1098", "aud": "app"})})
	wantError(t, "no condition", err, denied, "")
	if rec := w.log.last(); rec.Decision != "Deny" || !strings.Contains(rec.Reason, "accounts.google.com:aud") {
		t.Errorf("record %+v", rec)
	}
}

// TestBuiltInTagsSeparately: the statement about tags need not repeat the audience.
func TestBuiltInTagsSeparately(t *testing.T) {
	w := newWorld(t)
	issue := w.issuers(google)
	role := w.role(here, "Tags", `{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Principal":`+byGoogle+`,"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringEquals":{"accounts.google.com:aud":"app"}}},
		{"Effect":"Allow","Principal":`+byGoogle+`,"Action":"sts:TagSession"}]}`)
	token := issue(map[string]any{"iss": google, "sub": "1098", "aud": "app", tagsClaim: map[string]any{"principal_tags": map[string]any{"team": []string{"blue"}}}})
	out, err := w.web(role, stswire.AssumeRoleWithWebIdentityInput{WebIdentityToken: token})
	if err != nil || w.session(out.Credentials).Tags["team"] != "blue" {
		t.Errorf("%+v, %v", out, err)
	}
}

// TestRegisteredGoogle: an account that has registered it has its ARN for the
// principal and its list of clients, and other accounts are not touched.
func TestRegisteredGoogle(t *testing.T) {
	w := newWorld(t)
	issue := w.issuers(google)
	w.update(func(tx store.Tx) error {
		return tx.InsertOIDCProvider(store.OIDCProvider{Account: here, URL: google, ClientIDs: []string{"client"}, Created: w.time})
	})
	const aud = `{"StringEquals":{"accounts.google.com:aud":["client","app"]}}`
	byARN := w.role(here, "ByARN", trusts(`{"Federated":"arn:aws:iam::`+here+`:oidc-provider/`+google+`"}`, everyWeb, ""))
	byName := w.role(here, "ByName", trusts(byGoogle, everyWeb, aud))
	elsewhere := w.role(there, "Abroad", trusts(byGoogle, everyWeb, aud))
	for _, x := range []struct{ role, aud, code string }{
		{byARN, "client", ""}, {byARN, "app", "InvalidIdentityToken"}, {byName, "client", denied}, {elsewhere, "app", ""},
	} {
		_, err := w.web(x.role, stswire.AssumeRoleWithWebIdentityInput{WebIdentityToken: issue(map[string]any{"iss": google, "sub": "1098", "aud": x.aud})})
		wantError(t, x.role+" for "+x.aud, err, x.code, "")
	}
}

// tagsClaim is the claim by which a provider tags a session.
const tagsClaim = "https://aws.amazon.com/tags"
