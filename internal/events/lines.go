package events

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
)

// Log appends events to a file, a line each. Who moves the file away gets a new
// one.
type Log struct {
	path string
	max  int64 // then the file is moved to path.1; 0 for never

	mu   sync.Mutex
	file *os.File
	bad  bool  // what was written last may not be whole
	lost error // of a file that was left, whose events may not stay
}

// OpenLog opens or makes the file.
func OpenLog(path string) (*Log, error) {
	l := &Log{path: path}
	return l, l.open()
}

// maxUndelivered bounds the file of events that were given up, and the one before it.
const maxUndelivered = 64 << 20

// OpenUndelivered is a log of events that were given up, which does not grow for
// ever. It makes the file when it is needed.
func OpenUndelivered(path string) *Log { return &Log{path: path, max: maxUndelivered} }

// open begins behind a whole line: a crash may have cut the last.
func (l *Log) open() error {
	f, err := os.OpenFile(l.path, os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	var last [1]byte
	if size, err := f.Seek(0, io.SeekEnd); err != nil {
		return errors.Join(err, f.Close())
	} else if size > 0 {
		if _, err := f.ReadAt(last[:], size-1); err != nil {
			return errors.Join(err, f.Close())
		}
		if last[0] != '\n' {
			if _, err := f.WriteString("\n"); err != nil {
				return errors.Join(err, f.Close())
			}
		}
	}
	l.file, l.bad = f, false
	return nil
}

// Deliver implements Sink.
func (l *Log) Deliver(_ context.Context, payload []byte) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.current(); err != nil {
		return fmt.Errorf("the log of events: %w", err)
	}
	if _, err := l.file.Write(append(payload, '\n')); err != nil {
		l.bad = true
		return fmt.Errorf("the log of events: %w", err)
	}
	return nil
}

// current makes sure that the file is the one that has the name.
func (l *Log) current() error {
	if l.file != nil {
		here, err := l.file.Stat()
		if err != nil {
			return err
		}
		named, err := os.Stat(l.path)
		full := l.max > 0 && here.Size() >= l.max
		if err == nil && os.SameFile(here, named) && !l.bad && !full {
			return nil
		}
		l.lost = errors.Join(l.lost, l.end())
		if full {
			if err := os.Rename(l.path, l.path+".1"); err != nil && !errors.Is(err, os.ErrNotExist) {
				return err
			}
		}
	}
	return l.open()
}

// Flush implements Sink.
func (l *Log) Flush() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	lost := l.lost
	l.lost = nil // once told, those events come again
	if l.file == nil {
		return lost
	}
	return errors.Join(lost, l.file.Sync())
}

// Keep writes an event and makes sure that it stays.
func (l *Log) Keep(payload []byte) error {
	return errors.Join(l.Deliver(context.Background(), payload), l.Flush())
}

// Close ends the log.
func (l *Log) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return errors.Join(l.lost, l.end())
}

// end leaves the file. It is closed whatever the error says.
func (l *Log) end() error {
	if l.file == nil {
		return nil
	}
	err := errors.Join(l.file.Sync(), l.file.Close())
	l.file = nil
	return err
}
