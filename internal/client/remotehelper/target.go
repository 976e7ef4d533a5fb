package remotehelper

import (
	"context"
	"fmt"
	"strings"
	"time"

	"sojourn/internal/client/config"
	"sojourn/internal/client/endpoint"
	"sojourn/internal/client/session"
	"sojourn/internal/remoteurl"
	"sojourn/internal/secret"
	"sojourn/internal/sigv4"
)

// Target is a repository that a signature has been made for.
type Target struct {
	URL      string // without credentials
	User     string
	Password secret.String
	Expires  time.Time // of the signature
	CABundle string
	// Again signs anew, with credentials that are good now.
	Again func(context.Context) (*Target, error)
	// Drop forgets the session if it was a kept one; nil where it was not.
	Drop func()

	keyID  string
	origin string // scheme and host of URL
	own    bool   // the server is one that the settings name, and not AWS's
}

// Validity is how long a server takes a Git password: about 15 minutes.
const Validity = 15 * time.Minute

// Open signs for the repository of a URL. Its checks come in the official helper's order.
func Open(ctx context.Context, u remoteurl.URL, env config.Env, now func() time.Time) (*Target, error) {
	urlRegion := ""
	if u.Scheme != remoteurl.Scheme {
		urlRegion = u.Scheme
	}
	options := session.Options{Env: env, Now: now, Profile: u.Profile, Named: u.HasProfile, FallbackRegion: urlRegion}
	s, err := session.Open(options)
	account := ""
	if pin, rest, ok := cutPin(u); ok && err != nil {
		account, u = pin, rest
		options.Profile, options.Named = u.Profile, u.HasProfile
		s, err = session.Open(options)
	}
	if err != nil {
		return nil, err
	}
	name := config.Default // what the official texts say when the URL names no profile
	if u.HasProfile {
		name = s.Name
	}
	custom, err := s.Endpoints().CustomGit()
	if err != nil {
		return nil, err
	}
	region, err := regionOf(u, s, name, custom)
	if err != nil {
		return nil, err
	}
	git, err := s.Endpoints().Git(region)
	if err != nil {
		return nil, err
	}
	if err := misspelt(u); err != nil {
		return nil, err
	}
	var again func(ctx context.Context) (*Target, error)
	again = func(ctx context.Context) (*Target, error) {
		t, err := sign(ctx, s, git, u.Repository, region, now)
		if err != nil {
			return nil, session.NoCredentials(name, err)
		}
		if err := checkPin(account, t.keyID, s); err != nil {
			return nil, err
		}
		t.Again = again
		return t, nil
	}
	return again(ctx)
}

// misspelt finds what somebody can only have meant otherwise: everything behind
// the first "/" is dropped, so that a repository of another name would be asked for.
func misspelt(u remoteurl.URL) error {
	_, rest, _ := strings.Cut(u.Raw, "://")
	_, behind, _ := strings.Cut(rest, "/")
	switch i := strings.Index(u.Raw, apiPath); {
	case i >= 0:
		return fmt.Errorf("The following URL has an https URL of CodeCommit in it: %s. Write codecommit://[PROFILE@]%s", u.Raw, u.Raw[i+len(apiPath):]) //nolint:staticcheck // as the official texts
	case !u.HasProfile && strings.Contains(behind, "@"):
		return fmt.Errorf("The following URL has a / in front of the @, which ends the repository: %s. In a profile's name write %%2F for it", u.Raw) //nolint:staticcheck // as the official texts
	}
	return nil
}

// regionOf is the URL's region or the settings'. AWS's list is a wall only on the way to AWS.
func regionOf(u remoteurl.URL, s *session.Session, name string, custom bool) (string, error) {
	region, err := u.Region(custom)
	if err != nil {
		return "", hint(u.Raw, err)
	}
	if region == "" {
		region = s.Region()
	}
	if region == "" {
		return "", fmt.Errorf("The following profile does not have an AWS Region: %s. You must set an AWS Region for this profile. "+
			"For more information, see Configure An AWS CLI Profile in the AWS CLI User Guide.", name) //nolint:staticcheck // the official text
	}
	if !endpoint.GitRegion(region) && !(custom && endpoint.RegionName(region)) {
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
		return nil, err
	}
	t := now()
	target := &Target{
		URL: git.URL(repository), User: sigv4.GitUser(cred.Credentials),
		Password: sigv4.GitPassword(cred.Secret, region, git.Host, git.RepositoryPath(repository), t),
		Expires:  t.Add(Validity), CABundle: s.CABundle(), keyID: cred.AccessKeyID, origin: git.Scheme + "://" + git.Host, Drop: cred.Drop, own: git.Custom,
	}
	if !cred.Expires.IsZero() && cred.Expires.Before(target.Expires) {
		target.Expires = cred.Expires
	}
	return target, nil
}
