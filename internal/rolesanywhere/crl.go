package rolesanywhere

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// revocations is a revocation list that has been read.
type revocations struct {
	name    string
	list    *x509.RevocationList
	serials map[string]bool // as big-endian bytes
}

// parseList reads a list in PEM or DER form.
func parseList(data []byte) (*revocations, error) {
	if bytes.Contains(data, []byte("-----BEGIN")) {
		block, rest := pem.Decode(data)
		if block == nil || block.Type != "X509 CRL" || strings.TrimSpace(string(rest)) != "" {
			return nil, errors.New("it is not one revocation list in PEM form")
		}
		data = block.Bytes
	}
	l, err := x509.ParseRevocationList(data)
	if err != nil {
		return nil, errors.New("it is not a revocation list")
	}
	for _, e := range l.Extensions {
		if e.Critical || e.Id.Equal(deltaIndicator) {
			return nil, fmt.Errorf("it has the extension %s, which makes it a list of another kind (a partial, an indirect or a delta list)", e.Id)
		}
	}
	r := &revocations{list: l, serials: make(map[string]bool, len(l.RevokedCertificateEntries))}
	for _, e := range l.RevokedCertificateEntries {
		if slices.ContainsFunc(e.Extensions, func(x pkix.Extension) bool { return x.Critical }) {
			return nil, errors.New("an entry of it has a critical extension, which makes it an indirect list")
		}
		r.serials[string(e.SerialNumber.Bytes())] = true
	}
	return r, nil
}

var deltaIndicator = asn1.ObjectIdentifier{2, 5, 29, 27}

// clockSkew is how far ahead an authority's clock may be.
const clockSkew = 5 * time.Minute

// current wants a list of which the time has come and not gone.
func (r *revocations) current(now time.Time) error {
	switch {
	case r.list.ThisUpdate.After(now.Add(clockSkew)):
		return fmt.Errorf("is not valid before %s", r.list.ThisUpdate.UTC().Format(time.RFC3339))
	case !r.list.NextUpdate.IsZero() && now.After(r.list.NextUpdate):
		return fmt.Errorf("ended at %s: import a newer one", r.list.NextUpdate.UTC().Format(time.RFC3339))
	}
	return nil
}

// signedByOneOf reports whether one of certs has signed the list and may.
func (r *revocations) signedByOneOf(certs []*x509.Certificate) bool {
	return slices.ContainsFunc(certs, r.signedBy)
}

func (r *revocations) signedBy(c *x509.Certificate) bool {
	if !bytes.Equal(r.list.RawIssuer, c.RawSubject) || strong(c) != nil {
		return false
	}
	switch r.list.SignatureAlgorithm {
	case x509.SHA1WithRSA, x509.ECDSAWithSHA1, x509.MD5WithRSA:
		return false
	}
	return r.list.CheckSignatureFrom(c) == nil
}

// revoked wants a certificate that no list of its issuer has. A list that has
// ended can no longer say so, and refuses all of that issuer.
func (t *trusted) revoked(c, issuer *x509.Certificate, now time.Time) error {
	for _, r := range t.lists {
		if !r.signedBy(issuer) {
			continue
		}
		if r.serials[string(c.SerialNumber.Bytes())] {
			return fmt.Errorf("the certificate of %s is revoked", nameOf(c.Subject))
		}
		if err := r.current(now); err != nil {
			return fmt.Errorf("the certificate revocation list %s %w", quoted(r.name), err)
		}
	}
	return nil
}
