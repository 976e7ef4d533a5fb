package storetest

import (
	"testing"

	"sojourn/internal/store"
)

// accountTests are about what an account has beside identities and repositories.
var accountTests = map[string]func(*testing.T, *database){
	"Aliases":        aliases,
	"AliasOfNobody":  aliasOfNobody,
	"ProfilesOfRole": profilesOfRole,
	"RoleInProfile":  roleInProfile,
}

func twoAccounts(t *testing.T, tx store.Tx) {
	t.Helper()
	ok(t, tx.InsertAccount(store.Account{ID: account}))
	ok(t, tx.InsertAccount(store.Account{ID: other}))
}

func aliases(t *testing.T, db *database) {
	db.update(t, func(tx store.Tx) {
		twoAccounts(t, tx)
		_, err := tx.AccountAlias(account)
		is(t, "AccountAlias before", err, store.ErrNotFound)
		is(t, "DeleteAccountAlias before", tx.DeleteAccountAlias(account), store.ErrNotFound)
		ok(t, tx.InsertAccountAlias(account, "example-corp"))
		is(t, "an alias that is taken", tx.InsertAccountAlias(other, "example-corp"), store.ErrExists)
		is(t, "a second alias", tx.InsertAccountAlias(account, "second"), store.ErrExists)
		ok(t, tx.InsertAccountAlias(other, "second"))
	})
	db.update(t, func(tx store.Tx) {
		got, err := tx.AccountAlias(account)
		equal(t, "AccountAlias", got, err, "example-corp")
		got, err = tx.AccountAlias(other)
		equal(t, "AccountAlias of the other", got, err, "second")
		ok(t, tx.DeleteAccountAlias(account))
		_, err = tx.AccountAlias(account)
		is(t, "AccountAlias after", err, store.ErrNotFound)
		ok(t, tx.DeleteAccountAlias(other))
		ok(t, tx.InsertAccountAlias(other, "example-corp"))
	})
}

func aliasOfNobody(t *testing.T, db *database) {
	err := db.Update(t.Context(), func(tx store.Tx) error {
		if err := tx.InsertAccountAlias(account, "nobody"); err == nil {
			t.Error("an alias of an absent account: no error")
		}
		return nil
	})
	if err == nil {
		t.Error("an alias of an absent account: committed")
	}
}

func profileName(p store.InstanceProfile) string { return p.Name }

func profilesOfRole(t *testing.T, db *database) {
	db.update(t, func(tx store.Tx) {
		ok(t, tx.InsertRole(store.Role{Account: account, Name: "one", ID: "AROA1"}))
		ok(t, tx.InsertRole(store.Role{Account: account, Name: "two", ID: "AROA2"}))
		for id, p := range []store.InstanceProfile{{Name: "c", RoleID: "AROA1"}, {Name: "B", RoleID: "AROA1"}, {Name: "a"}, {Name: "d", RoleID: "AROA2"}} {
			p.Account, p.ID = account, "AIPA"+string(rune('0'+id))
			ok(t, tx.InsertInstanceProfile(p))
		}
		list, err := tx.InstanceProfilesOf("AROA1")
		equal(t, "InstanceProfilesOf", names(list, profileName), err, []string{"B", "c"})
		ok(t, tx.UpdateInstanceProfile(store.InstanceProfile{Account: account, Name: "c", ID: "AIPA0"}))
		list, err = tx.InstanceProfilesOf("AROA1")
		equal(t, "InstanceProfilesOf after a removal", names(list, profileName), err, []string{"B"})
		list, err = tx.InstanceProfilesOf("")
		equal(t, "InstanceProfilesOf no role", names(list, profileName), err, []string{})
	})
}

// To delete a role that is in a profile, or to put an absent one in, is a fault
// of the caller, which must not be committed.
func roleInProfile(t *testing.T, db *database) {
	db.update(t, func(tx store.Tx) {
		ok(t, tx.InsertRole(store.Role{Account: account, Name: "one", ID: "AROA1"}))
		ok(t, tx.InsertInstanceProfile(store.InstanceProfile{Account: account, Name: "p", ID: "AIPA1", RoleID: "AROA1"}))
	})
	for what, f := range map[string]func(tx store.Tx) error{
		"DeleteRole": func(tx store.Tx) error { return tx.DeleteRole("AROA1") },
		"InsertInstanceProfile": func(tx store.Tx) error {
			return tx.InsertInstanceProfile(store.InstanceProfile{Account: account, Name: "q", ID: "AIPA2", RoleID: "absent"})
		},
		"UpdateInstanceProfile": func(tx store.Tx) error {
			return tx.UpdateInstanceProfile(store.InstanceProfile{Account: account, Name: "p", ID: "AIPA1", RoleID: "absent"})
		},
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
