package stsclient

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"sojourn/internal/client/endpoint"
	"sojourn/internal/client/signedhttp"
	"sojourn/internal/secret"
	"sojourn/internal/sigv4"
)

const good = `<%sResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><%sResult><Credentials><AccessKeyId>ASIA1</AccessKeyId>
<SecretAccessKey>s3cr3t</SecretAccessKey><SessionToken>t0ken</SessionToken><Expiration>2026-11-23T13:00:00Z</Expiration></Credentials></%sResult></%sResponse>`

// serve answers each call with status and body, and keeps the last form.
func serve(t *testing.T, status int, body string) (*Client, *http.Request) {
	t.Helper()
	last := &http.Request{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.ParseForm()
		*last = *r
		w.WriteHeader(status)
		io.WriteString(w, body)
	}))
	t.Cleanup(s.Close)
	h, err := signedhttp.New("", time.Now)
	if err != nil {
		t.Fatal(err)
	}
	return &Client{h, endpoint.API{URL: s.URL, Region: "us-east-1"}}, last
}

func TestAssumeRole(t *testing.T) {
	c, last := serve(t, 200, strings.ReplaceAll(good, "%s", "AssumeRole"))
	role := Role{ARN: "arn:aws:iam::111111111111:role/R", SessionName: "Maria_Garcia", ExternalID: "e", Duration: 900, SerialNumber: "m", TokenCode: "123456"}
	s, err := c.AssumeRole(context.Background(), sigv4.Credentials{AccessKeyID: "AKIA", Secret: secret.New("x")}, role)
	if err != nil || s.AccessKeyID != "ASIA1" || s.Secret.Reveal() != "s3cr3t" || s.Token != "t0ken" || !s.Expires.Equal(time.Date(2026, 11, 23, 13, 0, 0, 0, time.UTC)) {
		t.Errorf("%+v, %v", s, err)
	}
	want := "Action=AssumeRole&DurationSeconds=900&ExternalId=e&RoleArn=arn%3Aaws%3Aiam%3A%3A111111111111%3Arole%2FR&RoleSessionName=Maria_Garcia" +
		"&SerialNumber=m&TokenCode=123456&Version=2011-06-15"
	if got := last.PostForm.Encode(); got != want {
		t.Errorf("sent %s, want %s", got, want)
	}
	if !strings.Contains(last.Header.Get("Authorization"), "/us-east-1/sts/aws4_request") {
		t.Errorf("Authorization: %q", last.Header.Get("Authorization"))
	}
}

func TestAssumeRoleWithWebIdentity(t *testing.T) {
	c, last := serve(t, 200, strings.ReplaceAll(good, "%s", "AssumeRoleWithWebIdentity"))
	s, err := c.AssumeRoleWithWebIdentity(context.Background(), Role{ARN: "r", SessionName: "n", WebIdentityToken: secret.New("jwt")})
	if err != nil || s.AccessKeyID != "ASIA1" {
		t.Errorf("%+v, %v", s, err)
	}
	if got := last.PostForm.Encode(); got != "Action=AssumeRoleWithWebIdentity&RoleArn=r&RoleSessionName=n&Version=2011-06-15&WebIdentityToken=jwt" || last.Header.Get("Authorization") != "" {
		t.Errorf("sent %s, signed %q", got, last.Header.Get("Authorization"))
	}
}

func TestErrors(t *testing.T) {
	denied := `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>User: x is not authorized</Message></Error></ErrorResponse>`
	for _, v := range []struct {
		status     int
		body, want string
	}{
		{403, denied, "An error occurred (AccessDenied) when calling the AssumeRole operation: User: x is not authorized"},
		{200, "<html>", "is not STS's; check the endpoint"},
		{404, "no", "(status 404) is not STS's; check the endpoint"},
		{200, strings.ReplaceAll(good, "%s", "Other"), "is not STS's; check the endpoint"},
		{200, strings.Replace(strings.ReplaceAll(good, "%s", "AssumeRole"), "s3cr3t", "", 1), "is not STS's; check the endpoint"},
	} {
		c, _ := serve(t, v.status, v.body)
		_, err := c.AssumeRole(context.Background(), sigv4.Credentials{}, Role{})
		if err == nil || !strings.Contains(err.Error(), v.want) {
			t.Errorf("%d %q: %v; want %q", v.status, v.body, err, v.want)
		}
	}
}

func TestOtherSessions(t *testing.T) {
	by := sigv4.Credentials{AccessKeyID: "AKIA", Secret: secret.New("x")}
	for _, v := range []struct {
		operation, form string
		signed          bool
		call            func(context.Context, *Client) (Session, error)
	}{
		{"AssumeRoleWithSAML", "DurationSeconds=900&PrincipalArn=p&RoleArn=r&SAMLAssertion=PHNhbWw%2B", false, func(ctx context.Context, c *Client) (Session, error) {
			return c.AssumeRoleWithSAML(ctx, Role{ARN: "r", SessionName: "not sent", ProviderARN: "p", SAMLAssertion: secret.New("PHNhbWw+"), Duration: 900})
		}},
		{"AssumeRoleWithLDAPIdentity", "DirectoryArn=d&Password=p+w&RoleArn=r&SerialNumber=s&TokenCode=123456&UserName=u", false, func(ctx context.Context, c *Client) (Session, error) {
			return c.AssumeRoleWithLDAPIdentity(ctx, Role{ARN: "r", SessionName: "n", DirectoryARN: "d", Username: "u", Password: secret.New("p w"), SerialNumber: "s", TokenCode: "123456"})
		}},
		{"GetSessionToken", "DurationSeconds=900&SerialNumber=s&TokenCode=123456", true, func(ctx context.Context, c *Client) (Session, error) {
			return c.GetSessionToken(ctx, by, Token{Duration: 900, SerialNumber: "s", TokenCode: "123456"})
		}},
		{"GetFederationToken", "Name=maria&Policy=%7B%7D&PolicyArns.member.1.arn=a&PolicyArns.member.2.arn=b", true, func(ctx context.Context, c *Client) (Session, error) {
			return c.GetFederationToken(ctx, by, Token{Name: "maria", Policy: "{}", PolicyARNs: []string{"a", "b"}})
		}},
	} {
		c, last := serve(t, 200, strings.ReplaceAll(good, "%s", v.operation))
		s, err := v.call(context.Background(), c)
		if err != nil || s.AccessKeyID != "ASIA1" {
			t.Errorf("%s: %+v, %v", v.operation, s, err)
		}
		last.PostForm.Del("Action")
		last.PostForm.Del("Version")
		if got := last.PostForm.Encode(); got != v.form || (last.Header.Get("Authorization") != "") != v.signed {
			t.Errorf("%s sent %s, signed by %q", v.operation, got, last.Header.Get("Authorization"))
		}
	}
}
