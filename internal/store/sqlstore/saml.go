package sqlstore

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"sojourn/internal/store"
)

const selectSAMLProvider = "SELECT account, name, id, metadata, encryption_mode, private_keys, created, valid_until, tags FROM saml_providers"

func scanSAMLProvider(rows *sql.Rows, p *store.SAMLProvider) error {
	return rows.Scan(&p.Account, &p.Name, &p.ID, &p.Metadata, &p.EncryptionMode, privateKeys{&p.PrivateKeys},
		instant{&p.Created}, instant{&p.ValidUntil}, jsonOf(&p.Tags))
}

// privateKey is a SAML provider's key in its column.
type privateKey struct {
	ID     string
	Sealed []byte
	Added  int64
}

// privateKeys are the keys of a provider in a column.
type privateKeys struct{ list *[]store.SAMLPrivateKey }

func (k privateKeys) Scan(v any) error {
	s, ok := v.(string)
	if !ok {
		return fmt.Errorf("private keys are %T, not text", v)
	}
	var all []privateKey
	if err := json.Unmarshal([]byte(s), &all); err != nil {
		return err
	}
	*k.list = nil
	for _, p := range all {
		key := store.SAMLPrivateKey{ID: p.ID, Sealed: p.Sealed}
		if err := (instant{&key.Added}).Scan(p.Added); err != nil {
			return err
		}
		*k.list = append(*k.list, key)
	}
	return nil
}

// privateKeyList is what privateKeys reads.
func privateKeyList(list []store.SAMLPrivateKey) string {
	all := make([]privateKey, 0, len(list))
	for _, k := range list {
		all = append(all, privateKey{k.ID, k.Sealed, micros(k.Added)})
	}
	return encode(all)
}

// InsertSAMLProvider implements store.SAMLTx.
func (t *Tx) InsertSAMLProvider(p store.SAMLProvider) error {
	return t.insert("SAML provider", p.Name,
		"INSERT INTO saml_providers (account, name, name_key, id, metadata, encryption_mode, private_keys, created, valid_until, tags) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		p.Account, p.Name, nameKey(p.Name), p.ID, p.Metadata, p.EncryptionMode, privateKeyList(p.PrivateKeys), micros(p.Created), micros(p.ValidUntil), tagList(p.Tags))
}

// SAMLProvider implements store.SAMLTx.
func (t *Tx) SAMLProvider(account, name string) (store.SAMLProvider, error) {
	return one(t, "SAML provider", name, scanSAMLProvider, selectSAMLProvider+" WHERE account = ? AND name_key = ? AND name = ?", account, nameKey(name), name)
}

// SAMLProviders implements store.SAMLTx.
func (t *Tx) SAMLProviders(account string) ([]store.SAMLProvider, error) {
	return all(t, "SAML providers of", account, scanSAMLProvider, selectSAMLProvider+" WHERE account = ? ORDER BY name_key", account)
}

// UpdateSAMLProvider implements store.SAMLTx.
func (t *Tx) UpdateSAMLProvider(p store.SAMLProvider) error {
	return t.change("SAML provider", p.Name,
		"UPDATE saml_providers SET id = ?, metadata = ?, encryption_mode = ?, private_keys = ?, created = ?, valid_until = ?, tags = ? WHERE account = ? AND name_key = ? AND name = ?",
		p.ID, p.Metadata, p.EncryptionMode, privateKeyList(p.PrivateKeys), micros(p.Created), micros(p.ValidUntil), tagList(p.Tags), p.Account, nameKey(p.Name), p.Name)
}

// DeleteSAMLProvider implements store.SAMLTx.
func (t *Tx) DeleteSAMLProvider(account, name string) error {
	return t.change("SAML provider", name, "DELETE FROM saml_providers WHERE account = ? AND name_key = ? AND name = ?", account, nameKey(name), name)
}

// UseAssertion implements store.SAMLTx.
func (t *Tx) UseAssertion(assertion string, expires time.Time) error {
	return t.insert("assertion", assertion, "INSERT INTO used_assertions (assertion, expires) VALUES (?, ?)", assertion, micros(expires))
}

// ForgetAssertions implements store.SAMLTx.
func (t *Tx) ForgetAssertions(before time.Time) error {
	return t.run("assertions", "", "DELETE FROM used_assertions WHERE expires < ?", micros(before))
}
