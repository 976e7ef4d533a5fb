package storetest

import (
	"testing"

	"sojourn/internal/store"
)

// directoryTests are about LDAP directories.
var directoryTests = map[string]func(*testing.T, *database){
	"Record": directoryRecord,
	"Names":  directoryNames,
}

func directoryRecord(t *testing.T, db *database) {
	d, changed := fill[store.Directory](1), fill[store.Directory](2)
	changed.Account, changed.ID, changed.Region, changed.Created = d.Account, d.ID, d.Region, d.Created
	bare := store.Directory{Account: other, Name: d.Name, ID: "bare"}
	db.update(t, func(tx store.Tx) {
		ok(t, tx.InsertDirectory(d))
		got, err := tx.Directory(d.Account, d.ID)
		equal(t, "Directory", got, err, d)
		is(t, "the id of another account's", tx.InsertDirectory(store.Directory{Account: other, Name: "x", ID: d.ID}), store.ErrExists)
		ok(t, tx.UpdateDirectory(changed))
		ok(t, tx.InsertDirectory(bare))
	})
	db.update(t, func(tx store.Tx) {
		got, err := tx.Directory(d.Account, d.ID)
		equal(t, "Directory, changed", got, err, changed)
		got, err = tx.Directory(other, "bare")
		equal(t, "Directory, bare", got, err, bare)
		_, err = tx.Directory(other, d.ID)
		is(t, "Directory by another account", err, store.ErrNotFound)
		is(t, "DeleteDirectory by another account", tx.DeleteDirectory(other, d.ID), store.ErrNotFound)
		ok(t, tx.DeleteDirectory(d.Account, d.ID))
		is(t, "DeleteDirectory", tx.DeleteDirectory(d.Account, d.ID), store.ErrNotFound)
		is(t, "UpdateDirectory", tx.UpdateDirectory(changed), store.ErrNotFound)
		_, err = tx.Directory(other, "bare")
		ok(t, err)
	})
}

func directoryNames(t *testing.T, db *database) {
	directory := func(name string) store.Directory {
		return store.Directory{Account: account, Name: name, ID: "d-" + name}
	}
	db.update(t, func(tx store.Tx) {
		for _, name := range []string{"Staff", "contractors", "Lab"} {
			ok(t, tx.InsertDirectory(directory(name)))
		}
		taken := directory("STAFF")
		is(t, "a name in another case", tx.InsertDirectory(taken), store.ErrExists)
		taken.ID = "d-Lab"
		is(t, "a rename to a name taken", tx.UpdateDirectory(taken), store.ErrExists)
		list, err := tx.Directories(account)
		equal(t, "Directories", names(list, func(d store.Directory) string { return d.Name }), err, []string{"contractors", "Lab", "Staff"})
		list, err = tx.Directories(other)
		equal(t, "Directories of another account", len(list), err, 0)
	})
}
