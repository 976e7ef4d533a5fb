package signin

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"sojourn/internal/secret"
)

var start = time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)

// fake is a provider whose every answer a test may bend.
type fake struct {
	*httptest.Server
	t  *testing.T
	mu sync.Mutex

	claims    map[string]any // over the right ones
	discovery map[string]any
	device    map[string]any
	answers   []map[string]any // of the token endpoint, in turn, before tokens
	refresh   string

	challenge, nonce string       // of the last authorization request
	forms            []url.Values // that came to the token endpoint
}

func newFake(t *testing.T) *fake {
	t.Helper()
	f := &fake{t: t, claims: map[string]any{}, discovery: map[string]any{}, device: map[string]any{}}
	f.Server = httptest.NewTLSServer(f)
	t.Cleanup(f.Close)
	return f
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	r.ParseForm()
	switch r.URL.Path {
	case "/.well-known/openid-configuration":
		f.answer(w, 200, map[string]any{"issuer": f.URL, "authorization_endpoint": f.URL + "/auth", "token_endpoint": f.URL + "/token",
			"device_authorization_endpoint": f.URL + "/device", "revocation_endpoint": f.URL + "/revoke"}, f.discovery)
	case "/device":
		f.answer(w, 200, map[string]any{"device_code": "d", "user_code": "AB-CD", "verification_uri": f.URL + "/enter", "expires_in": 600, "interval": 5}, f.device)
	case "/token", "/revoke":
		f.forms = append(f.forms, r.PostForm)
		f.token(w, r)
	case "/redirects":
		http.Redirect(w, r, "/token", http.StatusTemporaryRedirect)
	default:
		http.NotFound(w, r)
	}
}

func (f *fake) answer(w http.ResponseWriter, status int, usual, bent map[string]any) {
	for k, v := range bent {
		usual[k] = v
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(usual)
}

func (f *fake) token(w http.ResponseWriter, r *http.Request) {
	if len(f.answers) > 0 {
		a := f.answers[0]
		f.answers = f.answers[1:]
		f.answer(w, 400, a, nil)
		return
	}
	if sum := sha256.Sum256([]byte(r.PostForm.Get("code_verifier"))); r.PostForm.Get("grant_type") == "authorization_code" &&
		(r.PostForm.Get("code") != "the-code" || base64.RawURLEncoding.EncodeToString(sum[:]) != f.challenge) {
		f.answer(w, 400, map[string]any{"error": "invalid_grant"}, nil)
		return
	}
	f.answer(w, 200, map[string]any{"id_token": f.idToken(), "refresh_token": f.refresh}, nil)
}

func (f *fake) idToken() string {
	claims := map[string]any{"iss": f.URL, "sub": "maria", "aud": "cli", "exp": start.Add(time.Hour).Unix(), "nonce": f.nonce, "email": "maria@example.com"}
	for k, v := range f.claims {
		claims[k] = v
	}
	payload, _ := json.Marshal(claims)
	return "e30." + base64.RawURLEncoding.EncodeToString(payload) + ".c2ln"
}

func (f *fake) client() *Client {
	return &Client{ID: "cli", Now: func() time.Time { return start }, Wait: func(context.Context, time.Duration) error { return nil }}
}

func (f *fake) discover() *Provider {
	f.t.Helper()
	p, err := Discover(f.t.Context(), f.Client(), f.URL)
	if err != nil {
		f.t.Fatal(err)
	}
	return p
}

// visit is what the browser, or an attacker, does at the address of the provider.
type visit func(f *fake, ask url.Values, back string)

// send goes to the loopback listener and returns status and page.
func send(t *testing.T, method, address string, form url.Values, header ...string) (int, http.Header) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i+1 < len(header); i += 2 {
		if header[i] == "Host" {
			r.Host = header[i+1]
		} else {
			r.Header.Set(header[i], header[i+1])
		}
	}
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return 0, nil
	}
	defer resp.Body.Close()
	var page strings.Builder
	fmt.Fprint(&page, resp.Header)
	if strings.Contains(page.String(), "Location") {
		t.Errorf("the listener redirects to %q", resp.Header.Get("Location"))
	}
	return resp.StatusCode, resp.Header
}

// code runs a browser sign-in in which v happens at the provider.
func (f *fake) code(v visit, change ...func(*Browse)) (Tokens, error) {
	f.t.Helper()
	p := f.discover()
	b := Browse{Tell: func(string) {}, Open: func(address string) error {
		u, err := url.Parse(address)
		if err != nil {
			f.t.Error(err)
		}
		ask := u.Query()
		f.mu.Lock()
		f.challenge, f.nonce = ask.Get("code_challenge"), ask.Get("nonce")
		f.mu.Unlock()
		go v(f, ask, ask.Get("redirect_uri"))
		return nil
	}}
	for _, c := range change {
		c(&b)
	}
	return p.Code(f.t.Context(), f.client(), b, DefaultRedirect)
}

// right is what an honest browser brings.
func right(f *fake, ask url.Values, back string) {
	send(f.t, "GET", back+"?"+url.Values{"code": {"the-code"}, "state": {ask.Get("state")}}.Encode(), nil)
}

func TestCode(t *testing.T) {
	f := newFake(t)
	tokens, err := f.code(right)
	if err != nil || tokens.Subject != "maria" || tokens.Name != "maria@example.com" || tokens.ID.Empty() || !tokens.Refresh.Empty() {
		t.Fatalf("%+v %v", tokens, err)
	}
	form := f.forms[0]
	if form.Get("client_id") != "cli" || form.Get("client_secret") != "" || !strings.HasPrefix(form.Get("redirect_uri"), "http://127.0.0.1:") {
		t.Errorf("asked with %v", form)
	}
}

// A client with a secret, which goes in the header; a refresh token only when it is wanted.
func TestConfidentialClient(t *testing.T) {
	f := newFake(t)
	f.refresh = "r"
	c := f.client()
	c.Secret, c.Keep = secret.New("s e"), true
	tokens, err := f.discover().redeem(t.Context(), c, url.Values{"grant_type": {"refresh_token"}}, "")
	if err != nil || tokens.Refresh.Reveal() != "r" || f.forms[0].Has("client_secret") {
		t.Errorf("%+v %v %v", tokens, err, f.forms)
	}
	if got := c.scopes(); got != "openid profile email offline_access" {
		t.Error(got)
	}
	c.Scopes = "groups"
	if got := c.scopes(); got != "openid groups offline_access" {
		t.Error(got)
	}
}

func TestDevice(t *testing.T) {
	for _, c := range []struct {
		name    string
		answers []map[string]any
		device  map[string]any
		err     string
		waited  time.Duration
	}{
		{"at once", nil, nil, "", 5 * time.Second},
		{"patience", []map[string]any{{"error": "authorization_pending"}, {"error": "slow_down"}, {"error": "authorization_pending"}}, nil, "", 30 * time.Second},
		{"denied", []map[string]any{{"error": "access_denied", "error_description": "no\x1b[2J"}}, nil, "access_denied (no?[2J)", 5 * time.Second},
		{"expired", []map[string]any{{"error": "expired_token"}}, nil, ErrTimeout.Error(), 5 * time.Second},
		{"too late", []map[string]any{{"error": "authorization_pending"}, {"error": "authorization_pending"}, {"error": "authorization_pending"}}, map[string]any{"expires_in": 10}, ErrTimeout.Error(), 10 * time.Second},
		{"no interval", nil, map[string]any{"interval": 0}, "", 5 * time.Second},
		{"an interval of no time", nil, map[string]any{"interval": 0.001}, "", time.Second},
		{"an interval of days", nil, map[string]any{"interval": 1e6, "expires_in": 1e9}, "", time.Minute},
		{"an address that is not https", nil, map[string]any{"verification_uri": "javascript:alert(1)"}, "is not understood", 0},
		{"no code", nil, map[string]any{"user_code": ""}, "is not understood", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFake(t)
			f.answers, f.device = c.answers, c.device
			var waited time.Duration
			client := f.client()
			client.Wait = func(_ context.Context, d time.Duration) error { waited += d; return nil }
			var told string
			tokens, err := f.discover().Device(t.Context(), client, func(s string) { told = s })
			switch {
			case c.err == "" && (err != nil || tokens.Subject != "maria" || !strings.Contains(told, "AB-CD")):
				t.Errorf("%+v %v %q", tokens, err, told)
			case c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)):
				t.Errorf("%v, want %q", err, c.err)
			}
			if waited != c.waited {
				t.Errorf("waited %s, want %s", waited, c.waited)
			}
		})
	}
	f := newFake(t)
	f.discovery["device_authorization_endpoint"] = ""
	if _, err := f.discover().Device(t.Context(), f.client(), func(string) {}); err == nil || !strings.Contains(err.Error(), "leave --device out") {
		t.Error(err)
	}
}

// A provider that cannot be asked: why, and what to do.
func TestUnreachable(t *testing.T) {
	untrusted := httptest.NewTLSServer(http.NotFoundHandler())
	defer untrusted.Close()
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	for address, want := range map[string]string{
		untrusted.URL: "is not trusted: tls: failed to verify certificate: x509: certificate signed by unknown authority; name its authority with --ca-bundle, AWS_CA_BUNDLE or ca_bundle",
		gone.URL:      "connection refused; check the address and the network",
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address+"/?secret", nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := fetch(&http.Client{}, r); err == nil || !strings.HasSuffix(err.Error(), want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%v, want %q", err, want)
		}
	}
}
