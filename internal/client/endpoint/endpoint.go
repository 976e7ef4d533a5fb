// Package endpoint decides which server a request goes to: the settings of the
// user, in the order of the AWS SDKs, or else AWS itself. It reads settings and
// builds URLs; it opens no connection, and it does not decide about regions,
// except that it knows those in which AWS offers CodeCommit.
package endpoint

import (
	"fmt"
	"net/url"
	"strings"

	"sojourn/internal/client/config"
)

// Settings are what the choice depends on.
type Settings struct {
	Env     config.Env
	Config  *config.Config
	Profile *config.Profile // may be nil
	Flag    string          // --endpoint-url, "" when not given
}

// API is where a service's API is.
type API struct {
	URL    string // scheme, host and path; no slash at the end
	Region string // to sign for
}

// Git is where repositories are. Scheme, Host and Path come out as they were
// written, because the password signs Host and Path.
type Git struct {
	Scheme, Host, Path string
	Custom             bool // not AWS's own
}

// URL is a repository's address, without credentials.
func (g Git) URL(repository string) string {
	return g.Scheme + "://" + g.Host + g.RepositoryPath(repository)
}

// RepositoryPath is the path that the password signs.
func (g Git) RepositoryPath(repository string) string { return g.Path + "/v1/repos/" + repository }

// fallbackRegion is signed for where there is a server of one's own and no region is set.
const fallbackRegion = "us-east-1"

// Configured returns the URL that the settings give for a service ("sts",
// "codecommit", "iam"), and which setting does; both are "" when none does.
func (s Settings) Configured(service string) (rawURL, setting string, err error) {
	if s.Flag != "" {
		return s.Flag, "--endpoint-url", nil
	}
	if s.Env.True("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS") || s.Profile.True("ignore_configured_endpoint_urls") {
		return "", "", nil
	}
	if name, v := s.Env.First("AWS_ENDPOINT_URL_"+strings.ToUpper(service), "AWS_ENDPOINT_URL"); v != "" {
		return v, name, nil
	}
	if name := s.Profile.Value("services"); name != "" {
		section, ok := s.Config.Services(name)
		if !ok {
			return "", "", fmt.Errorf("profile %q names the services section %q, and the configuration has no [services %s]", s.Profile.Name, name, name)
		}
		if v, _ := section.Nested(service, "endpoint_url"); v != "" {
			return v, "endpoint_url of " + service + " in [services " + name + "]", nil
		}
	}
	if v := s.Profile.Value("endpoint_url"); v != "" {
		return v, "endpoint_url of profile " + s.Profile.Name, nil
	}
	return "", "", nil
}

// API returns where to send a service's requests, made in region ("" when none is set).
func (s Settings) API(service, region string) (API, error) {
	raw, setting, err := s.Configured(service)
	if err != nil {
		return API{}, err
	}
	if raw == "" {
		return s.awsAPI(service, region)
	}
	u, err := parse(raw, setting)
	if err != nil {
		return API{}, err
	}
	if region == "" {
		region = fallbackRegion
	}
	return API{URL: u.Scheme + "://" + u.Host + u.path, Region: region}, nil
}

func (s Settings) awsAPI(service, region string) (API, error) {
	if !RegionName(region) && region != "" {
		return API{}, fmt.Errorf("%q cannot be the name of a region", region)
	}
	fips := s.fips()
	switch {
	case service == "iam":
		return awsIAM(region, fips), nil
	case region == "" && service == "sts" && !fips:
		return API{URL: "https://sts.amazonaws.com", Region: fallbackRegion}, nil
	case region == "":
		return API{}, fmt.Errorf("no region is set; give --region, set AWS_REGION, or put a region into the profile")
	case fips && !(service == "sts" && strings.HasPrefix(region, "us-gov-")): // there the plain name is FIPS already
		service += "-fips"
	}
	return API{URL: "https://" + service + "." + region + "." + domain(region), Region: region}, nil
}

// awsIAM: IAM has one address a partition.
func awsIAM(region string, fips bool) API {
	switch {
	case strings.HasPrefix(region, "cn-"):
		return API{URL: "https://iam.cn-north-1.amazonaws.com.cn", Region: "cn-north-1"}
	case strings.HasPrefix(region, "us-gov-"):
		return API{URL: "https://iam.us-gov.amazonaws.com", Region: "us-gov-west-1"}
	case fips:
		return API{URL: "https://iam-fips.amazonaws.com", Region: fallbackRegion}
	}
	return API{URL: "https://iam.amazonaws.com", Region: fallbackRegion}
}

// SignIn returns the URL of a service behind a sign-in: "sso" (the portal of IAM
// Identity Center), "sso_oidc" and "signin", whose names on AWS do not follow the rule.
func (s Settings) SignIn(service, region string) (string, error) {
	raw, setting, err := s.Configured(service)
	if err != nil {
		return "", err
	}
	if raw != "" {
		u, err := parse(raw, setting)
		if err != nil {
			return "", err
		}
		return u.Scheme + "://" + u.Host + u.path, nil
	}
	if !RegionName(region) {
		return "", fmt.Errorf("%q cannot be the name of a region; set the region, or sso_region, of the profile", region)
	}
	switch service {
	case "sso":
		return "https://portal.sso." + region + "." + domain(region), nil
	case "sso_oidc":
		return "https://oidc." + region + "." + domain(region), nil
	}
	switch {
	case strings.HasPrefix(region, "cn-"):
		return "https://" + region + ".signin.amazonaws.cn", nil
	case strings.HasPrefix(region, "us-gov-"):
		return "https://" + region + ".signin.amazonaws-us-gov.com", nil
	}
	return "https://" + region + ".signin.aws.amazon.com", nil
}

// CustomGit reports whether Git goes to a server other than AWS's own, where any region may be.
func (s Settings) CustomGit() (bool, error) {
	if s.Env.Get("CODE_COMMIT_ENDPOINT") != "" {
		return true, nil
	}
	raw, _, err := s.Configured("codecommit")
	return raw != "", err
}

// Git returns where the repositories of region are.
func (s Settings) Git(region string) (Git, error) {
	if host := s.Env.Get("CODE_COMMIT_ENDPOINT"); host != "" {
		if strings.ContainsAny(host, "/@?#\\ \t\r\n") {
			return Git{}, fmt.Errorf("CODE_COMMIT_ENDPOINT is %q; it must be HOST or HOST:PORT, without a scheme or a path", host)
		}
		return Git{Scheme: "https", Host: host, Custom: true}, nil
	}
	raw, setting, err := s.Configured("codecommit")
	if err != nil {
		return Git{}, err
	}
	if raw == "" {
		return s.awsGit(region)
	}
	u, err := parse(raw, setting)
	if err != nil {
		return Git{}, err
	}
	if isAWSAPI(u.Host) {
		u.Host = "git-" + u.Host
	}
	return Git{Scheme: u.Scheme, Host: u.Host, Path: u.path, Custom: true}, nil
}

// fipsGitRegions are those in which AWS has git-codecommit-fips.
const fipsGitRegions = " ca-central-1 us-east-1 us-east-2 us-gov-east-1 us-gov-west-1 us-west-1 us-west-2 "

func (s Settings) awsGit(region string) (Git, error) {
	name := "git-codecommit"
	if s.fips() {
		if !strings.Contains(fipsGitRegions, " "+region+" ") {
			return Git{}, fmt.Errorf("AWS CodeCommit has no FIPS endpoint in %s; unset AWS_USE_FIPS_ENDPOINT and use_fips_endpoint, or choose another region", region)
		}
		name += "-fips"
	}
	return Git{Scheme: "https", Host: name + "." + region + "." + domain(region)}, nil
}

func (s Settings) fips() bool {
	if v := s.Env.Get("AWS_USE_FIPS_ENDPOINT"); v != "" {
		return strings.EqualFold(v, "true")
	}
	return s.Profile.True("use_fips_endpoint")
}

func domain(region string) string {
	if strings.HasPrefix(region, "cn-") {
		return "amazonaws.com.cn"
	}
	return "amazonaws.com"
}

// isAWSAPI reports whether host is the one of CodeCommit's API on AWS, beside which Git has another.
func isAWSAPI(host string) bool {
	return (strings.HasPrefix(host, "codecommit.") || strings.HasPrefix(host, "codecommit-fips.")) &&
		(strings.HasSuffix(host, ".amazonaws.com") || strings.HasSuffix(host, ".amazonaws.com.cn"))
}

type parsed struct {
	*url.URL
	path string
}

func parse(raw, setting string) (parsed, error) {
	u, err := url.Parse(raw)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return parsed{}, fmt.Errorf("%s is not a URL of the form https://HOST[:PORT]; correct it", setting)
	}
	return parsed{u, strings.TrimRight(u.EscapedPath(), "/")}, nil
}

// RegionName reports whether s can be a region anywhere: letters, digits and
// hyphens. It keeps what a profile calls its region from becoming another host name.
func RegionName(s string) bool {
	for i := range len(s) {
		if c := s[i]; c != '-' && !('0' <= c && c <= '9') && !('a' <= c|0x20 && c|0x20 <= 'z') {
			return false
		}
	}
	return s != "" && len(s) <= 63
}

// GitRegion reports whether AWS offers CodeCommit in a region, as far as the official helper knows.
func GitRegion(region string) bool {
	return strings.Contains(gitRegions, " "+region+" ") && !strings.Contains(region, " ")
}

const gitRegions = " af-south-1 ap-east-1 ap-northeast-1 ap-northeast-2 ap-northeast-3 ap-south-1 ap-south-2 ap-southeast-1 ap-southeast-2 ap-southeast-3" +
	" ca-central-1 cn-north-1 cn-northwest-1 eu-central-1 eu-north-1 eu-south-1 eu-west-1 eu-west-2 eu-west-3 il-central-1 me-central-1 me-south-1" +
	" sa-east-1 us-east-1 us-east-2 us-gov-east-1 us-gov-west-1 us-west-1 us-west-2 "
