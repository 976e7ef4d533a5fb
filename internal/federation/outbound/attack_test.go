package outbound

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// trap listens on all addresses of this machine and counts who comes.
type trap struct {
	port string
	hits atomic.Int64
}

func newTrap(t *testing.T, address string) *trap {
	t.Helper()
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	x := new(trap)
	_, x.port, _ = net.SplitHostPort(l.Addr().String())
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			x.hits.Add(1)
			c.Close()
		}
	}()
	return x
}

// attack is a URL that must not be fetched. PORT in it is the trap's.
type attack struct{ class, url, by string }

// byDial is a refusal between the socket and its connect; byName no such name; all others are words of CheckURL.
const (
	byDial = "is not a public one"
	byName = "no such host"
)

// TestAttacks are URLs that reach, where a check is absent, an address of this
// machine or its network. Whoever resolves names here takes every spelling for
// 127.0.0.1 that some resolver takes for it.
func TestAttacks(t *testing.T) {
	all := slices.Concat(spellingAttacks(), embeddingAttacks(), nameAttacks(), urlAttacks())
	classes, zone := map[string]int{}, map[string][]string{}
	for _, a := range all {
		if u, err := url.Parse(strings.ReplaceAll(a.url, "PORT", "1")); err == nil && a.by == byDial {
			zone[strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")] = []string{"127.0.0.1"}
		}
	}
	zone["metadata.google.internal"] = []string{"169.254.169.254"}
	zone["six.attacker.test"] = []string{"::1"}
	zone["both.attacker.test"] = []string{"10.0.0.1", "::1"}
	trap := newTrap(t, ":0")
	c, err := build(Options{}, fakeDNS(t, zone))
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range all {
		classes[a.class]++
		_, _, err := c.Get(t.Context(), strings.ReplaceAll(a.url, "PORT", trap.port))
		if err == nil || !strings.Contains(err.Error(), a.by) {
			t.Errorf("%s: %.200s: %.300v, want %s", a.class, a.url, err, a.by)
		}
	}
	if n := trap.hits.Load(); n != 0 {
		t.Errorf("%d connections were made", n)
	}
	for _, class := range slices.Sorted(maps.Keys(classes)) {
		t.Logf("%-10s %3d", class, classes[class])
	}
	if n := len(all) + len(hostile); n < 40 {
		t.Errorf("%d hosts and URLs, want at least 40", n)
	}
}

// spellingAttacks are loopback in the spellings of other parsers.
func spellingAttacks() (all []attack) {
	for by, hosts := range map[string][]string{
		byDial: {"0.0.0.0", "0x7f000001", "0x7f.0x0.0x0.0x1", "localhost", "LOCALHOST", "localhost.", "localhost.localdomain", "ip6-localhost",
			"１２７.0.0.1", "127。0。0。1", "①②⑦.⓪.⓪.①", "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ", "ｌｏｃａｌｈｏｓｔ"},
		// No label has a letter: Go asks no resolver.
		byName: {"0", "127.1", "127.0.1", "2130706433", "4294967297", "017700000001", "0177.0.0.1", "0177.0.0.01", "00000177.0.0.1", "127.0.0.01", "127.000.000.001", "127.0.0.1.", "127.0.0.1.."},

		"invalid URL escape": {"%31%32%37.0.0.1", "127%2e0%2e0%2e1", "127.0.0.1%00"},
	} {
		for _, host := range hosts {
			all = append(all, attack{"spelling", "https://" + host + ":PORT/x", by})
		}
	}
	return all
}

// embeddingAttacks are IPv6 addresses that hold or translate to an IPv4 address, or reach no other network.
func embeddingAttacks() (all []attack) {
	for host, by := range map[string]string{
		"::1": byDial, "::": byDial, "0:0:0:0:0:0:0:1": byDial, "::ffff:127.0.0.1": "no IPv4 address in it", "::ffff:7f00:1": "no IPv4 address in it", "0:0:0:0:0:FFFF:7F00:0001": "no IPv4 address in it",
		"::ffff:0:127.0.0.1": byDial, "::127.0.0.1": byDial, "64:ff9b::127.0.0.1": byDial, "64:ff9b::a9fe:a9fe": byDial, "64:ff9b:1::7f00:1": byDial, "2002:7f00:1::": byDial,
		"2001:0:7f00:1::": byDial, "fe80::5efe:127.0.0.1": byDial, "fe80::1%25lo": "no zone", "::1%25lo": "no zone", "fd00:ec2::254": byDial, "fd20:ce::254": byDial, "ff02::1": byDial, "fec0::1": byDial, "::ffff:169.254.169.254": "no IPv4 address in it",
	} {
		all = append(all, attack{"embedding", "https://[" + host + "]:PORT/x", by})
	}
	return all
}

// nameAttacks are names whose owners, or the resolver, lead inside, or that no name can be.
func nameAttacks() []attack {
	label := strings.Repeat("a", 64)
	return []attack{
		{"name", "https://127.0.0.1.attacker.test:PORT/", byDial}, {"name", "https://169-254-169-254.attacker.test:PORT/", byDial}, {"name", "https://six.attacker.test:PORT/", byDial},
		{"name", "https://both.attacker.test:PORT/", byDial}, {"name", "https://metadata.google.internal/computeMetadata/v1/", byDial}, {"name", "https://login.example.com.:PORT/", byDial},
		{"name", "https://xn--lcalhost-o3b.attacker.test:PORT/", byDial}, {"name", "https://" + label + ".test/", byName}, {"name", "https://" + strings.Repeat("a.", 127) + "test/", byName},
		{"name", "https://" + strings.Repeat("a", 2048) + "/", "longer than 2048"}, {"name", "https://nobody.test/", byName}, {"name", "https://-/", byName},
	}
}

// urlAttacks are URLs in which one reader finds another host than the next.
func urlAttacks() (all []attack) {
	for u, by := range map[string]string{
		"https://login.example.com@127.0.0.1:PORT/": "no user or password", "https://127.0.0.1:PORT@login.example.com/": "no user or password", "https://@127.0.0.1:PORT/": "no user or password",
		"https://a:b@127.0.0.1:PORT/": "no user or password", "https://127.0.0.1:PORT#@login.example.com/": "no fragment", "https://login.example.com#@127.0.0.1:PORT/": "no fragment", "https://127.0.0.1:PORT/#": "no fragment",
		`https://login.example.com\@127.0.0.1:PORT/`: "parsing a provider's URL", `https://127.0.0.1:PORT\.login.example.com/`: "parsing a provider's URL", `https:\\127.0.0.1:PORT/`: "names no host", `https://127.0.0.1:PORT/\`: "no backslash",
		"http://127.0.0.1:PORT/": "only https", "HTTP://127.0.0.1:PORT/": "only https", "ftp://127.0.0.1:PORT/": "only https", "file:///etc/passwd": "only https", "file://127.0.0.1/etc/passwd": "only https", "gopher://127.0.0.1:PORT/_x": "only https",
		"dict://127.0.0.1:PORT/": "only https", "ldap://127.0.0.1:PORT/": "only https", "unix:///run/docker.sock": "only https", "data:text/plain,x": "only https", "javascript:alert(1)": "only https", "//127.0.0.1:PORT/": "only https", "127.0.0.1:PORT/": "parsing a provider's URL",
		"https:127.0.0.1:PORT/": "names no host", "https:/127.0.0.1:PORT/": "names no host", "https:///127.0.0.1:PORT/": "names no host", "https://:PORT/": "names no host", "https://?x=127.0.0.1:PORT": "names no host",
		"https://127.0.0.1:0/": "port 0", "https://127.0.0.1:00PORT/": byDial, "https://127.0.0.1:-1/": "parsing a provider's URL", "https://127.0.0.1:+1/": "parsing a provider's URL", "https://127.0.0.1:PORTx/": "parsing a provider's URL", "https://127.0.0.1:PORT:443/": "parsing a provider's URL",
		"https://127.0.0.1:65536/": "invalid port", "https://127.0.0.1:/": byDial, "https://127.0.0.1 :PORT/": "parsing a provider's URL", " https://127.0.0.1:PORT/": "parsing a provider's URL", "https://127.0.0.1:PORT/\r\nX: y": "parsing a provider's URL",
		"https://127.0.0.1:PORT/\x00": "parsing a provider's URL", "https://127.0.0.1%00.test:PORT/": "parsing a provider's URL", "https://127.0.0.1%2f.test:PORT/": "parsing a provider's URL", "https://[127.0.0.1]:PORT/": "parsing a provider's URL", "https://[::1:PORT/": "parsing a provider's URL", "https://[::1]x:PORT/": "parsing a provider's URL",
	} {
		all = append(all, attack{"URL", u, by})
	}
	return all
}

// turning is a name whose answer changes with each look-up.
func turning(t *testing.T, name string, answers ...string) *net.Resolver {
	t.Helper()
	var asked atomic.Int64
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
		n := min(int(asked.Add(1)-1)/2, len(answers)-1) // for A and for AAAA
		return fakeDNS(t, map[string][]string{name: {answers[n]}}).Dial(ctx, network, address)
	}}
}

// TestRebinding: each fetch checks the address that it dials, whatever the last one found.
func TestRebinding(t *testing.T) {
	p := newIDP(t, func(http.ResponseWriter, *http.Request) {})
	u, _ := url.Parse(p.URL)
	trap := newTrap(t, "127.0.0.2:"+u.Port())
	c := p.client(t, turning(t, "example.com", "127.0.0.1", "127.0.0.2", "169.254.169.254", "127.0.0.1"))
	for i, want := range []bool{true, false, false, true} {
		if _, _, err := c.Get(t.Context(), "https://example.com:"+u.Port()); (err == nil) != want || err != nil && !refused(err) {
			t.Errorf("fetch %d: %v", i, err)
		}
	}
	if p.hits.Load() != 2 || trap.hits.Load() != 0 {
		t.Errorf("%d requests at the provider, %d inside", p.hits.Load(), trap.hits.Load())
	}
}

// TestSecondAddress: where the permitted address of a name does not answer, the other is not tried.
func TestSecondAddress(t *testing.T) {
	trap := newTrap(t, "127.0.0.2:0")
	allow := []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
	c, err := build(Options{Allow: allow}, fakeDNS(t, map[string][]string{"example.com": {"127.0.0.1", "127.0.0.2"}}))
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := c.Get(t.Context(), "https://example.com:"+trap.port); err == nil || trap.hits.Load() != 0 {
		t.Errorf("%v, %d connections", err, trap.hits.Load())
	}
}

// TestRedirects: an answer leads nowhere, by whatever status.
func TestRedirects(t *testing.T) {
	var status int
	var to string
	p := newIDP(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", to)
		w.WriteHeader(status)
	})
	u, _ := url.Parse(p.URL)
	trap := newTrap(t, "127.0.0.2:0")
	inside := []string{"https://127.0.0.2:" + trap.port, "http://127.0.0.2:" + trap.port, "//127.0.0.2:" + trap.port, "https://127.0.0.1:" + u.Port() + "/again", "/again", "file:///etc/passwd", "https://169.254.169.254/"}
	c := p.client(t, nil)
	tried := int64(0)
	for _, status = range []int{201, 300, 301, 302, 303, 305, 307, 308} {
		for _, to = range inside {
			tried++
			if _, _, err := c.Get(t.Context(), p.URL); err == nil {
				t.Errorf("%d to %s is taken", status, to)
			}
		}
	}
	if trap.hits.Load() != 0 || p.hits.Load() != tried {
		t.Errorf("%d connections inside, %d requests for %d fetches", trap.hits.Load(), p.hits.Load(), tried)
	}
}

// TestAnswers: what a provider sends takes no more memory and time than the limits say.
func TestAnswers(t *testing.T) {
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	z.Write(make([]byte, 8<<20))
	z.Close()
	flood := strings.Repeat("x", 1<<16)
	for name, answer := range map[string]func(io.Writer){
		"without end": func(w io.Writer) {
			io.WriteString(w, "HTTP/1.1 200 OK\r\n\r\n")
			pour(w, flood)
		},
		"chunks without end": func(w io.Writer) {
			io.WriteString(w, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
			pour(w, "10000\r\n"+flood+"\r\n")
		},
		"a byte more than allowed": func(w io.Writer) { fmt.Fprintf(w, "HTTP/1.1 200 OK\r\n\r\n%s", make([]byte, MaxBody+1)) },
		"less than its length":     func(w io.Writer) { io.WriteString(w, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nshort") },
		"two lengths": func(w io.Writer) {
			io.WriteString(w, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab")
		},
		"a header without end":      func(w io.Writer) { io.WriteString(w, "HTTP/1.1 200 OK\r\nX: "); pour(w, flood) },
		"headers without end":       func(w io.Writer) { io.WriteString(w, "HTTP/1.1 200 OK\r\n"); pour(w, "X: "+flood[:1000]+"\r\n") },
		"early answers without end": func(w io.Writer) { pour(w, "HTTP/1.1 103 Early Hints\r\nX: "+flood[:1000]+"\r\n\r\n") },
		"another protocol": func(w io.Writer) {
			io.WriteString(w, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n")
		},
		"HTTP/0.9": func(w io.Writer) { io.WriteString(w, `{"keys":[]}`) },
		"nothing":  func(io.Writer) {},
	} {
		if _, body, err := answered(t, answer); err == nil {
			t.Errorf("%s: %d bytes are taken", name, len(body))
		}
	}
	_, body, err := answered(t, func(w io.Writer) {
		fmt.Fprintf(w, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s", bomb.Len(), bomb.Bytes())
	})
	if err != nil || len(body) != bomb.Len() {
		t.Errorf("a compressed bomb of %d bytes: %d bytes, %v", bomb.Len(), len(body), err)
	}
}

// pour writes text until the other side has had enough.
func pour(w io.Writer, text string) {
	for {
		if _, err := io.WriteString(w, text); err != nil {
			return
		}
	}
}

// answered fetches from a provider that answers so.
func answered(t *testing.T, answer func(io.Writer)) (http.Header, []byte, error) {
	t.Helper()
	p := newIDP(t, func(w http.ResponseWriter, _ *http.Request) {
		c, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer c.Close()
		answer(c)
	})
	body, header, err := p.client(t, nil).Get(t.Context(), p.URL)
	return header, body, err
}

// TestSlowAnswer: time is counted to the last byte, not to the first.
func TestSlowAnswer(t *testing.T) {
	stop := make(chan struct{})
	defer close(stop)
	p := newIDP(t, func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, "{")
		http.NewResponseController(w).Flush()
		<-stop // not when the client goes: the end could still reach it
	})
	c := p.client(t, nil)
	c.http.Timeout = 50 * time.Millisecond
	if _, _, err := c.Get(t.Context(), p.URL); err == nil || !errors.Is(err, context.DeadlineExceeded) && !strings.Contains(err.Error(), "Timeout") {
		t.Errorf("a provider that never ends: %v", err)
	}
}
