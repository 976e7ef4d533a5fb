package oidc

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	_ "crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"sojourn/internal/store"
)

const (
	issuer  = "https://login.example.com/realms/x"
	url     = "login.example.com/realms/x"
	client  = "sojourn-client"
	account = "111122223333"
)

// start is the time on the tests' clock.
var start = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// keyring is what the tests sign with; made once, since RSA keys take time. Two
// keys are always the same, so that a fuzzing worker accepts its seeds.
var keyring = sync.OnceValue(func() (k struct {
	rsa, other, small *rsa.PrivateKey
	p256, p384, p521  *ecdsa.PrivateKey
	ed                ed25519.PrivateKey
}) {
	k.rsa, _ = rsa.GenerateKey(rand.Reader, 2048)
	k.other, _ = rsa.GenerateKey(rand.Reader, 2048)
	k.small, _ = rsa.GenerateKey(rand.Reader, 1024)
	k.p256, _ = ecdsa.ParseRawPrivateKey(elliptic.P256(), bytes.Repeat([]byte{7}, 32))
	k.p384, _ = ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	k.p521, _ = ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	k.ed = ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	return k
})

// jwk is a key's public form with members set or (nil) taken away.
func jwk(key crypto.Signer, kid string, change map[string]any) map[string]any {
	b, err := jose.JSONWebKey{Key: key.Public(), KeyID: kid, Use: "sig"}.MarshalJSON()
	if err != nil {
		panic(err)
	}
	var m map[string]any
	if err := json.Unmarshal(b, &m); err != nil {
		panic(err)
	}
	return changed(m, change)
}

func changed(m, change map[string]any) map[string]any {
	out := make(map[string]any)
	for k, v := range m {
		out[k] = v
	}
	for k, v := range change {
		if out[k] = v; v == nil {
			delete(out, k)
		}
	}
	return out
}

// provider is an identity provider that answers from memory and counts.
type provider struct {
	mu      sync.Mutex
	now     time.Time
	config  map[string]any
	keys    []any
	cache   string // Cache-Control of the keys
	down    error
	fetches int // of the keys
	gate    chan struct{}
}

func newProvider() *provider {
	k := keyring()
	return &provider{
		now:    start,
		config: map[string]any{"issuer": issuer, "jwks_uri": issuer + "/keys"},
		keys: []any{
			jwk(k.rsa, "rsa", nil), jwk(k.p256, "p256", nil), jwk(k.p384, "p384", nil), jwk(k.p521, "p521", nil), jwk(k.ed, "ed", nil), jwk(k.other, "rsa2", nil),
			jwk(k.small, "small", nil), jwk(k.other, "enc", map[string]any{"use": "enc"}), jwk(k.other, "ps", map[string]any{"alg": "PS256"}),
			jwk(k.other, "ops", map[string]any{"use": nil, "key_ops": []string{"encrypt"}}),
			map[string]any{"kty": "oct", "kid": "oct", "k": base64.RawURLEncoding.EncodeToString([]byte("0123456789abcdef0123456789abcdef"))},
		},
	}
}

func (p *provider) clock() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.now
}

func (p *provider) turn(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.now = p.now.Add(d)
}

func (p *provider) Get(ctx context.Context, u string) ([]byte, http.Header, error) {
	if p.gate != nil {
		<-p.gate
	}
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.down != nil {
		return nil, nil, p.down
	}
	var doc any
	switch u {
	case issuer + "/.well-known/openid-configuration":
		doc = p.config
	case issuer + "/keys":
		p.fetches++
		doc = map[string]any{"keys": p.keys}
	default:
		return nil, nil, fmt.Errorf("fetching %q: status 404 instead of 200", u)
	}
	b, err := json.Marshal(doc)
	return b, http.Header{"Cache-Control": {p.cache}}, err
}

func (p *provider) verifier() *Verifier { return New(Options{Fetch: p, Now: p.clock}) }

// find is an account with one registered provider.
func find(u string) (store.OIDCProvider, error) {
	if u != url {
		return store.OIDCProvider{}, fmt.Errorf("provider %q: %w", u, store.ErrNotFound)
	}
	return store.OIDCProvider{Account: account, URL: url, ClientIDs: []string{client, "second-client"}}, nil
}

// goodHeader and goodClaims are a token that is accepted.
func goodHeader() map[string]any { return map[string]any{"alg": "RS256", "kid": "rsa", "typ": "JWT"} }

func goodClaims() map[string]any {
	return map[string]any{"iss": issuer, "sub": "alice", "aud": client,
		"iat": start.Unix(), "exp": start.Add(10 * time.Minute).Unix()}
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func text(v any) []byte {
	if s, ok := v.(string); ok {
		return []byte(s)
	}
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}

// sign makes a token of a header and claims, given as JSON text or as maps.
// It signs with any key and any algorithm, sensible or not.
func sign(header, claims any, alg string, key any) string {
	input := b64(text(header)) + "." + b64(text(claims))
	return input + "." + b64(signature(input, alg, key))
}

func signature(input, alg string, key any) []byte {
	if secret, ok := key.([]byte); ok {
		h := hmac.New(sha256.New, secret)
		h.Write([]byte(input))
		return h.Sum(nil)
	}
	hash := map[string]crypto.Hash{"256": crypto.SHA256, "384": crypto.SHA384, "512": crypto.SHA512}[alg[len(alg)-3:]]
	var digest []byte
	if hash != 0 {
		h := hash.New()
		h.Write([]byte(input))
		digest = h.Sum(nil)
	}
	switch key := key.(type) {
	case *rsa.PrivateKey:
		if alg[:2] == "PS" {
			return must(rsa.SignPSS(rand.Reader, key, hash, digest, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}))
		}
		return must(rsa.SignPKCS1v15(nil, key, hash, digest))
	case *ecdsa.PrivateKey:
		r, s, err := ecdsa.Sign(rand.Reader, key, digest)
		size := (key.Curve.Params().BitSize + 7) / 8
		return append(must(r.FillBytes(make([]byte, size)), err), s.FillBytes(make([]byte, size))...)
	case ed25519.PrivateKey:
		return ed25519.Sign(key, []byte(input))
	}
	panic("no such key")
}

func must(b []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return b
}

func verifyOne(t *testing.T, token string) (*Identity, error) {
	t.Helper()
	return newProvider().verifier().Verify(t.Context(), token, find)
}

var errDown = errors.New("connection refused")
