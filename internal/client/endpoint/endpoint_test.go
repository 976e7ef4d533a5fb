package endpoint

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sojourn/internal/client/config"
)

// settings makes the settings of profile p out of a configuration file and an environment.
func settings(t *testing.T, file string, env map[string]string) Settings {
	t.Helper()
	path := filepath.Join(t.TempDir(), "config")
	if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	e := config.Env(func(k string) (string, bool) {
		if k == "AWS_CONFIG_FILE" {
			return path, true
		}
		v, ok := env[k]
		return v, ok
	})
	c, err := config.Load(e)
	if err != nil {
		t.Fatal(err)
	}
	p, _ := c.Profile("p")
	return Settings{Env: e, Config: c, Profile: p}
}

const all = "[profile p]\nendpoint_url = https://profile\nservices = s\n[services s]\nsts =\n  endpoint_url = https://section-sts\n" +
	"codecommit =\n  endpoint_url = http://section:1/base/\n"

func TestOrder(t *testing.T) {
	for _, c := range []struct {
		name, file string
		env        map[string]string
		sts, git   string
	}{
		{"the code's own variable first", all, map[string]string{"CODE_COMMIT_ENDPOINT": "cc:8443", "AWS_ENDPOINT_URL_CODECOMMIT": "https://x", "AWS_ENDPOINT_URL": "https://g"},
			"https://g", "https://cc:8443/v1/repos/r"},
		{"service variable before global variable", all, map[string]string{"AWS_ENDPOINT_URL_CODECOMMIT": "http://svc:2", "AWS_ENDPOINT_URL_STS": "https://sts", "AWS_ENDPOINT_URL": "https://g"},
			"https://sts", "http://svc:2/v1/repos/r"},
		{"global variable before services section", all, map[string]string{"AWS_ENDPOINT_URL": "https://g"}, "https://g", "https://g/v1/repos/r"},
		{"services section before profile", all, nil, "https://section-sts", "http://section:1/base/v1/repos/r"},
		{"profile", "[profile p]\nendpoint_url = https://profile\n", nil, "https://profile", "https://profile/v1/repos/r"},
		{"nothing: AWS itself", "[profile p]\n", nil, "https://sts.eu-west-1.amazonaws.com", "https://git-codecommit.eu-west-1.amazonaws.com/v1/repos/r"},
		{"told to ignore", all, map[string]string{"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "TRUE", "AWS_ENDPOINT_URL": "https://g"},
			"https://sts.eu-west-1.amazonaws.com", "https://git-codecommit.eu-west-1.amazonaws.com/v1/repos/r"},
		{"told to ignore by the profile", all + "[profile p]\nignore_configured_endpoint_urls = true\n", nil,
			"https://sts.eu-west-1.amazonaws.com", "https://git-codecommit.eu-west-1.amazonaws.com/v1/repos/r"},
		{"set but empty is not set", "[profile p]\n", map[string]string{"CODE_COMMIT_ENDPOINT": "", "AWS_ENDPOINT_URL": ""},
			"https://sts.eu-west-1.amazonaws.com", "https://git-codecommit.eu-west-1.amazonaws.com/v1/repos/r"},
		{"IPv6 and case are kept", "[profile p]\n", map[string]string{"CODE_COMMIT_ENDPOINT": "[::1]:8443", "AWS_ENDPOINT_URL_STS": "https://STS.Example:1"},
			"https://STS.Example:1", "https://[::1]:8443/v1/repos/r"},
		{"the API's host on AWS is not Git's", "[profile p]\n", map[string]string{"AWS_ENDPOINT_URL_CODECOMMIT": "https://codecommit-fips.us-east-1.amazonaws.com"},
			"https://sts.eu-west-1.amazonaws.com", "https://git-codecommit-fips.us-east-1.amazonaws.com/v1/repos/r"},
	} {
		s := settings(t, c.file, c.env)
		sts, err := s.API("sts", "eu-west-1")
		if err != nil || sts.URL != c.sts || sts.Region != "eu-west-1" {
			t.Errorf("%s: sts %+v, %v; want %s", c.name, sts, err, c.sts)
		}
		git, err := s.Git("eu-west-1")
		if err != nil || git.URL("r") != c.git {
			t.Errorf("%s: git %+v, %v; want %s", c.name, git, err, c.git)
		}
		if custom, err := s.CustomGit(); err != nil || custom != git.Custom {
			t.Errorf("%s: CustomGit %v, %v, but Git says %v", c.name, custom, err, git.Custom)
		}
	}
}

func TestAWS(t *testing.T) {
	for _, c := range []struct {
		service, region, url, signed string
		fips                         bool
	}{
		{"sts", "", "https://sts.amazonaws.com", "us-east-1", false},
		{"sts", "cn-north-1", "https://sts.cn-north-1.amazonaws.com.cn", "cn-north-1", false},
		{"sts", "us-east-1", "https://sts-fips.us-east-1.amazonaws.com", "us-east-1", true},
		{"sts", "us-gov-west-1", "https://sts.us-gov-west-1.amazonaws.com", "us-gov-west-1", true},
		{"iam", "", "https://iam.amazonaws.com", "us-east-1", false},
		{"iam", "eu-west-1", "https://iam.amazonaws.com", "us-east-1", false},
		{"iam", "cn-northwest-1", "https://iam.cn-north-1.amazonaws.com.cn", "cn-north-1", false},
		{"iam", "us-gov-east-1", "https://iam.us-gov.amazonaws.com", "us-gov-west-1", false},
		{"codecommit", "us-east-2", "https://codecommit.us-east-2.amazonaws.com", "us-east-2", false},
		{"codecommit", "us-east-2", "https://codecommit-fips.us-east-2.amazonaws.com", "us-east-2", true},
	} {
		env := map[string]string{}
		if c.fips {
			env["AWS_USE_FIPS_ENDPOINT"] = "true"
		}
		got, err := settings(t, "", env).API(c.service, c.region)
		if err != nil || got.URL != c.url || got.Region != c.signed {
			t.Errorf("%+v: %+v, %v", c, got, err)
		}
	}
	for region, want := range map[string]string{
		"us-east-1":      "git-codecommit.us-east-1.amazonaws.com",
		"cn-north-1":     "git-codecommit.cn-north-1.amazonaws.com.cn",
		"cn-northwest-1": "git-codecommit.cn-northwest-1.amazonaws.com.cn",
	} {
		if got, err := settings(t, "", nil).Git(region); err != nil || got.Host != want || got.Custom {
			t.Errorf("%s: %+v, %v", region, got, err)
		}
	}
	fips := settings(t, "[profile p]\nuse_fips_endpoint = true\n", nil)
	if got, err := fips.Git("us-gov-west-1"); err != nil || got.Host != "git-codecommit-fips.us-gov-west-1.amazonaws.com" {
		t.Errorf("FIPS: %+v, %v", got, err)
	}
	if got, err := fips.Git("eu-west-1"); err == nil {
		t.Errorf("FIPS where there is none fell back to %+v", got)
	}
}

func TestRefusals(t *testing.T) {
	for name, s := range map[string]Settings{
		"CODE_COMMIT_ENDPOINT":        settings(t, "", map[string]string{"CODE_COMMIT_ENDPOINT": "https://h"}),
		"AWS_ENDPOINT_URL is":         settings(t, "", map[string]string{"AWS_ENDPOINT_URL": "h:8443"}),
		"AWS_ENDPOINT_URL_CODECOMMIT": settings(t, "", map[string]string{"AWS_ENDPOINT_URL_CODECOMMIT": "https://u:p4ss@h"}),
		"endpoint_url of profile p":   settings(t, "[profile p]\nendpoint_url = ftp://h\n", nil),
		"[services nope]":             settings(t, "[profile p]\nservices = nope\n", nil),
	} {
		got, err := s.Git("us-east-1")
		if err == nil || !strings.Contains(err.Error(), name) || strings.Contains(err.Error(), "p4ss") {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	if got, err := settings(t, "", nil).API("codecommit", "evil.example/"); err == nil {
		t.Errorf("a region became the host: %+v", got)
	}
	if got, err := settings(t, "", nil).API("codecommit", ""); err == nil {
		t.Errorf("without a region: %+v", got)
	}
}

func TestGitRegion(t *testing.T) {
	n := 0
	for r := range strings.FieldsSeq(gitRegions) {
		n++
		if !GitRegion(r) {
			t.Errorf("%s is missing", r)
		}
	}
	if n != 29 || GitRegion("eu-south-9") || GitRegion("") || GitRegion("us-east-1 us-east-2") {
		t.Errorf("%d regions; eu-south-9 %v", n, GitRegion("eu-south-9"))
	}
}
