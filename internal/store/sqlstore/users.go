package sqlstore

import (
	"database/sql"

	"sojourn/internal/store"
)

const selectUser = "SELECT users.id, users.account, users.name, users.path, users.boundary, users.created, users.tags FROM users"

func scanUser(rows *sql.Rows, u *store.User) error {
	return rows.Scan(&u.ID, &u.Account, &u.Name, &u.Path, &u.Boundary, instant{&u.Created}, jsonOf(&u.Tags))
}

// InsertUser implements store.UserTx.
func (t *Tx) InsertUser(u store.User) error {
	return t.insert("user", u.Name,
		"INSERT INTO users (id, account, name, name_key, path, boundary, created, tags) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
		u.ID, u.Account, u.Name, nameKey(u.Name), u.Path, u.Boundary, micros(u.Created), tagList(u.Tags))
}

// User implements store.UserTx.
func (t *Tx) User(account, name string) (store.User, error) {
	return one(t, "user", name, scanUser, selectUser+" WHERE account = ? AND name_key = ?", account, nameKey(name))
}

// UserByID implements store.UserTx.
func (t *Tx) UserByID(id string) (store.User, error) {
	return one(t, "user", id, scanUser, selectUser+" WHERE id = ?", id)
}

// Users implements store.UserTx.
func (t *Tx) Users(account string, p store.Page) ([]store.User, error) {
	return listNamed(t, "users of", selectUser, account, p, scanUser)
}

// UpdateUser implements store.UserTx.
func (t *Tx) UpdateUser(u store.User) error {
	return t.updateNamed(named{"user", "users", u.ID, u.Name},
		[]string{"path", "boundary", "created", "tags"},
		u.Path, u.Boundary, micros(u.Created), tagList(u.Tags))
}

// DeleteUser implements store.UserTx.
func (t *Tx) DeleteUser(id string) error {
	return t.change("user", id, "DELETE FROM users WHERE id = ?", id)
}

const selectAccessKey = "SELECT id, account, user_id, secret, status, created, last_used, last_service, last_region FROM access_keys"

func scanAccessKey(rows *sql.Rows, k *store.AccessKey) error {
	return rows.Scan(&k.ID, &k.Account, &k.UserID, bytesOf{&k.Secret}, &k.Status,
		instant{&k.Created}, instant{&k.LastUsed}, &k.LastService, &k.LastRegion)
}

// InsertAccessKey implements store.UserTx.
func (t *Tx) InsertAccessKey(k store.AccessKey) error {
	return t.insert("access key", k.ID,
		"INSERT INTO access_keys (id, account, user_id, secret, status, created, last_used, last_service, last_region)"+
			" VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
		k.ID, k.Account, k.UserID, blob(k.Secret), k.Status, micros(k.Created), micros(k.LastUsed), k.LastService, k.LastRegion)
}

// AccessKey implements store.UserTx.
func (t *Tx) AccessKey(id string) (store.AccessKey, error) {
	return one(t, "access key", id, scanAccessKey, selectAccessKey+" WHERE id = ?", id)
}

// AccessKeys implements store.UserTx.
func (t *Tx) AccessKeys(userID string) ([]store.AccessKey, error) {
	return all(t, "access keys of", userID, scanAccessKey, selectAccessKey+" WHERE user_id = ? ORDER BY created, id", userID)
}

// UpdateAccessKey implements store.UserTx.
func (t *Tx) UpdateAccessKey(k store.AccessKey) error {
	return t.change("access key", k.ID,
		"UPDATE access_keys SET secret = ?, status = ?, last_used = ?, last_service = ?, last_region = ? WHERE id = ?",
		blob(k.Secret), k.Status, micros(k.LastUsed), k.LastService, k.LastRegion, k.ID)
}

// DeleteAccessKey implements store.UserTx.
func (t *Tx) DeleteAccessKey(id string) error {
	return t.change("access key", id, "DELETE FROM access_keys WHERE id = ?", id)
}

// TouchAccessKey implements store.UserTx.
func (t *Tx) TouchAccessKey(id string, u store.LastUse) error {
	at := micros(u.At)
	return t.run("access key", id,
		"UPDATE access_keys SET last_used = ?, last_service = ?, last_region = ? WHERE id = ? AND last_used < ?",
		at, u.Service, u.Region, id, at)
}

// blob is b where a column may not be NULL.
func blob(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}
