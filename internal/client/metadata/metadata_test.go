package metadata

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func client(env map[string]string) Client {
	return Client{Env: func(k string) (string, bool) { v, ok := env[k]; return v, ok }, Now: func() time.Time { return noon }}
}

const good = `{"Code":"Success","AccessKeyId":"ASIA","SecretAccessKey":"sec","Token":"tok","Expiration":"2026-11-23T13:00:00Z"}`

func TestContainer(t *testing.T) {
	var auth string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		auth = r.Header.Get("Authorization")
		if r.URL.Path != "/creds" {
			w.WriteHeader(404)
			io.WriteString(w, `{"code":"NoRole","message":"there is no role"}`)
			return
		}
		io.WriteString(w, good)
	}))
	defer s.Close()
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte("from file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		env               map[string]string
		authorized, fails string
	}{
		{map[string]string{"AWS_CONTAINER_CREDENTIALS_FULL_URI": s.URL + "/creds"}, "", ""},
		{map[string]string{"AWS_CONTAINER_CREDENTIALS_FULL_URI": s.URL + "/creds", "AWS_CONTAINER_AUTHORIZATION_TOKEN": "Bearer x"}, "Bearer x", ""},
		{map[string]string{"AWS_CONTAINER_CREDENTIALS_FULL_URI": s.URL + "/creds", "AWS_CONTAINER_AUTHORIZATION_TOKEN": "x", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": file}, "from file", ""},
		{map[string]string{"AWS_CONTAINER_CREDENTIALS_FULL_URI": s.URL + "/other"}, "", "the credentials of this container: status 404: NoRole there is no role"},
		{map[string]string{"AWS_CONTAINER_CREDENTIALS_FULL_URI": s.URL + "/creds", "AWS_CONTAINER_AUTHORIZATION_TOKEN": "x\r\ny"}, "", "line break"},
		{map[string]string{"AWS_CONTAINER_CREDENTIALS_FULL_URI": s.URL + "/creds", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": file + "x"}, "", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"},
		{map[string]string{"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://192.0.2.1/creds"}, "", "without TLS"},
		{map[string]string{"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://localhost.evil.example/creds"}, "", "without TLS"},
		{map[string]string{"AWS_CONTAINER_CREDENTIALS_FULL_URI": "ftp://127.0.0.1/creds"}, "", "is not a URL"},
		{map[string]string{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "@evil.example/creds"}, "", "begin with a slash"},
	} {
		auth = ""
		cl := client(c.env)
		if !cl.InContainer() {
			t.Error(c.env, "is not seen")
		}
		cred, end, err := cl.Container(context.Background())
		switch {
		case c.fails != "":
			if err == nil || !strings.Contains(err.Error(), c.fails) {
				t.Errorf("%v: %v, want %q", c.env, err, c.fails)
			}
		case err != nil || cred.AccessKeyID != "ASIA" || cred.Secret.Reveal() != "sec" || cred.Token != "tok" || !end.Equal(noon.Add(time.Hour)) || auth != c.authorized:
			t.Errorf("%v: %+v until %v, %v; authorized by %q", c.env, cred, end, err, auth)
		}
	}
	for host, want := range map[string]bool{"127.0.0.1": true, "127.9.9.9": true, "::1": true, "169.254.170.2": true, "169.254.170.23": true, "fd00:ec2::23": true, "LOCALHOST": true,
		"169.254.170.3": false, "169.254.169.254": false, "10.0.0.1": false, "example.com": false, "": false} {
		if nearby(host) != want {
			t.Errorf("nearby(%q) = %v", host, !want)
		}
	}
	if client(nil).InContainer() {
		t.Error("a container without an endpoint")
	}
}

// instance is version 2 of the service: nothing without a token.
type instance struct {
	role, answer string
	noToken      bool
	paths        []string
}

func (i *instance) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	i.paths = append(i.paths, r.Method+" "+r.URL.Path)
	const roles = "/latest/meta-data/iam/security-credentials/"
	switch {
	case r.Method == http.MethodPut && r.URL.Path == "/latest/api/token" && r.Header.Get("X-aws-ec2-metadata-token-ttl-seconds") != "" && !i.noToken:
		io.WriteString(w, "the-token")
	case r.Header.Get("X-aws-ec2-metadata-token") != "the-token":
		w.WriteHeader(401)
	case r.URL.Path == roles && i.role != "":
		io.WriteString(w, i.role)
	case i.role != "" && r.URL.Path == roles+i.role:
		io.WriteString(w, i.answer)
	default:
		w.WriteHeader(404)
	}
}

func TestInstance(t *testing.T) {
	for _, c := range []struct {
		i     instance
		none  bool
		fails string
	}{
		{instance{role: "R", answer: good}, false, ""},
		{instance{}, true, "status 404"},
		{instance{role: "R", answer: good, noToken: true}, true, "status 401"}, // version 1 is not asked
		{instance{role: "R", answer: `{"Code":"AssumeRoleUnauthorizedAccess","Message":"not trusted"}`}, false, `role "R": AssumeRoleUnauthorizedAccess not trusted`},
		{instance{role: "R", answer: `{}`}, false, "holds no credentials"},
	} {
		s := httptest.NewServer(&c.i)
		cl := client(nil)
		cl.Address = s.URL + "/"
		cred, end, err := cl.Instance(context.Background())
		if c.fails == "" && (err != nil || cred.AccessKeyID != "ASIA" || !end.Equal(noon.Add(time.Hour))) ||
			c.fails != "" && (err == nil || !strings.Contains(err.Error(), c.fails) || errors.Is(err, ErrNone) != c.none) {
			t.Errorf("%+v: %+v, %v", c.i, cred, err)
		}
		s.Close()
		// Gone, or switched off: there is none.
		if _, _, err := cl.Instance(context.Background()); !errors.Is(err, ErrNone) {
			t.Error(err)
		}
	}
	off := client(map[string]string{"AWS_EC2_METADATA_DISABLED": "TRUE", "AWS_EC2_METADATA_SERVICE_ENDPOINT": "http://192.0.2.1"})
	if _, _, err := off.Instance(context.Background()); !errors.Is(err, ErrNone) {
		t.Error(err)
	}
	for env, want := range map[string]string{"": instanceIPv4, "IPv6": instanceIPv6, "ipv6": instanceIPv6, "IPv4": instanceIPv4} {
		if got, err := client(map[string]string{"AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE": env}).instanceURL(); got != want || err != nil {
			t.Error(env, got, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(200, []byte(good))
	f.Add(404, []byte(`{"message":"x"}`))
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		cred, _, err := parse(status, body)
		if err == nil && (status != 200 || cred.AccessKeyID == "" || cred.Secret.Empty()) {
			t.Errorf("%d %q: %+v", status, body, cred)
		}
	})
}
