package config

import (
	"fmt"
	"strings"
)

// INI is one configuration file, line by line, so that an edit keeps every comment and blank.
//
// The grammar is the one that the AWS CLI reads (Python's RawConfigParser):
// "#" and ";" begin a comment only at the start of a line; a line that is
// indented deeper than the option above it continues that option's value, and
// a value that begins with such a line is a nested block; option names have no
// case. Where the CLI gives up, a repeated section is merged and of a repeated
// option the last counts, as in the other SDKs.
type INI struct{ lines []line }

type lineKind uint8

const (
	blank lineKind = iota // or a comment
	header
	option
	continuation
)

type line struct {
	text  string // as in the file, line end included
	kind  lineKind
	name  string // of the section, or of the option in lower case
	value string
}

// byteOrderMark is what some Windows editors put in front.
const byteOrderMark = "\ufeff"

// ParseINI reads a file's text. An error names the line but never quotes it: it may hold a secret.
func ParseINI(text string) (*INI, error) {
	f, indent, inSection, inOption := &INI{}, 0, false, false
	for n := 1; text != ""; n++ {
		raw := text
		if i := strings.IndexByte(text, '\n'); i >= 0 {
			raw = text[:i+1]
		}
		text = text[len(raw):]
		l := line{text: raw}
		if n == 1 {
			raw = strings.TrimPrefix(raw, byteOrderMark)
		}
		body, level := strings.TrimSpace(raw), indentOf(raw)
		switch {
		case body == "" || body[0] == '#' || body[0] == ';':
		case inOption && level > indent:
			l.kind, l.value = continuation, body
		default:
			indent = level
			if err := l.classify(body, inSection); err != nil {
				return nil, fmt.Errorf("line %d: %w", n, err)
			}
			inSection, inOption = true, l.kind == option
		}
		f.lines = append(f.lines, l)
	}
	return f, nil
}

// classify reads a line that stands on its own: a section's header or an option.
func (l *line) classify(body string, inSection bool) error {
	if end := strings.LastIndexByte(body, ']'); body[0] == '[' && end > 1 {
		l.kind, l.name = header, strings.TrimSpace(body[1:end])
		return nil
	}
	if !inSection {
		return fmt.Errorf("want a section header such as [default]")
	}
	i := strings.IndexAny(body, "=:")
	if i <= 0 {
		return fmt.Errorf("want NAME = VALUE")
	}
	l.kind, l.name = option, strings.ToLower(strings.TrimSpace(body[:i]))
	l.value = strings.TrimSpace(body[i+1:])
	return nil
}

func indentOf(s string) int { return len(s) - len(strings.TrimLeft(s, " \t\v\f")) }

// String is the file's text.
func (f *INI) String() string {
	var b strings.Builder
	for _, l := range f.lines {
		b.WriteString(l.text)
	}
	return b.String()
}

// Section holds the options of one section name.
type Section struct {
	Name   string
	values map[string]string // of an option with continuation lines: all lines, joined by \n
}

// Get returns an option's value; a nested block is not one.
func (s *Section) Get(key string) (string, bool) {
	if s == nil {
		return "", false
	}
	v, ok := s.values[key]
	return v, ok && !strings.HasPrefix(v, "\n")
}

// Nested returns one value out of the block under key.
func (s *Section) Nested(key, sub string) (string, bool) {
	if s == nil || !strings.HasPrefix(s.values[key], "\n") {
		return "", false
	}
	found, ok := "", false
	for l := range strings.SplitSeq(s.values[key], "\n") {
		if name, value, cut := strings.Cut(l, "="); cut && strings.TrimSpace(name) == sub {
			found, ok = strings.TrimSpace(value), true
		}
	}
	return found, ok
}

// Sections returns the file's sections in the order of their first appearance.
func (f *INI) Sections() []*Section {
	var list []*Section
	byName := map[string]*Section{}
	var current *Section
	var key string
	for _, l := range f.lines {
		switch l.kind {
		case header:
			if current = byName[l.name]; current == nil {
				current = &Section{Name: l.name, values: map[string]string{}}
				byName[l.name] = current
				list = append(list, current)
			}
		case option:
			key = l.name
			current.values[key] = l.value
		case continuation:
			current.values[key] += "\n" + l.value
		}
	}
	return list
}
