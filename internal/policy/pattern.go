package policy

import "strings"

// pattern is a text whose wildcards are compiled, with what its matching
// needs to know of it. Most have none, or one at the end.
type pattern struct {
	text  string
	shape shape
}

type shape uint8

const (
	exact   shape = iota // no wildcard
	prefix               // "*" at the end is the only one
	general              // any others
)

func newPattern(compiled string) pattern {
	run, one := strings.IndexByte(compiled, anyRun), strings.IndexByte(compiled, anyOne)
	switch {
	case run < 0 && one < 0:
		return pattern{compiled, exact}
	case run == len(compiled)-1 && one < 0:
		return pattern{compiled, prefix}
	}
	return pattern{compiled, general}
}

func (p *pattern) match(text string) bool {
	switch p.shape {
	case exact:
		return p.text == text
	case prefix:
		return strings.HasPrefix(text, p.text[:len(p.text)-1])
	}
	return match(p.text, text)
}

// matchFold is match without regard to the case of ASCII letters in text; the
// pattern is in lower case.
func (p *pattern) matchFold(text string) bool {
	switch p.shape {
	case exact:
		return len(text) == len(p.text) && hasPrefixFold(text, p.text)
	case prefix:
		return hasPrefixFold(text, p.text[:len(p.text)-1])
	}
	return matchFold(p.text, text)
}

func hasPrefixFold(text, lowered string) bool {
	if len(text) < len(lowered) {
		return false
	}
	for i := range len(lowered) {
		if lower(text[i]) != lowered[i] {
			return false
		}
	}
	return true
}
