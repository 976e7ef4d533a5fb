package repogen

import (
	"bufio"
	"fmt"
	"math/rand/v2"
)

// start is when the first commit was made.
const start = 1_112_911_993

// write writes the stream that fast-import reads: all versions of a file one
// after another, so that each becomes a delta against the one before, then
// commits and tags.
func (h *history) write(w *bufio.Writer) {
	marks := 0
	first := make([]int, len(h.files))
	for i := range h.files {
		first[i] = marks + 1
		marks += h.files[i].versions
		h.writeFile(w, i, first[i])
	}
	commits := h.firstCommit()
	for i := range h.commits {
		h.writeCommit(w, i, commits, first)
	}
	for i := range h.tags {
		fmt.Fprintf(w, "tag %s\nmark :%d\nfrom :%d\ntagger %s", tagName(i), commits+len(h.commits)+i, commits+h.tagged(i, h.tags), h.person(i))
		h.writeMessage(w, 4)
	}
	fmt.Fprint(w, "done\n")
}

// firstCommit is the mark of the first commit: blobs come before it.
func (h *history) firstCommit() int {
	n := 1
	for _, f := range h.files {
		n += f.versions
	}
	return n
}

func tagName(i int) string { return fmt.Sprintf("v%d.%d.%d", i/400, i/20%20, i%20) }

// tagged spreads n refs over the history.
func (h *history) tagged(i, n int) int { return (2*i + 1) * len(h.commits) / (2 * n) }

func (h *history) writeFile(w *bufio.Writer, i, mark int) {
	rnd := rand.New(rand.NewPCG(h.rnd.Uint64(), uint64(i)))
	t := newText(rnd)
	for v := range h.files[i].versions {
		fmt.Fprintf(w, "blob\nmark :%d\n", mark+v)
		if h.files[i].picture {
			writeNoise(w, rnd)
			continue
		}
		if v > 0 {
			t.edit()
		}
		size := 0
		for _, l := range t.lines {
			size += len(l)
		}
		fmt.Fprintf(w, "data %d\n", size)
		for _, l := range t.lines {
			w.Write(l)
		}
		w.WriteByte('\n')
	}
}

// writeNoise writes what does not compress, as pictures do not.
func writeNoise(w *bufio.Writer, rnd *rand.Rand) {
	n := 4096 + int(rnd.ExpFloat64()*40_000)&^7
	fmt.Fprintf(w, "data %d\n", n)
	var b [8]byte
	for range n / 8 {
		bits := rnd.Uint64()
		for k := range b {
			b[k] = byte(bits >> (8 * k))
		}
		w.Write(b[:])
	}
	w.WriteByte('\n')
}

func (h *history) writeCommit(w *bufio.Writer, i, commits int, first []int) {
	c := h.commits[i]
	branch := "refs/heads/main"
	if c.branch > 0 {
		branch = fmt.Sprintf("refs/scratch/%d", c.branch)
	}
	fmt.Fprintf(w, "commit %s\nmark :%d\nauthor %scommitter %s", branch, commits+i, h.person(i), h.person(i))
	h.writeMessage(w, 8)
	if c.parent >= 0 {
		fmt.Fprintf(w, "from :%d\n", commits+c.parent)
	}
	if c.merged >= 0 {
		fmt.Fprintf(w, "merge :%d\n", commits+c.merged)
	}
	for _, ch := range c.changes {
		fmt.Fprintf(w, "M 100644 :%d %s\n", first[ch.file]+ch.version, h.files[ch.file].path)
	}
	w.WriteByte('\n')
}

// person is somebody, and when.
func (h *history) person(i int) string {
	who := h.popular(900)
	return fmt.Sprintf("Person %d <person%d@example.com> %d +0000\n", who, who, start+i*4200+h.rnd.IntN(3600))
}

func (h *history) writeMessage(w *bufio.Writer, lines int) {
	b := append([]byte{}, h.word()...)
	b = append(b, ": "...)
	for range 1 + h.rnd.IntN(lines) {
		for range 3 + h.rnd.IntN(8) {
			b = append(append(b, h.word()...), ' ')
		}
		b = append(b, '\n')
	}
	fmt.Fprintf(w, "data %d\n%s\n", len(b), b)
}
