package credentials

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"sojourn/internal/client/cache"
	"sojourn/internal/client/config"
	"sojourn/internal/client/stsclient"
	"sojourn/internal/secret"
)

// Ways to sign in for which the AWS CLI has no setting. The profile says
//
//	sojourn_sign_in = session-token      GetSessionToken, with a code if mfa_serial is there
//	                  federation-token   GetFederationToken for sojourn_federated_user, cut down by
//	                                     sojourn_policy (JSON) and sojourn_policy_arns (with commas)
//	                  saml               AssumeRoleWithSAML of role_arn at sojourn_saml_provider, with the
//	                                     response that sojourn_saml_process prints or sojourn_saml_file holds
//	                  directory          AssumeRoleWithLDAPIdentity of role_arn at sojourn_directory for
//	                                     sojourn_username, whose password is asked for
//
// The first two take their keys from source_profile, or from the profile itself.
// duration_seconds counts for all of them.
const ownKey = "sojourn_sign_in"

// own is one of these ways.
type own struct {
	chain   *Chain
	profile *config.Profile
	way     string
	from    source // nil for those that nobody signs
	seconds int
}

// ownWords reads sojourn_sign_in. nil, nil is nothing.
func (c *Chain) ownWords(p *config.Profile, visited []string) (source, error) {
	o := &own{chain: c, profile: p, way: p.Value(ownKey)}
	if o.way == "" {
		return nil, nil
	}
	o.seconds, _ = strconv.Atoi(p.Value("duration_seconds")) // as for a role
	var needs []string
	switch o.way {
	case "session-token":
	case "federation-token":
		needs = []string{"sojourn_federated_user"}
	case "saml":
		needs = []string{"role_arn", "sojourn_saml_provider"}
		if p.Value("sojourn_saml_process") == "" {
			needs = append(needs, "sojourn_saml_file")
		}
	case "directory":
		needs = []string{"role_arn", "sojourn_directory", "sojourn_username"}
	default:
		return nil, fmt.Errorf("profile %q has %s = %s; want session-token, federation-token, saml or directory", p.Name, ownKey, o.way)
	}
	for _, key := range needs {
		if p.Value(key) == "" {
			return nil, fmt.Errorf("profile %q has %s = %s and no %s; add it", p.Name, ownKey, o.way, key)
		}
	}
	if o.way == "saml" || o.way == "directory" {
		return o, nil
	}
	var err error
	o.from, err = c.userKeys(p, append(visited, p.Name))
	return o, err
}

// userKeys are the keys that sign for a session of their own user.
func (c *Chain) userKeys(p *config.Profile, visited []string) (source, error) {
	if from := p.Value("source_profile"); from != "" {
		return c.sourceProfile(p, from, visited)
	}
	s, err := c.inProfile(p, false)
	if s == nil && err == nil {
		err = fmt.Errorf("profile %q has %s and no keys to sign with; add source_profile", p.Name, ownKey)
	}
	return s, err
}

func (o *own) identity() (string, error) {
	parts := []string{"own", o.chain.Endpoint, o.way, strconv.Itoa(o.seconds)}
	for _, key := range []string{"role_arn", "role_session_name", "mfa_serial", "sojourn_federated_user", "sojourn_policy", "sojourn_policy_arns",
		"sojourn_saml_provider", "sojourn_saml_process", "sojourn_saml_file", "sojourn_directory", "sojourn_username"} {
		parts = append(parts, o.profile.Value(key))
	}
	if o.from == nil {
		return cache.Key(parts...), nil
	}
	from, err := o.from.identity()
	return cache.Key(append(parts, from)...), err
}

func (o *own) fetch(ctx context.Context) (Snapshot, error) {
	key, err := o.identity()
	if err != nil {
		return Snapshot{}, err
	}
	lock := cache.Key("lock", o.chain.Endpoint, o.profile.Name, o.way)
	return o.chain.session(ctx, o.profile.Name, o.way, o.chain.Cache, key, lock, func() (stsclient.Session, error) {
		s, err := o.ask(ctx)
		if err != nil {
			err = fmt.Errorf("profile %q: %w", o.profile.Name, err)
		}
		return s, err
	})
}

func (o *own) ask(ctx context.Context) (stsclient.Session, error) {
	sts, err := o.chain.STS()
	if err != nil {
		return stsclient.Session{}, err
	}
	switch o.way {
	case "saml":
		return o.saml(ctx, sts)
	case "directory":
		return o.directory(ctx, sts)
	}
	from, err := o.from.fetch(ctx)
	if err != nil {
		return stsclient.Session{}, err
	}
	if from.Token != "" {
		return stsclient.Session{}, fmt.Errorf("%s = %s needs the long-term keys of a user, and %s is a session; name another source_profile", ownKey, o.way, from.AccessKeyID)
	}
	t := stsclient.Token{Duration: o.seconds}
	if o.way == "federation-token" {
		t.Name, t.Policy = o.profile.Value("sojourn_federated_user"), o.profile.Value("sojourn_policy")
		for arn := range strings.SplitSeq(o.profile.Value("sojourn_policy_arns"), ",") {
			if arn = strings.TrimSpace(arn); arn != "" {
				t.PolicyARNs = append(t.PolicyARNs, arn)
			}
		}
		return sts.GetFederationToken(ctx, from.Credentials, t)
	}
	t.SerialNumber = o.profile.Value("mfa_serial")
	if t.TokenCode, err = o.chain.code(ctx, t.SerialNumber); err != nil {
		return stsclient.Session{}, err
	}
	session, err := sts.GetSessionToken(ctx, from.Credentials, t)
	return session, wrongCode(err)
}

func (o *own) saml(ctx context.Context, sts STS) (stsclient.Session, error) {
	response, err := o.samlResponse(ctx)
	if err != nil {
		return stsclient.Session{}, err
	}
	return sts.AssumeRoleWithSAML(ctx, stsclient.Role{ARN: roleARN(o.profile.Value("role_arn")), ProviderARN: o.profile.Value("sojourn_saml_provider"),
		SAMLAssertion: response, Duration: o.seconds})
}

// maxResponse is more than STS takes.
const maxResponse = 200_000

// samlResponse is the base64 text of a response, line breaks removed.
func (o *own) samlResponse(ctx context.Context) (secret.String, error) {
	var text []byte
	var err error
	if command := o.profile.Value("sojourn_saml_process"); command != "" {
		if text, err = run(ctx, command, maxResponse); err != nil {
			return secret.String{}, fmt.Errorf("its sojourn_saml_process %w", err)
		}
	} else if text, err = cache.ReadFile(o.chain.Env.Expand(o.profile.Value("sojourn_saml_file"))); err != nil {
		return secret.String{}, fmt.Errorf("reading its sojourn_saml_file: %w; sign in and save the response there", err)
	}
	response := strings.Join(strings.Fields(string(text)), "")
	if response == "" {
		return secret.String{}, errors.New("the SAML response is empty; sign in again")
	}
	return secret.New(response), nil
}

func (o *own) directory(ctx context.Context, sts STS) (stsclient.Session, error) {
	r := stsclient.Role{ARN: roleARN(o.profile.Value("role_arn")), DirectoryARN: o.profile.Value("sojourn_directory"), Username: o.profile.Value("sojourn_username"),
		Duration: o.seconds, SerialNumber: o.profile.Value("mfa_serial")}
	password, err := o.chain.AskSecret(ctx, "Password for "+r.Username+": ")
	if err != nil {
		return stsclient.Session{}, fmt.Errorf("the directory's password of %s is needed: %w", r.Username, err)
	}
	r.Password = secret.New(password)
	if r.TokenCode, err = o.chain.code(ctx, r.SerialNumber); err != nil {
		return stsclient.Session{}, err
	}
	return sts.AssumeRoleWithLDAPIdentity(ctx, r)
}
