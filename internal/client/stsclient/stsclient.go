// Package stsclient asks the Security Token Service for the sessions that the
// credential chain needs, at exactly the endpoint that it is given. It does
// not read configuration, keep sessions or ask for codes.
package stsclient

import (
	"context"
	"encoding/xml"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"sojourn/internal/client/endpoint"
	"sojourn/internal/client/signedhttp"
	"sojourn/internal/secret"
	"sojourn/internal/sigv4"
)

// Client calls one endpoint.
type Client struct {
	HTTP *signedhttp.Client
	API  endpoint.API
}

// Role is what to assume. Zero values are not sent.
type Role struct {
	ARN, SessionName, ExternalID string
	Duration                     int // seconds
	SerialNumber, TokenCode      string
	WebIdentityToken             secret.String
}

// Session is STS's answer.
type Session struct {
	sigv4.Credentials
	Expires time.Time
}

// Error is a refusal, in the AWS CLI's words.
type Error struct{ Code, Message, Operation string }

func (e *Error) Error() string {
	return fmt.Sprintf("An error occurred (%s) when calling the %s operation: %s", e.Code, e.Operation, e.Message)
}

// AssumeRole makes a session of a role, signed by cred.
func (c *Client) AssumeRole(ctx context.Context, cred sigv4.Credentials, r Role) (Session, error) {
	form := r.form("AssumeRole")
	set(form, "ExternalId", r.ExternalID)
	set(form, "SerialNumber", r.SerialNumber)
	set(form, "TokenCode", r.TokenCode)
	return c.call(ctx, "AssumeRole", form, &cred)
}

// AssumeRoleWithWebIdentity makes a session of a role for the bearer of an ID token; the call is not signed.
func (c *Client) AssumeRoleWithWebIdentity(ctx context.Context, r Role) (Session, error) {
	form := r.form("AssumeRoleWithWebIdentity")
	set(form, "WebIdentityToken", r.WebIdentityToken.Reveal())
	return c.call(ctx, "AssumeRoleWithWebIdentity", form, nil)
}

func (r Role) form(action string) url.Values {
	form := url.Values{"Action": {action}, "Version": {"2011-06-15"}}
	set(form, "RoleArn", r.ARN)
	set(form, "RoleSessionName", r.SessionName)
	if r.Duration > 0 {
		form.Set("DurationSeconds", strconv.Itoa(r.Duration))
	}
	return form
}

func set(form url.Values, name, value string) {
	if value != "" {
		form.Set(name, value)
	}
}

// answer holds the members of both operations' results and of an error.
type answer struct {
	AssumeRole  credentials `xml:"AssumeRoleResult>Credentials"`
	WebIdentity credentials `xml:"AssumeRoleWithWebIdentityResult>Credentials"`
	Error       struct{ Code, Message string }
}

type credentials struct{ AccessKeyId, SecretAccessKey, SessionToken, Expiration string }

func (c *Client) call(ctx context.Context, operation string, form url.Values, cred *sigv4.Credentials) (Session, error) {
	status, body, err := c.HTTP.Post(ctx, signedhttp.Request{
		URL: c.API.URL, ContentType: "application/x-www-form-urlencoded; charset=utf-8", Body: []byte(form.Encode()),
		Service: "sts", Region: c.API.Region, Credentials: cred,
	})
	if err != nil {
		return Session{}, err
	}
	return c.session(operation, status, body)
}

func (c *Client) session(operation string, status int, body []byte) (Session, error) {
	var a answer
	err := xml.Unmarshal(body, &a)
	if status != http.StatusOK && a.Error.Code != "" {
		return Session{}, &Error{a.Error.Code, a.Error.Message, operation}
	}
	got := a.AssumeRole
	if operation != "AssumeRole" {
		got = a.WebIdentity
	}
	expires, timeErr := time.Parse(time.RFC3339, got.Expiration)
	if err != nil || status != http.StatusOK || timeErr != nil || got.AccessKeyId == "" || got.SecretAccessKey == "" {
		return Session{}, fmt.Errorf("the answer of %s to %s (status %d) is not STS's; check the endpoint", c.API.URL, operation, status)
	}
	return Session{sigv4.Credentials{AccessKeyID: got.AccessKeyId, Secret: secret.New(got.SecretAccessKey), Token: got.SessionToken}, expires}, nil
}
