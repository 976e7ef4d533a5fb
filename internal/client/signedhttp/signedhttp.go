// Package signedhttp posts requests to AWS's APIs, signed or not, over one
// HTTP client: the user's certificate authorities and proxies, bounded times
// and answers, and a few more tries where the server was only busy. It does
// not know what an operation is or where credentials and URLs come from.
package signedhttp

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"sojourn/internal/sigv4"
	"sojourn/internal/version"
)

const (
	dialTimeout    = 10 * time.Second
	requestTimeout = time.Minute
	maxAnswer      = 32 << 20

	attempts   = 3
	firstPause = 100 * time.Millisecond
	// longestPause is how long a busy server is waited for. Who is told to come
	// back later than that hears it at once.
	longestPause = 5 * time.Second
)

// Client sends requests. It may be used by several goroutines.
type Client struct {
	Now  func() time.Time
	HTTP *http.Client

	pause func(context.Context, time.Duration) error
}

// New makes a client that trusts the certificate authorities in the file
// caBundle, or the system's when it is "".
func New(caBundle string, now func() time.Time) (*Client, error) {
	pool, err := authorities(caBundle)
	if err != nil {
		return nil, err
	}
	return &Client{Now: now, pause: pause, HTTP: &http.Client{
		Timeout: requestTimeout,
		// A redirect of a signed POST is either a mistake or an attack.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			Proxy:               http.ProxyFromEnvironment,
			DialContext:         (&net.Dialer{Timeout: dialTimeout}).DialContext,
			TLSHandshakeTimeout: dialTimeout,
			TLSClientConfig:     &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12},
		},
	}}, nil
}

// NewDirect makes a client for a service on this machine or its link, which no
// proxy reaches and which answers soon or not at all.
func NewDirect(timeout time.Duration, now func() time.Time) *Client {
	return &Client{Now: now, pause: pause, HTTP: &http.Client{
		Timeout:       timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport:     &http.Transport{DialContext: (&net.Dialer{Timeout: timeout}).DialContext, TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12}},
	}}
}

func authorities(path string) (*x509.CertPool, error) {
	if path == "" {
		return nil, nil
	}
	pem, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the certificate authorities that AWS_CA_BUNDLE or ca_bundle names: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s, which AWS_CA_BUNDLE or ca_bundle names, holds no certificate in PEM form", path)
	}
	return pool, nil
}

// Request is one call.
type Request struct {
	URL         string // without a query
	ContentType string
	Target      string // X-Amz-Target, "" in the query protocol
	Body        []byte

	Service, Region string             // of the signature
	Credentials     *sigv4.Credentials // nil sends the request unsigned
}

// Post sends r, again when the server was busy or could not be reached, and
// returns the last answer, whatever its status. It asks no sooner than the
// answer's Retry-After says.
func (c *Client) Post(ctx context.Context, r Request) (status int, body []byte, err error) {
	for n := 1; ; n++ {
		var wait time.Duration
		status, body, wait, err = c.once(ctx, r)
		if n == attempts || !again(status, body, err) || wait > longestPause || c.pause(ctx, max(wait, firstPause<<n)) != nil {
			return status, body, err
		}
	}
}

// Exchange sends one unsigned request of another shape, once, and returns the answer, whatever its status.
func (c *Client) Exchange(ctx context.Context, method, rawURL string, header http.Header, body []byte) (int, []byte, error) {
	q, err := http.NewRequestWithContext(ctx, method, rawURL, bytes.NewReader(body))
	if err != nil {
		return 0, nil, fmt.Errorf("making a request to %s: %w", rawURL, err)
	}
	if header != nil {
		q.Header = header
	}
	q.Header.Set("User-Agent", "sojourn/"+version.Version)
	status, answer, _, err := c.do(q.URL.Scheme+"://"+q.URL.Host, q)
	return status, answer, err
}

func (c *Client) once(ctx context.Context, r Request) (status int, body []byte, wait time.Duration, err error) {
	q, err := http.NewRequestWithContext(ctx, http.MethodPost, r.URL+"/", bytes.NewReader(r.Body))
	if err != nil {
		return 0, nil, 0, fmt.Errorf("making a request to %s: %w", r.URL, err)
	}
	q.Header.Set("Content-Type", r.ContentType)
	q.Header.Set("User-Agent", "sojourn/"+version.Version)
	if r.Target != "" {
		q.Header.Set("X-Amz-Target", r.Target)
	}
	if r.Credentials != nil {
		sum := sha256.Sum256(r.Body)
		sigv4.SignHeader(q, hex.EncodeToString(sum[:]), *r.Credentials, r.Service, r.Region, c.Now())
	}
	return c.do(r.URL, q)
}

func (c *Client) do(server string, q *http.Request) (status int, body []byte, wait time.Duration, err error) {
	answer, err := c.HTTP.Do(q)
	if err != nil {
		return 0, nil, 0, explain(server, err)
	}
	defer answer.Body.Close()
	body, err = io.ReadAll(io.LimitReader(answer.Body, maxAnswer+1))
	if err == nil && len(body) > maxAnswer {
		err = errors.New("it is too long")
	}
	if err != nil {
		return 0, nil, 0, fmt.Errorf("reading the answer of %s: %w", server, err)
	}
	return answer.StatusCode, body, retryAfter(answer.Header), nil
}

// retryAfter is how long a server asks to be left alone (RFC 9110, section
// 10.2.3); 0 where it does not say so in seconds.
func retryAfter(h http.Header) time.Duration {
	seconds, err := strconv.ParseUint(h.Get("Retry-After"), 10, 31)
	if err != nil {
		return 0
	}
	return time.Duration(seconds) * time.Second
}

// explain says in one line why there is no answer, and what to do. The
// standard library's error would begin with the method and the URL.
func explain(server string, err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		err = e.Err
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return fmt.Errorf("the certificate of %s is not trusted: %w; name its authority with AWS_CA_BUNDLE or ca_bundle", server, err)
	}
	return fmt.Errorf("%s could not be reached: %w; check the endpoint and the network", server, err)
}

// busy are the error codes with which AWS asks for patience.
var busy = [...]string{"Throttling", "ThrottlingException", "ThrottledException", "RequestThrottled", "TooManyRequestsException",
	"RequestLimitExceeded", "SlowDown", "PriorRequestNotComplete", "IDPCommunicationError"}

// again reports whether another try may go better.
func again(status int, body []byte, err error) bool {
	switch {
	case err != nil:
		if _, bad := errors.AsType[*tls.CertificateVerificationError](err); bad {
			return false
		}
		_, ok := errors.AsType[*net.OpError](err)
		return ok
	case status == http.StatusTooManyRequests || status >= 500 && status != http.StatusNotImplemented:
		return true
	case status != http.StatusBadRequest && status != http.StatusForbidden:
		return false
	}
	for _, code := range busy {
		if strings.Contains(string(body), "<Code>"+code+"</Code>") || strings.Contains(string(body), code+`"`) {
			return true
		}
	}
	return false
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
