package signin

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"sojourn/internal/secret"
)

// DefaultScopes are asked for where nothing else is said.
const DefaultScopes = "openid profile email"

// scopeOffline asks for a refresh token.
const scopeOffline = "offline_access"

// Provider is an OpenID Connect provider as its discovery document describes it.
type Provider struct {
	Issuer       string `json:"issuer"`
	AuthURL      string `json:"authorization_endpoint"`
	TokenURL     string `json:"token_endpoint"`
	DeviceURL    string `json:"device_authorization_endpoint"`
	RevokeURL    string `json:"revocation_endpoint"`
	IssuerInCode bool   `json:"authorization_response_iss_parameter_supported"`

	AuthMethods []string `json:"token_endpoint_auth_methods_supported"`

	http *http.Client
}

// Client is this program as the provider knows it.
type Client struct {
	ID     string
	Secret secret.String // empty for a public client, which PKCE protects
	Scopes string
	Keep   bool // ask for a refresh token

	Now  func() time.Time
	Wait func(ctx context.Context, d time.Duration) error // between the polls of a device code
}

// Tokens are what a provider gave.
type Tokens struct {
	ID      secret.String
	Refresh secret.String
	Subject string
	Name    string    // for people; the subject where there is none
	Expires time.Time // of the ID token
}

// Discover reads the provider's description. It must be that of the issuer that was asked.
func Discover(ctx context.Context, c *http.Client, issuer string) (*Provider, error) {
	if _, err := secureURL(issuer); err != nil {
		return nil, fmt.Errorf("the issuer %w", err)
	}
	status, body, err := get(ctx, c, strings.TrimRight(issuer, "/")+"/.well-known/openid-configuration")
	if err != nil {
		return nil, fmt.Errorf("asking the issuer how to sign in: %w", err)
	}
	p := &Provider{http: c}
	if err := json.Unmarshal(body, p); status != http.StatusOK || err != nil {
		return nil, fmt.Errorf("%s has no OpenID Connect discovery document (status %d); check the issuer's URL", Plain(issuer), status)
	}
	if p.Issuer != issuer {
		return nil, fmt.Errorf("the discovery document of %s is of another issuer, %q; write the issuer exactly so", Plain(issuer), Plain(p.Issuer))
	}
	for name, address := range map[string]string{"authorization_endpoint": p.AuthURL, "token_endpoint": p.TokenURL,
		"device_authorization_endpoint": p.DeviceURL, "revocation_endpoint": p.RevokeURL} {
		if _, err := secureURL(address); address != "" && err != nil {
			return nil, fmt.Errorf("the discovery document of %s: %s: %w", Plain(issuer), name, err)
		}
	}
	if p.TokenURL == "" {
		return nil, fmt.Errorf("the discovery document of %s names no token_endpoint; tokens cannot be had there", Plain(issuer))
	}
	return p, nil
}

// scopes are what to ask for; an ID token needs "openid".
func (c *Client) scopes() string {
	list := strings.Fields(c.Scopes)
	if len(list) == 0 {
		list = strings.Fields(DefaultScopes)
	}
	if !slices.Contains(list, "openid") {
		list = append([]string{"openid"}, list...)
	}
	if c.Keep && !slices.Contains(list, scopeOffline) {
		list = append(list, scopeOffline)
	}
	return strings.Join(list, " ")
}

// codeRequest is one authorization request and what its answer must match.
type codeRequest struct {
	url, state, nonce, redirect string
	verifier                    secret.String
}

func (p *Provider) codeRequest(c *Client, redirect string) (codeRequest, error) {
	u, err := secureURL(p.AuthURL)
	if err != nil {
		return codeRequest{}, fmt.Errorf("the issuer has no authorization_endpoint, so no browser sign-in; try --device")
	}
	r := codeRequest{state: rand.Text(), nonce: rand.Text(), redirect: redirect, verifier: secret.New(rand.Text() + rand.Text())}
	challenge := sha256.Sum256([]byte(r.verifier.Reveal()))
	q := u.Query()
	for k, v := range map[string]string{"response_type": "code", "client_id": c.ID, "redirect_uri": redirect, "scope": c.scopes(), "state": r.state, "nonce": r.nonce,
		"code_challenge_method": "S256", "code_challenge": base64.RawURLEncoding.EncodeToString(challenge[:])} {
		q.Set(k, v)
	}
	if c.Keep {
		q.Set("prompt", "consent") // without which a provider need not give a refresh token
	}
	u.RawQuery = q.Encode()
	r.url = u.String()
	return r, nil
}

// errForeign says that an answer is not to the request that was made. Whoever
// sent it learns nothing, and the real answer is still waited for.
var errForeign = errors.New("this answer does not belong to the sign-in that was begun")

// code reads an authorization response. errForeign is for what may be anybody's;
// any other error ends the sign-in.
func (p *Provider) code(r codeRequest, q url.Values) (string, error) {
	if got := q["state"]; len(got) != 1 || subtle.ConstantTimeCompare([]byte(got[0]), []byte(r.state)) != 1 {
		return "", errForeign
	}
	if iss := q["iss"]; len(iss) > 1 || len(iss) == 1 && iss[0] != p.Issuer || len(iss) == 0 && p.IssuerInCode {
		return "", fmt.Errorf("the answer names the issuer %q, and %s was asked: another provider is mixed up in this; nothing was sent to either", Plain(strings.Join(iss, ", ")), p.Issuer)
	}
	if q.Has("error") {
		return "", providerError(q.Get("error"), q.Get("error_description"))
	}
	if code := q["code"]; len(code) == 1 && code[0] != "" {
		return code[0], nil
	}
	return "", errors.New("the provider sent neither a code nor an error")
}

// providerError is a refusal in the provider's words.
func providerError(code, description string) error {
	text := "the provider refused: " + Plain(code)
	if description != "" {
		text += " (" + Plain(description) + ")"
	}
	return errors.New(text)
}

// tokenAnswer is of RFC 6749 and OpenID Connect.
type tokenAnswer struct {
	IDToken      string `json:"id_token"`
	RefreshToken string `json:"refresh_token"`
	Error        string `json:"error"`
	Description  string `json:"error_description"`
}

// token sends a form to an endpoint of the provider.
func (p *Provider) token(ctx context.Context, c *Client, endpoint string, form url.Values) (int, []byte, error) {
	basic := !c.Secret.Empty() && (len(p.AuthMethods) == 0 || slices.Contains(p.AuthMethods, "client_secret_basic"))
	if !basic {
		form.Set("client_id", c.ID)
		if !c.Secret.Empty() {
			form.Set("client_secret", c.Secret.Reveal())
		}
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint, strings.NewReader(form.Encode()))
	if err != nil {
		return 0, nil, fmt.Errorf("making a request: %w", err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if basic {
		r.SetBasicAuth(url.QueryEscape(c.ID), url.QueryEscape(c.Secret.Reveal()))
	}
	return fetch(p.http, r)
}

// redeem asks for tokens and checks the ID token against what was asked.
func (p *Provider) redeem(ctx context.Context, c *Client, form url.Values, nonce string) (Tokens, error) {
	status, body, err := p.token(ctx, c, p.TokenURL, form)
	if err != nil {
		return Tokens{}, err
	}
	return p.tokens(c, status, body, nonce)
}

func (p *Provider) tokens(c *Client, status int, body []byte, nonce string) (Tokens, error) {
	var a tokenAnswer
	switch err := json.Unmarshal(body, &a); {
	case err != nil:
		return Tokens{}, fmt.Errorf("the answer of the token endpoint (status %d) is not understood", status)
	case a.Error != "":
		return Tokens{}, &Refusal{Code: a.Error, Description: a.Description}
	case status != http.StatusOK:
		return Tokens{}, fmt.Errorf("the token endpoint answered with status %d", status)
	case a.IDToken == "":
		return Tokens{}, errors.New("the provider gave no ID token; the client must be allowed the scope openid")
	}
	t, err := p.check(c, a.IDToken, nonce)
	if err != nil {
		return Tokens{}, err
	}
	if c.Keep {
		t.Refresh = secret.New(a.RefreshToken)
	}
	return t, nil
}

// Refusal is an error of the token endpoint.
type Refusal struct{ Code, Description string }

func (e *Refusal) Error() string { return providerError(e.Code, e.Description).Error() }

// leeway is between two clocks.
const leeway = time.Minute

// maxToken is more than STS takes.
const maxToken = 20000

// check reads an ID token that came from the token endpoint itself over TLS
// (OpenID Connect Core, section 3.1.3.7): issuer, audience, nonce, end. Its
// signature is the server's to verify, to whom alone it is given.
func (p *Provider) check(c *Client, token, nonce string) (Tokens, error) {
	claims, err := Claims(token)
	if err != nil {
		return Tokens{}, err
	}
	now := c.Now()
	switch {
	case claims.Issuer != p.Issuer:
		return Tokens{}, fmt.Errorf("the ID token is of another issuer, %q", Plain(claims.Issuer))
	case !slices.Contains(claims.Audience, c.ID), len(claims.Audience) > 1 && claims.Party != c.ID, claims.Party != "" && claims.Party != c.ID:
		return Tokens{}, fmt.Errorf("the ID token is for another client, %q", Plain(strings.Join(claims.Audience, ", ")))
	case nonce != "" && subtle.ConstantTimeCompare([]byte(claims.Nonce), []byte(nonce)) != 1:
		return Tokens{}, errors.New("the ID token was not made for this sign-in (its nonce is another one)")
	case claims.Subject == "":
		return Tokens{}, errors.New("the ID token names no subject")
	case !now.Add(-leeway).Before(claims.Expires):
		return Tokens{}, errors.New("the ID token has expired already; check this machine's clock")
	}
	return Tokens{ID: secret.New(token), Subject: claims.Subject, Name: claims.Name, Expires: claims.Expires}, nil
}

// IDClaims are the claims that the client looks at. Nobody has verified them.
type IDClaims struct {
	Issuer, Subject, Nonce, Party, Name string
	Audience                            []string
	Expires                             time.Time
}

// Claims reads an ID token's claims without verifying it.
func Claims(token string) (IDClaims, error) {
	bad := errors.New("the ID token is not a signed JSON web token")
	parts := strings.Split(token, ".")
	if len(parts) != 3 || len(token) > maxToken || parts[2] == "" {
		return IDClaims{}, bad
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	var members map[string]json.RawMessage // exact names, unlike a struct's
	if err != nil || json.Unmarshal(payload, &members) != nil {
		return IDClaims{}, bad
	}
	var c IDClaims
	for name, to := range map[string]*string{"iss": &c.Issuer, "sub": &c.Subject, "nonce": &c.Nonce, "azp": &c.Party} {
		if v, ok := members[name]; ok && json.Unmarshal(v, to) != nil {
			return IDClaims{}, bad
		}
	}
	c.Name = c.Subject
	for _, name := range []string{"email", "preferred_username"} {
		var v string
		if json.Unmarshal(members[name], &v) == nil && v != "" {
			c.Name = v
		}
	}
	var one string
	if json.Unmarshal(members["aud"], &one) == nil {
		c.Audience = []string{one}
	} else if json.Unmarshal(members["aud"], &c.Audience) != nil {
		return IDClaims{}, bad
	}
	var end float64
	if json.Unmarshal(members["exp"], &end) != nil || end < 0 || end > 1<<40 {
		return IDClaims{}, bad
	}
	c.Expires = time.Unix(int64(end), 0)
	return c, nil
}
