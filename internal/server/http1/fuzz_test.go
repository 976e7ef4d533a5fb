package http1

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// memory is a connection whose client has sent all it has to say.
type memory struct {
	addr   net.Addr
	piece  int // as much comes at once
	closed chan struct{}
	once   sync.Once

	mu  sync.Mutex
	in  []byte
	out bytes.Buffer
}

func (m *memory) Read(p []byte) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.in) == 0 {
		return 0, io.EOF
	}
	n := copy(p[:min(len(p), m.piece)], m.in)
	m.in = m.in[n:]
	return n, nil
}

func (m *memory) Write(p []byte) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.out.Write(p)
}

func (m *memory) Close() error {
	m.once.Do(func() { close(m.closed) })
	return nil
}

func (m *memory) LocalAddr() net.Addr              { return m.addr }
func (m *memory) RemoteAddr() net.Addr             { return m.addr }
func (m *memory) SetDeadline(time.Time) error      { return nil }
func (m *memory) SetReadDeadline(time.Time) error  { return nil }
func (m *memory) SetWriteDeadline(time.Time) error { return nil }

// side is one of the two servers that are compared.
type side struct {
	clients *handed
	mu      sync.Mutex
	reached map[string][]string // by connection
	quick   map[string]int
}

func newSide() *side {
	return &side{clients: newHanded(&net.TCPAddr{}), reached: map[string][]string{}, quick: map[string]int{}}
}

func (s *side) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	unread := strings.Contains(r.URL.RawQuery, "unread")
	if unread {
		r = r.Clone(r.Context())
		r.Body = http.NoBody
	}
	var script []byte
	if r.URL.RawQuery == "play" {
		script, _ = io.ReadAll(r.Body)
		r.Body = http.NoBody
	}
	text := describe(r)
	s.mu.Lock()
	s.reached[r.RemoteAddr] = append(s.reached[r.RemoteAddr], text)
	s.mu.Unlock()
	if script != nil {
		play(w, script)
		return
	}
	io.WriteString(w, "answer")
}

func addrOf(n int) net.Addr { return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: n} }

// exchange gives a connection to the side, and returns all that it answers.
func (s *side) exchange(n int, text []byte, piece int) []byte {
	m := &memory{addr: addrOf(n), in: text, piece: piece, closed: make(chan struct{})}
	s.clients.give(m)
	select {
	case <-m.closed:
	case <-time.After(30 * time.Second):
		panic(fmt.Sprintf("the connection of %q hangs", text))
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.out.Bytes()
}

// send returns the requests that reached the side's handlers and the answers' status codes.
func (s *side) send(n int, text []byte, piece int) (reached []string, codes []int, quick int) {
	in := bufio.NewReader(bytes.NewReader(s.exchange(n, text, piece)))
	s.mu.Lock()
	defer s.mu.Unlock()
	key := addrOf(n).String()
	reached, quick = s.reached[key], s.quick[key]
	delete(s.reached, key)
	delete(s.quick, key)
	for {
		a, err := http.ReadResponse(in, nil)
		if err != nil {
			return reached, codes, quick
		}
		io.Copy(io.Discard, a.Body)
		codes = append(codes, a.StatusCode)
	}
}

// sides are our server, and net/http alone.
func sides(t testing.TB) (ours, alone *side) {
	ours, alone = newSide(), newSide()
	quiet := log.New(io.Discard, "", 0)
	rest := func(h http.Handler) *http.Server {
		var only http.Protocols
		only.SetHTTP1(true)
		return &http.Server{Handler: h, ReadHeaderTimeout: time.Minute, IdleTimeout: time.Minute, MaxHeaderBytes: 64 << 10, ErrorLog: quiet,
			Protocols: &only, DisableGeneralOptionsHandler: true}
	}
	front := &Server{Rest: rest(ours), ErrorLog: quiet, WriteTimeout: time.Minute, Takes: func(string, string) bool { return true },
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			ours.mu.Lock()
			ours.quick[r.RemoteAddr]++
			ours.mu.Unlock()
			ours.ServeHTTP(w, r)
		})}
	netHTTP := rest(alone)
	go front.Serve(ours.clients)
	go netHTTP.Serve(alone.clients)
	t.Cleanup(func() { front.Close(); netHTTP.Close() })
	return ours, alone
}

// FuzzAsNetHTTP: whatever a client sends, the handlers see what they would see
// behind net/http alone, and as many requests are answered, with the same codes.
func FuzzAsNetHTTP(f *testing.F) {
	for _, text := range []string{
		plainGet, plainGet + plainGet, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello\r\n" + plainGet,
		"POST /?unread HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello" + plainGet, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhello",
		"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n" + plainGet,
		"GET /v1/repos/a%2fb/info/refs?service=git-upload-pack HTTP/1.1\r\nHost: [::1]:80\r\nPragma: no-cache\r\nAuthorization: Basic eDp5\r\nConnection: keep-alive\r\n\r\n" + plainGet,
		"GET / HTTP/1.1\r\nHost: x\r\nPragma: no-cache\r\nCache-Control: max-age=0\r\n\r\n", "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" + plainGet,
		"GET / HTTP/1.1\r\nhost: x\r\nX-A:  a b  \r\nx_b: c\r\nX-!#$%&'*+-.^_`|~: d\r\n\r\n", "GET / HTTP/1.1\r\nHost: x\r\nX-A:\r\n\r\n", "\r\n\r\n" + plainGet,
		"GET / HTTP/1.1\r\nHost: x\r\nProxy-Connection: x\r\nTe: trailers\r\nKeep-Alive: 1\r\n\r\n", "GET http://x/ HTTP/1.1\r\nHost: y\r\n\r\n", "GET /a;b?c;d#e HTTP/1.1\r\nHost: x\r\n\r\n",
		"GET / HTTP/1.1\nHost: x\n\n" + plainGet, "GET / HTTP/1.1\r\nHost: x\r\n y\r\n\r\n", "GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n", "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n" + plainGet,
		"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n" + plainGet, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello" + plainGet,
		"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + plainGet, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello\r\n\r\n\r\n" + plainGet,
	} {
		f.Add([]byte(text), 1<<16)
		f.Add([]byte(text), 3)
	}
	ours, alone := sides(f)
	n := 0
	f.Fuzz(func(t *testing.T, text []byte, piece int) {
		if piece < 1 || len(text) > 1<<17 {
			return
		}
		n++
		got, codes, _ := ours.send(n, text, piece)
		want, wantCodes, _ := alone.send(n, text, piece)
		if !slices.Equal(got, want) || !slices.Equal(codes, wantCodes) {
			t.Errorf("%q\nreached  %q %d\nnet/http %q %d", text, got, codes, want, wantCodes)
		}
	})
}

// TestMutantsAsNetHTTP does so with many more forms than the fuzz test's seeds:
// each seed with each byte changed to what means something in HTTP, left out, or doubled.
func TestMutantsAsNetHTTP(t *testing.T) {
	ours, alone := sides(t)
	n, taken := 0, 0
	check := func(text string) {
		n++
		got, codes, quick := ours.send(n, []byte(text), 1<<16)
		want, wantCodes, _ := alone.send(n, []byte(text), 1<<16)
		taken += quick
		if !slices.Equal(got, want) || !slices.Equal(codes, wantCodes) {
			t.Errorf("%q\nreached  %q %d\nnet/http %q %d", text, got, codes, want, wantCodes)
		}
	}
	for _, seed := range []string{
		"POST /?a=%20 HTTP/1.1\r\nHost: x:80\r\nContent-Length: 5\r\nX-A: b c\r\n\r\nhello" + plainGet,
		"GET /v1/repos/a/info/refs HTTP/1.1\r\nHost: x\r\nPragma: no-cache\r\nConnection: keep-alive\r\n\r\n" + plainGet,
	} {
		for i := range len(seed) {
			check(seed[:i] + seed[i+1:])
			check(seed[:i] + seed[i:i+1] + seed[i:])
			for _, b := range []string{"\r", "\n", "\r\n", "\x00", " ", "\t", ":", ",", "/", "?", "#", "%", "0", "9", "A", "z", "_", "-", "+", "\x7f", "\xc3\xa9", "\"", "@", "\\", ";", "\v"} {
				check(seed[:i] + b + seed[i+1:])
				check(seed[:i] + b + seed[i:])
			}
		}
	}
	t.Logf("%d texts; %d requests were taken", n, taken)
	if taken < n/2 {
		t.Error("too few requests are taken for this to say anything")
	}
}
