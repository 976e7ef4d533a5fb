package config

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// table is an environment out of a map.
func table(m map[string]string) Env {
	return func(k string) (string, bool) { v, ok := m[k]; return v, ok }
}

// home writes ~/.aws/config and ~/.aws/credentials into a new home directory.
func home(t *testing.T, config, credentials string) (dir string, env Env) {
	t.Helper()
	dir = t.TempDir()
	for name, text := range map[string]string{"config": config, "credentials": credentials} {
		if err := os.MkdirAll(filepath.Join(dir, ".aws"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, ".aws", name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir, table(map[string]string{"HOME": dir, "USERPROFILE": dir})
}

func load(t *testing.T, config, credentials string) *Config {
	t.Helper()
	_, env := home(t, config, credentials)
	c, err := Load(env)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestProfiles(t *testing.T) {
	c := load(t, `
[default]
region = us-east-1
# a comment
; another
OUTPUT : json

[profile CodeAccess]
source_profile = default
role_session_name = Maria Garcia
role_arn = arn:aws:iam:::111111111111:role/CodeCommitAccess
duration_seconds=900 ; not a comment

[profile "quoted name"]
region = eu-west-1
[profile 'single']
[profile a b]
region = ignored
[nonsense]
region = ignored
[profile CodeAccess]
region = eu-central-1
region = eu-north-1
`, `
[CodeAccess]
role_session_name = From Credentials
[only-here]
aws_access_key_id = AKID
`)
	for _, v := range []struct{ profile, key, want string }{
		{"default", "region", "us-east-1"},
		{"default", "output", "json"},
		{"CodeAccess", "role_arn", "arn:aws:iam:::111111111111:role/CodeCommitAccess"},
		// The credentials file wins, as in botocore.
		{"CodeAccess", "role_session_name", "From Credentials"},
		// No comment behind a value, as in botocore.
		{"CodeAccess", "duration_seconds", "900 ; not a comment"},
		// botocore gives up on a repeated section or option; here they merge and the last counts.
		{"CodeAccess", "region", "eu-north-1"},
		{"CodeAccess", "source_profile", "default"},
		{"quoted name", "region", "eu-west-1"},
		{"only-here", "aws_access_key_id", "AKID"},
	} {
		p, ok := c.Profile(v.profile)
		if got := p.Value(v.key); !ok || got != v.want {
			t.Errorf("%s.%s = %q, %v; want %q", v.profile, v.key, got, ok, v.want)
		}
	}
	want := []string{"default", "CodeAccess", "quoted name", "single", "only-here"}
	if !slices.Equal(c.Names(), want) {
		t.Errorf("profiles %q, want %q", c.Names(), want)
	}
	if v, ok := (*Profile)(nil).Get("region"); ok || v != "" {
		t.Errorf("a nil profile has a region %q", v)
	}
}

func TestNested(t *testing.T) {
	c := load(t, "[default]\r\nservices = mine\r\ns3 =\r\n  a = 1\r\n\r\n  # note\r\n  b=2\r\nplain = x\r\n"+
		"[services mine]\r\nsts =\r\n    endpoint_url = https://sts.example\r\n", "")
	p, _ := c.Profile("default")
	if v, ok := p.Nested("s3", "b"); !ok || v != "2" {
		t.Errorf("s3.b = %q, %v", v, ok)
	}
	if v, ok := p.Get("s3"); ok {
		t.Errorf("a block reads as the value %q", v)
	}
	if v, ok := p.Nested("plain", "x"); ok {
		t.Errorf("a value reads as a block with x = %q", v)
	}
	s, ok := c.Services("mine")
	if v, _ := s.Nested("sts", "endpoint_url"); !ok || v != "https://sts.example" {
		t.Errorf("services mine: sts endpoint_url = %q, %v", v, ok)
	}
}

// A broken file is named with the line, and never quoted: the line may hold a secret.
func TestBrokenFile(t *testing.T) {
	for text, want := range map[string]string{
		"aws_secret_access_key = SECRET\n": "line 1: want a section header such as [default]",
		"[default]\nSECRET\n":              "line 2: want NAME = VALUE",
		"[default]\n= SECRET\n":            "line 2: want NAME = VALUE",
	} {
		_, env := home(t, "", text)
		_, err := Load(env)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "credentials") {
			t.Errorf("%q: %v; want %q and the file's name", text, err, want)
		} else if strings.Contains(err.Error(), "SECRET") {
			t.Errorf("the error quotes the line: %v", err)
		}
	}
}

func TestPaths(t *testing.T) {
	dir, _ := home(t, "", "")
	for _, v := range []struct {
		env  map[string]string
		want string
	}{
		{map[string]string{"HOME": dir, "USERPROFILE": dir}, filepath.Join(dir, ".aws", "config")},
		{map[string]string{"HOME": dir, "USERPROFILE": dir, "AWS_CONFIG_FILE": "~/x"}, filepath.Join(dir, "x")},
		{map[string]string{"HOME": dir, "AWS_CONFIG_FILE": "$D/${E}/$NO/$", "D": "/d", "E": "e"}, "/d/e/$NO/$"},
		{map[string]string{}, ""},
	} {
		c, err := Load(table(v.env))
		if err != nil || c.ConfigFile != v.want {
			t.Errorf("%v: %q, %v; want %q", v.env, c.ConfigFile, err, v.want)
		}
	}
}

func TestSelected(t *testing.T) {
	for _, v := range []struct{ def, profile, want, variable string }{
		{"", "", "", ""}, {"a", "", "a", "AWS_DEFAULT_PROFILE"}, {"", "b", "b", "AWS_PROFILE"}, {"a", "b", "a", "AWS_DEFAULT_PROFILE"},
	} {
		got, variable := table(map[string]string{"AWS_DEFAULT_PROFILE": v.def, "AWS_PROFILE": v.profile}).Selected()
		if got != v.want || variable != v.variable {
			t.Errorf("AWS_DEFAULT_PROFILE=%q AWS_PROFILE=%q: %q by %q", v.def, v.profile, got, variable)
		}
	}
}

func TestSplitShell(t *testing.T) {
	for text, want := range map[string][]string{
		`a b`: {"a", "b"}, ` a  "b c" 'd "e'`: {"a", "b c", `d "e`}, `a\ b "\"\\\x"`: {"a b", `"\\x`}, `x""y ''`: {"xy", ""}, "": nil,
	} {
		if got, err := SplitShell(text); err != nil || !slices.Equal(got, want) {
			t.Errorf("SplitShell(%q) = %q, %v; want %q", text, got, err, want)
		}
	}
	for _, text := range []string{`"a`, `'a`, `a\`} {
		if got, err := SplitShell(text); err == nil {
			t.Errorf("SplitShell(%q) = %q", text, got)
		}
	}
}
