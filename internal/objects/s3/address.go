package s3

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"strings"

	"sojourn/internal/objects"
)

// address is an s3:// URL that was understood.
type address struct {
	bucket, prefix string
	region         string
	base           *url.URL // scheme and host of requests, with the bucket in the host for virtual
	virtual        bool
	authorities    *x509.CertPool // nil for the system's
}

func (a *address) shown() string { return fmt.Sprintf("%q at %s", a.bucket, a.base.Host) }

func parse(text string) (*address, error) {
	bad := func(format string, args ...any) (*address, error) {
		return nil, fmt.Errorf("the object store's address: "+format, args...)
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "s3" || u.User != nil || u.Fragment != "" || !isBucket(u.Host) {
		return bad("want s3://BUCKET[/PREFIX]?endpoint=URL&region=REGION, and no keys in it")
	}
	a := &address{bucket: u.Host, region: "us-east-1"}
	if p := strings.Trim(u.Path, "/"); p != "" {
		if objects.CheckKey(p) != nil {
			return bad("prefix %q: want lower-case letters, digits, '.', '-', '_' and '/'", p)
		}
		a.prefix = p + "/"
	}
	q := u.Query()
	for name, values := range q {
		if len(values) != 1 || values[0] == "" {
			return bad("%s: want one value", name)
		}
		switch name {
		case "endpoint", "region", "style", "ca", "plain-http":
		default:
			return bad("unknown parameter %q", name)
		}
	}
	if q.Has("region") {
		a.region = q.Get("region")
	}
	if err := a.endpoint(q.Get("endpoint"), q.Get("plain-http") == "allow"); err != nil {
		return bad("%w", err)
	}
	switch style := q.Get("style"); style {
	case "":
		a.virtual = !q.Has("endpoint")
	case "path", "virtual":
		a.virtual = style == "virtual"
	default:
		return bad("style %q: want path or virtual", style)
	}
	if a.virtual {
		a.base.Host = a.bucket + "." + a.base.Host
	}
	if q.Has("ca") {
		if a.authorities, err = readAuthorities(q.Get("ca")); err != nil {
			return bad("ca: %w", err)
		}
	}
	return a, nil
}

// endpoint sets where requests go. What is stored is nobody's business on the
// way, and a plain connection could change it unseen where the server does not
// look at the hash that was signed.
func (a *address) endpoint(text string, plain bool) error {
	if text == "" {
		text = "https://s3." + a.region + ".amazonaws.com"
	}
	e, err := url.Parse(text)
	if err != nil || e.Host == "" || e.User != nil || strings.Trim(e.Path, "/") != "" || e.RawQuery != "" {
		return errors.New("endpoint: want https://HOST[:PORT]")
	}
	switch {
	case e.Scheme == "https":
	case e.Scheme == "http" && (plain || isLoopback(e.Hostname())):
	default:
		return fmt.Errorf("endpoint %q: want https, or plain-http=allow beside it where the network itself is trusted", text)
	}
	a.base = &url.URL{Scheme: e.Scheme, Host: e.Host}
	return nil
}

func isLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// isBucket takes what AWS takes as a new bucket's name, and is no address.
func isBucket(name string) bool {
	if len(name) < 3 || len(name) > 63 || strings.Contains(name, "..") || net.ParseIP(name) != nil {
		return false
	}
	for i, c := range []byte(name) {
		edge := i == 0 || i == len(name)-1
		if !('a' <= c && c <= 'z' || '0' <= c && c <= '9' || !edge && (c == '-' || c == '.')) {
			return false
		}
	}
	return true
}

func readAuthorities(path string) (*x509.CertPool, error) {
	pem, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s holds no certificate", path)
	}
	return pool, nil
}
