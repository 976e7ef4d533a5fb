package credentials

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"sojourn/internal/client/cache"
	"sojourn/internal/client/config"
	"sojourn/internal/client/signin"
	"sojourn/internal/client/ssoclient"
	"sojourn/internal/client/stsclient"
	"sojourn/internal/secret"
)

// sso is a role that IAM Identity Center gives to whoever has signed in there
// ("aws sso login"). The sign-in is the AWS CLI's file, renewed where that can be.
type sso struct {
	chain            *Chain
	profile          string
	session          string // its name, "" in the old form
	startURL, region string
	account, role    string
	client           SSO
}

// sso reads the settings of IAM Identity Center. nil, nil is nothing: without
// account and role they are for something else.
func (c *Chain) sso(p *config.Profile) (source, error) {
	s := &sso{chain: c, profile: p.Name, account: p.Value("sso_account_id"), role: p.Value("sso_role_name")}
	if s.account == "" && s.role == "" {
		return nil, nil
	}
	at, err := CenterOf(c.Config, p)
	if err != nil {
		return nil, err
	}
	s.session, s.startURL, s.region = at.Session, at.StartURL, at.Region
	for _, v := range [...][2]string{{"sso_account_id", s.account}, {"sso_role_name", s.role}} {
		if v[1] == "" {
			return nil, noCenter(p, v[0])
		}
	}
	return s, nil
}

// Center is where a profile signs in by IAM Identity Center.
type Center struct{ Session, StartURL, Region, Scopes string }

// CenterOf reads it: from the [sso-session] that the profile names, or in the old form from the profile itself.
func CenterOf(cfg *config.Config, p *config.Profile) (Center, error) {
	at := Center{Session: p.Value("sso_session"), StartURL: p.Value("sso_start_url"), Region: p.Value("sso_region")}
	if at.Session != "" {
		section, ok := cfg.SSOSession(at.Session)
		if !ok {
			return at, fmt.Errorf("profile %q names the sso_session %q, and the configuration has no [sso-session %s]; add it (aws configure sso-session)", p.Name, at.Session, at.Session)
		}
		for _, v := range []struct {
			here *string
			key  string
		}{{&at.StartURL, "sso_start_url"}, {&at.Region, "sso_region"}} {
			there, _ := section.Get(v.key)
			if *v.here != "" && *v.here != there {
				return at, fmt.Errorf("profile %q and [sso-session %s] have different settings of %s; remove the profile's", p.Name, at.Session, v.key)
			}
			*v.here = there
		}
		at.Scopes, _ = section.Get("sso_registration_scopes")
	}
	for _, v := range [...][2]string{{"sso_start_url", at.StartURL}, {"sso_region", at.Region}} {
		if v[1] == "" {
			return at, noCenter(p, v[0])
		}
	}
	return at, nil
}

func noCenter(p *config.Profile, key string) error {
	return fmt.Errorf("profile %q signs in by IAM Identity Center and has no %s; add it", p.Name, key)
}

// name is what the AWS CLI calls the sign-in.
func (s *sso) name() string {
	if s.session != "" {
		return s.session
	}
	return s.startURL
}

func (s *sso) identity() (string, error) {
	return cache.Key("sso", s.session, s.startURL, s.region, s.account, s.role), nil
}

func (s *sso) fetch(ctx context.Context) (Snapshot, error) {
	client, address, err := s.chain.SSO(s.region)
	if err != nil {
		return Snapshot{}, err
	}
	s.client = client
	var kept keeper = s.chain.Cache
	key := cache.Key("sso", address, s.session, s.startURL, s.account, s.role)
	if shared := cache.SharedUnder(s.chain.Env.Home()); address == "" && shared != "" {
		kept, key = shared, s.sharedKey()
	}
	return s.chain.session(ctx, s.profile, "sso", kept, key, cache.Key("lock", "sso", s.name(), s.account, s.role), func() (stsclient.Session, error) {
		return s.credentials(ctx)
	})
}

func (s *sso) sharedKey() string {
	return CenterKey(Center{Session: s.session, StartURL: s.startURL}, s.account, s.role)
}

// CenterKey is the AWS CLI's name for the credentials of a role of IAM Identity Center.
func CenterKey(at Center, account, role string) string {
	where := cache.Member{Name: "startUrl", Text: at.StartURL}
	if at.Session != "" {
		where = cache.Member{Name: "sessionName", Text: at.Session}
	}
	return cache.SSOKey(cache.Member{Name: "accountId", Text: account}, cache.Member{Name: "roleName", Text: role}, where)
}

func (s *sso) credentials(ctx context.Context) (stsclient.Session, error) {
	token, err := s.token(ctx)
	if err != nil {
		return stsclient.Session{}, err
	}
	cred, end, err := s.client.RoleCredentials(ctx, token, s.account, s.role)
	if e, ok := errors.AsType[*ssoclient.Error](err); ok && e.Status == http.StatusUnauthorized {
		return stsclient.Session{}, s.signIn("is not taken any more")
	}
	if err != nil {
		return stsclient.Session{}, fmt.Errorf("profile %q: role %s in account %s: %w", s.profile, s.role, s.account, err)
	}
	return stsclient.Session{Credentials: cred, Expires: end}, nil
}

// signIn is the error that only the user can end.
func (s *sso) signIn(why string) error {
	return fmt.Errorf("profile %q: the sign-in at %s %s; run: sojourn login --profile %s", s.profile, s.startURL, why, s.profile)
}

// renewBefore is how long before its end the AWS CLI renews a sign-in.
const renewBefore = 15 * time.Minute

// token is the token of the sign-in, renewed if it ends soon and can be.
func (s *sso) token(ctx context.Context) (secret.String, error) {
	t, err := s.load()
	if err != nil || t.lasts(s.chain.Now().Add(renewBefore)) {
		return t.access, err
	}
	defer s.chain.Cache.Lock(ctx, cache.Key("lock", "sso token", s.name()))()
	if t, err = s.load(); err != nil || t.lasts(s.chain.Now().Add(renewBefore)) {
		return t.access, err // another process has renewed it
	}
	renewed, err := s.renew(ctx, t)
	switch {
	case err == nil:
		return renewed, nil
	case t.lasts(s.chain.Now()):
		return t.access, nil
	case errors.Is(err, errNotRenewable):
		return secret.String{}, s.signIn("expired at " + t.expires.Format(time.RFC3339))
	}
	if e, ok := errors.AsType[*ssoclient.Error](err); ok {
		return secret.String{}, s.signIn("expired and cannot be renewed (" + strings.TrimSpace(e.Code) + ")")
	}
	return secret.String{}, fmt.Errorf("profile %q: %w", s.profile, err)
}

var errNotRenewable = errors.New("the sign-in cannot be renewed")

func (s *sso) renew(ctx context.Context, t ssoToken) (secret.String, error) {
	if t.refresh.Empty() || t.client.ID == "" || t.client.Secret.Empty() || !s.chain.Now().Before(t.clientEnds) {
		return secret.String{}, errNotRenewable
	}
	got, err := s.client.Renew(ctx, t.client, t.refresh)
	if err != nil {
		return secret.String{}, err
	}
	t.fields["accessToken"] = got.Access.Reveal()
	t.fields["expiresAt"] = s.chain.Now().Add(got.Life).UTC().Format(time.RFC3339)
	if !got.Refresh.Empty() {
		t.fields["refreshToken"] = got.Refresh.Reveal()
	}
	save(s.path(), t.fields)
	return got.Access, nil
}

func (s *sso) path() string { return signin.CenterFile(s.chain.Env, s.session, s.startURL) }

// ssoToken is the AWS CLI's file of a sign-in.
type ssoToken struct {
	fields          map[string]any // all of them, so that what is not known stays
	access, refresh secret.String
	expires         time.Time
	client          ssoclient.Registration
	clientEnds      time.Time
}

func (t ssoToken) lasts(until time.Time) bool { return until.Before(t.expires) }

func (s *sso) load() (ssoToken, error) {
	data, err := cache.ReadFile(s.path())
	if err != nil {
		return ssoToken{}, s.signIn("has not been made yet")
	}
	t, err := parseSSOToken(data)
	if err != nil {
		return ssoToken{}, s.signIn("cannot be read")
	}
	return t, nil
}

func parseSSOToken(data []byte) (ssoToken, error) {
	t := ssoToken{fields: map[string]any{}}
	if err := json.Unmarshal(data, &t.fields); err != nil {
		return t, err
	}
	text := func(name string) string { v, _ := t.fields[name].(string); return v }
	t.access, t.refresh = secret.New(text("accessToken")), secret.New(text("refreshToken"))
	t.client = ssoclient.Registration{ID: text("clientId"), Secret: secret.New(text("clientSecret"))}
	var err error
	if t.expires, err = cliTime(text("expiresAt")); err != nil || t.access.Empty() {
		return t, errors.New("no token, or no time at which it ends")
	}
	if end := text("registrationExpiresAt"); end != "" {
		t.clientEnds, err = cliTime(end)
	}
	return t, err
}

// cliTime reads a time as one or the other version of the AWS CLI writes it.
func cliTime(s string) (time.Time, error) {
	if utc, ok := strings.CutSuffix(s, "UTC"); ok {
		s = utc + "Z"
	}
	return time.Parse(time.RFC3339, s)
}

// save writes a sign-in back. That it cannot is no reason to go without what
// was got; the next process finds the old file and renews that.
func save(path string, fields map[string]any) {
	if data, err := json.Marshal(fields); err == nil {
		_ = cache.WriteFile(path, data)
	}
}
