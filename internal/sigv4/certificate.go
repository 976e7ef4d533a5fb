package sigv4

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"sojourn/internal/awserr"
)

// The algorithms of IAM Roles Anywhere, whose signatures are made with the key
// of a certificate. The certificate goes along in a header, and its serial
// number stands where the access key id does.
const (
	CertificateRSA   = "AWS4-X509-RSA-SHA256"
	CertificateECDSA = "AWS4-X509-ECDSA-SHA256"
)

// The headers of the certificate and of those that lead from it to its anchor,
// in base64, the latter separated by commas.
const (
	CertificateHeader = "X-Amz-X509"
	ChainHeader       = "X-Amz-X509-Chain"
)

// maxCertificateSignature is that of the largest RSA key that a certificate may have (8,192 bits).
const maxCertificateSignature = 1024

// CertificateAuth is what a request says of its signature by a certificate's
// key. Nothing in it is proven before Verify.
type CertificateAuth struct {
	Algorithm       string
	Serial          string // of the certificate, in decimal digits
	Region, Service string
	Time            time.Time

	auth Auth
}

// ParseCertificateRequest reads the signature of a request to Roles Anywhere. Its
// errors are those of ParseRequest.
func ParseCertificateRequest(r *http.Request) (*CertificateAuth, error) {
	_, query := target(r)
	if len(query) > maxQuery {
		return nil, incomplete("The query string is longer than %d bytes.", maxQuery)
	}
	params, err := parseQuery(query)
	if err != nil {
		return nil, err
	}
	if err := checkRepeated(r, params); err != nil {
		return nil, err
	}
	header := r.Header.Values("Authorization")
	switch {
	case len(header) > 1:
		return nil, incomplete("The request has more than one Authorization header.")
	case len(header) == 0 || header[0] == "":
		return nil, awserr.New(awserr.MissingAuthentication, http.StatusForbidden, "Request is missing Authentication Token")
	case len(header[0]) > maxAuthorization:
		return nil, incomplete("The Authorization header is longer than %d bytes.", maxAuthorization)
	}
	c := &CertificateAuth{auth: Auth{params: params, BodyHash: r.Header.Get("X-Amz-Content-Sha256")}}
	if err := c.parse(header[0], r.Header.Get("X-Amz-Date")); err != nil {
		return nil, err
	}
	if err := c.auth.checkSigned(r); err != nil {
		return nil, err
	}
	return c, nil
}

func (c *CertificateAuth) parse(header, at string) error {
	scheme, rest, _ := strings.Cut(header, " ")
	if scheme != CertificateRSA && scheme != CertificateECDSA {
		return incomplete("Sessions are created with signatures of the algorithms %s and %s.", CertificateRSA, CertificateECDSA)
	}
	fields, err := splitFields(scheme, rest)
	if err != nil {
		return err
	}
	if slices.Contains(fields[:], "") || at == "" {
		return incomplete("Authorization header requires 'Credential', 'SignedHeaders' and 'Signature', and beside it a 'X-Amz-Date' header.")
	}
	if err := c.auth.fillScope(fields[credentialField], at, fields[signedField]); err != nil {
		return err
	}
	serial := c.auth.AccessKeyID
	if strings.Trim(serial, "0123456789") != "" || len(serial) > 1 && serial[0] == '0' {
		return incomplete("Credential must begin with the serial number of the certificate, in decimal digits.")
	}
	signature := fields[signatureField]
	if len(signature) > 2*maxCertificateSignature {
		return incomplete("The signature is longer than %d bytes.", maxCertificateSignature)
	}
	if c.auth.Signature, err = hex.DecodeString(signature); err != nil {
		return incomplete("The signature must be hexadecimal digits.")
	}
	c.Algorithm, c.Serial, c.Region, c.Service, c.Time = scheme, serial, c.auth.Region, c.auth.Service, c.auth.Time
	return nil
}

// CheckWindow reports whether now is within five minutes of the signature's time.
func (c *CertificateAuth) CheckWindow(now time.Time) error { return c.auth.CheckWindow(now) }

// Signs reports whether the signature covers a header.
func (c *CertificateAuth) Signs(header string) bool {
	return slices.Contains(c.auth.SignedHeaders, strings.ToLower(header))
}

// Verify reports whether the request, with a body of this hash (lower-case hex),
// was signed with the private half of key, by the algorithm that it names.
func (c *CertificateAuth) Verify(r *http.Request, bodySHA256 string, key crypto.PublicKey) bool {
	canonical, complete := appendRequest(make([]byte, 0, 8192), r, c.auth.params, c.auth.SignedHeaders, bodySHA256)
	if !complete || c.auth.BodyHash != "" && c.auth.BodyHash != bodySHA256 {
		return false
	}
	sum := certificateDigest(c.Algorithm, c.Time, c.Region, c.Service, canonical)
	switch key := key.(type) {
	case *rsa.PublicKey:
		return c.Algorithm == CertificateRSA && rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], c.auth.Signature) == nil
	case *ecdsa.PublicKey:
		return c.Algorithm == CertificateECDSA && ecdsa.VerifyASN1(key, sum[:], c.auth.Signature)
	}
	return false
}

// certificateDigest is the hash of the string to sign.
func certificateDigest(algorithm string, t time.Time, region, service string, canonical []byte) [sha256.Size]byte {
	hash := sha256.Sum256(canonical)
	return sha256.Sum256([]byte(algorithm + "\n" + stamp(t) + "\n" + scope(t.UTC().Format(dateFormat), region, service) + "\n" + hex.EncodeToString(hash[:])))
}

// SignCertificate signs a client's request with the key of the certificate
// chain[0]. The others lead from it to the trust anchor, and need not be there
// where the anchor has issued it.
func SignCertificate(r *http.Request, bodySHA256 string, key crypto.Signer, chain []*x509.Certificate, service, region string, t time.Time) error {
	var algorithm string
	switch key.Public().(type) {
	case *rsa.PublicKey:
		algorithm = CertificateRSA
	case *ecdsa.PublicKey:
		algorithm = CertificateECDSA
	default:
		return errors.New("the key is neither RSA nor ECDSA")
	}
	text := make([]string, len(chain))
	for i, c := range chain {
		text[i] = base64.StdEncoding.EncodeToString(c.Raw)
	}
	r.Header.Del("Authorization")
	r.Header.Set("X-Amz-Date", stamp(t))
	r.Header.Set(CertificateHeader, text[0])
	r.Header.Del(ChainHeader)
	if len(text) > 1 {
		r.Header.Set(ChainHeader, strings.Join(text[1:], ","))
	}
	signed := signedHeaders(r)
	_, query := target(r)
	params, _ := parseQuery(query)
	canonical, _ := appendRequest(nil, r, params, signed, bodySHA256)
	sum := certificateDigest(algorithm, t, region, service, canonical)
	signature, err := key.Sign(rand.Reader, sum[:], crypto.SHA256)
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", algorithm+" Credential="+chain[0].SerialNumber.String()+"/"+scope(t.UTC().Format(dateFormat), region, service)+
		", SignedHeaders="+strings.Join(signed, ";")+", Signature="+hex.EncodeToString(signature))
	return nil
}
