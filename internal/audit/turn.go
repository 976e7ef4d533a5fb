package audit

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// holdFor is how long a process keeps its turn once it has it, so that a busy
// one does not ask for each record.
const holdFor = 20 * time.Millisecond

// turns let the processes that write to one log take turns. Who wants one locks
// "turn" and waits for "lock" with it in hand, so that a busy process cannot come
// again before one that waits. "lock" holds the name of the newest file.
// Whoever writes at all holds a share of "writers".
type turns struct {
	next, lock, writers *os.File
}

func openTurns(dir string) (t *turns, err error) {
	t = &turns{}
	for name, f := range map[string]**os.File{".turn": &t.next, ".lock": &t.lock, ".writers": &t.writers} {
		if *f, err = openRegular(filepath.Join(dir, name), os.O_CREATE|os.O_RDWR); err != nil {
			return nil, errors.Join(fmt.Errorf("opening the audit log: %w", err), t.close())
		}
	}
	if err := lockFile(t.writers, true); err != nil {
		return nil, errors.Join(fmt.Errorf("opening the audit log: %w", err), t.close())
	}
	return t, nil
}

// take waits for the turn.
func (t *turns) take() error {
	if err := lockFile(t.next, false); err != nil {
		return fmt.Errorf("waiting for the audit log: %w", err)
	}
	err := lockFile(t.lock, false)
	if err = errors.Join(err, unlockFile(t.next)); err != nil {
		return fmt.Errorf("waiting for the audit log: %w", err)
	}
	return nil
}

func (t *turns) give() { unlockFile(t.lock) } // the operating system does so anyway when the file is closed

// newest is the file that was last begun; ok is false where nobody has said so.
func (t *turns) newest(buf []byte) (s segment, ok bool) {
	n, err := t.lock.ReadAt(buf, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return s, false
	}
	return parseSegment(string(buf[:n]))
}

func (t *turns) begun(s segment) error {
	name := s.name()
	if _, err := t.lock.WriteAt([]byte(name), 0); err != nil {
		return err
	}
	return t.lock.Truncate(int64(len(name)))
}

// last reports whether no other process writes. Its caller does so no more.
func (t *turns) last() bool { return unlockFile(t.writers) == nil && tryLockFile(t.writers) }

func (t *turns) close() error {
	var errs []error
	for _, f := range []*os.File{t.next, t.lock, t.writers} {
		if f != nil {
			errs = append(errs, f.Close())
		}
	}
	return errors.Join(errs...)
}
