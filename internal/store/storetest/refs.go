package storetest

import (
	"fmt"
	"slices"
	"testing"

	"sojourn/internal/store"
)

var refTests = map[string]func(*testing.T, *database){
	"PutAndDelete": putAndDeleteRefs,
	"Order":        refOrder,
	"Pages":        refPages,
	"Many":         manyRefs,
	"Conflicts":    conflictingRefs,
	"Log":          refLog,
}

// withRepository commits a repository r-1 and refs in it.
func withRepository(t *testing.T, db *database, refs ...string) {
	t.Helper()
	db.update(t, func(tx store.Tx) {
		ok(t, tx.InsertRepository(repository("r-1", "demo")))
		ok(t, tx.PutRefs("r-1", refsNamed(refs...)))
	})
}

func refsNamed(names ...string) []store.Ref {
	var refs []store.Ref
	for _, n := range names {
		refs = append(refs, store.Ref{Name: n, OID: "oid of " + n, Peeled: "peeled " + n})
	}
	return refs
}

func wantRefs(t *testing.T, tx store.Tx, repo string, p store.Page, want ...string) {
	t.Helper()
	list, err := tx.Refs(repo, p)
	equal(t, fmt.Sprintf("Refs %+v", p), names(list, func(r store.Ref) string { return r.Name }), err, want)
}

func putAndDeleteRefs(t *testing.T, db *database) {
	withRepository(t, db, "refs/heads/a", "refs/heads/b", "refs/tags/v1")
	db.update(t, func(tx store.Tx) {
		ok(t, tx.InsertRepository(repository("r-2", "another")))
		ok(t, tx.PutRefs("r-2", refsNamed("refs/heads/a")))
		ok(t, tx.PutRefs("r-1", []store.Ref{{Name: "refs/heads/b", OID: "2"}, {Name: "refs/heads/c", OID: "3", Peeled: "4"}}))
		ok(t, tx.PutRefs("r-1", nil))
		ok(t, tx.DeleteRefs("r-1", []string{"refs/heads/a", "refs/heads/absent"}))
		ok(t, tx.DeleteRefs("r-1", nil))
	})
	db.view(t, func(tx store.Tx) {
		list, err := tx.Refs("r-1", store.Page{})
		want := slices.Concat([]store.Ref{{Name: "refs/heads/b", OID: "2"}, {Name: "refs/heads/c", OID: "3", Peeled: "4"}}, refsNamed("refs/tags/v1"))
		equal(t, "Refs", list, err, want)
		found, err := tx.RefsNamed("r-1", []string{"refs/heads/c", "refs/heads/a", "refs/tags/v1"})
		equal(t, "RefsNamed", found, err, map[string]store.Ref{"refs/heads/c": want[1], "refs/tags/v1": want[2]})
		found, err = tx.RefsNamed("r-1", nil)
		equal(t, "RefsNamed", len(found), err, 0)
		wantRefs(t, tx, "r-2", store.Page{}, "refs/heads/a")
		wantRefs(t, tx, "absent", store.Page{})
	})
}

// The order is git's: byte by byte, so '-' and '.' come before '/', capital
// letters before small ones, and other scripts behind them all.
func refOrder(t *testing.T, db *database) {
	order := []string{"refs/heads/A", "refs/heads/Z", "refs/heads/_", "refs/heads/a", "refs/heads/a-b", "refs/heads/a.b", "refs/heads/a/b",
		"refs/heads/a0", "refs/heads/ab", "refs/heads/z", "refs/heads/~", "refs/heads/ä", "refs/heads/中", "refs/heads/\uffff", "refs/heads/😀"}
	mixed := slices.Clone(order)
	slices.Reverse(mixed)
	withRepository(t, db, mixed...)
	db.view(t, func(tx store.Tx) { wantRefs(t, tx, "r-1", store.Page{}, order...) })
}

func refPages(t *testing.T, db *database) {
	all := []string{"refs/heads/a", "refs/heads/a/x", "refs/heads/b", "refs/headsx", "refs/tags/v1", "refs/tags/v2", "refs/tags/é", "refs/tags/ê"}
	withRepository(t, db, all...)
	db.view(t, func(tx store.Tx) {
		wantRefs(t, tx, "r-1", store.Page{Limit: 2}, all[:2]...)
		wantRefs(t, tx, "r-1", store.Page{Limit: 2, After: all[1]}, all[2:4]...)
		wantRefs(t, tx, "r-1", store.Page{Prefix: "refs/heads/"}, all[:3]...)
		wantRefs(t, tx, "r-1", store.Page{Prefix: "refs/heads"}, all[:4]...)
		wantRefs(t, tx, "r-1", store.Page{Prefix: "refs/tags/", After: "refs/heads/b", Limit: 1}, all[4])
		wantRefs(t, tx, "r-1", store.Page{Prefix: "refs/tags/", After: "refs/tags/v1"}, all[5:]...)
		wantRefs(t, tx, "r-1", store.Page{Prefix: "refs/tags/é"}, all[6])
		wantRefs(t, tx, "r-1", store.Page{Prefix: "refs/notes/"})
		wantRefs(t, tx, "r-1", store.Page{After: "refs/tags/ê"})
		wantRefs(t, tx, "r-1", store.Page{Prefix: "REFS/"})
		wantRefs(t, tx, "r-1", store.Page{Prefix: "refs/heads/%"})
		wantRefs(t, tx, "r-1", store.Page{Prefix: "refs/heads_"})
	})
}

// 4,000 refs are what one push may change; the numbers around are where a
// driver may cut its statements.
func manyRefs(t *testing.T, db *database) {
	withRepository(t, db)
	for _, n := range []int{1, 7, 8, 9, 63, 64, 65, 100, 499, 501, 4000} {
		list := make([]string, n)
		log := make([]store.RefChange, n)
		for i := range n {
			list[i] = fmt.Sprintf("refs/heads/%d/%05d", n, i)
			log[i] = store.RefChange{Version: int64(n), Seq: i, Ref: list[i], New: "oid", Push: "p"}
		}
		db.update(t, func(tx store.Tx) {
			ok(t, tx.PutRefs("r-1", refsNamed(list...)))
			ok(t, tx.AppendRefLog("r-1", log))
		})
		db.update(t, func(tx store.Tx) {
			wantRefs(t, tx, "r-1", store.Page{}, list...)
			found, err := tx.RefsNamed("r-1", list)
			equal(t, "RefsNamed", len(found), err, n)
			got, err := tx.RefLogSince("r-1", int64(n-1))
			equal(t, "RefLogSince", got, err, log)
			ok(t, tx.DeleteRefs("r-1", list))
			wantRefs(t, tx, "r-1", store.Page{})
		})
	}
}

func conflictingRefs(t *testing.T, db *database) {
	withRepository(t, db, "refs/heads/a", "refs/heads/b/c", "refs/heads/b/d/e", "refs/heads/b-x", "refs/heads/b.x", "refs/heads/b0", "refs/heads/bc", "refs/tags/b")
	tests := map[string][]string{
		"refs/heads/a":      {},
		"refs/heads/a/b":    {"refs/heads/a"},
		"refs/heads/a/b/c":  {"refs/heads/a"},
		"refs/heads/a-b":    {},
		"refs/heads/ab/c":   {},
		"refs/heads/b":      {"refs/heads/b/c", "refs/heads/b/d/e"},
		"refs/heads/b/c":    {},
		"refs/heads/b/d":    {"refs/heads/b/d/e"},
		"refs/heads/b/c/d":  {"refs/heads/b/c"},
		"refs/heads":        {"refs/heads/a", "refs/heads/b-x", "refs/heads/b.x", "refs/heads/b/c", "refs/heads/b/d/e", "refs/heads/b0", "refs/heads/bc"},
		"refs/tags/b/c":     {"refs/tags/b"},
		"refs/notes/new":    {},
		"refs/heads/A/b":    {},
		"refs/heads/%/b":    {},
		"refs/heads/b/d/e/": {"refs/heads/b/d/e"},
	}
	db.view(t, func(tx store.Tx) {
		for name, want := range tests {
			got, err := tx.ConflictingRefs("r-1", name)
			slices.Sort(got)
			if err != nil || !equalLists(got, want) {
				t.Errorf("ConflictingRefs %q: %q, %v, want %q", name, got, err, want)
			}
			got, err = tx.ConflictingRefs("r-2", name)
			if err != nil || len(got) != 0 {
				t.Errorf("ConflictingRefs %q of another repository: %q, %v", name, got, err)
			}
		}
	})
}

func refLog(t *testing.T, db *database) {
	withRepository(t, db)
	change := func(version int64, seq int) store.RefChange {
		return store.RefChange{Version: version, Seq: seq, Ref: fmt.Sprint("refs/heads/", version, seq), Old: "old", New: "new", Push: "p"}
	}
	db.update(t, func(tx store.Tx) {
		ok(t, tx.AppendRefLog("r-1", []store.RefChange{change(10, 1), change(10, 0)}))
		ok(t, tx.AppendRefLog("r-1", []store.RefChange{change(9, 0)}))
		ok(t, tx.AppendRefLog("r-1", nil))
	})
	for _, again := range [][]store.RefChange{{change(9, 0)}, {change(11, 0), change(10, 1)}} {
		err := db.Update(t.Context(), func(tx store.Tx) error { return tx.AppendRefLog("r-1", again) })
		is(t, "AppendRefLog of a line that is there", err, store.ErrExists)
	}
	db.view(t, func(tx store.Tx) {
		all := []store.RefChange{change(9, 0), change(10, 0), change(10, 1)}
		for version, want := range map[int64][]store.RefChange{0: all, 8: all, 9: all[1:], 10: nil} {
			got, err := tx.RefLogSince("r-1", version)
			equal(t, fmt.Sprint("RefLogSince ", version), got, err, want)
		}
	})
}
