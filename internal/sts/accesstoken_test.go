package sts

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"sojourn/internal/federation/oauth"
	"sojourn/internal/federation/outbound"
	"sojourn/internal/wire/stswire"
)

const (
	amazonApp = "amzn1.application-oa2-client.1234"
	byAmazon  = `{"Federated":"www.amazon.com"}`
	byFB      = `{"Federated":"graph.facebook.com"}`
)

// answers are what stand-ins of Amazon and Facebook say, by the path asked.
type answers map[string]string

func (a answers) GetSecret(_ context.Context, s outbound.Secret) ([]byte, error) {
	for path, text := range a {
		if strings.HasSuffix(s.URL, path) {
			return []byte(text), nil
		}
	}
	return nil, errors.New("connection refused")
}

func accessWorld(t *testing.T) *world {
	w := newWorld(t)
	w.Service.oauth = oauth.New(oauth.Options{Now: func() time.Time { return w.time }, AmazonApps: []string{amazonApp}, FacebookApp: "1384", Fetch: answers{
		"/auth/o2/tokeninfo": `{"aud":"` + amazonApp + `","user_id":"amzn1.account.K2","exp":3597}`,
		"/user/profile":      `{"user_id":"amzn1.account.K2"}`,
		"/debug_token":       `{"data":{"app_id":"1384","user_id":"1207059","type":"USER","is_valid":true,"expires_at":0}}`,
	}})
	return w
}

func accessToken(provider string) stswire.AssumeRoleWithWebIdentityInput {
	return stswire.AssumeRoleWithWebIdentityInput{ProviderId: &provider, WebIdentityToken: new("Atza|token")}
}

func TestAccessTokens(t *testing.T) {
	w := accessWorld(t)
	for _, x := range []struct{ provider, by, user, app, subject string }{
		{oauth.Amazon, byAmazon, "user_id", amazonApp, "amzn1.account.K2"},
		{oauth.Facebook, byFB, "id", "1384", "1207059"},
	} {
		role := w.role(here, strings.ReplaceAll(x.provider, ".", "-"), trusts(x.by, everyWeb,
			`{"StringEquals":{"`+x.provider+`:app_id":"`+x.app+`","`+x.provider+`:`+x.user+`":"`+x.subject+`"}}`))
		out, err := w.web(role, accessToken(x.provider))
		if err != nil {
			t.Fatal(err)
		}
		if *out.Provider != x.provider || *out.Audience != x.app || *out.SubjectFromWebIdentityToken != x.subject {
			t.Errorf("answer %+v", out)
		}
		if s := w.session(out.Credentials); s.Provider != x.provider || s.Claims[x.provider+":app_id"][0] != x.app {
			t.Errorf("session %+v", s.Session)
		}
		rec := w.log.last()
		if rec.Identity.Provider != x.provider || rec.Params["subjectFromWebIdentityToken"] != x.subject || rec.Params["audience"] != x.app {
			t.Errorf("record %+v", rec)
		}
	}
}

func TestAccessTokenTrust(t *testing.T) {
	w := accessWorld(t)
	app := `{"StringEquals":{"www.amazon.com:app_id":"` + amazonApp + `"}}`
	for name, trust := range map[string]string{
		"no application":       trusts(byAmazon, everyWeb, ""),
		"only the user":        trusts(byAmazon, everyWeb, `{"StringEquals":{"www.amazon.com:user_id":"amzn1.account.K2"}}`),
		"any application":      trusts(byAmazon, everyWeb, `{"StringLike":{"www.amazon.com:app_id":"*"}}`),
		"another application":  trusts(byAmazon, everyWeb, `{"StringEquals":{"www.amazon.com:app_id":"amzn1.other"}}`),
		"another user":         trusts(byAmazon, everyWeb, `{"StringEquals":{"www.amazon.com:app_id":"`+amazonApp+`","www.amazon.com:user_id":"amzn1.account.EVE"}}`),
		"another provider":     trusts(byFB, everyWeb, app),
		"the ARN of that name": trusts(`{"Federated":"arn:aws:iam::`+here+`:oidc-provider/www.amazon.com"}`, everyWeb, app),
		"everyone":             trusts(`"*"`, everyWeb, ""),
	} {
		role := w.role(here, strings.ReplaceAll(name, " ", "-"), trust)
		_, err := w.web(role, accessToken(oauth.Amazon))
		wantError(t, name, err, denied, "Not authorized to perform sts:AssumeRoleWithWebIdentity")
	}
	w.time = w.time.Add(time.Second)
	_, err := w.web(w.role(here, "Good", trusts(byAmazon, everyWeb, app)), accessToken(oauth.Amazon))
	wantError(t, "good", err, "", "")
	w.Service.oauth = oauth.New(oauth.Options{AmazonApps: []string{amazonApp}, Fetch: answers{}})
	_, err = w.web("arn:aws:iam::"+here+":role/Good", accessToken(oauth.Amazon))
	wantError(t, "an outage", err, "IDPCommunicationError", "")
	_, err = w.web("arn:aws:iam::"+here+":role/Good", accessToken(oauth.Facebook))
	wantError(t, "turned off", err, bad, "Access tokens of graph.facebook.com are turned off on this server.")
}
