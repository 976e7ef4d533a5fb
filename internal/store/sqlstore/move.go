package sqlstore

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"sojourn/internal/store"
)

// Schema is how a database is asked for its tables, and how they are frozen.
type Schema struct {
	Dialect
	Tables     string // a query for their names
	References string // a query for pairs of a table and one that it refers to

	// Freeze and Thaw are the statements for one table.
	Freeze, Thaw func(table string) []string
}

// unmoved are tables whose rows are of no use in another store.
var unmoved = []string{"maint_leases", "schema_migrations"}

// tables lists what has rows to move, each behind those that it refers to.
func (s *Schema) tables(ctx context.Context, db DB) ([]string, error) {
	names, err := texts(ctx, db, s.Tables)
	if err != nil {
		return nil, err
	}
	pairs, err := texts(ctx, db, s.References)
	if err != nil {
		return nil, err
	}
	refers := map[string][]string{}
	for i := 0; i < len(pairs); i += 2 {
		refers[pairs[i]] = append(refers[pairs[i]], pairs[i+1])
	}
	slices.Sort(names)
	var ordered []string
	placed := map[string]bool{}
	var place func(name string)
	place = func(name string) {
		if placed[name] || slices.Contains(unmoved, name) {
			return
		}
		placed[name] = true
		slices.Sort(refers[name])
		for _, other := range refers[name] {
			place(other)
		}
		ordered = append(ordered, name)
	}
	for _, name := range names {
		place(name)
	}
	return ordered, nil
}

// texts reads all columns of all rows, one behind the other.
func texts(ctx context.Context, db DB, query string) (list []string, err error) {
	err = eachRow(ctx, db, query, func(_ []string, values []any) error {
		for _, v := range values {
			list = append(list, fmt.Sprint(v))
		}
		return nil
	})
	return list, err
}

// eachRow calls f with each row; its values are f's only until it returns.
func eachRow(ctx context.Context, db DB, query string, f func(columns []string, values []any) error) error {
	rows, err := db.QueryContext(ctx, query)
	if err != nil {
		return err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return err
	}
	values, into := make([]any, len(columns)), make([]any, len(columns))
	for i := range values {
		into[i] = &values[i]
	}
	for rows.Next() {
		if err := cmp.Or(rows.Scan(into...), ctx.Err()); err != nil {
			return err
		}
		if err := f(columns, values); err != nil {
			return err
		}
	}
	return rows.Err()
}

// Dump is store.Movable's, in a transaction that sees one snapshot.
func (s *Schema) Dump(ctx context.Context, db DB, f func(store.Row) error) error {
	tables, err := s.tables(ctx, db)
	if err != nil {
		return err
	}
	for _, table := range tables {
		err := eachRow(ctx, db, "SELECT * FROM "+table, func(columns []string, values []any) error {
			return f(store.Row{Table: table, Columns: columns, Values: values})
		})
		if err != nil {
			return fmt.Errorf("table %s: %w", table, err)
		}
	}
	return nil
}

// Load is store.Movable's, in a transaction that its owner will commit.
func (s *Schema) Load(ctx context.Context, db DB, dump func(func(store.Row) error) error) error {
	tables, err := s.tables(ctx, db)
	if err != nil {
		return err
	}
	for _, table := range tables {
		if found, err := texts(ctx, db, "SELECT 1 FROM "+table+" LIMIT 1"); err != nil {
			return err
		} else if len(found) > 0 {
			return fmt.Errorf("table %s: %w", table, store.ErrExists)
		}
	}
	l := &loading{ctx: ctx, db: db, d: s.Dialect}
	if err := dump(l.take); err != nil {
		return err
	}
	return l.flush()
}

// loading collects rows of one table.
type loading struct {
	ctx     context.Context
	db      DB
	d       Dialect
	table   string
	columns string
	rows    [][]any
}

func (l *loading) take(r store.Row) error {
	columns := strings.Join(r.Columns, ", ")
	if l.table != r.Table || l.columns != columns || len(l.rows) == batchSizes[0] {
		if err := l.flush(); err != nil {
			return err
		}
	}
	l.table, l.columns = r.Table, columns
	l.rows = append(l.rows, slices.Clone(r.Values))
	return nil
}

func (l *loading) flush() error {
	err := batches(l.rows, func(rows [][]any) error {
		one := "(" + markers("?", len(rows[0])) + ")"
		query := "INSERT INTO " + l.table + " (" + l.columns + ") VALUES " + markers(one, len(rows))
		if l.d.Rebind != nil {
			query = l.d.Rebind(query)
		}
		_, err := l.db.ExecContext(l.ctx, query, slices.Concat(rows...)...)
		return err
	})
	if err != nil {
		return fmt.Errorf("table %s: %w", l.table, err)
	}
	l.rows = l.rows[:0]
	return nil
}

// SetFrozen freezes all tables, or thaws them, in a transaction that its owner
// will commit.
func (s *Schema) SetFrozen(ctx context.Context, db DB, frozen bool) error {
	tables, err := s.tables(ctx, db)
	if err != nil {
		return err
	}
	statements := s.Thaw
	if frozen {
		statements = s.Freeze
	}
	for _, table := range append(tables, "maint_leases") {
		for _, statement := range statements(table) {
			if _, err := db.ExecContext(ctx, statement); err != nil {
				return fmt.Errorf("table %s: %w", table, err)
			}
		}
	}
	return nil
}
