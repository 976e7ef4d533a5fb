package signin

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"sojourn/internal/client/config"
	"sojourn/internal/secret"
)

// EndedError says that a profile's sign-in is over.
type EndedError struct {
	Profile string
	Cause   error // why it could not be renewed; nil where nothing was kept to renew it with
}

func (e *EndedError) Error() string {
	text := fmt.Sprintf("the sign-in of profile %q has ended", e.Profile)
	if e.Cause != nil {
		text += fmt.Sprintf(" and was not renewed (%v)", e.Cause)
	}
	return text + "; run: sojourn login --profile " + quoted(e.Profile)
}

func (e *EndedError) Unwrap() error { return e.Cause }

// quoted is a profile's name as a shell takes it.
func quoted(name string) string {
	if name != "" && !strings.ContainsFunc(name, func(r rune) bool {
		return (r < 'a' || 'z' < r) && (r < 'A' || 'Z' < r) && (r < '0' || '9' < r) && !strings.ContainsRune("._-/+=@:", r)
	}) {
		return name
	}
	return "'" + strings.ReplaceAll(Plain(name), "'", `'\''`) + "'"
}

// Ended refuses keys of a login that have expired. Other keys it does not know.
func Ended(p *config.Profile, now time.Time) error {
	end, err := time.Parse(time.RFC3339, p.Value(KeyExpiration))
	if p.Value(KeyMethod) == "" || err != nil || now.Before(end) {
		return nil
	}
	return &EndedError{Profile: p.Name}
}

// Renew gets a new ID token for a profile that a login wrote, if the one that
// it has is over. It returns an *EndedError when only the user can.
func Renew(ctx context.Context, env config.Env, p *config.Profile, token secret.String, now func() time.Time, client func() (*http.Client, error)) error {
	if p.Value(KeyMethod) != MethodOIDC {
		return nil
	}
	claims, err := Claims(token.Reveal())
	if err != nil || now().Before(claims.Expires) {
		return nil // the server says what it thinks of it
	}
	files := Files{Env: env}
	defer files.lock(ctx)()
	if path, err := files.TokenFile(p.Name); err == nil {
		if text, err := os.ReadFile(path); err == nil && string(text) != token.Reveal() {
			return nil // another process was faster
		}
	}
	kept, err := files.loadRefresh(p.Name)
	if errors.Is(err, fs.ErrNotExist) || err == nil && kept.Empty() {
		return &EndedError{Profile: p.Name}
	}
	if err == nil {
		err = files.renew(ctx, p, kept, claims.Subject, now, client)
	}
	if err != nil {
		return &EndedError{p.Name, err}
	}
	return nil
}

func (f Files) renew(ctx context.Context, p *config.Profile, kept secret.String, subject string, now func() time.Time, client func() (*http.Client, error)) error {
	c, err := ClientFrom(f.Env, p.Value)
	if err != nil {
		return err
	}
	c.Keep, c.Now = true, now
	h, err := client()
	if err != nil {
		return err
	}
	provider, err := Discover(ctx, h, p.Value(KeyIssuer))
	if err != nil {
		return err
	}
	t, err := provider.redeem(ctx, &c, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {kept.Reveal()}}, "")
	if err != nil {
		return err
	}
	if t.Subject != subject {
		return errors.New("the provider answered with another subject's token")
	}
	if t.Refresh.Empty() {
		t.Refresh = kept // it was not rotated
	}
	return f.saveTokens(p.Name, t)
}

// maxSecret bounds a client secret's file.
const maxSecret = 4 << 10

// ClientFrom is the client that settings describe.
func ClientFrom(env config.Env, value func(key string) string) (Client, error) {
	c := Client{ID: value(KeyClientID), Scopes: value(KeyScopes)}
	if path := value(KeySecretFile); path != "" {
		text, err := os.ReadFile(env.Expand(path))
		if err != nil {
			return c, fmt.Errorf("reading the client's secret: %w", err)
		}
		if len(text) > maxSecret {
			return c, fmt.Errorf("the file of the client's secret, %s, is too long", path)
		}
		c.Secret = secret.New(strings.TrimSpace(string(text)))
	}
	return c, nil
}

// Revoke tells the provider that the kept refresh token is not wanted any more.
// A provider that does not offer it is left alone.
func (f Files) Revoke(ctx context.Context, p *config.Profile, client *http.Client) error {
	kept, err := f.loadRefresh(p.Name)
	if err != nil {
		return nil // nothing is kept
	}
	c, err := ClientFrom(f.Env, p.Value)
	if err != nil {
		return err
	}
	provider, err := Discover(ctx, client, p.Value(KeyIssuer))
	if err != nil || provider.RevokeURL == "" {
		return err
	}
	_, _, err = provider.token(ctx, &c, provider.RevokeURL, url.Values{"token": {kept.Reveal()}, "token_type_hint": {"refresh_token"}})
	return err
}
