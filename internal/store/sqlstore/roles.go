package sqlstore

import (
	"database/sql"
	"errors"

	"sojourn/internal/store"
)

const selectRole = "SELECT id, account, name, path, description, boundary, max_session, trust, trust_ids, created, tags FROM roles"

func scanRole(rows *sql.Rows, r *store.Role) error {
	return rows.Scan(&r.ID, &r.Account, &r.Name, &r.Path, &r.Description, &r.Boundary,
		period{&r.MaxSession}, &r.Trust, jsonOf(&r.TrustIDs), instant{&r.Created}, jsonOf(&r.Tags))
}

// InsertRole implements store.RoleTx.
func (t *Tx) InsertRole(r store.Role) error {
	return t.insert("role", r.Name,
		"INSERT INTO roles (id, account, name, name_key, path, description, boundary, max_session, trust, trust_ids, created, tags)"+
			" VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		r.ID, r.Account, r.Name, nameKey(r.Name), r.Path, r.Description, r.Boundary,
		r.MaxSession.Microseconds(), r.Trust, stringMap(r.TrustIDs), micros(r.Created), tagList(r.Tags))
}

// Role implements store.RoleTx.
func (t *Tx) Role(account, name string) (store.Role, error) {
	return one(t, "role", name, scanRole, selectRole+" WHERE account = ? AND name_key = ?", account, nameKey(name))
}

// RoleByID implements store.RoleTx.
func (t *Tx) RoleByID(id string) (store.Role, error) {
	return one(t, "role", id, scanRole, selectRole+" WHERE id = ?", id)
}

// Roles implements store.RoleTx.
func (t *Tx) Roles(account string, p store.Page) ([]store.Role, error) {
	return listNamed(t, "roles of", selectRole, account, p, scanRole)
}

// UpdateRole implements store.RoleTx.
func (t *Tx) UpdateRole(r store.Role) error {
	return t.updateNamed(named{"role", "roles", r.ID, r.Name},
		[]string{"path", "description", "boundary", "max_session", "trust", "trust_ids", "created", "tags"},
		r.Path, r.Description, r.Boundary, r.MaxSession.Microseconds(), r.Trust,
		stringMap(r.TrustIDs), micros(r.Created), tagList(r.Tags))
}

// DeleteRole implements store.RoleTx.
func (t *Tx) DeleteRole(id string) error {
	return t.change("role", id, "DELETE FROM roles WHERE id = ?", id)
}

func scanLastUse(rows *sql.Rows, u *store.LastUse) error {
	return rows.Scan(instant{&u.At}, &u.Service, &u.Region)
}

// TouchRole implements store.RoleTx.
func (t *Tx) TouchRole(id string, u store.LastUse) error {
	_, err := one(t, "role", id, scanString, "SELECT id FROM roles WHERE id = ?", id)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return t.run("last use of role", id,
		"INSERT INTO role_last_uses (role_id, at, service, region) VALUES (?, ?, ?, ?)"+
			" ON CONFLICT (role_id) DO UPDATE SET at = excluded.at, service = excluded.service, region = excluded.region"+
			" WHERE role_last_uses.at < excluded.at",
		id, micros(u.At), u.Service, u.Region)
}

// RoleLastUse implements store.RoleTx.
func (t *Tx) RoleLastUse(id string) (store.LastUse, error) {
	u, err := one(t, "last use of role", id, scanLastUse,
		"SELECT at, service, region FROM role_last_uses WHERE role_id = ?", id)
	if errors.Is(err, store.ErrNotFound) {
		err = nil
	}
	return u, err
}
