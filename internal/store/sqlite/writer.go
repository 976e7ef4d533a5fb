package sqlite

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sojourn/internal/store"
	"sojourn/internal/store/sqlstore"
)

// A batch is cut off at whichever comes first, so that who came first does not
// wait long for those who came after.
const (
	maxBatch     = 128
	maxBatchTime = 5 * time.Millisecond
)

// writer commits the updates of this process. They take turns on one
// connection, in the order of asking; updates that wait while another runs are
// committed together with it, because a commit's cost is the flush to disk. Each
// runs behind a savepoint and so can fail alone; none is told that it succeeded
// before the flush.
type writer struct {
	dsn  string
	line line

	longest time.Duration // of a batch: maxBatchTime; tests that hold one open have time

	committed func() // runs after each commit, before any of its updates returns

	// The rest belongs to who has the turn.
	conn   *conn // nil until it is needed, and after a failure
	closed bool
}

// batch is a transaction that one or more updates share.
type batch struct {
	begun time.Time
	size  int           // updates that had their turn in it
	good  int           // of these, the ones that are to be committed
	done  chan struct{} // closed when it has ended
	err   error         // why it was not committed; read after done
}

func newWriter(dsn string) *writer {
	return &writer{dsn: dsn, longest: maxBatchTime, committed: func() {}}
}

// update is store.Store's Update.
func (w *writer) update(ctx context.Context, f func(store.Tx) error) error {
	b, err := w.line.wait(ctx)
	if err != nil {
		return fmt.Errorf("waiting to write to the database: %w", err)
	}
	if b == nil {
		if b, err = w.begin(ctx); err != nil {
			w.line.next()
			return err
		}
	}
	err = w.turn(ctx, b, f)
	<-b.done
	if b.err != nil {
		// What f saw, and so its own error, may have been of the lost transaction.
		return fmt.Errorf("committing to the database: %w", b.err)
	}
	return err
}

// begin opens a transaction. The lock may be another process's for a while.
func (w *writer) begin(ctx context.Context) (*batch, error) {
	if w.closed {
		return nil, errClosed
	}
	if w.conn == nil {
		c, err := connect(ctx, w.dsn)
		if err != nil {
			return nil, fmt.Errorf("opening the database for writing: %w", err)
		}
		w.conn = c
	}
	if err := w.conn.runWithin(ctx, "BEGIN IMMEDIATE"); err != nil {
		// When ctx ends at this moment, the transaction may be open all the same.
		return nil, errors.Join(fmt.Errorf("beginning to write to the database: %w", err), w.drop())
	}
	return &batch{begun: time.Now(), done: make(chan struct{})}, nil
}

// turn runs f in the batch and passes the turn on, also when f panics.
func (w *writer) turn(ctx context.Context, b *batch, f func(store.Tx) error) (err error) {
	returned := false
	defer func() {
		w.settle(b, returned && err == nil)
		w.pass(b)
	}()
	b.size++
	if b.size > 1 {
		if err := w.conn.run("SAVEPOINT turn"); err != nil {
			b.err = err
			return err
		}
	}
	tx := sqlstore.New(ctx, w.conn, dialect)
	defer tx.End()
	err = f(tx)
	if err == nil {
		err = tx.Err()
	}
	returned = true
	return err
}

// settle keeps or takes back what one turn wrote. The first of a batch needs no
// savepoint: if it fails, the batch ends with it.
func (w *writer) settle(b *batch, keep bool) {
	if keep {
		b.good++
	}
	if b.size == 1 || b.err != nil {
		return
	}
	if !keep {
		b.err = w.conn.run("ROLLBACK TO turn")
	}
	if b.err == nil {
		b.err = w.conn.run("RELEASE turn")
	}
}

// pass gives the turn to the next in line, with the batch if there is room in
// it, else after the batch's end.
func (w *writer) pass(b *batch) {
	room := b.err == nil && b.good > 0 && b.size < maxBatch && time.Since(b.begun) < w.longest
	if room && w.line.join(b) {
		return
	}
	w.end(b)
	w.line.next()
}

// end commits the batch or takes it back. After a failure the connection's state
// is not trusted any more.
func (w *writer) end(b *batch) {
	defer close(b.done)
	if b.err == nil && b.good > 0 {
		b.err = w.conn.run("COMMIT")
		w.committed() // also after a failure, which may have committed all the same
	} else {
		w.conn.rollback()
	}
	if b.err != nil {
		w.conn.rollback()
		b.err = errors.Join(b.err, w.drop())
	}
}

func (w *writer) drop() error {
	c := w.conn
	w.conn = nil
	return c.close()
}

// close waits for its turn and closes the connection.
func (w *writer) close() error {
	b, err := w.line.wait(context.Background())
	if err != nil {
		return err
	}
	if b != nil {
		w.end(b)
	}
	defer w.line.next()
	w.closed = true
	if w.conn == nil {
		return nil
	}
	return w.drop()
}
