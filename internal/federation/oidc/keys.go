package oidc

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"errors"
	"fmt"
	"slices"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/json"
)

// Bounds of a provider's keys.
const (
	maxKeys    = 100
	minRSABits = 2048
	maxRSABits = 8192 // a larger one costs us more than its owner
)

// parseKeys reads a JWK set and keeps the keys that may verify a token. One key
// that is unknown or unfit does not spoil the others.
func parseKeys(b []byte) ([]jose.JSONWebKey, error) {
	m, err := parseObject(b)
	if err != nil {
		return nil, fmt.Errorf("reading the provider's keys: %w", err)
	}
	list, ok := m["keys"].([]any)
	if !ok || len(list) > maxKeys {
		return nil, fmt.Errorf("the provider's keys are no list of at most %d", maxKeys)
	}
	var keys []jose.JSONWebKey
	for _, v := range list {
		if k, ok := parseKey(v); ok {
			keys = append(keys, k)
		}
	}
	if len(keys) == 0 {
		return nil, errors.New("the provider has no key that can verify a signature")
	}
	return keys, nil
}

// keyMembers are the members of a key that are read. A certificate is not: the
// key itself came over a connection to the provider.
var keyMembers = []string{"kty", "kid", "use", "alg", "crv", "n", "e", "x", "y"}

// privateMembers show that a key's owner has given it away.
var privateMembers = []string{"d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"}

func parseKey(v any) (jose.JSONWebKey, bool) {
	var k jose.JSONWebKey
	m, ok := v.(map[string]any)
	if !ok || !forVerifying(m) {
		return k, false
	}
	picked := make(map[string]any, len(keyMembers))
	for _, name := range keyMembers {
		if value, ok := m[name]; ok {
			picked[name] = value
		}
	}
	b, err := json.Marshal(picked)
	if err != nil || k.UnmarshalJSON(b) != nil {
		return k, false
	}
	return k, k.IsPublic() && k.Valid() && len(algorithmsOf(k)) > 0
}

// forVerifying refuses keys for other uses, and "oct" by its type: a shared
// secret in a public document is a trap.
func forVerifying(m map[string]any) bool {
	if use, ok := m["use"]; ok && use != "sig" {
		return false
	}
	if slices.ContainsFunc(privateMembers, func(name string) bool { _, ok := m[name]; return ok }) {
		return false
	}
	if ops, ok := m["key_ops"].([]any); ok && !slices.Contains(ops, any("verify")) {
		return false
	}
	return m["kty"] == "RSA" || m["kty"] == "EC" || m["kty"] == "OKP"
}

// algorithmsOf are the algorithms that a key may be used with: what its type
// and size allow, and of those only its own where it names one.
func algorithmsOf(k jose.JSONWebKey) []jose.SignatureAlgorithm {
	fit := fitting(k.Key)
	if k.Algorithm == "" {
		return fit
	}
	own := jose.SignatureAlgorithm(k.Algorithm)
	if slices.Contains(fit, own) {
		return []jose.SignatureAlgorithm{own}
	}
	return nil
}

func fitting(key any) []jose.SignatureAlgorithm {
	switch key := key.(type) {
	case *rsa.PublicKey:
		if bits := key.N.BitLen(); bits >= minRSABits && bits <= maxRSABits {
			return []jose.SignatureAlgorithm{jose.RS256, jose.RS384, jose.RS512, jose.PS256}
		}
	case *ecdsa.PublicKey:
		switch key.Curve {
		case elliptic.P256():
			return []jose.SignatureAlgorithm{jose.ES256}
		case elliptic.P384():
			return []jose.SignatureAlgorithm{jose.ES384}
		case elliptic.P521():
			return []jose.SignatureAlgorithm{jose.ES512}
		}
	case ed25519.PublicKey:
		return []jose.SignatureAlgorithm{jose.EdDSA}
	}
	return nil
}

// candidates are the keys that may have signed a token with this header. A
// token that names no key is taken only when there is no choice.
func candidates(keys []jose.JSONWebKey, h header) []jose.JSONWebKey {
	var out []jose.JSONWebKey
	for _, k := range keys {
		if (h.kid == "" || k.KeyID == h.kid) && slices.Contains(algorithmsOf(k), h.alg) {
			out = append(out, k)
		}
	}
	if h.kid == "" && len(out) > 1 {
		return nil
	}
	return out
}
