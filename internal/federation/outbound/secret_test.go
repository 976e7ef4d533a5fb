package outbound

import (
	"crypto/x509"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"sojourn/internal/secret"
)

// TestSecretsStayOutOfErrors: a fetch that bears secrets fails in every way it
// can, and none of the errors holds them.
func TestSecretsStayOutOfErrors(t *testing.T) {
	const hidden = "hunter2"
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("token") != hidden || r.Header.Get("Authorization") != "Bearer "+hidden {
			t.Errorf("request %s, %v", r.URL, r.Header)
		}
		switch r.URL.Path {
		case "/ok":
			w.Write([]byte("{}"))
		case "/long":
			w.Write(make([]byte, MaxBody+1))
		case "/cut":
			panic(http.ErrAbortHandler)
		case "/away":
			http.Redirect(w, r, "/ok", http.StatusFound)
		default:
			http.Error(w, hidden, http.StatusBadRequest)
		}
	}))
	defer server.Close()
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	allowed, err := New(Options{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, RootCAs: roots})
	if err != nil {
		t.Fatal(err)
	}
	strict, err := New(Options{RootCAs: roots})
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		c   *Client
		url string
		ok  bool
	}{
		{allowed, server.URL + "/ok", true}, {allowed, server.URL + "/long", false}, {allowed, server.URL + "/cut", false}, {allowed, server.URL + "/away", false},
		{allowed, server.URL + "/bad", false}, {strict, server.URL + "/ok", false}, {allowed, "http://127.0.0.1/", false}, {allowed, "https://127.0.0.1:1/", false},
	} {
		_, err := x.c.GetSecret(t.Context(), Secret{URL: x.url, Query: url.Values{"token": {hidden}}, Bearer: secret.New(hidden)})
		if (err == nil) != x.ok || err != nil && strings.Contains(err.Error(), hidden) {
			t.Errorf("%s: %v", x.url, err)
		}
		if e, ok := errors.AsType[*StatusError](err); strings.HasSuffix(x.url, "/bad") && (!ok || e.Status != http.StatusBadRequest) {
			t.Errorf("%s: %v", x.url, err)
		}
	}
}
