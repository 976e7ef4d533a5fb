package saml

import (
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"sojourn/internal/awserr"
	"sojourn/internal/federation/saml/samltest"
)

const (
	entityID    = "https://idp.example/saml"
	providerARN = "arn:aws:iam::111122223333:saml-provider/Example"
	roleARN     = "arn:aws:iam::111122223333:role/ci/Deploy"
	ours        = "https://git.example/saml"
	genuine     = "alice@example.com"
)

var start = time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)

// idp is the genuine provider, evil somebody with a key of his own who gives
// himself the same name.
var (
	idp  = sync.OnceValue(func() *samltest.IdP { return samltest.New(entityID, start) })
	evil = sync.OnceValue(func() *samltest.IdP { return samltest.With(entityID, samltest.RSA(1), start) })
)

func attributes() []samltest.Attribute {
	return []samltest.Attribute{
		{Name: samltest.Role, Values: []string{roleARN + "," + providerARN, "arn:aws:iam::999988887777:saml-provider/Other,arn:aws:iam::999988887777:role/Elsewhere"}},
		{Name: samltest.RoleSessionName, Values: []string{"alice"}},
		{Name: samltest.SessionDuration, Values: []string{"7200"}},
		{Name: samltest.SourceIdentity, Values: []string{"alice.source"}},
		{Name: samltest.PrincipalTag + "team", Values: []string{"core"}},
		{Name: samltest.PrincipalTag + "cost", Values: []string{"42"}},
		{Name: samltest.TransitiveKeys, Values: []string{"team"}},
		{Name: "urn:oid:0.9.2342.19200300.100.1.3", Values: []string{"alice@example.com", "a@example.com"}},
		{Name: "groups", Values: []string{"one", "two"}},
	}
}

// plainResponse is the genuine response before it is signed.
func plainResponse(change ...func(*samltest.Fields)) string {
	f := samltest.Fields{Now: start, ResponseID: "_r1", AssertionID: "_a1", Subject: genuine,
		Recipient: ours, Audience: ours, Attributes: attributes()}
	for _, c := range change {
		c(&f)
	}
	return idp().Response(f)
}

func withAttributes(list ...samltest.Attribute) string {
	return plainResponse(func(f *samltest.Fields) { f.Attributes = list })
}

var (
	onResponse  = samltest.Signing{Target: "_r1"}
	onAssertion = samltest.Signing{Target: "_a1"}
)

func signedResponse() string  { return idp().Sign(plainResponse(), onResponse) }
func signedAssertion() string { return idp().Sign(plainResponse(), onAssertion) }
func signedBoth() string      { return idp().Sign(plainResponse(), onAssertion, onResponse) }

// edited is the genuine response with a text replaced before it is signed.
func edited(t testing.TB, old, with string) string {
	return idp().Sign(replaced(t, plainResponse(), old, with), onAssertion, onResponse)
}

// replaced replaces a text that must be there.
func replaced(t testing.TB, s, old, with string) string {
	t.Helper()
	if !strings.Contains(s, old) {
		t.Fatalf("%q is not in the document", old)
	}
	return strings.Replace(s, old, with, 1)
}

func provider(t testing.TB, others ...*x509.Certificate) Provider {
	t.Helper()
	m, err := ParseMetadata(idp().Metadata(others...))
	if err != nil {
		t.Fatal(err)
	}
	return Provider{ARN: providerARN, Account: "111122223333", Name: "Example", Metadata: m, PrivateKeys: []*rsa.PrivateKey{samltest.RSA(2)}}
}

func verifierAt(now time.Time) *Verifier {
	return New(Options{Now: func() time.Time { return now },
		Recipients: append([]string{ours}, AWSRecipients...), Audiences: append([]string{ours}, AWSAudiences...)})
}

func verifyXML(t testing.TB, response string) (*Assertion, error) {
	return verifierAt(start).Verify(provider(t), samltest.Encode(response))
}

// stageOf is the stage that has refused, and the code for the caller.
func stageOf(err error) (Stage, string) {
	e, ok := errors.AsType[*awserr.Error](err)
	r, found := errors.AsType[*Refusal](err)
	switch {
	case ok && found:
		return r.Stage, e.Code
	case found:
		return r.Stage, ""
	}
	return "", ""
}
