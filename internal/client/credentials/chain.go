// Package credentials finds the one key, secret and token that a signature is
// made with, in the order of the AWS CLI: environment, role, web identity, IAM
// Identity Center, the credentials file, "aws login", credential_process, the
// configuration file, the container, the machine. What a profile says under
// sojourn_sign_in, for which the AWS CLI has no words, goes before its other settings.
//
// Each request for credentials gives one snapshot: nothing is looked up twice,
// so a key never meets another's secret. It knows what profiles say; it knows
// neither endpoints nor how STS is spoken to nor how a user is asked.
package credentials

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"sojourn/internal/client/cache"
	"sojourn/internal/client/config"
	"sojourn/internal/client/signin"
	"sojourn/internal/client/ssoclient"
	"sojourn/internal/client/stsclient"
	"sojourn/internal/secret"
	"sojourn/internal/sigv4"
)

// Snapshot is one set of credentials.
type Snapshot struct {
	sigv4.Credentials
	Expires time.Time // zero where no end is known
	Method  string    // the AWS CLI's word for where they come from

	// Drop forgets a session that was kept, so that the next request for
	// credentials makes a new one; nil where there is nothing to forget. It is for
	// whom a server has told that the session does not count any more.
	Drop func()
}

// STS makes sessions.
type STS interface {
	AssumeRole(context.Context, sigv4.Credentials, stsclient.Role) (stsclient.Session, error)
	AssumeRoleWithWebIdentity(context.Context, stsclient.Role) (stsclient.Session, error)
	AssumeRoleWithSAML(context.Context, stsclient.Role) (stsclient.Session, error)
	AssumeRoleWithLDAPIdentity(context.Context, stsclient.Role) (stsclient.Session, error)
	GetSessionToken(context.Context, sigv4.Credentials, stsclient.Token) (stsclient.Session, error)
	GetFederationToken(context.Context, sigv4.Credentials, stsclient.Token) (stsclient.Session, error)
}

// SSO is what a sign-in at IAM Identity Center, or by "aws login", lives on.
type SSO interface {
	RoleCredentials(ctx context.Context, token secret.String, account, role string) (sigv4.Credentials, time.Time, error)
	Renew(context.Context, ssoclient.Registration, secret.String) (ssoclient.Token, error)
	RenewLogin(context.Context, ssoclient.Login, time.Time) (sigv4.Credentials, ssoclient.Token, error)
}

// Machine is what the container or the machine has to give.
type Machine interface {
	InContainer() bool
	Container(context.Context) (sigv4.Credentials, time.Time, error)
	Instance(context.Context) (sigv4.Credentials, time.Time, error)
}

// Chain is what the search depends on.
type Chain struct {
	Env      config.Env
	Config   *config.Config
	Profile  string // config.Default when none is named
	Explicit bool   // named by the user just now, so that keys in the environment do not count

	Endpoint string              // of STS; sessions of different servers do not mix
	STS      func() (STS, error) // called only if a session must be made
	// SSO returns the services of a region ("" is the session's own), and at
	// which address they are if that is not AWS's.
	SSO     func(region string) (client SSO, address string, err error)
	Machine Machine

	Cache  cache.Dir
	Shared cache.Shared // with the AWS CLI; "" where STS is not AWS's
	Now    func() time.Time
	// Ask shows a question and what is typed, AskSecret the question alone.
	Ask, AskSecret func(ctx context.Context, question string) (string, error)
	// Renew puts a new token into the file of a profile that signs in at a
	// provider, if the one that is there is over. nil renews nothing.
	Renew func(ctx context.Context, p *config.Profile, token secret.String) error
}

// ErrNone says that neither the environment nor the profile holds credentials.
var ErrNone = errors.New("no credentials are configured")

// source is a place of the chain that applies. identity tells it from other
// places without asking anybody; fetch may ask.
type source interface {
	identity() (string, error)
	fetch(ctx context.Context) (Snapshot, error)
}

// Resolve returns the credentials, or ErrNone.
func (c *Chain) Resolve(ctx context.Context) (Snapshot, error) {
	s, err := c.first()
	if err != nil {
		return Snapshot{}, err
	}
	return s.fetch(ctx)
}

func (c *Chain) first() (source, error) {
	if !c.Explicit {
		if s, err := c.environment(); s != nil || err != nil {
			return s, err
		}
	}
	p, _ := c.Config.Profile(c.Profile)
	if s, err := c.ownWords(p, nil); s != nil || err != nil {
		return s, err
	}
	if assumesRole(p) {
		return c.role(p, nil)
	}
	s, err := c.inProfile(p, !c.Explicit)
	switch {
	case s != nil || err != nil:
		return s, err
	case c.Machine == nil:
		return nil, ErrNone
	case c.Machine.InContainer():
		return &machine{chain: c, method: "container-role"}, nil
	}
	return &machine{chain: c, method: "iam-role"}, nil
}

// inProfile looks at what stands in one profile, roles aside. nil, nil is nothing.
func (c *Chain) inProfile(p *config.Profile, withEnvironment bool) (source, error) {
	if s, err := c.webIdentity(p, withEnvironment); s != nil || err != nil {
		return s, err
	}
	if p == nil {
		return nil, nil
	}
	if err := signin.Ended(p, c.Now()); err != nil {
		return nil, err
	}
	if s, err := c.sso(p); s != nil || err != nil {
		return s, err
	}
	if s, err := static(p, p.Credentials, "shared-credentials-file"); s != nil || err != nil {
		return s, err
	}
	if name := p.Value("login_session"); name != "" {
		return &login{chain: c, profile: p.Name, session: name}, nil
	}
	if command := p.Value("credential_process"); command != "" {
		return &process{profile: p.Name, command: command, now: c.Now}, nil
	}
	return static(p, p.Config, "config-file")
}

// fixed is a key that stands written somewhere.
type fixed Snapshot

func (f fixed) identity() (string, error)               { return "key " + f.AccessKeyID, nil }
func (f fixed) fetch(context.Context) (Snapshot, error) { return Snapshot(f), nil }

// environment reads AWS_ACCESS_KEY_ID and what belongs to it.
func (c *Chain) environment() (source, error) {
	id, key := c.Env.Get("AWS_ACCESS_KEY_ID"), c.Env.Get("AWS_SECRET_ACCESS_KEY")
	if id == "" {
		return nil, nil
	}
	if key == "" {
		return nil, errors.New("AWS_ACCESS_KEY_ID is set and AWS_SECRET_ACCESS_KEY is not; set both or neither")
	}
	_, token := c.Env.First("AWS_SECURITY_TOKEN", "AWS_SESSION_TOKEN")
	f := fixed{Credentials: sigv4.Credentials{AccessKeyID: id, Secret: secret.New(key), Token: token}, Method: "env"}
	if text := c.Env.Get("AWS_CREDENTIAL_EXPIRATION"); text != "" {
		end, err := time.Parse(time.RFC3339, text)
		if err != nil {
			return nil, errors.New("AWS_CREDENTIAL_EXPIRATION is not a time such as 2026-11-23T12:00:00Z; correct or unset it")
		}
		if !c.Now().Before(end) {
			return nil, fmt.Errorf("the credentials in the environment expired at %s (AWS_CREDENTIAL_EXPIRATION); set new ones", text)
		}
		f.Expires = end
	}
	return f, nil
}

// static reads the keys in one file's section of a profile.
func static(p *config.Profile, s *config.Section, method string) (source, error) {
	id, _ := s.Get("aws_access_key_id")
	if id == "" {
		return nil, nil
	}
	key, _ := s.Get("aws_secret_access_key")
	if key == "" {
		return nil, fmt.Errorf("profile %q has an aws_access_key_id and no aws_secret_access_key beside it; add it", p.Name)
	}
	token, _ := s.Get("aws_security_token")
	if token == "" {
		token, _ = s.Get("aws_session_token")
	}
	return fixed{Credentials: sigv4.Credentials{AccessKeyID: id, Secret: secret.New(key), Token: token}, Method: method}, nil
}

func hasKeys(p *config.Profile) bool {
	_, id := p.Get("aws_access_key_id")
	_, key := p.Get("aws_secret_access_key")
	return id || key
}

// roleARN corrects a slip of AWS's documentation, whose examples have one colon too many: arn:aws:iam:::111111111111:role/R.
func roleARN(s string) string {
	if before, after, ok := strings.Cut(s, ":iam:::"); ok && strings.HasPrefix(before, "arn:") && !strings.Contains(before[len("arn:"):], ":") {
		return before + ":iam::" + after
	}
	return s
}

// maxSessionName is STS's limit.
const maxSessionName = 64

// sessionName makes a name that STS accepts, [A-Za-z0-9_+=,.@-]{2,64}, of the
// one in the profile: the documentation's own example is "Maria Garcia".
// Without one it is made from the time, as the AWS CLI does.
func sessionName(s string, now time.Time) string {
	if s == "" {
		return fmt.Sprintf("sojourn-%d", now.Unix())
	}
	name := strings.Map(func(r rune) rune {
		if 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("_+=,.@-", r) {
			return r
		}
		return '_'
	}, s)
	return name[:min(len(name), maxSessionName)]
}
