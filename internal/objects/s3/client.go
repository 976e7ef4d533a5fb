package s3

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/base64"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"time"

	"sojourn/internal/objects"
	"sojourn/internal/sigv4"
)

// client sends signed requests, again when that can help.
type client struct {
	address *address
	keys    *keys
	now     func() time.Time
	http    *http.Client
}

const (
	attempts  = 6                     // of one request
	firstWait = 50 * time.Millisecond // before the second; each wait may be twice as long as the one before
	lastWait  = 2 * time.Second       // the longest
	stallTime = 30 * time.Second      // without a byte in either direction
	maxAnswer = 16 << 20              // of an XML answer
	emptySum  = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
)

func newClient(a *address, k *keys, now func() time.Time) (*client, error) {
	if _, err := k.get(); err != nil {
		return nil, err
	}
	dialer := &net.Dialer{Timeout: 5 * time.Second, KeepAlive: 10 * time.Second}
	return &client{address: a, keys: k, now: now, http: &http.Client{
		Transport: &http.Transport{
			Proxy: http.ProxyFromEnvironment, DialContext: dialer.DialContext,
			TLSClientConfig:     &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: a.authorities},
			TLSHandshakeTimeout: 10 * time.Second, MaxIdleConnsPerHost: 64, IdleConnTimeout: 30 * time.Second,
			DisableCompression: true, ExpectContinueTimeout: time.Second,
		},
		// A signature is for one host; whoever sends us elsewhere is not obeyed.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// request is one operation of the protocol.
type request struct {
	method string
	key    string // "" for the bucket itself
	query  url.Values
	header http.Header
	body   func() io.Reader // nil for none
	size   int64
	sum    string // SHA-256 of the body, lower-case hex
	once   bool   // do not try again
}

// failure is an answer that is not 2xx.
type failure struct {
	status        int
	code, message string
}

func (f *failure) Error() string {
	if f.code == "" {
		return fmt.Sprintf("the object store answered %d", f.status)
	}
	return fmt.Sprintf("the object store answered %d %s: %s", f.status, f.code, f.message)
}

// Unwrap lets an absent object be the port's.
func (f *failure) Unwrap() error {
	if f.status == http.StatusNotFound && f.code != "NoSuchBucket" && f.code != "NoSuchUpload" {
		return objects.ErrNotFound
	}
	return nil
}

func isAbsent(err error) bool { return errors.Is(err, objects.ErrNotFound) }

func hasStatus(err error, status int) bool {
	var f *failure
	return errors.As(err, &f) && f.status == status
}

// temporary reports whether the same request may succeed later.
func temporary(err error) bool {
	var f *failure
	if !errors.As(err, &f) {
		return true // the network
	}
	switch f.status {
	case 408, 425, 429, 500, 502, 503, 504, 409: // 409: another request was under way
		return true
	case 400:
		return f.code == "RequestTimeout" || f.code == "ExpiredToken" // a new token may be in the file by now
	}
	return false
}

// answer is a 2xx answer, read whole.
type answer struct {
	header http.Header
	body   []byte
}

// do sends a request until it succeeds, cannot, or was tried often enough.
func (c *client) do(ctx context.Context, r *request) (a *answer, err error) {
	err = c.again(ctx, r.once, func() error {
		res, err := c.send(ctx, r)
		if err != nil {
			return err
		}
		defer res.Body.Close()
		body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
		a = &answer{res.Header, body}
		return err
	})
	return a, err
}

// again runs f until it succeeds, cannot, or was tried often enough.
func (c *client) again(ctx context.Context, once bool, f func() error) error {
	err := c.tryAgain(ctx, once, f)
	if err != nil && temporary(err) && !errors.Is(err, context.Canceled) {
		err = fmt.Errorf("%w: %w", objects.ErrUnavailable, err)
	}
	return err
}

func (c *client) tryAgain(ctx context.Context, once bool, f func() error) error {
	wait := firstWait
	for try := 1; ; try++ {
		err := ctx.Err()
		if err == nil {
			err = f()
		}
		if err == nil || ctx.Err() != nil || once || try == attempts || !temporary(err) {
			return err
		}
		select {
		case <-time.After(wait/2 + rand.N(wait)): // so that nodes do not all come back at once
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		}
		wait = min(2*wait, lastWait)
	}
}

// send sends a request once. The answer's body must be closed.
func (c *client) send(ctx context.Context, r *request) (*http.Response, error) {
	k, err := c.keys.get()
	if err != nil {
		return nil, err
	}
	ctx, w := watch(ctx)
	q, err := http.NewRequestWithContext(ctx, r.method, c.url(r), nil)
	if err != nil {
		w.stop()
		return nil, err
	}
	for name, values := range r.header {
		q.Header[name] = values
	}
	sum := emptySum
	if r.body != nil {
		sum, q.ContentLength = r.sum, r.size
		q.Body = &watched{Reader: r.body(), w: w}
		if r.size == 0 {
			q.Body = http.NoBody
		}
	}
	q.Header.Set("X-Amz-Content-Sha256", sum)
	sigv4.SignHeader(q, sum, k, "s3", c.address.region, c.now())
	res, err := c.http.Do(q)
	if err != nil {
		w.stop()
		return nil, unwrapURL(ctx, err)
	}
	res.Body = &watched{Reader: res.Body, Closer: res.Body, w: w, ends: true}
	if res.StatusCode >= 200 && res.StatusCode < 300 {
		return res, nil
	}
	defer res.Body.Close()
	return nil, readFailure(res)
}

// url is where a request goes. Our keys need no escaping.
func (c *client) url(r *request) string {
	u := *c.address.base
	u.Path = "/" + r.key
	if !c.address.virtual {
		u.Path = "/" + c.address.bucket
		if r.key != "" {
			u.Path += "/" + r.key
		}
	}
	u.RawQuery = r.query.Encode()
	return u.String()
}

// unwrapURL takes the address out of an error, and says when it was we who gave up.
func unwrapURL(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); errors.Is(cause, errStalled) {
		return cause
	}
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

func readFailure(res *http.Response) error {
	f := &failure{status: res.StatusCode}
	body, err := io.ReadAll(io.LimitReader(res.Body, 64<<10))
	if err != nil {
		return f
	}
	said, _ := errorIn(body)
	f.code, f.message = said.Code, said.Message
	return f
}

type errorXML struct {
	XMLName xml.Name
	Code    string
	Message string
}

// errorIn reads an answer that is an error, whatever its status.
func errorIn(body []byte) (e errorXML, is bool) {
	if xml.NewDecoder(bytes.NewReader(body)).Decode(&e) != nil || e.XMLName.Local != "Error" {
		return errorXML{}, false
	}
	e.Code, e.Message = printable(e.Code), printable(e.Message)
	return e, true
}

// printable bounds outside text that goes into logs.
func printable(s string) string {
	b := []byte(s[:min(len(s), 200)])
	for i := range b {
		if b[i] < ' ' || b[i] > '~' {
			b[i] = '?'
		}
	}
	return string(b)
}

// checksum is a hash in the form of the header that lets the server check it too.
func checksum(sum string) string {
	b, _ := hex.DecodeString(sum) // ours
	return base64.StdEncoding.EncodeToString(b)
}
