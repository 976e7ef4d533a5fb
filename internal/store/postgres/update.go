package postgres

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"sojourn/internal/store"
	"sojourn/internal/store/sqlstore"
)

// errAgain is a transaction that lost against another and can be run again.
var errAgain = errors.New("others changed the same at the same time")

// update runs f until it is committed or has failed for a reason of its own.
func (s *Store) update(ctx context.Context, f func(store.Tx) error) error {
	var lock string // the repository at which the last run lost
	for wait := time.Millisecond; ; wait = min(2*wait, 100*time.Millisecond) {
		again, err := s.attempt(ctx, &lock, f)
		if !again {
			return err
		}
		// Some wait longer than others, so that they do not meet again.
		select {
		case <-time.After(rand.N(wait)):
		case <-ctx.Done():
			return fmt.Errorf("writing to the database: %w: %w", ctx.Err(), errAgain)
		}
	}
}

// attempt runs f once. again says that it had no effect and should be run again:
// it lost against another transaction, or the server went away before the commit.
func (s *Store) attempt(ctx context.Context, lock *string, f func(store.Tx) error) (again bool, err error) {
	done, err := s.turns.take(ctx, *lock)
	if err != nil {
		return false, fmt.Errorf("waiting to write to the database: %w", err)
	}
	defer done()
	c, err := begin(ctx, s.writers, "BEGIN ISOLATION LEVEL SERIALIZABLE")
	if err != nil {
		return false, fmt.Errorf("beginning to write to the database: %w", unreached(err))
	}
	defer c.release() // also when f panics
	sqlTx := sqlstore.New(ctx, c, dialect)
	defer sqlTx.End()
	tx := &locking{Tx: sqlTx}
	err = f(tx)
	if failure := sqlTx.Err(); failure != nil {
		*lock = tx.locked
		if ctx.Err() == nil && (isConflict(failure) || isDisconnected(failure) && isOfServer(failure)) {
			return true, nil
		}
		if isAway(failure) {
			return false, fmt.Errorf("writing to the database: %w", unreached(failure))
		}
		if isDisk(failure) {
			return false, fmt.Errorf("writing to the database: %w: %w", store.ErrDisk, failure)
		}
		if err == nil {
			err = failure
		}
		return false, err
	}
	if err != nil {
		return false, err
	}
	if err := ctx.Err(); err != nil {
		return false, err
	}
	err = c.commit(ctx)
	s.version.changed() // also after a failure, which may have committed all the same
	if isConflict(err) {
		*lock = tx.locked
		return true, nil
	}
	if isDisk(err) { // a server that cannot write its log dies of it instead
		return false, fmt.Errorf("committing to the database: %w: %w", store.ErrDisk, err)
	}
	if err != nil {
		return false, fmt.Errorf("committing to the database: %w", unreached(err))
	}
	return false, nil
}

// locking notes which repository a transaction locks.
type locking struct {
	*sqlstore.Tx
	locked string
}

// LockRepository implements store.RepositoryTx.
func (t *locking) LockRepository(id string) (store.Repository, error) {
	t.locked = id
	return t.Tx.LockRepository(id)
}

// isConflict reports whether a transaction lost against another: serialization
// failure, deadlock, or a key that was taken while it ran.
func isConflict(err error) bool {
	e, ok := serverError(err)
	return ok && (e.Code == "40001" || e.Code == "40P01" || e.Code == "23505")
}

// isDisk reports whether the server could not write: its disk is full, or broken.
func isDisk(err error) bool {
	e, ok := serverError(err)
	return ok && (e.Code == "53100" || e.Code == "58030")
}

// isOfServer reports whether it was the server's connection that failed, and not
// the reading of a row.
func isOfServer(err error) bool {
	_, said := serverError(err)
	var connect *pgconn.ConnectError
	return said || errors.As(err, &connect) || errors.Is(err, driver.ErrBadConn) || pgconn.SafeToRetry(err) || isNetwork(err)
}

func serverError(err error) (*pgconn.PgError, bool) { return errors.AsType[*pgconn.PgError](err) }
