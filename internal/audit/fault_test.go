package audit

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// forgery is a closed log that somebody changes, who can write all of its files.
type forgery struct {
	*signedLog
	t *testing.T
}

func (f *forgery) lines(name string) [][]byte { return readLines(f.t, filepath.Join(f.dir, name)) }

func (f *forgery) write(name string, lines ...[]byte) {
	writeLines(f.t, filepath.Join(f.dir, name), lines...)
}

// rechain makes the links of all records right again.
func (f *forgery) rechain() {
	f.t.Helper()
	list, err := segments(f.dir)
	if err != nil {
		f.t.Fatal(err)
	}
	k := link{seq: 1}
	for _, s := range list {
		lines := f.lines(s.name())
		for i, line := range lines {
			lines[i] = k.append(line[:bytes.LastIndex(line, []byte(linkBegin))])
			k.seq, k.prev = k.seq+1, hashOf(lines[i])
		}
		f.write(s.name(), lines...)
	}
}

// resign changes a signed line as one who has the key.
func (f *forgery) resign(path string, number int, change func(*digest)) {
	f.t.Helper()
	ours, err := loadSigner(f.keys)
	if err != nil {
		f.t.Fatal(err)
	}
	lines := readLines(f.t, path)
	d, err := parseDigest(lines[number], nil)
	if err != nil {
		f.t.Fatal(err)
	}
	change(&d)
	if lines[number], err = d.sign(ours); err != nil {
		f.t.Fatal(err)
	}
	writeLines(f.t, path, lines...)
}

// Each kind of forgery is found where it is, and told from the others.
func TestEachFaultIsNamed(t *testing.T) {
	const first = "2026-11-24.jsonl"
	for _, c := range []struct {
		name, file, words string
		do                func(*forgery)
	}{
		{"a record is removed", first + " line 3", "records are missing, or were moved", func(f *forgery) {
			l := f.lines(first)
			f.write(first, append(l[:2:2], l[3:]...)...)
		}},
		{"a record is changed", first + " line 3", "record 3 was changed, or the link to it", func(f *forgery) {
			l := f.lines(first)
			l[2] = bytes.Replace(l[2], []byte("user/maria"), []byte("user/petra"), 1)
			f.write(first, l...)
		}},
		{"a record before the first one", first + " line 1", "does not follow the record before it", func(f *forgery) {
			l := f.lines(first)
			l[0] = bytes.Replace(l[0], []byte(strings.Repeat("0", 64)), []byte(strings.Repeat("a", 64)), 1)
			f.write(first, l...)
		}},
		{"the first records are removed", first + " line 1", "no signed digest says that they were removed", func(f *forgery) {
			f.write(first, f.lines(first)[2:]...)
		}},
		{"a line that is no record", first + " line 3", "what stands before it is no record", func(f *forgery) {
			l := f.lines(first)
			f.write(first, append(l[:1:1], append([][]byte{[]byte(`{"eventName":"Note"}` + "\n")}, l[1:]...)...)...)
		}},
		{"a record is changed and all links behind it", first, "is not the one that was signed", func(f *forgery) {
			l := f.lines(first)
			l[2] = bytes.Replace(l[2], []byte("user/maria"), []byte("user/petra"), 1)
			f.write(first, l...)
			f.rechain()
		}},
		{"a record is moved to the next file", "2026-11-24.0002.jsonl", "is not where it was signed", func(f *forgery) {
			l, next := f.lines(first), f.lines("2026-11-24.0002.jsonl")
			f.write(first, l[:len(l)-1]...)
			f.write("2026-11-24.0002.jsonl", append(l[len(l)-1:], next...)...)
		}},
		{"half a line behind the end", "2026-11-25", "behind record 32, with which the log was closed", func(f *forgery) {
			name := filepath.Base(f.newest(f.t))
			f.write(name, append(f.lines(name), []byte(`{"eventName":"Half`))...)
		}},
		{"the newest file is removed", "2026-11-25", "records up to 32 were signed: they are missing", func(f *forgery) {
			os.Remove(f.newest(f.t))
		}},
		{"a digest is removed", digestFile + " line 2", "digests are missing, or were moved", func(f *forgery) {
			l := f.lines(digestFile)
			f.write(digestFile, append(l[:1:1], l[2:]...)...)
		}},
		{"the last digest is removed", digestFile, "which head.json names, is missing", func(f *forgery) {
			l := f.lines(digestFile)
			f.write(digestFile, l[:len(l)-1]...)
		}},
		{"a head among the digests", digestFile, "it is a head and no digest", func(f *forgery) {
			path := filepath.Join(f.dir, headFile)
			f.resign(path, 0, func(d *digest) { d.Kind, d.Number = kindHead, d.Number+1 })
			f.write(digestFile, append(f.lines(digestFile), f.lines(headFile)...)...)
		}},
		{"a digest in the head's place", headFile, "it is a digest and no head", func(f *forgery) {
			f.write(headFile, f.lines(digestFile)[0])
		}},
		{"the head is removed", headFile, "the newest signature was removed", func(f *forgery) {
			os.Remove(filepath.Join(f.dir, headFile))
		}},
		{"a head and a digest that differ", headFile, "something else than a digest", func(f *forgery) {
			f.resign(filepath.Join(f.dir, headFile), 0, func(d *digest) { d.Hash = strings.Repeat("ab", 32) })
		}},
		{"a digest's spelling", digestFile + " line 1", "not in the form of a digest", func(f *forgery) {
			l := f.lines(digestFile)
			l[0] = bytes.Replace(l[0], []byte(`{"version":1,`), []byte(`{"version":1, `), 1)
			f.write(digestFile, l...)
		}},
		{"a digest's bit", digestFile + " line 1", "its signature does not match", func(f *forgery) {
			l := f.lines(digestFile)
			l[0] = bytes.Replace(l[0], []byte(`"kind":"hour"`), []byte(`"kind":"leave"`), 1)
			f.write(digestFile, l...)
		}},
	} {
		s := newSignedLog(t)
		s.fill(t)
		c.do(&forgery{s, t})
		t.Log(c.name)
		s.wantFault(t, s.check(t), c.file, c.words)
	}
}

// What is known of the log elsewhere must agree with its digests, whoever has signed it.
func TestKnownHeadOfAnotherLog(t *testing.T) {
	s := newSignedLog(t)
	s.fill(t)
	f := &forgery{s, t}
	f.resign(filepath.Join(s.keys, mirrorFile), 0, func(d *digest) { d.Hash = strings.Repeat("ab", 32) })
	c := s.check(t)
	var err error
	if c.Known, err = ReadKnown(s.keys); err != nil {
		t.Fatal(err)
	}
	s.wantFault(t, c, headFile, "the copy of the head among the keys says")
}

// A log that is closed, opened again and killed with its next record is whole:
// before anything is written behind its end, the head says that it goes on.
func TestKilledBehindAClosedLog(t *testing.T) {
	s := newSignedLog(t)
	s.fill(t)
	l := s.open(t)
	s.record(t, l, "Behind")
	die(l)
	if p := s.proven(t); p.Closed || p.Unsigned != 1 || p.Last != 32 {
		t.Errorf("%+v", p)
	}
}
