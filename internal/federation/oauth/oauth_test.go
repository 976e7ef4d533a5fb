package oauth

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"sojourn/internal/awserr"
	"sojourn/internal/federation/outbound"
	"sojourn/internal/secret"
)

// The stand-ins answer as the providers' documentation says. The real providers
// have not been asked.
const (
	amazonApp   = "amzn1.application-oa2-client.1234"
	facebookApp = "138483919580948"
	appSecret   = "the-secret-of-the-app"
	token       = "Atza|IQEBLjAsAexampleHpi0U-Dme37rR6CuUpSR"

	badToken    = "InvalidIdentityToken"
	expiredCode = "ExpiredTokenException"
	down        = "IDPCommunicationError"
	bad         = "InvalidParameterValue"
)

var now = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// standIn answers paths with texts; one that is a number is a status.
type standIn map[string]string

func (s standIn) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	answer, ok := s[r.URL.Path]
	var status int
	switch n, err := fmt.Sscanf(answer, "%d", &status); {
	case !ok:
		http.NotFound(w, r)
	case n == 1 && err == nil:
		http.Error(w, `{"error":"invalid_token"}`, status)
	case !s.asked(r):
		http.Error(w, "the question is not as documented", http.StatusTeapot)
	default:
		fmt.Fprint(w, answer)
	}
}

// asked reports whether the question is the documented one.
func (s standIn) asked(r *http.Request) bool {
	q := r.URL.Query()
	switch r.URL.Path {
	case "/auth/o2/tokeninfo":
		return q.Get("access_token") == token && r.Header.Get("Authorization") == ""
	case "/user/profile":
		return r.URL.RawQuery == "" && r.Header.Get("Authorization") == "Bearer "+token
	}
	return q.Get("input_token") == token && q.Get("access_token") == facebookApp+"|"+appSecret
}

// verifier asks the stand-in through the real client.
func verifier(t *testing.T, s standIn) *Verifier {
	t.Helper()
	server := httptest.NewTLSServer(s)
	t.Cleanup(server.Close)
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	c, err := outbound.New(outbound.Options{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, RootCAs: roots})
	if err != nil {
		t.Fatal(err)
	}
	return New(Options{Fetch: c, Now: func() time.Time { return now }, AmazonApps: []string{"another", amazonApp},
		FacebookApp: facebookApp, FacebookSecret: secret.New(appSecret), AmazonURL: server.URL, FacebookURL: server.URL})
}

func wantCode(t *testing.T, what string, err error, code string) {
	t.Helper()
	if code == "" && err != nil || code != "" && !awserr.Is(err, code) {
		t.Errorf("%s: got %v, want %q", what, err, code)
	}
	if e, ok := errors.AsType[*awserr.Error](err); ok {
		if e.Status != http.StatusBadRequest || e.Message == "" {
			t.Errorf("%s: status %d, text %q", what, e.Status, e.Message)
		}
		if text := fmt.Sprint(e, e.Cause); strings.Contains(text, token) || strings.Contains(text, appSecret) {
			t.Errorf("%s: the error holds a secret: %s", what, text)
		}
	}
}

const (
	goodInfo    = `{"iss":"https://www.amazon.com","user_id":"amzn1.account.K2LI23KL2LK2","aud":"` + amazonApp + `","app_id":"amzn1.application.436457DFHDH","exp":3597,"iat":1311280970}`
	goodProfile = `{"user_id":"amzn1.account.K2LI23KL2LK2","email":"mhashimoto-04@plaxo.com","name":"Mork Hashimoto","postal_code":"98052"}`
)

func TestAmazon(t *testing.T) {
	id, err := verifier(t, standIn{"/auth/o2/tokeninfo": goodInfo, "/user/profile": goodProfile}).Verify(t.Context(), Amazon, token)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]string{"www.amazon.com:app_id": {amazonApp}, "www.amazon.com:user_id": {"amzn1.account.K2LI23KL2LK2"}}
	if id.Subject != "amzn1.account.K2LI23KL2LK2" || id.App != amazonApp || !maps.EqualFunc(id.Context, want, slices.Equal) {
		t.Errorf("%+v", id)
	}
}

func TestAmazonRefusals(t *testing.T) {
	in := func(from, to string) string { return strings.Replace(goodInfo, from, to, 1) }
	for name, x := range map[string]struct{ info, profile, code string }{
		"another application":        {in(amazonApp, "amzn1.application-oa2-client.evil"), goodProfile, badToken},
		"no application":             {`{"user_id":"amzn1.account.K2LI23KL2LK2","exp":3597}`, goodProfile, badToken},
		"AUD beside aud":             {in(amazonApp, `evil","AUD":"`+amazonApp), goodProfile, badToken},
		"aud twice":                  {in(`"exp"`, `"aud":"evil","exp"`), goodProfile, down},
		"several applications":       {in(`"`+amazonApp+`"`, `["`+amazonApp+`"]`), goodProfile, down},
		"expired":                    {in("3597", "0"), goodProfile, expiredCode},
		"long expired":               {in("3597", "-5"), goodProfile, expiredCode},
		"no time":                    {in(`"exp":3597,`, ""), goodProfile, expiredCode},
		"an unknown token":           {"400", goodProfile, badToken},
		"a token that is taken back": {goodInfo, "401", badToken},
		"an outage":                  {"503", goodProfile, down},
		"too many questions":         {"429", goodProfile, down},
		"another's profile":          {goodInfo, strings.Replace(goodProfile, "K2LI", "EVIL", 1), down},
		"no user":                    {in("amzn1.account.K2LI23KL2LK2", ""), `{"user_id":""}`, down},
		"a control character":        {in("amzn1.account.K2LI23KL2LK2", `a\u0000b`), `{"user_id":"a\u0000b"}`, down},
		"a redirect":                 {"302", goodProfile, down},
		"no JSON":                    {"<html>", goodProfile, down},
		"JSON and more":              {goodInfo + "{}", goodProfile, down},
	} {
		_, err := verifier(t, standIn{"/auth/o2/tokeninfo": x.info, "/user/profile": x.profile}).Verify(t.Context(), Amazon, token)
		wantCode(t, name, err, x.code)
	}
}

const goodDebug = `{"data":{"app_id":"` + facebookApp + `","type":"USER","application":"Social Cafe","expires_at":1795525200,"is_valid":true,"issued_at":1347235328,"scopes":["email"],"user_id":"1207059"}}`

func TestFacebook(t *testing.T) {
	for name, answer := range map[string]string{
		"good": goodDebug, "ids as numbers": strings.NewReplacer(`"`+facebookApp+`"`, facebookApp, `"1207059"`, "1207059").Replace(goodDebug),
		"one that does not expire": strings.Replace(goodDebug, "1795525200", "0", 1),
	} {
		id, err := verifier(t, standIn{"/debug_token": answer}).Verify(t.Context(), Facebook, token)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		want := map[string][]string{"graph.facebook.com:app_id": {facebookApp}, "graph.facebook.com:id": {"1207059"}}
		if id.Subject != "1207059" || id.App != facebookApp || !maps.EqualFunc(id.Context, want, slices.Equal) {
			t.Errorf("%s: %+v", name, id)
		}
	}
}

func TestFacebookRefusals(t *testing.T) {
	in := func(from, to string) string { return strings.Replace(goodDebug, from, to, 1) }
	for name, x := range map[string]struct{ answer, code string }{
		"not valid":           {in("true", "false"), badToken},
		"validity is missing": {in(`"is_valid":true,`, ""), badToken},
		"a text for true":     {in("true", `"true"`), down},
		"another application": {in(facebookApp, "666"), badToken},
		"app_id twice":        {in(`"type"`, `"app_id":"666","type"`), down},
		"a page's token":      {in("USER", "PAGE"), badToken},
		"an app's token":      {in("USER", "APP"), badToken},
		"no type":             {in(`"type":"USER",`, ""), badToken},
		"expired":             {in("1795525200", fmt.Sprint(now.Unix())), expiredCode},
		"no user":             {in(`"1207059"`, `""`), down},
		"a user of fractions": {in(`"1207059"`, `1.5`), down},
		"a control character": {in(`1207059`, `1\n2`), down},
		"nothing":             {`{}`, badToken},
		"refused":             {"400", badToken},
		"the secret is wrong": {"403", down},
		"an outage":           {"500", down},
	} {
		_, err := verifier(t, standIn{"/debug_token": x.answer}).Verify(t.Context(), Facebook, token)
		wantCode(t, name, err, x.code)
	}
}

type fetchFunc func(outbound.Secret) ([]byte, error)

func (f fetchFunc) GetSecret(_ context.Context, s outbound.Secret) ([]byte, error) { return f(s) }

// TestNothingIsAsked: of a provider that is off, unknown, or for a text that is no token.
func TestNothingIsAsked(t *testing.T) {
	f := fetchFunc(func(s outbound.Secret) ([]byte, error) {
		t.Errorf("asked %s", s.URL)
		return nil, errors.New("down")
	})
	off, on := New(Options{Fetch: f}), New(Options{Fetch: f, AmazonApps: []string{amazonApp}, FacebookApp: facebookApp})
	for _, x := range []struct {
		v                     *Verifier
		provider, token, code string
	}{
		{off, Amazon, token, bad}, {off, Facebook, token, bad}, {on, "api.amazon.com", token, bad}, {on, "WWW.AMAZON.COM", token, bad}, {on, "", token, bad},
		{on, "accounts.google.com", token, bad}, {on, Amazon, "", badToken}, {on, Facebook, "two words", badToken}, {on, Amazon, "line\r\nX-Injected: 1", badToken},
		{on, Amazon, "é", badToken}, {on, Facebook, strings.Repeat("x", maxToken+1), badToken},
	} {
		_, err := x.v.Verify(t.Context(), x.provider, x.token)
		wantCode(t, x.provider+" "+x.token[:min(9, len(x.token))], err, x.code)
	}
}

// TestWhereProvidersAre: without other addresses the real ones are asked.
func TestWhereProvidersAre(t *testing.T) {
	asked := ""
	v := New(Options{Now: time.Now, AmazonApps: []string{amazonApp}, FacebookApp: facebookApp, Fetch: fetchFunc(func(s outbound.Secret) ([]byte, error) {
		asked = s.URL
		return nil, errors.New("connection refused")
	})})
	for provider, want := range map[string]string{Amazon: "https://api.amazon.com/auth/o2/tokeninfo", Facebook: "https://graph.facebook.com/debug_token"} {
		_, err := v.Verify(t.Context(), provider, token)
		wantCode(t, provider, err, down)
		if e := awserr.From(err); asked != want || fmt.Sprint(e.Cause) != "connection refused" {
			t.Errorf("asked %q, cause %v", asked, e.Cause)
		}
	}
}

// TestBounds: the longest token and id, and the first and last characters of a token, are taken.
func TestBounds(t *testing.T) {
	for _, x := range []struct{ token, user, code string }{
		{"!~", "u", ""}, {strings.Repeat("x", maxToken), strings.Repeat("u", maxName), ""}, {"x", strings.Repeat("u", maxName+1), down}, {"a\x7f", "u", badToken}, {" ", "u", badToken},
	} {
		v := New(Options{Now: func() time.Time { return now }, AmazonApps: []string{amazonApp}, Fetch: fetchFunc(func(outbound.Secret) ([]byte, error) {
			return fmt.Appendf(nil, `{"aud":%q,"user_id":%q,"exp":1}`, amazonApp, x.user), nil
		})})
		_, err := v.Verify(t.Context(), Amazon, x.token)
		wantCode(t, fmt.Sprintf("token of %d, user of %d", len(x.token), len(x.user)), err, x.code)
	}
}

// TestTexts are what users read.
func TestTexts(t *testing.T) {
	f := fetchFunc(func(outbound.Secret) ([]byte, error) { return []byte(`{"aud":"evil"}`), nil })
	off, on := New(Options{Fetch: f}), New(Options{Fetch: f, AmazonApps: []string{amazonApp}})
	for _, x := range []struct {
		v              *Verifier
		provider, text string
	}{
		{off, Amazon, "Access tokens of www.amazon.com are turned off on this server."},
		{on, Facebook, "Access tokens of graph.facebook.com are turned off on this server."},
		{on, "x", "ProviderId is for OAuth 2.0 access tokens of www.amazon.com and graph.facebook.com; leave it out for an OpenID Connect ID token."},
		{on, Amazon, "Incorrect token audience"},
	} {
		if _, err := x.v.Verify(t.Context(), x.provider, token); awserr.From(err).Message != x.text {
			t.Errorf("%s: %v", x.provider, err)
		}
	}
}

// TestFlood: a crowd of tokens cannot make the server hold more than some questions at a time.
func TestFlood(t *testing.T) {
	entered, gate := make(chan struct{}), make(chan struct{})
	v := New(Options{Now: time.Now, AmazonApps: []string{amazonApp}, Fetch: fetchFunc(func(outbound.Secret) ([]byte, error) {
		entered <- struct{}{}
		<-gate
		return nil, &outbound.StatusError{Status: http.StatusBadRequest}
	})})
	done := make(chan error)
	for range maxBusy {
		go func() {
			_, err := v.Verify(context.Background(), Amazon, token)
			done <- err
		}()
		<-entered
	}
	_, err := v.Verify(t.Context(), Amazon, token)
	wantCode(t, "one too many", err, down)
	close(gate)
	for range maxBusy {
		wantCode(t, "one of the crowd", <-done, badToken)
	}
	go func() { <-entered }()
	_, err = v.Verify(t.Context(), Amazon, token)
	wantCode(t, "behind the crowd", err, badToken)
}

// FuzzAnswers: whatever a provider answers, an identity is one of a known application.
func FuzzAnswers(f *testing.F) {
	f.Add(goodInfo, goodProfile, goodDebug)
	f.Add(`{"aud":1}`, `[]`, `{"data":null}`)
	f.Fuzz(func(t *testing.T, info, profile, debug string) {
		answers := map[string]string{"/auth/o2/tokeninfo": info, "/user/profile": profile, "/debug_token": debug}
		v := New(Options{Now: func() time.Time { return now }, AmazonApps: []string{amazonApp}, FacebookApp: facebookApp, AmazonURL: "https://a", FacebookURL: "https://a",
			Fetch: fetchFunc(func(s outbound.Secret) ([]byte, error) {
				return []byte(answers[strings.TrimPrefix(s.URL, "https://a")]), nil
			})})
		for provider, app := range map[string]string{Amazon: amazonApp, Facebook: facebookApp} {
			id, err := v.Verify(t.Context(), provider, token)
			if err == nil && (id.App != app || !name(id.Subject).plain()) {
				t.Errorf("%s: %+v", provider, id)
			}
		}
	})
}
