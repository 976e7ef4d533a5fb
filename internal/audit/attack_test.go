package audit

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
	"unicode"
)

// wantFault asks for a fault in a file and with words.
func (s *signedLog) wantFault(t *testing.T, c Check, file, words string) {
	t.Helper()
	_, err := Verify(t.Context(), c)
	if err == nil || !strings.HasPrefix(err.Error(), file) || !strings.Contains(err.Error(), words) {
		t.Errorf("got %v, want a fault of %s: … %s …", err, file, words)
	}
}

func readLines(t *testing.T, path string) [][]byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.SplitAfter(data, []byte("\n"))
	return lines[:len(lines)-1]
}

func writeLines(t *testing.T, path string, lines ...[]byte) {
	t.Helper()
	if err := os.WriteFile(path, bytes.Join(lines, nil), 0o600); err != nil {
		t.Fatal(err)
	}
}

// Attack 1 to 7: outside text that would be a record, a link, a line or a
// command to a terminal of its own.
func TestInjectedText(t *testing.T) {
	s := newSignedLog(t)
	l := s.open(t)
	texts := map[string]string{
		"a line's end":     "git\n" + `{"eventName":"Forged","chain":{"seq":1,"prev":"` + strings.Repeat("0", 64) + `"}}` + "\n",
		"a carriage":       "git\r\nx",
		"the chain's end":  `x"},"chain":{"seq":9,"prev":"` + strings.Repeat("0", 64) + `"}}`,
		"an issue":         `x","responseElements":{"credentials":{"accessKeyId":"ASIAFORGEDFORGEDFORG","expiration":"2036-01-01T00:00:00Z"}}`,
		"a terminal's":     "\x1b]0;pwned\x07\x1b[2J\u009b31m",
		"no UTF-8":         "\xff\xfe\xed\xa0\x80",
		"a null":           "a\x00b",
		"a line separator": "a\u2028b",
		"a huge one":       strings.Repeat("x", 1<<20),
	}
	for name, text := range texts {
		r := Record{EventName: "Act", EventTime: s.now, UserAgent: text, RequestID: name, Decision: "Deny", Reason: text, ErrorMessage: text,
			Identity: Identity{ARN: text, SourceIdent: text}, Resource: text, Params: map[string]string{text: text, "reference": text}}
		if err := l.Record(r); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	closed(t, l)
	if p := s.proven(t); int(p.Last) != len(texts) {
		t.Errorf("%d records of %d acts", p.Last, len(texts))
	}
	for _, line := range readLines(t, s.newest(t)) {
		if !json.Valid(line) || len(line) > 64<<10 {
			t.Errorf("a line of %d bytes", len(line))
		}
		if bytes.ContainsFunc(line[:len(line)-1], unicode.IsControl) {
			t.Errorf("control characters in %q", line[:min(len(line), 300)])
		}
		if key, _, ok := issueIn(line); ok {
			t.Errorf("%q was issued", key)
		}
	}
	var n int
	err := Search(t.Context(), s.dir, Filter{}, func(r *Record, _ []byte) error {
		if n++; r.EventName != "Act" {
			t.Errorf("a record of %q", r.EventName)
		}
		return nil
	})
	if err != nil || n != len(texts) {
		t.Errorf("%d records are found: %v", n, err)
	}
}

// Attack 8: a digest that somebody else has signed.
func TestForgedDigest(t *testing.T) {
	s := newSignedLog(t)
	s.fill(t)
	path := filepath.Join(s.dir, digestFile)
	lines := readLines(t, path)
	d, err := parseDigest(lines[1], nil)
	if err != nil {
		t.Fatal(err)
	}
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	theirs := &signer{key: key}
	for _, id := range []string{keyID(theirs.public()), d.Key} { // by its own name, and by ours
		theirs.id = id
		if lines[1], err = d.sign(theirs); err != nil {
			t.Fatal(err)
		}
		writeLines(t, path, lines...)
		s.wantFault(t, s.check(t), digestFile+" line 2", "")
	}
}

// A digest and a head of another run of the log, signed with its own key, as
// after it was set back and went on: they do not follow this run's digests.
func TestDigestOfAnotherRun(t *testing.T) {
	s := newSignedLog(t)
	s.fill(t)
	ours, err := loadSigner(s.keys)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{digestFile, headFile} {
		path := filepath.Join(s.dir, name)
		lines := readLines(t, path)
		whole := bytes.Join(lines, nil)
		d, err := parseDigest(lines[len(lines)-1], nil)
		if err != nil {
			t.Fatal(err)
		}
		d.Previous = strings.Repeat("ab", 32)
		if lines[len(lines)-1], err = d.sign(ours); err != nil {
			t.Fatal(err)
		}
		writeLines(t, path, lines...)
		s.wantFault(t, s.check(t), name, "does not follow")
		writeLines(t, path, whole)
	}
}

// Attack 9: the whole log made anew and signed with another key, that key beside it.
func TestSubstitutedKey(t *testing.T) {
	s := newSignedLog(t)
	s.fill(t)
	c := s.check(t)
	theirs := newSignedLog(t)
	theirs.fill(t)
	c.Dir = theirs.dir
	s.wantFault(t, c, digestFile+" line 1", "not one of the log's")
}

// Attack 10: an older copy in the log's place.
func TestRolledBack(t *testing.T) {
	s := newSignedLog(t)
	l := s.open(t)
	s.record(t, l, "A")
	closed(t, l)
	old := map[string][]byte{}
	for _, name := range s.files(t) {
		old[name] = bytes.Join(readLines(t, filepath.Join(s.dir, name)), nil)
	}
	s.now = s.now.Add(time.Hour)
	l = s.open(t)
	s.record(t, l, "B")
	closed(t, l)
	anchor := s.proven(t)
	restore(t, s.dir, nil, old)
	s.proven(t) // by itself it is whole
	c := s.check(t)
	var err error
	if c.Known, err = ReadKnown(s.keys); err != nil {
		t.Fatal(err)
	}
	s.wantFault(t, c, headFile, "set back to an older copy")
	c = s.check(t)
	c.Anchor, c.AnchorHash = anchor.Last, anchor.Hash
	s.wantFault(t, c, "2026-11-24.jsonl", "missing")
	c = s.check(t)
	c.NotBefore = s.now
	s.wantFault(t, c, headFile, "older copy")

	// A server that is started on it says so, and it stays said.
	var told string
	opt := s.options()
	opt.Report = func(text string, _ error) { told = text }
	if l, err = OpenWith(opt); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(told, "missing") {
		t.Errorf("told %q", told)
	}
	s.record(t, l, "C")
	closed(t, l)
	s.wantFault(t, s.check(t), digestFile, "something else")
}

// Attack 11: what an anchor says must be so.
func TestAnchorOfAnotherLog(t *testing.T) {
	s := newSignedLog(t)
	s.fill(t)
	c := s.check(t)
	c.Anchor, c.AnchorHash = 3, strings.Repeat("ab", 32)
	s.wantFault(t, c, "2026-11-24", "known from elsewhere")
}

// Attack 12 and 13: a link in the place of the log's files, and of its key.
func TestLinkedFiles(t *testing.T) {
	s := newSignedLog(t)
	elsewhere := filepath.Join(t.TempDir(), "theirs")
	if err := os.WriteFile(elsewhere, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	l := s.open(t)
	defer l.Close()
	for _, name := range []string{"2026-11-24.jsonl", digestFile} {
		if err := os.Symlink(elsewhere, filepath.Join(s.dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Record(Record{EventTime: s.now}); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("the log is written elsewhere: %v", err)
	}
	if err := appendDurably(filepath.Join(s.dir, digestFile), []byte("x")); err == nil {
		t.Error("digests are written elsewhere")
	}
	os.Rename(filepath.Join(s.keys, keyFile), elsewhere)
	os.Symlink(elsewhere, filepath.Join(s.keys, keyFile))
	if _, err := loadSigner(s.keys); err == nil {
		t.Error("the key is read from elsewhere")
	}
}

// Attack 14 to 16: a directory that others can write to, a key that they can
// read; what the log makes is its owner's only.
func TestModes(t *testing.T) {
	if runtime.GOOS == "windows" {
		return // it knows no modes
	}
	s := newSignedLog(t)
	s.fill(t)
	for _, dir := range []string{s.dir, s.keys} {
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if info, err := e.Info(); err != nil || info.Mode().Perm()&0o077 != 0 {
				t.Errorf("%s has mode %v %v", e.Name(), info.Mode(), err)
			}
		}
	}
	if err := os.Chmod(filepath.Join(s.keys, keyFile), 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenWith(s.options()); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("a key that others can read: %v", err)
	}
	os.Chmod(filepath.Join(s.keys, keyFile), 0o600)
	os.Chmod(s.dir, 0o770)
	if _, err := OpenWith(s.options()); err == nil || !strings.Contains(err.Error(), "chmod 700") {
		t.Errorf("a directory that others can write to: %v", err)
	}
}

// Attack 17: the clock is turned back. Files and numbers go on, and the proof
// tells of it.
func TestClockTurnedBack(t *testing.T) {
	s := newSignedLog(t)
	l := s.open(t)
	s.record(t, l, "A")
	closed(t, l)
	s.now = s.now.Add(-48 * time.Hour)
	l = s.open(t)
	s.record(t, l, "B")
	closed(t, l)
	p := s.proven(t)
	if p.Files != 1 || p.Last != 2 || len(p.Notes) != 1 || !strings.Contains(p.Notes[0], "the clock went back") {
		t.Errorf("%+v", p)
	}
}

// Attack 18: records behind the end of a closed log.
func TestAppendedToAClosedLog(t *testing.T) {
	s := newSignedLog(t)
	s.fill(t)
	lines := readLines(t, s.newest(t))
	last := lines[len(lines)-1]
	k := link{seq: 33, prev: hashOf(last)}
	forged := k.append([]byte(`{"eventName":"Forged"`))
	writeLines(t, s.newest(t), append(lines, forged)...)
	s.wantFault(t, s.check(t), filepath.Base(s.newest(t)), "behind record 32")
}

// Attack 19: a table's text that a spreadsheet would run.
func TestFormulaInATable(t *testing.T) {
	s := newSignedLog(t)
	l := s.open(t)
	if err := l.Record(Record{EventTime: s.now, EventName: "Act", UserAgent: `=HYPERLINK("http://evil")`, Reason: "@x", Resource: "+1"}); err != nil {
		t.Fatal(err)
	}
	closed(t, l)
	var b strings.Builder
	if err := ExportCSV(t.Context(), s.dir, Filter{}, &b); err != nil {
		t.Fatal(err)
	}
	for _, cell := range []string{",@x", ",+1", `,"=`, ",="} {
		if strings.Contains(b.String(), cell) {
			t.Errorf("%q begins a formula in %s", cell, b.String())
		}
	}
}

// Attack 20: a whole line without an end, a file without lines.
func TestHugeLine(t *testing.T) {
	s := newSignedLog(t)
	s.fill(t)
	path := s.newest(t)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	huge := bytes.Repeat([]byte("x"), maxLine+2)
	writeLines(t, path, huge, []byte("\n"), data)
	s.wantFault(t, s.check(t), filepath.Base(path), "too long")
	var n int
	if err := Search(t.Context(), s.dir, Filter{}, func(*Record, []byte) error { n++; return nil }); err != nil || n != 32 {
		t.Errorf("%d records are found beside it: %v", n, err)
	}
}

// Attack 21: a session that nobody has issued.
func TestUnknownSessions(t *testing.T) {
	s := newSignedLog(t)
	first, second := s.open(t), s.open(t) // two processes
	issue := func(l *Log, key string) {
		t.Helper()
		if err := l.Record(Record{EventTime: s.now, EventName: "AssumeRole", Issued: &Issued{AccessKeyID: key, Expires: s.now.Add(time.Hour), ARN: "arn:aws:sts::1:assumed-role/R/s"}}); err != nil {
			t.Fatal(err)
		}
	}
	knows := func(l *Log, key string, issued time.Time, life time.Duration, want bool) {
		t.Helper()
		if got, err := l.Issued().Knows(t.Context(), key, issued, issued.Add(life)); got != want || err != nil {
			t.Errorf("%s of %s for %s: known %v, %v", key, issued, life, got, err)
		}
	}
	s.record(t, first, "Begin")
	s.now = s.now.Add(time.Minute)
	issue(first, "ASIAONE")
	issue(second, "ASIATWO")
	for _, l := range []*Log{first, second} {
		knows(l, "ASIAONE", s.now, time.Hour, true)
		knows(l, "ASIATWO", s.now, time.Hour, true)
		knows(l, "ASIAFORGED", s.now, time.Hour, false)
		knows(l, "ASIABEFORE", someDay.Add(-time.Hour), 2*time.Hour, true) // before the log began
		knows(l, "ASIALONG", someDay.Add(-time.Hour), 37*time.Hour, false)
	}
	issue(second, "ASIATHREE")
	knows(first, "ASIATHREE", s.now, time.Hour, true)
	die(second)
	closed(t, first)
	again := s.open(t) // after a restart
	defer closed(t, again)
	for _, key := range []string{"ASIAONE", "ASIATWO", "ASIATHREE"} {
		knows(again, key, s.now, time.Hour, true)
	}
	knows(again, "ASIAFORGED", s.now, time.Hour, false)
	again.Issued().Forgive("ASIAFORGED", s.now.Add(time.Hour))
	knows(again, "ASIAFORGED", s.now, time.Hour, true)
	s.now = s.now.Add(72 * time.Hour) // backdating does not help once the log is older than a session can be
	s.record(t, again, "Later")
	x := newIndex(s.dir, again.opt.Now)
	if known, err := x.Knows(t.Context(), "ASIABACK", s.now.Add(-35*time.Hour), s.now.Add(time.Hour)); known || err != nil {
		t.Errorf("a backdated session is known: %v", err)
	}
}

// The index is bounded: beyond that it judges nothing older, and raises no false alarm.
func TestIndexIsBounded(t *testing.T) {
	now := someDay
	x := newIndex(t.TempDir(), func() time.Time { return now })
	x.limit = 3
	if err := x.Load(t.Context()); err != nil { // from now on it would know all
		t.Fatal(err)
	}
	for _, key := range []string{"a", "b", "c", "d"} {
		now = now.Add(time.Minute)
		x.add(key, now.Add(time.Hour))
	}
	if len(x.known) > 3 {
		t.Errorf("%d are kept", len(x.known))
	}
	if known, err := x.Knows(t.Context(), "a", someDay.Add(time.Minute), now); !known || err != nil {
		t.Errorf("a false alarm: %v", err)
	}
}

// After a power failure the log may lack what was issued in its last second.
func TestNoFalseAlarmAfterAPowerFailure(t *testing.T) {
	s := newSignedLog(t)
	l := s.open(t)
	s.record(t, l, "A")
	l.sync()
	h := l.head()
	h.Boot = "another"
	die(l)
	line, err := h.sign(l.signer)
	if err != nil {
		t.Fatal(err)
	}
	d, _ := parseDigest(line, nil)
	if d.Boot != "another" {
		t.Fatal(d)
	}
	writeLines(t, filepath.Join(s.dir, headFile), line)
	writeLines(t, filepath.Join(s.keys, mirrorFile), line)
	s.now = s.now.Add(time.Hour)
	l = s.open(t)
	defer closed(t, l)
	for at, want := range map[time.Time]bool{someDay.Add(time.Minute): true, s.now.Add(time.Minute): false} {
		if got, err := l.Issued().Knows(t.Context(), "ASIALOST", at, at.Add(time.Hour)); got != want || err != nil {
			t.Errorf("issued at %s: known %v, %v", at, got, err)
		}
	}
}

func FuzzLink(f *testing.F) {
	k := link{seq: 7, prev: hashOf([]byte("x"))}
	f.Add(string(k.append([]byte(`{"eventName":"A"`))))
	k.torn = &k.prev
	f.Add(string(k.append([]byte(`{"eventName":"A"`))))
	f.Add(`{,"chain":{"seq":`)
	f.Fuzz(func(t *testing.T, line string) {
		l, ok := parseLink([]byte(line))
		if !ok {
			return
		}
		at := strings.LastIndex(line, linkBegin)
		if again := l.append([]byte(line[:at])); string(again) != line {
			t.Errorf("%q is read as %q", line, again)
		}
	})
}

func FuzzTail(f *testing.F) {
	k := link{seq: 7}
	whole := string(k.append([]byte(`{"eventName":"A"`)))
	f.Add(whole)
	f.Add(whole + "torn")
	f.Add(whole[:len(whole)-1])
	f.Fuzz(func(t *testing.T, text string) {
		r, err := readTail(strings.NewReader(text), int64(len(text)))
		if err != nil || r.whole > r.size || r.found && r.seq == 0 || r.whole+int64(len(r.torn)) != r.size {
			t.Errorf("%+v %v", r, err)
		}
	})
}

func FuzzDigest(f *testing.F) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	s := &signer{key: key}
	s.id = keyID(s.public())
	keys := PublicKeys{s.id: s.public()}
	line, err := digest{Number: 1, Kind: kindHour, Time: "2026-11-24T10:00:00Z", File: "2026-11-24.jsonl", Seq: 1, Bytes: 1,
		Hash: strings.Repeat("0", 64), Previous: strings.Repeat("0", 64)}.sign(s)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(line)
	f.Add([]byte(`{"version":1,"signature":""}` + "\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, err := parseDigest(b, keys); err == nil && !bytes.Equal(b, line) {
			t.Errorf("a digest that nobody has signed: %q", b)
		}
		parseDigest(b, nil)
	})
}
