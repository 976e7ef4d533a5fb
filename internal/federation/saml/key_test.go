package saml

import (
	"crypto/elliptic"
	"encoding/asn1"
	"encoding/base64"
	"math/big"
	"strings"
	"testing"

	"github.com/beevik/etree"

	"sojourn/internal/federation/saml/samltest"
)

// keyAttacks are signed by somebody else, by nobody, or changed afterwards.
func keyAttacks(t testing.TB) []attack {
	entry := func(name, xml string) attack {
		return attack{class: "key", name: name, stage: StageKey, response: xml}
	}
	both := []samltest.Signing{onAssertion, onResponse}
	genuineCert := base64.StdEncoding.EncodeToString(idp().Cert.Raw)
	evilCert := base64.StdEncoding.EncodeToString(evil().Cert.Raw)
	cert := func(c string) func(*etree.Element) {
		return func(el *etree.Element) { el.FindElement("KeyInfo/X509Data/X509Certificate").SetText(c) }
	}
	elliptic := samltest.With(entityID, samltest.EC(elliptic.P256()), start)
	value := func(text string) string {
		return after(func(el *etree.Element) { el.SelectElement("SignatureValue").SetText(text) })
	}
	mixed := evil().Sign(idp().Sign(plainResponse(), onAssertion), onResponse)
	return []attack{
		entry("not signed", plainResponse()),
		entry("signed by somebody else, his certificate inside", evil().Sign(plainResponse(), both...)),
		entry("signed by somebody else, the provider's certificate inside", evil().Sign(plainResponse(), samltest.Signing{Target: "_a1", Whole: cert(genuineCert)})),
		entry("signed by somebody else, no certificate inside", evil().Sign(plainResponse(), samltest.Signing{Target: "_a1", NoKeyInfo: true})),
		entry("signed by an elliptic key that is not the provider's", elliptic.Sign(plainResponse(), onAssertion)),
		entry("response by somebody else, assertion by the provider", mixed),
		entry("response by the provider, assertion by somebody else", idp().Sign(evil().Sign(plainResponse(), onAssertion), onResponse)),
		entry("subject changed", replaced(t, signedAssertion(), genuine, "admin@example.com")),
		entry("subject changed, response signed", replaced(t, signedResponse(), genuine, "admin@example.com")),
		entry("role changed", replaced(t, signedAssertion(), roleARN, roleARN+"Admin")),
		entry("attribute added", replaced(t, signedAssertion(), "</saml:AttributeStatement>", `<saml:Attribute Name="x"/></saml:AttributeStatement>`)),
		entry("attribute taken away", replaced(t, signedAssertion(), `<saml:AttributeValue xsi:type="xs:string">two</saml:AttributeValue>`, "")),
		entry("audience changed", replaced(t, signedAssertion(), "<saml:Audience>"+ours, "<saml:Audience>urn:amazon:webservices")),
		entry("an identifier of the session changed", replaced(t, signedAssertion(), `SessionIndex="_s1"`, `SessionIndex="_s2"`)),
		entry("a space in a value", replaced(t, signedAssertion(), ">one<", "> one<")),
		entry("the destination of a signed response changed", replaced(t, signedResponse(), `Destination="`+ours, `Destination="https://signin.aws.amazon.com/saml`)),
		entry("the status of a signed response added to", replaced(t, signedResponse(), "</samlp:Status>", "<samlp:StatusMessage/></samlp:Status>")),
		entry("the response's signature taken, the assertion's broken", replaced(t, signedBoth(), genuine, "admin@example.com")),
		entry("an empty signature", value("")),
		entry("a signature of zeros", value(base64.StdEncoding.EncodeToString(make([]byte, 256)))),
		entry("a signature of one", value(base64.StdEncoding.EncodeToString(append(make([]byte, 255), 1)))),
		entry("a signature that is not base64", value("!!!!")),
		entry("a signature with bytes after it", after(func(el *etree.Element) {
			v := el.SelectElement("SignatureValue")
			raw := samltest.Must(base64.StdEncoding.DecodeString(v.Text()))
			v.SetText(base64.StdEncoding.EncodeToString(append(raw, 0)))
		})),
		entry("the digest of something else", by(func(el *etree.Element) {
			el.FindElement("Reference/DigestValue").SetText(base64.StdEncoding.EncodeToString(make([]byte, 32)))
		})),
		entry("an empty digest", by(func(el *etree.Element) { el.FindElement("Reference/DigestValue").SetText("") })),
		entry("the digest of nothing", by(func(el *etree.Element) {
			el.FindElement("Reference/DigestValue").SetText("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=")
		})),
		entry("a digest cut short", by(func(el *etree.Element) { el.FindElement("Reference/DigestValue").SetText("AAAA") })),
		entry("the digest changed after signing", after(func(el *etree.Element) {
			el.FindElement("SignedInfo/Reference/DigestValue").SetText(base64.StdEncoding.EncodeToString(make([]byte, 32)))
		})),
		entry("another algorithm of the same key named after signing", after(set("SignedInfo/SignatureMethod", "Algorithm", moreAlgorithms+"rsa-sha512"))),
		entry("ECDSA named for an RSA key", idp().Sign(plainResponse(), samltest.Signing{Target: "_a1", Algorithm: moreAlgorithms + "ecdsa-sha256"})),
		entry("the certificate of somebody else, the signature genuine but the text changed", strings.Replace(replaced(t, signedAssertion(), genuine, "root"), genuineCert, evilCert, 1)),
	}
}

// TestKeys: which keys count is the metadata's business, and time's.
func TestKeys(t *testing.T) {
	good := samltest.Encode(signedBoth())
	p := provider(t)
	for name, c := range map[string]struct {
		change func(*Provider)
	}{
		"no metadata":      {func(p *Provider) { p.Metadata = nil }},
		"no certificate":   {func(p *Provider) { p.Metadata = &Metadata{EntityID: entityID} }},
		"metadata expired": {func(p *Provider) { m := *p.Metadata; m.validUntil = start; p.Metadata = &m }},
		"another's keys": {func(p *Provider) {
			m := *p.Metadata
			m.Certificates = append(m.Certificates[:0:0], evil().Cert)
			p.Metadata = &m
		}},
		"certificate ended": {func(p *Provider) {
			p.Metadata = metadataOf(t, samltest.Certificate(idp().Key, start.AddDate(-1, 0, 0), start.AddDate(0, 0, -1)))
		}},
		"certificate to be": {func(p *Provider) {
			p.Metadata = metadataOf(t, samltest.Certificate(idp().Key, start.AddDate(0, 0, 1), start.AddDate(1, 0, 0)))
		}},
	} {
		changed := p
		c.change(&changed)
		a, err := verifierAt(start).Verify(changed, good)
		if stage, _ := stageOf(err); a != nil || stage != StageKey {
			t.Errorf("%s: %v, %v", name, a, err)
		}
	}
}

// TestEllipticForms: a signature on a curve has one form alone.
func TestEllipticForms(t *testing.T) {
	ec := samltest.With(entityID, samltest.EC(elliptic.P256()), start)
	p := provider(t, ec.Cert)
	for name, change := range map[string]func([]byte) []byte{
		"DER": func(b []byte) []byte {
			return samltest.Must(asn1.Marshal(struct{ R, S *big.Int }{new(big.Int).SetBytes(b[:32]), new(big.Int).SetBytes(b[32:])}))
		},
		"zeros":         func([]byte) []byte { return make([]byte, 64) },
		"longer halves": func(b []byte) []byte { return append(append(append([]byte{0}, b[:32]...), 0), b[32:]...) },
		"cut":           func(b []byte) []byte { return b[:63] },
		"a few bytes":   func(b []byte) []byte { return b[:10] },
	} {
		doc := ec.Sign(plainResponse(), samltest.Signing{Target: "_a1", Whole: func(el *etree.Element) {
			v := el.SelectElement("SignatureValue")
			v.SetText(base64.StdEncoding.EncodeToString(change(samltest.Must(base64.StdEncoding.DecodeString(v.Text())))))
		}})
		_, err := verifierAt(start).Verify(p, samltest.Encode(doc))
		if stage, _ := stageOf(err); stage != StageKey {
			t.Errorf("%s: %v", name, err)
		}
	}
}
