package sqlite_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"sojourn/internal/store"
	"sojourn/internal/store/sqlite"
	"sojourn/internal/store/storetest"
)

// The program of today keeps every promise on a schema of tomorrow, in which each
// table has a column more and there is one table more: a node of it goes on, and
// starts, beside newer ones. The statements are those of every driver.
func TestTomorrowsSchema(t *testing.T) {
	storetest.Run(t, func(t *testing.T) storetest.Open {
		path := filepath.Join(t.TempDir(), "sojourn.db")
		s, err := sqlite.Open(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		s.Close()
		tomorrow(t, path)
		return func(ctx context.Context) (store.Store, error) { return sqlite.Open(ctx, path) }
	})
}

func tomorrow(t *testing.T, path string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.QueryContext(t.Context(), "SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'schema_migrations' AND name NOT LIKE 'sqlite_%'")
	if err != nil {
		t.Fatal(err)
	}
	script := []string{"CREATE TABLE of_tomorrow (a TEXT NOT NULL PRIMARY KEY) STRICT", "INSERT INTO schema_migrations VALUES (9999, 'tomorrow')"}
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		script = append(script, fmt.Sprintf("ALTER TABLE %s ADD COLUMN of_tomorrow TEXT NOT NULL DEFAULT 'x'", name))
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil || len(script) < 20 {
		t.Fatal(len(script), err)
	}
	if _, err := db.ExecContext(t.Context(), strings.Join(script, ";")); err != nil {
		t.Fatal(err)
	}
}
