package policy

import (
	"errors"
	"strings"
	"unicode/utf8"
)

// template is the text of a Resource or of a condition value: fixed, or with
// policy variables between fixed parts. Wildcards are compiled (see anyRun)
// where the element has them.
type template struct {
	fixed pattern
	parts *[]part // nil for a text without variables
}

// part is a run of text and then, unless key has no name, the value of a variable.
type part struct {
	text        string
	key         keyName
	fallback    string // of ${key, 'fallback'}
	hasFallback bool
}

var errVariable = errors.New("malformed policy variable")

// syntaxOf says what is special in a text besides plain characters.
type syntaxOf struct {
	wildcards bool // the operator or element has "*" and "?"
	variables bool // the policy's version is 2012-10-17
}

// compile reads s. An unfinished or unknown form of ${…} is refused, for it
// would silently match other things than its author meant.
func (k syntaxOf) compile(s string) (template, error) {
	if !k.variables || !strings.Contains(s, "${") {
		return template{fixed: k.pattern(k.plain(s))}, nil
	}
	var parts []part
	text := ""
	for {
		before, rest, found := strings.Cut(s, "${")
		text += k.plain(before)
		if !found {
			break
		}
		p, after, err := variable(rest)
		if err != nil {
			return template{}, err
		}
		if s = after; p.key.written == "" {
			text += p.text
			continue
		}
		p.text, text = text, ""
		parts = append(parts, p)
	}
	if parts == nil {
		return template{fixed: k.pattern(text)}, nil
	}
	parts = append(parts, part{text: text})
	return template{parts: &parts}, nil
}

// pattern keeps bytes that are no wildcards here from being looked for.
func (k syntaxOf) pattern(text string) pattern {
	if k.wildcards {
		return newPattern(text)
	}
	return pattern{text: text}
}

func (k syntaxOf) plain(s string) string {
	if k.wildcards {
		return encodeWild(s)
	}
	return s
}

// variable reads what follows "${": an escaped character, which comes back as
// text, or a key with or without a default.
func variable(s string) (p part, after string, err error) {
	for _, c := range []string{"*", "?", "$"} {
		if after, ok := strings.CutPrefix(s, c+"}"); ok {
			return part{text: c}, after, nil
		}
	}
	end := strings.IndexAny(s, ",}")
	if end < 0 {
		return part{}, "", errVariable
	}
	name := strings.TrimSpace(s[:end])
	if name == "" || strings.ContainsAny(name, "*?${'\"") {
		return part{}, "", errVariable
	}
	p.key = newKey(name)
	if s[end] == '}' {
		return p, s[end+1:], nil
	}
	p.hasFallback = true
	p.fallback, after, err = quoted(s[end+1:])
	return p, after, err
}

// quoted reads " 'text' }".
func quoted(s string) (text, after string, err error) {
	s, ok := strings.CutPrefix(strings.TrimLeft(s, " "), "'")
	if !ok {
		return "", "", errVariable
	}
	text, s, ok = strings.Cut(s, "'")
	if !ok {
		return "", "", errVariable
	}
	after, ok = strings.CutPrefix(strings.TrimLeft(s, " "), "}")
	if !ok {
		return "", "", errVariable
	}
	return text, after, nil
}

// expand puts in the values of the request's keys, as plain text. It is false
// when a variable has neither a single value nor a default: such a text
// matches nothing.
func (t *template) expand(e *evaluation) (string, bool) {
	if t.parts == nil {
		return t.fixed.text, true
	}
	return t.fill(e)
}

// matches expands the template and matches it as a pattern.
func (t *template) matches(e *evaluation, text string) (matched, ok bool) {
	if t.parts == nil {
		return t.fixed.match(text), true
	}
	want, ok := t.fill(e)
	return ok && match(want, text), ok
}

func (t *template) fill(e *evaluation) (string, bool) {
	var out []byte
	for i := range *t.parts {
		p := &(*t.parts)[i]
		out = append(out, p.text...)
		if p.key.written == "" {
			continue
		}
		value, ok := p.value(e)
		if !ok {
			return "", false
		}
		out = append(out, value...)
	}
	return string(out), true
}

// value refuses what is not UTF-8, for it could hold the bytes that stand for wildcards.
func (p *part) value(e *evaluation) (string, bool) {
	switch v := e.values(&p.key); {
	case len(v) == 1 && utf8.ValidString(v[0]):
		return v[0], true
	case len(v) == 0 && p.hasFallback:
		return p.fallback, true
	}
	return "", false
}
