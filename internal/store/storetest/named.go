package storetest

import (
	"testing"

	"sojourn/internal/store"
)

// namedKind is what users, groups, roles, policies and instance profiles have in common: a name
// that is unique in the account without regard to case, a path and an id.
type namedKind struct {
	insert func(tx store.Tx, account, name, path, id string) error
	name   func(tx store.Tx, account, name string) (string, error) // the name as kept
	list   func(tx store.Tx, account string, p store.Page) ([]string, error)
	update func(tx store.Tx, account, name, path, id string) error
	delete func(tx store.Tx, id string) error
}

var namedKinds = map[string]namedKind{
	"User": {
		insert: func(tx store.Tx, account, name, path, id string) error {
			return tx.InsertUser(store.User{Account: account, Name: name, Path: path, ID: id})
		},
		name: func(tx store.Tx, account, name string) (string, error) {
			u, err := tx.User(account, name)
			return u.Name, err
		},
		list: func(tx store.Tx, account string, p store.Page) ([]string, error) {
			list, err := tx.Users(account, p)
			return names(list, func(u store.User) string { return u.Name }), err
		},
		update: func(tx store.Tx, account, name, path, id string) error {
			return tx.UpdateUser(store.User{Account: account, Name: name, Path: path, ID: id})
		},
		delete: func(tx store.Tx, id string) error { return tx.DeleteUser(id) },
	},
	"Group": {
		insert: func(tx store.Tx, account, name, path, id string) error {
			return tx.InsertGroup(store.Group{Account: account, Name: name, Path: path, ID: id})
		},
		name: func(tx store.Tx, account, name string) (string, error) {
			g, err := tx.Group(account, name)
			return g.Name, err
		},
		list: func(tx store.Tx, account string, p store.Page) ([]string, error) {
			list, err := tx.Groups(account, p)
			return names(list, func(g store.Group) string { return g.Name }), err
		},
		update: func(tx store.Tx, account, name, path, id string) error {
			return tx.UpdateGroup(store.Group{Account: account, Name: name, Path: path, ID: id})
		},
		delete: func(tx store.Tx, id string) error { return tx.DeleteGroup(id) },
	},
	"Role": {
		insert: func(tx store.Tx, account, name, path, id string) error {
			return tx.InsertRole(store.Role{Account: account, Name: name, Path: path, ID: id})
		},
		name: func(tx store.Tx, account, name string) (string, error) {
			r, err := tx.Role(account, name)
			return r.Name, err
		},
		list: func(tx store.Tx, account string, p store.Page) ([]string, error) {
			list, err := tx.Roles(account, p)
			return names(list, func(r store.Role) string { return r.Name }), err
		},
		update: func(tx store.Tx, account, name, path, id string) error {
			return tx.UpdateRole(store.Role{Account: account, Name: name, Path: path, ID: id})
		},
		delete: func(tx store.Tx, id string) error { return tx.DeleteRole(id) },
	},
	"Policy": {
		insert: func(tx store.Tx, account, name, path, id string) error {
			return tx.InsertPolicy(store.Policy{Account: account, Name: name, Path: path, ID: id})
		},
		name: func(tx store.Tx, account, name string) (string, error) {
			p, err := tx.Policy(account, name)
			return p.Name, err
		},
		list: func(tx store.Tx, account string, p store.Page) ([]string, error) {
			list, err := tx.Policies(account, p)
			return names(list, func(p store.Policy) string { return p.Name }), err
		},
		update: func(tx store.Tx, account, name, path, id string) error {
			return tx.UpdatePolicy(store.Policy{Account: account, Name: name, Path: path, ID: id})
		},
		delete: func(tx store.Tx, id string) error { return tx.DeletePolicy(id) },
	},
	"InstanceProfile": {
		insert: func(tx store.Tx, account, name, path, id string) error {
			return tx.InsertInstanceProfile(store.InstanceProfile{Account: account, Name: name, Path: path, ID: id})
		},
		name: func(tx store.Tx, account, name string) (string, error) {
			p, err := tx.InstanceProfile(account, name)
			return p.Name, err
		},
		list: func(tx store.Tx, account string, p store.Page) ([]string, error) {
			list, err := tx.InstanceProfiles(account, p)
			return names(list, profileName), err
		},
		update: func(tx store.Tx, account, name, path, id string) error {
			return tx.UpdateInstanceProfile(store.InstanceProfile{Account: account, Name: name, Path: path, ID: id})
		},
		delete: func(tx store.Tx, id string) error { return tx.DeleteInstanceProfile(id) },
	},
}

func namedTests() map[string]func(*testing.T, *database) {
	tests := map[string]func(*testing.T, *database){}
	for kind, k := range namedKinds {
		tests[kind+"Names"] = k.names
		tests[kind+"Pages"] = k.pages
		tests[kind+"Renames"] = k.renames
		tests[kind+"Deletes"] = k.deletes
	}
	return tests
}

func (k namedKind) names(t *testing.T, db *database) {
	db.update(t, func(tx store.Tx) {
		ok(t, k.insert(tx, account, "Maria", "/", "ID1"))
		is(t, "insert of the name in other case", k.insert(tx, account, "mARIA", "/x/", "ID2"), store.ErrExists)
		is(t, "insert of the name", k.insert(tx, account, "Maria", "/", "ID2"), store.ErrExists)
		is(t, "insert of the id", k.insert(tx, account, "Other", "/", "ID1"), store.ErrExists)
		ok(t, k.insert(tx, other, "MARIA", "/", "ID3"))
	})
	db.view(t, func(tx store.Tx) {
		for _, name := range []string{"Maria", "maria", "MARIA"} {
			got, err := k.name(tx, account, name)
			equal(t, "name", got, err, "Maria")
			got, err = k.name(tx, other, name)
			equal(t, "name", got, err, "MARIA")
		}
		_, err := k.name(tx, account, "Mari")
		is(t, "an absent name", err, store.ErrNotFound)
		_, err = k.name(tx, "000000000000", "Maria")
		is(t, "an absent account", err, store.ErrNotFound)
	})
}

func (k namedKind) pages(t *testing.T, db *database) {
	db.update(t, func(tx store.Tx) {
		for id, e := range [][2]string{{"b", "/"}, {"C", "/eng/"}, {"a", "/eng/x/"}, {"D", "/engine/"}, {"e", "/ops/"}, {"a-b", "/ENG/"}} {
			ok(t, k.insert(tx, account, e[0], e[1], "ID"+string(rune('A'+id))))
		}
		ok(t, k.insert(tx, other, "stranger", "/eng/", "IDX"))
	})
	tests := []struct {
		page store.Page
		want []string
	}{
		{store.Page{}, []string{"a", "a-b", "b", "C", "D", "e"}},
		{store.Page{Limit: 2}, []string{"a", "a-b"}},
		{store.Page{Limit: 6}, []string{"a", "a-b", "b", "C", "D", "e"}},
		{store.Page{Limit: 100, After: "B"}, []string{"C", "D", "e"}},
		{store.Page{After: "c", Limit: 1}, []string{"D"}},
		{store.Page{After: "bb", Limit: 1}, []string{"C"}},
		{store.Page{After: "e"}, []string{}},
		{store.Page{Prefix: "/"}, []string{"a", "a-b", "b", "C", "D", "e"}},
		{store.Page{Prefix: "/eng/"}, []string{"a", "C"}},
		{store.Page{Prefix: "/eng"}, []string{"a", "C", "D"}},
		{store.Page{Prefix: "/eng", After: "a", Limit: 1}, []string{"C"}},
		{store.Page{Prefix: "/none/"}, []string{}},
	}
	db.view(t, func(tx store.Tx) {
		for _, test := range tests {
			got, err := k.list(tx, account, test.page)
			if err != nil || !equalLists(got, test.want) {
				t.Errorf("page %+v: %q, %v, want %q", test.page, got, err, test.want)
			}
		}
		got, err := k.list(tx, "000000000000", store.Page{})
		equal(t, "an absent account's", got, err, []string{})
	})
}

func (k namedKind) renames(t *testing.T, db *database) {
	db.update(t, func(tx store.Tx) {
		ok(t, k.insert(tx, account, "one", "/", "ID1"))
		ok(t, k.insert(tx, account, "two", "/", "ID2"))
		ok(t, k.insert(tx, other, "three", "/", "ID3"))
		is(t, "update onto a taken name", k.update(tx, account, "TWO", "/", "ID1"), store.ErrExists)
		is(t, "update of an absent id", k.update(tx, account, "four", "/", "ID4"), store.ErrNotFound)
		is(t, "update of an absent id onto a taken name", k.update(tx, account, "two", "/", "ID4"), store.ErrNotFound)
		ok(t, k.update(tx, account, "ONE", "/", "ID1"))
		ok(t, k.update(tx, account, "ONE", "/p/", "ID1"))
		ok(t, k.update(tx, account, "three", "/", "ID2"))
	})
	db.view(t, func(tx store.Tx) {
		list, err := k.list(tx, account, store.Page{})
		equal(t, "list", list, err, []string{"ONE", "three"})
		list, err = k.list(tx, account, store.Page{Prefix: "/p/"})
		equal(t, "list", list, err, []string{"ONE"})
		_, err = k.name(tx, account, "two")
		is(t, "the old name", err, store.ErrNotFound)
	})
}

func (k namedKind) deletes(t *testing.T, db *database) {
	db.update(t, func(tx store.Tx) {
		ok(t, k.insert(tx, account, "one", "/", "ID1"))
		ok(t, k.insert(tx, account, "two", "/", "ID2"))
		ok(t, k.delete(tx, "ID1"))
		is(t, "delete", k.delete(tx, "ID1"), store.ErrNotFound)
		is(t, "delete by name", k.delete(tx, "two"), store.ErrNotFound)
		ok(t, k.insert(tx, account, "ONE", "/", "ID3"))
	})
	db.view(t, func(tx store.Tx) {
		list, err := k.list(tx, account, store.Page{})
		equal(t, "list", list, err, []string{"ONE", "two"})
	})
}
