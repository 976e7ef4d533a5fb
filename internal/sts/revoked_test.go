package sts

import (
	"testing"
	"time"

	"sojourn/internal/authn"
	"sojourn/internal/awserr"
	"sojourn/internal/principal"
	"sojourn/internal/store"
	"sojourn/internal/wire/stswire"
)

// A request whose session is revoked while it is being answered gets nothing,
// though it was let in; the same caller's others are not touched.
func TestAttackRevokedWhileAssuming(t *testing.T) {
	w := newWorld(t)
	w.role(here, "Source", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"`+here+`"},"Action":"sts:AssumeRole"}]}`)
	target := w.role(here, "Target", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"`+here+`"},"Action":"sts:AssumeRole"}]}`)
	source := uniqueID("AROA", here, "Source")
	w.inline(source, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"*"}]}`)
	caller := &principal.Caller{Session: principal.Session{Kind: principal.AssumedRole, Account: here, ID: source, Name: "Source", Path: "/", SessionName: "maria",
		Issued: w.time.Truncate(time.Second), Expires: w.time.Add(time.Hour)}, AccessKeyID: "ASIAEXAMPLE", Temporary: true, RequestID: "r", Time: w.time, Region: "us-east-1"}
	if _, err := w.assume(caller, target, stswire.AssumeRoleInput{}); err != nil {
		t.Fatal(err)
	}
	w.update(func(tx store.Tx) error {
		return tx.InsertRevocation(store.Revocation{ID: "REVO1", Kind: store.RevokedRole, Account: here, Subject: source,
			Before: w.time.Add(authn.RevocationMargin), Made: w.time, Until: authn.RevokedUntil(w.time)})
	})
	if _, err := w.assume(caller, target, stswire.AssumeRoleInput{}); !awserr.Is(err, awserr.ExpiredToken) {
		t.Errorf("behind its revocation: %v", err)
	}
	caller.Issued = w.time.Add(authn.RevocationMargin + time.Second).Truncate(time.Second)
	if _, err := w.assume(caller, target, stswire.AssumeRoleInput{}); err != nil {
		t.Errorf("a later session: %v", err)
	}
}
