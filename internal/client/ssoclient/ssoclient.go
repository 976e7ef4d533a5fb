// Package ssoclient speaks to the services behind a sign-in that another tool
// made: the portal of IAM Identity Center, which turns its token into
// credentials, the service that renews that token, and the one that renews an
// "aws login". It reads no configuration and no file; it signs nobody in.
package ssoclient

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"sojourn/internal/client/signedhttp"
	"sojourn/internal/secret"
	"sojourn/internal/sigv4"
)

// Client calls services at the URLs that it is given, without a slash at the end.
type Client struct {
	HTTP                 *signedhttp.Client
	Portal, OIDC, SignIn string
}

// Error is a refusal.
type Error struct {
	Status              int
	Code, Message, What string
}

func (e *Error) Error() string {
	said := strings.TrimSpace(e.Code + " " + e.Message)
	if said == "" {
		said = "without a reason"
	}
	return fmt.Sprintf("%s was refused (status %d): %s", e.What, e.Status, said)
}

// RoleCredentials returns credentials of a role in an account to the bearer of a portal token.
func (c *Client) RoleCredentials(ctx context.Context, token secret.String, account, role string) (sigv4.Credentials, time.Time, error) {
	query := url.Values{"account_id": {account}, "role_name": {role}}.Encode()
	var v struct {
		RoleCredentials struct {
			AccessKeyId, SecretAccessKey, SessionToken string
			Expiration                                 int64 // milliseconds
		}
	}
	err := c.call(ctx, "GetRoleCredentials", http.MethodGet, c.Portal+"/federation/credentials?"+query, bearer(token), nil, &v)
	got := v.RoleCredentials
	if err == nil && (got.AccessKeyId == "" || got.SecretAccessKey == "" || got.Expiration <= 0) {
		err = fmt.Errorf("the answer of %s holds no credentials; check the endpoint", c.Portal)
	}
	return sigv4.Credentials{AccessKeyID: got.AccessKeyId, Secret: secret.New(got.SecretAccessKey), Token: got.SessionToken},
		time.UnixMilli(got.Expiration).UTC(), err
}

// Registration is the client that a sign-in belongs to.
type Registration struct {
	ID     string
	Secret secret.String
}

// Token is a token and what renews it.
type Token struct {
	Access, Refresh secret.String
	Life            time.Duration
}

// Renew makes a new portal token of a refresh token.
func (c *Client) Renew(ctx context.Context, by Registration, refresh secret.String) (Token, error) {
	return c.token(ctx, "renewing the sign-in", by, map[string]string{"grantType": "refresh_token", "refreshToken": refresh.Reveal()})
}

// token asks for what a grant gives.
func (c *Client) token(ctx context.Context, what string, by Registration, grant map[string]string) (Token, error) {
	var v struct {
		AccessToken, RefreshToken string
		ExpiresIn                 int64
	}
	grant["clientId"], grant["clientSecret"] = by.ID, by.Secret.Reveal()
	err := c.call(ctx, what, http.MethodPost, c.OIDC+"/token", http.Header{}, grant, &v)
	if err == nil && (v.AccessToken == "" || v.ExpiresIn <= 0) {
		err = fmt.Errorf("the answer of %s holds no token; check the endpoint", c.OIDC)
	}
	return Token{secret.New(v.AccessToken), secret.New(v.RefreshToken), time.Duration(v.ExpiresIn) * time.Second}, err
}

// call sends one request and reads a JSON answer into v.
func (c *Client) call(ctx context.Context, what, method, rawURL string, header http.Header, body, v any) error {
	var text []byte
	if body != nil {
		text, _ = json.Marshal(body) // maps of strings and of lists of them always can be
		header.Set("Content-Type", "application/json")
	}
	status, answer, err := c.HTTP.Exchange(ctx, method, rawURL, header, text)
	if err != nil {
		return err
	}
	if status != http.StatusOK {
		var said struct {
			Error, Error_description, Message string
		}
		_ = json.Unmarshal(answer, &said) // what is no JSON says nothing
		if said.Message == "" {
			said.Message = said.Error_description
		}
		return &Error{Status: status, Code: said.Error, Message: said.Message, What: what}
	}
	if v != nil && json.Unmarshal(answer, v) != nil {
		return fmt.Errorf("the answer to %s is not JSON; check the endpoint", what)
	}
	return nil
}
