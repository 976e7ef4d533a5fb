package credentials

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"strings"

	"sojourn/internal/client/cache"
	"sojourn/internal/client/config"
	"sojourn/internal/client/stsclient"
	"sojourn/internal/secret"
)

// webIdentity is a session of a role for the bearer of an ID token.
type webIdentity struct {
	chain  *Chain
	where  string // for messages
	file   string
	params stsclient.Role
	owner  *config.Profile // whose token it is; nil where only the environment names it

	token secret.String // read once
}

// maxToken is more than STS takes.
const maxToken = 64 << 10

// webIdentity reads the settings of web identity federation, each from the
// environment first if that counts. nil, nil is nothing.
func (c *Chain) webIdentity(p *config.Profile, withEnvironment bool) (source, error) {
	get := func(variable, key string) string {
		if v := c.Env.Get(variable); withEnvironment && v != "" {
			return v
		}
		return p.Value(key)
	}
	file := get("AWS_WEB_IDENTITY_TOKEN_FILE", "web_identity_token_file")
	if file == "" {
		return nil, nil
	}
	w := &webIdentity{chain: c, file: c.Env.Expand(file), where: "AWS_WEB_IDENTITY_TOKEN_FILE"}
	if file == p.Value("web_identity_token_file") {
		w.where, w.owner = fmt.Sprintf("profile %q", p.Name), p
	}
	w.params.ARN = roleARN(get("AWS_ROLE_ARN", "role_arn"))
	w.params.SessionName = get("AWS_ROLE_SESSION_NAME", "role_session_name")
	if w.params.ARN == "" {
		return nil, fmt.Errorf("%s names a web identity token file and no role is set; set role_arn or AWS_ROLE_ARN", w.where)
	}
	return w, nil
}

func (w *webIdentity) read() error {
	if !w.token.Empty() {
		return nil
	}
	info, err := os.Stat(w.file)
	if err == nil && info.Size() > maxToken {
		err = errors.New("it is too long to be a token")
	}
	var text []byte
	if err == nil {
		text, err = os.ReadFile(w.file)
	}
	if err != nil {
		return fmt.Errorf("the web identity token of %s cannot be read: %w; sign in again, or name the right file", w.where, err)
	}
	token := strings.TrimSpace(string(text))
	if token == "" {
		return fmt.Errorf("the web identity token file %s of %s is empty; sign in again", w.file, w.where)
	}
	w.token = secret.New(token)
	return nil
}

// identity holds the token's hash: the next person's token must not meet this one's session.
func (w *webIdentity) identity() (string, error) {
	if err := w.read(); err != nil {
		return "", err
	}
	sum := sha256.Sum256([]byte(w.token.Reveal()))
	return cache.Key("web identity", w.chain.Endpoint, w.params.ARN, w.params.SessionName, string(sum[:])), nil
}

func (w *webIdentity) fetch(ctx context.Context) (Snapshot, error) {
	key, err := w.identity()
	if err != nil {
		return Snapshot{}, err
	}
	lock := cache.Key("lock", w.chain.Endpoint, w.params.ARN, w.file)
	return w.chain.session(ctx, w.profile(), "assume-role-with-web-identity", w.chain.Cache, key, lock, func() (stsclient.Session, error) {
		if err := w.renew(ctx); err != nil {
			return stsclient.Session{}, err
		}
		sts, err := w.chain.STS()
		if err != nil {
			return stsclient.Session{}, err
		}
		params := w.params
		params.WebIdentityToken = w.token
		params.SessionName = sessionName(params.SessionName, w.chain.Now())
		s, err := sts.AssumeRoleWithWebIdentity(ctx, params)
		if err != nil {
			err = fmt.Errorf("%s: %w", w.where, err)
		}
		return s, err
	})
}

func (w *webIdentity) profile() string {
	if w.owner == nil {
		return ""
	}
	return w.owner.Name
}

// renew gets a new token for a profile that "sojourn login" wrote, if its token is over.
func (w *webIdentity) renew(ctx context.Context) error {
	if w.owner == nil || w.chain.Renew == nil {
		return nil
	}
	if err := w.chain.Renew(ctx, w.owner, w.token); err != nil {
		return err
	}
	w.token = secret.String{}
	return w.read()
}
