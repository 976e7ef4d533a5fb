package saml

import (
	"testing"

	"sojourn/internal/federation/saml/samltest"
)

// BenchmarkVerify is a whole sign-in; it may take 3 ms.
func BenchmarkVerify(b *testing.B) {
	for _, c := range []struct{ name, response string }{
		{"response", signedResponse()}, {"assertion", signedAssertion()}, {"both", signedBoth()}, {"encrypted", encrypted()[0].response},
	} {
		b.Run(c.name, func(b *testing.B) {
			v, p, encoded := verifierAt(start), provider(b), samltest.Encode(c.response)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := v.Verify(p, encoded); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkMetadata(b *testing.B) {
	doc := idp().Metadata()
	for b.Loop() {
		if _, err := ParseMetadata(doc); err != nil {
			b.Fatal(err)
		}
	}
}
