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
	"os"
	"path/filepath"
	"strings"
	"time"

	"sojourn/internal/client/cache"
	"sojourn/internal/client/config"
	"sojourn/internal/client/ssoclient"
	"sojourn/internal/secret"
)

// IdentityCenter signs in at AWS's IAM Identity Center, as "aws sso login" does,
// into the same file, so that each tool uses the other's sign-in.
type IdentityCenter struct {
	Client   *ssoclient.Client
	Session  string // of [sso-session NAME]; "" where the profile itself says where
	StartURL string
	Region   string
	Scopes   string // with blanks between them; sso_registration_scopes has commas
	Now      func() time.Time
	Wait     func(context.Context, time.Duration) error
}

// centerReturn is where the browser comes back to: the AWS CLI's address, of which any port is taken.
const centerReturn = "http://127.0.0.1/oauth/callback"

// DefaultCenterScopes are asked for where the settings name none.
const DefaultCenterScopes = "sso:account:access"

// centerTokens are what the file of a sign-in is made of.
type centerTokens struct {
	ssoclient.Token
	client ssoclient.Registration
	until  time.Time // of the registration
}

// Browser signs in by the browser (authorization code with PKCE).
func (i IdentityCenter) Browser(ctx context.Context, b Browse, env config.Env) (secret.String, error) {
	l, err := Listen(centerReturn)
	if err != nil {
		return secret.String{}, err
	}
	defer l.Close()
	var t centerTokens
	if t.client, t.until, err = i.Client.Register(ctx, i.StartURL, centerReturn, strings.Fields(i.Scopes)); err != nil {
		return secret.String{}, err
	}
	state, verifier := rand.Text(), secret.New(rand.Text()+rand.Text())
	challenge := sha256.Sum256([]byte(verifier.Reveal()))
	address := i.Client.AuthorizeURL(t.client, l.URL, state, base64.RawURLEncoding.EncodeToString(challenge[:]), i.Scopes)
	if _, err := secureURL(address); err != nil {
		return secret.String{}, err
	}
	code, err := await(ctx, b, l, address, func(v url.Values) (string, error) { return centerCode(state, v) }, "")
	if err != nil {
		return secret.String{}, err
	}
	if t.Token, err = i.Client.Redeem(ctx, t.client, code, l.URL, verifier); err != nil {
		return secret.String{}, err
	}
	return t.Access, i.save(env, t)
}

// centerCode reads the answer that the browser brings back.
func centerCode(state string, q url.Values) (string, error) {
	if got := q["state"]; len(got) != 1 || subtle.ConstantTimeCompare([]byte(got[0]), []byte(state)) != 1 {
		return "", errForeign
	}
	if q.Has("error") {
		return "", providerError(q.Get("error"), q.Get("error_description"))
	}
	if code := q["code"]; len(code) == 1 && code[0] != "" {
		return code[0], nil
	}
	return "", errors.New("IAM Identity Center sent neither a code nor an error")
}

// Device signs in by a code that the user enters on any machine.
func (i IdentityCenter) Device(ctx context.Context, tell func(text string), env config.Env) (secret.String, error) {
	scopes := strings.Fields(i.Scopes)
	if i.Session == "" { // the old form knows none
		scopes = nil
	}
	var t centerTokens
	var err error
	if t.client, t.until, err = i.Client.Register(ctx, i.StartURL, "", scopes); err != nil {
		return secret.String{}, err
	}
	d, err := i.Client.StartDevice(ctx, t.client, i.StartURL)
	if err != nil {
		return secret.String{}, err
	}
	if _, err := secureURL(d.VerificationURI); err != nil {
		return secret.String{}, err
	}
	tell(codeText(d.VerificationURI, d.UserCode, d.VerificationURIComplete))
	err = poll(ctx, i.Wait, d.Interval, d.ExpiresIn, func() error {
		t.Token, err = i.Client.RedeemDevice(ctx, t.client, d)
		if e, ok := errors.AsType[*ssoclient.Error](err); ok && e.Status == http.StatusBadRequest {
			return &Refusal{Code: e.Code, Description: e.Message}
		}
		return err
	})
	if err != nil {
		return secret.String{}, err
	}
	return t.Access, i.save(env, t)
}

// CenterFile is the AWS CLI's file of a sign-in: by the name of the sso-session, else by the start URL.
func CenterFile(env config.Env, session, startURL string) string {
	if session == "" {
		session = startURL
	}
	return filepath.Join(env.Home(), ".aws", "sso", "cache", cache.SHA1(session)+".json")
}

func (i IdentityCenter) save(env config.Env, t centerTokens) error {
	if env.Home() == "" {
		return errors.New("no home directory is known; set HOME")
	}
	fields := map[string]string{"startUrl": i.StartURL, "region": i.Region, "accessToken": t.Access.Reveal(),
		"expiresAt": i.Now().Add(t.Life).UTC().Format(time.RFC3339), "clientId": t.client.ID, "clientSecret": t.client.Secret.Reveal(),
		"registrationExpiresAt": t.until.Format(time.RFC3339)}
	if !t.Refresh.Empty() {
		fields["refreshToken"] = t.Refresh.Reveal()
	}
	text, err := json.Marshal(fields)
	if err != nil {
		return err
	}
	if err := cache.WriteFile(CenterFile(env, i.Session, i.StartURL), text); err != nil {
		return fmt.Errorf("keeping the sign-in: %w", err)
	}
	return nil
}

// SignOut ends the sign-in at the server and removes its file. there is false where there was none.
func (i IdentityCenter) SignOut(ctx context.Context, env config.Env) (there bool, err error) {
	path := CenterFile(env, i.Session, i.StartURL)
	text, err := cache.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	var v struct{ AccessToken string }
	if err == nil && json.Unmarshal(text, &v) == nil && v.AccessToken != "" {
		err = i.Client.SignOut(ctx, secret.New(v.AccessToken))
	}
	return true, errors.Join(os.Remove(path), err)
}
