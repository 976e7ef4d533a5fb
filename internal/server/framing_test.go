package server

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"maps"
	"math/big"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// smuggled is the request that an attacker hides behind another one.
const smuggled = "GET /?smuggled HTTP/1.1\r\nHost: x\r\n\r\n"

// attack is what goes over one connection. The first request reaches a door
// served times, which is once at most, and the smuggled one never.
type attack struct {
	class, name, text string
	served            int
}

// front is a server that keeps what reaches its doors.
type front struct {
	*harness
	reached chan string
}

func newFront(t *testing.T, change ...func(*Options)) *front {
	return newFrontAs(t, func(*Server) {}, change...)
}

// arrangements are the server as it is, and one that leaves all to net/http.
var arrangements = map[string]func(*Server){
	"as it is":       func(*Server) {},
	"net/http alone": func(s *Server) { s.http.Takes = func(string, string) bool { return false } },
}

func newFrontAs(t *testing.T, arrange func(*Server), change ...func(*Options)) *front {
	f := &front{reached: make(chan string, 16)}
	door := func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.RawQuery != "unread" {
			io.Copy(io.Discard, r.Body)
		}
		f.reached <- r.Method + " " + r.URL.RawQuery
	}
	f.harness = startAs(t, arrange, door, door, append(change, func(o *Options) { o.Serves = func(host string) bool { return host == "x" } })...)
	return f
}

// send writes text, reads to the end, and returns the answers and what reached the doors.
func (f *front) send(t *testing.T, c net.Conn, text string) (answers string, reached []string) {
	t.Helper()
	defer c.Close()
	c.SetDeadline(time.Now().Add(20 * time.Second))
	go func() {
		io.WriteString(c, text) // what is refused early is not read to its end
		if c, ok := c.(interface{ CloseWrite() error }); ok {
			c.CloseWrite()
		}
	}()
	b, _ := io.ReadAll(c) // a reset also ends it
	for {
		select {
		case r := <-f.reached:
			reached = append(reached, r)
		default:
			return string(b), reached
		}
	}
}

func (f *front) dial(t *testing.T) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", f.addr)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestFramingAttacks(t *testing.T) {
	for name, arrange := range arrangements {
		t.Run(name, func(t *testing.T) { framingAttacks(t, newFrontAs(t, arrange)) })
	}
}

func framingAttacks(t *testing.T, f *front) {
	all := slices.Concat(lengthAttacks(), codingAttacks(), chunkAttacks(), lineAttacks(), headerAttacks(), versionAttacks(), targetAttacks(), sizeAttacks(), upgradeAttacks())
	classes := map[string]int{}
	for _, a := range all {
		classes[a.class]++
		answers, reached := f.send(t, f.dial(t), a.text)
		if slices.ContainsFunc(reached, func(r string) bool { return strings.HasSuffix(r, " smuggled") }) || len(reached) != a.served {
			t.Errorf("%s: %s: the doors had %q, want %d requests; answered %.200q", a.class, a.name, reached, a.served, answers)
		}
		if strings.Contains(answers, "HTTP/1.1 500") {
			t.Errorf("%s: %s: %.200q", a.class, a.name, answers)
		}
	}
	for _, class := range slices.Sorted(maps.Keys(classes)) {
		t.Logf("%-9s %3d", class, classes[class])
	}
	if len(all) < 30 {
		t.Errorf("%d attacks, want at least 30", len(all))
	}
}

// TestFramingBenign: honest requests are served, and a second one on the same
// connection too, so the attacks would be noticed. Odd forms that RFC 9112 allows
// a server to read have one reading only.
func TestFramingBenign(t *testing.T) {
	for name, arrange := range arrangements {
		t.Run(name, func(t *testing.T) { framingBenign(t, newFrontAs(t, arrange)) })
	}
}

func framingBenign(t *testing.T, f *front) {
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"one after the other": {"POST /?first HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello" + smuggled, []string{"POST first", "GET smuggled"}},
		"in chunks":           {"POST /?first HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", []string{"POST first"}},
		"chunk extension":     {"POST /?first HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\nX: y\r\n\r\n", []string{"POST first"}},
		"HTTP/1.0":            {"GET /?first HTTP/1.0\r\nHost: x\r\n\r\n", []string{"GET first"}},
		"the same length twice, which all read as one": {"POST /?first HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello" + smuggled, []string{"POST first", "GET smuggled"}},
		"a tab after the colon":                        {"POST /?first HTTP/1.1\r\nHost:\tx\r\nContent-Length:\t5\r\n\r\nhello" + smuggled, []string{"POST first", "GET smuggled"}},
		"not read by the door":                         {"POST /?unread HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello" + smuggled, []string{"POST unread", "GET smuggled"}},
		"line feeds alone":                             {"GET /?first HTTP/1.1\nHost: x\n\n" + smuggled, []string{"GET first", "GET smuggled"}},
		"a folded length":                              {"POST /?first HTTP/1.1\r\nHost: x\r\nContent-Length:\r\n 5\r\n\r\nhello" + smuggled, []string{"POST first", "GET smuggled"}},
		"line breaks before the next":                  {"POST /?first HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello\r\n" + smuggled, []string{"POST first", "GET smuggled"}},
	} {
		if answers, reached := f.send(t, f.dial(t), c.text); !slices.Equal(reached, c.want) {
			t.Errorf("%s: %q, want %q; answered %.300q", name, reached, c.want, answers)
		}
	}
}

// post is a POST with more header lines than the host, a body, and the smuggled request behind it.
func post(headers, body string) string {
	return "POST /?first HTTP/1.1\r\nHost: x\r\n" + headers + "\r\n" + body + smuggled
}

// lengthAttacks tell a body's length in a way that others may read otherwise.
func lengthAttacks() (all []attack) {
	for name, value := range map[string]string{"with a plus": "+5", "negative": "-5", "in hexadecimal": "0x5", "empty": "", "two numbers": "5 5", "a list": "5, 5", "a list of two": "5, 6", "with a fraction": "5.0",
		"an exponent": "1e1", "too large": "99999999999999999999", "beyond 63 bits": "9223372036854775808", "in other digits": "５", "with a parameter": "5;a=b", "with a vertical tab": "5\v", "with underscores": "1_0", "in quotes": `"5"`} {
		all = append(all, attack{"length", name, post("Content-Length: "+value+"\r\n", "hello"), 0})
	}
	return append(all,
		attack{"length", "two that differ", post("Content-Length: 5\r\nContent-Length: 0\r\n", "hello"), 0},
		attack{"length", "two that differ, one in lower case", post("Content-Length: 0\r\ncontent-length: 5\r\n", "hello"), 0},
		attack{"length", "the second number as another", post("Content-Length: 5\r\nContent-Length: 05\r\n", "hello"), 0},
		attack{"length", "of a GET", fmt.Sprintf("GET /?first HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n", len(smuggled)) + smuggled, 1},
		attack{"length", "of a body that the door does not read", fmt.Sprintf("POST /?unread HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n", len(smuggled)) + smuggled, 1},
		attack{"length", "of what comes only in part", "POST /?first HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n" + smuggled, 1})
}

// codingAttacks use Transfer-Encoding, which overrides the length for some.
func codingAttacks() (all []attack) {
	const end = "0\r\n\r\n"
	for name, header := range map[string]string{
		"with a length":              "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
		"before the length":          "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
		"in upper case":              "Content-Length: 5\r\nTRANSFER-ENCODING: CHUNKED\r\n",
		"folded":                     "Content-Length: 5\r\nTransfer-Encoding:\r\n chunked\r\n",
		"and a header of close name": "Transfer-Encoding: chunked\r\nTransfer_Encoding: identity\r\n",
	} {
		all = append(all, attack{"coding", name, post(header, end), 1})
	}
	for name, value := range map[string]string{"identity": "identity", "identity behind": "chunked, identity", "gzip before": "gzip, chunked", "chunked twice": "chunked, chunked", "unknown": "xchunked", "in quotes": `"chunked"`,
		"with a parameter": "chunked;q=1", "with a vertical tab": "\vchunked", "with a NUL": "chunked\x00", "empty": "", "a comma behind": "chunked,", "in Cyrillic": "сhunked"} {
		all = append(all, attack{"coding", name, post("Content-Length: 5\r\nTransfer-Encoding: "+value+"\r\n", end), 0})
	}
	body := fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(smuggled), smuggled)
	old := "POST /?first HTTP/1.0\r\nHost: x\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n"
	return append(all,
		attack{"coding", "with a length announced as trailer", post("Transfer-Encoding: chunked\r\nTrailer: Content-Length\r\n", end), 0},
		attack{"coding", "two lines", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", end), 0},
		attack{"coding", "a space before the colon", post("Content-Length: 5\r\nTransfer-Encoding : chunked\r\n", end), 0},
		attack{"coding", "of HTTP/1.0, kept alive", old + body, 1},
		attack{"coding", "of HTTP/1.0, the length alone", strings.Replace(old, "Transfer-Encoding: chunked\r\n", "", 1) + body[:4] + smuggled, 1},
		attack{"coding", "of a GET", "GET /?first HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + end + smuggled, 1})
}

// chunkAttacks write chunks that others may end elsewhere.
func chunkAttacks() (all []attack) {
	for name, body := range map[string]string{
		"size with a plus": "+5\r\nhello\r\n0\r\n\r\n", "size negative": "-5\r\nhello\r\n0\r\n\r\n", "size as 0x5": "0x5\r\nhello\r\n0\r\n\r\n", "a space before the size": " 5\r\nhello\r\n0\r\n\r\n",
		"size too large": "fffffffffffffffff\r\nhello\r\n0\r\n\r\n", "size that wraps": "10000000000000005\r\nhello\r\n0\r\n\r\n", "no size": "\r\nhello\r\n0\r\n\r\n", "size of other digits": "５\r\nhello\r\n0\r\n\r\n",
		"line feed alone behind the size": "5\nhello\r\n0\r\n\r\n", "line feed in an extension": "5;a\nb\r\nhello\r\n0\r\n\r\n", "carriage return in an extension": "5;a\rb\r\nhello\r\n0\r\n\r\n", "NUL in an extension": "5;\x00\r\nhello\r\n0\r\n\r\n",
		"no line end behind the data": "5\r\nhello0\r\n\r\n", "data longer than its size": "3\r\nhello\r\n0\r\n\r\n", "data shorter than its size": "9\r\nhello\r\n0\r\n\r\n", "a very long extension": "5;" + strings.Repeat("a", 1<<16) + "\r\nhello\r\n0\r\n\r\n",
		"a megabyte of extensions": strings.Repeat("1;"+strings.Repeat("a", 1000)+"\r\nh\r\n", 1000) + "0\r\n\r\n", "a length in the trailer": "0\r\nContent-Length: 40\r\n\r\n", "a coding in the trailer": "0\r\nTransfer-Encoding: chunked\r\n\r\n",
		"no end": "5\r\nhello\r\n", "a request in the trailer": "0\r\n" + smuggled, "a long trailer": "0\r\nX: " + strings.Repeat("a", 1<<17) + "\r\n\r\n",
	} {
		all = append(all, attack{"chunk", name, post("Transfer-Encoding: chunked\r\n", body), 1})
	}
	return all
}

// lineAttacks end lines in other ways.
func lineAttacks() (all []attack) {
	for name, head := range map[string]string{
		"carriage return alone": "GET /?first HTTP/1.1\rHost: x\r\n\r\n", "carriage return in a value": "GET /?first HTTP/1.1\r\nHost: x\r\nX: a\rContent-Length: 40\r\n\r\n", "NUL in a value": "GET /?first HTTP/1.1\r\nHost: x\r\nX: a\x00b\r\n\r\n",
		"NUL in the target": "GET /?first\x00 HTTP/1.1\r\nHost: x\r\n\r\n", "escape in a value": "GET /?first HTTP/1.1\r\nHost: x\r\nX: \x1b[2J\r\n\r\n", "a fold before the first header": "GET /?first HTTP/1.1\r\n folded\r\nHost: x\r\n\r\n",
		"tab in the request line": "GET\t/?first\tHTTP/1.1\r\nHost: x\r\n\r\n", "two spaces": "GET  /?first HTTP/1.1\r\nHost: x\r\n\r\n", "a space behind": "GET /?first HTTP/1.1 \r\nHost: x\r\n\r\n", "a fourth word": "GET /?first x HTTP/1.1\r\nHost: x\r\n\r\n",
		"no target": "GET HTTP/1.1\r\nHost: x\r\n\r\n", "no method": " /?first HTTP/1.1\r\nHost: x\r\n\r\n", "a method that is none": "GE(T /?first HTTP/1.1\r\nHost: x\r\n\r\n", "line breaks in front": "\r\n\r\nGET /?first HTTP/1.1\r\nHost: x\r\n\r\n",
		"a TLS greeting": "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "bytes": "\xff\xfe\xfd\r\n\r\n",
	} {
		all = append(all, attack{"line", name, head + smuggled, 0})
	}
	return all
}

// headerAttacks name headers so that some take them for others.
func headerAttacks() (all []attack) {
	for name, line := range map[string]string{
		"a space before the colon": "Content-Length : 5", "a tab before the colon": "Content-Length\t: 5", "no colon": "Content-Length 5", "no name": ": 5", "a NUL in the name": "Content-Length\x00: 5", "a bracket in the name": "Content(Length): 5",
		"a letter of another script": "Сontent-Length: 5", "a second host": "Host: y", "a second, equal host": "Host: x", "a quote in the name": `"Host": y`,
	} {
		all = append(all, attack{"header", name, post(line+"\r\n", "hello"), 0})
	}
	for name, host := range map[string]string{"no host": "", "another host": "Host: y\r\n", "two hosts in one": "Host: x, y\r\n", "a user in the host": "Host: x@y\r\n", "a path in the host": "Host: x/y\r\n", "a host with a space": "Host: x y\r\n",
		"an empty host": "Host:\r\n", "a host that begins so": "Host: x.y\r\n", "a folded host": "Host: x\r\n .y\r\n", "a host and a NUL": "Host: x\x00\r\n"} {
		all = append(all, attack{"header", name, "GET /?first HTTP/1.1\r\n" + host + "\r\n" + smuggled, 0})
	}
	return all
}

// versionAttacks speak a version that is none, or one whose rules differ.
func versionAttacks() (all []attack) {
	for _, v := range []string{"", "HTTP/0.9", "HTTP/2.0", "HTTP/2", "HTTP/3.0", "HTTP/1", "HTTP/1.10", "HTTP/01.1", "HTTP/1.1.1", "http/1.1", "HTTP/1,1", "HTTP/-1.1", "HTTPS/1.1", "ICY/1.1", "HTTP/１.1"} {
		all = append(all, attack{"version", "called " + v, strings.TrimSuffix("GET /?first "+v, " ") + "\r\nHost: x\r\n\r\n" + smuggled, 0})
	}
	for _, v := range []string{"HTTP/1.2", "HTTP/1.9"} {
		all = append(all, attack{"version", "called " + v, "GET /?first " + v + "\r\nHost: x\r\n\r\n" + smuggled, 1})
	}
	return append(all, attack{"version", "HTTP/1.0, kept alive", "GET /?first HTTP/1.0\r\nHost: x\r\nConnection: keep-alive\r\n\r\n" + smuggled, 1})
}

// targetAttacks ask for what is not a path of ours.
func targetAttacks() (all []attack) {
	for name, target := range map[string]string{"another's absolute URI": "http://y/?first", "a file": "file:///etc/passwd", "no slash": "first", "an authority": "y:443", "a control character": "/?first\x01", "another's, with a user": "http://x@y/?first", "a fragment of a URI": "://x/?first", "a backslash": "\\?first"} {
		all = append(all, attack{"target", name, "GET " + target + " HTTP/1.1\r\nHost: x\r\n\r\n" + smuggled, 0})
	}
	return append(all,
		attack{"target", "ours by an absolute URI, with another's host", "GET http://x/?first HTTP/1.1\r\nHost: y\r\n\r\n" + smuggled, 1},
		attack{"target", "another's by an absolute URI, with our host", "POST http://y/?first HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n" + smuggled, 0},
		attack{"target", "CONNECT", "CONNECT x:443 HTTP/1.1\r\nHost: x:443\r\n\r\n" + smuggled, 0},
		attack{"target", "everything", "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n" + smuggled, 0})
}

// sizeAttacks are large.
func sizeAttacks() []attack {
	const over = maxHeaderBytes + 8192
	return []attack{
		{"size", "a long target", "GET /?" + strings.Repeat("a", over) + " HTTP/1.1\r\nHost: x\r\n\r\n" + smuggled, 0},
		{"size", "a long method", strings.Repeat("A", over) + " /?first HTTP/1.1\r\nHost: x\r\n\r\n" + smuggled, 0},
		{"size", "a long value", post("X: "+strings.Repeat("a", over)+"\r\n", ""), 0},
		{"size", "a long name", post(strings.Repeat("a", over)+": x\r\n", ""), 0},
		{"size", "many headers", post(strings.Repeat("a: b\r\n", over/6), ""), 0},
		{"size", "many folds", post("X: a\r\n"+strings.Repeat(" b\r\n", over/4), ""), 0},
		{"size", "no end", strings.Repeat("a", over), 0},
	}
}

// upgradeAttacks ask for another protocol or another order of things.
func upgradeAttacks() (all []attack) {
	const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00"
	get := func(headers string) string { return "GET /?first HTTP/1.1\r\nHost: x\r\n" + headers + "\r\n" }
	return []attack{
		{"upgrade", "HTTP/2 at once", preface + smuggled, 0},
		{"upgrade", "to HTTP/2", get("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n") + preface, 1},
		{"upgrade", "behind a closing request", get("Connection: close\r\n") + smuggled, 1},
		{"upgrade", "an expectation that nobody has", post("Expect: 200-ok\r\nContent-Length: 5\r\n", "hello"), 0},
		{"upgrade", "a body that was not asked for", fmt.Sprintf("POST /?unread HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n", len(smuggled)) + smuggled, 1},
		{"upgrade", "no body where one was expected", "POST /?unread HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n" + smuggled, 1},
	}
}

// TestFramingTLS: the same server over TLS speaks HTTP/1.1 only, and frames as it does without.
func TestFramingTLS(t *testing.T) {
	certificate := selfSigned(t)
	f := newFront(t, func(o *Options) {
		o.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}
	})
	dial := func(protocols ...string) (*tls.Conn, error) {
		return tls.Dial("tcp", f.addr, &tls.Config{InsecureSkipVerify: true, NextProtos: protocols}) //nolint:gosec // whose certificate it is does not matter here
	}
	if c, err := dial("h2"); err == nil {
		t.Errorf("HTTP/2 is agreed on: %q", c.ConnectionState().NegotiatedProtocol)
		c.Close()
	}
	for _, a := range codingAttacks() {
		c, err := dial("http/1.1")
		if err != nil {
			t.Fatal(err)
		}
		if answers, reached := f.send(t, c, a.text); len(reached) != a.served {
			t.Errorf("%s: %q; answered %.200q", a.name, reached, answers)
		}
	}
	if _, reached := f.send(t, f.dial(t), smuggled); len(reached) > 0 {
		t.Errorf("plain HTTP on a TLS port reached a door: %q", reached)
	}
}

func selfSigned(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"x"}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}
