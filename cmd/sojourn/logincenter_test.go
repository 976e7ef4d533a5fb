package main

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"sojourn/internal/client/clienttest"
)

// paster is a user over ssh: signs in at the address that is printed, on
// another machine, and pastes where the browser ended.
type paster struct {
	bytes.Buffer
	client *http.Client
	paste  io.WriteCloser
}

var authorize = regexp.MustCompile(`https://\S+/authorize\?\S+`)

func (p *paster) Write(text []byte) (int, error) {
	if address := authorize.FindString(string(text)); address != "" {
		go func() {
			if r, err := p.client.Get(address); err == nil {
				r.Body.Close()
				io.WriteString(p.paste, r.Header.Get("Location")+"\n")
			}
			p.paste.Close()
		}()
	}
	return p.Buffer.Write(text)
}

// TestLoginIdentityCenter signs in by a profile's sso_session, takes the one
// role there is, writes it, uses it, and signs out.
func TestLoginIdentityCenter(t *testing.T) {
	s := clienttest.NewCenter()
	defer s.Close()
	home := t.TempDir()
	ca := filepath.Join(home, "ca.pem")
	config := filepath.Join(home, ".aws", "config")
	if err := clienttest.WriteCA(ca, s.Server); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Dir(config), 0o700); err != nil {
		t.Fatal(err)
	}
	const before = "[profile CodeAccess]\nregion = us-east-1\nsso_session = my-sso\n\n[sso-session my-sso]\nsso_region = eu-west-1\nsso_start_url = " + clienttest.StartURL + "\n"
	if err := os.WriteFile(config, []byte(before), 0o600); err != nil {
		t.Fatal(err)
	}
	env := map[string]string{"HOME": home, "USERPROFILE": home, "AWS_CA_BUNDLE": ca, "AWS_ENDPOINT_URL_SSO": s.URL, "AWS_ENDPOINT_URL_SSO_OIDC": s.URL}
	run := func(status int, want string, args ...string) {
		t.Helper()
		a, out, _ := testApp(env)
		in, paste := io.Pipe()
		user := &paster{client: s.Client(), paste: paste}
		user.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		a.stdin, a.stderr = in, user
		if got := a.main(t.Context(), args); got != status || !strings.Contains(out.String()+user.String(), want) {
			t.Fatalf("%q: status %d\n%s%s", args, got, out, user)
		}
	}
	run(0, "Signed in at "+clienttest.StartURL+": role CodeAccess of account 111122223333.", "login", "--profile", "CodeAccess", "--no-browser")
	want := strings.Replace(before, "my-sso\n", "my-sso\nsso_account_id = 111122223333\nsso_role_name = CodeAccess\n", 1)
	if got, err := os.ReadFile(config); err != nil || string(got) != want {
		t.Errorf("%v\n%s", err, got)
	}
	run(0, `"AccessKeyId": "ASIASSO"`, "export-credentials", "--profile", "CodeAccess")
	run(2, "leave --role-arn", "login", "--profile", "CodeAccess", "--role-arn", "arn:aws:iam::111122223333:role/R")
	run(0, "Signed out of "+clienttest.StartURL+"; forgot 1 kept session of profile \"CodeAccess\".", "logout", "--profile", "CodeAccess")
	run(1, "nobody is signed in at "+clienttest.StartURL, "logout", "--profile", "CodeAccess")
	run(1, "has not been made yet; run: sojourn login --profile CodeAccess", "export-credentials", "--profile", "CodeAccess")
	run(0, "Signed in at", "login", "--profile", "CodeAccess", "--no-browser")
	if s.SignedOut != "the-access" {
		t.Errorf("%q was signed out", s.SignedOut)
	}
}
