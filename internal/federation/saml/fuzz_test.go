package saml

import (
	"reflect"
	"testing"

	"sojourn/internal/federation/saml/samltest"
)

// FuzzResponse: whatever XML comes, there is no panic, and what is accepted is
// what the provider has signed.
func FuzzResponse(f *testing.F) {
	v, p := verifierAt(start), provider(f)
	genuine := []*Assertion{}
	for _, b := range append(append(dialects(f), usage(f)...), encrypted()...) {
		f.Add(b.response)
		a, err := v.Verify(p, samltest.Encode(b.response))
		if err != nil {
			f.Fatal(err)
		}
		genuine = append(genuine, a)
	}
	for _, a := range append(wrappingAttacks(f), lexicalAttacks(f)...) {
		f.Add(a.response)
	}
	f.Fuzz(func(t *testing.T, response string) {
		got, err := v.Verify(p, samltest.Encode(response))
		if (got == nil) == (err == nil) {
			t.Fatalf("got %v and %v", got, err)
		}
		if err != nil {
			return
		}
		for _, want := range genuine {
			if reflect.DeepEqual(got, want) {
				return
			}
		}
		t.Fatalf("forged: %+v", got)
	})
}

// FuzzEnvelope: the form's value may be anything.
func FuzzEnvelope(f *testing.F) {
	v, p := verifierAt(start), provider(f)
	for _, a := range envelopeAttacks() {
		f.Add(a.encoded)
	}
	f.Fuzz(func(t *testing.T, encoded string) {
		if got, err := v.Verify(p, encoded); (got == nil) == (err == nil) {
			t.Fatalf("got %v and %v", got, err)
		}
	})
}

// FuzzMetadata: what is accepted can verify something, and the tree that comes
// out of one text is the same each time.
func FuzzMetadata(f *testing.F) {
	f.Add(idp().Metadata())
	f.Add(idp().Metadata(evil().Cert))
	f.Fuzz(func(t *testing.T, doc string) {
		m, err := ParseMetadata(doc)
		if (m == nil) == (err == nil) {
			t.Fatalf("got %v and %v", m, err)
		}
		if err != nil {
			return
		}
		for _, c := range m.Certificates {
			if checkKey(c.PublicKey) != nil {
				t.Fatalf("kept %v", c.PublicKey)
			}
		}
		if m.EntityID == "" || len(m.Certificates) == 0 || m.ValidUntil().IsZero() {
			t.Fatalf("accepted %+v", m)
		}
	})
}

// FuzzAssertion is what an encrypted assertion may decrypt to: nothing in it is
// believed without a signature.
func FuzzAssertion(f *testing.F) {
	f.Add(cut(f, idp().Sign(samltest.Standalone(plainResponse()), onAssertion), "<saml:Assertion ", "</saml:Assertion>"))
	f.Fuzz(func(t *testing.T, plain string) {
		d, err := parseAssertion([]byte(plain), map[string]bool{"_r1": true})
		if (d == nil) == (err == nil) {
			t.Fatalf("got %v and %v", d, err)
		}
	})
}
