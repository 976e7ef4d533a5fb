// Package remotehelper is git-remote-codecommit: git starts it for a
// codecommit:// URL, and it becomes git's own HTTPS helper with a signature for
// that repository.
//
// The signature is handed over in the environment, as configuration for this
// one URL: it is in no argument, git does not show it in a trace, and git does
// not offer it to credential stores. Standard input and output are git's.
package remotehelper

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"sojourn/internal/client/config"
	"sojourn/internal/client/endpoint"
	"sojourn/internal/client/session"
	"sojourn/internal/remoteurl"
	"sojourn/internal/sigv4"
)

// Process is what the helper takes from the process that it runs in.
type Process struct {
	Args    []string // with the program's name
	Env     config.Env
	Environ []string
	Stderr  io.Writer
	Now     func() time.Time
	// Become replaces this process, or runs the program and returns its exit
	// status where a process cannot be replaced.
	Become func(program string, args, environ []string) (status int, err error)
	// Find returns the program to become and the arguments in front of the remote's.
	Find func(env config.Env) (program string, args []string, err error)
}

// Main runs the helper and returns its exit status.
func Main(ctx context.Context, p Process) int {
	status, err := p.run(ctx)
	if err != nil {
		fmt.Fprintln(p.Stderr, oneLine(err.Error()))
		return 1
	}
	return status
}

func (p Process) run(ctx context.Context) (int, error) {
	remote, rawURL, err := p.arguments()
	if err != nil {
		return 0, err
	}
	t, err := Open(ctx, rawURL, p.Env, p.Now)
	if err != nil {
		return 0, err
	}
	program, args, err := p.Find(p.Env)
	if err != nil {
		return 0, err
	}
	return p.Become(program, append(args, remote, t.URL), p.environ(t))
}

func (p Process) arguments() (remote, url string, err error) {
	switch {
	case len(p.Args) < 3:
		return "", "", errors.New("Too few arguments. This hook requires the git command and remote.") //nolint:staticcheck // the official text
	case len(p.Args) > 3:
		return "", "", fmt.Errorf("Too many arguments. Hook only accepts the git command and remote, but argv was: '%s'", strings.Join(p.Args, "', '")) //nolint:staticcheck // the official text
	}
	return p.Args[1], p.Args[2], nil
}

// Target is a repository that a signature has been made for.
type Target struct {
	URL            string // without credentials
	User, Password string
	Expires        time.Time // of the signature
	CABundle       string
}

// Validity is how long a server takes a Git password: about 15 minutes.
const Validity = 15 * time.Minute

// Open signs for a repository: rawURL as git hands it over, or as a user writes it.
func Open(ctx context.Context, rawURL string, env config.Env, now func() time.Time) (*Target, error) {
	u, err := remoteurl.ParseRemote(rawURL)
	if err != nil {
		return nil, hint(rawURL, err)
	}
	s, err := session.Open(session.Options{Env: env, Now: now, Profile: u.Profile})
	if err != nil {
		return nil, err
	}
	settings := s.Endpoints()
	custom, err := settings.CustomGit()
	if err != nil {
		return nil, err
	}
	region, err := regionOf(u, s, custom)
	if err != nil {
		return nil, err
	}
	if u.Repository == "" {
		return nil, &remoteurl.FormatError{URL: rawURL}
	}
	git, err := settings.Git(region)
	if err != nil {
		return nil, err
	}
	return sign(ctx, s, git, u.Repository, region, now)
}

// hint adds what to write instead of an https URL that was pasted.
func hint(rawURL string, err error) error {
	if i := strings.Index(rawURL, "/v1/repos/"); i >= 0 {
		return fmt.Errorf("%w (For an https URL of CodeCommit write codecommit://%s)", err, rawURL[i+len("/v1/repos/"):])
	}
	return err
}

// regionOf is the URL's region or the settings'. AWS's list is a wall only on the way to AWS.
func regionOf(u remoteurl.URL, s *session.Session, custom bool) (string, error) {
	region, err := u.Region(custom)
	if err != nil {
		return "", err
	}
	if region == "" {
		region = s.Region()
	}
	if region == "" {
		return "", fmt.Errorf("The following profile does not have an AWS Region: %s. You must set an AWS Region for this profile. "+
			"For more information, see Configure An AWS CLI Profile in the AWS CLI User Guide.", s.Name) //nolint:staticcheck // the official text
	}
	if !custom && !endpoint.GitRegion(region) {
		return "", fmt.Errorf("The following AWS Region is not available for use with AWS CodeCommit: %s. "+
			"For more information about CodeCommit's availability in AWS Regions, see the AWS CodeCommit User Guide. "+
			"If an AWS Region is listed as supported but you receive this error, try updating your version of the AWS CLI or the AWS SDKs.", region) //nolint:staticcheck // the official text
	}
	return region, nil
}

// sign takes one snapshot of the credentials, so that a key never meets
// another's secret.
func sign(ctx context.Context, s *session.Session, git endpoint.Git, repository, region string, now func() time.Time) (*Target, error) {
	cred, err := s.Credentials(ctx)
	if err != nil {
		return nil, s.NoCredentials(err)
	}
	t := now()
	password := sigv4.GitPassword(cred.Secret, region, git.Host, git.RepositoryPath(repository), t)
	target := &Target{URL: git.URL(repository), User: sigv4.GitUser(cred.Credentials), Password: password.Reveal(), Expires: t.Add(Validity), CABundle: s.CABundle()}
	if !cred.Expires.IsZero() && cred.Expires.Before(target.Expires) {
		target.Expires = cred.Expires
	}
	return target, nil
}

// environ is the environment for git's HTTPS helper: git's own variables for
// configuration, behind those that are there.
func (p Process) environ(t *Target) []string {
	count, _ := strconv.Atoi(p.Env.Get("GIT_CONFIG_COUNT"))
	env := make([]string, 0, len(p.Environ)+10)
	for _, v := range p.Environ {
		if !strings.HasPrefix(v, "GIT_CONFIG_COUNT=") && !strings.HasPrefix(v, "GIT_TERMINAL_PROMPT=") && !strings.HasPrefix(v, "GIT_ASKPASS=") {
			env = append(env, v)
		}
	}
	basic := base64.StdEncoding.EncodeToString([]byte(t.User + ":" + t.Password))
	for _, c := range [][2]string{
		{"http." + t.URL + ".extraHeader", "Authorization: Basic " + basic},
		{"http." + t.URL + ".followRedirects", "false"}, // a signature is for one server
		{"credential.helper", ""},                       // nobody is asked, nobody is told
	} {
		env = append(env, fmt.Sprintf("GIT_CONFIG_KEY_%d=%s", count, c[0]), fmt.Sprintf("GIT_CONFIG_VALUE_%d=%s", count, c[1]))
		count++
	}
	// A server that asks for a password after all gets none from the user.
	env = append(env, "GIT_CONFIG_COUNT="+strconv.Itoa(count), "GIT_TERMINAL_PROMPT=0", "GIT_ASKPASS=")
	if t.CABundle != "" && p.Env.Get("GIT_SSL_CAINFO") == "" {
		env = append(env, "GIT_SSL_CAINFO="+t.CABundle)
	}
	return env
}

func oneLine(s string) string {
	return strings.NewReplacer("\r", " ", "\n", " ").Replace(strings.TrimSpace(s))
}
