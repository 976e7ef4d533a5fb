package credentials

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"sojourn/internal/client/cache"
	"sojourn/internal/client/config"
	"sojourn/internal/client/stsclient"
)

// assumesRole reports whether a profile means AssumeRole. A token file beside the role means web identity.
func assumesRole(p *config.Profile) bool {
	_, role := p.Get("role_arn")
	_, token := p.Get("web_identity_token_file")
	return role && !token
}

// role is a session of a role, made with other credentials.
type role struct {
	chain   *Chain
	profile string
	params  stsclient.Role
	from    source
}

// role reads a profile that assumes one. visited are the profiles on the way here.
func (c *Chain) role(p *config.Profile, visited []string) (source, error) {
	visited = append(visited, p.Name)
	r := &role{chain: c, profile: p.Name, params: stsclient.Role{
		ARN: roleARN(p.Value("role_arn")), SessionName: p.Value("role_session_name"),
		ExternalID: p.Value("external_id"), SerialNumber: p.Value("mfa_serial"),
	}}
	if n, err := strconv.Atoi(p.Value("duration_seconds")); err == nil {
		r.params.Duration = n // the AWS CLI, too, takes no notice of one that is no number
	}
	var err error
	r.from, err = c.roleSource(p, visited)
	return r, err
}

func (c *Chain) roleSource(p *config.Profile, visited []string) (source, error) {
	from, kind := p.Value("source_profile"), p.Value("credential_source")
	switch {
	case from != "" && kind != "":
		return nil, fmt.Errorf("profile %q has both source_profile and credential_source; remove one", p.Name)
	case from != "":
		return c.sourceProfile(p, from, visited)
	case kind == "Environment":
		s, err := c.environment()
		if s == nil && err == nil {
			err = fmt.Errorf("profile %q takes its source credentials from the environment, and AWS_ACCESS_KEY_ID is not set", p.Name)
		}
		return s, err
	case kind == "Ec2InstanceMetadata":
		return &machine{chain: c, profile: p.Name, method: "iam-role"}, nil
	case kind == "EcsContainer":
		return &machine{chain: c, profile: p.Name, method: "container-role"}, nil
	case kind != "":
		return nil, fmt.Errorf("profile %q has credential_source = %s; want Environment, Ec2InstanceMetadata or EcsContainer", p.Name, kind)
	}
	return nil, fmt.Errorf("profile %q has a role_arn and does not say with which credentials to assume the role; add source_profile, credential_source or web_identity_token_file", p.Name)
}

func (c *Chain) sourceProfile(p *config.Profile, name string, visited []string) (source, error) {
	from, ok := c.Config.Profile(name)
	if !ok {
		return nil, fmt.Errorf("profile %q names source_profile %q, which does not exist", p.Name, name)
	}
	// A profile may be its own source if it holds keys.
	if slices.Contains(visited, name) && !(name == p.Name && hasKeys(from)) {
		return nil, fmt.Errorf("the profiles go round in a circle: %s; change one source_profile", strings.Join(append(visited, name), ", "))
	}
	if name != p.Name { // or it would be its own source for ever
		if s, err := c.ownWords(from, visited); s != nil || err != nil {
			return s, err
		}
	}
	if !hasKeys(from) && assumesRole(from) {
		return c.role(from, visited)
	}
	s, err := c.inProfile(from, false)
	if s == nil && err == nil {
		err = fmt.Errorf("profile %q names source_profile %q, which holds no credentials; add them there, or name another profile", p.Name, name)
	}
	return s, err
}

func (r *role) identity() (string, error) {
	from, err := r.from.identity()
	p := r.params
	return cache.Key("role", r.chain.Endpoint, from, p.ARN, p.SessionName, p.ExternalID, p.SerialNumber, strconv.Itoa(p.Duration)), err
}

func (r *role) fetch(ctx context.Context) (Snapshot, error) {
	key, err := r.identity()
	if err != nil {
		return Snapshot{}, err
	}
	// The lock does not depend on the source, whose keys change: its files would pile up.
	lock := cache.Key("lock", r.chain.Endpoint, r.profile, r.params.ARN, r.params.SerialNumber)
	var kept keeper = r.chain.Cache
	if p, _ := r.chain.Config.Profile(r.profile); r.chain.sharesRole(p) {
		kept, key = r.chain.Shared, sharedRoleKey(p)
	}
	return r.chain.session(ctx, r.profile, "assume-role", kept, key, lock, func() (stsclient.Session, error) {
		s, err := r.assume(ctx)
		if err != nil {
			err = fmt.Errorf("profile %q: %w", r.profile, err)
		}
		return s, err
	})
}

// sharesRole reports whether the session of a profile's role may be shared with
// the AWS CLI, whose name for it does not tell where it comes from: STS must be
// AWS's, the source a profile, and no other profile may have the same session
// from another source.
func (c *Chain) sharesRole(p *config.Profile) bool {
	if c.Shared == "" || p.Value("source_profile") == "" {
		return false
	}
	key := sharedRoleKey(p)
	for _, name := range c.Config.Names() {
		q, _ := c.Config.Profile(name)
		if q != p && assumesRole(q) && q.Value("source_profile") != p.Value("source_profile") && sharedRoleKey(q) == key {
			return false
		}
	}
	return true
}

func sharedRoleKey(p *config.Profile) string {
	seconds := ""
	if n, err := strconv.Atoi(p.Value("duration_seconds")); err == nil {
		seconds = strconv.Itoa(n)
	}
	return cache.RoleKey(cache.Member{Name: "RoleArn", Text: roleARN(p.Value("role_arn"))},
		cache.Member{Name: "RoleSessionName", Text: p.Value("role_session_name")}, cache.Member{Name: "ExternalId", Text: p.Value("external_id")},
		cache.Member{Name: "SerialNumber", Text: p.Value("mfa_serial")}, cache.Member{Name: "DurationSeconds", Text: seconds, Bare: true})
}

func (r *role) assume(ctx context.Context) (stsclient.Session, error) {
	from, err := r.from.fetch(ctx)
	if err != nil {
		return stsclient.Session{}, err
	}
	params := r.params
	if params.TokenCode, err = r.chain.code(ctx, params.SerialNumber); err != nil {
		return stsclient.Session{}, err
	}
	params.SessionName = sessionName(params.SessionName, r.chain.Now())
	sts, err := r.chain.STS()
	if err != nil {
		return stsclient.Session{}, err
	}
	session, err := sts.AssumeRole(ctx, from.Credentials, params)
	if from.Drop != nil && stsclient.Over(err) {
		from.Drop()
		if from, err = r.from.fetch(ctx); err != nil {
			return session, err
		}
		session, err = sts.AssumeRole(ctx, from.Credentials, params)
	}
	return session, wrongCode(err)
}

// wrongCode adds what to do where STS does not take the code of a device.
func wrongCode(err error) error {
	if e, ok := errors.AsType[*stsclient.Error](err); ok && strings.Contains(e.Message, "invalid MFA one time pass code") {
		said := *e
		said.Message = strings.TrimRight(e.Message, ". ") + "; run the command again with the device's next code"
		return &said
	}
	return err
}

// code asks for the code of an MFA device, if one is named.
func (c *Chain) code(ctx context.Context, serial string) (string, error) {
	if serial == "" {
		return "", nil
	}
	code, err := c.Ask(ctx, "Enter MFA code for "+serial+": ")
	if err != nil {
		return "", fmt.Errorf("an MFA code of %s is needed: %w", serial, err)
	}
	if len(code) != 6 || strings.Trim(code, "0123456789") != "" {
		return "", fmt.Errorf("an MFA code of %s is needed, which has six digits, and not what was answered; run the command again", serial)
	}
	return code, nil
}

// keeper is where sessions stay between processes.
type keeper interface {
	Load(key string, now time.Time) (cache.Entry, bool)
	Store(key string, e cache.Entry) error
	Drop(key, accessKeyID string)
}

// session returns the session of a profile, called key, out of the cache or asks for it, while other processes that want it wait.
func (c *Chain) session(ctx context.Context, profile, method string, kept keeper, key, lock string, ask func() (stsclient.Session, error)) (Snapshot, error) {
	load := func() (Snapshot, bool) {
		e, ok := kept.Load(key, c.Now())
		return Snapshot{e.Credentials, e.Expires, method, func() { kept.Drop(key, e.AccessKeyID) }}, ok
	}
	if s, ok := load(); ok {
		return s, nil
	}
	defer c.Cache.Lock(ctx, lock)()
	if s, ok := load(); ok {
		return s, nil
	}
	asked := c.Now()
	s, err := ask()
	if err != nil {
		return Snapshot{}, err
	}
	// Without the cache the next process asks again; that is all that a full disk costs.
	_ = kept.Store(key, cache.Entry{Credentials: s.Credentials, Issued: asked, Expires: s.Expires, Profile: profile})
	return Snapshot{Credentials: s.Credentials, Expires: s.Expires, Method: method}, nil
}
