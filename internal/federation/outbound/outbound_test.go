package outbound

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// hostile are addresses that no fetch may reach without the operator's word.
var hostile = []string{
	"127.0.0.1", "127.0.0.2", "127.255.255.254", "0.0.0.0", "0.0.0.1", "0.255.255.255",
	"10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.255", "192.168.0.1", "192.168.255.255",
	"169.254.0.1", "169.254.169.254", "169.254.170.2", "168.63.129.16", "100.64.0.1", "100.127.255.255",
	"100.100.100.200", "192.0.0.1", "192.0.0.192", "192.0.2.1", "192.88.99.1", "198.18.0.1", "198.19.255.255",
	"198.51.100.7", "203.0.113.7", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
	"::", "::1", "::127.0.0.1", "::7f00:1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:8.8.8.8",
	"64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::a00:1", "2002:7f00:1::", "2002:a9fe:a9fe::1",
	"2001::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:db8::1", "3fff::1", "100::1", "5f00::1",
	"fc00::1", "fd00::1", "fd00:ec2::254", "fd20:ce::254", "fe80::1", "fe80::1%lo", "fec0::1", "ff02::1",
}

func TestHostileAddressesAreNotPublic(t *testing.T) {
	if len(hostile) < 38 {
		t.Fatalf("%d hostile addresses, want at least 38", len(hostile))
	}
	for _, text := range hostile {
		if a := netip.MustParseAddr(text); permitted(a, nil) {
			t.Errorf("%s may be dialled", a)
		}
	}
	for _, text := range []string{"1.1.1.1", "8.8.8.8", "100.63.255.255", "100.128.0.0", "172.32.0.1", "193.0.0.1", "2606:4700::1111", "2a00:1450::1"} {
		if !permitted(netip.MustParseAddr(text), nil) {
			t.Errorf("%s is refused", text)
		}
	}
}

// TestHostileHosts dials each address as a literal and as a name that resolves
// to it. The refusal comes before a packet is sent.
func TestHostileHosts(t *testing.T) {
	zone := map[string][]string{"127.1": {"127.0.0.1"}, "0x7f000001": {"127.0.0.1"}, "2130706433": {"127.0.0.1"}, "017700000001": {"127.0.0.1"}}
	hosts := []string{"127.1", "0x7f000001", "2130706433", "017700000001", "localhost"}
	for i, text := range hostile {
		a := netip.MustParseAddr(text)
		name := fmt.Sprintf("h%d.attacker.test", i)
		hosts = append(hosts, literal(a))
		if !permitted(a.Unmap(), nil) { // as an answer to a name, ::ffff:8.8.8.8 is 8.8.8.8
			zone[name] = []string{a.WithZone("").String()}
			hosts = append(hosts, name)
		}
	}
	c, err := build(Options{}, fakeDNS(t, zone))
	if err != nil {
		t.Fatal(err)
	}
	for _, host := range hosts {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		_, _, err := c.Get(ctx, "https://"+host+":9/x")
		cancel()
		if !refused(err) {
			t.Errorf("%s: %v, want a refusal", host, err)
		}
	}
}

func literal(a netip.Addr) string {
	if a.Is4() {
		return a.String()
	}
	return "[" + strings.Replace(a.String(), "%", "%25", 1) + "]"
}

func refused(err error) bool {
	if _, ok := errors.AsType[*RefusedError](err); ok {
		return strings.Contains(err.Error(), "--federation-allow-cidr")
	}
	if e, ok := errors.AsType[*net.DNSError](err); ok {
		return !strings.HasSuffix(e.Name, ".test") // "127.1" is an address to some resolvers and a name to others
	}
	return err != nil && strings.Contains(err.Error(), "an IPv6 address may have no zone")
}

func TestHostileURLs(t *testing.T) {
	c, err := New(Options{Allow: []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0")}})
	if err != nil {
		t.Fatal(err)
	}
	for _, u := range []string{
		"", "x", "/etc/passwd", "//example.com/x", "http://example.com/", "HTTP://example.com/", "ftp://example.com/", "file:///etc/passwd",
		"gopher://example.com/", "javascript:alert(1)", "https:example.com", "https://", "https:///x", "https://:443/x",
		"https://user@example.com/", "https://user:pw@example.com/", "https://example.com#@127.0.0.1/", "https://example.com/#f",
		"https://example.com\\@127.0.0.1/", "https://exa mple.com/", "https://example.com/\r\nHost: x", "https://example.com:0/",
		"https://example.com:99999999/", "https://[::1", "https://[::ffff:8.8.8.8]/", "https://[fe80::1%25eth0]/",
		"https://%zz/", "https://example.com/" + strings.Repeat("a", maxURL),
	} {
		if _, _, err := c.Get(t.Context(), u); err == nil {
			t.Errorf("%q was fetched", u)
		} else if e, ok := errors.AsType[*net.OpError](err); ok && e.Op == "dial" && !strings.Contains(u, "99999999") {
			t.Errorf("%q reached the dialer: %v", u, err)
		}
	}
}

func TestMetadataNeedsItsOwnRange(t *testing.T) {
	md := netip.MustParseAddr("169.254.169.254")
	wide := []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")}
	if permitted(md, wide) || permitted(netip.MustParseAddr("fd00:ec2::254"), wide) {
		t.Error("a wide range opens the metadata address")
	}
	if !permitted(netip.MustParseAddr("10.1.2.3"), wide) {
		t.Error("a wide range does not open a private address")
	}
	if !permitted(md, []netip.Prefix{netip.MustParsePrefix("169.254.169.254/32")}) {
		t.Error("its own range does not open the metadata address")
	}
}

// idp is a provider on loopback; its certificate names example.com and 127.0.0.1.
type idp struct {
	*httptest.Server
	hits atomic.Int64
}

func newIDP(t *testing.T, h http.HandlerFunc, change ...func(*tls.Config)) *idp {
	t.Helper()
	p := new(idp)
	p.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.hits.Add(1)
		h(w, r)
	}))
	p.TLS = new(tls.Config)
	for _, f := range change {
		f(p.TLS)
	}
	p.Config.ErrorLog = log.New(io.Discard, "", 0)
	p.StartTLS()
	t.Cleanup(p.Close)
	return p
}

func (p *idp) client(t *testing.T, names *net.Resolver) *Client {
	t.Helper()
	roots := x509.NewCertPool()
	roots.AddCert(p.Certificate())
	c, err := build(Options{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}, RootCAs: roots}, names)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestGet(t *testing.T) {
	p := newIDP(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "max-age=600")
		fmt.Fprintf(w, "%s %s", r.Method, r.URL.Path)
	})
	body, header, err := p.client(t, nil).Get(t.Context(), p.URL+"/keys")
	if err != nil || string(body) != "GET /keys" || header.Get("Cache-Control") != "max-age=600" {
		t.Errorf("got %q, %v, %v", body, header, err)
	}
}

func TestLoopbackIsNotReachedWithoutPermission(t *testing.T) {
	p := newIDP(t, func(http.ResponseWriter, *http.Request) {})
	roots := x509.NewCertPool()
	roots.AddCert(p.Certificate())
	c, err := New(Options{RootCAs: roots, Allow: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := c.Get(t.Context(), p.URL); !refused(err) || p.hits.Load() != 0 {
		t.Errorf("got %v and %d requests, want a refusal and none", err, p.hits.Load())
	}
}

func TestBodyLimit(t *testing.T) {
	size := 0
	p := newIDP(t, func(w http.ResponseWriter, _ *http.Request) { w.Write(make([]byte, size)) })
	for _, size = range []int{MaxBody, MaxBody + 1} {
		body, _, err := p.client(t, nil).Get(t.Context(), p.URL)
		if (err == nil) != (size == MaxBody) || len(body) > MaxBody {
			t.Errorf("%d bytes: got %d, %v", size, len(body), err)
		}
	}
}

func TestStatusOtherThan200(t *testing.T) {
	status := 0
	p := newIDP(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
	for _, status = range []int{201, 204, 301, 304, 400, 404, 500, 503} {
		if _, _, err := p.client(t, nil).Get(t.Context(), p.URL); err == nil {
			t.Errorf("status %d is taken", status)
		}
	}
}

func TestTimeLimit(t *testing.T) {
	stop := make(chan struct{})
	p := newIDP(t, func(http.ResponseWriter, *http.Request) { <-stop })
	defer close(stop)
	c := p.client(t, nil)
	if c.http.Timeout != 5*time.Second {
		t.Errorf("the whole fetch may take %v, want 5s", c.http.Timeout)
	}
	c.http.Timeout = 50 * time.Millisecond
	if _, _, err := c.Get(context.Background(), p.URL); !os.IsTimeout(err) {
		t.Errorf("a provider that never answers: %v", err)
	}
}

func TestProxyFromEnvironmentIsIgnored(t *testing.T) {
	proxy := newIDP(t, func(http.ResponseWriter, *http.Request) {})
	for _, name := range []string{"HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"} {
		t.Setenv(name, proxy.URL)
	}
	p := newIDP(t, func(http.ResponseWriter, *http.Request) {})
	u, _ := url.Parse(p.URL)
	c := p.client(t, fakeDNS(t, map[string][]string{"example.com": {"127.0.0.1"}}))
	if _, _, err := c.Get(t.Context(), "https://example.com:"+u.Port()); err != nil {
		t.Error(err)
	}
	if proxy.hits.Load() != 0 || p.hits.Load() != 1 {
		t.Errorf("%d requests at the proxy and %d at the provider", proxy.hits.Load(), p.hits.Load())
	}
	if c.http.Transport.(*http.Transport).Proxy != nil {
		t.Error("the transport has a proxy function")
	}
}

func TestTLS(t *testing.T) {
	ok := func(http.ResponseWriter, *http.Request) {}
	old := newIDP(t, ok, func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS11 })
	if _, _, err := old.client(t, nil).Get(t.Context(), old.URL); err == nil {
		t.Error("TLS 1.1 is taken")
	}
	p := newIDP(t, ok)
	c, err := New(Options{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := c.Get(t.Context(), p.URL); err == nil {
		t.Error("an unknown authority is trusted")
	}
	u, _ := url.Parse(p.URL)
	c = p.client(t, fakeDNS(t, map[string][]string{"other.test": {"127.0.0.1"}}))
	if _, _, err := c.Get(t.Context(), "https://other.test:"+u.Port()); err == nil {
		t.Error("a certificate of another name is trusted")
	}
}

func TestCAFile(t *testing.T) {
	p := newIDP(t, func(http.ResponseWriter, *http.Request) {})
	dir := t.TempDir()
	good, bad := filepath.Join(dir, "ca.pem"), filepath.Join(dir, "bad.pem")
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: p.Certificate().Raw})
	if err := errors.Join(os.WriteFile(good, block, 0o600), os.WriteFile(bad, []byte("no certificate"), 0o600)); err != nil {
		t.Fatal(err)
	}
	allow := []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	c, err := New(Options{Allow: allow, CAFile: good})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := c.Get(t.Context(), p.URL); err != nil {
		t.Error(err)
	}
	for _, file := range []string{bad, filepath.Join(dir, "absent.pem")} {
		if _, err := New(Options{CAFile: file}); err == nil || !strings.Contains(err.Error(), "--federation-ca") {
			t.Errorf("%s: %v", file, err)
		}
	}
}

func TestNameWithSeveralAddresses(t *testing.T) {
	p := newIDP(t, func(http.ResponseWriter, *http.Request) {})
	u, _ := url.Parse(p.URL)
	names := fakeDNS(t, map[string][]string{"example.com": {"10.0.0.1", "127.0.0.1"}})
	if _, _, err := p.client(t, names).Get(t.Context(), "https://example.com:"+u.Port()); err != nil {
		t.Errorf("the permitted one of two addresses is not tried: %v", err)
	}
}
