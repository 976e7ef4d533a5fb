package oidc

import (
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4"
)

// maxToken is AWS's limit on a web identity token, in characters.
const maxToken = 20000

// algorithms are all that a token may be signed with: asymmetric ones only, so
// that a provider's public key can never be taken for a shared secret.
var algorithms = []jose.SignatureAlgorithm{
	jose.RS256, jose.RS384, jose.RS512, jose.PS256, jose.ES256, jose.ES384, jose.ES512, jose.EdDSA,
}

// headerNames are all that a token's header may hold. Names that bring a key,
// change the meaning of the token or ask for an extension are not among them.
var headerNames = []string{"alg", "kid", "typ", "x5t", "x5t#S256", "cty"}

// base64url is RFC 7515's encoding with the unused bits at the end zero, so that
// a part has one spelling. (It still skips CR and LF: parts checks the alphabet.)
var base64url = base64.RawURLEncoding.Strict()

type token struct {
	header  header
	payload []byte // not verified
}

type header struct {
	alg jose.SignatureAlgorithm
	kid string // "" when the token names none
}

func parseToken(s string) (token, error) {
	p, err := parts(s)
	if err != nil {
		return token{}, malformed(err)
	}
	h, err := parseHeader(p[0])
	if err != nil {
		return token{}, malformed(err)
	}
	if !slices.Contains(algorithms, h.alg) {
		return token{}, invalid("The web identity token is signed with an algorithm that is not supported", nil)
	}
	return token{header: h, payload: p[1]}, nil
}

// parts decodes the three parts of the compact serialization.
func parts(s string) ([3][]byte, error) {
	var out [3][]byte
	if len(s) > maxToken {
		return out, fmt.Errorf("token of %d characters", len(s))
	}
	if i := strings.IndexFunc(s, func(r rune) bool { return !tokenCharacter(r) }); i >= 0 {
		return out, fmt.Errorf("character %q in token", s[i])
	}
	texts := strings.Split(s, ".")
	if len(texts) != len(out) {
		return out, fmt.Errorf("token of %d parts", len(texts))
	}
	for i, t := range texts {
		b, err := base64url.DecodeString(t)
		if err != nil || len(b) == 0 {
			return out, fmt.Errorf("part %d is empty or not base64url", i+1)
		}
		out[i] = b
	}
	return out, nil
}

func tokenCharacter(r rune) bool {
	return r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' || r == '_' || r == '.'
}

func parseHeader(b []byte) (header, error) {
	m, err := parseObject(b)
	if err != nil {
		return header{}, err
	}
	var text = make(map[string]string, len(m))
	for name, value := range m {
		s, ok := value.(string)
		if !ok || !slices.Contains(headerNames, name) {
			return header{}, fmt.Errorf("header parameter %q is not allowed", name)
		}
		text[name] = s
	}
	if _, named := m["kid"]; named && (text["kid"] == "" || len(text["kid"]) > maxShown) {
		return header{}, errors.New("kid is empty or too long")
	}
	if typ, ok := text["typ"]; ok && !strings.EqualFold(typ, "JWT") {
		return header{}, fmt.Errorf("typ %q is not JWT", typ)
	}
	return header{alg: jose.SignatureAlgorithm(text["alg"]), kid: text["kid"]}, nil
}
