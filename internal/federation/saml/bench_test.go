package saml

import (
	"strings"
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

// BenchmarkMetadata is a document as large as those of federations, 8 MB.
func BenchmarkMetadata(b *testing.B) {
	doc := replaced(b, idp().Metadata(), "<md:NameIDFormat>", strings.Repeat(strings.Repeat(" ", 80)+"<md:x/>", 90_000)+"<md:NameIDFormat>")
	for b.Loop() {
		if _, err := ParseMetadata(doc); err != nil {
			b.Fatal(err)
		}
	}
}
