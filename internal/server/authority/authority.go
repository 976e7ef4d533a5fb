// Package authority is the server's own certificate authority for machines
// that have no certificate: a root in DIR/ca.pem, which clients are told to
// trust, and a server certificate under it that renews itself.
//
// It is not a public-key infrastructure: it signs one certificate, its own.
package authority

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Lifetimes. A server certificate stays below the 398 days that platforms accept.
const (
	rootLife    = 10 * 365 * 24 * time.Hour
	serverLife  = 90 * 24 * time.Hour
	renewBefore = 30 * 24 * time.Hour
	backdate    = time.Hour // for clients whose clocks are behind
)

// Authority is the root and the server certificate of the moment.
type Authority struct {
	root    *x509.Certificate
	rootKey crypto.Signer
	hosts   []string
	now     func() time.Time

	mu      sync.Mutex
	current *tls.Certificate
}

// Open loads the authority in dir, or makes it on the first start. hosts are
// the names and addresses that the server certificate is for.
func Open(dir string, hosts []string, now func() time.Time) (*Authority, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("opening the TLS authority: %w", err)
	}
	a := &Authority{hosts: hosts, now: now}
	err := a.load(dir)
	if errors.Is(err, fs.ErrNotExist) {
		err = a.create(dir)
	}
	if err != nil {
		return nil, fmt.Errorf("opening the TLS authority in %s: %w", dir, err)
	}
	if _, err := a.Certificate(nil); err != nil {
		return nil, err
	}
	return a, nil
}

func (a *Authority) load(dir string) error {
	pair, err := tls.LoadX509KeyPair(filepath.Join(dir, "ca.pem"), filepath.Join(dir, "ca.key"))
	if err != nil {
		return err
	}
	signer, ok := pair.PrivateKey.(crypto.Signer)
	if !ok {
		return errors.New("ca.key cannot sign")
	}
	a.root, a.rootKey = pair.Leaf, signer
	return nil
}

// create writes the key first: a certificate without its key would be kept for ever.
func (a *Authority) create(dir string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	template := &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{CommonName: "Sojourn authority", Organization: []string{"Sojourn"}},
		NotBefore: a.now().Add(-backdate), NotAfter: a.now().Add(rootLife),
		IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return err
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	if err := writePEM(filepath.Join(dir, "ca.key"), "PRIVATE KEY", keyDER, 0o600); err != nil {
		return err
	}
	if err := writePEM(filepath.Join(dir, "ca.pem"), "CERTIFICATE", der, 0o644); err != nil {
		return err
	}
	a.root, err = x509.ParseCertificate(der)
	a.rootKey = key
	return err
}

// writePEM replaces a file as a whole and durably.
func writePEM(path, kind string, der []byte, mode fs.FileMode) error {
	tmp, err := os.OpenFile(path+".new", os.O_CREATE|os.O_WRONLY|os.O_TRUNC, mode)
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	err = errors.Join(pem.Encode(tmp, &pem.Block{Type: kind, Bytes: der}), tmp.Sync(), tmp.Close())
	if err != nil {
		return err
	}
	return os.Rename(tmp.Name(), path)
}

// Certificate is a tls.Config's GetCertificate. It renews a certificate that
// has less than a month left; the key lives in memory alone.
func (a *Authority) Certificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.current != nil && a.now().Before(a.current.Leaf.NotAfter.Add(-renewBefore)) {
		return a.current, nil
	}
	fresh, err := a.issue()
	if err != nil {
		return nil, fmt.Errorf("issuing the server certificate: %w", err)
	}
	a.current = fresh
	return fresh, nil
}

func (a *Authority) issue() (*tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{CommonName: "Sojourn server"},
		NotBefore: a.now().Add(-backdate), NotAfter: a.now().Add(serverLife),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, h := range a.hosts {
		if ip := net.ParseIP(h); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, h)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.root, key.Public(), a.rootKey)
	if err != nil {
		return nil, err
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	return &tls.Certificate{Certificate: [][]byte{der, a.root.Raw}, PrivateKey: key, Leaf: leaf}, nil
}

func serial() *big.Int {
	var b [16]byte
	rand.Read(b[:]) // never fails
	b[0] &= 0x7f    // positive in DER
	return new(big.Int).SetBytes(b[:])
}
