package http1

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"sync/atomic"
	"time"
)

// smallBuffer is what a connection keeps to read into; it grows up to what a
// request may take.
const smallBuffer = 4 << 10

// slack is how much earlier than promised a waiting connection may be closed:
// setting a deadline costs as much as parsing.
const slack = 5 * time.Second

// conn is a connection that has not been handed over.
type conn struct {
	s      *Server
	raw    net.Conn // of the system
	net    net.Conn // raw, or TLS on it
	base   *http.Request
	cancel context.CancelFunc
	state  atomic.Int32

	buf      []byte
	from, to int       // what has been read and not used
	answered bool      // one request at least
	posted   bool      // the last one had a body
	reading  time.Time // the deadline for reading that is set
	head     time.Time // when the head of this request must be there; zero if that has not been asked yet
	writing  time.Time // the deadline for writing that is set
}

func newConn(s *Server, raw net.Conn, config *tls.Config) *conn {
	c := &conn{s: s, raw: raw, net: raw, buf: make([]byte, smallBuffer)}
	if config != nil {
		c.net = tls.Server(raw, config)
	}
	ctx, cancel := context.WithCancel(context.Background())
	c.base = (&http.Request{RemoteAddr: raw.RemoteAddr().String()}).WithContext(ctx)
	c.cancel = cancel
	return c
}

func (c *conn) serve() {
	defer c.s.forget(c)
	defer c.cancel()
	if !c.handshake() || !c.requests() {
		c.leave()
		return
	}
	c.net.SetDeadline(time.Time{})
	if !c.s.handed.give(&begun{Conn: c.net, read: c.buf[c.from:c.to], state: c.base.TLS}) {
		c.net.Close()
	}
}

// Bounds of what is still read of a client that is told to go.
const (
	lingerTime  = 500 * time.Millisecond
	lingerBytes = 256 << 10
)

// leave ends the connection. Where the client has sent more than was answered,
// closing at once would reset it, and with it take answers from the client that
// it has not read yet (RFC 9112, section 9.6).
func (c *conn) leave() {
	if w, ok := c.net.(interface{ CloseWrite() error }); ok && c.from < c.to && w.CloseWrite() == nil {
		c.raw.SetReadDeadline(time.Now().Add(lingerTime))
		io.CopyN(io.Discard, c.raw, lingerBytes)
	}
	c.net.Close()
}

// handshake agrees on TLS. Who speaks plain HTTP is told so, as net/http does.
func (c *conn) handshake() bool {
	t, ok := c.net.(*tls.Conn)
	if !ok {
		return true
	}
	t.SetDeadline(time.Now().Add(c.s.Rest.ReadHeaderTimeout))
	err := t.HandshakeContext(c.base.Context())
	if err != nil {
		if e, ok := errors.AsType[tls.RecordHeaderError](err); ok && e.Conn != nil && spokenHTTP(e.RecordHeader) {
			io.WriteString(e.Conn, "HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n")
		}
		c.s.ErrorLog.Printf("TLS with %s: %v", c.base.RemoteAddr, err)
		return false
	}
	t.SetDeadline(time.Time{})
	state := t.ConnectionState()
	c.base.TLS = &state
	return true
}

func spokenHTTP(begin [5]byte) bool {
	switch string(begin[:]) {
	case "GET /", "HEAD ", "POST ", "PUT /", "OPTIO":
		return true
	}
	return false
}

// What comes next on a connection.
type coming int

const (
	nothing coming = iota // that could be answered
	foreign               // a request for net/http
	ours                  // a request, whole in the buffer
)

// requests answers requests. It reports whether the next one is for net/http;
// if not, the connection is over.
func (c *conn) requests() (over bool) {
	for {
		h, size, next := c.next()
		if next != ours {
			return next == foreign
		}
		r := new(http.Request)
		*r = *c.base
		if !h.fill(r) {
			return true
		}
		at := c.from + size
		goesOn := c.answer(r, c.buf[at:at+h.body])
		c.from = at + h.body
		if !goesOn {
			return false
		}
		c.answered, c.posted = true, r.Method == http.MethodPost
	}
}

// next waits for a request and reads it with its body. size is how long it is
// up to its body.
func (c *conn) next() (h head, size int, _ coming) {
	if state := c.await(); state != ours {
		return h, 0, state
	}
	end, state := c.readHead()
	if state != ours {
		return h, 0, state
	}
	h, ok := parseHead(c.buf[c.from:c.from+end], c.s.Takes)
	if !ok {
		return h, 0, foreign
	}
	size = end + len(endOfHead)
	for c.to-c.from < size+h.body {
		if c.more() != ours {
			return h, 0, foreign // net/http says what there is to say of half a body
		}
	}
	return h, size, ours
}

// readHead reads to the empty line; end is where it begins.
func (c *conn) readHead() (end int, _ coming) {
	for seen := 0; ; {
		b := c.buf[c.from:c.to]
		if at := bytes.Index(b[seen:], endOfHead); at >= 0 {
			if end = seen + at; end+len(endOfHead) > maxHead { // all came at once
				return 0, foreign
			}
			return end, ours
		}
		if len(b) >= maxHead || !likely(b) {
			return 0, foreign
		}
		seen = max(0, len(b)-len(endOfHead)+1)
		if state := c.more(); state != ours {
			return 0, state
		}
	}
}

// await waits for the first bytes of a request.
func (c *conn) await() coming {
	c.head = time.Time{}
	if c.from == c.to {
		if state := c.wait(); state != ours {
			return state
		}
	}
	if !c.answered {
		return ours
	}
	for c.to-c.from < 4 { // net/http, too, answers nothing shorter behind a request
		if c.more() != ours {
			return nothing
		}
	}
	for range 4 { // some clients end a form with an empty line; as much is passed over
		if b := c.buf[c.from]; !c.posted || b != '\r' && b != '\n' {
			break
		}
		if c.from++; c.from == c.to {
			return c.more()
		}
	}
	return ours
}

// wait does so where nothing has been read yet.
func (c *conn) wait() coming {
	c.from, c.to = 0, 0
	if len(c.buf) > 4*smallBuffer {
		c.buf = make([]byte, smallBuffer)
	}
	if !c.answered {
		state := c.more()
		if !c.state.CompareAndSwap(fresh, busy) {
			return nothing
		}
		return state
	}
	c.state.Store(idle)
	if c.s.closing.Load() {
		return nothing
	}
	now := time.Now()
	if left := c.reading.Sub(now); left > c.s.Rest.IdleTimeout || left < c.s.Rest.IdleTimeout-slack {
		c.deadline(now.Add(c.s.Rest.IdleTimeout))
	}
	state := c.read()
	if !c.state.CompareAndSwap(idle, busy) {
		return nothing
	}
	return state
}

func (c *conn) deadline(at time.Time) {
	c.reading = at
	c.net.SetReadDeadline(at)
}

// more reads on in a request. All of it must be there in time.
func (c *conn) more() coming {
	if c.from > 0 {
		c.from, c.to = 0, copy(c.buf, c.buf[c.from:c.to])
	}
	if c.to == len(c.buf) {
		c.buf = append(c.buf, make([]byte, len(c.buf))...)
	}
	if c.head.IsZero() {
		c.head = time.Now().Add(c.s.Rest.ReadHeaderTimeout)
		c.deadline(c.head)
	}
	return c.read()
}

// read fills the buffer. Who is silent is not answered, as net/http does; what
// ends in the middle is net/http's to judge.
func (c *conn) read() coming {
	n, err := c.net.Read(c.buf[c.to:])
	c.to += n
	switch {
	case n > 0:
		return ours
	case c.from == c.to || errors.Is(err, os.ErrDeadlineExceeded):
		return nothing
	}
	return foreign
}

// answer answers a request. It reports whether the connection goes on.
func (c *conn) answer(r *http.Request, body []byte) (goesOn bool) {
	in := &whole{b: body}
	r.Body = in
	if len(body) == 0 {
		r.Body = http.NoBody
	}
	w := newResponse(c)
	defer func() {
		in.b, in.closed = nil, true
		w.giveBack()
		if p := recover(); p != nil {
			goesOn = false
			if err, ok := p.(error); !ok || !errors.Is(err, http.ErrAbortHandler) {
				c.s.ErrorLog.Printf("panic serving %s: %v\n%s", r.RemoteAddr, p, debug.Stack())
			}
		}
	}()
	c.s.Handler.ServeHTTP(w, r)
	return w.finish()
}

// write sends parts in as few pieces as can be.
func (c *conn) write(parts ...[]byte) error {
	if now := time.Now(); c.writing.Sub(now) < c.s.WriteTimeout/2 {
		c.writing = now.Add(c.s.WriteTimeout)
		c.net.SetWriteDeadline(c.writing)
	}
	if len(parts) > 1 && c.net == c.raw {
		all := net.Buffers(parts)
		_, err := all.WriteTo(c.raw)
		return err
	}
	for _, p := range parts {
		if _, err := c.net.Write(p); err != nil {
			return err
		}
	}
	return nil
}

// whole is a body that has been read.
type whole struct {
	b      []byte
	closed bool
}

// Whole tells the front that nothing of the request is still to come.
func (*whole) Whole() {}

func (b *whole) Read(p []byte) (int, error) {
	switch {
	case b.closed:
		return 0, http.ErrBodyReadAfterClose
	case len(b.b) == 0:
		return 0, io.EOF
	}
	n := copy(p, b.b)
	if b.b = b.b[n:]; len(b.b) == 0 {
		return n, io.EOF
	}
	return n, nil
}

func (b *whole) Close() error {
	b.closed = true
	return nil
}
