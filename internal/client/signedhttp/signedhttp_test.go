package signedhttp

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"sojourn/internal/secret"
	"sojourn/internal/sigv4"
)

var now = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func client(t *testing.T, caBundle string) (*Client, *int) {
	t.Helper()
	c, err := New(caBundle, func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	pauses := new(int)
	c.pause = func(context.Context, time.Duration) error { *pauses++; return nil }
	return c, pauses
}

// A busy server is asked again, twice; any other answer is the answer.
func TestRetries(t *testing.T) {
	for _, c := range []struct {
		status int
		body   string
		calls  int
	}{
		{200, "fine", 1}, {403, "<Code>AccessDenied</Code>", 1}, {400, `{"__type":"ValidationException"}`, 1}, {501, "", 1},
		{500, "", 3}, {503, "", 3}, {429, "", 3}, {400, "<Code>Throttling</Code>", 3}, {400, `{"__type":"ThrottlingException"}`, 3},
		{400, "<Code>IDPCommunicationError</Code>", 3}, {302, "", 1},
	} {
		calls := 0
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			calls++
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(c.status)
			io.WriteString(w, c.body)
		}))
		h, pauses := client(t, "")
		status, body, err := h.Post(context.Background(), Request{URL: s.URL})
		s.Close()
		if status != c.status || string(body) != c.body || err != nil || calls != c.calls || *pauses != calls-1 {
			t.Errorf("%+v: %d calls, %d pauses, %d %q %v", c, calls, *pauses, status, body, err)
		}
	}
}

// A server that says when to come back is asked no sooner, and one that says
// much later not again.
func TestRetryAfter(t *testing.T) {
	for header, want := range map[string][]time.Duration{
		"": {200 * time.Millisecond, 400 * time.Millisecond}, "3": {3 * time.Second, 3 * time.Second}, "5": {5 * time.Second, 5 * time.Second},
		"6": nil, "900": nil, "0": {200 * time.Millisecond, 400 * time.Millisecond},
		"-1": {200 * time.Millisecond, 400 * time.Millisecond}, "99999999999999999999": {200 * time.Millisecond, 400 * time.Millisecond},
	} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Retry-After", header)
			w.WriteHeader(400)
			io.WriteString(w, "<Code>Throttling</Code>")
		}))
		h, _ := client(t, "")
		var pauses []time.Duration
		h.pause = func(_ context.Context, d time.Duration) error { pauses = append(pauses, d); return nil }
		status, _, err := h.Post(context.Background(), Request{URL: s.URL})
		s.Close()
		if status != 400 || err != nil || !slices.Equal(pauses, want) {
			t.Errorf("%q: %v, want %v; %d %v", header, pauses, want, status, err)
		}
	}
}

func TestSigned(t *testing.T) {
	cred := sigv4.Credentials{AccessKeyID: "ASIAEXAMPLE", Secret: secret.New("secret"), Token: "token"}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a, err := sigv4.ParseRequest(r)
		if err != nil {
			w.WriteHeader(400)
			return
		}
		key := sigv4.DeriveKey("secret", a.Date, a.Region, a.Service)
		if a.AccessKeyID != "ASIAEXAMPLE" || a.Token != "token" || a.Service != "sts" || a.Region != "eu-west-1" || !a.Verify(r, sum("Action=X"), key) {
			w.WriteHeader(403)
		}
	}))
	defer s.Close()
	h, _ := client(t, "")
	r := Request{URL: s.URL, ContentType: "application/x-www-form-urlencoded", Body: []byte("Action=X"), Service: "sts", Region: "eu-west-1", Credentials: &cred}
	if status, _, err := h.Post(context.Background(), r); status != 200 || err != nil {
		t.Errorf("signed: %d, %v", status, err)
	}
	r.Credentials = nil
	if status, _, err := h.Post(context.Background(), r); status != 400 || err != nil {
		t.Errorf("unsigned: %d, %v", status, err)
	}
}

func sum(body string) string {
	s := sha256.Sum256([]byte(body))
	return hex.EncodeToString(s[:])
}

// What a user reads when there is no answer: one line, with the next step.
func TestNoAnswer(t *testing.T) {
	secure := httptest.NewTLSServer(http.NotFoundHandler())
	defer secure.Close()
	gone := httptest.NewServer(nil)
	gone.Close()
	for url, want := range map[string]string{
		secure.URL: "the certificate of " + secure.URL + " is not trusted: ",
		gone.URL:   gone.URL + " could not be reached: ",
	} {
		h, _ := client(t, "")
		_, _, err := h.Post(context.Background(), Request{URL: url})
		if err == nil || !strings.HasPrefix(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%v; want %q", err, want)
		}
	}
}

func TestCABundle(t *testing.T) {
	s := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer s.Close()
	good, empty := filepath.Join(t.TempDir(), "ca.pem"), filepath.Join(t.TempDir(), "empty")
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	for path, text := range map[string][]byte{good: block, empty: nil} {
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	h, _ := client(t, good)
	if status, _, err := h.Post(context.Background(), Request{URL: s.URL}); status != 200 || err != nil {
		t.Errorf("%d, %v", status, err)
	}
	for _, path := range []string{empty, good + ".missing"} {
		if _, err := New(path, time.Now); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", path, err)
		}
	}
}
