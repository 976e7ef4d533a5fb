package postgres_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"sojourn/internal/awserr"
	"sojourn/internal/store"
	"sojourn/internal/store/postgres"
	"sojourn/internal/store/postgres/postgrestest"
	"sojourn/internal/store/sqlite"
	"sojourn/internal/store/sqlstore"
)

func open(t *testing.T, url string) *postgres.Store {
	t.Helper()
	s, err := postgres.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { // which waits for connections to it, and fails where one was left open
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func refused(t *testing.T, url, want string) {
	t.Helper()
	s, err := postgres.Open(t.Context(), url)
	if err == nil {
		s.Close()
		t.Fatalf("it opened, want an error with %q", want)
	}
	if !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), postgrestest.Password) {
		t.Fatalf("the error is %q, want one with %q and no password", err, want)
	}
}

// A server that would lose commits, or mangle names, is no store.
func TestRefusals(t *testing.T) {
	weak := postgrestest.Start(t, "fsync=off")
	refused(t, weak.URL("postgres"), "fsync=off")
	const ascii = "CREATE DATABASE ascii ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0"
	if err := postgrestest.Exec(server.URL("postgres"), ascii); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { // which waits for connections to it, and fails where one was left open
		if err := postgrestest.Exec(server.URL("postgres"), "DROP DATABASE ascii"); err != nil {
			t.Error(err)
		}
	})
	refused(t, server.URL("ascii"), "encoding is SQL_ASCII")
	refused(t, strings.Replace(server.URL("postgres"), "31@", "32@", 1), "password authentication failed")
	refused(t, server.URL("nosuch"), `"nosuch" does not exist`)
	refused(t, "mysql://sojourn:"+postgrestest.Password+"@localhost/x", "want postgres://")
	refused(t, "postgres://sojourn:"+postgrestest.Password+"@localhost/x?pool_max_conns=0", "pool_max_conns")
	refused(t, "postgres://sojourn:"+postgrestest.Password+"@localhost:port/x", "")
}

func TestNewerSchema(t *testing.T) {
	url := server.Database(t)
	if err := open(t, url).Close(); err != nil {
		t.Fatal(err)
	}
	// A node of tomorrow has added what this one need not know.
	for _, statement := range []string{"INSERT INTO schema_migrations VALUES (998, 'more')",
		"ALTER TABLE accounts ADD COLUMN of_tomorrow TEXT NOT NULL DEFAULT 'x'", "CREATE TABLE of_tomorrow (a TEXT)"} {
		if err := postgrestest.Exec(url, statement); err != nil {
			t.Fatal(err)
		}
	}
	if err := addAccount(open(t, url), "000000000001"); err != nil {
		t.Error(err)
	}
	if err := postgrestest.Exec(url, "INSERT INTO schema_migrations VALUES (999, 'later.breaking')"); err != nil {
		t.Fatal(err)
	}
	refused(t, url, "use the newer program")
}

// A node goes on while another brings the schema up to date beneath it.
func TestSchemaChangesBelow(t *testing.T) {
	url := server.Database(t)
	s := open(t, url)
	for i := range 3 {
		if err := addAccount(s, fmt.Sprintf("%012d", 2*i)); err != nil {
			t.Fatal(err)
		}
		if err := postgrestest.Exec(url, fmt.Sprintf("ALTER TABLE accounts ADD COLUMN tomorrow%d TEXT NOT NULL DEFAULT 'x'", i)); err != nil {
			t.Fatal(err)
		}
		if err := addAccount(s, fmt.Sprintf("%012d", 2*i+1)); err != nil {
			t.Errorf("after the change: %v", err)
		}
		if err := s.View(t.Context(), func(tx store.Tx) error { _, err := tx.Accounts(); return err }); err != nil {
			t.Errorf("after the change: %v", err)
		}
	}
}

// Both drivers have the same migrations, and say what these break.
func TestMigrations(t *testing.T) {
	names, scripts, err := postgres.Migrations()
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("../sqlite/migrations/*.sql")
	if err != nil || len(files) != len(names) {
		t.Errorf("%d migrations here and %d of SQLite's, %v", len(names), len(files), err)
	}
	for _, file := range files {
		number, name, _ := strings.Cut(strings.TrimSuffix(filepath.Base(file), ".sql"), "_")
		if n, _ := strconv.Atoi(number); names[n] != name {
			t.Errorf("migration %s is %q here and %q in SQLite", number, names[n], name)
		}
	}
	for name, script := range scripts {
		if err := sqlstore.Additive(name, script); err != nil {
			t.Error(err)
		}
	}
}

// Who set the database to answer before a commit is safe did not mean us.
func TestCommitsAreDurable(t *testing.T) {
	for set, want := range map[string]string{"off": "on", "local": "on", "remote_apply": "remote_apply"} {
		url := server.Database(t)
		name := url[strings.LastIndexByte(url, '/')+1:]
		if err := postgrestest.Exec(url, "ALTER DATABASE "+name+" SET synchronous_commit = "+set); err != nil {
			t.Fatal(err)
		}
		if got, err := open(t, url).Setting(t.Context(), "synchronous_commit"); err != nil || got != want {
			t.Errorf("synchronous_commit is %s where the database has %s, want %s (%v)", got, set, want, err)
		}
	}
}

// A connection to another machine is one to the machine that was named.
func TestAddresses(t *testing.T) {
	for url, want := range map[string]bool{
		"postgres://u@db.example.com/x":                     true,
		"postgres://u@10.1.2.3:5433/x":                      true,
		"postgres:///x?host=db.example.com":                 true,
		"postgres://u@db.example.com/x?sslmode=disable":     false,
		"postgres://u@localhost/x":                          false,
		"postgres:///x?host=/var/run/postgresql":            false,
		"postgres://u@127.0.0.1/x?sslmode=verify-full":      true,
		"postgresql://u@db.example.com/x?connect_timeout=3": true,
	} {
		if _, verifies, err := postgres.Parse(url); err != nil || verifies != want {
			t.Errorf("%s: verifies %v, want %v (%v)", url, verifies, want, err)
		}
	}
	if shown, _, err := postgres.Parse("postgres://u:secret-word@db.example.com/x"); err != nil || strings.Contains(shown, "secret") {
		t.Errorf("shown as %q, %v", shown, err)
	}
}

// Nodes that start at the same time make the schema once.
func TestOpenTogether(t *testing.T) {
	url := server.Database(t)
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() {
			s, err := postgres.Open(t.Context(), url)
			if err != nil {
				t.Error(err)
				return
			}
			s.Close()
		})
	}
	wg.Wait()
}

func addAccount(s store.Store, id string) error {
	return s.Update(context.Background(), func(tx store.Tx) error {
		return tx.InsertAccount(store.Account{ID: id, Name: id, Created: time.Unix(1, 0)})
	})
}

// What another node commits has another version, soon.
func TestVersionOfOthers(t *testing.T) {
	url := server.Database(t)
	a, b := open(t, url), open(t, url)
	for end := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) { // until it knows
		if v := a.Version(); v == a.Version() {
			break
		}
		if time.Now().After(end) {
			t.Fatal("the version never holds still")
		}
	}
	before := a.Version()
	if err := addAccount(b, "000000000001"); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(time.Minute); a.Version() == before; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the other's commit was never seen")
		}
	}
}

// A server that is killed and comes back is met again by itself; what it had
// acknowledged is there, and while it is away nothing that was read is trusted.
func TestServerIsKilled(t *testing.T) {
	own := postgrestest.Start(t)
	s := open(t, own.URL("postgres"))
	if err := addAccount(s, "000000000001"); err != nil {
		t.Fatal(err)
	}
	own.Kill()
	if err := addAccount(s, "000000000002"); err == nil {
		t.Error("a commit without a server")
	}
	if err := s.Ping(t.Context()); err == nil {
		t.Error("a ping without a server")
	}
	time.Sleep(store.VersionAge) // the longest that it may not know
	if v := s.Version(); v == s.Version() {
		t.Error("the version stands still though nobody knows what was committed")
	}
	if err := own.Run(); err != nil {
		t.Fatal(err)
	}
	if err := addAccount(s, "000000000003"); err != nil {
		t.Errorf("after the server came back: %v", err)
	}
	var list []store.Account
	err := s.View(t.Context(), func(tx store.Tx) (err error) {
		list, err = tx.Accounts()
		return err
	})
	if err != nil || len(list) < 2 || list[0].ID != "000000000001" {
		t.Errorf("the accounts are %v, %v", list, err)
	}
}

// A server whose disk is full says so, at a statement or at the commit; nothing
// is changed, callers are told what it is, and when there is room all goes on.
func TestFullDisk(t *testing.T) {
	own := postgrestest.Start(t)
	url := own.URL("postgres")
	s := open(t, url)
	admin, err := sql.Open("pgx", url)
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	run := func(statement string) {
		t.Helper()
		if _, err := admin.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	run("CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full'; END $$")
	for at, trigger := range map[string]string{
		"statement": "CREATE TRIGGER full_disk AFTER INSERT ON accounts FOR EACH ROW EXECUTE FUNCTION full_disk()",
		"commit":    "CREATE CONSTRAINT TRIGGER full_disk AFTER INSERT ON accounts DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION full_disk()",
	} {
		run(trigger)
		err := addAccount(s, "000000000001")
		if told := awserr.From(err); !errors.Is(err, store.ErrDisk) || told.Status != http.StatusServiceUnavailable || !strings.Contains(told.Message, "disk") {
			t.Errorf("%s: the error is %v, and callers are told %d %q", at, err, told.Status, told.Message)
		}
		run("DROP TRIGGER full_disk ON accounts")
	}
	if err := addAccount(s, "000000000001"); err != nil {
		t.Errorf("with room again: %v", err)
	}
}

// Both drivers have the same tables, so that what is moved from one to the other
// finds its place, and a migration of one is not forgotten for the other.
func TestSameTablesAsSQLite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sojourn.db")
	lite, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	lite.Close()
	want := columns(t, "sqlite", path, `SELECT m.name || '.' || c.name, CASE c.type WHEN 'INTEGER' THEN 'bigint' WHEN 'BLOB' THEN 'bytea' ELSE 'text' END || ' ' || c."notnull"
		FROM sqlite_schema m JOIN pragma_table_info(m.name) c WHERE m.type = 'table'`)
	url := server.Database(t)
	open(t, url)
	got := columns(t, "pgx", url, `SELECT table_name || '.' || column_name, data_type || ' ' || CASE is_nullable WHEN 'NO' THEN 1 ELSE 0 END
		FROM information_schema.columns WHERE table_schema = 'public'`)
	for name := range maps.Keys(want) {
		if got[name] != want[name] {
			t.Errorf("%s is %q here and %q in SQLite", name, got[name], want[name])
		}
		delete(got, name)
	}
	for name := range got {
		t.Errorf("%s is not in SQLite", name)
	}
	// Names are compared byte by byte.
	for name, collation := range columns(t, "pgx", url, `SELECT table_name || '.' || column_name, COALESCE(collation_name, '')
		FROM information_schema.columns WHERE table_schema = 'public' AND data_type = 'text' AND table_name <> 'schema_migrations'`) {
		if collation != "C" {
			t.Errorf("%s has collation %q", name, collation)
		}
	}
}

func columns(t *testing.T, driver, source, query string) map[string]string {
	t.Helper()
	db, err := sql.Open(driver, source)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	found := map[string]string{}
	for rows.Next() {
		var name, kind string
		if err := rows.Scan(&name, &kind); err != nil {
			t.Fatal(err)
		}
		found[name] = kind
	}
	if rows.Err() != nil || len(found) == 0 {
		t.Fatalf("%d columns, %v", len(found), rows.Err())
	}
	return found
}
