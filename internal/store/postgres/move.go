package postgres

import (
	"context"
	"fmt"

	"sojourn/internal/store"
	"sojourn/internal/store/sqlstore"
)

var _ store.Movable = (*Store)(nil)

// frozenCode is the SQLSTATE of what a frozen table answers: read-only transaction.
const frozenCode = "25006"

// schema freezes by triggers, which bind every node. To make one takes a lock of
// its table that waits for the transactions that write to it.
var schema = &sqlstore.Schema{
	Dialect: dialect,
	Tables:  `SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema() AND table_type = 'BASE TABLE'`,
	References: `SELECT a.relname, b.relname FROM pg_constraint c JOIN pg_class a ON a.oid = c.conrelid JOIN pg_class b ON b.oid = c.confrelid
		WHERE c.contype = 'f' AND c.connamespace = current_schema()::regnamespace`,
	Freeze: func(table string) []string {
		return []string{
			"CREATE OR REPLACE FUNCTION frozen() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'frozen' USING ERRCODE = '" + frozenCode + "'; END $$",
			"CREATE OR REPLACE TRIGGER frozen BEFORE INSERT OR UPDATE OR DELETE ON " + table + " FOR EACH ROW EXECUTE FUNCTION frozen()",
		}
	},
	Thaw: func(table string) []string { return []string{"DROP TRIGGER IF EXISTS frozen ON " + table} },
}

func isFrozen(err error) bool {
	e, ok := serverError(err)
	return ok && e.Code == frozenCode
}

// Dump implements store.Movable.
func (s *Store) Dump(ctx context.Context, f func(store.Row) error) error {
	c, err := begin(ctx, s.readers, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
	if err != nil {
		return fmt.Errorf("reading the database: %w", unreached(err))
	}
	defer c.release()
	return schema.Dump(ctx, c, f)
}

// Load implements store.Movable.
func (s *Store) Load(ctx context.Context, dump func(func(store.Row) error) error) error {
	return s.alone(ctx, func(c *transaction) error { return schema.Load(ctx, c, dump) })
}

// Freeze implements store.Movable.
func (s *Store) Freeze(ctx context.Context) error { return s.setFrozen(ctx, true) }

// Thaw implements store.Movable.
func (s *Store) Thaw(ctx context.Context) error { return s.setFrozen(ctx, false) }

func (s *Store) setFrozen(ctx context.Context, frozen bool) error {
	return s.alone(ctx, func(c *transaction) error { return schema.SetFrozen(ctx, c, frozen) })
}

// alone runs f once, in a transaction that takes as long as it takes.
func (s *Store) alone(ctx context.Context, f func(*transaction) error) error {
	c, err := begin(ctx, s.writers, "BEGIN ISOLATION LEVEL SERIALIZABLE")
	if err != nil {
		return fmt.Errorf("beginning to write to the database: %w", unreached(err))
	}
	defer c.release()
	if _, err = c.ExecContext(ctx, "SELECT pg_advisory_xact_lock($1)", int64(schemaLock)); err == nil {
		err = f(c)
	}
	if err != nil {
		return err
	}
	err = c.commit(ctx)
	s.version.changed()
	return err
}
