package audit

import (
	"errors"
	"fmt"
	"os"
	"time"
)

// syncLoop flushes and signs what was written, until the log is closed.
func (l *Log) syncLoop() {
	defer close(l.done)
	tick := time.NewTicker(SyncEvery)
	defer tick.Stop()
	for {
		select {
		case <-l.stop:
			return
		case <-tick.C:
			l.sync()
		}
	}
}

// sync flushes outside the lock, so that a slow disk does not hold up records,
// and signs what is on the disk.
func (l *Log) sync() {
	l.writing.Lock()
	f, at, s, dirty := l.file, l.at, l.state, l.dirty
	l.dirty = false
	l.writing.Unlock()
	if f != nil && dirty {
		switch err := l.flush(f); {
		case err == nil:
			l.sign(at, s)
		case !errors.Is(err, os.ErrClosed): // a file that was closed meanwhile was flushed, and is signed with the next
			l.opt.Report("audit records may not be on the disk", err)
			l.again()
		}
		l.issued.keepUp()
	}
	if err := l.hourly(); err != nil {
		l.opt.Report("the audit log's digest of the hour is not written", err)
	}
}

// again has the next sync try what this one could not do.
func (l *Log) again() {
	l.writing.Lock()
	defer l.writing.Unlock()
	l.dirty = true
}

// Close flushes, signs and ends the log.
func (l *Log) Close() error {
	close(l.stop)
	<-l.done
	l.writing.Lock()
	defer l.writing.Unlock()
	err := l.finish()
	l.release.Stop()
	l.giveTurnLocked()
	if l.file != nil {
		err = errors.Join(err, l.file.Close())
		l.file = nil
	}
	return errors.Join(err, l.turns.close())
}

func (l *Log) finish() error {
	if !l.wrote {
		return nil
	}
	if err := l.takeTurn(); err != nil {
		return err
	}
	if err := l.file.Sync(); err != nil {
		return fmt.Errorf("closing the audit log: %w", err)
	}
	if l.signer == nil {
		return nil
	}
	return l.digest(l.closing())
}

// closing is the kind of this process's last digest.
func (l *Log) closing() string {
	if l.turns.last() {
		return kindClose
	}
	return kindLeave
}
