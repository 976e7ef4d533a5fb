package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func testApp(env map[string]string) (*app, *bytes.Buffer, *bytes.Buffer) {
	var out, errOut bytes.Buffer
	return &app{stdout: &out, stderr: &errOut, stdin: strings.NewReader(""), getenv: func(k string) string { return env[k] }}, &out, &errOut
}

func TestSettingsOrder(t *testing.T) {
	file := filepath.Join(t.TempDir(), "sojourn.conf")
	if err := os.WriteFile(file, []byte("# a comment\nregion = from-file-1\nlisten=file:1\nfederation-allow-cidr = 10.0.0.0/8, 192.168.1.5/16\n\naccount = 000000000001\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	a, _, _ := testApp(map[string]string{"SOJOURN_REGION": "from-environment-1", "SOJOURN_LISTEN": "environment:1", "SOJOURN_CONFIG": file, "SOJOURN_LOG_LEVEL": "debug"})
	s, c := serveFlags(a)
	if err := s.load(a, []string{"--data", "d", "--listen", "flag:1"}); err != nil {
		t.Fatal(err)
	}
	if c.Listen != "flag:1" || c.Region != "from-environment-1" || c.Account != "000000000001" || c.LogFormat != "text" || c.LogLevel.String() != "DEBUG" {
		t.Errorf("%+v", c)
	}
	if len(c.FederationAllow) != 2 || c.FederationAllow[1].String() != "192.168.0.0/16" {
		t.Errorf("ranges %v", c.FederationAllow)
	}
}

// What turns on access tokens is set in the environment and the file, and is no flag.
func TestAccessTokenSettings(t *testing.T) {
	file := filepath.Join(t.TempDir(), "sojourn.conf")
	if err := os.WriteFile(file, []byte("login-with-amazon-app = amzn1.a, amzn1.b\nfacebook-app = 1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	a, _, _ := testApp(map[string]string{"SOJOURN_FACEBOOK_APP": "1384", "SOJOURN_FACEBOOK_SECRET_FILE": "/etc/secret", "SOJOURN_CONFIG": file})
	s, c := serveFlags(a)
	if err := s.load(a, nil); err != nil {
		t.Fatal(err)
	}
	if strings.Join(c.AmazonApps, " ") != "amzn1.a amzn1.b" || c.FacebookApp != "1384" || c.FacebookSecret != "/etc/secret" {
		t.Errorf("%+v", c)
	}
	s, _ = serveFlags(a)
	if err := s.load(a, []string{"--facebook-app", "1"}); err == nil {
		t.Error("facebook-app is a flag")
	}
}

// Every mistake is named, at once, with where it stands.
func TestBadSettings(t *testing.T) {
	dir := t.TempDir()
	file := func(text string) string {
		path := filepath.Join(dir, "conf")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, c := range []struct {
		args []string
		env  map[string]string
		want []string
	}{
		{args: []string{"--nonsense"}, want: []string{"nonsense"}},
		{args: []string{"extra"}, want: []string{`"extra"`}},
		{args: []string{"--config", file("regoin = x\nno equals sign\nregion=a\nregion=b\n")}, want: []string{`unknown key "regoin"`, `"no equals sign"`, "line 4", "twice"}},
		{args: []string{"--config", dir + "/absent"}, want: []string{"config", "absent"}},
		{env: map[string]string{"SOJOURN_FEDERATION_ALLOW_CIDR": "10.0.0.0/8,nonsense"}, want: []string{"SOJOURN_FEDERATION_ALLOW_CIDR", `"nonsense"`}},
		{env: map[string]string{"SOJOURN_LOG_LEVEL": "loud", "SOJOURN_PLAIN_HTTP": "perhaps"}, want: []string{"SOJOURN_LOG_LEVEL", "SOJOURN_PLAIN_HTTP"}},
		{args: []string{"--data", dir}, env: map[string]string{"SOJOURN_LOGIN_WITH_AMAZON_APP": "a*", "SOJOURN_FACEBOOK_APP": "x"},
			want: []string{`login-with-amazon-app "a*"`, `facebook-app "x"`, "facebook-app and facebook-secret-file"}},
		{args: []string{"--data", dir}, env: map[string]string{"SOJOURN_FACEBOOK_APP": "1", "SOJOURN_FACEBOOK_SECRET_FILE": dir + "/absent"}, want: []string{"facebook-secret-file", "absent"}},
		{args: []string{"--data", dir, "--listen", "127.0.0.1:0"}, env: map[string]string{"SOJOURN_FACEBOOK_APP": "1", "SOJOURN_FACEBOOK_SECRET_FILE": "settings_test.go"}, want: []string{"facebook-secret-file", "does not hold a secret"}},
		{args: []string{"--region", "X", "--account", "1", "--listen", "nowhere", "--log-format", "xml", "--tls-cert", "c", "--plain-http"},
			want: []string{"data:", `region "X"`, `account "1"`, `listen "nowhere"`, `log-format "xml"`, "tls-cert and tls-key", "plain-http"}},
	} {
		a, _, errOut := testApp(c.env)
		status := a.main(t.Context(), append([]string{"serve"}, c.args...))
		if status == 0 {
			t.Errorf("%v %v: it started", c.args, c.env)
		}
		for _, w := range c.want {
			if !strings.Contains(errOut.String(), w) {
				t.Errorf("%v %v: want %q in\n%s", c.args, c.env, w, errOut)
			}
		}
	}
}

func TestHelp(t *testing.T) {
	a, out, _ := testApp(nil)
	if status := a.main(t.Context(), []string{"help"}); status != 0 {
		t.Error(status)
	}
	for _, c := range commandList() {
		if !strings.Contains(out.String(), "  "+c.name+" ") {
			t.Errorf("help does not list %s", c.name)
		}
		sub, text, errText := testApp(nil)
		if status := sub.main(t.Context(), []string{c.name, "--help"}); status != 0 || !strings.Contains(text.String(), "Example") {
			t.Errorf("%s --help: status %d, want an example in\n%s%s", c.name, status, text, errText)
		}
	}
	if status := a.main(t.Context(), []string{"nonsense"}); status != 2 {
		t.Errorf("an unknown command: status %d", status)
	}
	if status := a.main(t.Context(), nil); status != 2 {
		t.Errorf("no command: status %d", status)
	}
}

// A password in an argument is every user's of the machine: it is refused, and not
// repeated. In the environment and the file it is where it may be.
func TestNoPasswordInArguments(t *testing.T) {
	const word = "hunter2-hunter2"
	for _, url := range []string{"postgres://sojourn:" + word + "@db/x", "postgres://db/x?user=sojourn&password=" + word, "postgres://sojourn:" + word + "@db:no port/x"} {
		a, _, _ := testApp(nil)
		s, _ := serveFlags(a)
		err := s.load(a, []string{"--data", "d", "--metadata", url, "--objects", "s3://x"})
		if err == nil || strings.Contains(err.Error(), word) || !strings.Contains(err.Error(), "metadata: ") {
			t.Errorf("%s: %v", url, err)
		}
	}
	a, _, _ := testApp(map[string]string{"SOJOURN_METADATA": "postgres://sojourn:" + word + "@db/x"})
	s, c := serveFlags(a)
	if err := s.load(a, []string{"--data", "d", "--objects", "s3://x"}); err != nil || !strings.Contains(c.Metadata, word) {
		t.Errorf("in the environment: %v", err)
	}
	s, _ = serveFlags(a)
	if err := s.load(a, []string{"--data", "d", "--metadata", "postgres://sojourn@db/x", "--objects", "s3://x"}); err != nil {
		t.Errorf("without a password: %v", err)
	}
}
