package sqlstore

import (
	"database/sql"

	"sojourn/internal/store"
)

const selectRepository = "SELECT id, account, region, name, description, head, version, gc_epoch, pack_gen, created, modified, tags FROM repos"

func scanRepository(rows *sql.Rows, r *store.Repository) error {
	return rows.Scan(&r.ID, &r.Account, &r.Region, &r.Name, &r.Description, &r.Head, &r.Version, &r.GCEpoch, &r.PackGen,
		instant{&r.Created}, instant{&r.Modified}, jsonOf(&r.Tags))
}

// InsertRepository implements store.RepositoryTx.
func (t *Tx) InsertRepository(r store.Repository) error {
	return t.insert("repository", r.Name,
		"INSERT INTO repos (id, account, region, name, description, head, version, gc_epoch, pack_gen, created, modified, tags)"+
			" VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		r.ID, r.Account, r.Region, r.Name, r.Description, r.Head, r.Version, r.GCEpoch, r.PackGen,
		micros(r.Created), micros(r.Modified), tagList(r.Tags))
}

// Repository implements store.RepositoryTx.
func (t *Tx) Repository(account, region, name string) (store.Repository, error) {
	return one(t, "repository", name, scanRepository,
		selectRepository+" WHERE account = ? AND region = ? AND name = ?", account, region, name)
}

// RepositoryByID implements store.RepositoryTx.
func (t *Tx) RepositoryByID(id string) (store.Repository, error) {
	return one(t, "repository", id, scanRepository, selectRepository+" WHERE id = ?", id)
}

// LockRepository implements store.RepositoryTx.
func (t *Tx) LockRepository(id string) (store.Repository, error) {
	return one(t, "repository", id, scanRepository, selectRepository+" WHERE id = ?"+t.d.ForUpdate, id)
}

// Repositories implements store.RepositoryTx.
func (t *Tx) Repositories(account, region string, p store.Page) ([]store.Repository, error) {
	where, args := pageOf(" WHERE account = ? AND region = ?", "name", p, []any{account, region})
	return all(t, "repositories of", account, scanRepository,
		selectRepository+where+" ORDER BY name LIMIT ?", append(args, limit(p.Limit))...)
}

// CountRepositories implements store.RepositoryTx.
func (t *Tx) CountRepositories(account, region string) (int, error) {
	scan := func(rows *sql.Rows, n *int) error { return rows.Scan(n) }
	return one(t, "repositories of", account, scan, "SELECT COUNT(*) FROM repos WHERE account = ? AND region = ?", account, region)
}

// UpdateRepository implements store.RepositoryTx. The name that is taken is
// asked for in the statement; see updateNamed.
func (t *Tx) UpdateRepository(r store.Repository) error {
	n, err := t.exec("UPDATE repos SET name = ?, description = ?, head = ?, version = ?, gc_epoch = ?, pack_gen = ?,"+
		" created = ?, modified = ?, tags = ? WHERE id = ? AND NOT EXISTS"+
		" (SELECT 1 FROM repos other WHERE other.account = repos.account AND other.region = repos.region AND other.name = ? AND other.id <> ?)",
		r.Name, r.Description, r.Head, r.Version, r.GCEpoch, r.PackGen,
		micros(r.Created), micros(r.Modified), tagList(r.Tags), r.ID, r.Name, r.ID)
	if err == nil && n == 0 {
		err = t.whyUnchanged("repos", r.ID)
	}
	return about(err, "repository", r.Name)
}

// DeleteRepository implements store.RepositoryTx.
func (t *Tx) DeleteRepository(id string, now int64) error {
	if _, err := t.LockRepository(id); err != nil {
		return err
	}
	err := t.run("packs of repository", id,
		"INSERT INTO pack_trash (repo, id, at) SELECT repo, id, CAST(? AS BIGINT) FROM packs WHERE repo = ? ON CONFLICT DO NOTHING", now, id)
	for _, table := range []string{"packs", "ref_log", "refs"} {
		if err == nil {
			err = t.run(table+" of repository", id, "DELETE FROM "+table+" WHERE repo = ?", id)
		}
	}
	if err != nil {
		return err
	}
	return t.change("repository", id, "DELETE FROM repos WHERE id = ?", id)
}
