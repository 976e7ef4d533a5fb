package audit

// maxGroup bounds what one write takes, in bytes.
const maxGroup = 64 << 10

// group is lines of one day that go out in one write. The first who puts a line
// into it writes it; whoever comes until then adds a line and waits.
type group struct {
	day   string
	lines []byte
	done  chan struct{} // closed when it is written
	err   error         // why it is not; read after done
}

// join puts a line into the open group, or opens one: then it is the caller's to write.
func (l *Log) join(day string, line []byte) (g *group, first bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if g := l.open; g != nil && g.day == day && len(g.lines) < maxGroup {
		g.lines = append(g.lines, line...)
		return g, false
	}
	l.open = &group{day: day, lines: line, done: make(chan struct{})}
	return l.open, true
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
