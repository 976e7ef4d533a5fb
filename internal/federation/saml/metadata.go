package saml

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Bounds of a metadata document.
const (
	minMetadata     = 1_000 // characters: AWS's limits
	maxMetadata     = 10_000_000
	maxEntityID     = 1024
	maxCertificates = 20
	minRSABits      = 2048
	maxRSABits      = 8192
)

// Metadata is what an identity provider publishes about itself.
type Metadata struct {
	EntityID string

	// Certificates hold the keys that the provider signs with; several while it
	// changes from one to the next. There is at least one.
	Certificates []*x509.Certificate

	validUntil time.Time // of the document; zero when it does not say
}

// ParseMetadata reads the metadata document of one identity provider, of 1,000
// to 10,000,000 characters in UTF-8. Nothing in it is compared with the clock:
// see Valid. Errors are a *Refusal, fit to be shown to who registers a provider.
func ParseMetadata(document string) (*Metadata, error) {
	if n := utf8.RuneCountInString(document); n < minMetadata || n > maxMetadata {
		return nil, refuse(StageMetadata, "the document has %d characters; it must have %d to %d", n, minMetadata, maxMetadata)
	}
	root, err := parse([]byte(document), metadataLimits)
	if err != nil {
		return nil, refuse(StageMetadata, "%v", err)
	}
	m := &Metadata{EntityID: root.attr("entityID")}
	switch {
	case root.name != name{nsMetadata, "EntityDescriptor"}:
		return nil, refuse(StageMetadata, "the root is not an EntityDescriptor")
	case !plain(m.EntityID, maxEntityID) || strings.ContainsFunc(m.EntityID, isSpace):
		return nil, refuse(StageMetadata, "the entityID is missing, too long or not plain")
	}
	descriptors := root.all(name{nsMetadata, "IDPSSODescriptor"})
	if len(descriptors) != 1 {
		return nil, refuse(StageMetadata, "%d elements IDPSSODescriptor; there must be one", len(descriptors))
	}
	if !slices.Contains(strings.Fields(descriptors[0].attr("protocolSupportEnumeration")), nsProtocol) {
		return nil, refuse(StageMetadata, "the provider does not support SAML 2.0")
	}
	if err := m.readDates(root, descriptors[0]); err != nil {
		return nil, err
	}
	if err := m.readCertificates(descriptors[0]); err != nil {
		return nil, err
	}
	return m, nil
}

func (m *Metadata) readDates(nodes ...*node) error {
	for _, n := range nodes {
		if !n.has("validUntil") {
			continue
		}
		t, err := time.Parse(time.RFC3339Nano, n.attr("validUntil"))
		if err != nil {
			return refuse(StageMetadata, "validUntil is no date")
		}
		if m.validUntil.IsZero() || t.Before(m.validUntil) {
			m.validUntil = t
		}
	}
	return nil
}

func (m *Metadata) readCertificates(descriptor *node) error {
	for _, k := range descriptor.all(name{nsMetadata, "KeyDescriptor"}) {
		switch use := k.attr("use"); {
		case k.has("use") && use != "signing" && use != "encryption":
			return refuse(StageMetadata, "a KeyDescriptor for %q", printable(use))
		case use == "encryption":
			continue
		}
		c, err := certificate(k)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(m.Certificates, c.Equal) {
			m.Certificates = append(m.Certificates, c)
		}
	}
	if n := len(m.Certificates); n == 0 || n > maxCertificates {
		return refuse(StageMetadata, "%d signing certificates; there must be 1 to %d", n, maxCertificates)
	}
	return nil
}

// certificate is the one certificate of a KeyDescriptor. A chain is refused: an
// authority's key would be taken for one that signs responses.
func certificate(k *node) (*x509.Certificate, error) {
	var found []*node
	_ = k.walk(func(n *node) error {
		if n.name == (name{nsSignature, "X509Certificate"}) {
			found = append(found, n)
		}
		return nil
	})
	if len(found) != 1 || found[0].comment || len(found[0].children) > 0 {
		return nil, refuse(StageMetadata, "a signing KeyDescriptor must hold one X509Certificate; it holds %d", len(found))
	}
	der, err := decodeText(found[0].text)
	if err != nil {
		return nil, refuse(StageMetadata, "a certificate is not base64")
	}
	c, err := x509.ParseCertificate(der) // refuses an extension that comes twice
	if err != nil {
		return nil, refuse(StageMetadata, "a certificate is broken: %v", err)
	}
	return c, checkKey(c.PublicKey)
}

func checkKey(public any) error {
	switch key := public.(type) {
	case *rsa.PublicKey:
		if bits := key.N.BitLen(); bits < minRSABits || bits > maxRSABits {
			return refuse(StageMetadata, "an RSA key of %d bits; it must have %d to %d", bits, minRSABits, maxRSABits)
		}
		return nil
	case *ecdsa.PublicKey:
		if slices.Contains([]elliptic.Curve{elliptic.P256(), elliptic.P384(), elliptic.P521()}, key.Curve) {
			return nil
		}
	}
	return refuse(StageMetadata, "a key that is neither RSA nor on P-256, P-384 or P-521")
}

// ValidUntil is when the provider's assertions cease to be accepted: when its
// last certificate expires, or earlier where the document says so.
func (m *Metadata) ValidUntil() time.Time {
	var end time.Time
	for _, c := range m.Certificates {
		if c.NotAfter.After(end) {
			end = c.NotAfter
		}
	}
	if !m.validUntil.IsZero() && m.validUntil.Before(end) {
		return m.validUntil
	}
	return end
}

// Valid reports whether the metadata can verify anything at that time.
func (m *Metadata) Valid(now time.Time) bool { return len(m.valid(now)) > 0 }

// valid are the certificates that hold at that time.
func (m *Metadata) valid(now time.Time) []*x509.Certificate {
	if m == nil || !m.validUntil.IsZero() && !now.Before(m.validUntil) {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(m.Certificates), func(c *x509.Certificate) bool {
		return now.Before(c.NotBefore) || now.After(c.NotAfter)
	})
}
