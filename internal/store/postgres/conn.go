package postgres

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/stdlib"
)

// transaction is a connection with an open transaction. pgx keeps the prepared
// statements of a connection.
type transaction struct {
	*sql.Conn
	ended bool
}

// begin opens a transaction on a connection of the pool. One that has died in the
// pool meanwhile, as all do when the server starts anew, is another try's matter.
func begin(ctx context.Context, db *sql.DB, statement string) (*transaction, error) {
	for try := 0; ; try++ {
		c, err := db.Conn(ctx)
		if err != nil {
			return nil, err
		}
		if _, err = c.ExecContext(ctx, statement); err == nil {
			return &transaction{Conn: c}, nil
		}
		t := &transaction{Conn: c}
		t.drop()
		if try == db.Stats().MaxOpenConnections || ctx.Err() != nil || !isDisconnected(err) {
			return nil, err
		}
	}
}

// commit ends the transaction for good. Its context is not the caller's, who may
// go away: whether it was committed should still be learned.
func (t *transaction) commit(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	return t.Raw(func(c any) error {
		tag, err := c.(*stdlib.Conn).Conn().Exec(ctx, "COMMIT")
		if err == nil && tag.String() != "COMMIT" {
			err = fmt.Errorf("the server answered %q to COMMIT", tag.String())
		}
		t.ended = err == nil
		return err
	})
}

// release gives the connection back to its pool, or ends it when it is not what it was.
func (t *transaction) release() {
	if !t.ended {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if _, err := t.ExecContext(ctx, "ROLLBACK"); err != nil {
			t.drop()
			return
		}
	}
	_ = t.Close() // gives it back
}

// drop ends the connection.
func (t *transaction) drop() {
	_ = t.Raw(func(c any) error {
		_ = c.(*stdlib.Conn).Conn().PgConn().Conn().Close() // at once, without a word to a server that may not hear
		return driver.ErrBadConn
	})
	_ = t.Close()
}

// isDisconnected reports whether a statement failed because its connection or
// its server went away.
func isDisconnected(err error) bool {
	if e, ok := serverError(err); ok {
		switch e.Code[:2] {
		case "57", "08": // shutting down, starting up, killed by an administrator
			return e.Code != "57014"
		}
		return e.Code == "25P03" // it was idle for too long
	}
	return err != nil && !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded)
}
