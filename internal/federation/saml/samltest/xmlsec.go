package samltest

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// XMLSec asks the program xmlsec1, a second opinion on other parsers and another
// canonicaliser, whether a certificate's key has signed element ("Response" or
// "Assertion") of a document. Its files are in dir.
func XMLSec(dir string, certificate *x509.Certificate, document, element string) error {
	const saml = "urn:oasis:names:tc:SAML:2.0:"
	key := filepath.Join(dir, "idp.crt")
	if err := os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Raw}), 0o600); err != nil {
		return err
	}
	_, err := xmlsec(dir, document, "--verify", "--pubkey-cert-pem", key, "--enabled-reference-uris", "same-doc",
		"--id-attr:ID", saml+"assertion:Assertion", "--id-attr:ID", saml+"protocol:Response",
		"--node-xpath", "//*[local-name()='"+element+"']/*[local-name()='Signature']")
	return err
}

// XMLDecrypt has xmlsec1 decrypt a document's first encrypted part.
func XMLDecrypt(dir string, key *rsa.PrivateKey, document string) (string, error) {
	file := filepath.Join(dir, "key.pem")
	if err := os.WriteFile(file, PrivatePEM(key), 0o600); err != nil {
		return "", err
	}
	return xmlsec(dir, document, "--decrypt", "--privkey-pem", file)
}

// PrivatePEM is a key as AddPrivateKey of the SAML providers takes it.
func PrivatePEM(k *rsa.PrivateKey) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(k)})
}

func xmlsec(dir, document string, args ...string) (string, error) {
	file := filepath.Join(dir, "document.xml")
	if err := os.WriteFile(file, []byte(document), 0o600); err != nil {
		return "", err
	}
	c := exec.Command("xmlsec1", append(args, file)...)
	out, err := c.Output()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return "", fmt.Errorf("xmlsec1: %w: %s", err, exit.Stderr)
	}
	return string(out), err
}
