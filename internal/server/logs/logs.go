// Package logs writes a node's log: what the node has to say, at once, and one
// line a request, which may wait for up to Delay so that many go out in one
// write. Both have slog's form, text or JSON, and come out in the order in which
// they were made.
//
// A line at level Error takes all that wait before it along, as does a line of
// the node's own and the end of the log: only a process that is killed, or that
// dies of a panic that nobody catches, loses the lines of its last Delay. The
// audit log does not depend on any of this.
package logs

import (
	"context"
	"io"
	"log/slog"
	"sync"
	"time"
)

// Delay is how long the line of a request may wait.
const Delay = 100 * time.Millisecond

// maxWaiting is how many bytes may wait; more go out at once.
const maxWaiting = 64 << 10

// Log is a node's log.
type Log struct {
	json  bool
	level slog.Level
	lines slog.Handler // appends to what waits
	node  *slog.Logger

	mu      sync.Mutex
	waiting []byte
	armed   bool // the timer runs
	closed  bool
	timer   *time.Timer

	writing sync.Mutex // held to write; never taken with mu held
	out     io.Writer
	torn    bool // the last write ended within a line
	spare   []byte
}

// New makes a log that writes to out lines of this level and above.
func New(out io.Writer, json bool, level slog.Level) *Log {
	l := &Log{out: out, json: json, level: level}
	l.timer = time.AfterFunc(time.Hour, l.Flush)
	l.timer.Stop()
	options := &slog.HandlerOptions{Level: level}
	if json {
		l.lines = slog.NewJSONHandler(appender{l}, options)
	} else {
		l.lines = slog.NewTextHandler(appender{l}, options)
	}
	l.node = slog.New(prompt{l.lines, l})
	return l
}

// Logger is for everything but requests.
func (l *Log) Logger() *slog.Logger { return l.node }

// Flush writes what waits.
func (l *Log) Flush() {
	l.writing.Lock()
	defer l.writing.Unlock()
	l.mu.Lock()
	out := l.waiting
	l.waiting, l.armed = l.spare[:0], false
	l.mu.Unlock()
	if len(out) > 0 {
		l.write(out)
	}
	if l.spare = out; cap(out) > 2*maxWaiting {
		l.spare = nil
	}
}

// write is called with writing held. Where it fails nobody can be told; what it
// leaves of a line is ended before the next one.
func (l *Log) write(out []byte) {
	if l.torn {
		if _, err := l.out.Write([]byte("\n")); err != nil {
			return
		}
	}
	n, _ := l.out.Write(out)
	l.torn = n > 0 && out[n-1] != '\n'
}

// Close writes what waits; later lines go out at once.
func (l *Log) Close() error {
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	l.timer.Stop()
	l.Flush()
	return nil
}

// put is called with mu held, when a line has been added. It reports whether
// what waits must go out now.
func (l *Log) put() (full bool) {
	if l.closed || len(l.waiting) >= maxWaiting {
		return true
	}
	if !l.armed {
		l.armed = true
		l.timer.Reset(Delay)
	}
	return false
}

// appender is where slog's handlers write their lines.
type appender struct{ *Log }

func (a appender) Write(line []byte) (int, error) {
	a.mu.Lock()
	a.waiting = append(a.waiting, line...)
	full := a.put()
	a.mu.Unlock()
	if full {
		a.Flush()
	}
	return len(line), nil
}

// prompt is a handler whose lines don't wait.
type prompt struct {
	slog.Handler
	log *Log
}

func (p prompt) Handle(ctx context.Context, r slog.Record) error {
	err := p.Handler.Handle(ctx, r)
	p.log.Flush()
	return err
}

func (p prompt) WithAttrs(attrs []slog.Attr) slog.Handler {
	return prompt{p.Handler.WithAttrs(attrs), p.log}
}

func (p prompt) WithGroup(name string) slog.Handler {
	return prompt{p.Handler.WithGroup(name), p.log}
}
