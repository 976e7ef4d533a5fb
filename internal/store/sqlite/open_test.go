package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"sojourn/internal/store"
)

func openAt(t *testing.T, path string) *Store {
	t.Helper()
	s, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func addAccount(s *Store, id string) error {
	return s.Update(context.Background(), func(tx store.Tx) error {
		return tx.InsertAccount(store.Account{ID: id, Name: "name"})
	})
}

func accounts(t *testing.T, s *Store) map[string]bool {
	t.Helper()
	out := map[string]bool{}
	err := s.View(t.Context(), func(tx store.Tx) error {
		list, err := tx.Accounts()
		for _, a := range list {
			out[a.ID] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// The settings on which durability and isolation stand are in force on every connection.
func TestSettings(t *testing.T) {
	s := openAt(t, filepath.Join(t.TempDir(), "sojourn.db"))
	if err := addAccount(s, "1"); err != nil {
		t.Fatal(err)
	}
	reader, err := s.readers.get(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer s.readers.put(reader, nil)
	for pragma, want := range map[string][2]string{
		"journal_mode": {"wal", "wal"}, "synchronous": {"2", "2"}, "foreign_keys": {"1", "1"},
		"busy_timeout": {"10000", "10000"}, "query_only": {"0", "1"}, "trusted_schema": {"0", "0"},
	} {
		for i, c := range []*conn{s.writer.conn, reader} {
			var got string
			if err := c.conn.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got); err != nil || got != want[i] {
				t.Errorf("connection %d: %s is %q, %v, want %q", i, pragma, got, err, want[i])
			}
		}
	}
}

func TestModes(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "sojourn.db")
	check := func() {
		t.Helper()
		for _, suffix := range []string{"", "-wal", "-shm"} {
			info, err := os.Stat(path + suffix)
			if err != nil || info.Mode() != 0o600 {
				t.Errorf("sojourn.db%s: mode %v, %v, want -rw-------", suffix, info.Mode(), err)
			}
		}
	}
	s := openAt(t, path)
	if err := addAccount(s, "1"); err != nil {
		t.Fatal(err)
	}
	check()
	for _, suffix := range []string{"", "-wal", "-shm"} { // as a careless copy leaves them
		if err := os.Chmod(path+suffix, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	openAt(t, path)
	check()
}

func TestOddPaths(t *testing.T) {
	for _, name := range []string{"a b", "a?mode=memory", "a#b", "a%41b", "ä&_query_only=1", "file:x"} {
		dir := filepath.Join(t.TempDir(), name)
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, name+".db")
		s := openAt(t, path)
		if err := errors.Join(addAccount(s, "1"), s.Close()); err != nil {
			t.Errorf("%q: %v", name, err)
		}
		if info, err := os.Stat(path); err != nil || info.Size() == 0 {
			t.Errorf("%q: the file was not written: %v", name, err)
		}
		if !accounts(t, openAt(t, path))["1"] {
			t.Errorf("%q: the row is not there", name)
		}
	}
}

func TestOpenFails(t *testing.T) {
	dir := t.TempDir()
	text := filepath.Join(dir, "text")
	if err := os.WriteFile(text, []byte(strings.Repeat("this is no database\n", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	for what, path := range map[string]string{"a directory": dir, "a text": text, "in no directory": filepath.Join(dir, "no", "x.db")} {
		s, err := Open(t.Context(), path)
		if err == nil {
			s.Close()
			t.Errorf("%s: no error", what)
		} else if !strings.Contains(err.Error(), fmt.Sprintf("%q", path)) {
			t.Errorf("%s: the error does not name the file: %v", what, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Open(ctx, filepath.Join(dir, "new.db")); !errors.Is(err, context.Canceled) {
		t.Errorf("with a context that has ended: %v", err)
	}
}

// Several processes may start on a directory that is empty.
func TestOpenAtTheSameTime(t *testing.T) {
	for range 5 {
		path := filepath.Join(t.TempDir(), "sojourn.db")
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				s, err := Open(t.Context(), path)
				if err != nil {
					t.Errorf("Open: %v", err)
					return
				}
				if err := errors.Join(addAccount(s, fmt.Sprint(i)), s.Close()); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if got := accounts(t, openAt(t, path)); len(got) != 8 {
			t.Errorf("%d accounts", len(got))
		}
	}
}

func TestNewerSchema(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sojourn.db")
	s := openAt(t, path)
	_, err := s.writer.conn.conn.ExecContext(t.Context(), "INSERT INTO schema_migrations (version, name) VALUES (9999, 'future'), (9998, 'change.breaking')")
	if err = errors.Join(err, s.Close()); err != nil {
		t.Fatal(err)
	}
	if _, err = Open(t.Context(), path); err == nil || !strings.Contains(err.Error(), "version 9998") || !strings.Contains(err.Error(), "newer") {
		t.Fatalf("Open of a newer database: %v", err)
	}
}

// A migration is applied whole or not at all, and an older database is brought up step by step.
func TestMigrations(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sojourn.db")
	w := newWriter(dsn(path))
	t.Cleanup(func() { w.close() })
	good := []migration{{1, "one", "CREATE TABLE one (a TEXT) STRICT; INSERT INTO one VALUES ('x');"}}
	if err := errors.Join(w.apply(t.Context(), good), w.apply(t.Context(), good)); err != nil {
		t.Fatal(err)
	}
	bad := append(good, migration{2, "two", "CREATE TABLE two (a TEXT) STRICT; INSERT INTO nowhere VALUES ('x');"})
	if err := w.apply(t.Context(), bad); err == nil || !strings.Contains(err.Error(), "migration 2 (two)") {
		t.Fatalf("a migration that fails: %v", err)
	}
	better := append(good, migration{2, "two", "CREATE TABLE two AS SELECT a FROM one;"}, migration{3, "three", "DROP TABLE one;"})
	if err := w.apply(t.Context(), better); err != nil {
		t.Fatal(err)
	}
	var got string
	if err := w.conn.conn.QueryRowContext(t.Context(), "SELECT a FROM two").Scan(&got); err != nil || got != "x" {
		t.Fatalf("after the migrations: %q, %v", got, err)
	}
	late := append(better, migration{20, "twenty", "CREATE TABLE twenty (a TEXT) STRICT;"})
	if err := w.apply(t.Context(), late); err != nil {
		t.Fatal(err)
	}
	// One that was written meanwhile has a number in between.
	between := append(slices.Clone(better), migration{7, "seven", "INSERT INTO twenty VALUES ('7');"}, late[3])
	if err := errors.Join(w.apply(t.Context(), between), w.apply(t.Context(), between)); err != nil {
		t.Fatal(err)
	}
	if err := w.conn.conn.QueryRowContext(t.Context(), "SELECT group_concat(a) FROM twenty").Scan(&got); err != nil || got != "7" {
		t.Fatalf("after a late migration: %q, %v", got, err)
	}
	if err := w.apply(t.Context(), better); err != nil {
		t.Fatalf("a newer schema: %v", err)
	}
	if version, err := schemaVersion(t.Context(), w.conn); err != nil || version != 20 {
		t.Fatalf("schema version %d, %v", version, err)
	}
}

func TestMigrationFiles(t *testing.T) {
	if list, err := migrations(migrationFiles); err != nil || len(list) == 0 {
		t.Fatalf("the embedded files: %d, %v", len(list), err)
	}
	for _, names := range [][]string{{"0000_b.sql"}, {"0001_a.sql", "0001_b.sql"}, {"first.sql"}, {"3_c.sql"}} {
		files := fstest.MapFS{}
		for _, n := range names {
			files["migrations/"+n] = &fstest.MapFile{}
		}
		if _, err := migrations(files); err == nil {
			t.Errorf("%q: no error", names)
		}
	}
}
