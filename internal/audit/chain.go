package audit

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"strconv"
)

// hash is a link of the chain: the SHA-256 of a record's line, its end included.
type hash [sha256.Size]byte

func (h hash) String() string { return hex.EncodeToString(h[:]) }

func parseHash(b []byte) (h hash, ok bool) {
	if len(b) != hex.EncodedLen(len(h)) || !bytes.Equal(b, bytes.ToLower(b)) {
		return h, false
	}
	_, err := hex.Decode(h[:], b)
	return h, err == nil
}

// link is a record's place in the chain: its number, the hash of the record
// before it, and of what lies between them that is no record: a line that was
// cut short.
type link struct {
	seq  uint64
	prev hash
	torn *hash
}

const (
	linkBegin = `,"chain":{"seq":`
	linkPrev  = `,"prev":"`
	linkTorn  = `","torn":"`
	linkEnd   = "\"}}\n"
)

// append ends a record's line.
func (l *link) append(b []byte) []byte {
	b = append(b, linkBegin...)
	b = strconv.AppendUint(b, l.seq, 10)
	b = append(b, linkPrev...)
	b = hex.AppendEncode(b, l.prev[:])
	if l.torn != nil {
		b = append(b, linkTorn...)
		b = hex.AppendEncode(b, l.torn[:])
	}
	return append(b, linkEnd...)
}

// parseLink reads the end of a line, which must be as append writes it. No text
// inside a record can look like it: a quotation mark in a text is escaped.
func parseLink(line []byte) (l link, ok bool) {
	at := bytes.LastIndex(line, []byte(linkBegin))
	if at <= 0 || line[0] != '{' {
		return l, false
	}
	rest, ok := bytes.CutSuffix(line[at+len(linkBegin):], []byte(linkEnd))
	if !ok {
		return l, false
	}
	number, rest, _ := bytes.Cut(rest, []byte(linkPrev))
	seq, err := strconv.ParseUint(string(number), 10, 64)
	if err != nil || seq == 0 || strconv.FormatUint(seq, 10) != string(number) {
		return l, false
	}
	prev, torn, isTorn := bytes.Cut(rest, []byte(linkTorn))
	l.seq = seq
	if l.prev, ok = parseHash(prev); !ok {
		return l, false
	}
	if isTorn {
		h, ok := parseHash(torn)
		l.torn = &h
		return l, ok
	}
	return l, true
}

// unlinked is a record's line without its place in the chain, whole JSON again.
func unlinked(line []byte) []byte {
	at := bytes.LastIndex(line, []byte(linkBegin))
	if at < 0 {
		return line
	}
	return append(bytes.Clone(line[:at]), '}', '\n')
}

// tail is where a file of the log ends.
type tail struct {
	seq  uint64 // of its last record
	hash hash   // of its last record
	size int64  // of the file

	whole  int64  // where the last record ends; what follows is torn
	closed bool   // the file ends with a line's end, or is empty
	torn   []byte // what follows the last record
	found  bool   // there is a record
}

// readTail reads the end of a file of size bytes.
func readTail(r io.ReaderAt, size int64) (t tail, err error) {
	const step = 64 << 10
	t.size = size
	for from := max(size-step, 0); ; from = max(from-step, 0) {
		b := make([]byte, size-from)
		if _, err := r.ReadAt(b, from); err != nil && len(b) > 0 {
			return t, fmt.Errorf("reading the end of the audit log: %w", err)
		}
		if t.in(b, from) || from == 0 {
			return t, nil
		}
	}
}

// in looks for the last record in the end of a file that begins at from. It
// needs the line's end before it, or the file's beginning.
func (t *tail) in(b []byte, from int64) bool {
	t.closed = len(b) == 0 || b[len(b)-1] == '\n'
	t.whole, t.torn = 0, b
	end := len(b)
	if !t.closed { // the line may lack nothing but its end
		start := bytes.LastIndexByte(b, '\n') + 1
		if (start > 0 || from == 0) && t.record(append(bytes.Clone(b[start:]), '\n')) {
			t.whole, t.torn = from+int64(end), nil
			return true
		}
		end = start
	}
	for end > 0 {
		start := bytes.LastIndexByte(b[:end-1], '\n') + 1
		if start == 0 && from > 0 {
			return false
		}
		if t.record(b[start:end]) {
			t.whole, t.torn = from+int64(end), b[end:]
			return true
		}
		end = start
	}
	t.found = false
	return false
}

func (t *tail) record(line []byte) bool {
	l, ok := parseLink(line)
	if ok {
		t.seq, t.hash, t.found = l.seq, sha256.Sum256(line), true
	}
	return ok
}
