// Package audit writes the record of every decision, sign-in, issue and
// administrative act: who asked for what, from where, and what was answered. The
// gate records before the act is done; a record that cannot be written refuses
// the act.
//
// The log is one JSON object a line in DIR/YYYY-MM-DD.jsonl (UTC, file mode
// 0600), in the form of CloudTrail's records. Each line ends with its number and
// the hash of the record before it, and digests of the chain are signed: each
// hour, when a file is full, and when the log is closed; the newest state each
// second. docs/operations/audit.md has the form, exactly enough to write another
// verifier.
//
// Several processes may write to one directory; they take turns. A record is in
// the operating system's hands when Record returns, and on the disk within
// SyncEvery; in strict mode it is on the disk.
//
// The package does not decide anything, and it holds no secret: a record has an
// access key id, never a token or a signature.
package audit

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// SyncEvery is how long a record may wait for the disk, and for a signature.
const SyncEvery = time.Second

// Mode is when a record counts as written, and what happens when it is not.
type Mode int

// The modes.
const (
	Normal  Mode = iota // in the operating system's hands; else the act is refused
	Strict              // on the disk; else the act is refused
	Lenient             // as Normal, but the act goes on without its record, which is reported
)

// Options are how a log is kept.
type Options struct {
	Dir    string
	Keys   string           // directory of the key that signs digests; "" leaves them out
	Now    func() time.Time // time.Now when nil
	Mode   Mode
	Bytes  int64         // a file that has grown so large is followed by another; 0 is DefaultBytes
	Retain time.Duration // how long files are kept; 0 for ever
	// Report tells what an administrator must know: records that are missing or
	// could not be written. Nil drops it.
	Report func(text string, err error)
	// Signed tells the record that a digest was signed of, so that it is known
	// elsewhere too. Nil drops it.
	Signed func(seq uint64, hash string)
}

// DefaultBytes is a file's size.
const DefaultBytes = 256 << 20

// Log is the Recorder that writes files.
type Log struct {
	opt    Options
	signer *signer
	turns  *turns
	issued *Index

	mu   sync.Mutex
	open *group // takes lines; nil between groups

	writing sync.Mutex // held to write, and for what follows
	held    bool       // the turn is this process's
	release *time.Timer
	file    *os.File
	at      segment
	state   state
	out     []byte // of the last group, to be used again
	dirty   bool   // something waits for the disk
	opened  bool   // this process has marked the log as open
	wrote   bool
	hour    string // of the last digest that is due by time

	count counts
	put   func(*os.File, []byte) (int, error) // writes; tests have full disks
	flush func(*os.File) error

	stop chan struct{}
	done chan struct{}
}

// state is where the log ends.
type state struct {
	seq   uint64
	hash  hash
	size  int64 // of the file
	torn  []byte
	clean bool // the file ends with a line's end
}

// Open makes dir (mode 0700) where it is not there and starts a log whose
// digests are not signed.
func Open(dir string) (*Log, error) { return OpenWith(Options{Dir: dir}) }

// OpenWith starts the log.
func OpenWith(opt Options) (*Log, error) {
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.Bytes == 0 {
		opt.Bytes = DefaultBytes
	}
	if opt.Report == nil {
		opt.Report = func(string, error) {}
	}
	if opt.Signed == nil {
		opt.Signed = func(uint64, string) {}
	}
	if err := privateDir(opt.Dir); err != nil {
		return nil, err
	}
	l := &Log{opt: opt, put: (*os.File).Write, flush: (*os.File).Sync, stop: make(chan struct{}), done: make(chan struct{})}
	l.issued = newIndex(opt.Dir, opt.Now)
	if opt.Keys != "" {
		var err error
		if l.signer, err = loadSigner(opt.Keys); err != nil {
			return nil, err
		}
	}
	var err error
	if l.turns, err = openTurns(opt.Dir); err != nil {
		return nil, err
	}
	l.release = time.AfterFunc(time.Hour, l.giveTurn)
	l.release.Stop()
	if err := l.begin(); err != nil {
		return nil, errors.Join(err, l.turns.close())
	}
	go l.syncLoop()
	return l, nil
}

// begin looks at what is there: files of before the chain are put aside, and
// records that were signed and are missing are reported for good.
func (l *Log) begin() error {
	l.writing.Lock()
	defer l.writing.Unlock()
	if err := l.takeTurn(); err != nil {
		return err
	}
	defer l.giveTurnLocked()
	if err := l.putAside(); err != nil {
		return err
	}
	l.mindTheGap()
	return l.missing()
}

// Record appends one line, in one write with those of others who record at the
// same time.
func (l *Log) Record(r Record) error {
	buf := lines.Get().(*[]byte)
	line, err := encode((*buf)[:0], &r)
	*buf = line
	if err == nil {
		g, first := l.join(r.EventTime.UTC().Format(time.DateOnly), line)
		lines.Put(buf)
		if first {
			l.write(g)
		}
		g.written.Wait()
		err = g.leave()
	}
	if err != nil {
		l.count.failed.Add(1)
		if l.opt.Mode != Lenient {
			return err
		}
		l.count.lost(l.opt, err)
	} else {
		l.count.written.Add(1)
	}
	if r.Issued != nil {
		l.issued.add(r.Issued.AccessKeyID, r.Issued.Expires)
	}
	return nil
}

// lines are encoded here before they join a group.
var lines = sync.Pool{New: func() any { b := make([]byte, 0, 2048); return &b }}

// append writes a group's lines with their places in the chain.
func (l *Log) append(day string, group []byte) error {
	if err := l.takeTurn(); err != nil {
		return err
	}
	if err := l.ready(day); err != nil {
		l.forget()
		return err
	}
	next, out := l.chained(group)
	n, err := l.put(l.file, out)
	if err == nil && l.opt.Mode == Strict {
		err = l.flush(l.file)
	}
	if err != nil {
		l.undo(n)
		return fmt.Errorf("writing the audit log: %w", err)
	}
	next.size = l.state.size + int64(n)
	l.state, l.dirty, l.wrote = next, l.opt.Mode != Strict || l.signer != nil, true
	return nil
}

// undo takes back what was written of a group that is refused. Where the file
// can't be made shorter, what is there is found and closed with the next record.
func (l *Log) undo(n int) {
	if n > 0 {
		l.file.Truncate(l.state.size) // what is left is seen by looking
	}
	l.forget()
}

// forget makes the next turn look at the file.
func (l *Log) forget() {
	if l.file != nil {
		l.file.Sync() // for the records before; an error shows again at the next one
		l.file.Close()
		l.file = nil
	}
	l.giveTurnLocked()
}

// ready is the file for the next records: the newest one, or another where that
// is full or of an earlier day. The days never go back, whatever the clock does.
func (l *Log) ready(day string) error {
	whole := l.state.clean && l.state.torn == nil // what is torn is closed in its own file
	if l.file == nil || whole && (day > l.at.day || l.state.size >= l.opt.Bytes) {
		if err := l.next(day); err != nil {
			return err
		}
	}
	if l.signer != nil && !l.opened {
		return l.markOpen()
	}
	return nil
}

func (l *Log) next(day string) error {
	s := segment{day, 1}
	if l.file != nil {
		if err := l.file.Sync(); err != nil {
			return fmt.Errorf("closing a file of the audit log: %w", err)
		}
		if l.state.size > 0 {
			if err := l.digest(kindRotation); err != nil {
				return err
			}
		}
		if day <= l.at.day {
			s = segment{l.at.day, l.at.number + 1}
		}
	}
	f, err := openRegular(filepath.Join(l.opt.Dir, s.name()), os.O_CREATE|os.O_APPEND|os.O_RDWR)
	if err == nil {
		err = errors.Join(l.turns.begun(s), syncDirectory(l.opt.Dir))
	}
	if err != nil {
		return fmt.Errorf("opening the audit log: %w", err)
	}
	if l.file != nil {
		l.file.Close()
	}
	l.file, l.at = f, s
	return l.look()
}

// chained puts each line of a group into the chain.
func (l *Log) chained(group []byte) (next state, out []byte) {
	out, next = l.out[:0], l.state
	if !next.clean {
		out = append(out, '\n')
		if next.torn != nil {
			next.torn = append(next.torn, '\n')
		}
	}
	next.clean = true
	for len(group) > 0 {
		end := indexEnd(group)
		k := link{seq: next.seq + 1, prev: next.hash}
		if next.torn != nil {
			h := hashOf(next.torn)
			k.torn, next.torn = &h, nil
		}
		from := len(out)
		out = k.append(append(out, group[:end]...))
		next.seq, next.hash = k.seq, hashOf(out[from:])
		group = group[end+1:]
	}
	l.out = out
	return next, out
}

// takeTurn waits for this process's turn, and sees what others have written.
func (l *Log) takeTurn() error {
	if l.held {
		return nil
	}
	if err := l.turns.take(); err != nil {
		return err
	}
	l.held = true
	l.release.Reset(holdFor)
	if err := l.catchUp(); err != nil {
		l.forget()
		return err
	}
	return nil
}

func (l *Log) giveTurn() {
	l.writing.Lock()
	defer l.writing.Unlock()
	l.giveTurnLocked()
}

func (l *Log) giveTurnLocked() {
	if l.held {
		l.held = false
		l.turns.give()
	}
}

// catchUp opens the newest file, and looks at its end where that is not where
// this process has left it.
func (l *Log) catchUp() error {
	var buf [64]byte
	at, ok := l.turns.newest(buf[:])
	if !ok {
		list, err := segments(l.opt.Dir)
		if err != nil || len(list) == 0 {
			return err
		}
		at = list[len(list)-1]
	}
	if l.file != nil && l.at == at {
		info, err := l.file.Stat()
		if err != nil {
			return fmt.Errorf("opening the audit log: %w", err)
		}
		if info.Size() == l.state.size {
			return nil
		}
		return l.look()
	}
	f, err := openRegular(filepath.Join(l.opt.Dir, at.name()), os.O_CREATE|os.O_APPEND|os.O_RDWR)
	if err != nil {
		return fmt.Errorf("opening the audit log: %w", err)
	}
	if l.file != nil {
		l.file.Close()
	}
	l.file, l.at = f, at
	return l.look()
}

// look finds the end of the log: in the newest file, or before it where that
// holds no record yet.
func (l *Log) look() error {
	info, err := l.file.Stat()
	if err != nil {
		return fmt.Errorf("opening the audit log: %w", err)
	}
	t, err := readTail(l.file, info.Size())
	if err != nil {
		return err
	}
	l.state = state{seq: t.seq, hash: t.hash, size: t.size, clean: t.closed, torn: t.torn}
	if len(t.torn) == 0 {
		l.state.torn = nil
	}
	if t.found {
		return nil
	}
	return l.lookBefore()
}

// lookBefore finds the last record before the newest file, or what the last
// digest says of it where its file was removed.
func (l *Log) lookBefore() error {
	list, err := segments(l.opt.Dir)
	if err != nil {
		return err
	}
	for i := len(list) - 1; i >= 0; i-- {
		if list[i].compare(l.at) >= 0 {
			continue
		}
		t, err := tailOf(filepath.Join(l.opt.Dir, list[i].name()))
		if err != nil {
			return err
		}
		if t.found {
			l.state.seq, l.state.hash = t.seq, t.hash
			return nil
		}
	}
	d, _, err := l.lastDigest()
	if err == nil && d.Number > 0 {
		l.state.seq = d.Seq
		l.state.hash, _ = parseHash([]byte(d.Hash))
	}
	return err
}

func tailOf(path string) (t tail, err error) {
	f, err := openRegular(path, os.O_RDONLY)
	if err != nil {
		return t, fmt.Errorf("opening the audit log: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return t, fmt.Errorf("opening the audit log: %w", err)
	}
	return readTail(f, info.Size())
}
