package oidc

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"crypto/x509"

	"sojourn/internal/awserr"
	"sojourn/internal/federation/outbound"
	"sojourn/internal/store"
)

const unreachableCode = "IDPCommunicationError"

// fresh makes a token that is good at the provider's time.
func (p *provider) token(kid string) string {
	now := p.clock()
	claims := changed(goodClaims(), map[string]any{"iat": now.Unix(), "exp": now.Add(time.Minute).Unix()})
	return sign(map[string]any{"alg": "RS256", "kid": kid}, claims, "RS256", keyring().rsa)
}

func wantCode(t *testing.T, what string, err error, code string) {
	t.Helper()
	if code == "" && err != nil || code != "" && !awserr.Is(err, code) {
		t.Errorf("%s: got %v, want %q", what, err, code)
	}
}

// TestUnknownKidFlood: tokens with keys that do not exist cost the provider one
// fetch a minute, however many there are.
func TestUnknownKidFlood(t *testing.T) {
	p := newProvider()
	v := p.verifier()
	if _, err := v.Verify(t.Context(), p.token("rsa"), find); err != nil || p.fetches != 1 {
		t.Fatalf("%v after %d fetches", err, p.fetches)
	}
	for minute := range 3 {
		p.turn(unknownGap)
		for i := range 50 {
			_, err := v.Verify(t.Context(), p.token(fmt.Sprintf("unknown-%d", i)), find)
			wantCode(t, "an unknown kid", err, badToken)
		}
		if p.fetches != 2+minute {
			t.Errorf("%d fetches after %d minutes, want %d", p.fetches, minute+1, 2+minute)
		}
	}
}

func TestUnregisteredIssuerIsNotFetched(t *testing.T) {
	p := newProvider()
	f := fetchFunc(func(_ context.Context, u string) ([]byte, http.Header, error) {
		t.Errorf("fetched %q", u)
		return nil, nil, errDown
	})
	claims := changed(goodClaims(), map[string]any{"iss": "https://169.254.169.254/latest"})
	_, err := New(Options{Fetch: f, Now: p.clock}).Verify(t.Context(), sign(goodHeader(), claims, "RS256", keyring().rsa), find)
	wantCode(t, "an unregistered issuer", err, badToken)
}

type fetchFunc func(context.Context, string) ([]byte, http.Header, error)

func (f fetchFunc) Get(ctx context.Context, u string) ([]byte, http.Header, error) { return f(ctx, u) }

// TestRotation: a new key is found by its kid, and one that the provider has
// taken away is refused from the next fetch on.
func TestRotation(t *testing.T) {
	p := newProvider()
	v := p.verifier()
	p.keys = []any{jwk(keyring().other, "old", nil)}
	_, err := v.Verify(t.Context(), p.token("rsa"), find)
	wantCode(t, "before the rotation", err, badToken)
	p.keys = []any{jwk(keyring().rsa, "rsa", nil)}
	p.turn(unknownGap)
	_, err = v.Verify(t.Context(), p.token("rsa"), find)
	wantCode(t, "after the rotation", err, "")
	p.keys = []any{jwk(keyring().other, "new", nil)}
	_, err = v.Verify(t.Context(), p.token("rsa"), find)
	wantCode(t, "while the keys are fresh", err, "")
	p.turn(minFresh)
	_, err = v.Verify(t.Context(), p.token("rsa"), find)
	wantCode(t, "a key that was withdrawn", err, badToken)
}

func TestFreshness(t *testing.T) {
	for header, want := range map[string]time.Duration{
		"": minFresh, "max-age=0": minFresh, "no-store": minFresh, "max-age=600": 10 * time.Minute, "public, max-age=\"1800\"": 30 * time.Minute,
		"max-age=86400": maxFresh, "max-age=-1": minFresh, "max-age=x": minFresh, "max-age=99999999999999": minFresh, "Max-Age=900,private": 15 * time.Minute,
	} {
		p := newProvider()
		p.cache = header
		v := p.verifier()
		for _, step := range []struct {
			turn    time.Duration
			fetches int
		}{{0, 1}, {want - time.Second, 1}, {time.Second, 2}} {
			p.turn(step.turn)
			if _, err := v.Verify(t.Context(), p.token("rsa"), find); err != nil || p.fetches != step.fetches {
				t.Errorf("%q: %v, %d fetches, want %d", header, err, p.fetches, step.fetches)
			}
		}
	}
}

// TestOutage: sign-in with known keys works for a day without the provider, and says so.
func TestOutage(t *testing.T) {
	p := newProvider()
	v := p.verifier()
	if id, err := v.Verify(t.Context(), p.token("rsa"), find); err != nil || id.StaleKeys {
		t.Fatalf("%+v, %v", id, err)
	}
	p.down = errDown
	p.turn(staleMax)
	if id, err := v.Verify(t.Context(), p.token("rsa"), find); err != nil || !id.StaleKeys {
		t.Errorf("within a day: %+v, %v", id, err)
	}
	_, err := v.Verify(t.Context(), p.token("other"), find)
	wantCode(t, "an unknown key while the provider is down", err, unreachableCode)
	p.turn(time.Second)
	_, err = v.Verify(t.Context(), p.token("rsa"), find)
	wantCode(t, "after a day", err, unreachableCode)
	p.down = nil
	p.turn(failureGap)
	if id, err := v.Verify(t.Context(), p.token("rsa"), find); err != nil || id.StaleKeys {
		t.Errorf("back again: %+v, %v", id, err)
	}
}

func TestProviderThatWasNeverReached(t *testing.T) {
	p := newProvider()
	p.down = errDown
	v := p.verifier()
	_, err := v.Verify(t.Context(), p.token("rsa"), find)
	wantCode(t, "at first", err, unreachableCode)
	p.down = nil
	_, err = v.Verify(t.Context(), p.token("rsa"), find)
	wantCode(t, "at once again", err, unreachableCode)
	p.turn(failureGap)
	_, err = v.Verify(t.Context(), p.token("rsa"), find)
	wantCode(t, "later", err, "")
}

func TestConfiguration(t *testing.T) {
	many := make([]any, maxKeys+1)
	for i := range many {
		many[i] = jwk(keyring().rsa, fmt.Sprint(i), nil)
	}
	for name, change := range map[string]func(*provider){
		"another issuer":       func(p *provider) { p.config["issuer"] = "https://attacker.example" },
		"issuer with a slash":  func(p *provider) { p.config["issuer"] = issuer + "/" },
		"no issuer":            func(p *provider) { delete(p.config, "issuer") },
		"no jwks_uri":          func(p *provider) { delete(p.config, "jwks_uri") },
		"jwks_uri a list":      func(p *provider) { p.config["jwks_uri"] = []string{issuer + "/keys"} },
		"too many keys":        func(p *provider) { p.keys = many },
		"no keys":              func(p *provider) { p.keys = []any{} },
		"only a shared secret": func(p *provider) { p.keys = []any{map[string]any{"kty": "oct", "k": "AAAA"}} },
		"only a private key": func(p *provider) {
			p.keys = []any{jwk(keyring().rsa, "rsa", map[string]any{"d": "AQAB"})}
		},
		"only nonsense": func(p *provider) { p.keys = []any{1, "x", nil, map[string]any{}, map[string]any{"kty": "RSA"}} },
	} {
		p := newProvider()
		change(p)
		_, err := p.verifier().Verify(t.Context(), p.token("rsa"), find)
		wantCode(t, name, err, unreachableCode)
	}
	p := newProvider()
	p.keys = append([]any{1, nil, map[string]any{"kty": "XYZ"}, jwk(keyring().rsa, "bad", map[string]any{"n": "!"})}, p.keys...)
	_, err := p.verifier().Verify(t.Context(), p.token("rsa"), find)
	wantCode(t, "unfit keys beside a good one", err, "")
}

// TestSingleFlight: a hundred sign-ins at the same time share one fetch.
func TestSingleFlight(t *testing.T) {
	p := newProvider()
	p.gate = make(chan struct{})
	v := p.verifier()
	token := p.token("rsa")
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() {
			_, err := v.Verify(context.Background(), token, find)
			wantCode(t, "one of many", err, "")
		})
	}
	close(p.gate)
	wg.Wait()
	if p.fetches != 1 {
		t.Errorf("%d fetches, want 1", p.fetches)
	}
}

// TestImpatientCaller: who leaves does not take the fetch along.
func TestImpatientCaller(t *testing.T) {
	p := newProvider()
	p.gate = make(chan struct{})
	v := p.verifier()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := v.Verify(ctx, p.token("rsa"), find)
	wantCode(t, "who left", err, unreachableCode)
	close(p.gate)
	_, err = v.Verify(t.Context(), p.token("rsa"), find)
	wantCode(t, "who stayed", err, "")
	if p.fetches != 1 {
		t.Errorf("%d fetches, want 1", p.fetches)
	}
}

func TestCacheIsBounded(t *testing.T) {
	now := start
	c := newKeyCache(Options{Fetch: fetchFunc(func(context.Context, string) ([]byte, http.Header, error) { return nil, nil, errDown }), Now: func() time.Time { return now }})
	for i := range maxSources + 10 {
		now = now.Add(time.Second)
		c.refresh(t.Context(), fmt.Sprintf("https://%d.example", i), 0)
	}
	if _, newest := c.sources[fmt.Sprintf("https://%d.example", maxSources+9)]; len(c.sources) != maxSources || !newest {
		t.Errorf("%d issuers kept, the newest %v", len(c.sources), newest)
	}
}

// TestGoogle: its tokens may name it without a scheme; its documents do not.
func TestGoogle(t *testing.T) {
	p := newProvider()
	f := fetchFunc(func(_ context.Context, u string) ([]byte, http.Header, error) {
		doc := map[string]any{"keys": p.keys}
		if strings.HasSuffix(u, "/.well-known/openid-configuration") {
			doc = map[string]any{"issuer": "https://accounts.google.com", "jwks_uri": "https://www.googleapis.com/oauth2/v3/certs"}
		}
		b, err := json.Marshal(doc)
		return b, nil, err
	})
	lookup := func(u string) (store.OIDCProvider, error) {
		return store.OIDCProvider{URL: "accounts.google.com", ClientIDs: []string{client}}, nil
	}
	for iss, code := range map[string]string{"accounts.google.com": "", "https://accounts.google.com": "", "accounts.google.com/": badToken, "http://accounts.google.com": badToken} {
		claims := changed(goodClaims(), map[string]any{"iss": iss})
		_, err := New(Options{Fetch: f, Now: p.clock}).Verify(t.Context(), sign(goodHeader(), claims, "RS256", keyring().rsa), lookup)
		wantCode(t, iss, err, code)
	}
}

// TestOverTLS verifies through the real client, and is told what to do when the
// provider's address is a private one.
func TestOverTLS(t *testing.T) {
	var base string
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/keys" {
			json.NewEncoder(w).Encode(map[string]any{"keys": []any{jwk(keyring().rsa, "rsa", nil)}})
			return
		}
		json.NewEncoder(w).Encode(map[string]any{"issuer": base, "jwks_uri": base + "/keys"})
	}))
	defer server.Close()
	base = server.URL
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	lookup := func(u string) (store.OIDCProvider, error) {
		return store.OIDCProvider{URL: u, ClientIDs: []string{client}}, nil
	}
	token := sign(goodHeader(), changed(goodClaims(), map[string]any{"iss": base}), "RS256", keyring().rsa)
	for _, allow := range [][]netip.Prefix{{netip.MustParsePrefix("127.0.0.0/8")}, nil} {
		c, err := outbound.New(outbound.Options{Allow: allow, RootCAs: roots})
		if err != nil {
			t.Fatal(err)
		}
		_, err = New(Options{Fetch: c, Now: func() time.Time { return start }}).Verify(t.Context(), token, lookup)
		if allow != nil {
			wantCode(t, "an allowed address", err, "")
			continue
		}
		wantCode(t, "a private address", err, unreachableCode)
		if text := awserr.From(err).Message; !strings.Contains(text, "--federation-allow-cidr") || strings.Contains(text, "127.0.0.1") {
			t.Errorf("text %q should name the setting and no address", text)
		}
	}
}
