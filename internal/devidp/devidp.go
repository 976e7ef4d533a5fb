// Package devidp is a small OpenID Connect provider for the demonstration and
// the tests: discovery, keys, and ID tokens for whoever asks in the same
// process. It signs anyone in, so it must never face people.
package devidp

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"sojourn/internal/server/authority"
)

// Provider is a running provider on loopback.
type Provider struct {
	URL string // the issuer, https://localhost:PORT
	CA  string // PEM file of the authority that its certificate is under

	now    func() time.Time
	signer jose.Signer
	keys   []byte
	http   *http.Server
}

// Start runs a provider whose authority is kept in dir.
func Start(dir string, now func() time.Time) (*Provider, error) {
	ca, err := authority.Open(dir, []string{"localhost", "127.0.0.1"}, now)
	if err != nil {
		return nil, err
	}
	p := &Provider{CA: filepath.Join(dir, "ca.pem"), now: now}
	if err := p.makeKey(); err != nil {
		return nil, fmt.Errorf("making the provider's key: %w", err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	p.URL = "https://localhost:" + port
	p.http = &http.Server{
		Handler: p.routes(), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 5 * time.Second, WriteTimeout: 5 * time.Second,
		TLSConfig: &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: ca.Certificate},
		ErrorLog:  log.New(io.Discard, "", 0),
	}
	go p.http.ServeTLS(l, "", "")
	return p, nil
}

// Keys is the JWK set that the provider answers.
func (p *Provider) Keys() []byte { return slices.Clone(p.keys) }

// Close ends the provider.
func (p *Provider) Close() error { return p.http.Close() }

// Host is the issuer as ARNs and condition keys spell it: without the scheme.
func (p *Provider) Host() string { return strings.TrimPrefix(p.URL, "https://") }

func (p *Provider) makeKey() error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	const id = "devidp-1"
	options := (&jose.SignerOptions{}).WithType("JWT").WithHeader("kid", id)
	if p.signer, err = jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: key}, options); err != nil {
		return err
	}
	p.keys, err = json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: id, Algorithm: "ES256", Use: "sig"}}})
	return err
}

func (p *Provider) routes() http.Handler {
	mux := http.NewServeMux()
	answer := func(body func() []byte) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.Write(body())
		}
	}
	mux.Handle("GET /.well-known/openid-configuration", answer(func() []byte {
		b, _ := json.Marshal(map[string]any{ // plain strings always encode
			"issuer": p.URL, "jwks_uri": p.URL + "/keys", "authorization_endpoint": p.URL + "/authorize",
			"response_types_supported": []string{"id_token"}, "subject_types_supported": []string{"public"},
			"id_token_signing_alg_values_supported": []string{"ES256"},
		})
		return b
	}))
	mux.Handle("GET /keys", answer(func() []byte { return p.keys }))
	return mux
}

// Token signs an ID token that lives for life. More claims may replace the usual ones.
func (p *Provider) Token(subject, audience string, life time.Duration, more map[string]any) (string, error) {
	now := p.now()
	claims := map[string]any{"iss": p.URL, "sub": subject, "aud": audience, "iat": now.Unix(), "exp": now.Add(life).Unix()}
	for k, v := range more {
		claims[k] = v
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("encoding the claims: %w", err)
	}
	signed, err := p.signer.Sign(payload)
	if err != nil {
		return "", fmt.Errorf("signing the token: %w", err)
	}
	return signed.CompactSerialize()
}
