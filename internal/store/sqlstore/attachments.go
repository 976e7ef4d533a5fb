package sqlstore

import (
	"database/sql"

	"sojourn/internal/store"
)

// PutInlinePolicy implements store.PolicyTx.
func (t *Tx) PutInlinePolicy(owner, name, document string) error {
	return t.run("inline policy", name,
		"INSERT INTO inline_policies (owner, name, document) VALUES (?, ?, ?)"+
			" ON CONFLICT (owner, name) DO UPDATE SET document = excluded.document",
		owner, name, document)
}

// InlinePolicy implements store.PolicyTx.
func (t *Tx) InlinePolicy(owner, name string) (string, error) {
	return one(t, "inline policy", name, scanString,
		"SELECT document FROM inline_policies WHERE owner = ? AND name = ?", owner, name)
}

// InlinePolicies implements store.PolicyTx.
func (t *Tx) InlinePolicies(owner string) ([]store.InlinePolicy, error) {
	scan := func(rows *sql.Rows, p *store.InlinePolicy) error { return rows.Scan(&p.Name, &p.Document) }
	return all(t, "inline policies of", owner, scan,
		"SELECT name, document FROM inline_policies WHERE owner = ? ORDER BY name", owner)
}

// DeleteInlinePolicy implements store.PolicyTx.
func (t *Tx) DeleteInlinePolicy(owner, name string) error {
	return t.change("inline policy", name, "DELETE FROM inline_policies WHERE owner = ? AND name = ?", owner, name)
}

// Attach implements store.PolicyTx.
func (t *Tx) Attach(owner, policyARN string) error {
	return t.run("policy", policyARN,
		"INSERT INTO attachments (owner, policy_arn) VALUES (?, ?) ON CONFLICT DO NOTHING", owner, policyARN)
}

// Detach implements store.PolicyTx.
func (t *Tx) Detach(owner, policyARN string) error {
	return t.change("attached policy", policyARN,
		"DELETE FROM attachments WHERE owner = ? AND policy_arn = ?", owner, policyARN)
}

// Attachments implements store.PolicyTx.
func (t *Tx) Attachments(owner string) ([]string, error) {
	return all(t, "attachments of", owner, scanString,
		"SELECT policy_arn FROM attachments WHERE owner = ? ORDER BY policy_arn", owner)
}

// AttachedTo implements store.PolicyTx.
func (t *Tx) AttachedTo(account, policyARN string) ([]string, error) {
	return all(t, "owners of policy", policyARN, scanString,
		"SELECT owner FROM attachments WHERE policy_arn = ? AND ("+
			"EXISTS (SELECT 1 FROM users WHERE users.id = owner AND users.account = ?)"+
			" OR EXISTS (SELECT 1 FROM groups WHERE groups.id = owner AND groups.account = ?)"+
			" OR EXISTS (SELECT 1 FROM roles WHERE roles.id = owner AND roles.account = ?)"+
			") ORDER BY owner",
		policyARN, account, account, account)
}
