// Package pkitest makes certificate authorities, machines' certificates and
// revocation lists for tests. What it makes can be changed before it is signed,
// so that a test says only what is wrong with it. It is no part of the product.
package pkitest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"time"
)

// Change changes a certificate before it is signed.
type Change func(*x509.Certificate)

// Pair is a certificate with its key, and what leads from it to its root.
type Pair struct {
	Cert  *x509.Certificate
	Key   crypto.Signer
	Chain []*x509.Certificate // of the authorities between it and the root

	parent *Pair
	now    time.Time
}

// EC makes a key on P-256.
func EC() crypto.Signer { return Curve(elliptic.P256()) }

// Curve makes a key on a curve.
func Curve(c elliptic.Curve) crypto.Signer { return must(ecdsa.GenerateKey(c, rand.Reader)) }

// RSA makes a key of so many bits.
func RSA(bits int) crypto.Signer { return must(rsa.GenerateKey(rand.Reader, bits)) }

func must[T any](v T, err error) T {
	if err != nil {
		panic("pkitest: " + err.Error())
	}
	return v
}

// Root makes an authority that is good for a year around now.
func Root(now time.Time, name string, changes ...Change) *Pair {
	return (*Pair)(nil).issue(now, EC(), authority(name), changes)
}

// Sub makes an authority below p.
func (p *Pair) Sub(name string, changes ...Change) *Pair {
	return p.issue(p.now, EC(), authority(name), changes)
}

// Machine issues a certificate for a machine, with a key on P-256.
func (p *Pair) Machine(name string, changes ...Change) *Pair {
	return p.MachineWith(EC(), name, changes...)
}

// MachineWith issues a certificate for a machine's key.
func (p *Pair) MachineWith(key crypto.Signer, name string, changes ...Change) *Pair {
	return p.issue(p.now, key, &x509.Certificate{
		Subject: pkix.Name{CommonName: name}, KeyUsage: x509.KeyUsageDigitalSignature, BasicConstraintsValid: true,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}, changes)
}

func authority(name string) *x509.Certificate {
	return &x509.Certificate{Subject: pkix.Name{CommonName: name, Organization: []string{"Example"}}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign}
}

func (p *Pair) issue(now time.Time, key crypto.Signer, c *x509.Certificate, changes []Change) *Pair {
	c.SerialNumber = must(rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120)))
	c.NotBefore, c.NotAfter = now.AddDate(0, -6, 0), now.AddDate(0, 6, 0)
	for _, change := range changes {
		change(c)
	}
	parent, signer := c, key
	if p != nil {
		parent, signer = p.Cert, p.Key
	}
	der := must(x509.CreateCertificate(rand.Reader, c, parent, key.Public(), signer))
	out := &Pair{Cert: must(x509.ParseCertificate(der)), Key: key, parent: p, now: now}
	if p != nil && p.parent != nil {
		out.Chain = append([]*x509.Certificate{p.Cert}, p.Chain...)
	}
	return out
}

// Whole is the certificate and what leads to the root.
func (p *Pair) Whole() []*x509.Certificate { return append([]*x509.Certificate{p.Cert}, p.Chain...) }

// List makes a revocation list of p, good for a day around now, in PEM form.
func (p *Pair) List(change func(*x509.RevocationList), revoked ...*Pair) []byte {
	l := &x509.RevocationList{Number: big.NewInt(1), ThisUpdate: p.now.Add(-12 * time.Hour), NextUpdate: p.now.Add(12 * time.Hour)}
	for _, r := range revoked {
		l.RevokedCertificateEntries = append(l.RevokedCertificateEntries, x509.RevocationListEntry{SerialNumber: r.Cert.SerialNumber, RevocationTime: p.now.Add(-time.Hour)})
	}
	if change != nil {
		change(l)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: must(x509.CreateRevocationList(rand.Reader, l, p.Cert, p.Key))})
}

// PEM is the certificate in PEM form.
func (p *Pair) PEM() string { return Bundle(p.Cert) }

// Bundle is certificates in PEM form.
func Bundle(certs ...*x509.Certificate) (text string) {
	for _, c := range certs {
		text += string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}))
	}
	return text
}

// KeyPEM is the key in PEM form: "EC PRIVATE KEY" or "RSA PRIVATE KEY".
func (p *Pair) KeyPEM() string {
	switch k := p.Key.(type) {
	case *ecdsa.PrivateKey:
		return string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: must(x509.MarshalECPrivateKey(k))}))
	case *rsa.PrivateKey:
		return string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(k)}))
	}
	panic("pkitest: a key of another kind")
}
