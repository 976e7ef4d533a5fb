package sqlite

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"sojourn/internal/store"
)

// version counts what was committed to the file. What this process commits is
// counted at once; what others do is asked for when the last answer is older
// than store.VersionAge.
type version struct {
	dsn   string
	now   func() time.Time
	count atomic.Uint64
	asked atomic.Int64 // Unix nanoseconds

	mu     sync.Mutex
	conn   *conn // its own, for data_version tells of others' commits on one connection
	seen   int64
	closed bool
}

// Version implements store.Store.
func (s *Store) Version() uint64 { return s.version.get() }

func (v *version) get() uint64 {
	if v.old() {
		v.mu.Lock()
		defer v.mu.Unlock()
		if v.old() {
			v.ask()
		}
	}
	return v.count.Load()
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
	at := v.now().UnixNano()
	seen, err := v.dataVersion()
	if err != nil {
		v.count.Add(1)
		v.drop()
		return
	}
	if seen != v.seen {
		v.seen = seen
		v.count.Add(1)
	}
	v.asked.Store(at)
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
	return c.close()
}

func (v *version) close() error {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.closed = true
	return v.drop()
}
