package config

import (
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func TestSetLines(t *testing.T) {
	for _, c := range []struct{ name, text, section, key, sub, value, want string }{
		{"into nothing", "", "default", "region", "", "us-east-1", "[default]\nregion = us-east-1\n"},
		{"new section behind a last line without its end", "[default]\nregion = x", "profile A", "role_arn", "", "r", "[default]\nregion = x\n\n[profile A]\nrole_arn = r\n"},
		{"change in place, comments kept", "# top\n[default]\n# about\nregion = x\n; tail\n[b]\nregion = y\n", "default", "region", "", "z",
			"# top\n[default]\n# about\nregion = z\n; tail\n[b]\nregion = y\n"},
		{"new option behind the last", "[default]\na = 1\n\n# next\n[b]\n", "default", "c", "", "2", "[default]\na = 1\nc = 2\n\n# next\n[b]\n"},
		{"the last of several counts", "[d]\na = 1\n[d]\na = 2\n", "d", "a", "", "3", "[d]\na = 1\n[d]\na = 3\n"},
		{"indent kept", "[d]\n  a = 1\n  b = 2\n", "d", "a", "", "3", "[d]\n  a = 3\n  b = 2\n"},
		{"carriage returns kept", "[d]\r\na = 1\r\n", "d", "b", "", "2", "[d]\r\na = 1\r\nb = 2\r\n"},
		{"a block makes way for a value", "[d]\ns3 =\n  a = 1\n  b = 2\nz = 1\n", "d", "s3", "", "x", "[d]\ns3 = x\nz = 1\n"},
		{"new block", "[d]\n", "d", "s3", "a", "1", "[d]\ns3 =\n    a = 1\n"},
		{"into a block", "[d]\ns3 =\n  a = 1\nz = 1\n", "d", "s3", "b", "2", "[d]\ns3 =\n  a = 1\n  b = 2\nz = 1\n"},
		{"change in a block", "[d]\ns3 =\n  a = 1\n  b = 2\n", "d", "s3", "a", "9", "[d]\ns3 =\n  a = 9\n  b = 2\n"},
		{"a value makes way for a block", "[d]\ns3 = x\nz = 1\n", "d", "s3", "a", "1", "[d]\ns3 =\n    a = 1\nz = 1\n"},
	} {
		f, err := ParseINI(c.text)
		if err != nil {
			t.Fatal(err)
		}
		err = f.Set(func(name string) bool { return name == c.section }, c.section, Setting{c.key, c.sub, c.value})
		if got := f.String(); err != nil || got != c.want {
			t.Errorf("%s: %q, %v; want %q", c.name, got, err, c.want)
		}
	}
}

func TestSetRefuses(t *testing.T) {
	for _, s := range []Setting{
		{Key: "", Value: "x"}, {Key: "a=b", Value: "x"}, {Key: "#a", Value: "x"}, {Key: "a", Value: "x\n[default]\nrole_arn = y"},
		{Key: "a", Value: "x\x00"}, {Key: "a", Sub: "b=c", Value: "x"}, {Key: "a", Sub: "b", Value: ""},
	} {
		f := &INI{}
		if err := f.Set(func(string) bool { return false }, "default", s); err == nil || f.String() != "" {
			t.Errorf("%+v gave %q, %v", s, f.String(), err)
		}
	}
	for _, name := range []string{"", " a", "a]", "a\nb"} {
		f := &INI{}
		if err := f.Set(func(string) bool { return false }, name, Setting{Key: "k", Value: "v"}); err == nil {
			t.Errorf("section %q was written: %q", name, f.String())
		}
	}
}

// The page's three commands, and where each setting lands.
func TestSetProfile(t *testing.T) {
	dir, env := home(t, "[default]\nregion = us-east-1\noutput = json\n", "")
	c, err := Load(env)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []struct{ profile, key, value string }{
		{"CodeAccess", "role_arn", "arn:aws:iam:::111111111111:role/CodeCommitAccess"},
		{"CodeAccess", "source_profile", "default"},
		{"CodeAccess", "role_session_name", "Maria Garcia"},
		{"my dev", "region", "eu-west-1"},
		{"default", "aws_secret_access_key", "s3cr3t"},
	} {
		if err := c.Set(s.profile, Setting{Key: s.key, Value: s.value}); err != nil {
			t.Fatal(err)
		}
	}
	got, _ := os.ReadFile(filepath.Join(dir, ".aws", "config"))
	want := `[default]
region = us-east-1
output = json

[profile CodeAccess]
role_arn = arn:aws:iam:::111111111111:role/CodeCommitAccess
source_profile = default
role_session_name = Maria Garcia

[profile 'my dev']
region = eu-west-1
`
	if string(got) != want {
		t.Errorf("config is %q, want %q", got, want)
	}
	got, _ = os.ReadFile(filepath.Join(dir, ".aws", "credentials"))
	if string(got) != "[default]\naws_secret_access_key = s3cr3t\n" {
		t.Errorf("credentials is %q", got)
	}
}

func TestWriteKeepsLinkAndMode(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Log("file modes do not say who may read a file on Windows")
		return
	}
	dir, env := home(t, "", "")
	elsewhere := filepath.Join(dir, "elsewhere")
	aws := filepath.Join(dir, ".aws")
	for _, err := range []error{
		os.WriteFile(elsewhere, []byte("[default]\n"), 0o640), os.Remove(filepath.Join(aws, "config")),
		os.Symlink(elsewhere, filepath.Join(aws, "config")), os.Chmod(filepath.Join(aws, "credentials"), 0o644),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	c, err := Load(env)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"region", "aws_session_token"} {
		if err := c.Set("default", Setting{Key: key, Value: "v"}); err != nil {
			t.Fatal(err)
		}
	}
	if text, _ := os.ReadFile(elsewhere); !strings.Contains(string(text), "region = v") {
		t.Errorf("the link was not followed: %q", text)
	}
	for path, want := range map[string]fs.FileMode{elsewhere: 0o640, filepath.Join(aws, "credentials"): 0o600} {
		if info, err := os.Lstat(path); err != nil || info.Mode() != want {
			t.Errorf("%s has mode %v, %v; want %v", path, info.Mode(), err, want)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(aws, ".sojourn-*")); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}
