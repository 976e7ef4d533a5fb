package saml

import (
	"testing"

	"sojourn/internal/federation/saml/samltest"
)

// TestSecondOpinion: what we accept, xmlsec1 accepts.
func TestSecondOpinion(t *testing.T) {
	dir := t.TempDir()
	count := 0
	for _, b := range allBenign(t) {
		by := b.by
		if by == nil {
			by = idp()
		}
		for _, element := range b.signed {
			if err := samltest.XMLSec(dir, by.Cert, b.response, element); err != nil {
				t.Errorf("%s: signature of %s: %v", b.name, element, err)
			}
			count++
		}
	}
	t.Logf("%d signatures", count)
}

// TestSecondOpinionRefuses keeps the one above from being empty.
func TestSecondOpinionRefuses(t *testing.T) {
	if samltest.XMLSec(t.TempDir(), idp().Cert, replaced(t, signedAssertion(), genuine, "admin"), "Assertion") == nil {
		t.Error("xmlsec1 accepts a forged assertion")
	}
}

// TestEncryptedForOthers: what samltest encrypts, and we decrypt, xmlsec1
// decrypts as well.
func TestEncryptedForOthers(t *testing.T) {
	for _, b := range encrypted()[:2] {
		if _, err := samltest.XMLDecrypt(t.TempDir(), samltest.RSA(2), b.response); err != nil {
			t.Errorf("%s: %v", b.name, err)
		}
	}
}
