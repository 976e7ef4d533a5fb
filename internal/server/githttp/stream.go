package githttp

import (
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"os"
	"time"

	"sojourn/internal/git/gitproto"
)

// maxFetchRequest bounds what a client may say of what it has and wants: some
// 1.3 million object ids.
const maxFetchRequest = 64 << 20

// body is the request's stream, inflated if need be. A fetch's is bounded here;
// a push's is bounded by the domain, which knows the pack.
func (d *Door) body(w http.ResponseWriter, r *http.Request, s gitproto.Service) (io.Reader, error) {
	var in io.Reader = &patient{r: r.Body, c: http.NewResponseController(w), silence: d.opt.Silence}
	switch r.Header.Get("Content-Encoding") {
	case "":
	case "gzip", "x-gzip":
		z, err := gzip.NewReader(in)
		if _, ok := errors.AsType[*status](err); ok {
			return nil, err
		}
		if err != nil {
			return nil, &status{http.StatusBadRequest, "The request body is not in the gzip form that it says it is in."}
		}
		in = inflated{z}
	default:
		return nil, &status{http.StatusUnsupportedMediaType, "The request body may be compressed with gzip only."}
	}
	if s == gitproto.UploadPack {
		in = &bounded{r: in, left: maxFetchRequest}
	}
	return in, nil
}

// patient reads as long as bytes come. The deadline is for its reads alone:
// net/http goes on listening while we work, and would take it for the client's
// end.
type patient struct {
	r       io.Reader
	c       *http.ResponseController
	silence time.Duration
}

func (p *patient) Read(b []byte) (int, error) {
	p.c.SetReadDeadline(time.Now().Add(p.silence))
	n, err := p.r.Read(b)
	p.c.SetReadDeadline(time.Time{})
	return n, unreadable(err)
}

// unreadable makes a client's fault of what cuts its request short.
func unreadable(err error) error {
	switch {
	case err == nil || errors.Is(err, io.EOF):
		return err
	case errors.Is(err, os.ErrDeadlineExceeded):
		return &status{http.StatusRequestTimeout, "The request stood still for too long."}
	}
	return &status{http.StatusBadRequest, "The request's body cannot be read to its end."}
}

// inflated reads a compressed body.
type inflated struct{ z *gzip.Reader }

func (i inflated) Read(b []byte) (int, error) {
	n, err := i.z.Read(b)
	if _, ok := errors.AsType[*status](err); !ok {
		err = unreadable(err)
	}
	return n, err
}

// bounded ends a stream that is too long with an error, not with its end.
type bounded struct {
	r    io.Reader
	left int64
}

var errTooLong = &status{http.StatusRequestEntityTooLarge, "The request is too long."}

func (l *bounded) Read(b []byte) (int, error) {
	if l.left <= 0 {
		return 0, errTooLong
	}
	n, err := l.r.Read(b[:min(int64(len(b)), l.left)])
	l.left -= int64(n)
	return n, err
}

// answer writes the status and the headers with the first byte, so that a
// failure before it can still choose its own.
type answer struct {
	d           *Door
	w           http.ResponseWriter
	contentType string
	begun       bool
}

func (a *answer) begin() {
	if !a.begun {
		a.begun = true
		uncached(a.w, a.contentType)
		a.w.WriteHeader(http.StatusOK)
	}
}

func (a *answer) Write(b []byte) (int, error) {
	a.begin()
	a.d.touchWrite(a.w)
	n, err := a.w.Write(b)
	if err != nil {
		return n, errors.Join(errBroken, err)
	}
	return n, nil
}

// Flush sends what is buffered: progress is worth nothing late.
func (a *answer) Flush() { http.NewResponseController(a.w).Flush() }

func (d *Door) touchWrite(w http.ResponseWriter) {
	http.NewResponseController(w).SetWriteDeadline(time.Now().Add(d.opt.Silence))
}
