package sqlstore

import (
	"database/sql"

	"sojourn/internal/store"
)

const selectGroup = "SELECT groups.id, groups.account, groups.name, groups.path, groups.created FROM groups"

func scanGroup(rows *sql.Rows, g *store.Group) error {
	return rows.Scan(&g.ID, &g.Account, &g.Name, &g.Path, instant{&g.Created})
}

// InsertGroup implements store.GroupTx.
func (t *Tx) InsertGroup(g store.Group) error {
	return t.insert("group", g.Name,
		"INSERT INTO groups (id, account, name, name_key, path, created) VALUES (?, ?, ?, ?, ?, ?)",
		g.ID, g.Account, g.Name, nameKey(g.Name), g.Path, micros(g.Created))
}

// Group implements store.GroupTx.
func (t *Tx) Group(account, name string) (store.Group, error) {
	return one(t, "group", name, scanGroup, selectGroup+" WHERE account = ? AND name_key = ?", account, nameKey(name))
}

// Groups implements store.GroupTx.
func (t *Tx) Groups(account string, p store.Page) ([]store.Group, error) {
	return listNamed(t, "groups of", selectGroup, account, p, scanGroup)
}

// UpdateGroup implements store.GroupTx.
func (t *Tx) UpdateGroup(g store.Group) error {
	return t.updateNamed(named{"group", "groups", g.ID, g.Name},
		[]string{"path", "created"}, g.Path, micros(g.Created))
}

// DeleteGroup implements store.GroupTx.
func (t *Tx) DeleteGroup(id string) error {
	return t.change("group", id, "DELETE FROM groups WHERE id = ?", id)
}

// AddMember implements store.GroupTx.
func (t *Tx) AddMember(groupID, userID string) error {
	return t.run("group", groupID,
		"INSERT INTO group_members (group_id, user_id) VALUES (?, ?) ON CONFLICT DO NOTHING", groupID, userID)
}

// RemoveMember implements store.GroupTx.
func (t *Tx) RemoveMember(groupID, userID string) error {
	return t.change("member", userID, "DELETE FROM group_members WHERE group_id = ? AND user_id = ?", groupID, userID)
}

// GroupsOf implements store.GroupTx.
func (t *Tx) GroupsOf(userID string) ([]store.Group, error) {
	return all(t, "groups of", userID, scanGroup,
		selectGroup+" JOIN group_members m ON m.group_id = groups.id WHERE m.user_id = ? ORDER BY groups.name_key", userID)
}

// Members implements store.GroupTx.
func (t *Tx) Members(groupID string) ([]store.User, error) {
	return all(t, "members of", groupID, scanUser,
		selectUser+" JOIN group_members m ON m.user_id = users.id WHERE m.group_id = ? ORDER BY users.name_key", groupID)
}
