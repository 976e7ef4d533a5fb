package saml

import (
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/beevik/etree"

	"sojourn/internal/federation/saml/samltest"
)

// xmlsec1 is a second opinion, on other parsers and another canonicaliser: what
// we accept, it accepts.
func xmlsec1(t *testing.T, certificate, document, element string) error {
	t.Helper()
	out, err := exec.Command("xmlsec1", "--verify", "--pubkey-cert-pem", certificate, "--enabled-reference-uris", "same-doc",
		"--id-attr:ID", nsAssertion+":Assertion", "--id-attr:ID", nsProtocol+":Response",
		"--node-xpath", "//*[local-name()='"+element+"']/*[local-name()='Signature']", document).CombinedOutput()
	if err != nil {
		t.Logf("%s", out)
	}
	return err
}

func TestSecondOpinion(t *testing.T) {
	dir := t.TempDir()
	count := 0
	for _, b := range allBenign(t) {
		by := b.by
		if by == nil {
			by = idp()
		}
		certificate, document := filepath.Join(dir, "idp.crt"), filepath.Join(dir, "response.xml")
		write(t, certificate, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: by.Cert.Raw}))
		write(t, document, []byte(b.response))
		for _, element := range b.signed {
			if err := xmlsec1(t, certificate, document, element); err != nil {
				t.Errorf("%s: signature of %s: %v", b.name, element, err)
			}
			count++
		}
	}
	t.Logf("%d signatures", count)
}

// TestSecondOpinionRefuses keeps the one above from being empty.
func TestSecondOpinionRefuses(t *testing.T) {
	dir := t.TempDir()
	certificate, document := filepath.Join(dir, "idp.crt"), filepath.Join(dir, "response.xml")
	write(t, certificate, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: idp().Cert.Raw}))
	write(t, document, []byte(replaced(t, signedAssertion(), genuine, "admin")))
	if xmlsec1(t, certificate, document, "Assertion") == nil {
		t.Error("xmlsec1 accepts a forged assertion")
	}
}

// TestEncryptedForOthers: what samltest encrypts, and we decrypt, xmlsec1
// decrypts as well.
func TestEncryptedForOthers(t *testing.T) {
	dir := t.TempDir()
	key, document := filepath.Join(dir, "key.pem"), filepath.Join(dir, "response.xml")
	write(t, key, privatePEM(samltest.RSA(2)))
	for _, b := range encrypted()[:2] {
		write(t, document, []byte(b.response))
		if out, err := exec.Command("xmlsec1", "--decrypt", "--privkey-pem", key, document).CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", b.name, err, out)
		}
	}
}

func write(t *testing.T, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestSignedByOthers: what xmlsec1 signs, as the providers that stand on it do,
// we accept.
func TestSignedByOthers(t *testing.T) {
	dir := t.TempDir()
	key, template, signed := filepath.Join(dir, "key.pem"), filepath.Join(dir, "template.xml"), filepath.Join(dir, "signed.xml")
	write(t, key, privatePEM(samltest.RSA(0)))
	blank := func(sig *etree.Element) {
		sig.FindElement("SignedInfo/Reference/DigestValue").SetText("")
		sig.SelectElement("SignatureValue").SetText("")
		sig.RemoveChild(sig.SelectElement("KeyInfo"))
	}
	for name, s := range map[string]samltest.Signing{
		"response":           {Target: "_r1"},
		"assertion":          {Target: "_a1", Prefixes: "xs"},
		"SHA-512, two lines": {Target: "_a1", Algorithm: moreAlgorithms + "rsa-sha512", Digest: nsEncryption + "sha512"},
	} {
		s.Whole = blank
		write(t, template, []byte(idp().Sign(plainResponse(), s)))
		if out, err := exec.Command("xmlsec1", "--sign", "--privkey-pem", key, "--id-attr:ID", nsAssertion+":Assertion",
			"--id-attr:ID", nsProtocol+":Response", "--output", signed, template).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", name, err, out)
		}
		doc, err := os.ReadFile(signed)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := verifyXML(t, string(doc)); err != nil {
			t.Errorf("%s: %v\n%s", name, err, doc)
		}
	}
}
