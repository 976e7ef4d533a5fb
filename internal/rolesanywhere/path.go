package rolesanywhere

import (
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Bounds of what a stranger may send. The model bounds what an administrator registers.
const (
	maxCertificate = 16 << 10 // bytes of one, encoded
	maxChain       = 5        // certificates beside the machine's own
	minRSA         = 2048     // bits
	maxRSA         = 8192     // what is larger costs more than it protects
)

// parseBundle reads certificates in PEM form, at least one.
func parseBundle(text string) (certs []*x509.Certificate, err error) {
	rest := []byte(text)
	for {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			return nil, fmt.Errorf("it holds a %s, and may hold certificates only", quoted(block.Type))
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, errors.New("a certificate in it cannot be read")
		}
		certs = append(certs, c)
	}
	if len(certs) == 0 || strings.Contains(string(rest), "-----BEGIN") {
		return nil, errors.New("it is not a list of certificates in PEM form")
	}
	return certs, nil
}

// isAuthority wants a certificate that may issue others, now.
func isAuthority(c *x509.Certificate, now time.Time) error {
	switch {
	case c.Version != 3 || !c.BasicConstraintsValid || !c.IsCA:
		return errors.New("is not one of an authority (CA:TRUE)")
	case c.KeyUsage != 0 && c.KeyUsage&x509.KeyUsageCertSign == 0:
		return errors.New("may not sign certificates")
	case now.After(c.NotAfter):
		return fmt.Errorf("expired at %s", c.NotAfter.UTC().Format(time.RFC3339))
	}
	return strong(c)
}

// strong wants a key that nobody can guess and that does not take long to check.
func strong(c *x509.Certificate) error {
	switch key := c.PublicKey.(type) {
	case *rsa.PublicKey:
		if n := key.N.BitLen(); n < minRSA || n > maxRSA {
			return fmt.Errorf("has an RSA key of %d bits; %d to %d are taken", n, minRSA, maxRSA)
		}
		return nil
	case *ecdsa.PublicKey:
		if n := key.Curve.Params().BitSize; n < 256 {
			return fmt.Errorf("has an ECDSA key of %d bits; 256 are the least", n)
		}
		return nil
	}
	return errors.New("has neither an RSA nor an ECDSA key")
}

// soundlySigned wants a signature over SHA-256 or better.
func soundlySigned(c *x509.Certificate) error {
	switch c.SignatureAlgorithm {
	case x509.SHA256WithRSA, x509.SHA384WithRSA, x509.SHA512WithRSA, x509.SHA256WithRSAPSS, x509.SHA384WithRSAPSS, x509.SHA512WithRSAPSS,
		x509.ECDSAWithSHA256, x509.ECDSAWithSHA384, x509.ECDSAWithSHA512:
		return nil
	}
	return fmt.Errorf("is signed with %s", c.SignatureAlgorithm)
}

// parseHeader reads one certificate as a request's header has it.
func parseHeader(text string) (*x509.Certificate, error) {
	if len(text) > maxCertificate {
		return nil, errors.New("it is too long")
	}
	der, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil {
		return nil, errors.New("it is not base64")
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, errors.New("it is not X.509")
	}
	return c, nil
}

// parseChain reads the certificates that lead to the anchor.
func parseChain(text string) (chain []*x509.Certificate, err error) {
	if text == "" {
		return nil, nil
	}
	if strings.Count(text, ",") >= maxChain {
		return nil, fmt.Errorf("it has more than %d certificates", maxChain)
	}
	for part := range strings.SplitSeq(text, ",") {
		c, err := parseHeader(strings.Trim(part, " "))
		if err != nil {
			return nil, err
		}
		chain = append(chain, c)
	}
	return chain, nil
}

// isMachine wants a certificate that may sign for a machine, and not for others.
func isMachine(c *x509.Certificate) error {
	switch {
	case c.Version != 3:
		return errors.New("the certificate is not of X.509 version 3")
	case c.IsCA || c.KeyUsage&x509.KeyUsageCertSign != 0:
		return errors.New("the certificate is an authority's")
	case c.KeyUsage&x509.KeyUsageDigitalSignature == 0:
		return errors.New("the certificate's key usage lacks digitalSignature")
	}
	if err := strong(c); err != nil {
		return fmt.Errorf("the certificate %w", err)
	}
	return nil
}

// verify finds a path from leaf to one of the roots of which every certificate is
// good at now, and none is revoked: RFC 5280 as crypto/x509 implements it (dates,
// CA flags, path lengths, name constraints, critical extensions, extended key
// usage for clients), and beyond it keys, hashes and revocation lists.
func (t *trusted) verify(leaf *x509.Certificate, chain []*x509.Certificate, now time.Time) error {
	if err := isMachine(leaf); err != nil {
		return err
	}
	if t.orphan != "" {
		return fmt.Errorf("the certificate revocation list %s is not signed by the trust anchor: update, disable or delete it", quoted(t.orphan))
	}
	paths, err := leaf.Verify(x509.VerifyOptions{Roots: t.roots, Intermediates: pool(chain...), CurrentTime: now,
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	if err != nil {
		return explain(err)
	}
	for _, path := range paths {
		if err = t.good(path, now); err == nil {
			return nil
		}
	}
	return err
}

func pool(certs ...*x509.Certificate) *x509.CertPool {
	p := x509.NewCertPool()
	for _, c := range certs {
		p.AddCert(c)
	}
	return p
}

func (t *trusted) good(path []*x509.Certificate, now time.Time) error {
	for i, c := range path {
		if err := strong(c); err != nil {
			return fmt.Errorf("the certificate of %s %w", nameOf(c.Subject), err)
		}
		if i == len(path)-1 {
			break // the anchor is trusted for being registered, whoever signed it
		}
		if err := soundlySigned(c); err != nil {
			return fmt.Errorf("the certificate of %s %w", nameOf(c.Subject), err)
		}
		if err := t.revoked(c, path[i+1], now); err != nil {
			return err
		}
	}
	return nil
}

// explain words a failed verification without what a stranger wrote.
func explain(err error) error {
	if invalid, ok := errors.AsType[x509.CertificateInvalidError](err); ok {
		switch invalid.Reason {
		case x509.Expired:
			return errors.New("a certificate has expired or is not yet valid")
		case x509.IncompatibleUsage:
			return errors.New("a certificate's extended key usage is not for clients")
		case x509.CANotAuthorizedForThisName:
			return errors.New("an authority may not issue for this name")
		}
		return errors.New("a certificate may not be used so")
	}
	return errors.New("no path leads from the certificate to the trust anchor")
}

// nameOf is a subject for a person to read, printable and bounded.
func nameOf(n pkix.Name) string {
	if n.CommonName != "" {
		return quoted(n.CommonName)
	}
	return quoted(n.String())
}

func quoted(s string) string {
	if len(s) > 128 {
		s = s[:128]
	}
	return strconv.QuoteToASCII(s)
}
