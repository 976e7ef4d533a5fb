package http1

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	maxHeld = 64 << 10 // of an answer, before any of it goes out
	joined  = 16 << 10 // up to which an answer is copied into one piece with its head
)

// response is an http.ResponseWriter that sends an answer in one write, if it
// is not larger than maxHeld.
type response struct {
	c      *conn
	header http.Header
	*buffers

	status  int
	typed   bool  // the handler has said of which type it is, or it cannot be seen
	dated   bool  // and when it was made
	length  int64 // of the body as the handler told it, -1 where it did not
	written int64
	close   bool
	sent    bool // the head is out
	chunked bool
	err     error // of the connection
}

// buffers are used by one answer after the other.
type buffers struct{ head, body []byte }

var pool = sync.Pool{New: func() any { return &buffers{make([]byte, 0, 2<<10), make([]byte, 0, 4<<10)} }}

func newResponse(c *conn) *response {
	return &response{c: c, header: make(http.Header, 8), buffers: pool.Get().(*buffers), length: -1}
}

func (w *response) giveBack() {
	if b := w.buffers; cap(b.body) <= maxHeld {
		b.head, b.body = b.head[:0], b.body[:0]
		pool.Put(b)
	}
	w.buffers = &buffers{}
}

func (w *response) Header() http.Header { return w.header }

// WriteHeader fixes status and headers.
func (w *response) WriteHeader(status int) {
	if w.status != 0 || status < 200 { // nobody here informs before answering
		return
	}
	w.status = status
	b := strconv.AppendInt(append(w.head, "HTTP/1.1 "...), int64(status), 10)
	b = append(append(append(b, ' '), http.StatusText(status)...), "\r\n"...)
	var few [16]string
	names := few[:0]
	for name := range w.header {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if !w.ours(name) {
			for _, value := range w.header[name] {
				b = appendLine(b, name, value)
			}
		}
	}
	w.head = b
}

// ours takes what a header says of the answer's framing, which is told at its
// end. It reports whether that is all there is to the header.
func (w *response) ours(name string) bool {
	switch name {
	case "Content-Length":
		if n, err := strconv.ParseInt(w.header.Get(name), 10, 64); err == nil && n >= 0 {
			w.length = n
		}
		return true
	case "Connection":
		w.close = strings.EqualFold(w.header.Get(name), "close")
		return true
	case "Transfer-Encoding":
		return true
	case "Content-Type":
		w.typed = true
		return w.status == http.StatusNotModified // which is about a body that the client has
	case "Content-Encoding": // the body's first bytes tell nothing of what is in it
		w.typed = w.typed || w.header.Get(name) != ""
	case "Date":
		w.dated = true
	}
	return !isToken(name)
}

// appendLine adds a header. A line's end in a value would begin another one.
func appendLine(b []byte, name, value string) []byte {
	b = append(append(b, name...), ": "...)
	from := len(b)
	b = append(b, value...)
	for i := from; i < len(b); i++ {
		if b[i] == '\r' || b[i] == '\n' {
			b[i] = ' '
		}
	}
	return append(b, "\r\n"...)
}

func (w *response) bodyless() bool {
	return w.status == http.StatusNoContent || w.status == http.StatusNotModified
}

// Write holds what fits, and sends what does not.
func (w *response) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	if w.bodyless() {
		return 0, http.ErrBodyNotAllowed
	}
	w.written += int64(len(p)) // what is too much ends the connection, as with net/http
	switch {
	case w.err != nil:
		return 0, w.err
	case w.length >= 0 && w.written > w.length:
		return 0, http.ErrContentLength
	}
	if !w.sent && len(w.body)+len(p) <= maxHeld {
		w.body = append(w.body, p...)
		return len(p), nil
	}
	if w.send(p, false); w.err != nil {
		return 0, w.err
	}
	return len(p), nil
}

// Flush sends what is held.
func (w *response) Flush() { w.FlushError() }

// FlushError does so too, and tells how it went.
func (w *response) FlushError() error {
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	w.send(nil, false)
	return w.err
}

// SetReadDeadline has nothing to do: the request has been read.
func (w *response) SetReadDeadline(time.Time) error { return nil }

// SetWriteDeadline neither: each write has a deadline of the server's.
func (w *response) SetWriteDeadline(time.Time) error { return nil }

// EnableFullDuplex is how it is: the request has been read.
func (w *response) EnableFullDuplex() error { return nil }

// send sends the head, if it is not out, what is held, and more.
func (w *response) send(more []byte, last bool) {
	if w.err != nil {
		return
	}
	out := make([][]byte, 0, 4)
	if !w.sent {
		w.sent = true
		w.endHead(more, last)
		if len(w.body)+len(more) <= joined && !w.chunked {
			w.err = w.c.write(append(append(w.head, w.body...), more...))
			w.body = w.body[:0]
			return
		}
		out = append(out, w.head)
	}
	if n := len(w.body) + len(more); n > 0 && w.chunked {
		out = append(out, append(strconv.AppendInt(nil, int64(n), 16), "\r\n"...))
		more = append(more[:len(more):len(more)], "\r\n"...)
	}
	if last && w.chunked {
		more = append(more[:len(more):len(more)], "0\r\n\r\n"...)
	}
	for _, part := range [...][]byte{w.body, more} {
		if len(part) > 0 {
			out = append(out, part)
		}
	}
	w.body = w.body[:0]
	if len(out) > 0 {
		w.err = w.c.write(out...)
	}
}

// endHead says how the body ends and what becomes of the connection.
func (w *response) endHead(more []byte, last bool) {
	b := w.head
	if !w.dated {
		b = append(append(append(b, "Date: "...), date()...), "\r\n"...)
	}
	if begin := w.body; !w.typed && !w.bodyless() {
		if len(begin) == 0 {
			begin = more
		}
		if len(begin) > 0 {
			b = appendLine(b, "Content-Type", http.DetectContentType(begin))
		}
	}
	switch {
	case w.bodyless():
	case w.length >= 0:
		b = append(strconv.AppendInt(append(b, "Content-Length: "...), w.length, 10), "\r\n"...)
	case last:
		b = append(strconv.AppendInt(append(b, "Content-Length: "...), w.written, 10), "\r\n"...)
	default:
		w.chunked = true
		b = append(b, "Transfer-Encoding: chunked\r\n"...)
	}
	if w.close = w.close || w.c.s.closing.Load(); w.close {
		b = append(b, "Connection: close\r\n"...)
	}
	w.head = append(b, "\r\n"...)
}

// finish sends what is left. It reports whether another request may follow:
// not behind an answer that is shorter than it said.
func (w *response) finish() bool {
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	if !w.sent || w.chunked {
		w.send(nil, true)
	}
	return w.err == nil && !w.close && (w.length < 0 || w.written == w.length || w.bodyless())
}

// dated is the text of a second.
type dated struct {
	second int64
	text   string
}

var lastDate atomic.Pointer[dated]

// date is the time of now as HTTP writes it.
func date() string {
	now := time.Now()
	d := lastDate.Load()
	if d == nil || d.second != now.Unix() {
		d = &dated{now.Unix(), now.UTC().Format(http.TimeFormat)}
		lastDate.Store(d)
	}
	return d.text
}
