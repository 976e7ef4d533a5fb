package storetest

import (
	"testing"
	"time"

	"sojourn/internal/store"
)

// revocationTests are about revocations and the lives of root keys.
var revocationTests = map[string]func(*testing.T, *database){
	"Record":   revocationRecord,
	"Dropped":  revocationsDropped,
	"Order":    revocationOrder,
	"RootKeys": rootKeys,
}

func revocationRecord(t *testing.T, db *database) {
	r, other := fill[store.Revocation](1), fill[store.Revocation](2)
	other.Kind, other.Account, other.Subject = r.Kind, r.Account, r.Subject
	db.update(t, func(tx store.Tx) {
		ok(t, tx.InsertRevocation(r))
		is(t, "InsertRevocation", tx.InsertRevocation(r), store.ErrExists)
		ok(t, tx.InsertRevocation(other))
	})
	db.update(t, func(tx store.Tx) {
		list, err := tx.Revocations()
		equal(t, "Revocations of one subject", list, err, []store.Revocation{r, other})
		ok(t, tx.DeleteRevocation(r.ID))
		is(t, "DeleteRevocation", tx.DeleteRevocation(r.ID), store.ErrNotFound)
		list, err = tx.Revocations()
		equal(t, "Revocations, one taken back", list, err, []store.Revocation{other})
	})
}

func revocationsDropped(t *testing.T, db *database) {
	ids := func(r store.Revocation) string { return r.ID }
	db.update(t, func(tx store.Tx) {
		ok(t, tx.InsertRevocation(store.Revocation{ID: "early", Until: epoch}))
		ok(t, tx.InsertRevocation(store.Revocation{ID: "late", Until: epoch.Add(time.Second)}))
	})
	db.update(t, func(tx store.Tx) {
		ok(t, tx.DropRevocations(epoch))
		list, err := tx.Revocations()
		equal(t, "Revocations at the last moment", names(list, ids), err, []string{"early", "late"})
		ok(t, tx.DropRevocations(epoch.Add(time.Microsecond)))
		list, err = tx.Revocations()
		equal(t, "Revocations behind it", names(list, ids), err, []string{"late"})
	})
}

func revocationOrder(t *testing.T, db *database) {
	db.update(t, func(tx store.Tx) {
		ok(t, tx.InsertRevocation(store.Revocation{ID: "a", Made: epoch.Add(time.Second)}))
		ok(t, tx.InsertRevocation(store.Revocation{ID: "c", Made: epoch}))
		ok(t, tx.InsertRevocation(store.Revocation{ID: "b", Made: epoch}))
		list, err := tx.Revocations()
		equal(t, "Revocations", names(list, func(r store.Revocation) string { return r.ID }), err, []string{"b", "c", "a"})
	})
}

func rootKeys(t *testing.T, db *database) {
	k, changed := fill[store.RootKey](1), fill[store.RootKey](2)
	k.Generation, changed.Generation = 2, 2
	first := store.RootKey{Generation: 1, Fingerprint: "f"}
	db.update(t, func(tx store.Tx) {
		ok(t, tx.PutRootKey(k))
		ok(t, tx.PutRootKey(first))
		list, err := tx.RootKeys()
		equal(t, "RootKeys", list, err, []store.RootKey{first, k})
		ok(t, tx.PutRootKey(changed))
	})
	db.update(t, func(tx store.Tx) {
		list, err := tx.RootKeys()
		equal(t, "RootKeys, changed", list, err, []store.RootKey{first, changed})
		ok(t, tx.DeleteRootKey(2))
		is(t, "DeleteRootKey", tx.DeleteRootKey(2), store.ErrNotFound)
		list, err = tx.RootKeys()
		equal(t, "RootKeys, one gone", list, err, []store.RootKey{first})
	})
}
