package sqlstore

import (
	"database/sql"

	"sojourn/internal/store"
)

const selectInstanceProfile = "SELECT id, account, name, path, COALESCE(role_id, ''), created, tags FROM instance_profiles"

func scanInstanceProfile(rows *sql.Rows, p *store.InstanceProfile) error {
	return rows.Scan(&p.ID, &p.Account, &p.Name, &p.Path, &p.RoleID, instant{&p.Created}, jsonOf(&p.Tags))
}

// InsertInstanceProfile implements store.ProfileTx.
func (t *Tx) InsertInstanceProfile(p store.InstanceProfile) error {
	return t.insert("instance profile", p.Name,
		"INSERT INTO instance_profiles (id, account, name, name_key, path, role_id, created, tags) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
		p.ID, p.Account, p.Name, nameKey(p.Name), p.Path, reference(p.RoleID), micros(p.Created), tagList(p.Tags))
}

// InstanceProfile implements store.ProfileTx.
func (t *Tx) InstanceProfile(account, name string) (store.InstanceProfile, error) {
	return one(t, "instance profile", name, scanInstanceProfile,
		selectInstanceProfile+" WHERE account = ? AND name_key = ?", account, nameKey(name))
}

// InstanceProfiles implements store.ProfileTx.
func (t *Tx) InstanceProfiles(account string, p store.Page) ([]store.InstanceProfile, error) {
	return listNamed(t, "instance profiles of", selectInstanceProfile, account, p, scanInstanceProfile)
}

// InstanceProfilesOf implements store.ProfileTx.
func (t *Tx) InstanceProfilesOf(roleID string) ([]store.InstanceProfile, error) {
	return all(t, "instance profiles of role", roleID, scanInstanceProfile,
		selectInstanceProfile+" WHERE role_id = ? ORDER BY name_key", roleID)
}

// UpdateInstanceProfile implements store.ProfileTx.
func (t *Tx) UpdateInstanceProfile(p store.InstanceProfile) error {
	return t.updateNamed(named{"instance profile", "instance_profiles", p.ID, p.Name},
		[]string{"path", "role_id", "created", "tags"},
		p.Path, reference(p.RoleID), micros(p.Created), tagList(p.Tags))
}

// DeleteInstanceProfile implements store.ProfileTx.
func (t *Tx) DeleteInstanceProfile(id string) error {
	return t.change("instance profile", id, "DELETE FROM instance_profiles WHERE id = ?", id)
}
