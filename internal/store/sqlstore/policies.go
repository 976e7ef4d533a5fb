package sqlstore

import (
	"database/sql"

	"sojourn/internal/store"
)

const selectPolicy = "SELECT id, account, name, path, description, default_version, last_version, created, updated, tags FROM policies"

func scanPolicy(rows *sql.Rows, p *store.Policy) error {
	return rows.Scan(&p.ID, &p.Account, &p.Name, &p.Path, &p.Description, &p.DefaultVersion, &p.LastVersion,
		instant{&p.Created}, instant{&p.Updated}, jsonOf(&p.Tags))
}

// InsertPolicy implements store.PolicyTx.
func (t *Tx) InsertPolicy(p store.Policy) error {
	return t.insert("policy", p.Name,
		"INSERT INTO policies (id, account, name, name_key, path, description, default_version, last_version, created, updated, tags)"+
			" VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		p.ID, p.Account, p.Name, nameKey(p.Name), p.Path, p.Description, p.DefaultVersion, p.LastVersion,
		micros(p.Created), micros(p.Updated), tagList(p.Tags))
}

// Policy implements store.PolicyTx.
func (t *Tx) Policy(account, name string) (store.Policy, error) {
	return one(t, "policy", name, scanPolicy, selectPolicy+" WHERE account = ? AND name_key = ?", account, nameKey(name))
}

// Policies implements store.PolicyTx.
func (t *Tx) Policies(account string, p store.Page) ([]store.Policy, error) {
	return listNamed(t, "policies of", selectPolicy, account, p, scanPolicy)
}

// UpdatePolicy implements store.PolicyTx.
func (t *Tx) UpdatePolicy(p store.Policy) error {
	return t.updateNamed(named{"policy", "policies", p.ID, p.Name},
		[]string{"path", "description", "default_version", "last_version", "created", "updated", "tags"},
		p.Path, p.Description, p.DefaultVersion, p.LastVersion, micros(p.Created), micros(p.Updated), tagList(p.Tags))
}

// DeletePolicy implements store.PolicyTx.
func (t *Tx) DeletePolicy(id string) error {
	if err := t.run("policy", id, "DELETE FROM policy_versions WHERE policy_id = ?", id); err != nil {
		return err
	}
	return t.change("policy", id, "DELETE FROM policies WHERE id = ?", id)
}

const selectPolicyVersion = "SELECT policy_id, version, document, created FROM policy_versions"

func scanPolicyVersion(rows *sql.Rows, v *store.PolicyVersion) error {
	return rows.Scan(&v.PolicyID, &v.Version, &v.Document, instant{&v.Created})
}

// PutPolicyVersion implements store.PolicyTx.
func (t *Tx) PutPolicyVersion(v store.PolicyVersion) error {
	return t.run("policy version", v.Version,
		"INSERT INTO policy_versions (policy_id, version, document, created) VALUES (?, ?, ?, ?)"+
			" ON CONFLICT (policy_id, version) DO UPDATE SET document = excluded.document, created = excluded.created",
		v.PolicyID, v.Version, v.Document, micros(v.Created))
}

// PolicyVersion implements store.PolicyTx.
func (t *Tx) PolicyVersion(policyID, version string) (store.PolicyVersion, error) {
	return one(t, "policy version", version, scanPolicyVersion,
		selectPolicyVersion+" WHERE policy_id = ? AND version = ?", policyID, version)
}

// PolicyVersions implements store.PolicyTx. Among versions of one moment v10 comes behind v9.
func (t *Tx) PolicyVersions(policyID string) ([]store.PolicyVersion, error) {
	return all(t, "versions of policy", policyID, scanPolicyVersion,
		selectPolicyVersion+" WHERE policy_id = ? ORDER BY created, length(version), version", policyID)
}

// DeletePolicyVersion implements store.PolicyTx.
func (t *Tx) DeletePolicyVersion(policyID, version string) error {
	return t.change("policy version", version,
		"DELETE FROM policy_versions WHERE policy_id = ? AND version = ?", policyID, version)
}
