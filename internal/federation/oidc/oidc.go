// Package oidc verifies ID tokens of registered OpenID Connect providers, as
// AssumeRoleWithWebIdentity takes them, and turns their claims into condition
// keys, session tags and a source identity.
//
// It is strict on purpose. A token is three strictly encoded parts of a closed
// alphabet; its header may hold seven names; its JSON has no duplicate name at
// any depth and no name that differs from a registered claim in case only; what
// is read is what was verified. The issuer is only a key into the providers
// that an account has registered: nothing is fetched for any other.
//
// It owns the token, the provider's keys and their cache. It does not own the
// registered providers (package store), the connection (package outbound), nor
// what a token permits (trust policies, package sts).
package oidc

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"
	"unicode"

	"github.com/go-jose/go-jose/v4"

	"sojourn/internal/awserr"
	"sojourn/internal/store"
)

// The issuers that every account knows without registering them, as on AWS.
// Google's tokens may name it without a scheme.
const (
	google  = "accounts.google.com"
	cognito = "cognito-identity.amazonaws.com"
)

// maxShown bounds how much of a token's issuer an error repeats.
const maxShown = 255

// Fetcher fetches a document over https. Package outbound has the one that
// checks addresses, sizes and times.
type Fetcher interface {
	Get(ctx context.Context, url string) ([]byte, http.Header, error)
}

// Lookup finds a registered provider by its URL without "https://". It
// returns store.ErrNotFound where there is none.
type Lookup func(url string) (store.OIDCProvider, error)

// Verifier verifies tokens. It keeps the providers' keys in memory and in the
// store, and is safe for concurrent use.
type Verifier struct {
	keys *keyCache
	now  func() time.Time
}

// Options of a Verifier. Fetch and Now are required.
type Options struct {
	Fetch Fetcher
	Now   func() time.Time

	// Store keeps the providers' last good keys over a restart; without one they
	// are in memory only. Report is told when it fails, and required with it.
	Store  store.Store
	Report func(error)
}

// New makes a verifier.
func New(o Options) *Verifier {
	return &Verifier{keys: newKeyCache(o), now: o.Now}
}

// Close waits until the keys that were fetched are in the store.
func (v *Verifier) Close() error {
	v.keys.shelf.writes.Wait()
	return nil
}

// Identity is what a verified token says.
type Identity struct {
	Provider store.OIDCProvider
	// BuiltIn says that nobody has registered the provider: it has no list of
	// clients, so the token may have been made for anyone's.
	BuiltIn  bool
	Subject  string
	Audience string // the client: azp where the token has it, else aud

	// Context are the condition keys "<provider URL>:aud", ":sub" and so on,
	// in lower case.
	Context map[string][]string

	// Tags, Transitive and SourceIdentity are the claims of those names, as
	// they stand: their grammar is the business of who makes a session.
	Tags           map[string]string
	Transitive     []string
	SourceIdentity string

	// StaleKeys says that the provider could not be reached and that its last
	// known keys were used.
	StaleKeys bool
}

// Verify checks token against the provider that it names, which find must
// know or which is a built-in one. Errors are *awserr.Error with the codes of AssumeRoleWithWebIdentity;
// their texts are fixed, the reason is in the cause, and neither holds any part
// of the token but its issuer.
func (v *Verifier) Verify(ctx context.Context, token string, find Lookup) (*Identity, error) {
	t, err := parseToken(token)
	if err != nil {
		return nil, err
	}
	known, err := issuerOf(t.payload, find)
	if err != nil {
		return nil, err
	}
	keys, stale, err := v.keys.find(ctx, "https://"+known.URL, t.header)
	if err != nil {
		return nil, err
	}
	payload, err := verify(token, keys, t.header.alg)
	if err != nil {
		return nil, err
	}
	c, err := parseClaims(payload)
	if err != nil {
		return nil, err
	}
	if err := c.check(known, v.now()); err != nil {
		return nil, err
	}
	return c.identity(known, stale)
}

// knownIssuer is a registered provider or a built-in one.
type knownIssuer struct {
	store.OIDCProvider
	builtIn bool
}

// issuerOf finds the issuer that an unverified payload names. Whatever it says,
// it can only choose among registered and built-in ones; a registration goes first.
func issuerOf(payload []byte, find Lookup) (knownIssuer, error) {
	c, err := parseClaims(payload)
	if err != nil {
		return knownIssuer{}, err
	}
	url, ok := providerURL(c.issuer)
	if !ok {
		return knownIssuer{}, unknownIssuer(c.issuer)
	}
	p, err := find(url)
	switch {
	case errors.Is(err, store.ErrNotFound) && (url == google || url == cognito):
		return knownIssuer{store.OIDCProvider{URL: url}, true}, nil
	case errors.Is(err, store.ErrNotFound) || err == nil && p.URL != url:
		return knownIssuer{}, unknownIssuer(c.issuer)
	case err != nil:
		return knownIssuer{}, awserr.Internal(err)
	}
	return knownIssuer{p, false}, nil
}

// providerURL is the URL under which the issuer would be registered. Nothing is
// normalised: an issuer that differs in a slash or in case is another issuer.
func providerURL(issuer string) (string, bool) {
	if issuer == google {
		return google, true
	}
	url, ok := strings.CutPrefix(issuer, "https://")
	return url, ok && url != ""
}

// verify returns the payload that one of the keys has signed.
func verify(token string, keys []jose.JSONWebKey, alg jose.SignatureAlgorithm) ([]byte, error) {
	jws, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{alg})
	if err != nil {
		return nil, malformed(err)
	}
	for _, k := range keys {
		if payload, err := jws.Verify(k.Key); err == nil {
			return payload, nil
		}
	}
	return nil, invalid("The signature of the web identity token could not be verified with the keys of the identity provider", nil)
}

func unknownIssuer(issuer string) error {
	return invalid("No OpenIDConnect provider found in your account for "+printable(issuer), nil)
}

// printable makes outside text fit for an error: short and without control characters.
func printable(s string) string {
	if len(s) > maxShown {
		s = s[:maxShown] + "..."
	}
	return strings.Map(func(r rune) rune {
		if r == unicode.ReplacementChar || !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, s)
}

// invalid is InvalidIdentityToken with a fixed text; the cause is for the log.
func invalid(text string, cause error) error {
	return &awserr.Error{Code: "InvalidIdentityToken", Status: http.StatusBadRequest, Message: text, Cause: cause}
}

// malformed is what a text that is no acceptable JWT gets, whatever is wrong with it.
func malformed(cause error) error {
	return invalid("The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)", cause)
}

// rejected is for a claim of a genuine token that cannot be accepted.
func rejected(text string) error {
	return awserr.New("IDPRejectedClaim", http.StatusForbidden, "%s", text)
}
