package audit

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Fault is the first thing that is wrong with a log.
type Fault struct {
	File string // in the log's directory
	Line int    // counted from 1; 0 for the file as a whole
	Text string
}

func (f *Fault) Error() string {
	if f.Line == 0 {
		return f.File + ": " + f.Text
	}
	return fmt.Sprintf("%s line %d: %s", f.File, f.Line, f.Text)
}

func fault(file string, line int, format string, args ...any) *Fault {
	return &Fault{file, line, fmt.Sprintf(format, args...)}
}

// Proof is what Verify has found to be whole.
type Proof struct {
	First, Last uint64 // numbers of the records that a signature covers
	Hash        string // of record Last
	From, To    time.Time
	Signed      time.Time // when the newest signature was made
	Closed      bool      // nobody writes any more
	Files       int
	Digests     int
	Removed     uint64   // records up to this number were removed as too old
	Unsigned    int      // records behind Last: chained, but not signed yet
	Notes       []string // what is no fault but should be known
}

// Check is what Verify is asked.
type Check struct {
	Dir  string
	Keys PublicKeys

	// Known is the head as it is known from elsewhere; nil for none. A log that
	// ends before it was set back.
	Known []byte
	// Anchor and AnchorHash are a record that is known from elsewhere; 0 for none.
	Anchor     uint64
	AnchorHash string
	// NotBefore is when the newest signature must have been made at the earliest.
	NotBefore time.Time
}

// ReadKnown reads the head that is kept in a directory of keys; nil for none.
func ReadKnown(dir string) ([]byte, error) {
	f, err := openRegular(filepath.Join(dir, mirrorFile), os.O_RDONLY)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxDigest))
}

// verifier goes through a log once.
type verifier struct {
	c       Check
	digests []digest // in their order; those of records that were passed are gone
	lines   map[int]int
	ends    map[uint64]digest // what is signed of a record, by its number
	head    digest
	removed uint64

	proof Proof
	seq   uint64
	last  hash
	file  string
	line  int
	at    int64  // bytes of file
	torn  []byte // what is no record, since the last one

	prevFile string // of the last record
	prevLine int
	started  bool
}

// Verify proves that a log is whole: each record is as it was written, in its
// place, and none is missing up to the newest signature. The error is a *Fault
// where that is not so.
func Verify(ctx context.Context, c Check) (Proof, error) {
	v := &verifier{c: c, lines: map[int]int{}, ends: map[uint64]digest{}}
	for _, step := range []func(context.Context) error{v.readDigests, v.readHead, v.readRecords, v.finish} {
		if err := step(ctx); err != nil {
			return v.proof, err
		}
	}
	return v.proof, nil
}

func (v *verifier) path(name string) string { return filepath.Join(v.c.Dir, name) }

// readDigests checks the chain of digests.
func (v *verifier) readDigests(ctx context.Context) error {
	var before hash
	var at time.Time
	err := eachLine(v.path(digestFile), maxDigest, func(n int, line []byte) error {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if line[len(line)-1] != '\n' {
			v.note("the last line of %s is cut short: a crash, or it is being written", digestFile)
			return nil
		}
		d, err := parseDigest(line, v.c.Keys)
		switch {
		case err != nil:
			return fault(digestFile, n, "%v", err)
		case d.Kind == kindHead:
			return fault(digestFile, n, "it is a head and no digest")
		case d.Number != len(v.digests)+1:
			return fault(digestFile, n, "its number is %d and should be %d: digests are missing, or were moved", d.Number, len(v.digests)+1)
		case d.Previous != before.String():
			return fault(digestFile, n, "it does not follow the digest before it")
		case d.Kind == kindMissing:
			v.note("%s line %d: when the log was opened at %s, records up to %d had been signed and were missing", digestFile, n, d.Time, d.Seq)
		}
		if now, _ := time.Parse(time.RFC3339, d.Time); now.Before(at) {
			v.note("%s line %d: the clock went back from %s to %s", digestFile, n, at.Format(time.RFC3339), d.Time)
		} else {
			at = now
		}
		if !v.demand(d) {
			return fault(digestFile, n, "it says of record %d something else than a digest before it", d.Seq)
		}
		if d.Kind == kindRetention {
			v.removed = max(v.removed, d.Seq)
		}
		before = hashOf(line)
		v.digests, v.lines[d.Number] = append(v.digests, d), n
		return nil
	})
	if errors.Is(err, os.ErrNotExist) {
		return nil // a log that is younger than its first digest
	}
	v.proof.Digests, v.proof.Removed = len(v.digests), v.removed
	return err
}

func (v *verifier) note(format string, args ...any) {
	if len(v.proof.Notes) < 100 {
		v.proof.Notes = append(v.proof.Notes, fmt.Sprintf(format, args...))
	}
}

// readHead checks the newest signature, and that it knows the last digest.
func (v *verifier) readHead(context.Context) (err error) {
	v.head, err = readHead(v.path(headFile), v.c.Keys)
	if errors.Is(err, os.ErrNotExist) {
		return fault(headFile, 0, "it is missing: the newest signature was removed, or nothing was ever signed here")
	}
	if err != nil {
		return fault(headFile, 0, "%v", err)
	}
	h := &v.head
	if h.Kind != kindHead && h.Kind != kindClose {
		return fault(headFile, 0, "it is a digest and no head")
	}
	if err := v.followsDigests(h); err != nil {
		return err
	}
	v.proof.Signed, _ = time.Parse(time.RFC3339, h.Time)
	v.proof.Closed = h.Kind == kindClose
	if v.proof.Signed.Before(v.c.NotBefore) {
		return fault(headFile, 0, "the newest signature is of %s: the log was set back to an older copy, or nobody signs any more", h.Time)
	}
	return v.notSetBack()
}

// followsDigests checks that the digest which a head names is there.
func (v *verifier) followsDigests(h *digest) error {
	if h.Number > len(v.digests) {
		return fault(digestFile, 0, "digest %d, which %s names, is missing", h.Number, headFile)
	}
	var before hash
	if h.Number > 0 { // the hash of its line is in the next one, or must be made
		line, err := v.digestLine(h.Number)
		if err != nil {
			return err
		}
		before = hashOf(line)
	}
	if before.String() != h.Previous {
		return fault(headFile, 0, "it does not follow digest %d", h.Number)
	}
	return nil
}

func (v *verifier) digestLine(number int) (found []byte, err error) {
	err = eachLine(v.path(digestFile), maxDigest, func(n int, line []byte) error {
		if n == v.lines[number] {
			found = bytes.Clone(line)
		}
		return nil
	})
	return found, err
}

// notSetBack compares with what is known from elsewhere.
func (v *verifier) notSetBack() error {
	if v.c.Known == nil {
		return nil
	}
	known, err := parseDigest(v.c.Known, v.c.Keys)
	switch {
	case err != nil:
		return fault(mirrorFile, 0, "%v", err)
	case known.Seq > v.head.Seq:
		return fault(headFile, 0, "it ends at record %d, and record %d was signed at %s: the log was set back to an older copy", v.head.Seq, known.Seq, known.Time)
	}
	if !v.demand(known) {
		return fault(headFile, 0, "the copy of the head among the keys says of record %d something else than a digest", known.Seq)
	}
	return nil
}

// demand adds what a signature says of a record. It reports whether another
// says the same, if there is one.
func (v *verifier) demand(d digest) bool {
	known, ok := v.ends[d.Seq]
	v.ends[d.Seq] = d
	return !ok || known.Hash == d.Hash && known.File == d.File && known.Bytes == d.Bytes
}

// readRecords goes through all files.
func (v *verifier) readRecords(ctx context.Context) error {
	if !v.demand(v.head) {
		return fault(headFile, 0, "it says of record %d something else than a digest", v.head.Seq)
	}
	list, err := segments(v.c.Dir)
	if err != nil {
		return err
	}
	for _, s := range list {
		v.file, v.line, v.at = s.name(), 0, 0
		v.proof.Files++
		if err := v.readFile(ctx); err != nil {
			return err
		}
	}
	return v.strangers()
}

// strangers notes files that look like the log's and are not.
func (v *verifier) strangers() error {
	entries, err := os.ReadDir(v.c.Dir)
	if err != nil {
		return fmt.Errorf("listing the audit log: %w", err)
	}
	for _, e := range entries {
		name := e.Name()
		_, ours := parseSegment(name)
		if !ours && strings.HasSuffix(name, ".jsonl") && name != digestFile {
			v.note("%q is not part of the chain", name)
		}
	}
	return nil
}

func (v *verifier) readFile(ctx context.Context) error {
	f, err := openRegular(v.path(v.file), os.O_RDONLY)
	if err != nil {
		return fault(v.file, 0, "%v", err)
	}
	defer f.Close()
	r := newLineReader(f, maxLine)
	for {
		line, err := r.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		v.line++
		if err != nil {
			return fault(v.file, v.line, "%v", err)
		}
		if v.line%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if err := v.record(line); err != nil {
			return err
		}
		v.at += int64(len(line))
	}
}

// record checks one line.
func (v *verifier) record(line []byte) error {
	l, ok := parseLink(line)
	if !ok {
		if len(v.torn)+len(line) > maxLine {
			return fault(v.file, v.line, "it is no record")
		}
		v.torn = append(v.torn, line...)
		return nil
	}
	if !v.started {
		if err := v.begin(l); err != nil {
			return err
		}
	}
	if err := v.follows(l); err != nil {
		return err
	}
	v.seq, v.last, v.prevFile, v.prevLine = l.seq, sha256.Sum256(line), v.file, v.line
	if err := v.signed(int64(len(line))); err != nil {
		return err
	}
	v.times(line)
	return nil
}

// begin checks the first record that is there: number 1, or the one behind what
// was removed as too old.
func (v *verifier) begin(l link) error {
	v.started, v.proof.First, v.seq = true, l.seq, l.seq-1
	if l.seq == 1 {
		return nil
	}
	if l.seq-1 > v.removed {
		return fault(v.file, v.line, "it is record %d: the records before it are missing, and no signed digest says that they were removed", l.seq)
	}
	end, ok := v.ends[l.seq-1]
	if !ok {
		return fault(v.file, v.line, "it is record %d, and no digest covers the one before it", l.seq)
	}
	v.last, _ = parseHash([]byte(end.Hash))
	return nil
}

func (v *verifier) follows(l link) error {
	switch {
	case l.seq != v.seq+1:
		return fault(v.file, v.line, "it is record %d and should be %d: records are missing, or were moved", l.seq, v.seq+1)
	case l.prev != v.last && v.prevFile == "":
		return fault(v.file, v.line, "it does not follow the record before it")
	case l.prev != v.last:
		return fault(v.prevFile, v.prevLine, "record %d was changed, or the link to it in the next one: its hash is not the one that stands there", v.seq)
	case len(v.torn) > 0 && l.torn == nil:
		return fault(v.file, v.line, "what stands before it is no record")
	case l.torn != nil && *l.torn != hashOf(v.torn):
		return fault(v.file, v.line, "the line before it, which a crash cut short, was changed or removed")
	}
	if l.torn != nil {
		v.note("%s line %d: the line before it was cut short by a crash or a full disk; the chain covers it", v.file, v.line)
	}
	v.torn = nil
	return nil
}

// signed compares a record with the digests that are of it.
func (v *verifier) signed(size int64) error {
	want, ok := v.ends[v.seq]
	if ok && want.Hash != v.last.String() {
		return fault(v.file, v.line, "record %d is not the one that was signed: it was changed", v.seq)
	}
	if ok && (v.file != want.File || v.at+size != want.Bytes) {
		return fault(v.file, v.line, "record %d is not where it was signed, which is up to byte %d of %s", v.seq, want.Bytes, want.File)
	}
	if v.seq == v.c.Anchor && v.last.String() != v.c.AnchorHash {
		return fault(v.file, v.line, "record %d is not the one that is known from elsewhere", v.seq)
	}
	return nil
}

func (v *verifier) times(line []byte) {
	if v.seq > v.head.Seq {
		v.proof.Unsigned++
		return
	}
	if v.seq == v.head.Seq || v.seq == v.proof.First { // two of them need their time, not all
		var r Record
		if r.UnmarshalJSON(line) == nil {
			if v.seq == v.proof.First {
				v.proof.From = r.EventTime
			}
			v.proof.To = r.EventTime
		}
	}
}

// finish checks that the log does not end too early.
func (v *verifier) finish(context.Context) error {
	end := max(v.head.Seq, v.c.Anchor)
	for _, d := range v.digests {
		end = max(end, d.Seq)
	}
	file, line := v.prevFile, v.prevLine
	if file == "" {
		file = headFile
	}
	if v.seq < end {
		return fault(file, line, "the log ends here, with record %d; records up to %d were signed: they are missing", v.seq, end)
	}
	if v.proof.Closed && (v.seq > v.head.Seq || len(v.torn) > 0) {
		return fault(v.file, v.line, "there is something behind record %d, with which the log was closed", v.head.Seq)
	}
	if len(v.torn) > 0 {
		v.note("%s: the last line is cut short: a crash, or it is being written", v.file)
	}
	v.proof.Last, v.proof.Hash = v.head.Seq, v.head.Hash
	return nil
}
