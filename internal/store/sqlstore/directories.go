package sqlstore

import (
	"database/sql"

	"sojourn/internal/store"
)

const selectDirectory = "SELECT id, account, region, name, created, updated, kind, urls, authorities, bind_dn, bind_password, base_dn," +
	" user_filter, user_name_attribute, identity_attribute, short_name, group_base_dn, group_filter, group_nesting FROM directories"

func scanDirectory(rows *sql.Rows, d *store.Directory) error {
	return rows.Scan(&d.ID, &d.Account, &d.Region, &d.Name, instant{&d.Created}, instant{&d.Updated}, &d.Kind, jsonOf(&d.URLs), &d.Authorities,
		&d.BindDN, bytesOf{&d.BindPassword}, &d.BaseDN, &d.UserFilter, &d.UserNameAttribute, &d.IdentityAttribute, &d.ShortName,
		&d.GroupBaseDN, &d.GroupFilter, &d.GroupNesting)
}

// InsertDirectory implements store.DirectoryTx.
func (t *Tx) InsertDirectory(d store.Directory) error {
	return t.insert("directory", d.Name,
		"INSERT INTO directories (id, account, region, name, name_key, created, updated, kind, urls, authorities, bind_dn, bind_password, base_dn,"+
			" user_filter, user_name_attribute, identity_attribute, short_name, group_base_dn, group_filter, group_nesting)"+
			" VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		d.ID, d.Account, d.Region, d.Name, nameKey(d.Name), micros(d.Created), micros(d.Updated), d.Kind, stringList(d.URLs), d.Authorities,
		d.BindDN, blob(d.BindPassword), d.BaseDN, d.UserFilter, d.UserNameAttribute, d.IdentityAttribute, d.ShortName,
		d.GroupBaseDN, d.GroupFilter, d.GroupNesting)
}

// Directory implements store.DirectoryTx.
func (t *Tx) Directory(account, id string) (store.Directory, error) {
	return one(t, "directory", id, scanDirectory, selectDirectory+" WHERE account = ? AND id = ?", account, id)
}

// Directories implements store.DirectoryTx.
func (t *Tx) Directories(account string) ([]store.Directory, error) {
	return all(t, "directories of", account, scanDirectory, selectDirectory+" WHERE account = ? ORDER BY name_key", account)
}

// UpdateDirectory implements store.DirectoryTx.
func (t *Tx) UpdateDirectory(d store.Directory) error {
	if _, err := t.Directory(d.Account, d.ID); err != nil { // ids are of one account
		return err
	}
	return t.updateNamed(named{"directory", "directories", d.ID, d.Name},
		[]string{"updated", "kind", "urls", "authorities", "bind_dn", "bind_password", "base_dn", "user_filter", "user_name_attribute",
			"identity_attribute", "short_name", "group_base_dn", "group_filter", "group_nesting"},
		micros(d.Updated), d.Kind, stringList(d.URLs), d.Authorities, d.BindDN, blob(d.BindPassword), d.BaseDN, d.UserFilter, d.UserNameAttribute,
		d.IdentityAttribute, d.ShortName, d.GroupBaseDN, d.GroupFilter, d.GroupNesting)
}

// DeleteDirectory implements store.DirectoryTx.
func (t *Tx) DeleteDirectory(account, id string) error {
	return t.change("directory", id, "DELETE FROM directories WHERE account = ? AND id = ?", account, id)
}
