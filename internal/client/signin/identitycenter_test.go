package signin

import (
	"context"
	"errors"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"sojourn/internal/client/clienttest"
	"sojourn/internal/client/signedhttp"
	"sojourn/internal/client/ssoclient"
	"sojourn/internal/secret"
)

func newCenter(t *testing.T) (*clienttest.Center, IdentityCenter) {
	s := clienttest.NewCenter()
	t.Cleanup(s.Close)
	ca := t.TempDir() + "/ca.pem"
	if err := clienttest.WriteCA(ca, s.Server); err != nil {
		t.Fatal(err)
	}
	now := func() time.Time { return time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC) }
	h, err := signedhttp.New(ca, now)
	if err != nil {
		t.Fatal(err)
	}
	return s, IdentityCenter{Client: &ssoclient.Client{HTTP: h, Portal: s.URL, OIDC: s.URL}, Session: "my-sso", StartURL: clienttest.StartURL,
		Region: "eu-west-1", Scopes: DefaultCenterScopes, Now: now, Wait: func(context.Context, time.Duration) error { return nil }}
}

// browse opens the page as a browser would, and follows it back.
func browseCenter(s *clienttest.Center, errs chan<- error) Browse {
	return Browse{Tell: func(string) {}, Open: func(address string) error {
		go func() {
			r, err := s.Client().Get(address)
			if err == nil {
				r.Body.Close()
			}
			errs <- err
		}()
		return nil
	}}
}

// TestIdentityCenter: both ways end in the AWS CLI's file, in its form.
func TestIdentityCenter(t *testing.T) {
	for _, way := range []string{"browser", "device"} {
		s, i := newCenter(t)
		home, f := user(t, nil)
		var token secret.String
		var err error
		if way == "browser" {
			token, err = i.Browser(t.Context(), browseCenter(s, make(chan error, 1)), f.Env)
		} else {
			s.Polls = []string{"authorization_pending", "slow_down"}
			var told string
			token, err = i.Device(t.Context(), func(text string) { told += text }, f.Env)
			if !strings.Contains(told, "https://device.example/\n") || !strings.Contains(told, "code  ABCD-EFGH") {
				t.Error(told)
			}
		}
		if err != nil || token.Reveal() != "the-access" {
			t.Fatalf("%s: %v", way, err)
		}
		// The name is of the facts of the AWS CLI: sha1("my-sso").
		path := home + "/.aws/sso/cache/0ad374308c5a4e22f723adf10145eafad7c4031c.json"
		const want = `{"accessToken":"the-access","clientId":"cid","clientSecret":"csec","expiresAt":"2026-11-23T20:00:00Z","refreshToken":"the-refresh",` +
			`"region":"eu-west-1","registrationExpiresAt":"2027-02-20T12:00:00Z","startUrl":"https://x.awsapps.com/start"}`
		if got := read(t, path); got != want {
			t.Errorf("%s: %s\nwant %s", way, got, want)
		}
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%v, %v", info.Mode(), err)
		}
		if _, grants := s.Registered["grantTypes"]; grants != (way == "browser") {
			t.Errorf("%s: registered %v", way, s.Registered)
		}
		there, err := i.SignOut(t.Context(), f.Env)
		if _, gone := os.Stat(path); err != nil || !there || s.SignedOut != "the-access" || !errors.Is(gone, os.ErrNotExist) {
			t.Errorf("signing out: %v %v %q %v", there, err, s.SignedOut, gone)
		}
		if there, err := i.SignOut(t.Context(), f.Env); there || err != nil {
			t.Errorf("again: %v %v", there, err)
		}
	}
}

// TestIdentityCenterRefuses: what does not belong to this sign-in, and what the user or the service refuses.
func TestIdentityCenterRefuses(t *testing.T) {
	s, i := newCenter(t)
	_, f := user(t, nil)
	s.Answer = func(v url.Values) { v.Set("error", "access_denied"); v.Del("code") }
	if _, err := i.Browser(t.Context(), browseCenter(s, make(chan error, 1)), f.Env); err == nil || !strings.Contains(err.Error(), "the provider refused: access_denied") {
		t.Error(err)
	}
	// Another's answer is not heard: the sign-in goes on until its time is over.
	s.Answer = func(v url.Values) { v.Set("state", "another") }
	over := make(chan time.Time)
	errs := make(chan error, 1)
	b := browseCenter(s, errs)
	b.Over = over
	go func() { <-errs; close(over) }()
	if _, err := i.Browser(t.Context(), b, f.Env); !errors.Is(err, ErrTimeout) {
		t.Error(err)
	}
	for _, code := range []string{"expired_token", "access_denied"} {
		s.Polls = []string{code}
		if _, err := i.Device(t.Context(), func(string) {}, f.Env); err == nil || code == "access_denied" && !strings.Contains(err.Error(), code) {
			t.Errorf("%s: %v", code, err)
		}
	}
	if _, err := os.Stat(CenterFile(f.Env, i.Session, i.StartURL)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("something was written: %v", err)
	}
}
