package sqlstore

import (
	"database/sql"
	"time"

	"sojourn/internal/store"
)

func scanIssuerKeys(rows *sql.Rows, k *store.IssuerKeys) error {
	return rows.Scan(&k.Issuer, bytesOf{&k.Keys}, instant{&k.Fetched})
}

// PutIssuerKeys implements store.IssuerKeysTx.
func (t *Tx) PutIssuerKeys(k store.IssuerKeys) error {
	return t.run("keys of issuer", k.Issuer,
		"INSERT INTO issuer_keys (issuer, keys, fetched) VALUES (?, ?, ?)"+
			" ON CONFLICT (issuer) DO UPDATE SET keys = excluded.keys, fetched = excluded.fetched WHERE excluded.fetched > issuer_keys.fetched",
		k.Issuer, blob(k.Keys), micros(k.Fetched))
}

// IssuerKeys implements store.IssuerKeysTx.
func (t *Tx) IssuerKeys(issuer string) (store.IssuerKeys, error) {
	return one(t, "keys of issuer", issuer, scanIssuerKeys, "SELECT issuer, keys, fetched FROM issuer_keys WHERE issuer = ?", issuer)
}

// DropIssuerKeys implements store.IssuerKeysTx.
func (t *Tx) DropIssuerKeys(before time.Time) error {
	return t.run("keys of issuers", "", "DELETE FROM issuer_keys WHERE fetched < ?", micros(before))
}

// GiveIssuerKeys implements store.IssuerKeysTx.
func (t *Tx) GiveIssuerKeys(k store.IssuerKeys) error {
	return t.run("given keys of issuer", k.Issuer,
		"INSERT INTO given_issuer_keys (issuer, keys, fetched) VALUES (?, ?, ?)"+
			" ON CONFLICT (issuer) DO UPDATE SET keys = excluded.keys, fetched = excluded.fetched",
		k.Issuer, blob(k.Keys), micros(k.Fetched))
}

// GivenIssuerKeys implements store.IssuerKeysTx.
func (t *Tx) GivenIssuerKeys(issuer string) (store.IssuerKeys, error) {
	return one(t, "given keys of issuer", issuer, scanIssuerKeys, "SELECT issuer, keys, fetched FROM given_issuer_keys WHERE issuer = ?", issuer)
}

// RemoveGivenIssuerKeys implements store.IssuerKeysTx.
func (t *Tx) RemoveGivenIssuerKeys(issuer string) error {
	return t.change("given keys of issuer", issuer, "DELETE FROM given_issuer_keys WHERE issuer = ?", issuer)
}
