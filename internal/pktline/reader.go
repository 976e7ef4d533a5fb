package pktline

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// Reader reads packets. It takes no byte beyond the packet it returns, so that
// what follows the packets (a pack) can be read from the same source; give it
// a buffered one.
type Reader struct {
	src  io.Reader
	head [HeaderLen]byte
	buf  []byte
}

// NewReader makes a Reader of src.
func NewReader(src io.Reader) *Reader { return &Reader{src: src} }

// Next returns the next packet. The payload is valid until the call after.
// The error is io.EOF only where no packet has begun.
func (r *Reader) Next() (Kind, []byte, error) {
	if _, err := io.ReadFull(r.src, r.head[:]); err != nil {
		return Flush, nil, cutShort(err, "header")
	}
	n, ok := parseLength(r.head)
	if !ok {
		return Flush, nil, &SyntaxError{r.head}
	}
	switch n {
	case 0:
		return Flush, nil, nil
	case 1:
		return Delim, nil, nil
	case 2:
		return ResponseEnd, nil, nil
	}
	if cap(r.buf) < n-HeaderLen {
		r.buf = make([]byte, max(n-HeaderLen, 1024))
	}
	payload := r.buf[:n-HeaderLen]
	if _, err := io.ReadFull(r.src, payload); err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return Flush, nil, cutShort(err, "payload")
	}
	return Data, payload, nil
}

// cutShort keeps a bare io.EOF, which callers compare with.
func cutShort(err error, part string) error {
	if errors.Is(err, io.EOF) {
		return err
	}
	return fmt.Errorf("reading a pkt-line's %s: %w", part, err)
}

// parseLength accepts four hex digits of either case; 3 is no length.
func parseLength(h [HeaderLen]byte) (int, bool) {
	n := 0
	for _, c := range h {
		switch {
		case '0' <= c && c <= '9':
			n = n<<4 | int(c-'0')
		case 'a' <= c && c <= 'f':
			n = n<<4 | int(c-'a'+10)
		case 'A' <= c && c <= 'F':
			n = n<<4 | int(c-'A'+10)
		default:
			return 0, false
		}
	}
	return n, n != 3 && n <= MaxLine
}

// Text returns a payload without the one newline that may end it.
func Text(payload []byte) []byte { return bytes.TrimSuffix(payload, []byte{'\n'}) }
