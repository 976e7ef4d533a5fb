package audit

import (
	"bytes"
	"errors"
	"sync"
	"sync/atomic"
)

// maxGroup bounds what one write takes, in bytes.
const maxGroup = 64 << 10

// group is lines of one day that go out in one write. The first who puts a line
// into it writes it; whoever comes until then adds a line and waits.
type group struct {
	day     string
	lines   []byte         // records without their place in the chain, each with a line's end
	written sync.WaitGroup // until it is written, or not
	err     error          // why it is not; read after written
	members atomic.Int32   // who have not left
}

var errUnfinished = errors.New("writing the audit log: it was not finished")

// groups are used again once all members have left.
var groups = sync.Pool{New: func() any { return &group{lines: make([]byte, 0, 4<<10)} }}

// leave is each member's last word; g is of no use after it.
func (g *group) leave() error {
	err := g.err
	if g.members.Add(-1) == 0 && cap(g.lines) <= 2*maxGroup {
		g.lines, g.err = g.lines[:0], nil
		groups.Put(g)
	}
	return err
}

// indexEnd is where the first record of a group ends.
func indexEnd(lines []byte) int { return bytes.IndexByte(lines, '\n') }

// join puts a line into the open group, or opens one: then it is the caller's to write.
func (l *Log) join(day string, line []byte) (g *group, first bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	g = l.open
	if first = g == nil || g.day != day || len(g.lines) >= maxGroup; first {
		g = groups.Get().(*group)
		g.day = day
		g.written.Add(1)
		l.open = g
	}
	g.members.Add(1)
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
	defer g.written.Done()
	g.err = errUnfinished // until it is written: a panic must not pass for success
	g.err = l.append(g.day, g.lines)
}
