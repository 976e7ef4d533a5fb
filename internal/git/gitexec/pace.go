package gitexec

import (
	"errors"
	"io"
	"sync"
	"time"
)

// Bounds of a client's slowness: a process waits for a client that moves less
// than slowBytes in slowTime of waiting for it no longer. What git itself takes
// its time over does not count, and a client that stands still is the door's.
const (
	slowTime  = 5 * time.Minute
	slowBytes = 256 << 10
)

// ErrSlow ends the connection of a client that holds a place for next to nothing.
var ErrSlow = errors.New("the client is too slow: less than 256 KiB in 5 minutes")

// pace measures how long a process has waited for its client.
type pace struct {
	mu     sync.Mutex
	waited time.Duration
	bytes  int64
}

// moved notes a read or write and ends the client's patience when it is over.
func (p *pace) moved(since time.Time, n int) error {
	return p.note(time.Since(since), n)
}

func (p *pace) note(took time.Duration, n int) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.waited += took
	p.bytes += int64(n)
	if p.waited < slowTime {
		return nil
	}
	if p.bytes < slowBytes {
		return ErrSlow
	}
	p.waited, p.bytes = 0, 0
	return nil
}

func (p *pace) reader(r io.Reader) io.Reader {
	if r == nil {
		return nil
	}
	return pacedReader{p, r}
}

func (p *pace) writer(w io.Writer) io.Writer {
	if w == nil {
		return nil
	}
	return pacedWriter{p, w}
}

type pacedReader struct {
	p *pace
	r io.Reader
}

func (r pacedReader) Read(b []byte) (int, error) {
	begin := time.Now()
	n, err := r.r.Read(b)
	if slow := r.p.moved(begin, n); err == nil {
		err = slow
	}
	return n, err
}

type pacedWriter struct {
	p *pace
	w io.Writer
}

func (w pacedWriter) Write(b []byte) (int, error) {
	begin := time.Now()
	n, err := w.w.Write(b)
	if slow := w.p.moved(begin, n); err == nil {
		err = slow
	}
	return n, err
}
