// Package oauth verifies OAuth 2.0 access tokens of Login with Amazon and of
// Facebook, as AssumeRoleWithWebIdentity takes them with a ProviderId. Such a
// token says nothing by itself: its provider is asked at each sign-in whose it
// is and which application it was made out to.
//
// It is off until an operator names applications: a token of any other, which
// its maker could collect from people who trust that one, is refused. It owns
// the questions and what an answer must hold. It does not own the connection
// (package outbound), nor what a token permits (trust policies, package sts).
package oauth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/go-jose/go-jose/v4/json"

	"sojourn/internal/awserr"
	"sojourn/internal/federation/outbound"
	"sojourn/internal/secret"
)

// The providers by the names that ProviderId and trust policies give them.
const (
	Amazon   = "www.amazon.com"
	Facebook = "graph.facebook.com"
)

// Bounds of tokens, of what is read from an answer, and of sign-ins at one time.
const (
	maxToken = 4096
	maxName  = 255
	maxBusy  = 32
)

// Fetcher asks a provider. Package outbound has the one that checks addresses,
// sizes and times, and keeps secrets out of its errors.
type Fetcher interface {
	GetSecret(ctx context.Context, s outbound.Secret) ([]byte, error)
}

// Options of a Verifier. Fetch and Now are required. A provider without
// applications is off.
type Options struct {
	Fetch Fetcher
	Now   func() time.Time

	AmazonApps     []string // client ids, amzn1.application-oa2-client.…
	FacebookApp    string   // its id
	FacebookSecret secret.String

	// Where the providers answer; "" for the real ones.
	AmazonURL, FacebookURL string
}

// Verifier verifies tokens. It is safe for concurrent use.
type Verifier struct {
	o    Options
	busy chan struct{}
}

// New makes a verifier.
func New(o Options) *Verifier {
	if o.AmazonURL == "" {
		o.AmazonURL = "https://api.amazon.com"
	}
	if o.FacebookURL == "" {
		o.FacebookURL = "https://graph.facebook.com"
	}
	return &Verifier{o: o, busy: make(chan struct{}, maxBusy)}
}

// Identity is what a provider says of a token.
type Identity struct {
	Subject string // the user's id, which is the application's own
	App     string // the application's id

	// Context are the condition keys "<provider>:app_id" and ":user_id" (Amazon)
	// or ":id" (Facebook).
	Context map[string][]string
}

// Verify asks provider about token. Errors are *awserr.Error with the codes of
// AssumeRoleWithWebIdentity; they and their causes hold no part of the token.
func (v *Verifier) Verify(ctx context.Context, provider, token string) (*Identity, error) {
	ask, err := v.way(provider)
	if err != nil {
		return nil, err
	}
	if !sound(token) {
		return nil, invalid(nil)
	}
	select {
	case v.busy <- struct{}{}:
		defer func() { <-v.busy }()
	default:
		return nil, unreachable(errors.New("too many sign-ins at the same time"))
	}
	return ask(ctx, secret.New(token))
}

func (v *Verifier) way(provider string) (func(context.Context, secret.String) (*Identity, error), error) {
	switch {
	case provider == Amazon && len(v.o.AmazonApps) > 0:
		return v.amazon, nil
	case provider == Facebook && v.o.FacebookApp != "":
		return v.facebook, nil
	case provider == Amazon || provider == Facebook:
		return nil, awserr.New("InvalidParameterValue", http.StatusBadRequest, "Access tokens of %s are turned off on this server.", provider)
	}
	return nil, awserr.New("InvalidParameterValue", http.StatusBadRequest,
		"ProviderId is for OAuth 2.0 access tokens of %s and %s; leave it out for an OpenID Connect ID token.", Amazon, Facebook)
}

// sound reports whether a text can be an access token at all.
func sound(token string) bool {
	return token != "" && len(token) <= maxToken && !strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' })
}

// ask reads a provider's answer. Its names are case-sensitive and stand there once.
func (v *Verifier) ask(ctx context.Context, s outbound.Secret, into any) error {
	body, err := v.o.Fetch.GetSecret(ctx, s)
	if e, ok := errors.AsType[*outbound.StatusError](err); ok && (e.Status == http.StatusBadRequest || e.Status == http.StatusUnauthorized) {
		return invalid(err)
	}
	if err != nil {
		return unreachable(err)
	}
	if err := json.Unmarshal(body, into); err != nil {
		return unreachable(fmt.Errorf("reading the answer of %q: %w", s.URL, err))
	}
	return nil
}

// name is an id in an answer: a text, or a number, which is kept as it is written.
type name string

// UnmarshalJSON takes a text or the digits of a whole number.
func (n *name) UnmarshalJSON(b []byte) error {
	if strings.Trim(string(b), "0123456789") == "" {
		*n = name(b)
		return nil
	}
	return json.Unmarshal(b, (*string)(n))
}

// plain reports whether an id can be shown and compared.
func (n name) plain() bool {
	return n != "" && len(n) <= maxName && !strings.ContainsFunc(string(n), func(r rune) bool {
		return unicode.IsControl(r) || r == unicode.ReplacementChar
	})
}

// wrongApp is for a token that was made out to an application that the operator
// has not named.
func wrongApp() error {
	return &awserr.Error{Code: "InvalidIdentityToken", Status: http.StatusBadRequest, Message: "Incorrect token audience"}
}

// invalid is what a token gets that its provider does not vouch for.
func invalid(cause error) error {
	return &awserr.Error{Code: "InvalidIdentityToken", Status: http.StatusBadRequest, Cause: cause,
		Message: "The access token is not valid for the identity provider that ProviderId names"}
}

// unreachable is IDPCommunicationError; the cause is for the log.
func unreachable(cause error) error {
	return &awserr.Error{Code: "IDPCommunicationError", Status: http.StatusBadRequest, Cause: cause,
		Message: "The identity provider could not be reached, or gave no usable answer"}
}

func (v *Verifier) knows(app name) bool { return slices.Contains(v.o.AmazonApps, string(app)) }
