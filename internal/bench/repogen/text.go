package repogen

import (
	"math"
	"math/rand/v2"
)

var syllables = []string{
	"al", "ba", "con", "de", "ex", "fi", "get", "hash", "in", "ject", "ker", "list", "map", "node", "ob", "pack", "que", "ref", "set", "tree",
	"un", "val", "walk", "xor", "yield", "zip", "ent", "ion", "er", "ing", "ly", "mo",
}

var marks = []string{" ", " ", " ", " = ", "(", ", ", ") ", "->", ";", " /* ", " */", " + ", "[", "]", " {", "}", "_", "_"}

// word is a name as programs have them; short ones come up most.
func (h *history) word() string {
	w := ""
	for range 1 + h.rnd.IntN(3) {
		w += syllables[h.popular(len(syllables))]
	}
	return w
}

// line of a program's text.
func line(rnd *rand.Rand) []byte {
	const tabs = "\t\t\t\t"
	b := append(make([]byte, 0, 64), tabs[:rnd.IntN(len(tabs))]...)
	for range rnd.IntN(9) {
		bits := rnd.Uint64()
		for range 1 + bits&1 + bits>>1&1 {
			bits >>= 5
			b = append(b, syllables[bits&31]...)
		}
		b = append(b, marks[bits>>8%uint64(len(marks))]...)
	}
	return append(b, '\n')
}

// text is a file under work.
type text struct {
	rnd   *rand.Rand
	lines [][]byte
	most  int
}

// newText is a file's first version: half of them have fewer than 60 lines,
// few more than a thousand.
func newText(rnd *rand.Rand) *text {
	n := min(6000, int(60*math.Exp(1.2*rnd.NormFloat64())))
	t := &text{rnd: rnd, most: 200 + 3*n}
	t.insert(0, 1+n)
	return t
}

// edit replaces some lines in up to three places.
func (t *text) edit() {
	for range 1 + t.rnd.IntN(3) {
		at := t.rnd.IntN(len(t.lines))
		gone := min(len(t.lines)-at, int(t.rnd.ExpFloat64()*9))
		if len(t.lines) > t.most {
			gone = min(len(t.lines)-at, gone+len(t.lines)/4)
		}
		t.lines = append(t.lines[:at], t.lines[at+gone:]...)
		t.insert(at, 1+int(t.rnd.ExpFloat64()*14))
	}
}

func (t *text) insert(at, n int) {
	rest := append([][]byte(nil), t.lines[at:]...)
	t.lines = t.lines[:at]
	for range n {
		t.lines = append(t.lines, line(t.rnd))
	}
	t.lines = append(t.lines, rest...)
}
