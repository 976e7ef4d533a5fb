package sqlstore

import (
	"database/sql"

	"sojourn/internal/store"
)

// TakeLease implements store.MaintenanceTx.
func (t *Tx) TakeLease(name, owner string, now, until int64) error {
	n, err := t.exec("INSERT INTO maint_leases (name, owner, until) VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE"+
		" SET owner = excluded.owner, until = excluded.until WHERE maint_leases.owner = excluded.owner OR maint_leases.until < ?",
		name, owner, until, now)
	if err == nil && n == 0 {
		err = store.ErrExists
	}
	return about(err, "lease", name)
}

// Lease implements store.MaintenanceTx.
func (t *Tx) Lease(name string) (owner string, until int64, err error) {
	type lease struct {
		owner string
		until int64
	}
	l, err := one(t, "lease", name, func(rows *sql.Rows, l *lease) error { return rows.Scan(&l.owner, &l.until) },
		"SELECT owner, until FROM maint_leases WHERE name = ?", name)
	return l.owner, l.until, err
}

// DropLease implements store.MaintenanceTx.
func (t *Tx) DropLease(name, owner string) error {
	return t.run("lease", name, "DELETE FROM maint_leases WHERE name = ? AND owner = ?", name, owner)
}

// PackLoads implements store.MaintenanceTx.
func (t *Tx) PackLoads() ([]store.PackLoad, error) {
	scan := func(rows *sql.Rows, l *store.PackLoad) error {
		return rows.Scan(&l.Repo, &l.Packs, &l.Size, &l.BaseSize, &l.Objects, &l.BaseAdded)
	}
	return all(t, "packs", "", scan, "SELECT repo, COUNT(*), CAST(SUM(size) AS BIGINT),"+
		" CAST(SUM(CASE WHEN kind IN ('base', 'unreachable') THEN size ELSE 0 END) AS BIGINT), CAST(SUM(objects) AS BIGINT),"+
		" MAX(CASE WHEN kind IN ('base', 'unreachable') THEN added ELSE 0 END) FROM packs GROUP BY repo ORDER BY repo")
}

// AllRepositories implements store.MaintenanceTx.
func (t *Tx) AllRepositories(after string, n int) ([]store.Repository, error) {
	return all(t, "repositories", "", scanRepository, selectRepository+" WHERE id > ? ORDER BY id LIMIT ?", after, limit(n))
}

// Uploads implements store.MaintenanceTx.
func (t *Tx) Uploads(repo string) ([]store.Upload, error) {
	return all(t, "uploads of repository", repo, scanUpload, "SELECT repo, id, at FROM uploads WHERE repo = ? ORDER BY at, id", repo)
}

// Trashed implements store.MaintenanceTx.
func (t *Tx) Trashed(repo string) ([]store.Upload, error) {
	return all(t, "trash of repository", repo, scanUpload, "SELECT repo, id, at FROM pack_trash WHERE repo = ? ORDER BY at, id", repo)
}

func scanPair(rows *sql.Rows, p *[2]int64) error { return rows.Scan(&p[0], &p[1]) }

// StoreCounts implements store.MaintenanceTx.
func (t *Tx) StoreCounts() (uploads, trash int64, err error) {
	p, err := one(t, "uploads and trash", "", scanPair, "SELECT (SELECT COUNT(*) FROM uploads), (SELECT COUNT(*) FROM pack_trash)")
	return p[0], p[1], err
}
