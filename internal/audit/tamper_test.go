package audit

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

var someDay = time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)

// signedLog is a closed log of several days and files, with its keys beside it.
type signedLog struct {
	dir, keys string
	now       time.Time
}

func newSignedLog(t testing.TB) *signedLog {
	t.Helper()
	root := t.TempDir()
	s := &signedLog{filepath.Join(root, "audit"), filepath.Join(root, "keys"), someDay}
	if err := os.Mkdir(s.keys, 0o700); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *signedLog) options() Options {
	return Options{Dir: s.dir, Keys: s.keys, Now: func() time.Time { return s.now }, Bytes: 6000}
}

func (s *signedLog) open(t testing.TB) *Log {
	t.Helper()
	l, err := OpenWith(s.options())
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// write records n acts, with an hour's digest in the middle.
func (s *signedLog) write(t testing.TB, l *Log, n int) {
	t.Helper()
	l.hour = s.now.Format("2006-01-02T15")
	for i := range n {
		if i == n/2 {
			s.now = s.now.Add(time.Hour)
			if err := l.hourly(); err != nil {
				t.Fatal(err)
			}
		}
		r := Record{EventID: fmt.Sprint("r-", i), RequestID: fmt.Sprint("r", i), EventTime: s.now, EventSource: "codecommit.amazonaws.com", EventName: "GitPull", Region: "us-east-1",
			Identity: Identity{Type: "User", ARN: "arn:aws:iam::111122223333:user/maria", Account: "111122223333"},
			Resource: "arn:aws:codecommit:us-east-1:111122223333:MyDemoRepo", Account: "111122223333", Decision: "Allow"}
		if err := l.Record(r); err != nil {
			t.Fatal(err)
		}
	}
}

func (s *signedLog) fill(t testing.TB) {
	t.Helper()
	for range 2 { // as two runs of a server
		l := s.open(t)
		s.write(t, l, 16)
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		s.now = s.now.Add(24 * time.Hour)
	}
}

func (s *signedLog) check(t testing.TB) Check {
	t.Helper()
	keys, err := ReadPublicKeys(s.keys)
	if err != nil {
		t.Fatal(err)
	}
	return Check{Dir: s.dir, Keys: keys}
}

func (s *signedLog) proven(t testing.TB) Proof {
	t.Helper()
	p, err := Verify(t.Context(), s.check(t))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// files are the log's: records, digests and the head.
func (s *signedLog) files(t testing.TB) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), ".") {
			names = append(names, e.Name())
		}
	}
	return names
}

func TestWholeLogIsProven(t *testing.T) {
	s := newSignedLog(t)
	s.fill(t)
	p := s.proven(t)
	if p.First != 1 || p.Last != 32 || !p.Closed || p.Unsigned != 0 || p.Files < 4 || p.Digests < 5 || len(p.Notes) > 0 {
		t.Errorf("%+v in %q", p, s.files(t))
	}
	if !p.From.Equal(someDay) || !p.To.After(p.From) || p.Signed.IsZero() || len(p.Hash) != 64 {
		t.Errorf("%+v", p)
	}
}

// tamper changes a log in one random way. It returns how, and "" where it has
// changed nothing.
func tamper(r *rand.Rand, files map[string][]byte) string {
	names := make([]string, 0, len(files))
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names)
	name := names[r.IntN(len(names))]
	lines := bytes.SplitAfter(files[name], []byte("\n"))
	lines = lines[:len(lines)-1] // behind the last end there is nothing
	i, j := r.IntN(len(lines)), r.IntN(len(lines))
	join := func() { files[name] = bytes.Join(lines, nil) }
	switch r.IntN(12) {
	case 0, 1, 2:
		at := r.IntN(len(files[name]))
		files[name][at] ^= 1 << r.IntN(8)
		return fmt.Sprintf("bit of byte %d of %s flipped", at, name)
	case 3:
		lines = slices.Delete(lines, i, i+1)
		join()
		return fmt.Sprintf("line %d of %s removed", i+1, name)
	case 4:
		if bytes.Equal(lines[i], lines[j]) {
			return ""
		}
		lines[i], lines[j] = lines[j], lines[i]
		join()
		return fmt.Sprintf("lines %d and %d of %s swapped", i+1, j+1, name)
	case 5:
		lines = slices.Insert(lines, j, lines[i])
		join()
		return fmt.Sprintf("line %d of %s copied before line %d", i+1, name, j+1)
	case 6:
		delete(files, name)
		return name + " removed"
	case 7:
		at := r.IntN(len(files[name]))
		files[name] = files[name][:at]
		return fmt.Sprintf("%s cut at byte %d", name, at)
	case 8: // the whole tail of the log, digests and all, but for the head
		lines = lines[:i]
		join()
		for _, later := range names {
			if later > name && later != headFile && later != digestFile {
				delete(files, later)
			}
		}
		return fmt.Sprintf("all from line %d of %s cut", i+1, name)
	case 9:
		other := names[r.IntN(len(names))]
		if other == name {
			return ""
		}
		files[name], files[other] = files[other], files[name]
		return name + " and " + other + " swapped"
	case 10:
		files[name] = append(files[name], lines[i]...)
		return fmt.Sprintf("line %d of %s repeated at its end", i+1, name)
	default:
		at, n := r.IntN(len(files[name])), 1+r.IntN(20)
		junk := make([]byte, n)
		for k := range junk {
			junk[k] = byte(r.IntN(256))
		}
		files[name] = slices.Insert(files[name], at, junk...)
		return fmt.Sprintf("%d bytes put into %s at %d", n, name, at)
	}
}

// Each of 10,000 random changes to a closed log is found.
func TestTampersAreFound(t *testing.T) {
	const tampers = 10_000
	s := newSignedLog(t)
	s.fill(t)
	c := s.check(t)
	whole := map[string][]byte{}
	for _, name := range s.files(t) {
		data, err := os.ReadFile(filepath.Join(s.dir, name))
		if err != nil {
			t.Fatal(err)
		}
		whole[name] = data
	}
	const workers = 4
	var wg sync.WaitGroup
	var mu sync.Mutex
	found := 0
	for w := range workers {
		dir := t.TempDir()
		wg.Go(func() {
			r := rand.New(rand.NewPCG(uint64(w), 5))
			here := c
			here.Dir = dir
			restore(t, dir, nil, whole)
			for n := 0; n < tampers/workers; {
				files := map[string][]byte{}
				for name, data := range whole {
					files[name] = bytes.Clone(data)
				}
				how := tamper(r, files)
				if how == "" {
					continue
				}
				n++
				restore(t, dir, whole, files)
				_, err := Verify(t.Context(), here)
				if _, ok := errors.AsType[*Fault](err); !ok {
					t.Errorf("%s: %v", how, err)
				} else {
					mu.Lock()
					found++
					mu.Unlock()
				}
				restore(t, dir, files, whole)
			}
		})
	}
	wg.Wait()
	if found != tampers {
		t.Errorf("%d of %d changes were found", found, tampers)
	}
}

// restore makes dir, which has the files was, have the files want.
func restore(t *testing.T, dir string, was, want map[string][]byte) {
	for name, data := range want {
		if have, ok := was[name]; ok && bytes.Equal(have, data) {
			continue
		}
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Error(err)
		}
	}
	for name := range was {
		if _, ok := want[name]; !ok {
			os.Remove(filepath.Join(dir, name))
		}
	}
}
