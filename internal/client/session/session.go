// Package session puts one user's settings together: which profile, which
// region, which server, which credentials. Every command of the client begins
// here. It reads files and the environment; it opens a connection only when
// credentials must be made.
package session

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"sojourn/internal/client/cache"
	"sojourn/internal/client/config"
	"sojourn/internal/client/credentials"
	"sojourn/internal/client/endpoint"
	"sojourn/internal/client/metadata"
	"sojourn/internal/client/prompt"
	"sojourn/internal/client/signedhttp"
	"sojourn/internal/client/signin"
	"sojourn/internal/client/ssoclient"
	"sojourn/internal/client/stsclient"
	"sojourn/internal/secret"
)

// Options are what a command line says. Zero values leave the choice to the settings.
type Options struct {
	Env      config.Env
	Now      func() time.Time
	Profile  string // named by the user, which turns the environment's keys off
	Named    bool   // Profile counts although it is "": codecommit://@REPOSITORY
	Region   string
	Endpoint string // --endpoint-url
	CABundle string // --ca-bundle

	// FallbackRegion is the region of STS where neither the command line nor
	// the settings have one: a URL that names its region says enough.
	FallbackRegion string
}

// Session is a user's settings.
type Session struct {
	Config  *config.Config
	Profile *config.Profile // nil where there is none and none was named
	Name    string          // of the profile

	opt Options
}

// ProfileError is a profile that was named and is not there.
type ProfileError struct {
	Name, Variable string // the variable that names it, "" for the command line
	Available      []string
}

// Error is the official helper's text, and where the name comes from.
func (e *ProfileError) Error() string {
	text := "The following profile was not found: " + e.Name + ". Available profiles are: " + strings.Join(e.Available, ", ") +
		". Either use one of the available profiles, or create an AWS CLI profile to use and then try again. " +
		"For more information, see Configure an AWS CLI Profile in the AWS CLI User Guide."
	if e.Variable != "" {
		text += " (" + e.Variable + " names it.)"
	}
	return text
}

// Open reads the settings.
func Open(o Options) (*Session, error) {
	cfg, err := config.Load(o.Env)
	if err != nil {
		return nil, err
	}
	o.Named = o.Named || o.Profile != ""
	s := &Session{Config: cfg, Name: o.Profile, opt: o}
	var variable string
	if !o.Named {
		s.Name, variable = o.Env.Selected()
	}
	if s.Name == "" && !o.Named {
		s.Name = config.Default
	}
	if s.find(s.Name) || s.find(decoded(s.Name)) || s.Name == config.Default && !o.Named {
		return s, nil
	}
	return nil, &ProfileError{Name: s.Name, Variable: variable, Available: cfg.Names()}
}

// find makes the profile of that name the session's, if there is one.
func (s *Session) find(name string) bool {
	p, ok := s.Config.Profile(name)
	if ok {
		s.Name, s.Profile = name, p
	}
	return ok
}

// decoded is a name as it was before somebody percent-encoded it for a URL.
func decoded(name string) string {
	if plain, err := url.PathUnescape(name); err == nil {
		return plain
	}
	return name
}

// Region is the region to work in, "" when nothing names one: the command line,
// AWS_DEFAULT_REGION and the profile, as the official helper has it; and where
// that finds none, AWS_REGION, the profiles that the profile takes its
// credentials from, and the default profile.
func (s *Session) Region() string {
	if s.opt.Region != "" {
		return s.opt.Region
	}
	for _, v := range []string{s.opt.Env.Get("AWS_DEFAULT_REGION"), s.Profile.Value("region"), s.opt.Env.Get("AWS_REGION")} {
		if v != "" {
			return v
		}
	}
	seen := map[string]bool{}
	for p := s.Profile; p != nil && !seen[p.Name]; {
		if v := p.Value("region"); v != "" {
			return v
		}
		seen[p.Name] = true
		p, _ = s.Config.Profile(p.Value("source_profile"))
	}
	p, _ := s.Config.Profile(config.Default)
	return p.Value("region")
}

// Endpoints decide which server a request goes to.
func (s *Session) Endpoints() endpoint.Settings {
	return endpoint.Settings{Env: s.opt.Env, Config: s.Config, Profile: s.Profile, Flag: s.opt.Endpoint}
}

// CABundle is the file of authorities to trust, "" for the system's.
func (s *Session) CABundle() string {
	for _, v := range []string{s.opt.CABundle, s.opt.Env.Get("AWS_CA_BUNDLE"), s.Profile.Value("ca_bundle")} {
		if v != "" {
			return s.opt.Env.Expand(v)
		}
	}
	return ""
}

// HTTP is a client that trusts what the settings say.
func (s *Session) HTTP() (*signedhttp.Client, error) { return signedhttp.New(s.CABundle(), s.opt.Now) }

// Credentials returns one snapshot, or credentials.ErrNone.
func (s *Session) Credentials(ctx context.Context) (credentials.Snapshot, error) {
	sts, err := s.Endpoints().API("sts", cmp.Or(s.Region(), s.opt.FallbackRegion))
	if err != nil {
		sts = endpoint.API{} // it is said when STS is really needed
	}
	home, ask := s.opt.Env.Home(), prompt.Prompter{Env: s.opt.Env}
	chain := &credentials.Chain{
		Env: s.opt.Env, Config: s.Config, Profile: s.Name, Explicit: s.opt.Named,
		Endpoint: sts.URL, Cache: cache.Under(home), Now: s.opt.Now, Ask: ask.Ask, AskSecret: ask.AskSecret,
		Renew: func(ctx context.Context, p *config.Profile, token secret.String) error {
			return signin.Renew(ctx, s.opt.Env, p, token, s.opt.Now, func() (*http.Client, error) {
				c, err := s.HTTP()
				if err != nil {
					return nil, err
				}
				return c.HTTP, nil
			})
		},
		STS: func() (credentials.STS, error) {
			if err != nil {
				return nil, err
			}
			c, err := s.HTTP()
			if err != nil {
				return nil, err
			}
			return &stsclient.Client{HTTP: c, API: sts}, nil
		},
		SSO: func(region string) (credentials.SSO, string, error) { return s.SSO(region) }, Machine: s.machine(),
	}
	if own, _, err := s.Endpoints().Configured("sts"); own == "" && err == nil {
		chain.Shared = cache.SharedUnder(home)
	}
	return chain.Resolve(ctx)
}

// SSO is where IAM Identity Center and "aws login" are, for a region or the
// session's own; address is "" where they are AWS's.
func (s *Session) SSO(region string) (client *ssoclient.Client, address string, err error) {
	region = cmp.Or(region, s.Region(), s.opt.FallbackRegion)
	c := &ssoclient.Client{}
	for _, service := range []struct {
		name string
		url  *string
	}{{"sso", &c.Portal}, {"sso_oidc", &c.OIDC}, {"signin", &c.SignIn}} {
		at, err := s.Endpoints().SignIn(service.name, region)
		if err != nil {
			return nil, "", err
		}
		*service.url = at
		if own, _, _ := s.Endpoints().Configured(service.name); own != "" {
			address = at
		}
	}
	c.HTTP, err = s.HTTP()
	return c, address, err
}

// machine is what gives credentials without a profile's doing.
func (s *Session) machine() metadata.Client {
	m := metadata.Client{Env: s.opt.Env, Now: s.opt.Now, Address: s.Profile.Value("ec2_metadata_service_endpoint"),
		IPv6: strings.EqualFold(s.Profile.Value("ec2_metadata_service_endpoint_mode"), "IPv6")}
	if n, err := strconv.Atoi(s.Profile.Value("metadata_service_timeout")); err == nil {
		m.Timeout = time.Duration(n) * time.Second
	}
	return m
}

// NoCredentials words credentials.ErrNone as the official helper does; other errors stay as they are.
func NoCredentials(profile string, err error) error {
	if !errors.Is(err, credentials.ErrNone) {
		return err
	}
	return fmt.Errorf("The following profile does not have credentials configured: %s. You must configure the access key and secret key for the profile. "+
		"For more information, see Configure an AWS CLI Profile in the AWS CLI User Guide.", profile) //nolint:staticcheck // the official text
}
