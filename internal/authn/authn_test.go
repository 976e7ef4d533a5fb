package authn

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sojourn/internal/awserr"
	"sojourn/internal/principal"
	"sojourn/internal/seal"
	"sojourn/internal/secret"
	"sojourn/internal/sigv4"
	"sojourn/internal/store"
	"sojourn/internal/store/sqlite"
)

const (
	account = "111122223333"
	region  = "eu-central-1"
	host    = "localhost:8443"
	repo    = "/v1/repos/MyDemoRepo"
)

// world is an authenticator with a user, a role, a session of each kind, and a
// clock to turn.
type world struct {
	*Authenticator
	now time.Time
	t   testing.TB
}

func newWorld(t testing.TB) *world {
	t.Helper()
	st, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	keys, err := seal.CreateKeyring(filepath.Join(t.TempDir(), "root.json"))
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, now: time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)}
	w.Authenticator = &Authenticator{Keys: keys, Store: st, Region: region, Now: func() time.Time { return w.now }}
	w.update(func(tx store.Tx) error {
		return errors.Join(
			tx.InsertAccount(store.Account{ID: account, Name: "a", Created: w.now}),
			tx.InsertUser(store.User{Account: account, Name: "maria", Path: "/", ID: "AIDAMARIA", Created: w.now}),
			tx.InsertRole(store.Role{Account: account, Name: "Reader", Path: "/ci/", ID: "AROAREADER", Created: w.now}),
			tx.InsertAccessKey(store.AccessKey{ID: "AKIAIOSFODNN7EXAMPLE", Account: account, UserID: "AIDAMARIA", Status: "Active", Created: w.now,
				Secret: keys.SealSecret("access-key", "AKIAIOSFODNN7EXAMPLE", []byte("maria's secret"))}),
		)
	})
	return w
}

func (w *world) update(f func(store.Tx) error) {
	w.t.Helper()
	if err := w.Store.Update(w.t.Context(), f); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) session(s principal.Session) sigv4.Credentials {
	w.t.Helper()
	s.Issued, s.Expires = w.now, w.now.Add(time.Hour)
	i, err := w.Keys.Issue(s, w.now)
	if err != nil {
		w.t.Fatal(err)
	}
	return sigv4.Credentials{AccessKeyID: i.AccessKeyID, Secret: i.Secret, Token: i.Token}
}

var (
	maria  = sigv4.Credentials{AccessKeyID: "AKIAIOSFODNN7EXAMPLE", Secret: secret.New("maria's secret")}
	reader = principal.Session{Kind: principal.AssumedRole, Account: account, ID: "AROAREADER", Name: "Reader", Path: "/ci/", SessionName: "maria"}
	root   = principal.Session{Kind: principal.Root, Account: account, ID: account}
)

// api signs a request at the world's time and asks who it is from.
func (w *world) api(c sigv4.Credentials, service, region string, spoil func(*http.Request)) (*principal.Caller, error) {
	w.t.Helper()
	body := []byte("Action=GetCallerIdentity&Version=2011-06-15")
	sum := sha256.Sum256(body)
	hash := hex.EncodeToString(sum[:])
	r := httptest.NewRequest(http.MethodPost, "https://"+host+"/", bytes.NewReader(body))
	sigv4.SignHeader(r, hash, c, service, region, w.now)
	if spoil != nil {
		spoil(r)
	}
	auth, err := sigv4.ParseRequest(r)
	if err != nil {
		return nil, err
	}
	return w.API(w.t.Context(), r, auth, hash, RequestInfo{RequestID: "r1"})
}

func (w *world) git(c sigv4.Credentials, host, path string) (*principal.Caller, error) {
	p := sigv4.GitPassword(c.Secret, region, host, path, w.now)
	return w.Git(w.t.Context(), sigv4.GitUser(c), p.Reveal(), host, path, RequestInfo{RequestID: "r1"})
}

func TestWhoSigned(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		name string
		cred sigv4.Credentials
		arn  string
		temp bool
	}{
		{"access key", maria, "arn:aws:iam::" + account + ":user/maria", false},
		{"role session", w.session(reader), "arn:aws:sts::" + account + ":assumed-role/Reader/maria", true},
		{"root session", w.session(root), "arn:aws:iam::" + account + ":root", true},
		{"user session", w.session(principal.Session{Kind: principal.User, Account: account, ID: "AIDAMARIA", Name: "maria", Path: "/"}), "arn:aws:iam::" + account + ":user/maria", true},
	} {
		for range 2 { // the second time from memory
			caller, err := w.api(c.cred, "codecommit", region, nil)
			if err != nil || caller.ARN() != c.arn || caller.Temporary != c.temp || caller.AccessKeyID != c.cred.AccessKeyID || caller.RequestID != "r1" || caller.Region != region {
				t.Errorf("%s: %+v %v", c.name, caller, err)
			}
			caller, err = w.git(c.cred, host, repo)
			if err != nil || caller.ARN() != c.arn {
				t.Errorf("%s by git: %+v %v", c.name, caller, err)
			}
		}
	}
}

func TestRefusedSignatures(t *testing.T) {
	w := newWorld(t)
	session := w.session(reader)
	other := w.session(reader)
	with := func(change func(*sigv4.Credentials)) sigv4.Credentials {
		c := session
		change(&c)
		return c
	}
	for _, c := range []struct {
		name            string
		cred            sigv4.Credentials
		service, region string
		spoil           func(*http.Request)
		want            string
	}{
		{name: "wrong secret", cred: with(func(c *sigv4.Credentials) { c.Secret = other.Secret }), want: awserr.SignatureDoesNotMatch},
		{name: "another session's token", cred: with(func(c *sigv4.Credentials) { c.Token = other.Token }), want: awserr.InvalidClientTokenID},
		{name: "another session's key id", cred: with(func(c *sigv4.Credentials) { c.AccessKeyID = other.AccessKeyID }), want: awserr.InvalidClientTokenID},
		{name: "no token", cred: with(func(c *sigv4.Credentials) { c.Token = "" }), want: awserr.InvalidClientTokenID},
		{name: "token with a long-term key", cred: sigv4.Credentials{AccessKeyID: maria.AccessKeyID, Secret: maria.Secret, Token: session.Token}, want: awserr.InvalidClientTokenID},
		{name: "unknown long-term key", cred: sigv4.Credentials{AccessKeyID: "AKIAUNKNOWNUNKNOWN22", Secret: maria.Secret}, want: awserr.InvalidClientTokenID},
		{name: "key of no kind", cred: sigv4.Credentials{AccessKeyID: "XXXX", Secret: maria.Secret}, want: awserr.InvalidClientTokenID},
		{name: "another region", cred: session, region: "us-east-1", want: awserr.SignatureDoesNotMatch},
		{name: "another region for sts", cred: session, service: "sts", region: "eu-west-1", want: awserr.SignatureDoesNotMatch},
		{name: "global sts", cred: session, service: "sts", region: "us-east-1"},
		{name: "global iam", cred: session, service: "iam", region: "us-east-1"},
		{name: "changed after signing", cred: session, spoil: func(r *http.Request) { r.Host = "evil.example.com" }, want: awserr.SignatureDoesNotMatch},
		{name: "signed for another service", cred: session, spoil: func(r *http.Request) {
			r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), "/codecommit/", "/iam/", 1))
		}, want: awserr.SignatureDoesNotMatch},
	} {
		if c.service == "" {
			c.service = "codecommit"
		}
		if c.region == "" {
			c.region = region
		}
		caller, err := w.api(c.cred, c.service, c.region, c.spoil)
		if c.want == "" && err != nil || c.want != "" && !awserr.Is(err, c.want) {
			t.Errorf("%s: %+v %v, want %q", c.name, caller, err, c.want)
		}
	}
}

// A session ends at its end, also when it was opened before.
func TestSessionExpires(t *testing.T) {
	w := newWorld(t)
	c := w.session(reader)
	w.now = w.now.Add(time.Hour - time.Second)
	if _, err := w.api(c, "sts", region, nil); err != nil {
		t.Fatal(err)
	}
	w.now = w.now.Add(time.Second)
	if _, err := w.api(c, "sts", region, nil); !awserr.Is(err, awserr.ExpiredToken) {
		t.Errorf("from memory: %v", err)
	}
	if n := w.opened.order.Len(); n != 0 {
		t.Errorf("%d ended sessions are kept", n)
	}
	if _, err := w.git(c, host, repo); !awserr.Is(err, awserr.ExpiredToken) {
		t.Errorf("opened anew: %v", err)
	}
}

// The principal must still be there, by its unique id.
func TestPrincipalGone(t *testing.T) {
	w := newWorld(t)
	session := w.session(reader)
	w.update(func(tx store.Tx) error {
		return tx.UpdateRole(store.Role{Account: account, Name: "Renamed", Path: "/", ID: "AROAREADER", Created: w.now})
	})
	if caller, err := w.api(session, "sts", region, nil); err != nil || caller.Name != "Renamed" || caller.Path != "/" {
		t.Errorf("a renamed role: %+v %v", caller, err)
	}
	w.update(func(tx store.Tx) error {
		return errors.Join(tx.DeleteRole("AROAREADER"), tx.InsertRole(store.Role{Account: account, Name: "Renamed", Path: "/", ID: "AROANEW", Created: w.now}))
	})
	if _, err := w.api(session, "sts", region, nil); !awserr.Is(err, awserr.InvalidClientTokenID) {
		t.Errorf("a deleted role's session: %v", err)
	}
	stranger := w.session(principal.Session{Kind: principal.Root, Account: "999999999999", ID: "999999999999"})
	if _, err := w.api(stranger, "sts", region, nil); !awserr.Is(err, awserr.InvalidClientTokenID) {
		t.Errorf("the root of no account: %v", err)
	}
	w.update(func(tx store.Tx) error {
		k, err := tx.AccessKey(maria.AccessKeyID)
		k.Status = "Inactive"
		return errors.Join(err, tx.UpdateAccessKey(k))
	})
	if _, err := w.api(maria, "sts", region, nil); !awserr.Is(err, awserr.InvalidClientTokenID) {
		t.Errorf("an inactive key: %v", err)
	}
	w.update(func(tx store.Tx) error { return tx.DeleteAccessKey(maria.AccessKeyID) })
	if _, err := w.git(maria, host, repo); !awserr.Is(err, awserr.InvalidClientTokenID) {
		t.Errorf("a deleted key: %v", err)
	}
}

func TestGitPasswords(t *testing.T) {
	w := newWorld(t)
	c := w.session(reader)
	made := w.now
	use := func(signHost, signPath, signRegion, useHost, usePath string) error {
		p := sigv4.GitPassword(c.Secret, signRegion, signHost, signPath, made)
		_, err := w.Git(t.Context(), sigv4.GitUser(c), p.Reveal(), useHost, usePath, RequestInfo{})
		return err
	}
	for _, x := range []struct {
		name                                    string
		signHost, signPath, signRegion, useHost string
		want                                    string
	}{
		{"remote helper", host, repo, region, host, ""},
		{"credential helper, without the port", "localhost", repo, region, host, ""},
		{"credential helper, with a slash", "localhost", "/" + repo, region, host, ""},
		{"upper case", "LOCALHOST:8443", repo, region, "LOCALHOST:8443", ""},
		{"IPv6 by the credential helper", "[", repo, region, "[::1]:8443", ""},
		{"another host", "git.example.com", repo, region, host, awserr.SignatureDoesNotMatch},
		{"another repository", host, repo + "2", region, host, awserr.SignatureDoesNotMatch},
		{"another region", host, repo, "us-east-1", host, awserr.SignatureDoesNotMatch},
	} {
		err := use(x.signHost, x.signPath, x.signRegion, x.useHost, repo)
		if x.want == "" && err != nil || x.want != "" && !awserr.Is(err, x.want) {
			t.Errorf("%s: %v, want %q", x.name, err, x.want)
		}
	}
	for _, x := range []struct {
		after time.Duration
		want  string
	}{
		{-5 * time.Minute, ""}, {-5*time.Minute - time.Second, awserr.SignatureDoesNotMatch},
		{15 * time.Minute, ""}, {15*time.Minute + time.Second, awserr.ExpiredToken},
	} {
		w.now = made.Add(x.after)
		if err := use(host, repo, region, host, repo); x.want == "" && err != nil || x.want != "" && !awserr.Is(err, x.want) {
			t.Errorf("%v after: %v, want %q", x.after, err, x.want)
		}
	}
}

func TestMemoryIsBounded(t *testing.T) {
	var s sessions
	c := &credential{}
	for i := range maxSessions + 10 {
		s.put("id", strings.Repeat("x", i%100)+string(rune(i)), c)
	}
	if s.order.Len() != maxSessions || len(s.byKey) != maxSessions {
		t.Errorf("%d and %d sessions are kept", s.order.Len(), len(s.byKey))
	}
}

func BenchmarkGit(b *testing.B) {
	w := newWorld(b)
	c := w.session(reader)
	p := sigv4.GitPassword(c.Secret, region, host, repo, w.now).Reveal()
	user := sigv4.GitUser(c)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := w.Git(b.Context(), user, p, host, repo, RequestInfo{}); err != nil {
			b.Fatal(err)
		}
	}
}
