// Package samltest is a small SAML 2.0 identity provider for tests: it makes
// metadata and responses, signs and encrypts them, and signs what no honest
// provider would. It is no part of the product. What goes wrong in it panics.
package samltest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"fmt"
	"math/big"
	"strings"
	"sync"
	"time"
)

// IdP is an identity provider.
type IdP struct {
	EntityID string
	Key      crypto.Signer
	Cert     *x509.Certificate
}

// New makes a provider with an RSA key of 2,048 bits and a certificate that is
// valid for a year around now.
func New(entityID string, now time.Time) *IdP { return With(entityID, RSA(0), now) }

// With makes a provider with a key.
func With(entityID string, key crypto.Signer, now time.Time) *IdP {
	return &IdP{entityID, key, Certificate(key, now.AddDate(0, -6, 0), now.AddDate(0, 6, 0))}
}

// RSA is a key of 2,048 bits, the same one for a number within a process,
// because making one takes long.
func RSA(n int) *rsa.PrivateKey {
	keys.Lock()
	defer keys.Unlock()
	if keys.made[n] == nil {
		keys.made[n] = Must(rsa.GenerateKey(rand.Reader, 2048))
	}
	return keys.made[n]
}

var keys = struct {
	sync.Mutex
	made map[int]*rsa.PrivateKey
}{made: map[int]*rsa.PrivateKey{}}

// EC is a new key on a curve.
func EC(c elliptic.Curve) *ecdsa.PrivateKey { return Must(ecdsa.GenerateKey(c, rand.Reader)) }

// Ed25519 is a new key that XML signatures do not know.
func Ed25519() ed25519.PrivateKey {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	return Must(key, err)
}

// Certificate is a self-signed one.
func Certificate(key crypto.Signer, from, to time.Time, extensions ...pkix.Extension) *x509.Certificate {
	t := &x509.Certificate{SerialNumber: big.NewInt(from.Unix()), Subject: pkix.Name{CommonName: "idp.example"},
		NotBefore: from, NotAfter: to, ExtraExtensions: extensions}
	return Must(x509.ParseCertificate(Must(x509.CreateCertificate(rand.Reader, t, t, key.Public(), key))))
}

// Metadata is the provider's own document, with the certificates of others that
// sign for it as well. It has more than AWS's least 1,000 characters.
func (p *IdP) Metadata(others ...*x509.Certificate) string {
	var b strings.Builder
	fmt.Fprintf(&b, `<?xml version="1.0" encoding="UTF-8"?>
<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" xmlns:ds="http://www.w3.org/2000/09/xmldsig#" entityID="%s">
  <md:IDPSSODescriptor WantAuthnRequestsSigned="false" protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">`, p.EntityID)
	for _, c := range append([]*x509.Certificate{p.Cert}, others...) {
		b.WriteString(KeyDescriptor("signing", c))
	}
	fmt.Fprintf(&b, `
    <md:NameIDFormat>urn:oasis:names:tc:SAML:2.0:nameid-format:persistent</md:NameIDFormat>
    <md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="%s/sso"/>
  </md:IDPSSODescriptor>
</md:EntityDescriptor>
`, p.EntityID)
	return b.String()
}

// KeyDescriptor is the part of metadata that has a certificate.
func KeyDescriptor(use string, c *x509.Certificate) string {
	return fmt.Sprintf(`
    <md:KeyDescriptor use="%s"><ds:KeyInfo><ds:X509Data><ds:X509Certificate>%s</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>`,
		use, base64.StdEncoding.EncodeToString(c.Raw))
}

// Must panics on an error.
func Must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// Encode is the form's value for a response.
func Encode(response string) string { return base64.StdEncoding.EncodeToString([]byte(response)) }
