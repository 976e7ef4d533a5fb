package storetest

import (
	"fmt"
	"testing"

	"sojourn/internal/store"
)

var packTests = map[string]func(*testing.T, *database){
	"Order":   packOrder,
	"Delete":  deletePacks,
	"Uploads": uploads,
	"Kill":    killUploads,
	"Trash":   trash,
}

func wantPacks(t *testing.T, tx store.Tx, repo string, want ...string) {
	t.Helper()
	list, err := tx.Packs(repo)
	equal(t, "Packs of "+repo, names(list, func(p store.Pack) string { return p.ID }), err, want)
}

func addPacks(t *testing.T, tx store.Tx, repo string, ids ...string) {
	t.Helper()
	for _, id := range ids {
		ok(t, tx.InsertPack(store.Pack{Repo: repo, ID: id, AddedVersion: 1}))
	}
}

func packOrder(t *testing.T, db *database) {
	withRepository(t, db)
	db.update(t, func(tx store.Tx) {
		ok(t, tx.InsertRepository(repository("r-2", "another")))
		addPacks(t, tx, "r-1", "m", "z")
		addPacks(t, tx, "r-2", "m")
	})
	db.update(t, func(tx store.Tx) {
		addPacks(t, tx, "r-1", "a")
		ok(t, tx.DeletePacks("r-1", []string{"z"}, 1))
		addPacks(t, tx, "r-1", "b")
		wantPacks(t, tx, "r-1", "m", "a", "b")
		wantPacks(t, tx, "r-2", "m")
		wantPacks(t, tx, "absent")
	})
}

func deletePacks(t *testing.T, db *database) {
	withRepository(t, db)
	many := make([]string, 130)
	db.update(t, func(tx store.Tx) {
		for i := range many {
			many[i] = fmt.Sprintf("p%03d", i)
		}
		addPacks(t, tx, "r-1", many...)
		addPacks(t, tx, "r-1", "stays")
		ok(t, tx.DeletePacks("r-1", nil, 5))
		ok(t, tx.DeletePacks("r-1", many, 5))
		wantPacks(t, tx, "r-1", "stays")
	})
	db.view(t, func(tx store.Tx) {
		list, err := tx.Trash(6, 0)
		equal(t, "Trash", names(list, func(u store.Upload) string { return u.Pack }), err, many)
	})
	// A compaction whose packs another has replaced must not be committed.
	for _, ids := range [][]string{{"gone"}, {"stays", "gone"}, {many[0]}} {
		is(t, "DeletePacks", db.Update(t.Context(), func(tx store.Tx) error { return tx.DeletePacks("r-1", ids, 9) }), store.ErrNotFound)
	}
	db.view(t, func(tx store.Tx) { wantPacks(t, tx, "r-1", "stays") })
}

func uploads(t *testing.T, db *database) {
	open := store.Upload{Repo: "r-1", Pack: "p", At: 100}
	db.update(t, func(tx store.Tx) {
		ok(t, tx.OpenUpload(open))
		is(t, "OpenUpload", tx.OpenUpload(open), store.ErrExists)
		ok(t, tx.OpenUpload(store.Upload{Repo: "r-2", Pack: "p", At: 100}))
	})
	db.update(t, func(tx store.Tx) {
		ok(t, tx.ConsumeUpload("r-1", "p"))
		is(t, "ConsumeUpload", tx.ConsumeUpload("r-1", "p"), store.ErrNotFound)
		is(t, "ConsumeUpload", tx.ConsumeUpload("r-1", "absent"), store.ErrNotFound)
		ok(t, tx.ConsumeUpload("r-2", "p"))
	})
	db.update(t, func(tx store.Tx) {
		ok(t, tx.OpenUpload(open))
		ok(t, tx.DeleteUpload("r-1", "p"))
		ok(t, tx.DeleteUpload("r-1", "p"))
		is(t, "ConsumeUpload", tx.ConsumeUpload("r-1", "p"), store.ErrNotFound)
	})
}

// The fence between a paused node and the sweeper: a dead intent is never consumed.
func killUploads(t *testing.T, db *database) {
	old, edge := store.Upload{Repo: "r-1", Pack: "old", At: 99}, store.Upload{Repo: "r-1", Pack: "edge", At: 100}
	db.update(t, func(tx store.Tx) {
		ok(t, tx.OpenUpload(old))
		ok(t, tx.OpenUpload(edge))
		dead, err := tx.KillUploads(100)
		equal(t, "KillUploads", dead, err, []store.Upload{old})
	})
	db.update(t, func(tx store.Tx) {
		is(t, "ConsumeUpload of a dead one", tx.ConsumeUpload("r-1", "old"), store.ErrNotFound)
		dead, err := tx.KillUploads(0) // a sweeper that died left one dead
		equal(t, "KillUploads", dead, err, []store.Upload{old})
		is(t, "OpenUpload of a dead one", tx.OpenUpload(old), store.ErrExists)
		ok(t, tx.DeleteUpload("r-1", "old"))
		dead, err = tx.KillUploads(0)
		equal(t, "KillUploads", len(dead), err, 0)
		ok(t, tx.ConsumeUpload("r-1", "edge"))
	})
}

func trash(t *testing.T, db *database) {
	withRepository(t, db)
	db.update(t, func(tx store.Tx) {
		addPacks(t, tx, "r-1", "a", "b", "c")
		ok(t, tx.DeletePacks("r-1", []string{"b"}, 10))
		ok(t, tx.DeletePacks("r-1", []string{"a"}, 20))
		ok(t, tx.DeletePacks("r-1", []string{"c"}, 5))
	})
	a, b, c := store.Upload{Repo: "r-1", Pack: "a", At: 20}, store.Upload{Repo: "r-1", Pack: "b", At: 10}, store.Upload{Repo: "r-1", Pack: "c", At: 5}
	db.update(t, func(tx store.Tx) {
		for _, test := range []struct {
			before int64
			limit  int
			want   []store.Upload
		}{{100, 0, []store.Upload{c, b, a}}, {100, 2, []store.Upload{c, b}}, {20, 0, []store.Upload{c, b}}, {5, 0, nil}} {
			got, err := tx.Trash(test.before, test.limit)
			equal(t, fmt.Sprintf("Trash %d %d", test.before, test.limit), got, err, test.want)
		}
		ok(t, tx.EmptyTrash("r-1", "b"))
		ok(t, tx.EmptyTrash("r-1", "b"))
		got, err := tx.Trash(100, 0)
		equal(t, "Trash", got, err, []store.Upload{c, a})
	})
}
