package storetest

import (
	"fmt"
	"testing"

	"sojourn/internal/store"
)

var repositoryTests = map[string]func(*testing.T, *database){
	"Names":  repositoryNames,
	"Pages":  repositoryPages,
	"Rename": renameRepository,
	"Delete": deleteRepository,
}

func repository(id, name string) store.Repository {
	return store.Repository{ID: id, Account: account, Region: region, Name: name}
}

func repositoryNames(t *testing.T, db *database) {
	elsewhere, others := repository("r-3", "Demo"), repository("r-4", "Demo")
	elsewhere.Region, others.Account = "eu-west-1", other
	db.update(t, func(tx store.Tx) {
		ok(t, tx.InsertRepository(repository("r-1", "Demo")))
		ok(t, tx.InsertRepository(repository("r-2", "demo"))) // case matters
		ok(t, tx.InsertRepository(elsewhere))
		ok(t, tx.InsertRepository(others))
		is(t, "InsertRepository of a taken name", tx.InsertRepository(repository("r-5", "Demo")), store.ErrExists)
		is(t, "InsertRepository of a taken id", tx.InsertRepository(repository("r-1", "new")), store.ErrExists)
	})
	db.view(t, func(tx store.Tx) {
		for _, want := range []store.Repository{repository("r-1", "Demo"), repository("r-2", "demo"), elsewhere, others} {
			got, err := tx.Repository(want.Account, want.Region, want.Name)
			equal(t, "Repository", got, err, want)
		}
		_, err := tx.Repository(account, region, "DEMO")
		is(t, "Repository", err, store.ErrNotFound)
		n, err := tx.CountRepositories(account, region)
		equal(t, "CountRepositories", n, err, 2)
		n, err = tx.CountRepositories(account, "nowhere")
		equal(t, "CountRepositories", n, err, 0)
	})
}

func repositoryPages(t *testing.T, db *database) {
	all := []string{"B", "Z.git", "a", "a-1", "a.b", "a_b", "b"} // byte by byte
	db.update(t, func(tx store.Tx) {
		for i, name := range []string{"a_b", "b", "a", "Z.git", "a.b", "B", "a-1"} {
			ok(t, tx.InsertRepository(repository(fmt.Sprint("r-", i), name)))
		}
		elsewhere := repository("r-x", "aa")
		elsewhere.Region = "eu-west-1"
		ok(t, tx.InsertRepository(elsewhere))
	})
	tests := []struct {
		page store.Page
		want []string
	}{
		{store.Page{}, all},
		{store.Page{Limit: 3}, all[:3]},
		{store.Page{After: "a", Limit: 2}, all[3:5]},
		{store.Page{After: "ZZ"}, all[2:]},
		{store.Page{Prefix: "a"}, all[2:6]},
		{store.Page{Prefix: "a", After: "a.b"}, all[5:6]},
		{store.Page{Prefix: "c"}, []string{}},
		{store.Page{After: "b"}, []string{}},
	}
	db.view(t, func(tx store.Tx) {
		for _, test := range tests {
			list, err := tx.Repositories(account, region, test.page)
			got := names(list, func(r store.Repository) string { return r.Name })
			if err != nil || !equalLists(got, test.want) {
				t.Errorf("page %+v: %q, %v, want %q", test.page, got, err, test.want)
			}
		}
	})
}

func renameRepository(t *testing.T, db *database) {
	db.update(t, func(tx store.Tx) {
		ok(t, tx.InsertRepository(repository("r-1", "one")))
		ok(t, tx.InsertRepository(repository("r-2", "two")))
		ok(t, tx.UpdateRepository(repository("r-1", "one")))
		is(t, "UpdateRepository onto a taken name", tx.UpdateRepository(repository("r-1", "two")), store.ErrExists)
		is(t, "UpdateRepository of an absent one", tx.UpdateRepository(repository("r-3", "two")), store.ErrNotFound)
		ok(t, tx.UpdateRepository(repository("r-1", "ONE")))
		_, err := tx.Repository(account, region, "one")
		is(t, "Repository", err, store.ErrNotFound)
	})
}

// What a repository had is gone or in the trash; another's stays.
func deleteRepository(t *testing.T, db *database) {
	db.update(t, func(tx store.Tx) {
		for _, id := range []string{"r-1", "r-2"} {
			ok(t, tx.InsertRepository(repository(id, "name of "+id)))
			ok(t, tx.PutRefs(id, []store.Ref{{Name: "refs/heads/main", OID: "1"}}))
			ok(t, tx.AppendRefLog(id, []store.RefChange{{Version: 1, Ref: "refs/heads/main", New: "1"}}))
			ok(t, tx.InsertPush(store.Push{ID: "push of " + id, Repo: id}))
			ok(t, tx.InsertPack(store.Pack{Repo: id, ID: "a"}))
			ok(t, tx.InsertPack(store.Pack{Repo: id, ID: "b"}))
			ok(t, tx.OpenUpload(store.Upload{Repo: id, Pack: "c", At: 5}))
		}
		ok(t, tx.DeleteRepository("r-1", 77))
	})
	db.update(t, func(tx store.Tx) {
		is(t, "DeleteRepository", tx.DeleteRepository("r-1", 78), store.ErrNotFound)
		_, err := tx.RepositoryByID("r-1")
		is(t, "RepositoryByID", err, store.ErrNotFound)
		wantRefs(t, tx, "r-1", store.Page{})
		wantRefs(t, tx, "r-2", store.Page{}, "refs/heads/main")
		wantPacks(t, tx, "r-1")
		wantPacks(t, tx, "r-2", "a", "b")
		for id, want := range map[string]int{"r-1": 0, "r-2": 1} {
			log, err := tx.RefLogSince(id, 0)
			equal(t, "RefLogSince "+id, len(log), err, want)
		}
		trash, err := tx.Trash(1000, 0)
		equal(t, "Trash", trash, err, []store.Upload{{Repo: "r-1", Pack: "a", At: 77}, {Repo: "r-1", Pack: "b", At: 77}})
		_, err = tx.Push("push of r-1")
		ok(t, err)
		dead, err := tx.KillUploads(6)
		equal(t, "KillUploads", dead, err, []store.Upload{{Repo: "r-1", Pack: "c", At: 5}, {Repo: "r-2", Pack: "c", At: 5}})
		ok(t, tx.InsertRepository(repository("r-9", "name of r-1")))
	})
}
