package sqlstore

import (
	"database/sql"
	"strconv"

	"sojourn/internal/store"
)

func scanRootKey(rows *sql.Rows, k *store.RootKey) error {
	return rows.Scan(&k.Generation, &k.Fingerprint, instant{&k.Announced}, instant{&k.Sealing}, instant{&k.Ended}, instant{&k.Retired})
}

// PutRootKey implements store.RootKeyTx.
func (t *Tx) PutRootKey(k store.RootKey) error {
	return t.run("root key", strconv.Itoa(k.Generation),
		"INSERT INTO root_keys (generation, fingerprint, announced, sealing, ended, retired) VALUES (?, ?, ?, ?, ?, ?)"+
			" ON CONFLICT (generation) DO UPDATE SET fingerprint = excluded.fingerprint, announced = excluded.announced,"+
			" sealing = excluded.sealing, ended = excluded.ended, retired = excluded.retired",
		k.Generation, k.Fingerprint, micros(k.Announced), micros(k.Sealing), micros(k.Ended), micros(k.Retired))
}

// RootKeys implements store.RootKeyTx.
func (t *Tx) RootKeys() ([]store.RootKey, error) {
	return all(t, "root keys", "", scanRootKey, "SELECT generation, fingerprint, announced, sealing, ended, retired FROM root_keys ORDER BY generation")
}

// DeleteRootKey implements store.RootKeyTx.
func (t *Tx) DeleteRootKey(generation int) error {
	return t.change("root key", strconv.Itoa(generation), "DELETE FROM root_keys WHERE generation = ?", generation)
}
