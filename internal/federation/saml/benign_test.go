package saml

import (
	"crypto"
	"crypto/elliptic"
	"crypto/x509"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"

	"sojourn/internal/federation/saml/samltest"
)

// benign is a response that must be accepted, and by whom it is signed.
type benign struct {
	name, response string
	by             *samltest.IdP
	signed         []string // the elements whose signatures a second verifier can check
}

// dialects are the ways in which real providers write the same thing.
func dialects(t testing.TB) []benign {
	p := plainResponse()
	oktaPrefixes := strings.NewReplacer("samlp:", "saml2p:", "xmlns:samlp", "xmlns:saml2p", "saml:", "saml2:", "xmlns:saml=", "xmlns:saml2=").Replace(p)
	defaultSpace := strings.NewReplacer(`<saml:Assertion `, `<Assertion xmlns="`+nsAssertion+`" `,
		`<saml:Issuer>`, `<Issuer xmlns="`+nsAssertion+`">`, "<saml:", "<", "</saml:", "</").Replace(p)
	statement := p[strings.Index(p, "<saml:AttributeStatement>") : strings.Index(p, "</saml:AttributeStatement>")+len("</saml:AttributeStatement>")]
	attributesFirst := replaced(t, replaced(t, p, statement, ""), "<saml:AuthnStatement", statement+"<saml:AuthnStatement")
	sign := idp().Sign
	crlf := func(sig *etree.Element) {
		v := sig.SelectElement("SignatureValue")
		v.SetText("\r\n" + v.Text()[:76] + "\r\n" + v.Text()[76:] + "\r\n")
	}
	return []benign{
		{name: "response signed", response: sign(p, onResponse), signed: []string{"Response"}},
		{name: "assertion signed", response: sign(p, onAssertion), signed: []string{"Assertion"}},
		{name: "both signed", response: sign(p, onAssertion, onResponse), signed: []string{"Response", "Assertion"}},
		{name: "prefixes as Okta and Shibboleth write", response: sign(oktaPrefixes, samltest.Signing{Target: "_a1", Prefixes: "xs"}, samltest.Signing{Target: "_r1", Prefixes: "xs"}), signed: []string{"Response", "Assertion"}},
		{name: "inner prefix list, outer without", response: sign(p, samltest.Signing{Target: "_a1", Prefixes: "xs xsi"}, onResponse), signed: []string{"Response"}},
		{name: "a prefix of the response, signed with the assertion", response: sign(replaced(t, replaced(t, p, ` xmlns:xs="http://www.w3.org/2001/XMLSchema"`, ""), "<samlp:Response ", `<samlp:Response xmlns:xs="http://www.w3.org/2001/XMLSchema" `), samltest.Signing{Target: "_a1", Prefixes: "xs"}, onResponse), signed: []string{"Response", "Assertion"}},
		{name: "default namespace as AD FS and Entra write", response: sign(defaultSpace, onAssertion), signed: []string{"Assertion"}},
		{name: "attributes before the sign-in, as AD FS writes", response: sign(attributesFirst, onAssertion), signed: []string{"Assertion"}},
		{name: "signature last, as auth0 writes", response: sign(p, samltest.Signing{Target: "_a1", Last: true}, samltest.Signing{Target: "_r1", Last: true}), signed: []string{"Response", "Assertion"}},
		{name: "no KeyInfo", response: sign(p, samltest.Signing{Target: "_a1", NoKeyInfo: true}), signed: []string{"Assertion"}},
		{name: "a key that is only named", response: sign(p, samltest.Signing{Target: "_a1", NoKeyInfo: true, Whole: func(sig *etree.Element) {
			sig.CreateElement("ds:KeyInfo").CreateElement("ds:KeyName").SetText("idp")
		}}), signed: []string{"Assertion"}},
		{name: "types declared at each value, as Shibboleth writes", response: sign(strings.ReplaceAll(p, "<saml:AttributeValue xsi:type=", `<saml:AttributeValue xmlns:xsi="`+nsInstance+`" xsi:type=`), onAssertion, onResponse), signed: []string{"Response", "Assertion"}},
		{name: "types declared at each value, as OneLogin writes", response: sign(strings.ReplaceAll(p, "<saml:AttributeValue xsi:type=", `<saml:AttributeValue xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:xsi="`+nsInstance+`" xsi:type=`), onAssertion, onResponse), signed: []string{"Response", "Assertion"}},
		{name: "declared after use", response: sign(strings.ReplaceAll(p, `<saml:AttributeValue xsi:type="xs:string"`, `<saml:AttributeValue xsi:type="xs:string" xmlns:saml="`+nsAssertion+`" xmlns:xsi="`+nsInstance+`"`), onAssertion, onResponse), signed: []string{"Response", "Assertion"}},
		{name: "indented", response: sign(strings.ReplaceAll(p, "><", ">\n  <"), onAssertion, onResponse), signed: []string{"Response", "Assertion"}},
		{name: "XML declaration", response: `<?xml version="1.0" encoding="UTF-8"?>` + "\n" + sign(p, onResponse) + "\n", signed: []string{"Response"}},
		{name: "wrapped signature value", response: sign(p, samltest.Signing{Target: "_a1", Whole: crlf}), signed: []string{"Assertion"}},
		{name: "RSA with SHA-384", response: sign(p, samltest.Signing{Target: "_a1", Algorithm: moreAlgorithms + "rsa-sha384", Digest: moreAlgorithms + "sha384"}), signed: []string{"Assertion"}},
		{name: "RSA with SHA-512", response: sign(p, samltest.Signing{Target: "_a1", Algorithm: moreAlgorithms + "rsa-sha512", Digest: nsEncryption + "sha512"}), signed: []string{"Assertion"}},
	}
}

// usage are differences in what is said.
func usage(t testing.TB) []benign {
	out := []benign{}
	for name, change := range map[string][2]string{
		"AWS's own recipient":                {ours + `"/></saml:SubjectConfirmation>`, `https://signin.aws.amazon.com/saml"/></saml:SubjectConfirmation>`},
		"AWS's own audience":                 {"<saml:Audience>" + ours, "<saml:Audience>urn:amazon:webservices"},
		"two audiences, one of them we":      {"<saml:Audience>", "<saml:Audience>urn:other</saml:Audience><saml:Audience>"},
		"no Destination":                     {` Destination="` + ours + `"`, ``},
		"no response issuer":                 {`"><saml:Issuer>` + entityID + `</saml:Issuer><samlp:Status>`, `"><samlp:Status>`},
		"no end of session":                  {` SessionNotOnOrAfter="2026-11-26T20:00:00Z"`, ``},
		"milliseconds":                       {`AuthnInstant="2026-11-26T11:59:50Z"`, `AuthnInstant="2026-11-26T11:59:50.123Z"`},
		"a clock a little ahead":             {`ID="_a1" Version="2.0" IssueInstant="2026-11-26T12:00:00Z"`, `ID="_a1" Version="2.0" IssueInstant="2026-11-26T12:00:59Z"`},
		"four minutes old":                   {`ID="_a1" Version="2.0" IssueInstant="2026-11-26T12:00:00Z"`, `ID="_a1" Version="2.0" IssueInstant="2026-11-26T11:56:00Z"`},
		"no format of the name":              {` Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"`, ``},
		"SPNameQualifier":                    {`<saml:NameID `, `<saml:NameID SPNameQualifier="urn:amazon:webservices" `},
		"OneTimeUse":                         {`<saml:AudienceRestriction>`, `<saml:OneTimeUse/><saml:AudienceRestriction>`},
		"where from":                         {`<saml:AuthnContext>`, `<saml:SubjectLocality Address="192.0.2.7"/><saml:AuthnContext>`},
		"nested status":                      {`:Success"/>`, `:Success"><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:StatusCode>`},
		"status message":                     {`</samlp:Status>`, `<samlp:StatusMessage>ok</samlp:StatusMessage></samlp:Status>`},
		"entity format of the issuer":        {`<saml:Issuer>` + entityID + `</saml:Issuer><saml:Subject>`, `<saml:Issuer Format="urn:oasis:names:tc:SAML:2.0:nameid-format:entity">` + entityID + `</saml:Issuer><saml:Subject>`},
		"character references":               {`>one<`, `>o&#110;e &amp; more<`},
		"provider first in the pair":         {roleARN + "," + providerARN, providerARN + "," + roleARN},
		"eduPersonTargetedID holds a NameID": {`<saml:Attribute Name="groups"`, `<saml:Attribute Name="urn:oid:1.3.6.1.4.1.5923.1.1.1.10"><saml:AttributeValue><saml:NameID>x</saml:NameID></saml:AttributeValue></saml:Attribute><saml:Attribute Name="groups"`},
	} {
		out = append(out, benign{name: name, response: idp().Sign(replaced(t, plainResponse(), change[0], change[1]), onAssertion, onResponse), signed: []string{"Response", "Assertion"}})
	}
	return out
}

func elliptics() []benign {
	var out []benign
	for _, c := range []struct {
		curve elliptic.Curve
		hash  string
	}{{elliptic.P256(), "256"}, {elliptic.P384(), "384"}, {elliptic.P521(), "512"}} {
		p := samltest.With(entityID, samltest.EC(c.curve), start)
		out = append(out, benign{name: c.curve.Params().Name, by: p, signed: []string{"Assertion"},
			response: p.Sign(plainResponse(), samltest.Signing{Target: "_a1", Algorithm: moreAlgorithms + "ecdsa-sha" + c.hash})})
	}
	second := samltest.With(entityID, samltest.RSA(3), start)
	return append(out, benign{name: "the provider's next key", by: second, response: second.Sign(plainResponse(), onResponse), signed: []string{"Response"}})
}

func encrypted() []benign {
	public := &samltest.RSA(2).PublicKey
	inner := idp().Sign(samltest.Standalone(plainResponse()), onAssertion)
	outer := func(s string) string { return idp().Sign(s, onResponse) }
	out := []benign{
		{name: "encrypted, assertion signed", response: samltest.Encrypt(inner, samltest.Encryption{Key: public})},
		{name: "encrypted, response signed", response: outer(samltest.Encrypt(samltest.Standalone(plainResponse()), samltest.Encryption{Key: public})), signed: []string{"Response"}},
		{name: "encrypted, key beside", response: outer(samltest.Encrypt(inner, samltest.Encryption{Key: public, Beside: true})), signed: []string{"Response"}},
		{name: "OAEP with SHA-256", response: outer(samltest.Encrypt(inner, samltest.Encryption{Key: public, Hash: crypto.SHA256, Transport: oaep,
			Method: `<ds:DigestMethod xmlns:ds="` + nsSignature + `" Algorithm="` + nsEncryption + `sha256"/><xenc11:MGF xmlns:xenc11="` + nsEncrypt2 + `" Algorithm="` + nsEncrypt2 + `mgf1sha256"/>`})), signed: []string{"Response"}},
	}
	for content := range samltest.Contents {
		out = append(out, benign{name: content, response: outer(samltest.Encrypt(inner, samltest.Encryption{Key: public, Content: content})), signed: []string{"Response"}})
	}
	return out
}

func allBenign(t testing.TB) []benign {
	all := append(dialects(t), usage(t)...)
	return append(append(all, elliptics()...), encrypted()...)
}

func TestBenign(t *testing.T) {
	for _, b := range allBenign(t) {
		var others []*x509.Certificate
		if b.by != nil {
			others = append(others, b.by.Cert)
		}
		a, err := verifierAt(start).Verify(provider(t, others...), samltest.Encode(b.response))
		if err != nil {
			t.Errorf("%s: %v", b.name, err)
		} else if a.Subject != genuine || !reflect.DeepEqual(a.Roles, []string{roleARN}) || a.SessionName != "alice" {
			t.Errorf("%s: got %+v", b.name, a)
		}
	}
}

// TestAssertion is all that a response says.
func TestAssertion(t *testing.T) {
	a, err := verifyXML(t, signedBoth())
	if err != nil {
		t.Fatal(err)
	}
	want := &Assertion{
		Provider: providerARN, ID: "_a1", Subject: genuine, SubjectType: "persistent", Issuer: entityID, Audience: ours,
		Roles: []string{roleARN}, SessionName: "alice", SessionDuration: 2 * time.Hour, SessionEnd: start.Add(8 * time.Hour),
		Tags: map[string]string{"team": "core", "cost": "42"}, Transitive: []string{"team"}, SourceIdentity: "alice.source",
		Context: map[string][]string{
			"saml:aud": {ours}, "saml:iss": {entityID}, "saml:sub": {genuine}, "saml:sub_type": {"persistent"},
			"saml:doc": {"111122223333/Example"}, "saml:namequalifier": {a.NameQualifier()},
			"saml:mail": {"alice@example.com", "a@example.com"},
		},
		account: "111122223333", name: "Example", issued: start, notOnOrAfter: start.Add(5 * time.Minute),
	}
	if !reflect.DeepEqual(a, want) {
		t.Errorf("got  %+v\nwant %+v", a, want)
	}
	if err := a.Offers(roleARN); err != nil {
		t.Error(err)
	}
	if stage, code := stageOf(a.Offers("arn:aws:iam::999988887777:role/Elsewhere")); stage != StageAttributes || code != "InvalidIdentityToken" {
		t.Errorf("a role of another provider: %s, %s", stage, code)
	}
}

// TestNameQualifier is the example of AWS's documentation.
func TestNameQualifier(t *testing.T) {
	a := &Assertion{Issuer: "https://example.com/saml", account: "123456789012", name: "MySAMLIdP"}
	if got := a.NameQualifier(); got != "1uAJanUnBc2XeUkHURMht+xam2c=" {
		t.Errorf("got %s", got)
	}
}

// TestReplay: the key stays the same for the same use only, and need not be
// kept longer than the assertion is accepted.
func TestReplay(t *testing.T) {
	a, err := verifyXML(t, signedBoth())
	if err != nil {
		t.Fatal(err)
	}
	key, until := a.Replay(roleARN, false)
	if again, _ := a.Replay(roleARN, false); again != key {
		t.Error("the key of the same use differs")
	}
	if other, _ := a.Replay(roleARN+"2", false); other == key {
		t.Error("another role has the same key")
	}
	first, _ := a.Replay(roleARN, true)
	if second, _ := a.Replay(roleARN+"2", true); first != second || first == key {
		t.Error("strict: the role matters")
	}
	a.OneTimeUse = true
	if once, _ := a.Replay(roleARN, false); once != first {
		t.Error("OneTimeUse: the role matters")
	}
	if _, err := verifierAt(until).Verify(provider(t), samltest.Encode(signedBoth())); err == nil {
		t.Error("accepted after the key may be forgotten")
	}
}

// TestEncryptionRequired refuses what is not encrypted.
func TestEncryptionRequired(t *testing.T) {
	p := provider(t)
	p.EncryptionRequired = true
	_, err := verifierAt(start).Verify(p, samltest.Encode(signedBoth()))
	if stage, _ := stageOf(err); stage != StageEncryption {
		t.Errorf("plain: %v", err)
	}
	if _, err := verifierAt(start).Verify(p, samltest.Encode(encrypted()[0].response)); err != nil {
		t.Errorf("encrypted: %v", err)
	}
}
