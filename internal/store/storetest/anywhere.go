package storetest

import (
	"testing"

	"sojourn/internal/store"
)

// anywhereTests are about trust anchors, profiles and revocation lists.
var anywhereTests = map[string]func(*testing.T, *database){
	"TrustAnchor": trustAnchorRecord,
	"Profile":     anywhereProfileRecord,
	"CRL":         crlRecord,
	"Scope":       anywhereScope,
	"Pages":       anywherePages,
}

func trustAnchorRecord(t *testing.T, db *database) {
	a, changed := fill[store.TrustAnchor](1), fill[store.TrustAnchor](2)
	changed.Account, changed.Region, changed.ID = a.Account, a.Region, a.ID
	db.update(t, func(tx store.Tx) {
		ok(t, tx.InsertTrustAnchor(a))
		is(t, "InsertTrustAnchor", tx.InsertTrustAnchor(a), store.ErrExists)
		got, err := tx.TrustAnchor(a.Account, a.Region, a.ID)
		equal(t, "TrustAnchor", got, err, a)
		ok(t, tx.UpdateTrustAnchor(changed))
	})
	db.update(t, func(tx store.Tx) {
		got, err := tx.TrustAnchor(a.Account, a.Region, a.ID)
		equal(t, "TrustAnchor, changed", got, err, changed)
		ok(t, tx.DeleteTrustAnchor(a.Account, a.Region, a.ID))
		is(t, "DeleteTrustAnchor", tx.DeleteTrustAnchor(a.Account, a.Region, a.ID), store.ErrNotFound)
		is(t, "UpdateTrustAnchor", tx.UpdateTrustAnchor(a), store.ErrNotFound)
		_, err = tx.TrustAnchor(a.Account, a.Region, a.ID)
		is(t, "TrustAnchor, gone", err, store.ErrNotFound)
	})
}

func anywhereProfileRecord(t *testing.T, db *database) {
	p, changed := fill[store.AnywhereProfile](1), fill[store.AnywhereProfile](2)
	changed.Account, changed.Region, changed.ID = p.Account, p.Region, p.ID
	db.update(t, func(tx store.Tx) {
		ok(t, tx.InsertAnywhereProfile(p))
		is(t, "InsertAnywhereProfile", tx.InsertAnywhereProfile(p), store.ErrExists)
		got, err := tx.AnywhereProfile(p.Account, p.Region, p.ID)
		equal(t, "AnywhereProfile", got, err, p)
		ok(t, tx.UpdateAnywhereProfile(changed))
	})
	db.update(t, func(tx store.Tx) {
		got, err := tx.AnywhereProfile(p.Account, p.Region, p.ID)
		equal(t, "AnywhereProfile, changed", got, err, changed)
		ok(t, tx.DeleteAnywhereProfile(p.Account, p.Region, p.ID))
		is(t, "DeleteAnywhereProfile", tx.DeleteAnywhereProfile(p.Account, p.Region, p.ID), store.ErrNotFound)
		is(t, "UpdateAnywhereProfile", tx.UpdateAnywhereProfile(p), store.ErrNotFound)
		_, err = tx.AnywhereProfile(p.Account, p.Region, p.ID)
		is(t, "AnywhereProfile, gone", err, store.ErrNotFound)
	})
}

func crlRecord(t *testing.T, db *database) {
	c, changed := fill[store.CRL](1), fill[store.CRL](2)
	anchor := store.TrustAnchor{Account: c.Account, Region: c.Region, ID: c.TrustAnchor}
	changed.Account, changed.Region, changed.ID, changed.TrustAnchor = c.Account, c.Region, c.ID, c.TrustAnchor
	db.update(t, func(tx store.Tx) {
		is(t, "InsertCRL without its anchor", tx.InsertCRL(c), store.ErrNotFound)
		ok(t, tx.InsertTrustAnchor(anchor))
		ok(t, tx.InsertCRL(c))
		is(t, "InsertCRL", tx.InsertCRL(c), store.ErrExists)
		got, err := tx.CRL(c.Account, c.Region, c.ID)
		equal(t, "CRL", got, err, c)
		list, err := tx.CRLsOf(c.Account, c.Region, c.TrustAnchor)
		equal(t, "CRLsOf", list, err, []store.CRL{c})
		ok(t, tx.UpdateCRL(changed))
	})
	db.update(t, func(tx store.Tx) {
		got, err := tx.CRL(c.Account, c.Region, c.ID)
		equal(t, "CRL, changed", got, err, changed)
		ok(t, tx.DeleteCRL(c.Account, c.Region, c.ID))
		is(t, "DeleteCRL", tx.DeleteCRL(c.Account, c.Region, c.ID), store.ErrNotFound)
		is(t, "UpdateCRL", tx.UpdateCRL(c), store.ErrNotFound)
		ok(t, tx.InsertCRL(c))
		ok(t, tx.DeleteTrustAnchor(c.Account, c.Region, c.TrustAnchor))
		_, err = tx.CRL(c.Account, c.Region, c.ID)
		is(t, "CRL, gone with its anchor", err, store.ErrNotFound)
	})
}

// What has the same id in another account or region is another thing.
func anywhereScope(t *testing.T, db *database) {
	at := [][2]string{{account, region}, {other, region}, {account, "eu-west-1"}}
	db.update(t, func(tx store.Tx) {
		for _, s := range at {
			ok(t, tx.InsertTrustAnchor(store.TrustAnchor{Account: s[0], Region: s[1], ID: "a", Name: s[0] + s[1]}))
			ok(t, tx.InsertAnywhereProfile(store.AnywhereProfile{Account: s[0], Region: s[1], ID: "p", Name: s[0] + s[1]}))
			ok(t, tx.InsertCRL(store.CRL{Account: s[0], Region: s[1], ID: "c", TrustAnchor: "a", Name: s[0] + s[1]}))
		}
		ok(t, tx.DeleteTrustAnchor(other, region, "a"))
		ok(t, tx.DeleteAnywhereProfile(other, region, "p"))
	})
	db.view(t, func(tx store.Tx) {
		for _, s := range at {
			a, errA := tx.TrustAnchor(s[0], s[1], "a")
			p, errP := tx.AnywhereProfile(s[0], s[1], "p")
			c, errC := tx.CRL(s[0], s[1], "c")
			if s[0] == other {
				is(t, "TrustAnchor", errA, store.ErrNotFound)
				is(t, "AnywhereProfile", errP, store.ErrNotFound)
				is(t, "CRL", errC, store.ErrNotFound)
				continue
			}
			equal(t, "names", []string{a.Name, p.Name, c.Name}, nil, []string{s[0] + s[1], s[0] + s[1], s[0] + s[1]})
		}
	})
}

func anywherePages(t *testing.T, db *database) {
	ids := []string{"a", "b", "c"}
	db.update(t, func(tx store.Tx) {
		for _, id := range []string{"b", "c", "a"} {
			ok(t, tx.InsertTrustAnchor(store.TrustAnchor{Account: account, Region: region, ID: id}))
			ok(t, tx.InsertAnywhereProfile(store.AnywhereProfile{Account: account, Region: region, ID: id}))
			ok(t, tx.InsertCRL(store.CRL{Account: account, Region: region, ID: id, TrustAnchor: id}))
		}
	})
	db.view(t, func(tx store.Tx) {
		for _, p := range []struct {
			store.Page
			want []string
		}{{store.Page{}, ids}, {store.Page{Limit: 2}, ids[:2]}, {store.Page{After: "b", Limit: 2}, ids[2:]}, {store.Page{After: "c"}, nil}} {
			anchors, err := tx.TrustAnchors(account, region, p.Page)
			equal(t, "TrustAnchors", names(anchors, func(a store.TrustAnchor) string { return a.ID }), err, append([]string{}, p.want...))
			profiles, err := tx.AnywhereProfiles(account, region, p.Page)
			equal(t, "AnywhereProfiles", names(profiles, func(p store.AnywhereProfile) string { return p.ID }), err, append([]string{}, p.want...))
			crls, err := tx.CRLs(account, region, p.Page)
			equal(t, "CRLs", names(crls, func(c store.CRL) string { return c.ID }), err, append([]string{}, p.want...))
		}
		list, err := tx.CRLs(account, "eu-west-1", store.Page{})
		equal(t, "CRLs of another region", len(list), err, 0)
	})
}
