package audit

import (
	"bytes"
	"context"
	"errors"
	"hash/maphash"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Bounds of the index.
const (
	maxIssued   = 1 << 20        // credentials that are kept: about 32 MiB
	longestLife = 36 * time.Hour // of a session
	maxRead     = 4 << 30        // bytes of the log that are read for it at the start
)

// Index knows which temporary credentials the log has the issue of, so that a
// session can be told that nobody has issued: one made with a stolen root key.
//
// It is of one log's directory, with all processes that write there. It judges a
// session only if it would have to know it: one issued before the log began, or
// while records may have been lost by a power failure, is passed.
type Index struct {
	dir  string
	now  func() time.Time
	seed maphash.Seed

	mu     sync.Mutex
	known  map[uint64]int64 // when credentials expire, by the hash of their id
	limit  int
	since  time.Time // all that was issued from then on is known
	gap    [2]time.Time
	loaded bool
	at     cursor // what has been read
}

func newIndex(dir string, now func() time.Time) *Index {
	return &Index{dir: dir, now: now, seed: maphash.MakeSeed(), known: map[uint64]int64{}, limit: maxIssued, at: cursor{dir: dir}}
}

// Issued is the log's index.
func (l *Log) Issued() *Index { return l.issued }

func (x *Index) add(key string, expires time.Time) {
	if expires.IsZero() {
		return // a long-term key stands in the store
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.put(key, expires)
}

// put makes room where there is none: it forgets what has expired, and if that
// is not enough, all; what was issued until then is not judged any more.
func (x *Index) put(key string, expires time.Time) {
	now := x.now()
	if !expires.After(now) {
		return
	}
	if len(x.known) >= x.limit {
		for k, end := range x.known {
			if end <= now.Unix() {
				delete(x.known, k)
			}
		}
		if len(x.known) >= x.limit {
			clear(x.known)
			x.since = now
		}
	}
	x.known[maphash.String(x.seed, key)] = expires.Unix()
}

func (x *Index) has(key string) bool {
	_, ok := x.known[maphash.String(x.seed, key)]
	return ok
}

// Knows reports whether the log has the issue of a session's credentials, or
// need not have it. It reads what other processes have written, if it must.
func (x *Index) Knows(ctx context.Context, key string, issued, expires time.Time) (bool, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.has(key) {
		return true, nil
	}
	if err := x.read(ctx); err != nil {
		return false, err
	}
	switch {
	case x.has(key):
		return true, nil
	case expires.Sub(issued) > longestLife: // nobody issues such a session
		return false, nil
	case issued.Before(x.since.Truncate(time.Second)):
		return true, nil
	case !issued.Before(x.gap[0].Truncate(time.Second)) && issued.Before(x.gap[1]):
		return true, nil
	}
	return false, nil
}

// Forgive makes a session known, so that it is told once.
func (x *Index) Forgive(key string, expires time.Time) { x.add(key, expires) }

// Load reads what was issued in the time of the longest session.
func (x *Index) Load(ctx context.Context) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.read(ctx)
}

// keepUp reads on, if there was a Load.
func (x *Index) keepUp() {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.loaded {
		x.read(context.Background()) // an error comes again when somebody asks
	}
}

// read takes in what has been written since the last time.
func (x *Index) read(ctx context.Context) error {
	if !x.loaded {
		if err := x.start(); err != nil {
			return err
		}
	}
	for {
		if x.at.at != (segment{}) {
			if err := x.readFile(ctx); err != nil {
				return err
			}
		}
		moved, err := x.at.advance()
		if err != nil || !moved {
			return err
		}
	}
}

// start finds the file to begin with: the last one that ends before the longest
// session of now can have begun, or as many as may be read.
func (x *Index) start() error {
	files, err := segments(x.dir)
	if err != nil {
		return err
	}
	first, size := len(files), int64(0)
	day := x.now().Add(-longestLife).UTC().AddDate(0, 0, -1).Format(time.DateOnly)
	for first > 0 {
		info, err := os.Stat(filepath.Join(x.dir, files[first-1].name()))
		if err != nil || size+info.Size() > maxRead && first < len(files) {
			break
		}
		first, size = first-1, size+info.Size()
		if files[first].day < day {
			break
		}
	}
	x.loaded, x.since = true, x.now()
	if first < len(files) {
		x.at.at = files[first]
		x.since, err = firstTime(filepath.Join(x.dir, files[first].name()), x.now())
	}
	return err
}

// firstTime is the time of the first record of a file.
func firstTime(path string, otherwise time.Time) (time.Time, error) {
	var at time.Time
	err := eachLine(path, maxLine, func(_ int, line []byte) error {
		var r Record
		if r.UnmarshalJSON(line) != nil {
			return nil
		}
		at = r.EventTime
		return errDone
	})
	if err != nil && !errors.Is(err, errDone) {
		return at, err
	}
	if at.IsZero() {
		return otherwise, nil
	}
	return at, nil
}

func (x *Index) readFile(ctx context.Context) error {
	return x.at.lines(ctx, func(line []byte) error {
		if key, expires, ok := issueIn(line); ok {
			x.put(key, expires)
		}
		return nil
	})
}

var (
	issueBegin = []byte(`,"responseElements":{"credentials":{"accessKeyId":"`)
	issueMid   = []byte(`","expiration":"`)
)

// issueIn finds the issue in a record's line without reading all of it. No text
// in a record can look like one: a quotation mark in a text is escaped.
func issueIn(line []byte) (key string, expires time.Time, ok bool) {
	_, rest, ok := bytes.Cut(line, issueBegin)
	if !ok {
		return "", expires, false
	}
	id, rest, ok := bytes.Cut(rest, issueMid)
	if !ok || len(id) > 128 {
		return "", expires, false
	}
	at, _, _ := bytes.Cut(rest, []byte(`"`))
	expires, err := time.Parse(time.RFC3339, string(at))
	return string(id), expires, err == nil
}
