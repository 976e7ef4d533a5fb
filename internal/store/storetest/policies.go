package storetest

import (
	"fmt"
	"testing"
	"time"

	"sojourn/internal/store"
)

var policyTests = map[string]func(*testing.T, *database){
	"Versions":    policyVersions,
	"Delete":      deletePolicy,
	"Inline":      inlinePolicies,
	"Attachments": attachments,
	"AttachedTo":  attachedTo,
}

func policyVersions(t *testing.T, db *database) {
	want := []string{}
	db.update(t, func(tx store.Tx) {
		ok(t, tx.InsertPolicy(store.Policy{ID: "ANPA1", Account: account, Name: "p"}))
		ok(t, tx.InsertPolicy(store.Policy{ID: "ANPA2", Account: account, Name: "q"}))
		for i := range 12 {
			v := fmt.Sprintf("v%d", i+1)
			want = append(want, v)
			// v9 to v11 are of one moment.
			created := epoch.Add(time.Duration(min(i, 8)+i/11) * time.Second)
			ok(t, tx.PutPolicyVersion(store.PolicyVersion{PolicyID: "ANPA1", Version: v, Document: "{" + v + "}", Created: created}))
		}
		ok(t, tx.PutPolicyVersion(store.PolicyVersion{PolicyID: "ANPA2", Version: "v1"}))
	})
	db.update(t, func(tx store.Tx) {
		list, err := tx.PolicyVersions("ANPA1")
		version := func(v store.PolicyVersion) string { return v.Version }
		equal(t, "PolicyVersions", names(list, version), err, want)
		v, err := tx.PolicyVersion("ANPA1", "v2")
		equal(t, "PolicyVersion", v.Document, err, "{v2}")
		ok(t, tx.DeletePolicyVersion("ANPA1", "v1"))
		is(t, "DeletePolicyVersion", tx.DeletePolicyVersion("ANPA1", "v1"), store.ErrNotFound)
		_, err = tx.PolicyVersion("ANPA1", "v1")
		is(t, "PolicyVersion", err, store.ErrNotFound)
		_, err = tx.PolicyVersion("ANPA2", "v1")
		ok(t, err)
		list, err = tx.PolicyVersions("ANPA1")
		equal(t, "PolicyVersions", names(list, version), err, want[1:])
	})
}

func deletePolicy(t *testing.T, db *database) {
	db.update(t, func(tx store.Tx) {
		for _, id := range []string{"ANPA1", "ANPA2"} {
			ok(t, tx.InsertPolicy(store.Policy{ID: id, Account: account, Name: "p" + id}))
			ok(t, tx.PutPolicyVersion(store.PolicyVersion{PolicyID: id, Version: "v1", Document: "{}"}))
			ok(t, tx.PutPolicyVersion(store.PolicyVersion{PolicyID: id, Version: "v2", Document: "{}"}))
		}
		ok(t, tx.DeletePolicy("ANPA1"))
		is(t, "DeletePolicy", tx.DeletePolicy("ANPA1"), store.ErrNotFound)
		list, err := tx.PolicyVersions("ANPA1")
		equal(t, "PolicyVersions of a deleted policy", len(list), err, 0)
		list, err = tx.PolicyVersions("ANPA2")
		equal(t, "PolicyVersions of another", len(list), err, 2)
	})
}

func inlinePolicies(t *testing.T, db *database) {
	db.update(t, func(tx store.Tx) {
		for _, name := range []string{"b", "a", "B"} {
			ok(t, tx.PutInlinePolicy("AROA1", name, "{"+name+"}"))
		}
		ok(t, tx.PutInlinePolicy("AROA2", "a", "{other}"))
		ok(t, tx.PutInlinePolicy("AROA1", "a", "{new}"))
	})
	db.update(t, func(tx store.Tx) {
		list, err := tx.InlinePolicies("AROA1")
		equal(t, "InlinePolicies", list, err, []store.InlinePolicy{{Name: "B", Document: "{B}"}, {Name: "a", Document: "{new}"}, {Name: "b", Document: "{b}"}})
		doc, err := tx.InlinePolicy("AROA1", "a")
		equal(t, "InlinePolicy", doc, err, "{new}")
		ok(t, tx.DeleteInlinePolicy("AROA1", "a"))
		is(t, "DeleteInlinePolicy", tx.DeleteInlinePolicy("AROA1", "a"), store.ErrNotFound)
		_, err = tx.InlinePolicy("AROA1", "a")
		is(t, "InlinePolicy", err, store.ErrNotFound)
		doc, err = tx.InlinePolicy("AROA2", "a")
		equal(t, "InlinePolicy of another", doc, err, "{other}")
	})
}

func attachments(t *testing.T, db *database) {
	db.update(t, func(tx store.Tx) {
		for _, arn := range []string{"arn:b", "arn:a", "arn:b"} {
			ok(t, tx.Attach("AROA1", arn))
		}
		ok(t, tx.Attach("AROA2", "arn:b"))
	})
	db.update(t, func(tx store.Tx) {
		list, err := tx.Attachments("AROA1")
		equal(t, "Attachments", list, err, []string{"arn:a", "arn:b"})
		ok(t, tx.Detach("AROA1", "arn:b"))
		is(t, "Detach", tx.Detach("AROA1", "arn:b"), store.ErrNotFound)
		list, err = tx.Attachments("AROA1")
		equal(t, "Attachments", list, err, []string{"arn:a"})
		list, err = tx.Attachments("AROA2")
		equal(t, "Attachments of another", list, err, []string{"arn:b"})
	})
}

func attachedTo(t *testing.T, db *database) {
	db.update(t, func(tx store.Tx) {
		ok(t, tx.InsertUser(store.User{Account: account, Name: "u", ID: "AIDA1"}))
		ok(t, tx.InsertGroup(store.Group{Account: account, Name: "g", ID: "AGPA1"}))
		ok(t, tx.InsertRole(store.Role{Account: account, Name: "r", ID: "AROA1"}))
		ok(t, tx.InsertRole(store.Role{Account: account, Name: "s", ID: "AROA2"}))
		ok(t, tx.InsertRole(store.Role{Account: other, Name: "r", ID: "AROA3"}))
		for _, owner := range []string{"AIDA1", "AGPA1", "AROA1", "AROA3", "gone"} {
			ok(t, tx.Attach(owner, "arn:aws"))
		}
		ok(t, tx.Attach("AROA2", "arn:another"))
	})
	db.view(t, func(tx store.Tx) {
		list, err := tx.AttachedTo(account, "arn:aws")
		equal(t, "AttachedTo", list, err, []string{"AGPA1", "AIDA1", "AROA1"})
		list, err = tx.AttachedTo(other, "arn:aws")
		equal(t, "AttachedTo", list, err, []string{"AROA3"})
		list, err = tx.AttachedTo(account, "arn:none")
		equal(t, "AttachedTo", len(list), err, 0)
	})
}
