package saml

import (
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"sojourn/internal/federation/saml/samltest"
)

// metadataOf is that of the genuine provider with one certificate.
func metadataOf(t testing.TB, c *x509.Certificate) *Metadata {
	t.Helper()
	p := *idp()
	p.Cert = c
	m, err := ParseMetadata(p.Metadata())
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestMetadata(t *testing.T) {
	next := samltest.With(entityID, samltest.EC(elliptic.P384()), start.AddDate(0, 3, 0))
	doc := idp().Metadata(next.Cert, idp().Cert)
	for name, change := range map[string][2]string{
		"as it is":                     {"<md:", "<md:"},
		"a comment between":            {"<md:NameIDFormat>", "<!-- names --><md:NameIDFormat>"},
		"a key for both uses":          {`<md:KeyDescriptor use="signing">`, `<md:KeyDescriptor>`},
		"a key for encryption, broken": {"<md:NameIDFormat>", `<md:KeyDescriptor use="encryption"/><md:NameIDFormat>`},
		"other roles":                  {"</md:IDPSSODescriptor>", `</md:IDPSSODescriptor><md:SPSSODescriptor protocolSupportEnumeration="x"/><md:Organization xml:lang="de">Zoë</md:Organization>`},
		"a signature":                  {"<md:IDPSSODescriptor ", `<ds:Signature Id="s"><ds:SignedInfo/></ds:Signature><md:IDPSSODescriptor `},
		"several protocols":            {`protocolSupportEnumeration="`, `protocolSupportEnumeration="urn:oasis:names:tc:SAML:1.1:protocol `},
		"wrapped certificates":         {"MII", "\n  MII\r\n"},
		"a line break in an attribute": {`<md:SingleSignOnService `, "<md:SingleSignOnService ResponseLocation=\"a\n b\" "},
	} {
		m, err := ParseMetadata(replaced(t, doc, change[0], change[1]))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if m.EntityID != entityID || len(m.Certificates) != 2 || !m.Certificates[0].Equal(idp().Cert) || !m.Certificates[1].Equal(next.Cert) {
			t.Errorf("%s: %q, %d certificates", name, m.EntityID, len(m.Certificates))
		}
	}
}

// TestValidUntil: the last certificate ends a provider, or its document.
func TestValidUntil(t *testing.T) {
	last := samltest.With(entityID, samltest.RSA(3), start.AddDate(0, 3, 0))
	for name, c := range map[string]struct {
		root, descriptor string
		want             time.Time
	}{
		"certificates":           {"", "", last.Cert.NotAfter},
		"document":               {"2026-12-01T00:00:00Z", "", time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)},
		"descriptor":             {"2026-12-02T00:00:00Z", "2026-12-01T00:00:00Z", time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)},
		"later than any of them": {"2099-12-01T00:00:00Z", "", last.Cert.NotAfter},
	} {
		doc := idp().Metadata(last.Cert)
		if c.root != "" {
			doc = replaced(t, doc, " entityID=", ` validUntil="`+c.root+`" entityID=`)
		}
		if c.descriptor != "" {
			doc = replaced(t, doc, "<md:IDPSSODescriptor ", `<md:IDPSSODescriptor validUntil="`+c.descriptor+`" `)
		}
		m, err := ParseMetadata(doc)
		if err != nil {
			t.Fatal(err)
		}
		if !m.ValidUntil().Equal(c.want) || !m.Valid(c.want.Add(-time.Second)) || m.Valid(c.want.Add(time.Second)) {
			t.Errorf("%s: until %s, want %s", name, m.ValidUntil(), c.want)
		}
	}
}

// TestValid: a certificate counts from its first day.
func TestValid(t *testing.T) {
	m := metadataOf(t, samltest.Certificate(idp().Key, start, start.AddDate(1, 0, 0)))
	for at, want := range map[time.Time]bool{start.Add(-time.Second): false, start: true, start.AddDate(1, 0, 1): false} {
		if m.Valid(at) != want {
			t.Errorf("at %s: %t", at, !want)
		}
	}
}

// TestMetadataAttacks are documents that may not register a provider.
func TestMetadataAttacks(t *testing.T) {
	t.Setenv("GODEBUG", "rsa1024min=0")
	doc := idp().Metadata()
	in := func(old, with string) string { return replaced(t, doc, old, with) }
	descriptor := cut(t, doc, "<md:IDPSSODescriptor ", "</md:IDPSSODescriptor>")
	key := cut(t, doc, "<md:KeyDescriptor", "</md:KeyDescriptor>")
	certificate := cut(t, doc, "<ds:X509Certificate>", "</ds:X509Certificate>")
	entity := ` entityID="` + entityID + `"`
	with := func(c *x509.Certificate) string {
		p := *idp()
		p.Cert = c
		return p.Metadata() + strings.Repeat(" ", minMetadata)
	}
	raw := func(der []byte) string {
		return in(certificate, "<ds:X509Certificate>"+base64.StdEncoding.EncodeToString(der)+"</ds:X509Certificate>")
	}
	many := make([]*x509.Certificate, 20)
	for i := range many {
		many[i] = samltest.Certificate(idp().Key, start.AddDate(0, -1, i), start.AddDate(1, 0, 0))
	}
	small := samltest.Must(rsa.GenerateKey(rand.Reader, 1024))
	attacks := map[string]string{
		"nothing":                    "",
		"too short":                  doc[:500],
		"too long":                   doc + strings.Repeat(" ", maxMetadata),
		"no XML":                     strings.Repeat("x", minMetadata),
		"byte order mark":            "\ufeff" + doc,
		"UTF-16":                     in(`encoding="UTF-8"`, `encoding="UTF-16"`),
		"broken UTF-8":               in("<md:NameIDFormat>", "<md:NameIDFormat>\xff"),
		"broken UTF-8, in a comment": in("<md:NameIDFormat>", "<!-- \xff --><md:NameIDFormat>"),
		"NUL, in a comment":          in("<md:NameIDFormat>", "<!-- \x00 --><md:NameIDFormat>"),
		"another element":            strings.ReplaceAll(doc, "md:EntityDescriptor", "md:AffiliationDescriptor"),
		"DOCTYPE":                    in("<md:EntityDescriptor ", "<!DOCTYPE x><md:EntityDescriptor "),
		"internal entity":            in("<md:EntityDescriptor ", `<!DOCTYPE x [<!ENTITY a "b">]><md:EntityDescriptor `),
		"external entity":            in("<md:EntityDescriptor ", `<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><md:EntityDescriptor `),
		"unknown entity":             in("<md:NameIDFormat>", "<md:NameIDFormat>&a;"),
		"processing instruction":     in("<md:NameIDFormat>", "<?a b?><md:NameIDFormat>"),
		"CDATA":                      in(certificate, strings.Replace(strings.Replace(certificate, ">", "><![CDATA[", 1), "</", "]]></", 1)),
		"comment in a certificate":   in("<ds:X509Certificate>", "<ds:X509Certificate><!-- x -->"),
		"relative namespace":         in("<md:NameIDFormat>", `<md:NameIDFormat xmlns:a="1">`),
		"undeclared prefix":          in("<md:NameIDFormat>", "<x:a/><md:NameIDFormat>"),
		"too deep":                   in("<md:NameIDFormat>", strings.Repeat("<md:x>", 40)+strings.Repeat("</md:x>", 40)+"<md:NameIDFormat>"),
		"too many elements":          in("<md:NameIDFormat>", strings.Repeat("<md:x/>", 100_001)+"<md:NameIDFormat>"),
		"a second root":              doc + doc,
		"many entities":              "<md:EntitiesDescriptor xmlns:md=\"" + nsMetadata + "\">" + doc[strings.Index(doc, "<md:EntityDescriptor"):] + "</md:EntitiesDescriptor>",
		"another namespace":          in(nsMetadata, "urn:oasis:names:tc:SAML:1.0:metadata"),
		"no entityID":                in(entity, ""),
		"empty entityID":             in(entity, ` entityID=""`),
		"blank entityID":             in(entity, ` entityID="  "`),
		"entityID with a space":      in(entity, ` entityID="https://idp.example/a b"`),
		"entityID twice":             in(entity, entity+entity),
		"entityID that is too long":  in(entity, ` entityID="https://`+strings.Repeat("a", 1024)+`"`),
		"entityID with a bell":       in(entity, ` entityID="https://idp&#x85;"`),
		"no IDPSSODescriptor":        in(descriptor, "") + strings.Repeat(" ", minMetadata),
		"two IDPSSODescriptors":      in(descriptor, descriptor+descriptor),
		"IDPSSODescriptor deeper":    in(descriptor, "<md:Extensions>"+descriptor+"</md:Extensions>"),
		"SAML 1.1 alone":             in(`protocolSupportEnumeration="`+nsProtocol, `protocolSupportEnumeration="urn:oasis:names:tc:SAML:1.1:protocol`),
		"no protocol":                in(` protocolSupportEnumeration="`+nsProtocol+`"`, ""),
		"no key":                     in(key, "") + strings.Repeat(" ", minMetadata),
		"a key for encryption only":  in(`use="signing"`, `use="encryption"`),
		"a key for something else":   in(`use="signing"`, `use="Signing"`),
		"a key for nothing":          in(`use="signing"`, `use=""`),
		"a key outside":              replaced(t, in(key, ""), "</md:IDPSSODescriptor>", "</md:IDPSSODescriptor>"+key),
		"no certificate":             in(certificate, ""),
		"a key without certificate":  in("<ds:X509Data>"+certificate+"</ds:X509Data>", "<ds:KeyName>idp</ds:KeyName>") + strings.Repeat(" ", minMetadata),
		"a chain":                    in(certificate, certificate+certificate),
		"an empty certificate":       in(certificate, "<ds:X509Certificate/>"),
		"certificate: not base64":    in("<ds:X509Certificate>", "<ds:X509Certificate>!"),
		"certificate: PEM":           in("<ds:X509Certificate>", "<ds:X509Certificate>-----BEGIN CERTIFICATE-----"),
		"certificate: broken":        in("<ds:X509Certificate>MII", "<ds:X509Certificate>AAA"),
		"certificate: cut":           raw(idp().Cert.Raw[:400]),
		"certificate: trailing":      raw(append(append([]byte{}, idp().Cert.Raw...), 0)),
		"a key alone":                raw(samltest.Must(x509.MarshalPKIXPublicKey(idp().Key.Public()))),
		"an extension twice":         raw(twiceExtended(t)),
		"RSA of 1024 bits":           with(samltest.Certificate(small, start, start.AddDate(1, 0, 0))),
		"P-224":                      with(samltest.Certificate(samltest.EC(elliptic.P224()), start, start.AddDate(1, 0, 0))),
		"Ed25519":                    with(samltest.Certificate(samltest.Ed25519(), start, start.AddDate(1, 0, 0))),
		"21 certificates":            idp().Metadata(many...),
		"one weak of two":            idp().Metadata(samltest.Certificate(small, start, start.AddDate(1, 0, 0))),
		"validUntil that is none":    in(entity, entity+` validUntil="never"`),
	}
	for name, a := range attacks {
		m, err := ParseMetadata(a)
		if stage, _ := stageOf(err); m != nil || stage != StageMetadata {
			t.Errorf("%s: %v, %v", name, m, err)
		}
	}
	t.Logf("%d documents", len(attacks))
}

// TestByteOrderMark: who registers AD FS is told what is wrong with its document.
func TestByteOrderMark(t *testing.T) {
	_, err := ParseMetadata("\ufeff" + idp().Metadata())
	if err == nil || !strings.Contains(err.Error(), "byte order mark") {
		t.Error(err)
	}
}

// twiceExtended is a certificate with an extension that comes twice, which
// x509 makes no longer: the second one is put in by the name of another.
func twiceExtended(t testing.TB) []byte {
	t.Helper()
	one, two := asn1.ObjectIdentifier{1, 2, 3, 4, 5}, asn1.ObjectIdentifier{1, 2, 3, 4, 6}
	der := samltest.Certificate(idp().Key, start, start.AddDate(1, 0, 0), pkix.Extension{Id: one, Value: []byte{5, 0}}, pkix.Extension{Id: two, Value: []byte{5, 0}}).Raw
	old, with := samltest.Must(asn1.Marshal(two)), samltest.Must(asn1.Marshal(one))
	if strings.Count(string(der), string(old)) != 1 {
		t.Fatal("the second extension is not found")
	}
	return []byte(strings.Replace(string(der), string(old), string(with), 1))
}
