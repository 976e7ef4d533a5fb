package policy

import (
	"strings"
	"unicode/utf8"
)

// Position is a place between two characters of a document. Line and Column
// count from 1.
type Position struct{ Line, Column int }

// placer turns rising offsets of a text into positions.
type placer struct {
	text   string
	offset int
	at     Position
}

func (p *placer) advance(to int) Position {
	part := p.text[p.offset:to]
	p.offset = to
	if lines := strings.Count(part, "\n"); lines > 0 {
		p.at.Line += lines
		p.at.Column = 1
		part = part[strings.LastIndexByte(part, '\n')+1:]
	}
	p.at.Column += utf8.RuneCountInString(part)
	return p.at
}
