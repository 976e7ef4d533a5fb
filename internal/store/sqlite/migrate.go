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
)

// The files are applied in the order of their numbers, each once and whole. One
// that has been in a release is never changed: what is to be different comes
// in a new one.
//
//go:embed migrations/*.sql
var migrationFiles embed.FS

type migration struct {
	version int
	name    string
	script  string
}

// migrations reads the files NNNN_name.sql, whose numbers are 1, 2, 3, …
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
		if n, err := strconv.Atoi(number); err != nil || n != i+1 {
			return nil, fmt.Errorf("migration %q: want number %d", name, i+1)
		}
		out = append(out, migration{version: i + 1, name: title, script: string(script)})
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
	version, err := schemaVersion(ctx, w.conn)
	switch {
	case err != nil:
		return false, err
	case version > len(list):
		return false, fmt.Errorf("its schema is version %d and this program knows %d: use the newer program that wrote it", version, len(list))
	case version == len(list):
		return false, nil
	}
	m := list[version]
	if _, err := w.conn.conn.ExecContext(ctx, m.script); err != nil {
		return false, fmt.Errorf("migration %d (%s): %w", m.version, m.name, err)
	}
	if _, err := w.conn.ExecContext(ctx, "INSERT INTO schema_migrations (version, name) VALUES (?, ?)", m.version, m.name); err != nil {
		return false, err
	}
	b.good++
	return m.version < len(list), nil
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
