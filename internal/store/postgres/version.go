package postgres

import (
	"context"
	"database/sql"
	"sync/atomic"
	"time"

	"sojourn/internal/store"
)

// pollEvery is how often the database is asked whether others have committed.
const pollEvery = store.VersionAge / 3

// version counts what was committed to the database. What this process commits
// is counted at once; for the rest the database is asked which transactions are
// visible: as long as the answer is the same, so is all that can be read. So
// commits need not tell anybody, which would make them wait for one another
// (a NOTIFY takes a lock of the whole database until its commit is done).
type version struct {
	db    *sql.DB
	count atomic.Uint64
	asked atomic.Int64 // Unix nanoseconds of the last question that was answered
	seen  string       // follow's
	stop  context.CancelFunc
	ctx   context.Context
}

func newVersion(db *sql.DB) *version {
	v := &version{db: db}
	v.ctx, v.stop = context.WithCancel(context.Background())
	return v
}

// Version implements store.Store.
func (s *Store) Version() uint64 { return s.version.get() }

// Now implements store.Store: other nodes write to the same database.
func (s *Store) Now() (uint64, bool) { return s.version.get(), false }

// get counts each call as a change while it is not known whether there was one.
func (v *version) get() uint64 {
	age := time.Now().UnixNano() - v.asked.Load()
	if age < 0 || age >= int64(store.VersionAge) {
		return v.count.Add(1)
	}
	return v.count.Load()
}

// changed counts a commit of this process.
func (v *version) changed() { v.count.Add(1) }

// follow asks until close.
func (v *version) follow() {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		v.ask()
		select {
		case <-tick.C:
		case <-v.ctx.Done():
			return
		}
	}
}

func (v *version) ask() {
	ctx, cancel := context.WithTimeout(v.ctx, store.VersionAge)
	defer cancel()
	at := time.Now().UnixNano()
	var seen string
	if v.db.QueryRowContext(ctx, "SELECT pg_current_snapshot()::text").Scan(&seen) != nil {
		return // get knows by the time
	}
	if seen != v.seen {
		v.seen = seen
		v.count.Add(1)
	}
	v.asked.Store(at)
}

func (v *version) close() { v.stop() }
