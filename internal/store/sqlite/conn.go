package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"

	"modernc.org/sqlite"
)

// conn is one connection and the statements that were prepared on it. It is
// used by one goroutine at a time.
type conn struct {
	db    *sql.DB
	conn  *sql.Conn
	stmts map[string]*sql.Stmt
}

// maxStatements bounds the prepared statements of a connection. The texts come
// from package sqlstore alone, and there are fewer of them.
const maxStatements = 256

func connect(ctx context.Context, dsn string) (*conn, error) {
	connector, err := sqlite.NewConnector(dsn)
	if err != nil {
		return nil, err
	}
	c := &conn{db: sql.OpenDB(connector), stmts: make(map[string]*sql.Stmt)}
	if c.conn, err = c.db.Conn(ctx); err != nil {
		return nil, errors.Join(err, c.db.Close())
	}
	return c, nil
}

// ExecContext implements sqlstore.DB. A statement is not stopped in the middle:
// SQLite would roll back the whole transaction, and with it the work of others
// that will be committed together with it.
func (c *conn) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	s, err := c.prepare(query)
	if err != nil {
		return nil, err
	}
	return s.ExecContext(context.WithoutCancel(ctx), args...)
}

// QueryContext implements sqlstore.DB, which looks at the context between rows.
func (c *conn) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	s, err := c.prepare(query)
	if err != nil {
		return nil, err
	}
	return s.QueryContext(context.WithoutCancel(ctx), args...)
}

func (c *conn) prepare(query string) (*sql.Stmt, error) {
	if s := c.stmts[query]; s != nil {
		return s, nil
	}
	if len(c.stmts) >= maxStatements {
		c.forget()
	}
	s, err := c.conn.PrepareContext(context.Background(), query)
	if err != nil {
		return nil, fmt.Errorf("preparing %q: %w", query, err)
	}
	c.stmts[query] = s
	return s, nil
}

func (c *conn) forget() {
	for _, s := range c.stmts {
		s.Close()
	}
	clear(c.stmts)
}

// run executes a statement without parameters.
func (c *conn) run(query string) error {
	_, err := c.ExecContext(context.Background(), query)
	return err
}

// runWithin is run that stops waiting for another process's lock when ctx ends.
func (c *conn) runWithin(ctx context.Context, query string) error {
	s, err := c.prepare(query)
	if err == nil {
		_, err = s.ExecContext(ctx)
	}
	return err
}

// rollback ends a transaction. SQLite has already done so after some failures,
// and then there is nothing to end.
func (c *conn) rollback() { _ = c.run("ROLLBACK") }

func (c *conn) close() error {
	c.forget()
	return errors.Join(c.conn.Close(), c.db.Close())
}

// readers is a pool of connections that read. The one that was used last is
// used next, so that a quiet server keeps few and warm ones.
type readers struct {
	dsn   string
	slots chan struct{} // one for each connection in use

	mu     sync.Mutex
	idle   []*conn
	closed bool
}

func newReaders(dsn string, n int) *readers {
	return &readers{dsn: dsn, slots: make(chan struct{}, n)}
}

var errClosed = errors.New("the store is closed")

// get returns a connection for the caller alone, waiting for one until ctx ends.
func (r *readers) get(ctx context.Context) (*conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	select {
	case r.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	c, err := r.take(ctx)
	if err != nil {
		<-r.slots
	}
	return c, err
}

func (r *readers) take(ctx context.Context) (*conn, error) {
	r.mu.Lock()
	if r.closed {
		r.mu.Unlock()
		return nil, errClosed
	}
	if last := len(r.idle) - 1; last >= 0 {
		c := r.idle[last]
		r.idle = r.idle[:last]
		r.mu.Unlock()
		return c, nil
	}
	r.mu.Unlock()
	return connect(ctx, r.dsn)
}

// put takes a connection back, or ends it when its last use met a failure.
func (r *readers) put(c *conn, failure error) {
	defer func() { <-r.slots }()
	if failure != nil {
		_ = c.close() // the failure itself is its user's to report
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.idle = append(r.idle, c)
}

// close waits until all connections are back.
func (r *readers) close() error {
	r.mu.Lock()
	if r.closed {
		r.mu.Unlock()
		return nil
	}
	r.closed = true
	r.mu.Unlock()
	var errs []error
	for range cap(r.slots) {
		r.slots <- struct{}{}
	}
	for _, c := range r.idle {
		errs = append(errs, c.close())
	}
	r.idle = nil
	for range cap(r.slots) { // who waits for one shall learn that it is closed
		<-r.slots
	}
	return errors.Join(errs...)
}
