package http1

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"maps"
	"math/big"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// pair is the server beside net/http alone, with handlers that keep what they get.
type pair struct {
	*Server
	addr          string
	mu            sync.Mutex
	quick, rest   []string // what each handler got
	served        chan error
	headerTimeout time.Duration
	handle        http.HandlerFunc
	certificate   *tls.Config
	pause         time.Duration
	writeTimeout  time.Duration
}

func (p *pair) keep(to *[]string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		text := describe(r)
		p.mu.Lock()
		*to = append(*to, text)
		p.mu.Unlock()
		if p.handle != nil {
			p.handle(w, r)
		}
	}
}

// describe is all that a handler can learn of a request, less the address.
func describe(r *http.Request) string {
	body, err := io.ReadAll(r.Body)
	names := slices.Sorted(maps.Keys(r.Header))
	var headers []string
	for _, n := range names {
		headers = append(headers, fmt.Sprintf("%s=%q", n, r.Header[n]))
	}
	return fmt.Sprintf("%s %s %q %q %s host=%q %v length=%d coding=%q close=%v trailer=%v tls=%v body=%q %v", r.Method, r.RequestURI, r.URL.Path, r.URL.RawQuery,
		r.Proto, r.Host, headers, r.ContentLength, r.TransferEncoding, r.Close, r.Trailer, r.TLS != nil, body, err)
}

func start(t testing.TB, change ...func(*pair)) *pair {
	t.Helper()
	p := &pair{served: make(chan error, 1), headerTimeout: 5 * time.Second, writeTimeout: 10 * time.Second}
	for _, f := range change {
		f(p)
	}
	quiet := log.New(io.Discard, "", 0)
	var only http.Protocols
	only.SetHTTP1(true)
	p.Server = &Server{Handler: p.keep(&p.quick), ErrorLog: quiet, WriteTimeout: p.writeTimeout,
		Takes: func(_, target string) bool { return !strings.HasPrefix(target, "/rest") },
		TLS:   p.certificate, grace: p.pause,
		Rest: &http.Server{Handler: p.keep(&p.rest), ReadHeaderTimeout: p.headerTimeout, IdleTimeout: 2 * p.headerTimeout, ErrorLog: quiet,
			Protocols: &only, DisableGeneralOptionsHandler: true}}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p.addr = l.Addr().String()
	go func() { p.served <- p.Serve(l) }()
	t.Cleanup(func() { p.Close() })
	return p
}

func (p *pair) got() (quick, rest []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.quick), slices.Clone(p.rest)
}

func (p *pair) dial(t testing.TB) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", p.addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(30 * time.Second))
	return c
}

func ask(t testing.TB, c net.Conn, in *bufio.Reader, text string) (*http.Response, string) {
	t.Helper()
	io.WriteString(c, text)
	a, err := http.ReadResponse(in, nil)
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	body, err := io.ReadAll(a.Body)
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return a, string(body)
}

const plainGet = "GET /?a=b HTTP/1.1\r\nHost: x\r\n\r\n"

// Plain requests are taken, one after the other and in pieces; the first that is
// not goes to net/http, and all behind it.
func TestWhoServes(t *testing.T) {
	p := start(t)
	c := p.dial(t)
	in := bufio.NewReader(c)
	for _, text := range []string{plainGet, "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\nhello", plainGet} {
		for _, piece := range []int{len(text), 7} {
			for rest := text; len(rest) > piece; rest = rest[piece:] {
				io.WriteString(c, rest[:piece])
			}
			last := len(text) % piece
			if piece == len(text) {
				last = piece
			} else if last == 0 {
				last = piece
			}
			if a, _ := ask(t, c, in, text[len(text)-last:]); a.StatusCode != 200 {
				t.Errorf("%q: %d", text, a.StatusCode)
			}
		}
	}
	if quick, rest := p.got(); len(quick) != 6 || len(rest) != 0 {
		t.Errorf("%q, and net/http has %q", quick, rest)
	}
	ask(t, c, in, "PUT /?x HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc")
	ask(t, c, in, plainGet)
	if quick, rest := p.got(); len(quick) != 6 || len(rest) != 2 || !strings.HasPrefix(rest[0], `PUT /?x "/" "x" HTTP/1.1 host="x" [Content-Length=["3"]] length=3`) {
		t.Errorf("%q, and net/http has %q", quick, rest)
	}
}

// What is odd in any way is net/http's from its first byte.
func TestForeign(t *testing.T) {
	long := strings.Repeat("a", maxHead)
	for name, text := range map[string]string{
		"another path":             "GET /rest HTTP/1.1\r\nHost: x\r\n\r\n",
		"another method":           "DELETE / HTTP/1.1\r\nHost: x\r\n\r\n",
		"HEAD":                     "HEAD / HTTP/1.1\r\nHost: x\r\n\r\n",
		"HTTP/1.0":                 "GET / HTTP/1.0\r\nHost: x\r\n\r\n",
		"chunks":                   "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"an expectation":           "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\na",
		"an upgrade":               "GET / HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n",
		"the end of it":            "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
		"a header twice":           "GET / HTTP/1.1\r\nHost: x\r\nX-A: 1\r\nx-a: 2\r\n\r\n",
		"a GET with a body":        "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\na",
		"a POST without a length":  "POST / HTTP/1.1\r\nHost: x\r\n\r\n",
		"a fold":                   "GET / HTTP/1.1\r\nHost: x\r\nX-A: 1\r\n 2\r\n\r\n",
		"a tab":                    "GET / HTTP/1.1\r\nHost: x\r\nX-A:\t1\r\n\r\n",
		"line feeds":               "GET / HTTP/1.1\nHost: x\n\n",
		"a line feed":              "GET / HTTP/1.1\r\nHost: x\nX-A: b\r\n\r\n",
		"other letters":            "GET / HTTP/1.1\r\nHost: x\r\nX-A: \xc3\xa9\r\n\r\n",
		"a long head":              "GET / HTTP/1.1\r\nHost: x\r\nX-A: " + long + "\r\n\r\n",
		"many headers":             "GET / HTTP/1.1\r\nHost: x\r\n" + numbered(maxHeaders) + "\r\n",
		"a large body":             "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 65537\r\n\r\n" + strings.Repeat("a", maxBody+1),
		"no host":                  "GET / HTTP/1.1\r\nX-A: b\r\n\r\n",
		"no headers":               "GET / HTTP/1.1\r\n\r\n",
		"a length with a zero":     "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 01\r\n\r\na",
		"a length with a plus":     "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: +1\r\n\r\na",
		"a space before the colon": "GET / HTTP/1.1\r\nHost: x\r\nX-A : b\r\n\r\n",
		"two slashes":              "GET //y/ HTTP/1.1\r\nHost: x\r\n\r\n",
		"a fragment":               "GET /#a HTTP/1.1\r\nHost: x\r\n\r\n",
		"a bad escape":             "GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n",
		"half a head":              "GET / HTTP/1.1\r\nHost: x\r\nX-",
		"half a body":              "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc",
	} {
		t.Run(name, func(t *testing.T) {
			p := start(t)
			c := p.dial(t)
			io.WriteString(c, text)
			c.(*net.TCPConn).CloseWrite()
			io.Copy(io.Discard, c)
			if quick, _ := p.got(); len(quick) != 0 {
				t.Errorf("taken: %q", quick)
			}
		})
	}
}

func numbered(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "X-%d: a\r\n", i)
	}
	return b.String()
}

// Answers say what net/http's say.
func TestAnswers(t *testing.T) {
	for name, c := range map[string]struct {
		handle http.HandlerFunc
		status int
		header map[string]string
		body   string
		closed bool
	}{
		"nothing": {func(http.ResponseWriter, *http.Request) {}, 200, map[string]string{"Content-Length": "0"}, "", false},
		"a text":  {func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "hello") }, 200, map[string]string{"Content-Length": "5", "Content-Type": "text/plain; charset=utf-8"}, "hello", false},
		"a status": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(403)
			w.WriteHeader(200)
			w.Header().Set("X-Late", "1")
		}, 403, map[string]string{"X-Late": ""}, "", false},
		"no content":  {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204); io.WriteString(w, "x") }, 204, map[string]string{"Content-Length": ""}, "", false},
		"many values": {func(w http.ResponseWriter, _ *http.Request) { w.Header()["X-A"] = []string{"1", "2"} }, 200, map[string]string{"X-A": "1,2"}, "", false},
		"a line's end": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-A", "1\r\nX-B: 2")
			w.Header()["X C"] = []string{"1"}
		}, 200, map[string]string{"X-A": "1  X-B: 2", "X-B": "", "X C": ""}, "", false},
		"the end": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Connection", "close")
			io.WriteString(w, "x")
		}, 200, map[string]string{"Connection": "close"}, "x", true},
		"flushed": {func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, "a")
			http.NewResponseController(w).Flush()
			io.WriteString(w, "b")
		}, 200, map[string]string{"Content-Length": ""}, "ab", false},
		"flushed, told": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "2")
			io.WriteString(w, "a")
			http.NewResponseController(w).Flush()
			io.WriteString(w, "b")
		}, 200, map[string]string{"Content-Length": "2"}, "ab", false},
		"large": {func(w http.ResponseWriter, _ *http.Request) {
			w.Write(bytes.Repeat([]byte("x"), 200_000))
			io.WriteString(w, "y")
		}, 200, map[string]string{"Content-Length": ""}, strings.Repeat("x", 200_000) + "y", false},
		"large, told": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "200001")
			w.Write(bytes.Repeat([]byte("x"), 200_000))
			io.WriteString(w, "y")
		}, 200, map[string]string{"Content-Length": "200001"}, strings.Repeat("x", 200_000) + "y", false},
		"middling": {func(w http.ResponseWriter, _ *http.Request) { w.Write(bytes.Repeat([]byte("x"), 40_000)) }, 200, map[string]string{"Content-Length": "40000"}, strings.Repeat("x", 40_000), false},
		"more than told": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1")
			io.WriteString(w, "a")
			io.WriteString(w, "b")
		}, 200, map[string]string{"Content-Length": "1"}, "a", true},
	} {
		t.Run(name, func(t *testing.T) {
			p := start(t, func(p *pair) { p.handle = c.handle })
			for _, first := range []string{plainGet, "GET /rest HTTP/1.1\r\nHost: x\r\n\r\n"} { // ours, and net/http's
				conn := p.dial(t)
				in := bufio.NewReader(conn)
				a, body := ask(t, conn, in, first)
				if a.StatusCode != c.status || body != c.body || a.Header.Get("Date") == "" {
					t.Errorf("%d %.80q %v", a.StatusCode, body, a.Header)
				}
				for n, want := range c.header {
					if got := strings.Join(a.Header[n], ","); got != want && !(n == "Content-Length" && first != plainGet) {
						if n == "Connection" && a.Close {
							continue
						}
						t.Errorf("%s is %q, want %q", n, got, want)
					}
				}
				io.WriteString(conn, plainGet)
				if _, err := http.ReadResponse(in, nil); (err != nil) != c.closed {
					t.Errorf("another request: %v", err)
				}
			}
		})
	}
}

// An answer that breaks off does not look whole, and nothing follows it.
func TestBroken(t *testing.T) {
	for name, handle := range map[string]http.HandlerFunc{
		"aborted": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"panic":   func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "half"); panic("boom") },
		"half": func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, "half")
			http.NewResponseController(w).Flush()
			panic("boom")
		},
		"less than it was": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "9")
			io.WriteString(w, "half")
		},
	} {
		p := start(t, func(p *pair) { p.handle = handle })
		c := p.dial(t)
		io.WriteString(c, plainGet+plainGet)
		a, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err == nil {
			_, err = io.ReadAll(a.Body)
		}
		if quick, _ := p.got(); err == nil || len(quick) != 1 {
			t.Errorf("%s: read to its end: %v, %q", name, err, quick)
		}
	}
}

// A silent client is left alone for a time, and so is one that is slow: bytes
// that come one by one do not win time.
func TestTimeouts(t *testing.T) {
	p := start(t, func(p *pair) { p.headerTimeout = 300 * time.Millisecond })
	for name, drip := range map[string]func(c net.Conn) bool{
		"nothing": func(net.Conn) bool { return false },
		"a head, byte by byte": func(c net.Conn) bool {
			_, err := io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\nX: aaaaaaaaaaaaaaaaaaaaaaaaa"[:1])
			return err == nil
		},
		"nothing behind a request": func(c net.Conn) bool { io.WriteString(c, plainGet); return false },
	} {
		c, begun := p.dial(t), time.Now()
		done := make(chan bool)
		go func() {
			defer close(done)
			text := "GET / HTTP/1.1\r\nHost: x\r\nX: " + strings.Repeat("a", 400)
			if !drip(c) {
				return
			}
			for i := 1; i < len(text); i++ {
				time.Sleep(50 * time.Millisecond)
				if _, err := io.WriteString(c, text[i:i+1]); err != nil {
					return
				}
			}
		}()
		io.Copy(io.Discard, c)
		if took := time.Since(begun); took < 250*time.Millisecond || took > 10*time.Second {
			t.Errorf("%s: closed after %v", name, took)
		}
		c.Close()
		<-done
	}
}

// Shutdown lets a running request end, ends waiting connections at once, and
// those that have not sent anything soon.
func TestShutdown(t *testing.T) {
	entered, leave := make(chan bool), make(chan bool)
	p := start(t, func(p *pair) {
		p.headerTimeout, p.pause = 20*time.Second, 2*time.Second
		p.handle = func(w http.ResponseWriter, r *http.Request) {
			if r.URL.RawQuery == "wait" {
				close(entered)
				<-leave
				io.WriteString(w, "whole")
			}
		}
	})
	waiting, running, silent := p.dial(t), p.dial(t), p.dial(t)
	ask(t, waiting, bufio.NewReader(waiting), plainGet)
	io.WriteString(running, "GET /?wait HTTP/1.1\r\nHost: x\r\n\r\n")
	<-entered
	done, begun := make(chan error), time.Now()
	go func() { done <- p.Shutdown(t.Context()) }()
	if n, err := waiting.Read(make([]byte, 1)); err == nil {
		t.Errorf("the waiting connection has %d bytes", n)
	}
	if took := time.Since(begun); took > p.grace*3/4 {
		t.Errorf("the waiting connection ended after %v", took)
	}
	if n, err := silent.Read(make([]byte, 1)); err == nil {
		t.Errorf("the silent connection has %d bytes", n)
	}
	if took := time.Since(begun); took < p.grace || took > p.headerTimeout*3/4 {
		t.Errorf("the silent connection ended after %v", took)
	}
	close(leave)
	a, err := http.ReadResponse(bufio.NewReader(running), nil)
	if err != nil {
		t.Fatal(err)
	}
	if body, err := io.ReadAll(a.Body); string(body) != "whole" || err != nil || !a.Close {
		t.Errorf("%q %v, closed %v", body, err, a.Close)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	if err := <-p.served; !errors.Is(err, http.ErrServerClosed) {
		t.Error(err)
	}
	if c, err := net.Dial("tcp", p.addr); err == nil {
		c.Close()
		t.Error("the server still accepts")
	}
}

// Shutdown's context bounds the waiting; Close cuts off, and tells the handler.
func TestClose(t *testing.T) {
	entered, left := make(chan bool), make(chan bool)
	p := start(t, func(p *pair) {
		p.handle = func(_ http.ResponseWriter, r *http.Request) {
			close(entered)
			<-r.Context().Done()
			close(left)
		}
	})
	io.WriteString(p.dial(t), plainGet)
	<-entered
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := p.Shutdown(ctx); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	p.Close()
	select {
	case <-left:
	case <-time.After(20 * time.Second):
		t.Error("the handler was not told")
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

func TestTLS(t *testing.T) {
	p := start(t, func(p *pair) {
		p.certificate = &tls.Config{Certificates: []tls.Certificate{selfSigned(t)}}
	})
	c, err := tls.Dial("tcp", p.addr, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"http/1.1"}}) //nolint:gosec // whose certificate it is does not matter here
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	in := bufio.NewReader(c)
	ask(t, c, in, plainGet)
	ask(t, c, in, "GET /rest HTTP/1.1\r\nHost: x\r\n\r\n")
	quick, rest := p.got()
	if len(quick) != 1 || len(rest) != 1 || !strings.Contains(quick[0], "tls=true") || !strings.Contains(rest[0], "tls=true") {
		t.Errorf("%q, and net/http has %q", quick, rest)
	}
	wrong := p.dial(t)
	io.WriteString(wrong, plainGet)
	if b, _ := io.ReadAll(wrong); !bytes.HasPrefix(b, []byte("HTTP/1.0 400 ")) {
		t.Errorf("plain HTTP: %q", b)
	}
}
