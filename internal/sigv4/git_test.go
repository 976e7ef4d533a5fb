package sigv4

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"sojourn/internal/awserr"
	"sojourn/internal/secret"
)

const awsHost = "git-codecommit.us-west-2.amazonaws.com"

// The first is the official helper's own test, the second was made with it.
func TestGitPassword(t *testing.T) {
	for _, test := range []struct {
		secret, region, host, path string
		at                         time.Time
		want                       string
	}{
		{"secret", "us-west-2", awsHost, "/v1/repos/test_repo", time.Date(2017, 12, 24, 11, 53, 20, 0, time.UTC),
			"20171224T115320Zb6df2d758a8023b2f000a546417007b65494f3ce8ad0300fd45fcfa173f1959a"},
		{exampleSecret, "us-east-2", "git-codecommit.us-east-2.amazonaws.com", "/v1/repos/MyDemoRepo", time.Date(2026, 11, 23, 11, 0, 0, 0, time.FixedZone("", 3600)),
			"20261123T100000Z467af20d5b5a0b47e926323d9c436bfdd4f29e6c3c2e9cd7d1fcd04541f5b4b8"},
	} {
		got := GitPassword(secret.New(test.secret), test.region, test.host, test.path, test.at)
		if got.Reveal() != test.want {
			t.Errorf("password %s, want %s", got.Reveal(), test.want)
		}
		g, err := ParseGit("access", test.want)
		if err != nil {
			t.Fatal(err)
		}
		key := DeriveKey(test.secret, test.want[:8], test.region, "codecommit")
		if !g.Time.Equal(test.at) || !g.Verify(key, test.region, test.host, test.path) {
			t.Errorf("%s is refused", test.want)
		}
	}
}

// A Git password is good for one host, path, region, time and key.
func TestGitTamper(t *testing.T) {
	at := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	password := GitPassword(secret.New("s"), "us-east-1", "h", "/v1/repos/r", at).Reveal()
	key := DeriveKey("s", "20261123", "us-east-1", "codecommit")
	for i := range password {
		for _, digit := range "0123456789abcdefTZ" {
			changed := password[:i] + string(digit) + password[i+1:]
			if changed == password {
				continue
			}
			if g, err := ParseGit("AKID", changed); err == nil && g.Verify(key, "us-east-1", "h", "/v1/repos/r") {
				t.Errorf("accepted %s for %s", changed, password)
			}
		}
	}
	g, err := ParseGit("AKID%token", password)
	if err != nil || g.Token != "token" || g.AccessKeyID != "AKID" {
		t.Fatalf("parsed %+v, %v", g, err)
	}
	for _, wrong := range [][3]string{{"us-east-2", "h", "/v1/repos/r"}, {"us-east-1", "H", "/v1/repos/r"}, {"us-east-1", "h", "/v1/repos/R"}, {"us-east-1", "h", "//v1/repos/r"}, {"us-east-1", "h", ""}} {
		if g.Verify(key, wrong[0], wrong[1], wrong[2]) {
			t.Errorf("accepted for %v", wrong)
		}
	}
	if g.Verify(Key{}, "us-east-1", "h", "/v1/repos/r") {
		t.Error("accepted with another key")
	}
}

func TestParseGitErrors(t *testing.T) {
	const good = "20171224T115320Zb6df2d758a8023b2f000a546417007b65494f3ce8ad0300fd45fcfa173f1959a"
	for _, test := range []struct{ name, user, password, want string }{
		{"no user", "", good, "user name must be an access key id"},
		{"only a token", "%token", good, "user name must be"},
		{"a person's name", "alice@example.org", good, "user name must be"},
		{"long id", strings.Repeat("A", 129), good, "user name must be"},
		{"token with a line break", "AKID%a\nb", good, "user name must be"},
		{"token with a space", "AKID%a b", good, "user name must be"},
		{"huge token", "AKID%" + strings.Repeat("a", 16<<10+1), good, "user name must be"},
		{"a person's password", "AKID", "hunter2", "must be a Signature Version 4 signature"},
		{"no password", "AKID", "", "must be a Signature Version 4 signature"},
		{"one more", "AKID", good + "0", "must be a Signature Version 4 signature"},
		{"no such day", "AKID", "20170230" + good[8:], "begin with its time"},
		{"no Z", "AKID", good[:15] + "z" + good[16:], "begin with its time"},
		{"upper case", "AKID", good[:16] + strings.ToUpper(good[16:]), "lower-case hexadecimal"},
		{"no hex", "AKID", good[:79] + "g", "lower-case hexadecimal"},
	} {
		g, err := ParseGit(test.user, test.password)
		if g != nil || !awserr.Is(err, "IncompleteSignature") || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, error %v", test.name, g, err)
		}
		if err != nil && (strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "alice")) {
			t.Errorf("%s: the error repeats what was given: %v", test.name, err)
		}
	}
}

func TestGitUser(t *testing.T) {
	if got := GitUser(Credentials{AccessKeyID: "AKIA1"}); got != "AKIA1" {
		t.Errorf("user %q", got)
	}
	if got := GitUser(Credentials{AccessKeyID: "ASIA1", Token: exampleToken}); got != "ASIA1%"+exampleToken {
		t.Errorf("user %q", got)
	}
	// codecommit-sign appends the sign without a token.
	if g, err := ParseGit("AKIA1%", GitPassword(secret.New("s"), "r", "h", "p", suiteTime).Reveal()); err != nil || g.Token != "" {
		t.Errorf("%+v, %v", g, err)
	}
}

func TestGitHosts(t *testing.T) {
	for host, want := range map[string][]string{
		"git.example":       {"git.example", "git.example:443"},
		"git.example:8443":  {"git.example:8443", "git.example"},
		"Git.Example:8443":  {"Git.Example:8443", "Git.Example", "git.example:8443", "git.example"},
		"127.0.0.1:8443":    {"127.0.0.1:8443", "127.0.0.1"},
		"[::1]:8443":        {"[::1]:8443", "[", "[::1]"},
		"[::1]":             {"[::1]", "[", "[::1]:443"},
		"[2001:DB8::1]:844": {"[2001:DB8::1]:844", "[2001", "[2001:DB8::1]", "[2001:db8::1]:844", "[2001:db8::1]"},
	} {
		if got := GitHosts(host); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", host, got, want)
		}
	}
	if got := GitPaths("/v1/repos/r"); !slices.Equal(got, []string{"/v1/repos/r", "//v1/repos/r"}) {
		t.Errorf("paths %q", got)
	}
}

// What the two official clients sign for one URL is among what the server tries.
func TestGitClients(t *testing.T) {
	at := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	key := DeriveKey("s", "20261123", "us-east-1", "codecommit")
	for _, c := range []struct{ client, received, signedHost, signedPath string }{
		{"git-remote-codecommit", "git.example:8443", "git.example:8443", "/v1/repos/r"},
		{"git-remote-codecommit, IPv6", "[::1]:8443", "[::1]:8443", "/v1/repos/r"},
		{"git-remote-codecommit, endpoint with the default port", "git.example", "git.example:443", "/v1/repos/r"},
		{"credential helper", "git.example:8443", "git.example", "/v1/repos/r"},
		{"credential helper, leading slash", "git.example:8443", "git.example", "//v1/repos/r"},
		{"credential helper, IPv6", "[::1]:8443", "[", "/v1/repos/r"},
	} {
		g, err := ParseGit("AKID", GitPassword(secret.New("s"), "us-east-1", c.signedHost, c.signedPath, at).Reveal())
		if err != nil {
			t.Fatal(err)
		}
		matches := 0
		for _, h := range GitHosts(c.received) {
			for _, p := range GitPaths("/v1/repos/r") {
				if g.Verify(key, "us-east-1", h, p) {
					matches++
				}
			}
		}
		if matches != 1 {
			t.Errorf("%s: %d of the tried forms match", c.client, matches)
		}
	}
}

func ExampleGitPassword() {
	at := time.Date(2017, 12, 24, 11, 53, 20, 0, time.UTC)
	fmt.Println(GitPassword(secret.New("secret"), "us-west-2", awsHost, "/v1/repos/test_repo", at).Reveal())
	// Output: 20171224T115320Zb6df2d758a8023b2f000a546417007b65494f3ce8ad0300fd45fcfa173f1959a
}

func BenchmarkGitVerify(b *testing.B) {
	at := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	password := GitPassword(secret.New("s"), "us-east-1", "git.example:8443", "/v1/repos/MyDemoRepo", at).Reveal()
	key := DeriveKey("s", "20261123", "us-east-1", "codecommit")
	b.ReportAllocs()
	for b.Loop() {
		g, err := ParseGit("AKID", password)
		if err != nil || !g.Verify(key, "us-east-1", "git.example:8443", "/v1/repos/MyDemoRepo") {
			b.Fatal("refused")
		}
	}
}
