package idp

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"strings"
	"testing"

	"sojourn/internal/federation/saml/samltest"
	"sojourn/internal/sojourntest"
)

const samlARN = "arn:aws:iam::" + sojourntest.Account + ":saml-provider/Company"

// samlResponse is the command that takes a response.
var samlResponse = []string{"assume-role-with-saml", "--role-arn", roleARN, "--principal-arn", samlARN, "--saml-assertion"}

// trustsSAML registers a provider by its own metadata, with a role for whom it
// signs in for this server. The role pulls by the tag that the provider gives.
func (w *world) trustsSAML(metadata string) {
	w.t.Helper()
	w.admin.Run("sojourn", "iam", "create-saml-provider", "--name", "Company",
		"--saml-metadata-document", "file://"+w.admin.Write("metadata.xml", metadata))
	w.role(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":"`+samlARN+`"},
		"Action":["sts:AssumeRoleWithSAML","sts:TagSession"],"Condition":{"StringEquals":{"SAML:aud":"`+w.recipient()+`"}}}]}`, tagged)
}

// recipient is where the provider sends its responses: the server's own address.
func (w *world) recipient() string { return w.URL + "/saml" }

// takesEncrypted gives the provider's record the key that assertions are
// encrypted for. mode is its AssertionEncryptionMode.
func (w *world) takesEncrypted(mode string) {
	w.t.Helper()
	w.admin.Run("sojourn", "iam", "update-saml-provider", "--saml-provider-arn", samlARN, "--assertion-encryption-mode", mode,
		"--add-private-key", "file://"+w.admin.Write("key.pem", string(samltest.PrivatePEM(forUs()))))
}

// forUs is the key that assertions are encrypted for.
func forUs() *rsa.PrivateKey { return samltest.RSA(1) }

// enters trades a response for a session that clones, after xmlsec1 has
// accepted the signature of each element in signed as well.
func (w *world) enters(by *samltest.IdP, response string, signed ...string) {
	w.t.Helper()
	document := decoded(w.t, response)
	for _, element := range signed {
		if err := samltest.XMLSec(w.t.TempDir(), by.Cert, document, element); err != nil {
			w.t.Errorf("%s: %v\n%s", element, err, document)
		}
	}
	s := w.assume(samlResponse, response)
	if s.Issuer != by.EntityID || s.Audience != w.recipient() || s.Subject != "maria" ||
		s.AssumedRoleUser.Arn != "arn:aws:sts::"+sojourntest.Account+":assumed-role/CodeCommitAccess/maria" {
		w.t.Errorf("AssumeRoleWithSAML tells %+v", s)
	}
	w.clone(s)
}

// entersEncrypted is enters for an encrypted assertion, which xmlsec1 decrypts,
// and whose signature it accepts.
func (w *world) entersEncrypted(by *samltest.IdP, response string, signed ...string) {
	w.t.Helper()
	document := decoded(w.t, response)
	if strings.Contains(document, "maria") {
		w.t.Errorf("not encrypted:\n%s", document)
	}
	inside, err := samltest.XMLDecrypt(w.t.TempDir(), forUs(), document)
	if err != nil {
		w.t.Fatal(err)
	}
	if err := samltest.XMLSec(w.t.TempDir(), by.Cert, inside, "Assertion"); err != nil {
		w.t.Errorf("%v in\n%s", err, inside)
	}
	w.enters(by, response, signed...)
}

func decoded(t *testing.T, response string) string {
	t.Helper()
	b, err := base64.StdEncoding.DecodeString(response)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// signatures says which elements of a response hold a signature of their own.
func signatures(document string) (signed []string) {
	inner := strings.Index(document, "<saml:Assertion")
	for _, part := range []struct{ element, text string }{{"Response", document[:max(inner, 0)]}, {"Assertion", document[max(inner, 0):]}} {
		if strings.Contains(part.text, "SignatureValue") {
			signed = append(signed, part.element)
		}
	}
	return signed
}

func certificatePEM(c *x509.Certificate) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}))
}
