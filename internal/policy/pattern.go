package policy

import "strings"

// pattern is a text whose wildcards are compiled, with what its matching
// needs to know of it. Most have none, or one at the end.
type pattern struct {
	text  string
	shape shape
	run   int // of around: where the "*" stands
}

type shape uint8

const (
	exact   shape = iota // no wildcard
	around               // one "*" and nothing else: what stands before and after it is plain
	general              // any others
)

func newPattern(compiled string) pattern {
	run := strings.IndexByte(compiled, anyRun)
	switch {
	case strings.IndexByte(compiled, anyOne) >= 0:
	case run < 0:
		return pattern{text: compiled, shape: exact}
	case run == strings.LastIndexByte(compiled, anyRun):
		return pattern{text: compiled, shape: around, run: run}
	}
	return pattern{text: compiled, shape: general}
}

// ends are what stands before and after the one "*".
func (p *pattern) ends() (before, after string) { return p.text[:p.run], p.text[p.run+1:] }

func (p *pattern) match(text string) bool {
	switch p.shape {
	case exact:
		return p.text == text
	case around:
		before, after := p.ends()
		return len(text) >= len(before)+len(after) && text[:len(before)] == before && text[len(text)-len(after):] == after
	}
	return match(p.text, text)
}

// matchFold is match without regard to the case of ASCII letters in text; the
// pattern is in lower case.
func (p *pattern) matchFold(text string) bool {
	switch p.shape {
	case exact:
		return len(text) == len(p.text) && hasPrefixFold(text, p.text)
	case around:
		before, after := p.ends()
		return len(text) >= len(before)+len(after) && hasPrefixFold(text, before) && hasPrefixFold(text[len(text)-len(after):], after)
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
