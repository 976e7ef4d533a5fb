package remotehelper

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// pushRequest reads what git sends to a receive-pack: commands, perhaps
// options, perhaps a pack. It passes every byte on and ends where the request
// does: behind the pack at the end of the stream, without a pack where the
// stream stays open.
type pushRequest struct {
	in   io.Reader
	left []byte // read and not yet passed on

	section section
	first   bool // a line of the first section has been seen
	options bool // a section of options follows the commands
	pack    bool // a command is more than a deletion
	empty   bool // there was no command
}

type section uint8

const (
	commands section = iota
	options
	packData
	ended
)

func newPushRequest(in io.Reader) *pushRequest { return &pushRequest{in: in, empty: true} }

// maxLine is the longest pkt-line, length included.
const maxLine = 65520

func (r *pushRequest) Read(p []byte) (int, error) {
	if len(r.left) == 0 {
		switch r.section {
		case ended:
			return 0, io.EOF
		case packData:
			return r.in.Read(p)
		}
		if err := r.line(); err != nil {
			return 0, err
		}
	}
	n := copy(p, r.left)
	r.left = r.left[n:]
	return n, nil
}

// line reads one pkt-line. Before the first one the stream may end: git has nothing to push.
func (r *pushRequest) line() error {
	head := make([]byte, 4)
	if _, err := io.ReadFull(r.in, head); err != nil {
		if errors.Is(err, io.EOF) && !r.first {
			r.section = ended
			return io.EOF
		}
		return fmt.Errorf("reading what git pushes: %w", io.ErrUnexpectedEOF)
	}
	n, err := strconv.ParseUint(string(head), 16, 16)
	if err != nil || n > maxLine || n != 0 && n < 4 {
		return fmt.Errorf("git sent %q where the length of a line belongs", head)
	}
	if n == 0 {
		r.left = head
		r.flush()
		return nil
	}
	body := make([]byte, n)
	copy(body, head)
	if _, err := io.ReadFull(r.in, body[4:]); err != nil {
		return fmt.Errorf("reading what git pushes: %w", io.ErrUnexpectedEOF)
	}
	if r.section == commands {
		r.command(body[4:])
	}
	r.left = body
	return nil
}

func (r *pushRequest) flush() {
	switch {
	case r.section == commands && r.options:
		r.section = options
	case r.pack:
		r.section = packData
	default:
		r.section = ended
	}
	r.first = true
}

// command looks at a line "OLD NEW REF", of a certificate too.
func (r *pushRequest) command(line []byte) {
	if !r.first {
		r.first = true
		text, capabilities, _ := bytes.Cut(line, []byte{0})
		for _, c := range bytes.Fields(capabilities) {
			r.options = r.options || string(c) == "push-options"
		}
		line = text
	}
	words := bytes.SplitN(line, []byte{' '}, 3)
	if len(words) == 3 && isObjectID(words[0]) && isObjectID(words[1]) {
		r.empty = false
		r.pack = r.pack || len(bytes.Trim(words[1], "0")) > 0
	}
}

func isObjectID(s []byte) bool {
	if len(s) != 40 && len(s) != 64 {
		return false
	}
	for _, c := range s {
		if !('0' <= c && c <= '9' || 'a' <= c && c <= 'f') {
			return false
		}
	}
	return true
}
