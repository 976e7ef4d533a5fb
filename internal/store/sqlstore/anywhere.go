package sqlstore

import (
	"database/sql"

	"sojourn/internal/store"
)

// scope is the condition of a row of an account and a region with an id.
const scope = " WHERE account = ? AND region = ? AND id = ?"

// listScoped reads a page of an account's and region's rows, by id.
func listScoped[T any](t *Tx, what, selects, account, region string, p store.Page, scan scanner[T]) ([]T, error) {
	where, args := pageOf(" WHERE account = ? AND region = ?", "id", p, []any{account, region})
	return all(t, what, account, scan, selects+where+" ORDER BY id LIMIT ?", append(args, limit(p.Limit))...)
}

const selectTrustAnchor = "SELECT account, region, id, name, enabled, certificates, created, updated, tags FROM trust_anchors"

func scanTrustAnchor(rows *sql.Rows, a *store.TrustAnchor) error {
	return rows.Scan(&a.Account, &a.Region, &a.ID, &a.Name, flag{&a.Enabled}, &a.Certificates, instant{&a.Created}, instant{&a.Updated}, jsonOf(&a.Tags))
}

// InsertTrustAnchor implements store.AnywhereTx.
func (t *Tx) InsertTrustAnchor(a store.TrustAnchor) error {
	return t.insert("trust anchor", a.ID,
		"INSERT INTO trust_anchors (account, region, id, name, enabled, certificates, created, updated, tags) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
		a.Account, a.Region, a.ID, a.Name, flagged(a.Enabled), a.Certificates, micros(a.Created), micros(a.Updated), tagList(a.Tags))
}

// TrustAnchor implements store.AnywhereTx.
func (t *Tx) TrustAnchor(account, region, id string) (store.TrustAnchor, error) {
	return one(t, "trust anchor", id, scanTrustAnchor, selectTrustAnchor+scope, account, region, id)
}

// TrustAnchors implements store.AnywhereTx.
func (t *Tx) TrustAnchors(account, region string, p store.Page) ([]store.TrustAnchor, error) {
	return listScoped(t, "trust anchors of", selectTrustAnchor, account, region, p, scanTrustAnchor)
}

// UpdateTrustAnchor implements store.AnywhereTx.
func (t *Tx) UpdateTrustAnchor(a store.TrustAnchor) error {
	return t.change("trust anchor", a.ID,
		"UPDATE trust_anchors SET name = ?, enabled = ?, certificates = ?, created = ?, updated = ?, tags = ?"+scope,
		a.Name, flagged(a.Enabled), a.Certificates, micros(a.Created), micros(a.Updated), tagList(a.Tags), a.Account, a.Region, a.ID)
}

// DeleteTrustAnchor implements store.AnywhereTx.
func (t *Tx) DeleteTrustAnchor(account, region, id string) error {
	if err := t.run("revocation lists of trust anchor", id,
		"DELETE FROM crls WHERE account = ? AND region = ? AND trust_anchor = ?", account, region, id); err != nil {
		return err
	}
	return t.change("trust anchor", id, "DELETE FROM trust_anchors"+scope, account, region, id)
}

const selectAnywhereProfile = "SELECT account, region, id, name, enabled, created_by, role_arns, managed_policies, session_policy, duration," +
	" require_instance_properties, accept_role_session_name, mappings, created, updated, tags FROM anywhere_profiles"

func scanAnywhereProfile(rows *sql.Rows, p *store.AnywhereProfile) error {
	return rows.Scan(&p.Account, &p.Region, &p.ID, &p.Name, flag{&p.Enabled}, &p.CreatedBy, jsonOf(&p.RoleARNs), jsonOf(&p.ManagedPolicyARNs),
		&p.SessionPolicy, period{&p.Duration}, flag{&p.RequireInstanceProperties}, flag{&p.AcceptRoleSessionName}, jsonOf(&p.Mappings),
		instant{&p.Created}, instant{&p.Updated}, jsonOf(&p.Tags))
}

// InsertAnywhereProfile implements store.AnywhereTx.
func (t *Tx) InsertAnywhereProfile(p store.AnywhereProfile) error {
	return t.insert("profile", p.ID,
		"INSERT INTO anywhere_profiles (account, region, id, name, enabled, created_by, role_arns, managed_policies, session_policy, duration,"+
			" require_instance_properties, accept_role_session_name, mappings, created, updated, tags)"+
			" VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		p.Account, p.Region, p.ID, p.Name, flagged(p.Enabled), p.CreatedBy, stringList(p.RoleARNs), stringList(p.ManagedPolicyARNs), p.SessionPolicy,
		p.Duration.Microseconds(), flagged(p.RequireInstanceProperties), flagged(p.AcceptRoleSessionName), mappingList(p.Mappings),
		micros(p.Created), micros(p.Updated), tagList(p.Tags))
}

// AnywhereProfile implements store.AnywhereTx.
func (t *Tx) AnywhereProfile(account, region, id string) (store.AnywhereProfile, error) {
	return one(t, "profile", id, scanAnywhereProfile, selectAnywhereProfile+scope, account, region, id)
}

// AnywhereProfiles implements store.AnywhereTx.
func (t *Tx) AnywhereProfiles(account, region string, p store.Page) ([]store.AnywhereProfile, error) {
	return listScoped(t, "profiles of", selectAnywhereProfile, account, region, p, scanAnywhereProfile)
}

// UpdateAnywhereProfile implements store.AnywhereTx.
func (t *Tx) UpdateAnywhereProfile(p store.AnywhereProfile) error {
	return t.change("profile", p.ID,
		"UPDATE anywhere_profiles SET name = ?, enabled = ?, created_by = ?, role_arns = ?, managed_policies = ?, session_policy = ?, duration = ?,"+
			" require_instance_properties = ?, accept_role_session_name = ?, mappings = ?, created = ?, updated = ?, tags = ?"+scope,
		p.Name, flagged(p.Enabled), p.CreatedBy, stringList(p.RoleARNs), stringList(p.ManagedPolicyARNs), p.SessionPolicy, p.Duration.Microseconds(),
		flagged(p.RequireInstanceProperties), flagged(p.AcceptRoleSessionName), mappingList(p.Mappings), micros(p.Created), micros(p.Updated),
		tagList(p.Tags), p.Account, p.Region, p.ID)
}

// DeleteAnywhereProfile implements store.AnywhereTx.
func (t *Tx) DeleteAnywhereProfile(account, region, id string) error {
	return t.change("profile", id, "DELETE FROM anywhere_profiles"+scope, account, region, id)
}

func mappingList(m []store.AttributeMapping) string {
	if len(m) == 0 {
		return "[]"
	}
	return encode(m)
}

const selectCRL = "SELECT account, region, id, name, enabled, trust_anchor, data, created, updated, tags FROM crls"

func scanCRL(rows *sql.Rows, c *store.CRL) error {
	return rows.Scan(&c.Account, &c.Region, &c.ID, &c.Name, flag{&c.Enabled}, &c.TrustAnchor, bytesOf{&c.Data}, instant{&c.Created}, instant{&c.Updated}, jsonOf(&c.Tags))
}

// InsertCRL implements store.AnywhereTx.
func (t *Tx) InsertCRL(c store.CRL) error {
	if _, err := t.TrustAnchor(c.Account, c.Region, c.TrustAnchor); err != nil {
		return err
	}
	return t.insert("revocation list", c.ID,
		"INSERT INTO crls (account, region, id, name, enabled, trust_anchor, data, created, updated, tags) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		c.Account, c.Region, c.ID, c.Name, flagged(c.Enabled), c.TrustAnchor, blob(c.Data), micros(c.Created), micros(c.Updated), tagList(c.Tags))
}

// CRL implements store.AnywhereTx.
func (t *Tx) CRL(account, region, id string) (store.CRL, error) {
	return one(t, "revocation list", id, scanCRL, selectCRL+scope, account, region, id)
}

// CRLs implements store.AnywhereTx.
func (t *Tx) CRLs(account, region string, p store.Page) ([]store.CRL, error) {
	return listScoped(t, "revocation lists of", selectCRL, account, region, p, scanCRL)
}

// CRLsOf implements store.AnywhereTx.
func (t *Tx) CRLsOf(account, region, trustAnchor string) ([]store.CRL, error) {
	return all(t, "revocation lists of trust anchor", trustAnchor, scanCRL,
		selectCRL+" WHERE account = ? AND region = ? AND trust_anchor = ? ORDER BY id", account, region, trustAnchor)
}

// UpdateCRL implements store.AnywhereTx.
func (t *Tx) UpdateCRL(c store.CRL) error {
	return t.change("revocation list", c.ID,
		"UPDATE crls SET name = ?, enabled = ?, data = ?, created = ?, updated = ?, tags = ?"+scope,
		c.Name, flagged(c.Enabled), blob(c.Data), micros(c.Created), micros(c.Updated), tagList(c.Tags), c.Account, c.Region, c.ID)
}

// DeleteCRL implements store.AnywhereTx.
func (t *Tx) DeleteCRL(account, region, id string) error {
	return t.change("revocation list", id, "DELETE FROM crls"+scope, account, region, id)
}
