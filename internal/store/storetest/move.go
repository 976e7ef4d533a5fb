package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"sojourn/internal/store"
)

var moveTests = map[string]func(*testing.T, *database){
	"DumpAndLoad":  dumpAndLoad,
	"LoadsNothing": loadsNothing,
	"Freeze":       freeze,
}

// movable is the driver's, which the handle wraps.
func (db *database) movable(t *testing.T) store.Movable {
	t.Helper()
	m, is := db.Store.(store.Movable)
	if !is {
		t.Fatalf("%T is not movable", db.Store)
	}
	return m
}

// belongings are rows of tables that refer to others.
func belongings(t *testing.T, db *database) {
	withRepository(t, db)
	db.update(t, func(tx store.Tx) {
		user, role, key, profile := fill[store.User](1), fill[store.Role](2), fill[store.AccessKey](3), fill[store.InstanceProfile](4)
		ok(t, tx.InsertAccount(store.Account{ID: user.Account, Name: "é", Created: epoch}))
		role.Account = user.Account
		key.UserID, key.Account, profile.RoleID, profile.Account = user.ID, user.Account, role.ID, user.Account
		ok(t, tx.InsertUser(user))
		ok(t, tx.InsertRole(role))
		ok(t, tx.InsertAccessKey(key))
		ok(t, tx.InsertInstanceProfile(profile))
		ok(t, tx.TakeLease("left out", "a", 1, 1<<40))
		for i := range 150 { // more than one statement takes
			ok(t, tx.PutRefs("r-1", []store.Ref{{Name: fmt.Sprintf("refs/heads/%03d", i), OID: fmt.Sprintf("%040d", i)}}))
		}
	})
}

// rows is all that a store has, as text, by its order.
func rows(t *testing.T, m store.Movable) (list []string) {
	t.Helper()
	ok(t, m.Dump(t.Context(), func(r store.Row) error {
		list = append(list, fmt.Sprintf("%s %v %q", r.Table, r.Columns, r.Values))
		return nil
	}))
	return list
}

func dumpAndLoad(t *testing.T, db *database) {
	belongings(t, db)
	from := db.movable(t)
	kept := [][2]any{}
	var copied []store.Row
	ok(t, from.Dump(t.Context(), func(r store.Row) error {
		if r.Table == "maint_leases" || r.Table == "schema_migrations" {
			kept = append(kept, [2]any{r.Table, r.Values})
		}
		copied = append(copied, store.Row{Table: r.Table, Columns: append([]string(nil), r.Columns...), Values: append([]any(nil), r.Values...)})
		return nil
	}))
	if len(kept) > 0 || len(copied) < 155 {
		t.Fatalf("%d rows; of these should not be there: %v", len(copied), kept)
	}
	give := func(f func(store.Row) error) error {
		for _, r := range copied {
			if err := f(r); err != nil {
				return err
			}
		}
		return nil
	}
	is(t, "Load into a store with rows", from.Load(t.Context(), give), store.ErrExists)

	want := rows(t, from)
	into := newDatabase(t, db.fresh)
	ok(t, into.movable(t).Load(t.Context(), give))
	got := rows(t, into.movable(t))
	slices.Sort(got)
	slices.Sort(want)
	equal(t, "the rows", got, nil, want)
	into.view(t, func(tx store.Tx) {
		refs, err := tx.Refs("r-1", store.Page{})
		equal(t, "Refs", len(refs), err, 150)
		key, err := tx.AccessKey(fill[store.AccessKey](3).ID)
		equal(t, "AccessKey", key.Secret, err, fill[store.AccessKey](3).Secret)
	})
}

// A load that fails leaves nothing.
func loadsNothing(t *testing.T, db *database) {
	m := db.movable(t)
	stop := errors.New("stop")
	err := m.Load(t.Context(), func(f func(store.Row) error) error {
		for i := range 100 {
			r := store.Row{Table: "maint_leases", Columns: []string{"name", "owner", "until"}, Values: []any{fmt.Sprint(i), "a", int64(i)}}
			if err := f(r); err != nil {
				return err
			}
		}
		return stop
	})
	is(t, "Load", err, stop)
	db.view(t, func(tx store.Tx) {
		_, _, err := tx.Lease("0")
		is(t, "Lease", err, store.ErrNotFound)
	})
}

func freeze(t *testing.T, db *database) {
	belongings(t, db)
	m, another := db.movable(t), db.another(t)
	ok(t, another.Update(t.Context(), func(tx store.Tx) error { return tx.TakeLease("l", "a", 1, 2) })) // so that it is prepared
	ok(t, m.Freeze(t.Context()))
	ok(t, m.Freeze(t.Context()))
	before := rows(t, m)
	for name, change := range map[string]func(tx store.Tx) error{
		"insert": func(tx store.Tx) error { return tx.InsertAccount(store.Account{ID: other, Name: "x", Created: epoch}) },
		"update": func(tx store.Tx) error {
			r, err := tx.LockRepository("r-1")
			r.Version++
			return errors.Join(err, tx.UpdateRepository(r))
		},
		"delete": func(tx store.Tx) error { return tx.DeleteRefs("r-1", []string{"refs/heads/001"}) },
		"lease":  func(tx store.Tx) error { return tx.TakeLease("l", "a", 1, 3) },
		"none":   func(tx store.Tx) error { tx.TakeLease("l", "b", 4, 5); return nil },
	} {
		for _, s := range []store.Store{m, another} {
			err := s.Update(t.Context(), change)
			is(t, name, err, store.ErrFrozen)
			if u, is := errors.AsType[interface {
				error
				Unavailable() bool
			}](err); !is || !u.Unavailable() {
				t.Errorf("%s: %v is not unavailable", name, err)
			}
		}
	}
	ok(t, another.View(t.Context(), func(tx store.Tx) error {
		_, err := tx.RepositoryByID("r-1")
		return err
	}))
	equal(t, "the rows", rows(t, m), nil, before)
	ok(t, m.Thaw(context.WithoutCancel(t.Context())))
	ok(t, m.Thaw(t.Context()))
	ok(t, another.Update(t.Context(), func(tx store.Tx) error { return tx.DeleteRefs("r-1", []string{"refs/heads/001"}) }))
}
