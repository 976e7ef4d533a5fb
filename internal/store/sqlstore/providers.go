package sqlstore

import (
	"database/sql"

	"sojourn/internal/store"
)

const selectOIDCProvider = "SELECT account, url, client_ids, thumbprints, created, tags FROM oidc_providers"

func scanOIDCProvider(rows *sql.Rows, p *store.OIDCProvider) error {
	return rows.Scan(&p.Account, &p.URL, jsonOf(&p.ClientIDs), jsonOf(&p.Thumbprints), instant{&p.Created}, jsonOf(&p.Tags))
}

// InsertOIDCProvider implements store.ProviderTx.
func (t *Tx) InsertOIDCProvider(p store.OIDCProvider) error {
	return t.insert("provider", p.URL,
		"INSERT INTO oidc_providers (account, url, client_ids, thumbprints, created, tags) VALUES (?, ?, ?, ?, ?, ?)",
		p.Account, p.URL, stringList(p.ClientIDs), stringList(p.Thumbprints), micros(p.Created), tagList(p.Tags))
}

// OIDCProvider implements store.ProviderTx.
func (t *Tx) OIDCProvider(account, url string) (store.OIDCProvider, error) {
	return one(t, "provider", url, scanOIDCProvider, selectOIDCProvider+" WHERE account = ? AND url = ?", account, url)
}

// OIDCProviders implements store.ProviderTx.
func (t *Tx) OIDCProviders(account string) ([]store.OIDCProvider, error) {
	return all(t, "providers of", account, scanOIDCProvider, selectOIDCProvider+" WHERE account = ? ORDER BY url", account)
}

// UpdateOIDCProvider implements store.ProviderTx.
func (t *Tx) UpdateOIDCProvider(p store.OIDCProvider) error {
	return t.change("provider", p.URL,
		"UPDATE oidc_providers SET client_ids = ?, thumbprints = ?, created = ?, tags = ? WHERE account = ? AND url = ?",
		stringList(p.ClientIDs), stringList(p.Thumbprints), micros(p.Created), tagList(p.Tags), p.Account, p.URL)
}

// DeleteOIDCProvider implements store.ProviderTx.
func (t *Tx) DeleteOIDCProvider(account, url string) error {
	return t.change("provider", url, "DELETE FROM oidc_providers WHERE account = ? AND url = ?", account, url)
}
