package sqlite

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"sojourn/internal/store"
)

// version counts what was committed to the file. Where the WAL-index can be
// looked at, it shows commits of all processes at once, and the second answer to
// Now is true. Elsewhere what this process commits is counted, and what others do
// is asked for when the last answer is older than store.VersionAge.
type version struct {
	dsn, path string
	now       func() time.Time
	count     atomic.Uint64
	asked     atomic.Int64 // Unix nanoseconds
	index     atomic.Pointer[walIndex]
	last      atomic.Pointer[sighting]

	mu     sync.Mutex
	conn   *conn // its own, for data_version tells of others' commits on one connection
	seen   int64
	glance walHeader // from before seen was asked for
	closed bool
	blind  bool // the WAL-index cannot be had, or has once not shown a commit
}

// sighting is a header of the WAL-index and the number that it was given.
type sighting struct {
	header walHeader
	number uint64
}

// Version implements store.Store.
func (s *Store) Version() uint64 {
	number, _ := s.version.get()
	return number
}

// Now implements store.Store.
func (s *Store) Now() (uint64, bool) { return s.version.get() }

func (v *version) get() (number uint64, exact bool) {
	if v.old() {
		v.mu.Lock()
		if v.old() {
			v.ask()
		}
		v.mu.Unlock()
	}
	if w := v.index.Load(); w != nil {
		if h, ok := w.read(); ok {
			return v.numberOf(h), true
		}
		return v.count.Add(1), false
	}
	return v.count.Load(), false
}

// numberOf gives a header that was not the last one a new number.
func (v *version) numberOf(h walHeader) uint64 {
	if s := v.last.Load(); s != nil && s.header == h {
		return s.number
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if s := v.last.Load(); s != nil && s.header == h {
		return s.number
	}
	// It may be older than the last one, if others came first; it counts as new.
	s := &sighting{h, v.count.Add(1)}
	v.last.Store(s)
	return s.number
}

func (v *version) old() bool {
	age := v.now().UnixNano() - v.asked.Load()
	return age < 0 || age >= int64(store.VersionAge)
}

// changed counts a commit of this process.
func (v *version) changed() { v.count.Add(1) }

// ask looks for commits of others. As long as it is not known whether there
// were any, each asking counts as one.
func (v *version) ask() {
	at, before := v.now().UnixNano(), v.header()
	seen, err := v.dataVersion()
	if err != nil {
		v.count.Add(1)
		v.drop()
		return
	}
	if seen != v.seen {
		v.count.Add(1)
		v.watch()
	}
	v.seen, v.glance = seen, before
	v.asked.Store(at)
}

func (v *version) header() (h walHeader) {
	if w := v.index.Load(); w != nil {
		h, _ = w.read()
	}
	return h
}

// watch opens the WAL-index, or makes sure that it shows what data_version has
// just told: a file that another one has replaced would never show anything.
func (v *version) watch() {
	if v.blind {
		return
	}
	w := v.index.Load()
	if w == nil {
		w, err := openWALIndex(v.path)
		v.blind = err != nil
		v.index.Store(w)
		return
	}
	if v.blind = v.header() == v.glance; v.blind {
		v.index.Store(nil)
	}
	v.last.Store(nil)
}
func (v *version) dataVersion() (n int64, err error) {
	if v.closed {
		return 0, errClosed
	}
	ctx := context.Background()
	if v.conn == nil {
		if v.conn, err = connect(ctx, v.dsn); err != nil {
			return 0, err
		}
		v.seen = -1 // numbers of another connection mean nothing here
	}
	rows, err := v.conn.QueryContext(ctx, "PRAGMA data_version")
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	for rows.Next() {
		if err := rows.Scan(&n); err != nil {
			return 0, err
		}
	}
	return n, rows.Err()
}

func (v *version) drop() error {
	if v.conn == nil {
		return nil
	}
	c := v.conn
	v.conn = nil
	v.index.Store(nil)
	v.asked.Store(0)
	return c.close()
}

func (v *version) close() error {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.closed = true
	return v.drop()
}
