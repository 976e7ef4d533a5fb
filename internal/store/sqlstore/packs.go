package sqlstore

import (
	"database/sql"

	"sojourn/internal/store"
)

const packColumns = "repo, id, git_name, size, idx_size, sha256, idx_sha256, objects, kind, added_version, bitmap_size, bitmap_sha256, graph_size, graph_sha256, added"

// Packs implements store.PackTx.
func (t *Tx) Packs(repo string) ([]store.Pack, error) {
	scan := func(rows *sql.Rows, p *store.Pack) error {
		return rows.Scan(&p.Repo, &p.ID, &p.GitName, &p.Size, &p.IdxSize, &p.SHA256, &p.IdxSHA256, &p.Objects, &p.Kind, &p.AddedVersion,
			&p.BitmapSize, &p.BitmapSHA256, &p.GraphSize, &p.GraphSHA256, &p.Added)
	}
	return all(t, "packs of repository", repo, scan, "SELECT "+packColumns+" FROM packs WHERE repo = ? ORDER BY seq", repo)
}

// InsertPack implements store.PackTx.
func (t *Tx) InsertPack(p store.Pack) error {
	return t.insert("pack", p.ID,
		"INSERT INTO packs ("+packColumns+", seq)"+
			" VALUES ("+markers("?", 15)+", (SELECT COALESCE(MAX(seq), 0) + 1 FROM packs WHERE repo = ?))",
		p.Repo, p.ID, p.GitName, p.Size, p.IdxSize, p.SHA256, p.IdxSHA256, p.Objects, p.Kind, p.AddedVersion,
		p.BitmapSize, p.BitmapSHA256, p.GraphSize, p.GraphSHA256, p.Added, p.Repo)
}

// DeletePacks implements store.PackTx.
func (t *Tx) DeletePacks(repo string, ids []string, now int64) error {
	return batches(ids, func(part []string) error {
		in := " WHERE repo = ? AND id IN (" + markers("?", len(part)) + ")"
		moved, err := t.exec("INSERT INTO pack_trash (repo, id, at) SELECT repo, id, CAST(? AS BIGINT) FROM packs"+in, append([]any{now}, repoAnd(repo, part)...)...)
		if err == nil && moved != int64(len(part)) {
			err = store.ErrNotFound
		}
		if err == nil {
			_, err = t.exec("DELETE FROM packs"+in, repoAnd(repo, part)...)
		}
		return about(err, "packs of repository", repo)
	})
}

// AccountBytes implements store.PackTx.
func (t *Tx) AccountBytes(account string) (int64, error) {
	scan := func(rows *sql.Rows, n *int64) error { return rows.Scan(n) }
	return one(t, "packs of account", account, scan, "SELECT CAST(COALESCE(SUM(size + idx_size + bitmap_size + graph_size), 0) AS BIGINT)"+
		" FROM packs WHERE repo IN (SELECT id FROM repos WHERE account = ?)", account)
}

func scanUpload(rows *sql.Rows, u *store.Upload) error { return rows.Scan(&u.Repo, &u.Pack, &u.At) }

// OpenUpload implements store.PackTx.
func (t *Tx) OpenUpload(u store.Upload) error {
	return t.insert("upload", u.Pack, "INSERT INTO uploads (repo, id, state, at) VALUES (?, ?, 'open', ?)", u.Repo, u.Pack, u.At)
}

// ConsumeUpload implements store.PackTx.
func (t *Tx) ConsumeUpload(repo, pack string) error {
	return t.change("upload", pack, "DELETE FROM uploads WHERE repo = ? AND id = ? AND state = 'open'", repo, pack)
}

// KillUploads implements store.PackTx.
func (t *Tx) KillUploads(before int64) ([]store.Upload, error) {
	if err := t.run("uploads", "open", "UPDATE uploads SET state = 'dead' WHERE state = 'open' AND at < ?", before); err != nil {
		return nil, err
	}
	return all(t, "uploads", "dead", scanUpload, "SELECT repo, id, at FROM uploads WHERE state = 'dead' ORDER BY at, repo, id")
}

// DeleteUpload implements store.PackTx.
func (t *Tx) DeleteUpload(repo, pack string) error {
	return t.run("upload", pack, "DELETE FROM uploads WHERE repo = ? AND id = ?", repo, pack)
}

// Trash implements store.PackTx.
func (t *Tx) Trash(before int64, n int) ([]store.Upload, error) {
	return all(t, "trash", "", scanUpload,
		"SELECT repo, id, at FROM pack_trash WHERE at < ? ORDER BY at, repo, id LIMIT ?", before, limit(n))
}

// EmptyTrash implements store.PackTx.
func (t *Tx) EmptyTrash(repo, pack string) error {
	return t.run("trash", pack, "DELETE FROM pack_trash WHERE repo = ? AND id = ?", repo, pack)
}
