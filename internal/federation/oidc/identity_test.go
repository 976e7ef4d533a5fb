package oidc

import (
	"maps"
	"slices"
	"testing"
	"time"

	"sojourn/internal/awserr"
)

func TestIdentity(t *testing.T) {
	claims := changed(goodClaims(), map[string]any{
		"aud": []string{"api", client}, "azp": client, "amr": []string{"pwd", "otp"}, "email": "alice@example.com", "email_verified": true,
		tagsClaim:           map[string]any{"principal_tags": map[string]any{"Team": []string{"blue"}}, "transitive_tag_keys": []string{"Team"}},
		sourceIdentityClaim: "alice",
	})
	id, err := verifyOne(t, sign(goodHeader(), claims, "RS256", keyring().rsa))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]string{
		url + ":sub": {"alice"}, url + ":aud": {client}, url + ":azp": {client}, url + ":oaud": {"api", client},
		url + ":amr": {"pwd", "otp"}, url + ":email": {"alice@example.com"},
	}
	if !maps.EqualFunc(id.Context, want, slices.Equal) {
		t.Errorf("context %v, want %v", id.Context, want)
	}
	if id.Subject != "alice" || id.Audience != client || id.Provider.URL != url || id.SourceIdentity != "alice" ||
		id.Tags["Team"] != "blue" || !slices.Equal(id.Transitive, []string{"Team"}) || id.StaleKeys {
		t.Errorf("got %+v", id)
	}
}

// TestUnverifiedEmail: an address that nobody has checked makes no condition key.
func TestUnverifiedEmail(t *testing.T) {
	for _, verified := range []any{nil, false, "false", "yes", 1} {
		claims := changed(goodClaims(), map[string]any{"email": "admin@example.com", "email_verified": verified})
		id, err := verifyOne(t, sign(goodHeader(), claims, "RS256", keyring().rsa))
		if err != nil || id.Context[url+":email"] != nil {
			t.Errorf("email_verified %v: %v, %v", verified, id, err)
		}
	}
}

func TestTexts(t *testing.T) {
	k := keyring()
	for _, alg := range []string{"none", "HS256", "PS384", "rs256"} {
		_, err := parseToken(b64([]byte(`{"alg":"`+alg+`"}`)) + ".e30.AAAA")
		if awserr.From(err).Message != "The web identity token is signed with an algorithm that is not supported" {
			t.Errorf("%s: %v", alg, err)
		}
	}
	for _, c := range []struct {
		change map[string]any
		want   string
	}{
		{map[string]any{"iss": "https://attacker.example/\x1b[31m"}, "No OpenIDConnect provider found in your account for https://attacker.example/?[31m"},
		{map[string]any{"aud": "other"}, "Incorrect token audience"},
		{map[string]any{"exp": nil}, "Missing a required claim: exp"},
		{map[string]any{"iat": start.Add(-time.Hour).Unix(), "exp": start.Add(-2 * time.Minute).Unix()},
			"Token expired: current date/time 1795521600 must be before the expiration date/time 1795521480"},
	} {
		_, err := verifyOne(t, sign(goodHeader(), changed(goodClaims(), c.change), "RS256", k.rsa))
		if e := awserr.From(err); e.Message != c.want {
			t.Errorf("got %q, want %q", e.Message, c.want)
		}
	}
}
