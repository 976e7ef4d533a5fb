// Package session puts one user's settings together: which profile, which
// region, which server, which credentials. Every command of the client begins
// here. It reads files and the environment; it opens a connection only when
// credentials must be made.
package session

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"sojourn/internal/client/cache"
	"sojourn/internal/client/config"
	"sojourn/internal/client/credentials"
	"sojourn/internal/client/endpoint"
	"sojourn/internal/client/prompt"
	"sojourn/internal/client/signedhttp"
	"sojourn/internal/client/stsclient"
)

// Options are what a command line says. Zero values leave the choice to the settings.
type Options struct {
	Env      config.Env
	Now      func() time.Time
	Profile  string // named by the user, which turns the environment's keys off
	Region   string
	Endpoint string // --endpoint-url
	CABundle string // --ca-bundle
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
	s := &Session{Config: cfg, Name: o.Profile, opt: o}
	var variable string
	if s.Name == "" {
		s.Name, variable = o.Env.Selected()
	}
	if s.Name == "" {
		s.Name = config.Default
		s.Profile, _ = cfg.Profile(s.Name)
		return s, nil
	}
	var ok bool
	if s.Profile, ok = cfg.Profile(s.Name); !ok && s.Name != config.Default {
		return nil, &ProfileError{Name: s.Name, Variable: variable, Available: cfg.Names()}
	}
	return s, nil
}

// Region is the region to work in, "" when nothing names one: the command line,
// AWS_REGION, AWS_DEFAULT_REGION, the profile, the profiles that it takes its
// credentials from, the default profile.
func (s *Session) Region() string {
	if s.opt.Region != "" {
		return s.opt.Region
	}
	if _, v := s.opt.Env.First("AWS_REGION", "AWS_DEFAULT_REGION"); v != "" {
		return v
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
	sts, err := s.Endpoints().API("sts", s.Region())
	if err != nil {
		sts = endpoint.API{} // it is said when STS is really needed
	}
	chain := &credentials.Chain{
		Env: s.opt.Env, Config: s.Config, Profile: s.Name, Explicit: s.opt.Profile != "",
		Endpoint: sts.URL, Cache: cache.Under(s.opt.Env.Home()), Now: s.opt.Now, Ask: prompt.Prompter{Env: s.opt.Env}.Ask,
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
	}
	return chain.Resolve(ctx)
}

// NoCredentials words credentials.ErrNone as the official helper does; other errors stay as they are.
func (s *Session) NoCredentials(err error) error {
	if !errors.Is(err, credentials.ErrNone) {
		return err
	}
	return fmt.Errorf("The following profile does not have credentials configured: %s. You must configure the access key and secret key for the profile. "+
		"For more information, see Configure an AWS CLI Profile in the AWS CLI User Guide.", s.Name) //nolint:staticcheck // the official text
}
