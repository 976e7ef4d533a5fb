package storetest

import (
	"testing"
	"time"

	"sojourn/internal/store"
)

var lastUseTests = map[string]func(*testing.T, *database){
	"AccessKey": accessKeyUse,
	"Role":      roleUse,
}

func usedAt(after time.Duration, service string) store.LastUse {
	return store.LastUse{At: epoch.Add(after), Service: service, Region: "é 'north'"}
}

// touches wants the latest use to stay, in whatever order they are written.
func touches(t *testing.T, db *database, touch func(store.Tx, store.LastUse) error, read func(store.Tx) (store.LastUse, error)) {
	t.Helper()
	first, second := usedAt(0, "iam"), usedAt(time.Microsecond, "codecommit")
	db.view(t, func(tx store.Tx) {
		got, err := read(tx)
		equal(t, "before any use", got, err, store.LastUse{})
	})
	for _, x := range []struct {
		what      string
		use, want store.LastUse
	}{
		{"the first", first, first}, {"a later one", second, second}, {"an earlier one", first, second},
		{"another at the same time", usedAt(time.Microsecond, "sts"), second}, {"never", store.LastUse{}, second},
	} {
		db.update(t, func(tx store.Tx) { ok(t, touch(tx, x.use)) })
		db.view(t, func(tx store.Tx) {
			got, err := read(tx)
			equal(t, x.what, got, err, x.want)
		})
	}
}

func accessKeyUse(t *testing.T, db *database) {
	k := store.AccessKey{ID: "AKIA", Account: account, UserID: "AIDA", Secret: []byte("s"), Status: "Active", Created: epoch}
	db.update(t, func(tx store.Tx) {
		ok(t, tx.InsertUser(store.User{Account: account, Name: "u", ID: "AIDA"}))
		ok(t, tx.InsertAccessKey(k))
		ok(t, tx.TouchAccessKey("absent", usedAt(0, "iam")))
	})
	touches(t, db, func(tx store.Tx, u store.LastUse) error { return tx.TouchAccessKey("AKIA", u) },
		func(tx store.Tx) (store.LastUse, error) {
			got, err := tx.AccessKey("AKIA")
			u := store.LastUse{At: got.LastUsed, Service: got.LastService, Region: got.LastRegion}
			got.LastUsed, got.LastService, got.LastRegion = time.Time{}, "", ""
			equal(t, "the rest of the key", got, err, k)
			return u, err
		})
}

func roleUse(t *testing.T, db *database) {
	r := store.Role{Account: account, Name: "r", ID: "AROA1"}
	db.update(t, func(tx store.Tx) {
		ok(t, tx.InsertRole(r))
		ok(t, tx.InsertRole(store.Role{Account: account, Name: "s", ID: "AROA2"}))
		ok(t, tx.TouchRole("absent", usedAt(0, "iam")))
	})
	touches(t, db, func(tx store.Tx, u store.LastUse) error { return tx.TouchRole("AROA1", u) },
		func(tx store.Tx) (store.LastUse, error) { return tx.RoleLastUse("AROA1") })
	db.update(t, func(tx store.Tx) {
		got, err := tx.RoleLastUse("AROA2")
		equal(t, "RoleLastUse of another", got, err, store.LastUse{})
		got, err = tx.RoleLastUse("absent")
		equal(t, "RoleLastUse of none", got, err, store.LastUse{})
		r.Name = "renamed"
		ok(t, tx.UpdateRole(r))
		got, err = tx.RoleLastUse("AROA1")
		equal(t, "RoleLastUse after an update", got, err, usedAt(time.Microsecond, "codecommit"))
		ok(t, tx.DeleteRole("AROA1"))
		ok(t, tx.InsertRole(r))
		got, err = tx.RoleLastUse("AROA1")
		equal(t, "RoleLastUse after the deletion", got, err, store.LastUse{})
	})
}
