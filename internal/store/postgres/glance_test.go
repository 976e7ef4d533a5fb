package postgres_test

import (
	"errors"
	"regexp"
	"strings"
	"testing"

	"sojourn/internal/store"
	"sojourn/internal/store/postgres/postgrestest"
)

// A request that needs one row costs the database one statement; what needs more
// reads all of it on one snapshot.
func TestGlance(t *testing.T) {
	own := postgrestest.Start(t, "log_statement=all")
	url := own.URL("postgres")
	s := open(t, url)
	for _, id := range []string{"000000000001", "000000000002"} {
		if err := addAccount(s, id); err != nil {
			t.Fatal(err)
		}
	}
	// said is what the database was asked during f, beside what connections ask for themselves.
	said := func(f func()) (statements []string) {
		before := len(own.Log())
		f()
		for line := range strings.Lines(own.Log()[before:]) {
			if _, statement, ok := strings.Cut(line, "LOG:  "); ok && !ofConnections.MatchString(statement) {
				_, statement, _ = strings.Cut(statement, ": ")
				statements = append(statements, strings.Fields(statement)[0])
			}
		}
		return statements
	}
	account := func(tx store.Tx) error { _, err := tx.Account("000000000001"); return err }
	for _, c := range []struct {
		what, want string
		f          func(tx store.Tx) error
		err        error
	}{
		{"one row", "SELECT", account, nil},
		{"a row that is not there", "SELECT", func(tx store.Tx) error { _, err := tx.Account("x"); return err }, store.ErrNotFound},
		{"nothing", "", func(store.Tx) error { return errMine }, errMine},
		{"two rows", "SELECT BEGIN SELECT SELECT ROLLBACK", func(tx store.Tx) error { return errors.Join(account(tx), account(tx)) }, nil},
	} {
		var err error
		got := strings.Join(said(func() { err = s.Glance(t.Context(), c.f) }), " ")
		if got != c.want || !errors.Is(err, c.err) {
			t.Errorf("%s: the database was asked %q, want %q; %v", c.what, got, c.want, err)
		}
	}
	err := s.Glance(t.Context(), func(tx store.Tx) error { return tx.InsertAccount(store.Account{ID: "000000000003", Name: "x"}) })
	if err == nil {
		t.Error("it may write")
	}
	own.Kill() // with connections in the pool
	if err := own.Run(); err != nil {
		t.Fatal(err)
	}
	if err := s.Glance(t.Context(), account); err != nil {
		t.Errorf("after the server's crash: %v", err)
	}
	own.Kill()
	if err := s.Glance(t.Context(), account); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("without a server: %v", err)
	}
}

var ofConnections = regexp.MustCompile("pg_current_snapshot|current_setting|-- ping")

var errMine = errors.New("mine")
