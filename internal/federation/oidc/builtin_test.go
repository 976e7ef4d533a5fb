package oidc

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"testing"

	"sojourn/internal/store"
)

// big is Google and Cognito in one, each with a key of its own.
var big = fetchFunc(func(_ context.Context, u string) ([]byte, http.Header, error) {
	doc, ok := map[string]any{
		"https://accounts.google.com/.well-known/openid-configuration":            map[string]any{"issuer": "https://accounts.google.com", "jwks_uri": "https://www.googleapis.com/oauth2/v3/certs"},
		"https://www.googleapis.com/oauth2/v3/certs":                              map[string]any{"keys": []any{jwk(keyring().rsa, "google", nil)}},
		"https://cognito-identity.amazonaws.com/.well-known/openid-configuration": map[string]any{"issuer": "https://cognito-identity.amazonaws.com", "jwks_uri": "https://cognito-identity.amazonaws.com/keys"},
		"https://cognito-identity.amazonaws.com/keys":                             map[string]any{"keys": []any{jwk(keyring().other, "cognito", nil)}},
	}[u]
	if !ok {
		return nil, nil, fmt.Errorf("fetching %q: %w", u, errUnexpected)
	}
	b, err := json.Marshal(doc)
	return b, nil, err
})

var errUnexpected = fmt.Errorf("nobody may ask for it")

// verifyBuiltIn is an account that has registered nobody.
func verifyBuiltIn(t *testing.T, token string) (*Identity, error) {
	t.Helper()
	return New(Options{Fetch: big, Now: newProvider().clock}).Verify(t.Context(), token, func(string) (store.OIDCProvider, error) {
		return store.OIDCProvider{}, store.ErrNotFound
	})
}

// bigToken is a token of Google or, with a change of iss, of who looks like it.
func bigToken(change map[string]any) string {
	claims := changed(goodClaims(), map[string]any{"iss": "https://accounts.google.com", "aud": "1234.apps.googleusercontent.com"})
	return sign(map[string]any{"alg": "RS256", "kid": "google"}, changed(claims, change), "RS256", keyring().rsa)
}

func cognitoToken(change map[string]any) string {
	claims := changed(goodClaims(), map[string]any{"iss": "https://cognito-identity.amazonaws.com", "aud": "us-east-1:pool", "amr": []string{"authenticated"}})
	return sign(map[string]any{"alg": "RS256", "kid": "cognito"}, changed(claims, change), "RS256", keyring().other)
}

func TestBuiltIn(t *testing.T) {
	for name, x := range map[string]struct{ token, url, audience, oaud string }{
		"Google":                  {bigToken(nil), google, "1234.apps.googleusercontent.com", ""},
		"Google without a scheme": {bigToken(map[string]any{"iss": google}), google, "1234.apps.googleusercontent.com", ""},
		"Google with azp":         {bigToken(map[string]any{"azp": "android"}), google, "android", "1234.apps.googleusercontent.com"},
		"Cognito":                 {cognitoToken(nil), cognito, "us-east-1:pool", ""},
	} {
		id, err := verifyBuiltIn(t, x.token)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		oaud := append(id.Context[x.url+":oaud"], "")[0]
		if !id.BuiltIn || id.Provider.URL != x.url || id.Audience != x.audience || id.Context[x.url+":aud"][0] != x.audience || oaud != x.oaud {
			t.Errorf("%s: %+v", name, id)
		}
	}
}

func builtInAttacks() []attack {
	out := []attack{
		{"Cognito's token by Google's key", sign(map[string]any{"alg": "RS256", "kid": "google"}, changed(goodClaims(), map[string]any{"iss": "https://cognito-identity.amazonaws.com"}), "RS256", keyring().rsa), badToken, byKey},
		{"Google's token by Cognito's key", sign(map[string]any{"alg": "RS256", "kid": "cognito"}, changed(goodClaims(), map[string]any{"iss": google}), "RS256", keyring().other), badToken, byKey},
		{"two aud and no azp", bigToken(map[string]any{"aud": []string{"a", "b"}}), badToken, "several audiences and no azp"},
		{"no aud", bigToken(map[string]any{"aud": nil}), badToken, "Missing a required claim: aud"},
		{"an expired token", bigToken(map[string]any{"iat": 1, "exp": 2}), expired, byExpiry},
	}
	for _, iss := range []string{
		"accounts.google.com/", "https://accounts.google.com/", "http://accounts.google.com", "ACCOUNTS.GOOGLE.COM", "https://Accounts.Google.com", "//accounts.google.com",
		"https://accounts.google.com.attacker.example", "https://accounts.google.com@attacker.example", "https://attacker.example/accounts.google.com",
		"https://attacker.example#accounts.google.com", "https://accounts.google.com:443", "accounts.google.com.", "https://accounts.google.com?x=y", " accounts.google.com",
		"accounts.google.com\x00", "https://\u0430ccounts.google.com", "https://securetoken.google.com/project",
		"cognito-identity.amazonaws.com", "https://cognito-identity.amazonaws.com/", "http://cognito-identity.amazonaws.com", "https://cognito-identity.us-east-1.amazonaws.com",
		"https://cognito-idp.us-east-1.amazonaws.com/us-east-1_pool", "https://cognito-identity.amazonaws.com.cn",
		"www.amazon.com", "https://www.amazon.com", "https://graph.facebook.com", "https://www.facebook.com",
	} {
		out = append(out, attack{fmt.Sprintf("iss %q", iss), bigToken(map[string]any{"iss": iss}), badToken, byIssuer})
	}
	return out
}
