package credentials

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"sojourn/internal/client/cache"
	"sojourn/internal/client/ssoclient"
	"sojourn/internal/secret"
	"sojourn/internal/sigv4"
)

// login is an "aws login": credentials of a quarter of an hour that a key on
// this machine renews. The file is the AWS CLI's.
type login struct {
	chain            *Chain
	profile, session string
}

// renewLoginBefore is how long before their end the AWS CLI renews them.
const renewLoginBefore = 5 * time.Minute

func (l *login) identity() (string, error) { return "login " + l.session, nil }

func (l *login) fetch(ctx context.Context) (Snapshot, error) {
	t, err := l.load()
	if err != nil || t.lasts(l.chain.Now().Add(renewLoginBefore)) {
		return t.snapshot(), err
	}
	defer l.chain.Cache.Lock(ctx, cache.Key("lock", "login", l.session))()
	if t, err = l.load(); err != nil || t.lasts(l.chain.Now().Add(renewLoginBefore)) {
		return t.snapshot(), err // another process has renewed them
	}
	renewed, err := l.renew(ctx, t)
	if err != nil && t.lasts(l.chain.Now()) {
		return t.snapshot(), nil
	}
	if e, ok := errors.AsType[*ssoclient.Error](err); ok && e.Status < 500 {
		return Snapshot{}, l.signIn("has expired (" + e.Code + ")")
	}
	if err != nil {
		return Snapshot{}, fmt.Errorf("profile %q: %w", l.profile, err)
	}
	return renewed, nil
}

func (l *login) signIn(why string) error {
	return fmt.Errorf("profile %q: the sign-in of login_session %s %s; run: aws login --profile %s", l.profile, l.session, why, l.profile)
}

func (l *login) path() string {
	dir := l.chain.Env.Expand(l.chain.Env.Get("AWS_LOGIN_CACHE_DIRECTORY"))
	if dir == "" {
		dir = filepath.Join(l.chain.Env.Home(), ".aws", "login", "cache")
	}
	sum := sha256.Sum256([]byte(strings.TrimSpace(l.session)))
	return filepath.Join(dir, hex.EncodeToString(sum[:])+".json")
}

// loginToken is the AWS CLI's file of an "aws login".
type loginToken struct {
	fields  map[string]any
	account string
	cred    sigv4.Credentials
	expires time.Time
	renewal ssoclient.Login
}

func (t loginToken) lasts(until time.Time) bool { return until.Before(t.expires) }
func (t loginToken) snapshot() Snapshot {
	return Snapshot{Credentials: t.cred, Expires: t.expires, Method: "login"}
}

func (l *login) load() (loginToken, error) {
	data, err := cache.ReadFile(l.path())
	if err != nil {
		return loginToken{}, l.signIn("has not been made yet")
	}
	t, err := parseLogin(data)
	if err != nil {
		return loginToken{}, l.signIn("cannot be read")
	}
	return t, nil
}

func parseLogin(data []byte) (loginToken, error) {
	var v struct {
		AccessToken                     struct{ AccessKeyId, SecretAccessKey, SessionToken, AccountId, ExpiresAt string }
		ClientId, RefreshToken, DpopKey string
	}
	t := loginToken{fields: map[string]any{}}
	if err := errors.Join(json.Unmarshal(data, &t.fields), json.Unmarshal(data, &v)); err != nil {
		return t, err
	}
	a := v.AccessToken
	t.cred = sigv4.Credentials{AccessKeyID: a.AccessKeyId, Secret: secret.New(a.SecretAccessKey), Token: a.SessionToken}
	t.account = a.AccountId
	t.renewal = ssoclient.Login{ClientID: v.ClientId, Refresh: secret.New(v.RefreshToken), Key: secret.New(v.DpopKey)}
	var err error
	if t.expires, err = cliTime(a.ExpiresAt); err == nil && (a.AccessKeyId == "" || a.SecretAccessKey == "") {
		err = errors.New("no key")
	}
	return t, err
}

func (l *login) renew(ctx context.Context, t loginToken) (Snapshot, error) {
	client, _, err := l.chain.SSO("")
	if err != nil {
		return Snapshot{}, err
	}
	cred, next, err := client.RenewLogin(ctx, t.renewal, l.chain.Now())
	if err != nil {
		return Snapshot{}, err
	}
	end := l.chain.Now().Add(next.Life).UTC().Truncate(time.Second)
	t.fields["accessToken"] = map[string]any{"accessKeyId": cred.AccessKeyID, "secretAccessKey": cred.Secret.Reveal(),
		"sessionToken": cred.Token, "accountId": t.account, "expiresAt": end.Format(time.RFC3339)}
	t.fields["refreshToken"] = next.Refresh.Reveal()
	save(l.path(), t.fields)
	return Snapshot{Credentials: cred, Expires: end, Method: "login"}, nil
}
