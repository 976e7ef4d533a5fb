package sqlstore

import (
	"database/sql"
	"time"

	"sojourn/internal/store"
)

const selectRevocation = "SELECT id, kind, account, subject, name, before, made, until, made_by, reason FROM revocations"

func scanRevocation(rows *sql.Rows, r *store.Revocation) error {
	return rows.Scan(&r.ID, &r.Kind, &r.Account, &r.Subject, &r.Name, instant{&r.Before}, instant{&r.Made}, instant{&r.Until}, &r.By, &r.Reason)
}

// InsertRevocation implements store.RevocationTx.
func (t *Tx) InsertRevocation(r store.Revocation) error {
	return t.insert("revocation", r.ID,
		"INSERT INTO revocations (id, kind, account, subject, name, before, made, until, made_by, reason) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		r.ID, r.Kind, r.Account, r.Subject, r.Name, micros(r.Before), micros(r.Made), micros(r.Until), r.By, r.Reason)
}

// Revocations implements store.RevocationTx.
func (t *Tx) Revocations() ([]store.Revocation, error) {
	return all(t, "revocations", "", scanRevocation, selectRevocation+" ORDER BY made, id")
}

// DeleteRevocation implements store.RevocationTx.
func (t *Tx) DeleteRevocation(id string) error {
	return t.change("revocation", id, "DELETE FROM revocations WHERE id = ?", id)
}

// DropRevocations implements store.RevocationTx.
func (t *Tx) DropRevocations(before time.Time) error {
	return t.run("revocations", "", "DELETE FROM revocations WHERE until < ?", micros(before))
}
