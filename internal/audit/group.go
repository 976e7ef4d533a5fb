package audit

import "bytes"

// maxGroup bounds what one write takes, in bytes.
const maxGroup = 64 << 10

// group is lines of one day that go out in one write. The first who puts a line
// into it writes it; whoever comes until then adds a line and waits.
type group struct {
	day   string
	lines []byte        // records without their place in the chain, each with a line's end
	done  chan struct{} // closed when it is written
	err   error         // why it is not; read after done
}

// indexEnd is where the first record of a group ends.
func indexEnd(lines []byte) int { return bytes.IndexByte(lines, '\n') }

// join puts a line into the open group, or opens one: then it is the caller's to write.
func (l *Log) join(day string, line []byte) (g *group, first bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	g = l.open
	if first = g == nil || g.day != day || len(g.lines) >= maxGroup; first {
		g = &group{day: day, done: make(chan struct{}), lines: make([]byte, 0, len(line)+1)}
		l.open = g
	}
	g.lines = append(append(g.lines, line...), '\n')
	return g, first
}

// write writes a group. While it waits for the one before, more may join.
func (l *Log) write(g *group) {
	l.writing.Lock()
	defer l.writing.Unlock()
	l.mu.Lock()
	if l.open == g {
		l.open = nil
	}
	l.mu.Unlock()
	defer close(g.done)
	g.err = l.append(g.day, g.lines)
}
