package sts

import (
	"errors"
	"net/netip"
	"testing"

	"sojourn/internal/awserr"
	"sojourn/internal/principal"
	"sojourn/internal/throttle"
	"sojourn/internal/wire/stswire"
)

// TestAttackJunkTokens: junk in place of tokens and responses stops being looked
// at, and is no more recorded one by one; a fleet that signs in never waits, nor
// do others.
func TestAttackJunkTokens(t *testing.T) {
	w := newWorld(t)
	w.throttle = throttle.New(throttle.Options{Now: w.now})
	role := w.role(here, "R", trusts(`{"Federated":"*"}`, `"sts:AssumeRoleWithWebIdentity"`, ""))
	in := func(from string) error {
		_, err := w.AssumeRoleWithWebIdentity(t.Context(), &principal.Caller{RequestID: "r", Time: w.time, SourceIP: netip.MustParseAddr(from)},
			&stswire.AssumeRoleWithWebIdentityInput{RoleArn: &role, RoleSessionName: new("s1"), WebIdentityToken: new("token")})
		return err
	}
	throttled := func(err error) bool { return awserr.Is(err, awserr.Throttling) }

	w.token = fakeVerifier{err: stswire.NewIDPCommunicationError("down")}
	for range 2000 {
		if throttled(in("192.0.2.1")) {
			t.Fatal("a provider's fault was its caller's")
		}
	}
	w.token = fakeVerifier{err: errors.New("the disk is gone")}
	for range 2000 {
		if throttled(in("192.0.2.1")) {
			t.Fatal("a fault of ours was its caller's")
		}
	}
	w.token = fakeVerifier{err: stswire.NewInvalidIdentityToken("no")}
	looked := 0
	for range 2000 {
		if !throttled(in("192.0.2.1")) {
			looked++
		}
	}
	if looked != 1000 {
		t.Errorf("%d were looked at, want 1000", looked)
	}
	before := len(w.log.records)
	for range 100 {
		in("192.0.2.1")
	}
	if n := len(w.log.records) - before; n != 0 {
		t.Errorf("%d records of requests that were not looked at", n)
	}
	if err := in("192.0.2.2"); throttled(err) {
		t.Errorf("another address: %v", err)
	}
	// A response of a SAML provider is of the same budget.
	_, err := w.AssumeRoleWithSAML(t.Context(), &principal.Caller{RequestID: "r", Time: w.time, SourceIP: netip.MustParseAddr("192.0.2.1")},
		&stswire.AssumeRoleWithSAMLInput{RoleArn: &role, PrincipalArn: new("arn:aws:iam::" + here + ":saml-provider/Example"), SAMLAssertion: new("x")})
	if !throttled(err) {
		t.Errorf("a SAML response: %v", err)
	}
	if _, err := w.GetCallerIdentity(t.Context(), rootOf(here), nil); err != nil {
		t.Errorf("a signed request: %v", err)
	}
}
