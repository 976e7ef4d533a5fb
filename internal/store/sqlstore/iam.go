package sqlstore

import (
	"slices"
	"strings"

	"sojourn/internal/store"
)

// listNamed reads a page of users, groups, roles or policies of an account:
// the page's prefix is of their paths, its key their names in lower case.
func listNamed[T any](t *Tx, what, selects, account string, p store.Page, scan scanner[T]) ([]T, error) {
	where, args := prefixRange(" WHERE account = ? AND name_key > ?", "path", p.Prefix, []any{account, nameKey(p.After)})
	return all(t, what, account, scan, selects+where+" ORDER BY name_key LIMIT ?", append(args, limit(p.Limit))...)
}

// named is a row whose name is unique in its account without regard to case.
type named struct{ what, table, id, name string }

// updateNamed writes the columns of the row with the id unless another row of
// its account has the name. That is asked in the statement, because a violated
// constraint would end the transaction on some databases.
func (t *Tx) updateNamed(n named, columns []string, args ...any) error {
	query := "UPDATE " + n.table + " SET name = ?, name_key = ?, " + strings.Join(columns, " = ?, ") + " = ? WHERE id = ?" +
		" AND NOT EXISTS (SELECT 1 FROM " + n.table + " other WHERE other.account = " + n.table + ".account AND other.name_key = ? AND other.id <> ?)"
	key := nameKey(n.name)
	args = slices.Concat([]any{n.name, key}, args, []any{n.id, key, n.id})
	changed, err := t.exec(query, args...)
	if err == nil && changed == 0 {
		err = t.whyUnchanged(n.table, n.id)
	}
	return about(err, n.what, n.name)
}

// whyUnchanged says whether a row is absent or its new name is taken.
func (t *Tx) whyUnchanged(table, id string) error {
	_, err := one(t, table, id, scanString, "SELECT id FROM "+table+" WHERE id = ?", id)
	if err != nil {
		return err
	}
	return store.ErrExists
}
