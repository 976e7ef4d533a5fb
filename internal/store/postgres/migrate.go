package postgres

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
)

// The files have the numbers and names of SQLite's, and make the same tables; a
// test compares them. One that has been in a release is never changed.
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
		number, title, _ := strings.Cut(strings.TrimSuffix(strings.TrimPrefix(name, "migrations/"), ".sql"), "_")
		if n, err := strconv.Atoi(number); err != nil || n != i+1 {
			return nil, fmt.Errorf("migration %q: want number %d", name, i+1)
		}
		out = append(out, migration{i + 1, title, string(script)})
	}
	return out, nil
}

// schemaLock is the advisory lock of who changes the schema. Nodes start at the
// same time, and one of them shall do it.
const schemaLock = 0x736f6a6f75726e

// migrate brings the schema up to date, each migration in a transaction.
func migrate(ctx context.Context, db *sql.DB) error {
	list, err := migrations(migrationFiles)
	if err != nil {
		return err
	}
	for more := true; more; {
		if more, err = migrateNext(ctx, db, list); err != nil {
			return err
		}
	}
	return nil
}

func migrateNext(ctx context.Context, db *sql.DB, list []migration) (more bool, err error) {
	// Where nothing is missing no lock is taken, and no right to make tables is needed.
	if version, err := appliedVersion(ctx, db); err == nil && version == len(list) {
		return false, nil
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return false, err
	}
	defer tx.Rollback() //nolint:errcheck // after a commit there is nothing to take back
	if _, err := tx.ExecContext(ctx, "SELECT pg_advisory_xact_lock($1)", int64(schemaLock)); err != nil {
		return false, err
	}
	if _, err := tx.ExecContext(ctx, `CREATE TABLE IF NOT EXISTS schema_migrations (version BIGINT NOT NULL PRIMARY KEY, name TEXT NOT NULL)`); err != nil {
		return false, err
	}
	version, err := appliedVersion(ctx, tx)
	switch {
	case err != nil:
		return false, err
	case version > len(list):
		return false, fmt.Errorf("its schema is version %d and this program knows %d: use the newer program that wrote it", version, len(list))
	case version == len(list):
		return false, nil
	}
	m := list[version]
	if _, err := tx.ExecContext(ctx, m.script); err != nil {
		return false, fmt.Errorf("migration %d (%s): %w", m.version, m.name, err)
	}
	if _, err := tx.ExecContext(ctx, "INSERT INTO schema_migrations (version, name) VALUES ($1, $2)", m.version, m.name); err != nil {
		return false, err
	}
	return m.version < len(list), tx.Commit()
}

type querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// appliedVersion is the number of the last migration that was applied.
func appliedVersion(ctx context.Context, db querier) (version int, err error) {
	err = db.QueryRowContext(ctx, "SELECT COALESCE(MAX(version), 0) FROM schema_migrations").Scan(&version)
	return version, err
}
