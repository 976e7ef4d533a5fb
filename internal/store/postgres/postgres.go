// Package postgres is the metadata store in a PostgreSQL database, for any
// number of nodes. It connects, brings the schema up to date and runs
// transactions: readers on a snapshot, writers serializable.
//
// The statements are in package sqlstore; the rules are in the domain. What
// PostgreSQL must be for the promises of the port is asked of every connection;
// see session.
package postgres

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/stdlib"

	"sojourn/internal/store"
	"sojourn/internal/store/sqlstore"
)

// patience bounds a transaction, so that one whose server has gone without a
// word ends, also where its caller would wait longer.
const patience = 30 * time.Second

// Store is a store.Store in a database.
type Store struct {
	// Two pools, so that an Update within a View, or a View within an Update,
	// never waits for a connection that its own caller holds.
	readers, writers *sql.DB
	turns            *turns
	version          *version
}

var (
	_ store.Store   = (*Store)(nil)
	_ store.Glancer = (*Store)(nil)
)

// Open connects to the database that url names (postgres://USER@HOST:PORT/NAME,
// with libpq's parameters, its PG… environment and its password file) and makes
// its schema when it is not there. A database with a newer schema that this program
// cannot work with is refused, as is a server that would lose what it has committed.
//
// Without sslmode a connection to another machine verifies the server's
// certificate and name. pool_max_conns bounds the connections of each of the
// two pools; it is 8 when it is not given.
func Open(ctx context.Context, url string) (*Store, error) {
	c, err := parse(url)
	if err != nil {
		return nil, err
	}
	s, err := open(ctx, c)
	if err != nil {
		return nil, fmt.Errorf("opening the database %s: %w", c.shown(), err)
	}
	return s, nil
}

func open(ctx context.Context, c *config) (*Store, error) {
	s := &Store{readers: c.pool(), writers: c.pool(), turns: newTurns()}
	s.version = newVersion(s.readers)
	if err := migrate(ctx, s.writers); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	go s.version.follow()
	return s, nil
}

// pool makes a pool of connections, none of which is opened yet.
func (c *config) pool() *sql.DB {
	db := stdlib.OpenDB(*c.pgx, stdlib.OptionAfterConnect(session))
	db.SetMaxOpenConns(c.conns)
	db.SetMaxIdleConns(c.conns)
	db.SetConnMaxIdleTime(5 * time.Minute)
	db.SetConnMaxLifetime(time.Hour) // so that connections move to where a name points now
	return db
}

// View implements store.Store.
func (s *Store) View(ctx context.Context, f func(store.Tx) error) (err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	c, err := begin(ctx, s.readers, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
	if err != nil {
		return fmt.Errorf("reading the database: %w", unreached(err))
	}
	defer c.release() // also when f panics
	tx := sqlstore.New(ctx, c, dialect)
	defer tx.End()
	err = f(tx)
	if failure := tx.Err(); failure != nil && isAway(failure) {
		return fmt.Errorf("reading the database: %w", unreached(failure))
	}
	return cmp.Or(err, tx.Err())
}

// unreached says of a failure that it was the way to the server, or the server,
// unless it was the caller who went away.
func unreached(err error) error {
	if errors.Is(err, context.Canceled) {
		return err
	}
	return fmt.Errorf("%w: %w", store.ErrUnavailable, err)
}

// isAway reports whether a statement failed because the server went away, or did
// not answer within the time there was.
func isAway(err error) bool {
	return isDisconnected(err) && isOfServer(err) || errors.Is(err, context.DeadlineExceeded)
}

// Update implements store.Store.
func (s *Store) Update(ctx context.Context, f func(store.Tx) error) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return s.update(ctx, f)
}

// Ping implements store.Store: it asks for what every connection is asked for.
func (s *Store) Ping(ctx context.Context) error {
	c, err := s.readers.Conn(ctx)
	if err == nil {
		defer c.Close()
		err = c.Raw(func(driver any) error { return session(ctx, driver.(*stdlib.Conn).Conn()) })
	}
	if err != nil {
		return fmt.Errorf("asking the database: %w", unreached(err))
	}
	return nil
}

// Close waits for running statements and ends the connections.
func (s *Store) Close() error {
	s.version.close()
	return errors.Join(s.readers.Close(), s.writers.Close())
}

// dialect is PostgreSQL's. A key that is taken never comes as an error that a
// transaction survives: inserts say ON CONFLICT, and what two transactions do at
// the same time makes one of them run again.
var dialect = sqlstore.Dialect{
	Rebind:    rebind,
	IsUnique:  func(error) bool { return false },
	ForUpdate: " FOR UPDATE",
	IsFrozen:  isFrozen,
}
