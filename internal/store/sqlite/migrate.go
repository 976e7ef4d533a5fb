package sqlite

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"time"

	"sojourn/internal/store/sqlstore"
)

// The files are applied in the order of their numbers, each once and whole. One
// that has been in a release is never changed: what is to be different comes
// in a new one. Package sqlstore has what "breaking" in a name means.
//
//go:embed migrations/*.sql
var migrationFiles embed.FS

type migration struct {
	version int
	name    string
	script  string
}

// migrations reads the files NNNN_name.sql. Numbers may be left out, but never
// be used twice: a database knows by them what it has.
func migrations(files fs.FS) ([]migration, error) {
	names, err := fs.Glob(files, "migrations/*.sql")
	if err != nil {
		return nil, err
	}
	slices.Sort(names)
	var out []migration
	for i, name := range names {
		script, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		base := strings.TrimSuffix(strings.TrimPrefix(name, "migrations/"), ".sql")
		number, title, _ := strings.Cut(base, "_")
		n, err := strconv.Atoi(number)
		if err != nil || n < 1 || len(number) != 4 || i > 0 && n <= out[i-1].version {
			return nil, fmt.Errorf("migration %q: want a number of four digits of its own", name)
		}
		out = append(out, migration{version: n, name: title, script: string(script)})
	}
	return out, nil
}

// busyPatience is how long Open waits for another process that opens the same
// new file: SQLite does not wait by itself when it turns the journal to WAL.
const busyPatience = 10 * time.Second

// migrate brings the schema up to date.
func (w *writer) migrate(ctx context.Context) error {
	list, err := migrations(migrationFiles)
	if err != nil {
		return err
	}
	for end := time.Now().Add(busyPatience); ; {
		err := w.apply(ctx, list)
		if !isBusy(err) || time.Now().After(end) {
			return err
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// apply runs each migration that is missing in a transaction of its own.
// Another process may do the same at the same time, so what is missing is asked
// for behind the lock.
func (w *writer) apply(ctx context.Context, list []migration) error {
	for {
		more, err := w.applyNext(ctx, list)
		if err != nil || !more {
			return err
		}
	}
}

func (w *writer) applyNext(ctx context.Context, list []migration) (more bool, err error) {
	b, err := w.begin(ctx)
	if err != nil {
		return false, err
	}
	defer func() {
		w.end(b)
		err = errors.Join(err, b.err)
	}()
	if err := w.conn.run("CREATE TABLE IF NOT EXISTS schema_migrations (version INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL) STRICT"); err != nil {
		return false, err
	}
	m, err := missing(ctx, w.conn, list)
	if err != nil || m == nil {
		return false, err
	}
	if _, err := w.conn.conn.ExecContext(ctx, m.script); err != nil {
		return false, fmt.Errorf("migration %d (%s): %w", m.version, m.name, err)
	}
	if _, err := w.conn.ExecContext(ctx, "INSERT INTO schema_migrations (version, name) VALUES (?, ?)", m.version, m.name); err != nil {
		return false, err
	}
	b.good++
	return true, nil
}

// missing is the first migration that the database does not have. Migrations are
// independent of each other unless a later one says so by its number, so one that
// was written earlier than the last applied one is applied after it.
func missing(ctx context.Context, c *conn, list []migration) (*migration, error) {
	applied, err := appliedMigrations(ctx, c)
	if err != nil {
		return nil, err
	}
	if err := sqlstore.Compatible(list[len(list)-1].version, applied); err != nil {
		return nil, err
	}
	for i := range list {
		if !slices.ContainsFunc(applied, func(a sqlstore.Applied) bool { return a.Version == list[i].version }) {
			return &list[i], nil
		}
	}
	return nil, nil
}

func appliedMigrations(ctx context.Context, c *conn) (applied []sqlstore.Applied, err error) {
	rows, err := c.QueryContext(ctx, "SELECT version, name FROM schema_migrations")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var m sqlstore.Applied
		if err := rows.Scan(&m.Version, &m.Name); err != nil {
			return nil, err
		}
		applied = append(applied, m)
	}
	return applied, rows.Err()
}

// schemaVersion is the number of the last migration that was applied.
func schemaVersion(ctx context.Context, c *conn) (int, error) {
	rows, err := c.QueryContext(ctx, "SELECT COALESCE(MAX(version), 0) FROM schema_migrations")
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	version := 0
	for rows.Next() {
		if err := rows.Scan(&version); err != nil {
			return 0, err
		}
	}
	return version, rows.Err()
}
