package sqlite

import (
	"errors"
	"path/filepath"
	"testing"

	"sojourn/internal/store"
)

// firstSchema makes a database with the first migration alone, as the first
// version of the program left it, and rows in it.
func firstSchema(t *testing.T, path, rows string) {
	t.Helper()
	list, err := migrations(migrationFiles)
	if err != nil {
		t.Fatal(err)
	}
	w := newWriter(dsn(path))
	err = w.apply(t.Context(), list[:1])
	if err == nil {
		_, err = w.conn.ExecContext(t.Context(), rows)
	}
	if err = errors.Join(err, w.close()); err != nil {
		t.Fatal(err)
	}
}

// A database of the first schema keeps what is in it and takes what came later.
func TestUpgradeGivesAccountsTheirAliasesAndProfiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sojourn.db")
	firstSchema(t, path, `INSERT INTO accounts (id, name, created) VALUES ('111122223333', 'first', 7);
INSERT INTO roles (id, account, name, name_key, path, description, boundary, max_session, trust, trust_ids, created, tags)
VALUES ('AROA1', '111122223333', 'Deploy', 'deploy', '/ci/', '', '', 3600000000, '{}', '{}', 7, '[]');`)
	s := openAt(t, path)
	want := store.InstanceProfile{Account: "111122223333", Name: "web", Path: "/", ID: "AIPA1", RoleID: "AROA1"}
	err := s.Update(t.Context(), func(tx store.Tx) error {
		r, err := tx.Role("111122223333", "deploy")
		if err == nil && r.Path != "/ci/" {
			t.Errorf("the role is %+v", r)
		}
		return errors.Join(err, tx.InsertInstanceProfile(want), tx.InsertAccountAlias("111122223333", "example"))
	})
	if err = errors.Join(err, s.Close()); err != nil {
		t.Fatal(err)
	}
	err = openAt(t, path).View(t.Context(), func(tx store.Tx) error {
		alias, err := tx.AccountAlias("111122223333")
		list, listErr := tx.InstanceProfilesOf("AROA1")
		if alias != "example" || len(list) != 1 || list[0].Name != "web" {
			t.Errorf("alias %q, profiles %+v", alias, list)
		}
		return errors.Join(err, listErr)
	})
	if err != nil {
		t.Fatal(err)
	}
}
