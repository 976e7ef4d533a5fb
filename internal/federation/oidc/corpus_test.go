package oidc

import (
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"sojourn/internal/awserr"
)

const (
	badToken = "InvalidIdentityToken"
	expired  = "ExpiredTokenException"
	rejects  = "IDPRejectedClaim"
)

// TestBenign are tokens as real providers make them.
func TestBenign(t *testing.T) {
	k := keyring()
	head := func(alg, kid string) map[string]any { return map[string]any{"alg": alg, "kid": kid} }
	claim := func(v any) string {
		return sign(goodHeader(), changed(goodClaims(), map[string]any{"x": v}), "RS256", k.rsa)
	}
	siblings := strings.TrimSuffix(strings.Repeat(`[{}],`, 40), ",")
	for name, token := range map[string]string{
		"RS256":             sign(goodHeader(), goodClaims(), "RS256", k.rsa),
		"RS384":             sign(head("RS384", "rsa"), goodClaims(), "RS384", k.rsa),
		"RS512":             sign(head("RS512", "rsa"), goodClaims(), "RS512", k.rsa),
		"PS256":             sign(head("PS256", "rsa"), goodClaims(), "PS256", k.rsa),
		"a key's own alg":   sign(head("PS256", "ps"), goodClaims(), "PS256", k.other),
		"ES256":             sign(head("ES256", "p256"), goodClaims(), "ES256", k.p256),
		"ES384":             sign(head("ES384", "p384"), goodClaims(), "ES384", k.p384),
		"ES512":             sign(head("ES512", "p521"), goodClaims(), "ES512", k.p521),
		"EdDSA":             sign(head("EdDSA", "ed"), goodClaims(), "EdDSA", k.ed),
		"no typ":            sign(changed(goodHeader(), map[string]any{"typ": nil}), goodClaims(), "RS256", k.rsa),
		"typ jwt":           sign(changed(goodHeader(), map[string]any{"typ": "jwt"}), goodClaims(), "RS256", k.rsa),
		"x5t and cty":       sign(changed(goodHeader(), map[string]any{"x5t": "AAAA", "x5t#S256": "AAAA", "cty": "json"}), goodClaims(), "RS256", k.rsa),
		"no kid, one key":   sign(map[string]any{"alg": "ES256"}, goodClaims(), "ES256", k.p256),
		"aud as a list":     sign(goodHeader(), changed(goodClaims(), map[string]any{"aud": []string{client}}), "RS256", k.rsa),
		"azp and two aud":   sign(goodHeader(), changed(goodClaims(), map[string]any{"aud": []string{"other", client}, "azp": client}), "RS256", k.rsa),
		"second client":     sign(goodHeader(), changed(goodClaims(), map[string]any{"aud": "second-client"}), "RS256", k.rsa),
		"unknown claims":    sign(goodHeader(), changed(goodClaims(), map[string]any{"groups": []string{"a"}, "Groups": 1, "nested": map[string]any{"a": []any{1.5, nil, true}}}), "RS256", k.rsa),
		"Unicode subject":   sign(goodHeader(), changed(goodClaims(), map[string]any{"sub": "Zoë Müller"}), "RS256", k.rsa),
		"fractional dates":  sign(goodHeader(), changed(goodClaims(), map[string]any{"iat": float64(start.Unix()) + 0.5}), "RS256", k.rsa),
		"brackets in texts": claim([]string{strings.Repeat("[{", 40), `"` + strings.Repeat("[", 40), `\` + strings.Repeat("{", 40)}),
		"40 lists abreast":  claim(json.RawMessage("[" + siblings + "]")),
		"nested 16 deep":    claim(json.RawMessage(strings.Repeat("[", 15) + strings.Repeat("]", 15))),
		"a long subject":    sign(goodHeader(), changed(goodClaims(), map[string]any{"sub": strings.Repeat("ü", maxName)}), "RS256", k.rsa),
		"just expired":      sign(goodHeader(), changed(goodClaims(), map[string]any{"iat": start.Add(-time.Hour).Unix(), "exp": start.Add(-59 * time.Second).Unix()}), "RS256", k.rsa),
		"clock a bit ahead": sign(goodHeader(), changed(goodClaims(), map[string]any{"iat": start.Add(time.Minute).Unix(), "nbf": start.Add(time.Minute).Unix()}), "RS256", k.rsa),
		"a day, dated back": sign(goodHeader(), changed(goodClaims(), map[string]any{"iat": start.Add(-5 * time.Minute).Unix(), "exp": start.Add(24 * time.Hour).Unix()}), "RS256", k.rsa),
		"24 hours":          sign(goodHeader(), changed(goodClaims(), map[string]any{"exp": start.Add(24 * time.Hour).Unix()}), "RS256", k.rsa),
	} {
		if id, err := verifyOne(t, token); err != nil || id.Subject == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// attack is a token that must be refused with a code, and by a check, which by
// has words of: when that check goes the entry fails, also where a later one
// would still refuse.
type attack struct{ name, token, code, by string }

// The words of checks that refuse many.
const (
	byAlphabet  = " in token"
	byHeader    = "is not allowed"
	byAlgorithm = "signed with an algorithm that is not supported"
	byKey       = "it has none for this token"
	bySignature = "could not be verified with the keys"
	byIssuer    = "No OpenIDConnect provider found"
	byAudience  = "Incorrect token audience"
	byExpiry    = "Token expired"
)

// class is a kind of attack; verify is how its tokens are met.
type class struct {
	name    string
	verify  func(*testing.T, string) (*Identity, error)
	attacks []attack
}

func classes() []class {
	return []class{
		{"algorithm confusion and weak keys", verifyOne, algorithmAttacks()},
		{"key and format injection by the header", verifyOne, headerAttacks()},
		{"other serializations and encodings", verifyOne, encodingAttacks()},
		{"smuggled and malformed claims", verifyOne, claimAttacks()},
		{"another's issuer", verifyOne, issuerAttacks()},
		{"another's audience", verifyOne, audienceAttacks()},
		{"times", verifyOne, timeAttacks()},
		{"session tags and source identity", verifyOne, tagAttacks()},
		{"look-alikes of built-in providers", verifyBuiltIn, builtInAttacks()},
	}
}

func TestAttacks(t *testing.T) {
	total := 0
	for _, c := range classes() {
		t.Run(c.name, func(t *testing.T) {
			for _, a := range c.attacks {
				a.try(t, c.verify)
			}
		})
		total += len(c.attacks)
	}
	if total < 80 {
		t.Errorf("%d attacks, want at least 80", total)
	}
	t.Logf("%d attacks of %d classes refused", total, len(classes()))
}

func (a attack) try(t *testing.T, verify func(*testing.T, string) (*Identity, error)) {
	t.Helper()
	id, err := verify(t, a.token)
	if e, ok := errors.AsType[*awserr.Error](err); !ok || e.Code != a.code {
		t.Errorf("%s: got %+v, %v, want %s", a.name, id, err, a.code)
	} else if why := fmt.Sprint(e.Message, e.Cause); !strings.Contains(why, a.by) || a.by == "" {
		t.Errorf("%s: refused by %q, want %q", a.name, why, a.by)
	} else if strings.Contains(err.Error(), a.token) && len(a.token) > 3 {
		t.Errorf("%s: the error holds the token", a.name)
	}
}

func algorithmAttacks() []attack {
	k := keyring()
	public := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: must(x509.MarshalPKIXPublicKey(k.rsa.Public()))})
	der := must(x509.MarshalPKIXPublicKey(k.rsa.Public()))
	modulus := k.rsa.N.Bytes()
	head := func(alg, kid string) map[string]any { return map[string]any{"alg": alg, "kid": kid} }
	unsigned := func(alg string) string { return b64(text(head(alg, "rsa"))) + "." + b64(text(goodClaims())) + "." }
	good := sign(goodHeader(), goodClaims(), "RS256", k.rsa)
	shared := []byte("0123456789abcdef0123456789abcdef")
	return []attack{
		{"none, no signature", unsigned("none"), badToken, "part 3 is empty or not base64url"},
		{"None", unsigned("None"), badToken, "part 3 is empty or not base64url"},
		{"nOnE with a signature", unsigned("nOnE") + "AAAA", badToken, byAlgorithm},
		{"none with the good signature", unsigned("none") + good[strings.LastIndex(good, ".")+1:], badToken, byAlgorithm},
		{"empty alg", unsigned(""), badToken, "part 3 is empty or not base64url"},
		{"RS256 without signature", unsigned("RS256"), badToken, "part 3 is empty or not base64url"},
		{"RS256 with another's signature", unsigned("RS256") + b64(signature("x", "RS256", k.rsa)), badToken, bySignature},
		{"HS256 by the public key's PEM", sign(head("HS256", "rsa"), goodClaims(), "HS256", public), badToken, byAlgorithm},
		{"HS256 by the public key's DER", sign(head("HS256", "rsa"), goodClaims(), "HS256", der), badToken, byAlgorithm},
		{"HS256 by the modulus", sign(head("HS256", "rsa"), goodClaims(), "HS256", modulus), badToken, byAlgorithm},
		{"HS256 by an oct key in the set", sign(head("HS256", "oct"), goodClaims(), "HS256", shared), badToken, byAlgorithm},
		{"HS256 by the client id", sign(head("HS256", client), goodClaims(), "HS256", []byte(client)), badToken, byAlgorithm},
		{"HS256 by nothing", sign(head("HS256", "rsa"), goodClaims(), "HS256", []byte{}), badToken, byAlgorithm},
		{"alg in lower case", sign(head("rs256", "rsa"), goodClaims(), "RS256", k.rsa), badToken, byAlgorithm},
		{"alg with a space", sign(head("RS256 ", "rsa"), goodClaims(), "RS256", k.rsa), badToken, byAlgorithm},
		{"PS384 is not on the list", sign(head("PS384", "rsa"), goodClaims(), "PS384", k.rsa), badToken, byAlgorithm},
		{"an encryption algorithm", sign(head("RSA-OAEP", "rsa"), goodClaims(), "RS256", k.rsa), badToken, byAlgorithm},
		{"the header says ES256, the key is RSA", sign(head("ES256", "rsa"), goodClaims(), "RS256", k.rsa), badToken, byKey},
		{"the header says RS256, the key is EC", sign(head("RS256", "p256"), goodClaims(), "RS256", k.rsa), badToken, byKey},
		{"ES256 by a P-384 key", sign(head("ES256", "p384"), goodClaims(), "ES256", k.p384), badToken, byKey},
		{"RS256 by a key for PS256", sign(head("RS256", "ps"), goodClaims(), "RS256", k.other), badToken, byKey},
		{"RS512 hash under RS256", sign(head("RS256", "rsa"), goodClaims(), "RS512", k.rsa), badToken, bySignature},
		{"RSA of 1024 bits", sign(head("RS256", "small"), goodClaims(), "RS256", k.small), badToken, byKey},
		{"a key for encryption", sign(head("RS256", "enc"), goodClaims(), "RS256", k.other), badToken, byKey},
		{"a key whose key_ops has no verify", sign(head("RS256", "ops"), goodClaims(), "RS256", k.other), badToken, byKey},
		{"another's key under a known kid", sign(goodHeader(), goodClaims(), "RS256", k.other), badToken, bySignature},
		{"an ECDSA signature of zeros", unsigned("ES256")[:0] + b64(text(head("ES256", "p256"))) + "." + b64(text(goodClaims())) + "." + b64(make([]byte, 64)), badToken, bySignature},
		{"an ECDSA signature in DER", derSignature(), badToken, bySignature},
	}
}

func derSignature() string {
	k := keyring().p256
	input := b64(text(map[string]any{"alg": "ES256", "kid": "p256"})) + "." + b64(text(goodClaims()))
	raw := signature(input, "ES256", k)
	der := append([]byte{0x30, 68, 2, 32}, raw[:32]...)
	der = append(append(der, 2, 32), raw[32:]...)
	return input + "." + b64(der)
}

func headerAttacks() []attack {
	k := keyring()
	with := func(change map[string]any) string {
		return sign(changed(goodHeader(), change), goodClaims(), "RS256", k.rsa)
	}
	raw := func(header string) string { return sign(header, goodClaims(), "RS256", k.rsa) }
	own := with(map[string]any{"jwk": jwk(k.other, "mine", nil)})
	out := []attack{
		{"jwk in the header", own, badToken, byHeader},
		{"jwk in the header, signed by it", sign(changed(goodHeader(), map[string]any{"jwk": jwk(k.other, "mine", nil), "kid": "mine"}), goodClaims(), "RS256", k.other), badToken, byHeader},
		{"jku", with(map[string]any{"jku": "https://attacker.example/keys"}), badToken, byHeader},
		{"x5u", with(map[string]any{"x5u": "https://attacker.example/cert"}), badToken, byHeader},
		{"x5c", with(map[string]any{"x5c": []string{"MIIB"}}), badToken, byHeader},
		{"crit of something unknown", with(map[string]any{"crit": []string{"exp"}, "exp": 1}), badToken, byHeader},
		{"crit b64", with(map[string]any{"crit": []string{"b64"}, "b64": false}), badToken, byHeader},
		{"b64 false without crit", with(map[string]any{"b64": false}), badToken, byHeader},
		{"zip", with(map[string]any{"zip": "DEF"}), badToken, byHeader},
		{"enc", with(map[string]any{"enc": "A128GCM"}), badToken, byHeader},
		{"nonce", with(map[string]any{"nonce": "x"}), badToken, byHeader},
		{"an unknown parameter", with(map[string]any{"x": "y"}), badToken, byHeader},
		{"kid of a number", with(map[string]any{"kid": 1}), badToken, byHeader},
		{"kid null", raw(`{"alg":"RS256","kid":null}`), badToken, byHeader},
		{"kid empty", with(map[string]any{"kid": ""}), badToken, "kid is empty or too long"},
		{"kid a path", with(map[string]any{"kid": "../../../../dev/null"}), badToken, byKey},
		{"kid SQL", with(map[string]any{"kid": "x' UNION SELECT 'k"}), badToken, byKey},
		{"kid a URL", with(map[string]any{"kid": "https://attacker.example/key"}), badToken, byKey},
		{"kid in another case", with(map[string]any{"kid": "RSA"}), badToken, byKey},
		{"kid too long", with(map[string]any{"kid": strings.Repeat("k", 300)}), badToken, "kid is empty or too long"},
		{"no kid and several keys", with(map[string]any{"kid": nil}), badToken, byKey},
		{"typ of an access token", with(map[string]any{"typ": "at+jwt"}), badToken, `typ "at+jwt" is not JWT`},
		{"typ of a logout token", with(map[string]any{"typ": "logout+jwt"}), badToken, `typ "logout+jwt" is not JWT`},
		{"typ a list", with(map[string]any{"typ": []string{"JWT"}}), badToken, byHeader},
		{"alg twice", raw(`{"alg":"RS256","alg":"none","kid":"rsa"}`), badToken, "duplicate key"},
		{"alg twice, escaped", raw(`{"alg":"RS256","\u0061lg":"none","kid":"rsa"}`), badToken, "duplicate key"},
		{"ALG beside alg", raw(`{"alg":"RS256","ALG":"none","kid":"rsa"}`), badToken, byHeader},
		{"no alg", raw(`{"kid":"rsa"}`), badToken, byAlgorithm},
		{"alg a list", raw(`{"alg":["RS256"],"kid":"rsa"}`), badToken, byHeader},
		{"header an array", raw(`["RS256"]`), badToken, "cannot unmarshal"},
		{"header null", raw(`null`), badToken, "JSON null is no object"},
		{"header and more", raw(`{"alg":"RS256","kid":"rsa"}{}`), badToken, "invalid character"},
	}
	return out
}

func encodingAttacks() []attack {
	k := keyring()
	good := sign(goodHeader(), goodClaims(), "RS256", k.rsa)
	p := strings.Split(good, ".")
	flat, _ := json.Marshal(map[string]string{"protected": p[0], "payload": p[1], "signature": p[2]})
	general, _ := json.Marshal(map[string]any{"payload": p[1], "signatures": []any{map[string]string{"protected": p[0], "signature": p[2]}}})
	out := []attack{
		{"empty", "", badToken, " parts"},
		{"no dots", "abc", badToken, " parts"},
		{"one dot", p[0] + "." + p[1], badToken, " parts"},
		{"four parts", good + ".x", badToken, " parts"},
		{"five parts, as an encrypted token", good + "..", badToken, " parts"},
		{"no payload", p[0] + ".." + p[2], badToken, "part 2 is empty or not base64url"},
		{"no header", "." + p[1] + "." + p[2], badToken, "part 1 is empty or not base64url"},
		{"space before", " " + good, badToken, byAlphabet},
		{"newline behind", good + "\n", badToken, byAlphabet},
		{"CRLF inside the payload", p[0] + "." + p[1][:8] + "\r\n" + p[1][8:] + "." + p[2], badToken, byAlphabet},
		{"LF inside the signature", p[0] + "." + p[1] + "." + p[2][:4] + "\n" + p[2][4:], badToken, byAlphabet},
		{"padding", p[0] + "." + p[1] + "==." + p[2], badToken, byAlphabet},
		{"the standard alphabet", p[0] + "." + p[1] + "." + strings.NewReplacer("-", "+", "_", "/").Replace(p[2]) + "+", badToken, byAlphabet},
		{"a NUL", good + "\x00", badToken, byAlphabet},
		{"a letter beyond ASCII", p[0] + "." + p[1] + ".é" + p[2], badToken, byAlphabet},
		{"unused bits set", p[0] + "." + p[1] + "." + spareBits(p[2]), badToken, "part 3 is empty or not base64url"},
		{"JWS as flattened JSON", string(flat), badToken, byAlphabet},
		{"JWS as general JSON", string(general), badToken, byAlphabet},
		{"longer than 20,000, signed", sign(goodHeader(), changed(goodClaims(), map[string]any{"x": strings.Repeat("x", maxToken)}), "RS256", k.rsa), badToken, " characters"},
		{"longer than 20,000", p[0] + "." + p[1] + strings.Repeat("A", maxToken) + "." + p[2], badToken, " characters"},
		{"signature cut", good[:len(good)-4], badToken, "part 3 is empty or not base64url"},
	}
	for i, by := range []string{"invalid character", "invalid character", bySignature} {
		q := slices.Clone(p)
		q[i] = flip(q[i])
		out = append(out, attack{fmt.Sprintf("a character of part %d", i+1), strings.Join(q, "."), badToken, by})
	}
	other := b64(text(changed(goodClaims(), map[string]any{"sub": "admin"})))
	return append(out, attack{"other claims under the signature", p[0] + "." + other + "." + p[2], badToken, bySignature},
		attack{"another header over the signature", b64(text(changed(goodHeader(), map[string]any{"cty": "x"}))) + "." + p[1] + "." + p[2], badToken, bySignature})
}

// spareBits sets the last, unused bits of a 256-byte value's encoding.
func spareBits(s string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	i := strings.IndexByte(alphabet, s[len(s)-1])
	return s[:len(s)-1] + string(alphabet[i|1])
}

func flip(s string) string {
	c := byte('A')
	if s[len(s)/2] == c {
		c = 'B'
	}
	return s[:len(s)/2] + string(c) + s[len(s)/2+1:]
}

func claimAttacks() []attack {
	k := keyring()
	with := func(change map[string]any) string {
		return sign(goodHeader(), changed(goodClaims(), change), "RS256", k.rsa)
	}
	base := strings.TrimSuffix(string(text(goodClaims())), "}")
	raw := func(more string) string { return sign(goodHeader(), base+more+"}", "RS256", k.rsa) }
	whole := func(s string) string { return sign(goodHeader(), s, "RS256", k.rsa) }
	out := []attack{
		{"sub twice", raw(`,"sub":"admin"`), badToken, "duplicate key"},
		{"sub twice, escaped", raw(`,"\u0073ub":"admin"`), badToken, "duplicate key"},
		{"SUB after sub", raw(`,"SUB":"admin"`), badToken, `claim "SUB" looks like "sub"`},
		{"Sub alone", with(map[string]any{"sub": nil, "Sub": "admin"}), badToken, `claim "Sub" looks like "sub"`},
		{"sub with a long s", raw(`,"ſub":"admin"`), badToken, `claim "ſub" looks like "sub"`},
		{"ISS", raw(`,"ISS":"https://attacker.example"`), badToken, `claim "ISS" looks like "iss"`},
		{"AUD", raw(`,"AUD":"x"`), badToken, `claim "AUD" looks like "aud"`},
		{"Exp", raw(`,"Exp":9999999999`), badToken, `claim "Exp" looks like "exp"`},
		{"NBF", raw(`,"NBF":0`), badToken, `claim "NBF" looks like "nbf"`},
		{"Iat", raw(`,"Iat":0`), badToken, `claim "Iat" looks like "iat"`},
		{"aZp", raw(`,"aZp":"sojourn-client"`), badToken, `claim "aZp" looks like "azp"`},
		{"a duplicate far inside", raw(`,"a":{"b":[{"c":1,"c":2}]}`), badToken, "duplicate key"},
		{"nested 20 deep", raw(`,"a":` + strings.Repeat("[", 20) + strings.Repeat("]", 20)), badToken, "JSON is nested too deep"},
		{"nested 17 deep", raw(`,"a":` + strings.Repeat("[", 16) + strings.Repeat("]", 16)), badToken, "JSON is nested too deep"},
		{"nested objects", raw(`,"a":` + strings.Repeat(`{"b":`, 20) + "1" + strings.Repeat("}", 20)), badToken, "JSON is nested too deep"},
		{"nested behind an escape", raw(`,"x":"\\","y":"\"","a":` + strings.Repeat("[", 20) + strings.Repeat("]", 20)), badToken, "JSON is nested too deep"},
		{"nested 2,000 deep", raw(`,"a":` + strings.Repeat("[", 2000) + strings.Repeat("]", 2000)), badToken, "JSON is nested too deep"},
		{"not UTF-8", raw(",\"a\":\"\xff\""), badToken, "JSON is not UTF-8"},
		{"half a surrogate pair in sub", with(map[string]any{"sub": "x"})[:0] + whole(strings.Replace(base, `"alice"`, `"ali\ud800ce"`, 1)+"}"), badToken, `claim "sub" is too long or holds control characters`},
		{"NUL in sub", with(map[string]any{"sub": "alice\x00admin"}), badToken, `claim "sub" is too long or holds control characters`},
		{"newline in sub", with(map[string]any{"sub": "alice\nadmin"}), badToken, `claim "sub" is too long or holds control characters`},
		{"an escape sequence in sub", with(map[string]any{"sub": "\x1b[2J"}), badToken, `claim "sub" is too long or holds control characters`},
		{"sub empty", with(map[string]any{"sub": ""}), badToken, `claim "sub" is no text`},
		{"sub of 256 characters", with(map[string]any{"sub": strings.Repeat("s", 256)}), badToken, `claim "sub" is too long or holds control characters`},
		{"sub a number", with(map[string]any{"sub": 7}), badToken, `claim "sub" is no text`},
		{"sub a list", with(map[string]any{"sub": []string{"alice"}}), badToken, `claim "sub" is no text`},
		{"sub null", whole(strings.Replace(base, `"alice"`, `null`, 1) + "}"), badToken, `claim "sub" is no text`},
		{"claims an array", whole(`[]`), badToken, "cannot unmarshal"},
		{"claims null", whole(`null`), badToken, "JSON null is no object"},
		{"claims a text", whole(`"alice"`), badToken, "cannot unmarshal"},
		{"claims and more", whole(base + "}garbage"), badToken, "invalid character"},
		{"amr of numbers", with(map[string]any{"amr": []int{1}}), badToken, `claim "amr" is neither a text nor a list of texts`},
		{"a verified email that is none", with(map[string]any{"email": []string{"a"}, "email_verified": true}), badToken, `claim "email" is no text`},
	}
	for _, name := range []string{"iss", "sub", "aud", "exp", "iat"} {
		out = append(out, attack{"no " + name, with(map[string]any{name: nil}), badToken, "Missing a required claim: " + name})
	}
	return out
}

func issuerAttacks() []attack {
	k := keyring()
	with := func(change map[string]any) string {
		return sign(goodHeader(), changed(goodClaims(), change), "RS256", k.rsa)
	}
	return []attack{
		{"iss with a slash more", with(map[string]any{"iss": issuer + "/"}), badToken, byIssuer},
		{"iss in another case", with(map[string]any{"iss": "https://Login.example.com/realms/x"}), badToken, byIssuer},
		{"iss over http", with(map[string]any{"iss": "http://" + url}), badToken, byIssuer},
		{"iss in capitals of scheme", with(map[string]any{"iss": "HTTPS://" + url}), badToken, byIssuer},
		{"iss without scheme", with(map[string]any{"iss": url}), badToken, byIssuer},
		{"iss with a port", with(map[string]any{"iss": "https://login.example.com:443/realms/x"}), badToken, byIssuer},
		{"iss with a query", with(map[string]any{"iss": issuer + "?a=b"}), badToken, byIssuer},
		{"iss with a user", with(map[string]any{"iss": "https://a@" + url}), badToken, byIssuer},
		{"iss of another", with(map[string]any{"iss": "https://attacker.example"}), badToken, byIssuer},
		{"iss a list", with(map[string]any{"iss": []string{issuer}}), badToken, `claim "iss" is no text`},
		{"iss only a scheme", with(map[string]any{"iss": "https://"}), badToken, byIssuer},
	}
}

func audienceAttacks() []attack {
	k := keyring()
	with := func(change map[string]any) string {
		return sign(goodHeader(), changed(goodClaims(), change), "RS256", k.rsa)
	}
	return []attack{
		{"aud of another", with(map[string]any{"aud": "other"}), badToken, byAudience},
		{"aud in another case", with(map[string]any{"aud": strings.ToUpper(client)}), badToken, byAudience},
		{"aud with a space", with(map[string]any{"aud": client + " "}), badToken, byAudience},
		{"aud a prefix", with(map[string]any{"aud": client[:4]}), badToken, byAudience},
		{"aud empty", with(map[string]any{"aud": ""}), badToken, `claim "aud" is neither a text nor a list of texts`},
		{"aud an empty list", with(map[string]any{"aud": []string{}}), badToken, `claim "aud" is empty`},
		{"aud a list with a number", with(map[string]any{"aud": []any{client, 1}}), badToken, `claim "aud" is neither a text nor a list of texts`},
		{"aud an object", with(map[string]any{"aud": map[string]any{"a": client}}), badToken, `claim "aud" is neither a text nor a list of texts`},
		{"aud joined by a comma", with(map[string]any{"aud": "other," + client}), badToken, byAudience},
		{"two aud without azp", with(map[string]any{"aud": []string{client, "other"}}), badToken, "several audiences and no azp"},
		{"two registered aud without azp", with(map[string]any{"aud": []string{client, "second-client"}}), badToken, "several audiences and no azp"},
		{"azp of another", with(map[string]any{"azp": "other"}), badToken, byAudience},
		{"azp empty", with(map[string]any{"azp": ""}), badToken, `claim "azp" is no text`},
		{"azp a list", with(map[string]any{"azp": []string{client}}), badToken, `claim "azp" is no text`},
	}
}

func timeAttacks() []attack {
	k := keyring()
	with := func(change map[string]any) string {
		return sign(goodHeader(), changed(goodClaims(), change), "RS256", k.rsa)
	}
	at := func(d time.Duration) int64 { return start.Add(d).Unix() }
	base := string(text(goodClaims()))
	exp := `"exp":` + string(text(at(10*time.Minute)))
	huge := sign(goodHeader(), strings.Replace(base, exp, `"exp":1e400`, 1), "RS256", k.rsa)
	return []attack{
		{"expired a minute ago", with(map[string]any{"iat": at(-time.Hour), "exp": at(-time.Minute)}), expired, byExpiry},
		{"expired a year ago", with(map[string]any{"iat": at(-8761 * time.Hour), "exp": at(-8760 * time.Hour)}), expired, byExpiry},
		{"exp 0", with(map[string]any{"iat": 0, "exp": 0}), expired, byExpiry},
		{"exp negative", with(map[string]any{"exp": -1}), badToken, `claim "exp" is no date`},
		{"exp a text", with(map[string]any{"exp": "9999999999"}), badToken, `claim "exp" is no date`},
		{"exp null", sign(goodHeader(), strings.Replace(base, exp, `"exp":null`, 1), "RS256", k.rsa), badToken, `claim "exp" is no date`},
		{"exp beyond any number", huge, badToken, "cannot unmarshal"},
		{"exp beyond the calendar", with(map[string]any{"exp": 1e18}), badToken, `claim "exp" is no date`},
		{"nbf in two minutes", with(map[string]any{"nbf": at(2 * time.Minute)}), badToken, "The web identity token is not valid yet: check the clocks of the identity provider and of this server"},
		{"nbf a text", with(map[string]any{"nbf": "0"}), badToken, `claim "nbf" is no date`},
		{"iat in two minutes", with(map[string]any{"iat": at(2 * time.Minute)}), badToken, "The web identity token is not valid yet: check the clocks of the identity provider and of this server"},
		{"iat a text", with(map[string]any{"iat": "now"}), badToken, `claim "iat" is no date`},
		{"exp before iat", with(map[string]any{"iat": at(30 * time.Second), "exp": at(20 * time.Second)}), badToken, "The web identity token expires before it was issued"},
		{"valid for longer than a day", with(map[string]any{"exp": at(maxLifetime + time.Second)}), rejects, "The web identity token is valid for longer than 24 hours"},
	}
}

func tagAttacks() []attack {
	k := keyring()
	with := func(name string, v any) string {
		return sign(goodHeader(), changed(goodClaims(), map[string]any{name: v}), "RS256", k.rsa)
	}
	var out []attack
	for name, v := range map[string]any{
		"tags a text":             "x",
		"tags a list":             []string{"x"},
		"tags with another name":  map[string]any{"principal_tags": map[string]any{}, "other": 1},
		"tag of two values":       map[string]any{"principal_tags": map[string]any{"a": []string{"1", "2"}}},
		"tag of no value":         map[string]any{"principal_tags": map[string]any{"a": []string{}}},
		"tag without a list":      map[string]any{"principal_tags": map[string]any{"a": "1"}},
		"tag of a number":         map[string]any{"principal_tags": map[string]any{"a": []int{1}}},
		"transitive keys no list": map[string]any{"transitive_tag_keys": "a"},
		"transitive keys numbers": map[string]any{"transitive_tag_keys": []int{1}},
	} {
		out = append(out, attack{name, with(tagsClaim, v), rejects, tagsClaim + " is not valid: "})
	}
	for name, v := range map[string]any{"source identity a list": []string{"a"}, "source identity empty": "", "source identity a number": 1} {
		out = append(out, attack{name, with(sourceIdentityClaim, v), rejects, sourceIdentityClaim + " is not a text"})
	}
	return out
}
