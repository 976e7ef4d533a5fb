package storetest

import (
	"fmt"
	"testing"
	"time"

	"sojourn/internal/store"
)

var memberTests = map[string]func(*testing.T, *database){
	"Members":       members,
	"OwnersMust":    ownersMustExist,
	"AccessKeys":    accessKeysByCreation,
	"IDsOfDeleted":  byIDAbsent,
	"NobodysThings": nobodysThings,
}

func members(t *testing.T, db *database) {
	db.update(t, func(tx store.Tx) {
		for i, name := range []string{"bob", "Alice", "carol"} {
			ok(t, tx.InsertUser(store.User{Account: account, Name: name, ID: fmt.Sprintf("AIDA%d", i), Tags: []store.Tag{{Key: "k", Value: "v"}}}))
			ok(t, tx.InsertGroup(store.Group{Account: account, Name: "g-" + name, ID: fmt.Sprintf("AGPA%d", i)}))
		}
		for _, m := range [][2]string{{"AGPA0", "AIDA0"}, {"AGPA0", "AIDA1"}, {"AGPA0", "AIDA1"}, {"AGPA1", "AIDA0"}, {"AGPA2", "AIDA0"}} {
			ok(t, tx.AddMember(m[0], m[1]))
		}
	})
	db.update(t, func(tx store.Tx) {
		wantMembers(t, tx, "AGPA0", "Alice", "bob")
		wantMembers(t, tx, "AGPA9")
		groups, err := tx.GroupsOf("AIDA0")
		equal(t, "GroupsOf", names(groups, func(g store.Group) string { return g.Name }), err, []string{"g-Alice", "g-bob", "g-carol"})
		ok(t, tx.RemoveMember("AGPA0", "AIDA1"))
		is(t, "RemoveMember", tx.RemoveMember("AGPA0", "AIDA1"), store.ErrNotFound)
		is(t, "RemoveMember", tx.RemoveMember("AGPA2", "AIDA1"), store.ErrNotFound)
		wantMembers(t, tx, "AGPA0", "bob")
		list, err := tx.Members("AGPA0")
		equal(t, "Members", list, err, []store.User{{Account: account, Name: "bob", ID: "AIDA0", Tags: []store.Tag{{Key: "k", Value: "v"}}}})
	})
}

func wantMembers(t *testing.T, tx store.Tx, group string, want ...string) {
	t.Helper()
	list, err := tx.Members(group)
	equal(t, "Members of "+group, names(list, func(u store.User) string { return u.Name }), err, want)
}

// A row cannot be without the one that it belongs to; to try is a fault of the
// caller, which must not be committed.
func ownersMustExist(t *testing.T, db *database) {
	db.update(t, func(tx store.Tx) {
		ok(t, tx.InsertUser(store.User{Account: account, Name: "u", ID: "AIDA"}))
		ok(t, tx.InsertAccessKey(store.AccessKey{ID: "AKIA", Account: account, UserID: "AIDA"}))
		ok(t, tx.InsertGroup(store.Group{Account: account, Name: "g", ID: "AGPA"}))
	})
	for what, f := range map[string]func(tx store.Tx) error{
		"InsertAccessKey":  func(tx store.Tx) error { return tx.InsertAccessKey(store.AccessKey{ID: "AKIA2", UserID: "absent"}) },
		"AddMember, user":  func(tx store.Tx) error { return tx.AddMember("AGPA", "absent") },
		"AddMember, group": func(tx store.Tx) error { return tx.AddMember("absent", "AIDA") },
		"PutPolicyVersion": func(tx store.Tx) error { return tx.PutPolicyVersion(store.PolicyVersion{PolicyID: "absent"}) },
		"PutRefs":          func(tx store.Tx) error { return tx.PutRefs("absent", []store.Ref{{Name: "refs/heads/main"}}) },
		"InsertPack":       func(tx store.Tx) error { return tx.InsertPack(store.Pack{Repo: "absent", ID: "p"}) },
		"DeleteUser":       func(tx store.Tx) error { return tx.DeleteUser("AIDA") }, // it has a key
	} {
		err := db.Update(t.Context(), func(tx store.Tx) error {
			if err := f(tx); err == nil {
				t.Errorf("%s: no error", what)
			}
			return nil
		})
		if err == nil {
			t.Errorf("%s: committed", what)
		}
	}
}

func accessKeysByCreation(t *testing.T, db *database) {
	db.update(t, func(tx store.Tx) {
		ok(t, tx.InsertUser(store.User{Account: account, Name: "u", ID: "AIDA1"}))
		ok(t, tx.InsertUser(store.User{Account: account, Name: "v", ID: "AIDA2"}))
		for i, k := range []store.AccessKey{{ID: "AKIA1", UserID: "AIDA1"}, {ID: "AKIA2", UserID: "AIDA2"}, {ID: "AKIA0", UserID: "AIDA1"}} {
			k.Created = epoch.Add(time.Duration(i) * time.Second)
			ok(t, tx.InsertAccessKey(k))
		}
	})
	db.view(t, func(tx store.Tx) {
		list, err := tx.AccessKeys("AIDA1")
		equal(t, "AccessKeys", names(list, func(k store.AccessKey) string { return k.ID }), err, []string{"AKIA1", "AKIA0"})
	})
}

func byIDAbsent(t *testing.T, db *database) {
	db.view(t, func(tx store.Tx) {
		_, err := tx.UserByID("AIDA")
		is(t, "UserByID", err, store.ErrNotFound)
		_, err = tx.RoleByID("AROA")
		is(t, "RoleByID", err, store.ErrNotFound)
		_, err = tx.RepositoryByID("r")
		is(t, "RepositoryByID", err, store.ErrNotFound)
	})
}

func nobodysThings(t *testing.T, db *database) {
	db.view(t, func(tx store.Tx) {
		keys, err := tx.AccessKeys("AIDA")
		equal(t, "AccessKeys", len(keys), err, 0)
		groups, err := tx.GroupsOf("AIDA")
		equal(t, "GroupsOf", len(groups), err, 0)
		inline, err := tx.InlinePolicies("AIDA")
		equal(t, "InlinePolicies", len(inline), err, 0)
		arns, err := tx.Attachments("AIDA")
		equal(t, "Attachments", len(arns), err, 0)
		versions, err := tx.PolicyVersions("ANPA")
		equal(t, "PolicyVersions", len(versions), err, 0)
		providers, err := tx.OIDCProviders(account)
		equal(t, "OIDCProviders", len(providers), err, 0)
	})
}

func equalLists(a, b []string) bool { return fmt.Sprintf("%q", a) == fmt.Sprintf("%q", b) }
