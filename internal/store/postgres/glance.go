package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"sojourn/internal/store"
	"sojourn/internal/store/sqlstore"
)

// errMore is a statement that needs a transaction.
var errMore = errors.New("there is no transaction")

// Glance implements store.Glancer: one statement is consistent by itself, and so
// is spared the two that would begin and end its transaction.
func (s *Store) Glance(ctx context.Context, f func(store.Tx) error) error {
	again, err := s.glance(ctx, f)
	if again {
		return s.View(ctx, f)
	}
	return err
}

// glance runs f without a transaction. again says that it needs one, or failed on
// a connection that may have died in the pool.
func (s *Store) glance(ctx context.Context, f func(store.Tx) error) (again bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	c, err := s.readers.Conn(ctx)
	if err != nil {
		return false, fmt.Errorf("reading the database: %w", unreached(err))
	}
	defer c.Close() // gives it back
	tx := sqlstore.New(ctx, &single{Conn: c}, dialect)
	defer tx.End()
	err = f(tx)
	switch failure := tx.Err(); {
	case failure == nil:
		return false, err
	case ctx.Err() != nil:
		return false, fmt.Errorf("reading the database: %w", unreached(failure))
	}
	return true, nil
}

// single runs one query.
type single struct {
	*sql.Conn
	used bool
}

// QueryContext implements sqlstore.DB.
func (s *single) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if s.used {
		return nil, errMore
	}
	s.used = true
	return s.Conn.QueryContext(ctx, query, args...)
}

// ExecContext implements sqlstore.DB: what writes fails, in View, as it should.
func (s *single) ExecContext(context.Context, string, ...any) (sql.Result, error) {
	return nil, errMore
}
