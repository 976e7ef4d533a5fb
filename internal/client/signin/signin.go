// Package signin gets a user's proof of identity from an identity provider:
// an OpenID Connect ID token by the browser (authorization code with PKCE on a
// loopback port, RFC 8252) or by device code (RFC 8628), a SAML response by a
// loopback assertion consumer or pasted. It writes what came of it into the
// profile, and renews an ID token where the user let a refresh token be kept.
//
// It does not judge proofs for anyone else: the server verifies signatures. It
// checks what only the client can know, that an answer belongs to the question
// that this process asked: state, nonce, PKCE, issuer, audience, the request's id.
//
// Text of a provider is cut and cleaned before it reaches a terminal.
package signin

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode"
)

// Keys of a profile, beside the AWS CLI's own. They say how to sign in again.
const (
	KeyMethod       = "sojourn_login" // MethodOIDC, MethodSAML or MethodDirectory
	KeyIssuer       = "sojourn_oidc_issuer"
	KeyClientID     = "sojourn_oidc_client_id"
	KeySecretFile   = "sojourn_oidc_client_secret_file"
	KeyScopes       = "sojourn_oidc_scopes"
	KeyRedirectURI  = "sojourn_oidc_redirect_uri"
	KeyFlow         = "sojourn_oidc_flow" // FlowDevice, else the browser
	KeySAMLURL      = "sojourn_saml_url"
	KeySAMLACS      = "sojourn_saml_acs"
	KeySAMLEntityID = "sojourn_saml_entity_id"
	KeySAMLProvider = "sojourn_saml_provider"
	KeyDirectory    = "sojourn_directory"
	KeyUser         = "sojourn_username"
	KeyMFASerial    = "sojourn_directory_mfa_serial"
	KeyRole         = "sojourn_role_arn"
	KeyDuration     = "sojourn_duration_seconds"
	KeyExpiration   = "sojourn_expiration" // of the keys that stand beside it
	KeyWrote        = "sojourn_wrote"      // settings of the AWS CLI that login wrote beside: region, endpoint_url, ca_bundle
)

// Ways to sign in.
const (
	MethodOIDC      = "oidc"
	MethodSAML      = "saml"
	MethodDirectory = "directory"
	FlowDevice      = "device"
)

// Timeout is how long a user may take at the provider.
const Timeout = 5 * time.Minute

// maxAnswer is more than any provider's document or token answer.
const maxAnswer = 1 << 20

// fetch sends a request and returns the bounded answer. Redirects are not followed.
func fetch(c *http.Client, r *http.Request) (int, []byte, error) {
	direct := *c
	direct.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	r.Header.Set("Accept", "application/json")
	answer, err := direct.Do(r)
	if err != nil {
		if e, ok := errors.AsType[*url.Error](err); ok {
			err = e.Err // its text has the URL, which the caller names without a query
		}
		if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
			return 0, nil, fmt.Errorf("the certificate of %s is not trusted: %w; name its authority with --ca-bundle, AWS_CA_BUNDLE or ca_bundle", r.URL.Host, err)
		}
		return 0, nil, fmt.Errorf("%s://%s could not be reached: %w; check the address and the network", r.URL.Scheme, r.URL.Host, err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer+1))
	switch {
	case err != nil:
		return 0, nil, fmt.Errorf("reading the answer of %s: %w", r.URL.Host, err)
	case len(body) > maxAnswer:
		return 0, nil, fmt.Errorf("the answer of %s is too long", r.URL.Host)
	}
	return answer.StatusCode, body, nil
}

func get(ctx context.Context, c *http.Client, address string) (int, []byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return 0, nil, fmt.Errorf("making a request: %w", err)
	}
	return fetch(c, r)
}

// secureURL accepts what a user's browser and secrets may be sent to.
func secureURL(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "https" || u.Hostname() == "" || u.User != nil || u.Opaque != "" || strings.ContainsFunc(s, unprintable) {
		return nil, fmt.Errorf("%q is not a URL of the form https://HOST/…", Plain(s))
	}
	return u, nil
}

func unprintable(r rune) bool { return r <= ' ' || r == 0x7f || !unicode.IsPrint(r) }

// maxShown bounds what a provider can put on the terminal.
const maxShown = 300

// Plain makes outside text fit for a terminal: one line, no control characters, no great length.
func Plain(s string) string {
	n := 0
	return strings.Map(func(r rune) rune {
		if n++; n > maxShown {
			return -1
		}
		if !unicode.IsPrint(r) && r != ' ' || unicode.Is(unicode.Cf, r) {
			return '?'
		}
		return r
	}, s)
}

// loopback reports whether host names this machine, and nothing but it.
func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// SessionName makes a name that STS accepts, [A-Za-z0-9_+=,.@-]{2,64}, of a person's.
func SessionName(s string) string {
	name := strings.Map(func(r rune) rune {
		if 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("_+=,.@-", r) {
			return r
		}
		return '_'
	}, s)
	if len(name) < 2 {
		name += "_session"
	}
	return name[:min(len(name), 64)]
}
