// Package outbound is the one HTTP client for identity providers and webhooks. It fetches
// small documents over HTTPS and lets no outside text choose an inside target:
// the address that is really dialled is checked, after name resolution and for
// each attempt, so neither a name that resolves to a private address nor one
// that changes between two look-ups gets through.
//
// It owns the rules of the connection: https only, addresses, TLS 1.2 or newer,
// no redirects, no proxy from the environment, at most 1 MiB and 5 seconds. It
// does not own what is fetched, when, or what the bytes mean.
package outbound

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"sojourn/internal/secret"
)

// Limits of one fetch.
const (
	MaxBody   = 1 << 20
	Timeout   = 5 * time.Second
	maxURL    = 2048
	maxHeader = 64 << 10
)

// Options of a Client. The zero value dials public addresses only and trusts
// the system's authorities.
type Options struct {
	// Allow lists ranges of non-public addresses in which providers may be
	// reached. A cloud's metadata address needs a range of its own (/32, /128).
	Allow []netip.Prefix
	// CAFile is a PEM file of authorities that are trusted beside RootCAs.
	CAFile string
	// RootCAs replaces the system's authorities; nil takes those.
	RootCAs *x509.CertPool
	// Peer is who is reached, in messages; the zero value is an identity provider.
	Peer Peer
}

// Peer words messages: who it is, and which settings are about it.
type Peer struct{ Name, Allow, CA string }

var provider = Peer{Name: "an identity provider", Allow: "--federation-allow-cidr", CA: "--federation-ca"}

// Client fetches documents. It is safe for concurrent use.
type Client struct{ http *http.Client }

// New makes a client; it fails when CAFile cannot be read or holds no certificate.
func New(o Options) (*Client, error) { return build(o, nil) }

// build takes the resolver too, nil for the system's.
func build(o Options, names *net.Resolver) (*Client, error) {
	if o.Peer == (Peer{}) {
		o.Peer = provider
	}
	roots, err := Roots(o)
	if err != nil {
		return nil, err
	}
	dialer := Dialer(o.Allow)
	dialer.Control = control(slices.Clone(o.Allow), o.Peer)
	dialer.Resolver = names
	return &Client{http: &http.Client{
		Timeout:       Timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			Proxy:                  nil, // HTTPS_PROXY would move the check to an address that is not the provider's
			DialContext:            dialer.DialContext,
			TLSClientConfig:        &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
			DisableKeepAlives:      true, // each fetch dials, so each is checked
			DisableCompression:     true, // 1 MiB is 1 MiB
			MaxResponseHeaderBytes: maxHeader,
		},
	}}, nil
}

// Dialer dials what a Client of the same ranges would, for the protocols that
// are not HTTP.
func Dialer(allow []netip.Prefix) *net.Dialer {
	return &net.Dialer{Timeout: Timeout, Control: control(slices.Clone(allow), provider)}
}

// Roots are the authorities that a Client of the same options trusts; nil for
// the system's.
func Roots(o Options) (*x509.CertPool, error) {
	roots := o.RootCAs
	setting := cmp.Or(o.Peer.CA, provider.CA)
	if o.CAFile == "" {
		return roots, nil
	}
	if roots == nil {
		system, err := x509.SystemCertPool()
		if err != nil {
			return nil, fmt.Errorf("reading the system's authorities: %w", err)
		}
		roots = system
	}
	pem, err := os.ReadFile(o.CAFile)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", setting, err)
	}
	roots = roots.Clone()
	if !roots.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("reading %s: %q holds no certificate in PEM form", setting, o.CAFile)
	}
	return roots, nil
}

// RefusedError says that an address may not be dialled.
type RefusedError struct {
	Addr netip.Addr
	Peer Peer
}

func (e *RefusedError) Error() string {
	return fmt.Sprintf("address %s is not a public one; to reach %s there, start the server with %s and its range", e.Addr, e.Peer.Name, e.Peer.Allow)
}

// control runs between the making of a socket and its connect, with the
// address that is going to be dialled.
func control(allow []netip.Prefix, peer Peer) func(string, string, syscall.RawConn) error {
	return func(_, address string, _ syscall.RawConn) error {
		to, err := netip.ParseAddrPort(address)
		if err != nil {
			return fmt.Errorf("dialling %q: %w", address, err)
		}
		if !permitted(to.Addr(), allow) {
			return &RefusedError{Addr: to.Addr(), Peer: peer}
		}
		return nil
	}
}

// Get fetches an https URL and returns body and header of a 200 answer. Any
// other status, a redirect among them, is an error.
func (c *Client) Get(ctx context.Context, rawURL string) ([]byte, http.Header, error) {
	return c.get(ctx, Secret{URL: rawURL})
}

// Secret is a fetch with secrets in its query or its Authorization header.
type Secret struct {
	URL    string // without a query
	Query  url.Values
	Bearer secret.String
}

// GetSecret is Get for a request that bears secrets: no error holds them.
func (c *Client) GetSecret(ctx context.Context, s Secret) ([]byte, error) {
	body, _, err := c.get(ctx, s)
	return body, err
}

func (c *Client) get(ctx context.Context, s Secret) ([]byte, http.Header, error) {
	r, err := s.request(ctx)
	if err != nil {
		return nil, nil, err
	}
	resp, err := c.http.Do(r)
	if err != nil {
		return nil, nil, s.bare(err) // names method and URL
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, nil, &StatusError{URL: s.URL, Status: resp.StatusCode}
	}
	body, err := read(resp.Body)
	if err != nil {
		return nil, nil, fmt.Errorf("fetching %q: %w", s.URL, err)
	}
	return body, resp.Header, nil
}

func (s Secret) request(ctx context.Context) (*http.Request, error) {
	u, err := CheckURL(s.URL)
	if err != nil {
		return nil, err
	}
	if s.Query != nil {
		u.RawQuery = s.Query.Encode()
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, fmt.Errorf("fetching %q: %w", s.URL, s.bare(err))
	}
	r.Header.Set("Accept", "application/json")
	r.Header.Set("User-Agent", "sojourn")
	if !s.Bearer.Empty() {
		r.Header.Set("Authorization", "Bearer "+s.Bearer.Reveal())
	}
	return r, nil
}

// bare takes the query off the URL that net/http puts into its errors.
func (s Secret) bare(err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		e.URL = s.URL
	}
	return err
}

// StatusError says that an answer was not a 200.
type StatusError struct {
	URL    string
	Status int
}

func (e *StatusError) Error() string {
	return fmt.Sprintf("fetching %q: status %d instead of 200", e.URL, e.Status)
}

func read(r io.Reader) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r, MaxBody+1))
	if err != nil {
		return nil, err
	}
	if len(body) > MaxBody {
		return nil, fmt.Errorf("answer is longer than %d bytes", MaxBody)
	}
	return body, nil
}

// CheckURL parses rawURL and refuses what is not a plain https URL: another
// scheme, a user, a fragment, no host, an IPv6 literal with a zone or an
// embedded IPv4 address. Addresses are checked when they are dialled.
func CheckURL(rawURL string) (*url.URL, error) {
	if len(rawURL) > maxURL {
		return nil, fmt.Errorf("URL of %d characters is longer than %d", len(rawURL), maxURL)
	}
	u, err := url.Parse(rawURL)
	if err != nil {
		return nil, fmt.Errorf("parsing a provider's URL: %w", err)
	}
	if err := plain(u, rawURL); err != nil {
		return nil, fmt.Errorf("URL %q: %w", rawURL, err)
	}
	return u, nil
}

func plain(u *url.URL, raw string) error {
	addr, err := netip.ParseAddr(u.Hostname())
	switch {
	case u.Scheme != "https":
		return errors.New("only https is allowed")
	case u.User != nil:
		return errors.New("it may hold no user or password")
	case u.Opaque != "" || u.Hostname() == "":
		return errors.New("it names no host")
	case strings.ContainsAny(raw, "#\\"):
		return errors.New("it may hold no fragment and no backslash")
	case u.Port() == "0":
		return errors.New("port 0 is no port")
	case err == nil && (addr.Zone() != "" || addr.Is4In6()):
		return errors.New("an IPv6 address may have no zone and no IPv4 address in it")
	}
	return nil
}
