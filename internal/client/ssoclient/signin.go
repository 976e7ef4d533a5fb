package ssoclient

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"sojourn/internal/secret"
)

// clientName is what IAM Identity Center shows for this program.
const clientName = "sojourn"

// Register makes this program known for a sign-in at startURL, and says until
// when it is. redirect is where the browser comes back to; "" is for a device code.
func (c *Client) Register(ctx context.Context, startURL, redirect string, scopes []string) (Registration, time.Time, error) {
	body := map[string]any{"clientName": clientName, "clientType": "public"}
	if len(scopes) > 0 {
		body["scopes"] = scopes
	}
	if redirect != "" {
		body["grantTypes"] = []string{"authorization_code", "refresh_token"}
		body["redirectUris"], body["issuerUrl"] = []string{redirect}, startURL
	}
	var v struct {
		ClientID, ClientSecret string
		ClientSecretExpiresAt  int64 // seconds
	}
	err := c.call(ctx, "registering at IAM Identity Center", http.MethodPost, c.OIDC+"/client/register", http.Header{}, body, &v)
	if err == nil && (v.ClientID == "" || v.ClientSecret == "") {
		err = fmt.Errorf("the answer of %s holds no registration; check the endpoint", c.OIDC)
	}
	return Registration{v.ClientID, secret.New(v.ClientSecret)}, time.Unix(v.ClientSecretExpiresAt, 0).UTC(), err
}

// AuthorizeURL is the page that the user signs in at in the browser.
func (c *Client) AuthorizeURL(by Registration, redirect, state, challenge, scopes string) string {
	return c.OIDC + "/authorize?" + url.Values{"response_type": {"code"}, "client_id": {by.ID}, "redirect_uri": {redirect}, "state": {state},
		"code_challenge_method": {"S256"}, "code_challenge": {challenge}, "scopes": {scopes}}.Encode()
}

// Redeem gets the token for the code that the browser brought back.
func (c *Client) Redeem(ctx context.Context, by Registration, code, redirect string, verifier secret.String) (Token, error) {
	return c.token(ctx, "signing in", by, map[string]string{"grantType": "authorization_code", "code": code, "redirectUri": redirect, "codeVerifier": verifier.Reveal()})
}

// Device is a code that the user enters on any machine.
type Device struct {
	DeviceCode, UserCode, VerificationURI, VerificationURIComplete string
	ExpiresIn, Interval                                            float64 // seconds
}

// StartDevice asks for a code.
func (c *Client) StartDevice(ctx context.Context, by Registration, startURL string) (Device, error) {
	var v Device
	body := map[string]string{"clientId": by.ID, "clientSecret": by.Secret.Reveal(), "startUrl": startURL}
	err := c.call(ctx, "asking for a code", http.MethodPost, c.OIDC+"/device_authorization", http.Header{}, body, &v)
	if err == nil && (v.DeviceCode == "" || v.UserCode == "" || v.VerificationURI == "") {
		err = fmt.Errorf("the answer of %s holds no code; check the endpoint", c.OIDC)
	}
	return v, err
}

// RedeemDevice gets the token once the user has entered the code; until then
// the error's code is "authorization_pending" or "slow_down".
func (c *Client) RedeemDevice(ctx context.Context, by Registration, d Device) (Token, error) {
	return c.token(ctx, "signing in", by, map[string]string{"grantType": "urn:ietf:params:oauth:grant-type:device_code", "deviceCode": d.DeviceCode})
}

// Account is one that the user has a role in.
type Account struct{ AccountID, AccountName string }

// maxPages bounds a list that has no end.
const maxPages = 1000

// Accounts are those that the user has a role in.
func (c *Client) Accounts(ctx context.Context, token secret.String) (all []Account, err error) {
	err = c.pages(ctx, "ListAccounts", "/assignment/accounts", url.Values{}, token, func(p page) { all = append(all, p.AccountList...) })
	return all, err
}

// Roles are the names of the user's roles in an account.
func (c *Client) Roles(ctx context.Context, token secret.String, account string) (all []string, err error) {
	err = c.pages(ctx, "ListAccountRoles", "/assignment/roles", url.Values{"account_id": {account}}, token, func(p page) {
		for _, r := range p.RoleList {
			all = append(all, r.RoleName)
		}
	})
	return all, err
}

type page struct {
	AccountList []Account
	RoleList    []struct{ RoleName string }
	NextToken   string
}

func (c *Client) pages(ctx context.Context, what, path string, query url.Values, token secret.String, take func(page)) error {
	for range maxPages {
		var p page
		if err := c.call(ctx, what, http.MethodGet, c.Portal+path+"?"+query.Encode(), bearer(token), nil, &p); err != nil {
			return err
		}
		take(p)
		if p.NextToken == "" {
			return nil
		}
		query.Set("next_token", p.NextToken)
	}
	return fmt.Errorf("the answer of %s to %s has no end; check the endpoint", c.Portal, what)
}

// SignOut ends a sign-in at the server.
func (c *Client) SignOut(ctx context.Context, token secret.String) error {
	return c.call(ctx, "signing out", http.MethodPost, c.Portal+"/logout", bearer(token), nil, nil)
}

func bearer(token secret.String) http.Header {
	return http.Header{"X-Amz-Sso_bearer_token": {token.Reveal()}}
}
