package policy

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Limits of a document, whatever entity it belongs to.
const (
	maxDocument = 128 << 10 // bytes
	maxDepth    = 16        // nested arrays and objects
)

type jsonKind uint8

const (
	jsonString jsonKind = iota
	jsonNumber
	jsonBool
	jsonNull
	jsonArray
	jsonObject
)

// node is one JSON value. The tree keeps numbers as they were written, for the
// language compares them as text.
type node struct {
	kind       jsonKind
	at, nameAt span   // the value, and its name where it is a member
	name       string // of an object's member; unique in it
	text       string // a string's value; a number or boolean as written
	items      []node // an array's elements or an object's members, in order
}

// elements are an array's, or the value itself: IAM takes one for a list of one.
func (n *node) elements() []node {
	if n.kind == jsonArray {
		return n.items
	}
	return []node{*n}
}

// span is bytes start to end of a document.
type span struct{ start, end int32 }

// SyntaxError is a text that is not strict JSON.
type SyntaxError struct {
	Offset int    // in bytes: where reading stopped
	Reason string // what is wrong there
}

func (e *SyntaxError) Error() string { return e.Reason }

// parseJSON reads exactly one JSON value (RFC 8259). It is stricter than
// encoding/json where two readers of one text could differ: member names are
// unique, nothing follows the value, the text is valid UTF-8 and so is every
// string after its escapes are resolved.
func parseJSON(text string) (*node, error) {
	if len(text) > maxDocument {
		return nil, &SyntaxError{maxDocument, "the document is longer than 128 KiB"}
	}
	if !utf8.ValidString(text) {
		return nil, &SyntaxError{validPrefix(text), "the text is not UTF-8"}
	}
	s := scanner{text: text, open: make([]node, 0, 32)}
	n, err := s.value(0)
	if err != nil {
		return nil, err
	}
	if s.skipSpace(); s.pos != len(s.text) {
		return nil, s.fail("more text follows the document")
	}
	return &n, nil
}

// validPrefix is how many bytes of text are UTF-8.
func validPrefix(text string) int {
	for i, r := range text {
		if r == utf8.RuneError && !strings.HasPrefix(text[i:], "\uFFFD") {
			return i
		}
	}
	return len(text)
}

type scanner struct {
	text  string
	pos   int
	open  []node // the items read so far of all containers that are open
	items []node // where the items of closed ones are kept
}

// keep takes what was opened since base as the items of one container.
func (s *scanner) keep(base int) []node {
	const chunk = 64
	n := len(s.open) - base
	if cap(s.items)-len(s.items) < n {
		s.items = make([]node, 0, max(chunk, n))
	}
	start := len(s.items)
	s.items = append(s.items, s.open[base:]...)
	s.open = s.open[:base]
	return s.items[start:len(s.items):len(s.items)]
}

// fail refuses the text at the place where the scanner stands.
func (s *scanner) fail(reason string) error {
	if s.pos >= len(s.text) {
		return &SyntaxError{len(s.text), "the text ends too early"}
	}
	return &SyntaxError{s.pos, reason}
}

func (s *scanner) skipSpace() {
	for s.pos < len(s.text) {
		switch s.text[s.pos] {
		case ' ', '\t', '\r', '\n':
			s.pos++
		default:
			return
		}
	}
}

// peek returns the next byte, 0 at the end of the text.
func (s *scanner) peek() byte {
	if s.pos == len(s.text) {
		return 0
	}
	return s.text[s.pos]
}

// take consumes c after white space, if it is next.
func (s *scanner) take(c byte) bool {
	s.skipSpace()
	if s.pos == len(s.text) || s.text[s.pos] != c {
		return false
	}
	s.pos++
	return true
}

func (s *scanner) value(depth int) (node, error) {
	s.skipSpace()
	start := s.pos
	n, err := s.bare(depth)
	n.at = span{int32(start), int32(s.pos)}
	return n, err
}

// bare reads a value that begins here, without its place.
func (s *scanner) bare(depth int) (node, error) {
	switch c := s.peek(); {
	case c == '{' || c == '[':
		if depth == maxDepth {
			return node{}, s.fail("arrays and objects are nested more than 16 deep")
		}
		s.pos++
		if c == '{' {
			return s.object(depth + 1)
		}
		return s.array(depth + 1)
	case c == '"':
		text, err := s.str()
		return node{kind: jsonString, text: text}, err
	case c == '-' || isDigit(c):
		return s.number()
	}
	return s.word()
}

func (s *scanner) word() (node, error) {
	for _, w := range []node{{kind: jsonBool, text: "true"}, {kind: jsonBool, text: "false"}, {kind: jsonNull, text: "null"}} {
		if strings.HasPrefix(s.text[s.pos:], w.text) {
			s.pos += len(w.text)
			return w, nil
		}
	}
	return node{}, s.fail("a value is missing here")
}

func (s *scanner) array(depth int) (node, error) {
	n := node{kind: jsonArray}
	if s.take(']') {
		return n, nil
	}
	base := len(s.open)
	for {
		item, err := s.value(depth)
		if err != nil {
			return node{}, err
		}
		s.open = append(s.open, item)
		if s.take(']') {
			n.items = s.keep(base)
			return n, nil
		}
		if !s.take(',') {
			return node{}, s.fail(`"," or "]" is missing here`)
		}
	}
}

func (s *scanner) object(depth int) (node, error) {
	n := node{kind: jsonObject}
	if s.take('}') {
		return n, nil
	}
	base := len(s.open)
	var seen names
	for {
		name, at, err := s.name(&seen, s.open[base:])
		if err != nil {
			return node{}, err
		}
		item, err := s.value(depth)
		if err != nil {
			return node{}, err
		}
		item.name, item.nameAt = name, at
		s.open = append(s.open, item)
		if s.take('}') {
			n.items = s.keep(base)
			return n, nil
		}
		if !s.take(',') {
			return node{}, s.fail(`"," or "}" is missing here`)
		}
	}
}

// names tells a member name that comes a second time.
type names map[string]bool

// add is false for a name that is among those before it. A few are compared
// one by one; only large objects, which no policy needs, get a map.
func (m *names) add(name string, before []node) bool {
	const few = 16
	if len(before) < few {
		return !hasMember(before, name)
	}
	if *m == nil {
		*m = make(names)
		for i := range before {
			(*m)[before[i].name] = true
		}
	}
	if (*m)[name] {
		return false
	}
	(*m)[name] = true
	return true
}

func hasMember(members []node, name string) bool {
	for i := range members {
		if members[i].name == name {
			return true
		}
	}
	return false
}

// name reads a member's name, which may not be among those before it, and its colon.
func (s *scanner) name(seen *names, before []node) (name string, at span, err error) {
	s.skipSpace()
	start := s.pos
	if s.peek() != '"' {
		return "", at, s.fail("a member's name in quotes is missing here")
	}
	if name, err = s.str(); err != nil {
		return "", at, err
	}
	at = span{int32(start), int32(s.pos)}
	if !seen.add(name, before) {
		return "", at, &SyntaxError{start, "this object has two members of one name"}
	}
	if !s.take(':') {
		return "", at, s.fail(`":" is missing here`)
	}
	return name, at, nil
}

// number reads -? int frac? exp? and keeps its text.
func (s *scanner) number() (node, error) {
	start := s.pos
	if s.peek() == '-' {
		s.pos++
	}
	leadingZero := s.peek() == '0'
	if n := s.digits(); n == 0 || leadingZero && n > 1 {
		return node{}, s.fail("a number is malformed here")
	}
	if s.peek() == '.' {
		s.pos++
		if s.digits() == 0 {
			return node{}, s.fail("a number is malformed here")
		}
	}
	if c := s.peek(); c == 'e' || c == 'E' {
		s.pos++
		if c := s.peek(); c == '+' || c == '-' {
			s.pos++
		}
		if s.digits() == 0 {
			return node{}, s.fail("a number is malformed here")
		}
	}
	return node{kind: jsonNumber, text: s.text[start:s.pos]}, nil
}

func (s *scanner) digits() (n int) {
	for isDigit(s.peek()) {
		s.pos++
		n++
	}
	return n
}

// str reads a quoted string. One without escapes shares the document's memory.
func (s *scanner) str() (string, error) {
	s.pos++
	start := s.pos
	for s.pos < len(s.text) {
		switch c := s.text[s.pos]; {
		case c == '"':
			s.pos++
			return s.text[start : s.pos-1], nil
		case c == '\\':
			return s.escaped(s.text[start:s.pos])
		case c < 0x20:
			return "", s.fail("a string is not closed, or has a control character")
		}
		s.pos++
	}
	return "", s.fail("")
}

// escaped reads the rest of a string that begins with head and has an escape next.
func (s *scanner) escaped(head string) (string, error) {
	out := []byte(head)
	for s.pos < len(s.text) {
		c := s.text[s.pos]
		if c < 0x20 {
			return "", s.fail("a string is not closed, or has a control character")
		}
		s.pos++
		switch {
		case c == '"':
			return string(out), nil
		case c != '\\':
			out = append(out, c)
		default:
			r, err := s.escape()
			if err != nil {
				return "", err
			}
			out = utf8.AppendRune(out, r)
		}
	}
	return "", s.fail("")
}

const (
	escapeLetters = `"\/bfnrt`
	escapeValues  = "\"\\/\b\f\n\r\t"
	badEscape     = "an escape in a string is malformed here"
)

// escape reads what follows a backslash. Half a surrogate pair is refused:
// it stands for no character.
func (s *scanner) escape() (rune, error) {
	c := s.peek()
	s.pos++
	if i := strings.IndexByte(escapeLetters, c); c != 0 && i >= 0 {
		return rune(escapeValues[i]), nil
	}
	if c != 'u' {
		return 0, s.fail(badEscape)
	}
	r, err := s.hex4()
	if err != nil || !utf16.IsSurrogate(r) {
		return r, err
	}
	if !strings.HasPrefix(s.text[s.pos:], `\u`) {
		return 0, s.fail(badEscape)
	}
	s.pos += 2
	low, err := s.hex4()
	if r = utf16.DecodeRune(r, low); err != nil || r == utf8.RuneError {
		return 0, s.fail(badEscape)
	}
	return r, nil
}

func (s *scanner) hex4() (r rune, err error) {
	if len(s.text)-s.pos < 4 {
		return 0, s.fail(badEscape)
	}
	for _, c := range []byte(s.text[s.pos : s.pos+4]) {
		switch {
		case isDigit(c):
			r = r<<4 | rune(c-'0')
		case lower(c) >= 'a' && lower(c) <= 'f':
			r = r<<4 | rune(lower(c)-'a'+10)
		default:
			return 0, s.fail(badEscape)
		}
	}
	s.pos += 4
	return r, nil
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
