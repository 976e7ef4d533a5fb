// Package stsclient asks the Security Token Service for the sessions that the
// credential chain needs, at exactly the endpoint that it is given. It does
// not read configuration, keep sessions or ask for codes.
package stsclient

import (
	"context"
	"encoding/xml"
	"errors"
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

	ProviderARN   string        // of a SAML provider
	SAMLAssertion secret.String // a base64 response

	DirectoryARN, Username string
	Password               secret.String
}

// Token is what a session of a user's own keys is to be. Zero values are not sent.
type Token struct {
	Duration                int    // seconds
	SerialNumber, TokenCode string // GetSessionToken

	Name, Policy string // GetFederationToken
	PolicyARNs   []string
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

// Over reports whether an error says that the session which signed does not count any more.
func Over(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && OverCode(e.Code)
}

// OverCode reports whether a service's code says so: all of AWS's do with one of these.
func OverCode(code string) bool {
	switch code {
	case "ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "UnrecognizedClientException":
		return true
	}
	return false
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

// AssumeRoleWithSAML makes a session of a role for whom a SAML response names; the call is not signed.
func (c *Client) AssumeRoleWithSAML(ctx context.Context, r Role) (Session, error) {
	r.SessionName = "" // the response holds it
	form := r.form("AssumeRoleWithSAML")
	set(form, "PrincipalArn", r.ProviderARN)
	set(form, "SAMLAssertion", r.SAMLAssertion.Reveal())
	return c.call(ctx, "AssumeRoleWithSAML", form, nil)
}

// AssumeRoleWithLDAPIdentity makes a session of a role for a user of a
// directory; the call is not signed. AWS has no such operation, Sojourn does.
func (c *Client) AssumeRoleWithLDAPIdentity(ctx context.Context, r Role) (Session, error) {
	r.SessionName = "" // it is the user's name
	form := r.form("AssumeRoleWithLDAPIdentity")
	set(form, "DirectoryArn", r.DirectoryARN)
	set(form, "UserName", r.Username)
	set(form, "Password", r.Password.Reveal())
	set(form, "SerialNumber", r.SerialNumber)
	set(form, "TokenCode", r.TokenCode)
	return c.call(ctx, "AssumeRoleWithLDAPIdentity", form, nil)
}

// GetSessionToken makes a session of the user whose keys sign.
func (c *Client) GetSessionToken(ctx context.Context, cred sigv4.Credentials, t Token) (Session, error) {
	form := t.form("GetSessionToken")
	set(form, "SerialNumber", t.SerialNumber)
	set(form, "TokenCode", t.TokenCode)
	return c.call(ctx, "GetSessionToken", form, &cred)
}

// GetFederationToken makes a session of a federated user, signed by a user's keys.
func (c *Client) GetFederationToken(ctx context.Context, cred sigv4.Credentials, t Token) (Session, error) {
	form := t.form("GetFederationToken")
	set(form, "Name", t.Name)
	set(form, "Policy", t.Policy)
	for i, arn := range t.PolicyARNs {
		form.Set("PolicyArns.member."+strconv.Itoa(i+1)+".arn", arn)
	}
	return c.call(ctx, "GetFederationToken", form, &cred)
}

func (t Token) form(action string) url.Values { return Role{Duration: t.Duration}.form(action) }

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

// answer holds what the answers of all operations have, and an error's.
type answer struct {
	Results []struct {
		XMLName     xml.Name
		Credentials credentials
	} `xml:",any"`
	Error struct{ Code, Message string }
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
	var got credentials
	for _, r := range a.Results {
		if r.XMLName.Local == operation+"Result" {
			got = r.Credentials
		}
	}
	expires, timeErr := time.Parse(time.RFC3339, got.Expiration)
	if err != nil || status != http.StatusOK || timeErr != nil || got.AccessKeyId == "" || got.SecretAccessKey == "" {
		return Session{}, fmt.Errorf("the answer of %s to %s (status %d) is not STS's; check the endpoint", c.API.URL, operation, status)
	}
	return Session{sigv4.Credentials{AccessKeyID: got.AccessKeyId, Secret: secret.New(got.SecretAccessKey), Token: got.SessionToken}, expires}, nil
}
