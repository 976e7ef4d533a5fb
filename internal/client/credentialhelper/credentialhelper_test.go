package credentialhelper

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sojourn/internal/client/session"
	"sojourn/internal/sigv4"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// helper is one for a user with keys in the environment.
func helper(t *testing.T, env map[string]string) Helper {
	t.Helper()
	all := map[string]string{"AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "eu-central-1"}
	maps.Copy(all, env)
	s, err := session.Open(session.Options{Env: func(k string) (string, bool) { v, ok := all[k]; return v, ok }, Now: func() time.Time { return noon }})
	if err != nil {
		t.Fatal(err)
	}
	return Helper{Session: s, Now: func() time.Time { return noon }}
}

// What is signed is what the AWS CLI signs: the host without its port, one
// slash in front of the path, and the region in the host's name before the settings'.
func TestSigned(t *testing.T) {
	for _, c := range []struct{ host, path, signedHost, signedPath, region string }{
		{"git-codecommit.us-east-1.amazonaws.com", "v1/repos/r", "git-codecommit.us-east-1.amazonaws.com", "/v1/repos/r", "us-east-1"},
		{"git-codecommit.us-east-1.amazonaws.com:443", "v1/repos/r", "git-codecommit.us-east-1.amazonaws.com", "/v1/repos/r", "us-east-1"},
		{"git-codecommit.us-east-1.amazonaws.com", "/v1/repos/r", "git-codecommit.us-east-1.amazonaws.com", "//v1/repos/r", "us-east-1"},
		{"git-codecommit-fips.us-gov-west-1.amazonaws.com", "v1/repos/r", "git-codecommit-fips.us-gov-west-1.amazonaws.com", "/v1/repos/r", "us-gov-west-1"},
		{"git-codecommit.cn-north-1.amazonaws.com.cn", "v1/repos/r", "git-codecommit.cn-north-1.amazonaws.com.cn", "/v1/repos/r", "cn-north-1"},
		{"vpce-0a-1b.git-codecommit.us-east-2.vpce.amazonaws.com", "v1/repos/r", "vpce-0a-1b.git-codecommit.us-east-2.vpce.amazonaws.com", "/v1/repos/r", "us-east-2"},
		{"codeconnections.us-west-2.amazonaws.com", "git-http/1/us-west-2/x/o/r.git", "codeconnections.us-west-2.amazonaws.com", "/git-http/1/us-west-2/x/o/r.git", "us-west-2"},
		{"git.example:8443", "v1/repos/r", "git.example", "/v1/repos/r", "eu-central-1"},
		{"[::1]:8443", "v1/repos/r", "[", "/v1/repos/r", "eu-central-1"},
	} {
		h := helper(t, nil)
		h.AnyHost = true
		var out strings.Builder
		if err := h.Get(context.Background(), strings.NewReader("protocol=https\r\nhost="+c.host+"\npath="+c.path+"\n\nignored=1\n"), &out); err != nil {
			t.Errorf("%s: %v", c.host, err)
			continue
		}
		fields, err := read(strings.NewReader(out.String()))
		if err != nil || fields["username"] != "AKID" || fields["password_expiry_utc"] != "1795436100" {
			t.Errorf("%s: %q, %v", c.host, out.String(), err)
		}
		g, err := sigv4.ParseGit(fields["username"], fields["password"])
		if err != nil || !g.Verify(sigv4.DeriveKey("secret", "20261123", c.region, "codecommit"), c.region, c.signedHost, c.signedPath) {
			t.Errorf("%s/%s is not signed as %s%s in %s: %v", c.host, c.path, c.signedHost, c.signedPath, c.region, err)
		}
	}
}

// A signature, and the session's token with it, goes to nobody whose name only looks like AWS's.
func TestHosts(t *testing.T) {
	for host, want := range map[string]bool{
		"git-codecommit.us-east-1.amazonaws.com": true, "GIT-CODECOMMIT.us-east-1.AmazonAWS.com": true, "git.example:8443": true, "GIT.example:8443": true,
		"github.com": false, "git-codecommit.us-east-1.amazonaws.com.evil.example": false, "evil.example.git-codecommit.us-east-1.amazonaws.com": false,
		"xgit-codecommit.us-east-1.amazonaws.com": false, "git-codecommit.us-east-1.notamazonaws.com": false, "git-codecommit..amazonaws.com": false,
		"git-codecommit.amazonaws.com": false, "bucket.s3.us-east-1.amazonaws.com": false, "amazonaws.com": false, "git.example": false, "git.example:443": false,
		"git-codecommit.a.b.amazonaws.com": false, "vpce-1.git-codecommit.us-east-1.evil.amazonaws.com": false,
	} {
		h := helper(t, map[string]string{"AWS_ENDPOINT_URL_CODECOMMIT": "https://git.example:8443"})
		var out strings.Builder
		err := h.Get(context.Background(), strings.NewReader("protocol=https\nhost="+host+"\npath=v1/repos/r\n"), &out)
		if err != nil || (out.Len() > 0) != want {
			t.Errorf("%s: %q, %v; want an answer: %v", host, out.String(), err, want)
		}
	}
}

// The password ends with the session, and the answer says so.
func TestExpiry(t *testing.T) {
	h := helper(t, map[string]string{"AWS_CREDENTIAL_EXPIRATION": "2026-11-23T12:05:00Z", "AWS_SESSION_TOKEN": "t"})
	var out strings.Builder
	request := "protocol=https\nhost=git-codecommit.us-east-1.amazonaws.com\npath=v1/repos/r\n"
	if err := h.Get(context.Background(), strings.NewReader(request), &out); err != nil || !strings.Contains(out.String(), "\npassword_expiry_utc=1795435500\n") || !strings.HasPrefix(out.String(), "username=AKID%t\n") {
		t.Errorf("%q, %v", out.String(), err)
	}
}

func TestNoRegion(t *testing.T) {
	dir := t.TempDir()
	config := filepath.Join(dir, "config")
	if err := os.WriteFile(config, []byte("[default]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	h := helper(t, map[string]string{"AWS_REGION": "", "AWS_CONFIG_FILE": config})
	h.AnyHost = true
	err := h.Get(context.Background(), strings.NewReader("protocol=https\nhost=git.example\npath=v1/repos/r\n"), &strings.Builder{})
	if err == nil || !strings.Contains(err.Error(), "no region is set; give --region") {
		t.Error(err)
	}
}

// Whatever comes in, read takes at most one value a key and no line break with it.
func FuzzRequest(f *testing.F) {
	for _, s := range []string{"protocol=https\nhost=h\npath=p\n\n", "a=b=c\r\na=d", "x", "\n", "=", "capability[]=authtype\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		fields, err := read(strings.NewReader(text))
		if err != nil {
			return
		}
		for k, v := range fields {
			if strings.ContainsAny(k+v, "\n") || strings.Contains(k, "=") {
				t.Fatalf("%q gave %q", text, fields)
			}
		}
	})
}
