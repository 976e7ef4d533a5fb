package server

import (
	"io"
	"net/http"
	"time"
)

// Limits of what is still read of a refused body.
const (
	lingerTime  = 5 * time.Second
	lingerBytes = 16 << 20
)

// incoming is a request's body that knows whether it was read to its end.
type incoming struct {
	io.ReadCloser
	ended bool
}

func newIncoming(body io.ReadCloser) *incoming {
	_, whole := body.(interface{ Whole() }) // it has arrived, whoever reads it
	return &incoming{body, whole}
}

func (b *incoming) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil {
		b.ended = true
	}
	return n, err
}

// linger sends an answer that came before the body's end, and reads on within
// bounds: closing while the client sends would reset the connection, and with
// it lose the answer (RFC 9112, section 9.6). net/http does so for half a
// second, but not if the request said "Connection: close".
func (b *incoming) linger(w http.ResponseWriter, r *http.Request) {
	if b.ended || r.ContentLength == 0 {
		return
	}
	c := http.NewResponseController(w)
	c.SetReadDeadline(time.Now().Add(lingerTime)) // also for what net/http reads
	if r.Header.Get("Expect") != "" {
		return // who asks before sending has been told
	}
	if c.Flush() == nil {
		io.CopyN(io.Discard, b.ReadCloser, lingerBytes)
	}
}
