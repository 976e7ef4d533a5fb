package idp

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"sojourn/internal/server/authority"
)

// front is the proxy at which a provider's TLS ends. It has its address before
// the provider starts, keeps it over restarts, and counts what is asked.
type front struct {
	URL string // https://localhost:PORT
	CA  string // PEM file of the authority of its certificate

	backend string // HOST:PORT of the provider
	roots   *x509.CertPool
	mu      sync.Mutex
	asked   map[string]int // by path
}

func newFront(t *testing.T) *front {
	t.Helper()
	dir := t.TempDir()
	ca, err := authority.Open(dir, []string{"localhost", "127.0.0.1"}, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	f := &front{URL: "https://localhost:" + port, CA: filepath.Join(dir, "ca.pem"), backend: freeAddress(t),
		roots: x509.NewCertPool(), asked: make(map[string]int)}
	f.roots.AppendCertsFromPEM([]byte(read(t, f.CA)))
	server := &http.Server{Handler: f.handler(), ReadHeaderTimeout: 5 * time.Second, ErrorLog: log.New(io.Discard, "", 0),
		TLSConfig: &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: ca.Certificate}}
	go server.ServeTLS(l, "", "")
	t.Cleanup(func() { server.Close() })
	return f
}

func (f *front) handler() http.Handler {
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "http", Host: f.backend})
			r.SetXForwarded()
			r.Out.Host = r.In.Host
		},
		ErrorLog: log.New(io.Discard, "", 0), // a provider that is down shows as 502
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		f.asked[r.URL.Path]++
		f.mu.Unlock()
		proxy.ServeHTTP(w, r)
	})
}

// count tells how often path has been asked for.
func (f *front) count(path string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.asked[path]
}

// local is a URL of the provider itself, without the proxy.
func (f *front) local(path string) string { return "http://" + f.backend + path }
