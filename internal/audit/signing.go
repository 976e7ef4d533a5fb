package audit

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"time"
)

// maxDigest is longer than any digest's line.
const maxDigest = 4 << 10

// counts are what Stats tells.
type counts struct {
	written, failed, alarms atomic.Uint64
	told                    atomic.Int64 // when a lost record was last reported, in seconds
}

// lost reports a record that could not be written, at most once a second.
func (c *counts) lost(opt Options, err error) {
	now := time.Now().Unix()
	if c.told.Swap(now) != now {
		opt.Report("acts go on without their records", err)
	}
}

// Stats are counts since the start.
type Stats struct{ Written, Failed, Alarms uint64 }

// Stats tells how many records were written and how many could not be.
func (l *Log) Stats() Stats {
	return Stats{l.count.written.Load(), l.count.failed.Load(), l.count.alarms.Load()}
}

// Alarm records and counts a session that was not issued.
func (l *Log) Alarm(r Record) error {
	l.count.alarms.Add(1)
	return l.Record(r)
}

func (l *Log) path(name string) string { return filepath.Join(l.opt.Dir, name) }

// lastDigest is the newest digest and its line's hash; Number is 0 where there
// is none. A line that was cut short by a crash is taken away.
func (l *Log) lastDigest() (d digest, h hash, err error) {
	f, err := openRegular(l.path(digestFile), os.O_RDWR)
	if errors.Is(err, os.ErrNotExist) {
		return d, h, nil
	}
	if err != nil {
		return d, h, fmt.Errorf("reading the digests of the audit log: %w", err)
	}
	defer f.Close()
	line, err := lastLine(f)
	if err != nil || line == nil {
		return d, h, err
	}
	if d, err = parseDigest(line, nil); err != nil {
		return d, h, fmt.Errorf("reading the digests of the audit log: the last one: %w", err)
	}
	return d, hashOf(line), nil
}

// lastLine is the last whole line; what follows it is cut off.
func lastLine(f *os.File) ([]byte, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	from := max(info.Size()-2*maxDigest, 0)
	b := make([]byte, info.Size()-from)
	if _, err := f.ReadAt(b, from); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("reading the digests of the audit log: %w", err)
	}
	end := bytes.LastIndexByte(b, '\n') + 1
	if end < len(b) {
		if err := f.Truncate(from + int64(end)); err != nil {
			return nil, fmt.Errorf("mending the digests of the audit log: %w", err)
		}
	}
	if end == 0 {
		return nil, nil
	}
	return b[bytes.LastIndexByte(b[:end-1], '\n')+1 : end], nil
}

// digest signs the end of the log as it is, which must be on the disk.
func (l *Log) digest(kind string) error {
	if l.signer == nil || !l.state.clean {
		return nil
	}
	return l.addDigest(digest{Kind: kind, File: l.at.name(), Seq: l.state.seq, Hash: l.state.hash.String(), Bytes: l.state.whole()})
}

// whole is where the last record ends.
func (s *state) whole() int64 { return s.size - int64(len(s.torn)) }

// addDigest numbers and signs a digest and writes it, and then the head.
func (l *Log) addDigest(d digest) error {
	if d.Seq == 0 || d.Bytes <= 0 {
		return nil // there is nothing in this file yet
	}
	last, before, err := l.lastDigest()
	if err != nil {
		return err
	}
	d.Number, d.Previous, d.Time = last.Number+1, before.String(), l.now()
	line, err := d.sign(l.signer)
	if err != nil {
		return err
	}
	if err := appendDurably(l.path(digestFile), line); err != nil {
		return fmt.Errorf("writing a digest of the audit log: %w", err)
	}
	l.opt.Signed(d.Seq, d.Hash)
	if !l.state.clean {
		return nil // the next record closes the line, and the next head is about that
	}
	head := digest{Kind: kindHead, Number: d.Number, Previous: hashOf(line).String(), File: l.at.name(), Seq: l.state.seq, Hash: l.state.hash.String(), Bytes: l.state.whole()}
	if d.Kind == kindClose {
		head.Kind = kindClose
	}
	return l.writeHead(head, d.Kind == kindClose)
}

func (l *Log) now() string { return l.opt.Now().UTC().Format(time.RFC3339) }

func appendDurably(path string, line []byte) error {
	_, missing := os.Lstat(path)
	f, err := openRegular(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY)
	if err != nil {
		return err
	}
	_, err = f.Write(line)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil && missing != nil {
		err = syncDirectory(filepath.Dir(path))
	}
	return err
}

// writeHead signs a head and puts it beside the log, and among the keys too:
// who can write the log alone cannot set it back.
func (l *Log) writeHead(d digest, durable bool) error {
	if d.Seq == 0 || d.Bytes <= 0 {
		return nil
	}
	d.Time, d.Boot = l.now(), bootID()
	line, err := d.sign(l.signer)
	if err != nil {
		return err
	}
	if err := errors.Join(replace(l.path(headFile), line, durable), replace(filepath.Join(l.opt.Keys, mirrorFile), line, durable)); err != nil {
		return fmt.Errorf("writing the head of the audit log: %w", err)
	}
	return nil
}

// head is the newest head of the two, a zero one where there is none that is ours.
func (l *Log) head() (d digest) {
	keys, err := ReadPublicKeys(filepath.Join(l.opt.Keys, publicFile))
	if err != nil {
		return d
	}
	for _, path := range []string{l.path(headFile), filepath.Join(l.opt.Keys, mirrorFile)} {
		if h, err := readHead(path, keys); err == nil && h.Seq >= d.Seq {
			d = h
		}
	}
	return d
}

func readHead(path string, keys PublicKeys) (d digest, err error) {
	f, err := openRegular(path, os.O_RDONLY)
	if err != nil {
		return d, err
	}
	defer f.Close()
	line, err := io.ReadAll(io.LimitReader(f, maxDigest))
	if err != nil {
		return d, err
	}
	return parseDigest(line, keys)
}

// sign makes the head say s, which is on the disk, if it does not say more.
func (l *Log) sign(at segment, s state) {
	if l.signer == nil || s.seq == 0 {
		return
	}
	l.writing.Lock()
	defer l.writing.Unlock()
	err := l.takeTurn()
	if err == nil {
		if h := l.head(); h.Seq < s.seq || h.Kind == kindClose {
			err = l.headAt(at, s)
		}
	}
	if err != nil {
		l.opt.Report("the head of the audit log is not signed", err)
	}
}

func (l *Log) headAt(at segment, s state) error {
	last, before, err := l.lastDigest()
	if err != nil {
		return err
	}
	return l.writeHead(digest{Kind: kindHead, Number: last.Number, Previous: before.String(), File: at.name(), Seq: s.seq, Hash: s.hash.String(), Bytes: s.whole()}, false)
}

// markOpen takes back that the log is closed, before it is written to.
func (l *Log) markOpen() error {
	if h := l.head(); h.Kind == kindClose {
		h.Kind = kindHead
		if err := l.writeHead(h, true); err != nil {
			return err
		}
	}
	l.opened = true
	return nil
}

// hourly signs a digest when an hour has begun, and removes what is too old.
func (l *Log) hourly() error {
	hour := l.opt.Now().UTC().Format("2006-01-02T15")
	l.writing.Lock()
	defer l.writing.Unlock()
	if l.hour == "" {
		l.hour = hour
	}
	if l.hour == hour || l.signer == nil {
		return nil
	}
	if err := l.takeTurn(); err != nil || l.file == nil {
		return err
	}
	if err := l.file.Sync(); err != nil {
		return fmt.Errorf("writing a digest of the audit log: %w", err)
	}
	if err := l.digest(kindHour); err != nil {
		return err
	}
	l.hour = hour
	return l.retire()
}

// mindTheGap notes the time of which records may be lost: the machine has stopped
// since the newest signature and the log was not closed.
func (l *Log) mindTheGap() {
	if l.signer == nil || l.opt.Mode == Strict {
		return
	}
	if h := l.head(); h.Kind == kindHead && (h.Boot == "" || h.Boot != bootID()) {
		from, _ := time.Parse(time.RFC3339, h.Time)
		l.issued.gap = [2]time.Time{from, l.opt.Now()}
	}
}

// missing reports that the log ends before what was signed, and signs that it does.
func (l *Log) missing() error {
	if l.signer == nil {
		return nil
	}
	h := l.head()
	if h.Seq == 0 || l.holds(h) {
		return nil
	}
	l.opt.Report("audit records are missing", fmt.Errorf("record %d of %s was signed at %s and is not there as it was; \"sojourn audit verify\" tells more", h.Seq, h.File, h.Time))
	last, _, err := l.lastDigest()
	if err != nil {
		return err
	}
	if last.Kind == kindMissing && last.Seq == h.Seq && last.Hash == h.Hash {
		return nil
	}
	return l.addDigest(digest{Kind: kindMissing, File: h.File, Seq: h.Seq, Hash: h.Hash, Bytes: h.Bytes})
}

// holds reports whether the log has what a head says.
func (l *Log) holds(h digest) bool {
	f, err := openRegular(l.path(h.File), os.O_RDONLY)
	if err != nil {
		return false
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || info.Size() < h.Bytes {
		return false
	}
	t, err := readTail(f, h.Bytes)
	return err == nil && t.found && t.whole == h.Bytes && t.seq == h.Seq && t.hash.String() == h.Hash
}

// putAside renames files of before the chain, which have records without links.
func (l *Log) putAside() error {
	if l.state.seq > 0 || l.file == nil {
		return nil
	}
	if _, err := os.Lstat(l.path(digestFile)); err == nil {
		return nil
	}
	list, err := segments(l.opt.Dir)
	if err != nil {
		return err
	}
	for _, s := range list {
		if err := os.Rename(l.path(s.name()), l.path(asidePrefix+s.name())); err != nil {
			return fmt.Errorf("putting an older audit log aside: %w", err)
		}
	}
	l.forget()
	return nil
}

// asidePrefix begins the names of files of before the chain.
const asidePrefix = "unchained-"

// bootID names the machine's run, "" where the system does not tell.
func bootID() string {
	if runtime.GOOS != "linux" {
		return ""
	}
	b, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil || len(b) > 64 {
		return ""
	}
	return strings.TrimSpace(string(b))
}
