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

	"sojourn/internal/store/sqlstore"
)

// The files have the numbers and names of SQLite's, and make the same tables; a
// test compares them. One that has been in a release is never changed. Package
// sqlstore has what "breaking" in a name means.
//
//go:embed migrations/*.sql
var migrationFiles embed.FS

type migration struct {
	version int
	name    string
	script  string
}

// migrations reads the files NNNN_name.sql, whose numbers may have gaps.
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
		n, err := strconv.Atoi(number)
		if err != nil || n < 1 || len(number) != 4 || i > 0 && n <= out[i-1].version {
			return nil, fmt.Errorf("migration %q: want a number of four digits of its own", name)
		}
		out = append(out, migration{n, title, string(script)})
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
	if next, err := missing(ctx, db, list); err == nil && next == nil {
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
	m, err := missing(ctx, tx, list)
	if err != nil || m == nil {
		return false, err
	}
	if _, err := tx.ExecContext(ctx, m.script); err != nil {
		return false, fmt.Errorf("migration %d (%s): %w", m.version, m.name, err)
	}
	if _, err := tx.ExecContext(ctx, "INSERT INTO schema_migrations (version, name) VALUES ($1, $2)", m.version, m.name); err != nil {
		return false, err
	}
	return true, tx.Commit()
}

type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// missing is the first migration that the database does not have.
func missing(ctx context.Context, db querier, list []migration) (*migration, error) {
	applied, err := appliedMigrations(ctx, db)
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

func appliedMigrations(ctx context.Context, db querier) (applied []sqlstore.Applied, err error) {
	rows, err := db.QueryContext(ctx, "SELECT version, name FROM schema_migrations")
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
