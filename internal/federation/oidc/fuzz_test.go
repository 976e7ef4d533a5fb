package oidc

import (
	"strings"
	"testing"
)

// FuzzVerify: whatever text comes, there is no panic, and what is accepted is a
// payload that the provider has signed.
func FuzzVerify(f *testing.F) {
	k := keyring()
	genuine := map[string]bool{}
	for _, token := range []string{
		sign(goodHeader(), goodClaims(), "RS256", k.rsa),
		sign(map[string]any{"alg": "ES256", "kid": "p256"}, goodClaims(), "ES256", k.p256),
		sign(map[string]any{"alg": "EdDSA", "kid": "ed"}, changed(goodClaims(), map[string]any{"azp": client}), "EdDSA", k.ed),
	} {
		f.Add(token)
		genuine[token[:strings.LastIndexByte(token, '.')]] = true
	}
	for _, a := range append(headerAttacks(), claimAttacks()...) {
		f.Add(a.token)
	}
	v := newProvider().verifier()
	f.Fuzz(func(t *testing.T, token string) {
		id, err := v.Verify(t.Context(), token, find)
		if (id == nil) == (err == nil) {
			t.Fatalf("got %v and %v", id, err)
		}
		if err == nil && !genuine[token[:strings.LastIndexByte(token, '.')]] {
			t.Fatalf("accepted %q as %+v", token, id)
		}
	})
}

// FuzzKeys: a key set never panics, and what is kept can verify something.
func FuzzKeys(f *testing.F) {
	for _, k := range newProvider().keys {
		f.Add([]byte(`{"keys":[` + string(text(k)) + `]}`))
	}
	f.Add([]byte(`{"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB"},null]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		keys, err := parseKeys(b)
		if err == nil && (len(keys) == 0 || len(keys) > maxKeys) {
			t.Fatalf("%d keys", len(keys))
		}
		for _, k := range keys {
			if !k.IsPublic() || len(algorithmsOf(k)) == 0 {
				t.Fatalf("kept %#v", k)
			}
		}
	})
}
