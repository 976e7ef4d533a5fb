package storetest

import (
	"testing"

	"sojourn/internal/store"
)

var maintenanceTests = map[string]func(*testing.T, *database){
	"Leases":       leases,
	"Loads":        packLoads,
	"Bytes":        accountBytes,
	"Repositories": allRepositories,
	"Left":         leftInStore,
	"Events":       events,
}

func leases(t *testing.T, db *database) {
	db.update(t, func(tx store.Tx) {
		ok(t, tx.TakeLease("l", "a", 100, 200))
		is(t, "TakeLease", tx.TakeLease("l", "b", 150, 300), store.ErrExists)
		is(t, "TakeLease", tx.TakeLease("l", "b", 200, 300), store.ErrExists)
		ok(t, tx.TakeLease("l", "a", 150, 250))
		ok(t, tx.TakeLease("another", "b", 150, 250))
		ok(t, tx.DropLease("l", "b"))
		is(t, "TakeLease", tx.TakeLease("l", "b", 250, 300), store.ErrExists)
		ok(t, tx.TakeLease("l", "b", 251, 300))
	})
	db.update(t, func(tx store.Tx) {
		owner, until, err := tx.Lease("l")
		equal(t, "Lease", owner, err, "b")
		equal(t, "Lease", until, err, 300)
		ok(t, tx.DropLease("l", "b"))
		ok(t, tx.DropLease("l", "b"))
		_, _, err = tx.Lease("l")
		is(t, "Lease", err, store.ErrNotFound)
		ok(t, tx.TakeLease("l", "a", 100, 200))
	})
}

func packLoads(t *testing.T, db *database) {
	withRepository(t, db)
	db.update(t, func(tx store.Tx) {
		ok(t, tx.InsertRepository(repository("r-2", "another")))
		ok(t, tx.InsertRepository(repository("r-3", "empty")))
		for _, p := range []store.Pack{
			{Repo: "r-1", ID: "a", Size: 10, Objects: 3, Kind: "push"}, {Repo: "r-1", ID: "b", Size: 100, Objects: 30, Kind: "base", Added: 7},
			{Repo: "r-1", ID: "c", Size: 20, Objects: 4, Kind: "compact", Added: 9}, {Repo: "r-1", ID: "d", Size: 5, Objects: 1, Kind: "unreachable", Added: 7}, {Repo: "r-2", ID: "a", Size: 1 << 40, Objects: 1, Kind: "push"},
		} {
			ok(t, tx.InsertPack(p))
		}
	})
	db.view(t, func(tx store.Tx) {
		got, err := tx.PackLoads()
		equal(t, "PackLoads", got, err, []store.PackLoad{
			{Repo: "r-1", Packs: 4, Size: 135, BaseSize: 105, Objects: 38, BaseAdded: 7}, {Repo: "r-2", Packs: 1, Size: 1 << 40, Objects: 1}})
	})
}

func accountBytes(t *testing.T, db *database) {
	withRepository(t, db)
	others := repository("r-3", "another")
	others.Account = other
	db.update(t, func(tx store.Tx) {
		ok(t, tx.InsertRepository(repository("r-2", "another")))
		ok(t, tx.InsertRepository(others))
		for _, p := range []store.Pack{
			{Repo: "r-1", ID: "a", Size: 1, IdxSize: 20, BitmapSize: 300, GraphSize: 4000}, {Repo: "r-1", ID: "b", Size: 50000},
			{Repo: "r-2", ID: "a", Size: 1 << 40}, {Repo: "r-3", ID: "a", Size: 7},
		} {
			ok(t, tx.InsertPack(p))
		}
		ok(t, tx.DeletePacks("r-1", []string{"b"}, 5))
	})
	db.view(t, func(tx store.Tx) {
		for account, want := range map[string]int64{account: 1<<40 + 4321, other: 7, "000000000000": 0} {
			got, err := tx.AccountBytes(account)
			equal(t, "AccountBytes of "+account, got, err, want)
		}
	})
}

func allRepositories(t *testing.T, db *database) {
	withRepository(t, db)
	elsewhere := fill[store.Repository](3)
	elsewhere.ID = "r-0"
	db.update(t, func(tx store.Tx) { ok(t, tx.InsertRepository(elsewhere)) })
	db.view(t, func(tx store.Tx) {
		for _, c := range []struct {
			after string
			limit int
			want  []string
		}{{"", 0, []string{"r-0", "r-1"}}, {"", 1, []string{"r-0"}}, {"r-0", 5, []string{"r-1"}}, {"r-1", 0, nil}} {
			got, err := tx.AllRepositories(c.after, c.limit)
			equal(t, "AllRepositories behind "+c.after, names(got, func(r store.Repository) string { return r.ID }), err, c.want)
		}
	})
}

func leftInStore(t *testing.T, db *database) {
	withRepository(t, db)
	u := []store.Upload{{Repo: "r-1", Pack: "u1", At: 5}, {Repo: "r-1", Pack: "u2", At: 50}, {Repo: "r-9", Pack: "u1", At: 1}}
	db.update(t, func(tx store.Tx) {
		for _, one := range u {
			ok(t, tx.OpenUpload(one))
		}
		_, err := tx.KillUploads(10)
		ok(t, err)
		addPacks(t, tx, "r-1", "a", "b")
		ok(t, tx.DeletePacks("r-1", []string{"b"}, 10))
		got, err := tx.Uploads("r-1")
		equal(t, "Uploads", got, err, u[:2])
		got, err = tx.Trashed("r-1")
		equal(t, "Trashed", got, err, []store.Upload{{Repo: "r-1", Pack: "b", At: 10}})
		uploads, trash, err := tx.StoreCounts()
		equal(t, "StoreCounts", [2]int64{uploads, trash}, err, [2]int64{3, 1})
	})
}

func events(t *testing.T, db *database) {
	event := func(repo string, version int64, at int64) store.Event {
		return store.Event{Repo: repo, Version: version, Seq: 1, Kind: "k", Payload: "{}", At: at}
	}
	a, b, c := event("old", 10, 7), event("old", 11, 5), event("young", 3, 9)
	other := store.Event{Repo: "old", Version: 10, Seq: 2, Kind: "other", Payload: "{}", At: 1, Due: 99, Tries: 1}
	db.update(t, func(tx store.Tx) {
		ok(t, tx.AppendEvents(nil))
		ok(t, tx.AppendEvents([]store.Event{c, b, other, a}))
	})
	is(t, "AppendEvents", db.Update(t.Context(), func(tx store.Tx) error { return tx.AppendEvents([]store.Event{b}) }), store.ErrExists)
	db.update(t, func(tx store.Tx) {
		due := func(now int64, limit int, want ...store.Event) {
			t.Helper()
			got, err := tx.DueEvents("k", now, limit)
			equal(t, "DueEvents", got, err, want)
		}
		due(29, 0, a, b, c)
		due(29, 2, a, b)
		n, oldest, err := tx.CountEvents("k")
		equal(t, "CountEvents", [2]int64{n, oldest}, err, [2]int64{3, 5})
		ok(t, tx.DelayEvent(a.Repo, a.Version, a.Seq, 40, 2))
		is(t, "DelayEvent", tx.DelayEvent(a.Repo, a.Version+5, a.Seq, 40, 2), store.ErrNotFound)
		a.Due, a.Tries = 40, 2
		due(39, 0, c) // what is behind a waits for it
		due(40, 0, a, b, c)
		ok(t, tx.DeleteEvent(a.Repo, a.Version, a.Seq))
		ok(t, tx.DeleteEvent(a.Repo, a.Version, a.Seq))
		due(39, 0, b, c)
		ok(t, tx.DeleteEvent(b.Repo, b.Version, b.Seq))
		ok(t, tx.DeleteEvent(c.Repo, c.Version, c.Seq))
		n, oldest, err = tx.CountEvents("k")
		equal(t, "CountEvents", [2]int64{n, oldest}, err, [2]int64{0, 0})
		got, err := tx.DueEvents("other", 99, 0)
		equal(t, "DueEvents", got, err, []store.Event{other})
	})
}
