package directory

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
)

// Bounds of what a directory says. An element of two bytes becomes a hundred
// times as much in memory, so they are counted before the library sees them.
const (
	maxMessage  = 64 << 10
	maxElements = 128 << 10 // of a connection: twice what 500 groups of groups need
)

// messages is a connection of which whole LDAP messages are read, and nothing of
// one that is out of bounds.
type messages struct {
	net.Conn
	in   *bufio.Reader
	left int    // elements that may still come
	rest []byte // of the message that is being read
}

func newMessages(c net.Conn) *messages {
	return &messages{Conn: c, in: bufio.NewReader(c), left: maxElements}
}

func (m *messages) Read(p []byte) (int, error) {
	if len(m.rest) == 0 {
		next, err := readMessage(m.in)
		if err != nil {
			return 0, err
		}
		n, err := elements(next)
		if err != nil {
			return 0, err
		}
		if m.left -= n; m.left < 0 {
			return 0, fmt.Errorf("the directory has sent more than %d elements", maxElements)
		}
		m.rest = next
	}
	n := copy(p, m.rest)
	m.rest = m.rest[n:]
	return n, nil
}

// readMessage reads one message, which is longer than the longest header.
func readMessage(in *bufio.Reader) ([]byte, error) {
	begin, err := in.Peek(maxHeader)
	if err != nil {
		return nil, err
	}
	h, err := parseHeader(begin)
	if err != nil {
		return nil, err
	}
	if h.size+h.length > maxMessage {
		return nil, fmt.Errorf("the directory has sent a message of more than %d bytes", maxMessage)
	}
	b := make([]byte, h.size+h.length)
	_, err = io.ReadFull(in, b)
	return b, err
}

// header is the beginning of an element.
type header struct {
	size, length int // of itself, and of what follows it
	constructed  bool
}

const maxHeader = 6 // bytes: a tag, and a length of four bytes at most

var errForm = errors.New("the directory's answer is not in the form of LDAP")

// parseHeader reads the forms that LDAP has (RFC 4511, section 5.1): tags of one
// byte, definite lengths.
func parseHeader(b []byte) (h header, err error) {
	if len(b) < 2 || b[0]&0x1f == 0x1f {
		return h, errForm
	}
	h = header{size: 2, length: int(b[1]), constructed: b[0]&0x20 != 0}
	if b[1] < 0x80 {
		return h, nil
	}
	h.size, h.length = 2+int(b[1]&0x7f), 0
	if h.size == 2 || h.size > maxHeader || h.size > len(b) {
		return h, errForm
	}
	for _, c := range b[2:h.size] {
		h.length = h.length<<8 | int(c)
	}
	return h, nil
}

// elements counts those of a message, each inside another too.
func elements(b []byte) (n int, err error) {
	for len(b) > 0 {
		h, err := parseHeader(b)
		if err != nil {
			return n, err
		}
		n++
		if !h.constructed {
			h.size += h.length
		}
		if h.size > len(b) {
			return n, errForm
		}
		b = b[h.size:]
	}
	return n, nil
}
