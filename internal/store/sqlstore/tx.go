// Package sqlstore is what every SQL driver of the metadata store shares: the
// statements and how rows become records. The statements use `?` placeholders
// and nothing that only one database knows; where databases differ, Dialect
// says how.
//
// It does not open databases, does not begin or end transactions and does not
// know migrations: those are the drivers' (package sqlite).
package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"

	"sojourn/internal/store"
)

// DB runs statements inside one transaction that its owner began and will end.
type DB interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// Dialect is where databases differ.
type Dialect struct {
	// Rebind turns `?` placeholders into the database's own; nil keeps them.
	Rebind func(query string) string
	// IsUnique reports whether err is a key that is taken.
	IsUnique func(err error) bool
	// ForUpdate ends a SELECT that locks its row, such as " FOR UPDATE".
	ForUpdate string
	// IsFrozen reports whether err is the answer of a table that is frozen.
	IsFrozen func(err error) bool
}

// Tx is a store.Tx over one transaction.
type Tx struct {
	ctx context.Context
	db  DB
	d   Dialect
	err error
}

var _ store.Tx = (*Tx)(nil)

// New makes the port's view of a transaction. Statements stop once ctx ends.
func New(ctx context.Context, db DB, d Dialect) *Tx { return &Tx{ctx: ctx, db: db, d: d} }

// errEnded is what a Tx answers after its transaction.
var errEnded = errors.New("store: the transaction has ended")

// End makes all later calls fail, so that a Tx that outlives its transaction
// cannot write into another.
func (t *Tx) End() {
	if t.err == nil {
		t.err = errEnded
	}
}

// Err is the first failure of the database or the end of the context. A
// transaction that saw one must not be committed even if its owner's function
// returned nil: what failed may have undone more than one statement.
// Rows that are absent or taken are answers, not failures.
func (t *Tx) Err() error { return t.err }

// fail remembers a failure, so that nothing runs after it.
func (t *Tx) fail(err error) error {
	if t.err == nil {
		t.err = err
	}
	return err
}

// ready reports why no further statement may run.
func (t *Tx) ready() error {
	if t.err != nil {
		return t.err
	}
	if err := t.ctx.Err(); err != nil {
		return t.fail(err)
	}
	return nil
}

func (t *Tx) bind(query string) string {
	if t.d.Rebind == nil {
		return query
	}
	return t.d.Rebind(query)
}

// exec runs a statement and returns how many rows it changed. A key that is
// taken is ErrExists.
func (t *Tx) exec(query string, args ...any) (int64, error) {
	if err := t.ready(); err != nil {
		return 0, err
	}
	res, err := t.db.ExecContext(t.ctx, t.bind(query), args...)
	if err != nil {
		if t.d.IsUnique(err) {
			return 0, store.ErrExists
		}
		if t.d.IsFrozen(err) {
			err = store.ErrFrozen
		}
		return 0, t.fail(err)
	}
	n, err := res.RowsAffected()
	if err != nil {
		return 0, t.fail(err)
	}
	return n, nil
}

// run is exec where any number of changed rows will do.
func (t *Tx) run(what, id, query string, args ...any) error {
	_, err := t.exec(query, args...)
	return about(err, what, id)
}

// insert runs an INSERT that does nothing on a taken key, which is ErrExists.
// It leaves the transaction usable on every database.
func (t *Tx) insert(what, id, query string, args ...any) error {
	n, err := t.exec(query+" ON CONFLICT DO NOTHING", args...)
	if err == nil && n == 0 {
		err = store.ErrExists
	}
	return about(err, what, id)
}

// change runs a statement that changes one row, or is ErrNotFound.
func (t *Tx) change(what, id, query string, args ...any) error {
	n, err := t.exec(query, args...)
	if err == nil && n == 0 {
		err = store.ErrNotFound
	}
	return about(err, what, id)
}

// query calls row for each row.
func (t *Tx) query(row func(*sql.Rows) error, query string, args ...any) error {
	if err := t.ready(); err != nil {
		return err
	}
	rows, err := t.db.QueryContext(t.ctx, t.bind(query), args...)
	if err != nil {
		return t.fail(err)
	}
	defer rows.Close()
	for n := 0; rows.Next(); n++ {
		if err := row(rows); err != nil {
			return t.fail(err)
		}
		// A driver may run queries without the context, because watching it costs more than a short query.
		if n&1023 == 1023 && t.ctx.Err() != nil {
			return t.fail(t.ctx.Err())
		}
	}
	if err := rows.Err(); err != nil {
		return t.fail(err)
	}
	return nil
}

// scanner reads the columns of one row into a record.
type scanner[T any] func(*sql.Rows, *T) error

// all reads every row.
func all[T any](t *Tx, what, id string, scan scanner[T], query string, args ...any) ([]T, error) {
	var out []T
	err := t.query(func(rows *sql.Rows) error {
		var v T
		if err := scan(rows, &v); err != nil {
			return err
		}
		out = append(out, v)
		return nil
	}, query, args...)
	if err != nil {
		return nil, about(err, what, id)
	}
	return out, nil
}

// one reads the only row, or is ErrNotFound.
func one[T any](t *Tx, what, id string, scan scanner[T], query string, args ...any) (T, error) {
	var v T
	found := false
	err := t.query(func(rows *sql.Rows) error {
		found = true
		return scan(rows, &v)
	}, query, args...)
	if err == nil && !found {
		err = store.ErrNotFound
	}
	return v, about(err, what, id)
}

// about says of what an error speaks.
func about(err error, what, id string) error {
	switch {
	case err == nil:
		return nil
	case id == "":
		return fmt.Errorf("%s: %w", what, err)
	}
	return fmt.Errorf("%s %q: %w", what, id, err)
}

func scanString(rows *sql.Rows, s *string) error { return rows.Scan(s) }

// limit is a LIMIT for a page: 0 asks for all.
func limit(n int) int64 {
	if n <= 0 {
		return math.MaxInt64
	}
	return int64(n)
}
