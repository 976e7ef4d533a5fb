package sqlite

import (
	"context"
	"fmt"

	"sojourn/internal/store"
	"sojourn/internal/store/sqlstore"
)

var _ store.Movable = (*Store)(nil)

// schema freezes by triggers, which bind every process that has the file open,
// and those that will.
var schema = &sqlstore.Schema{
	Dialect:    dialect,
	Tables:     `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'`,
	References: `SELECT m.name, f."table" FROM sqlite_schema m JOIN pragma_foreign_key_list(m.name) f WHERE m.type = 'table'`,
	Freeze: func(table string) (list []string) {
		for _, act := range []string{"INSERT", "UPDATE", "DELETE"} {
			list = append(list, fmt.Sprintf("CREATE TRIGGER IF NOT EXISTS frozen_%s_%s BEFORE %s ON %s BEGIN SELECT RAISE(ABORT, 'frozen'); END", act, table, act, table))
		}
		return list
	},
	Thaw: func(table string) (list []string) {
		for _, act := range []string{"INSERT", "UPDATE", "DELETE"} {
			list = append(list, fmt.Sprintf("DROP TRIGGER IF EXISTS frozen_%s_%s", act, table))
		}
		return list
	},
}

// Dump implements store.Movable.
func (s *Store) Dump(ctx context.Context, f func(store.Row) error) error {
	c, err := connect(ctx, s.readers.dsn) // its own: it holds its snapshot for long
	if err != nil {
		return fmt.Errorf("reading the database: %w", err)
	}
	defer c.close()
	if err := c.run("BEGIN"); err != nil {
		return fmt.Errorf("reading the database: %w", err)
	}
	defer c.rollback()
	return schema.Dump(ctx, c, f)
}

// Load implements store.Movable.
func (s *Store) Load(ctx context.Context, dump func(func(store.Row) error) error) error {
	return s.writer.update(ctx, func(store.Tx) error { return schema.Load(ctx, s.writer.conn, dump) })
}

// Freeze implements store.Movable.
func (s *Store) Freeze(ctx context.Context) error { return s.setFrozen(ctx, true) }

// Thaw implements store.Movable.
func (s *Store) Thaw(ctx context.Context) error { return s.setFrozen(ctx, false) }

func (s *Store) setFrozen(ctx context.Context, frozen bool) error {
	return s.writer.update(ctx, func(store.Tx) error { return schema.SetFrozen(ctx, s.writer.conn, frozen) })
}
