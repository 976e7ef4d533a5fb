package storetest

import (
	"testing"
	"time"

	"sojourn/internal/store"
)

// samlTests are about SAML providers and the assertions that were used.
var samlTests = map[string]func(*testing.T, *database){
	"Record":     samlRecord,
	"Names":      samlNames,
	"Assertions": assertions,
}

func samlRecord(t *testing.T, db *database) {
	p, changed := fill[store.SAMLProvider](1), fill[store.SAMLProvider](2)
	changed.Account, changed.Name = p.Account, p.Name
	bare := store.SAMLProvider{Account: other, Name: p.Name}
	db.update(t, func(tx store.Tx) {
		ok(t, tx.InsertSAMLProvider(p))
		is(t, "InsertSAMLProvider", tx.InsertSAMLProvider(p), store.ErrExists)
		got, err := tx.SAMLProvider(p.Account, p.Name)
		equal(t, "SAMLProvider", got, err, p)
		ok(t, tx.UpdateSAMLProvider(changed))
		ok(t, tx.InsertSAMLProvider(bare))
	})
	db.update(t, func(tx store.Tx) {
		got, err := tx.SAMLProvider(p.Account, p.Name)
		equal(t, "SAMLProvider, changed", got, err, changed)
		got, err = tx.SAMLProvider(other, p.Name)
		equal(t, "SAMLProvider, bare", got, err, bare)
		ok(t, tx.DeleteSAMLProvider(p.Account, p.Name))
		is(t, "DeleteSAMLProvider", tx.DeleteSAMLProvider(p.Account, p.Name), store.ErrNotFound)
		is(t, "UpdateSAMLProvider", tx.UpdateSAMLProvider(changed), store.ErrNotFound)
		_, err = tx.SAMLProvider(p.Account, p.Name)
		is(t, "SAMLProvider, gone", err, store.ErrNotFound)
		_, err = tx.SAMLProvider(other, p.Name)
		ok(t, err)
	})
}

func samlNames(t *testing.T, db *database) {
	provider := func(name string) store.SAMLProvider {
		return store.SAMLProvider{Account: account, Name: name, ID: name}
	}
	db.update(t, func(tx store.Tx) {
		for _, name := range []string{"Okta", "adfs", "Keycloak"} {
			ok(t, tx.InsertSAMLProvider(provider(name)))
		}
		is(t, "a name in another case", tx.InsertSAMLProvider(provider("OKTA")), store.ErrExists)
		_, err := tx.SAMLProvider(account, "okta")
		is(t, "SAMLProvider in another case", err, store.ErrNotFound)
		is(t, "UpdateSAMLProvider in another case", tx.UpdateSAMLProvider(provider("okta")), store.ErrNotFound)
		is(t, "DeleteSAMLProvider in another case", tx.DeleteSAMLProvider(account, "okta"), store.ErrNotFound)
		list, err := tx.SAMLProviders(account)
		equal(t, "SAMLProviders", names(list, func(p store.SAMLProvider) string { return p.Name }), err, []string{"adfs", "Keycloak", "Okta"})
		list, err = tx.SAMLProviders(other)
		equal(t, "SAMLProviders of another account", len(list), err, 0)
	})
}

func assertions(t *testing.T, db *database) {
	db.update(t, func(tx store.Tx) {
		ok(t, tx.UseAssertion("early", epoch))
		ok(t, tx.UseAssertion("late", epoch.Add(time.Second)))
		is(t, "UseAssertion again", tx.UseAssertion("early", epoch.Add(time.Hour)), store.ErrExists)
	})
	db.update(t, func(tx store.Tx) {
		ok(t, tx.ForgetAssertions(epoch))
		is(t, "UseAssertion at the last moment", tx.UseAssertion("early", epoch), store.ErrExists)
		ok(t, tx.ForgetAssertions(epoch.Add(time.Second)))
		ok(t, tx.UseAssertion("early", epoch))
		is(t, "UseAssertion of another", tx.UseAssertion("late", epoch), store.ErrExists)
	})
}
