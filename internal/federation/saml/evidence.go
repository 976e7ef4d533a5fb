package saml

import (
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"math/big"
	"time"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
	"github.com/russellhaering/goxmldsig/etreeutils"
)

// evidence is what has been verified of one response.
type evidence struct {
	provider Provider
	now      time.Time
	ids      map[string]bool

	// response is the outer element; it is worth believing only when proven,
	// and can otherwise only say what refuses. assertion always is proven.
	response  *node
	proven    bool
	assertion *node
}

// establish finds the assertion in the bytes that a signature covers. If the
// response and the assertion are both signed, both must verify and agree.
func (e *evidence) establish(d *document) error {
	e.response = d.root
	if d.root.child(elSignature) != nil {
		outer, err := e.verify(d.root, d.tree, checkResponse)
		if err != nil {
			return err
		}
		e.response, e.proven = outer, true
	}
	inner, err := e.inner(d)
	if err != nil {
		return err
	}
	switch {
	case inner.root.child(elSignature) != nil:
		e.assertion, err = e.verify(inner.root, inner.tree, checkAssertion)
		return err
	case e.proven:
		e.assertion = inner.root
		return nil
	}
	return refuse(StageKey, "neither the response nor the assertion is signed")
}

// inner is the assertion as the response holds it: decrypted where it has to be,
// and from the proven response where that is proven. Its own signature is
// verified where it stood, because namespaces of the response that nothing
// visible uses may have been signed with it.
func (e *evidence) inner(d *document) (*document, error) {
	if box := e.response.child(elEncrypted); box != nil {
		return e.open(box)
	}
	if e.provider.EncryptionRequired {
		return nil, refuse(StageEncryption, "the assertion is not encrypted")
	}
	return &document{root: e.response.child(elAssertion), tree: d.element(elAssertion)}, nil
}

// verify tries each certificate of the provider and returns the element as it
// stands in the verified bytes, checked like any other document. shown is how
// the document shows it.
func (e *evidence) verify(shown *node, el *etree.Element, grammar func(*node) error) (*node, error) {
	detached, err := detach(el)
	if err != nil {
		return nil, refuse(StageKey, "%v", err)
	}
	certificates := e.provider.Metadata.valid(e.now)
	for _, c := range certificates {
		element, err := verifyWith(detached, c, e.now)
		if err != nil {
			continue
		}
		return reread(element, shown, grammar)
	}
	return nil, refuse(StageKey, "none of the provider's %d certificates that are valid now verifies the signature of %q", len(certificates), el.Tag)
}

// reread parses verified bytes.
func reread(verified []byte, shown *node, grammar func(*node) error) (*node, error) {
	root, err := parse(verified, verifiedLimits)
	if err != nil {
		return nil, err
	}
	if !same(shown, root) {
		return nil, refuse(StageKey, "the signed bytes of %q are not what the document shows", shown.name.local)
	}
	return root, grammar(root)
}

// detach copies an element with the namespaces of its place, and drops what
// says with which key it was signed: the metadata alone decides on that.
func detach(el *etree.Element) (*etree.Element, error) {
	ctx, err := etreeutils.NSBuildParentContext(el)
	if err != nil {
		return nil, err
	}
	el, err = etreeutils.NSDetatch(ctx, el)
	if err != nil {
		return nil, err
	}
	for _, s := range el.ChildElements() {
		if s.Tag == elSignature.local {
			if info := s.SelectElement(elKeyInfo.local); info != nil {
				s.RemoveChild(info)
			}
		}
	}
	return el, nil
}

// verifyWith returns the bytes that the certificate's key has signed.
func verifyWith(el *etree.Element, c *x509.Certificate, now time.Time) ([]byte, error) {
	el = el.Copy()
	if err := normalizeValue(el, c); err != nil {
		return nil, err
	}
	context := dsig.NewDefaultValidationContext(&dsig.MemoryX509CertificateStore{Roots: []*x509.Certificate{c}})
	context.Clock = dsig.NewFakeClockAt(now)
	verified, err := context.Validate(el)
	if err != nil {
		return nil, err
	}
	out := etree.NewDocument()
	out.WriteSettings = etree.WriteSettings{CanonicalAttrVal: true, CanonicalEndTags: true, CanonicalText: true}
	out.SetRoot(verified)
	return out.WriteToBytes()
}

// normalizeValue gives the signature's value the form that goxmldsig reads:
// base64 without white space, and for elliptic curves DER, where XML signatures
// have two numbers of fixed length.
func normalizeValue(el *etree.Element, c *x509.Certificate) error {
	value := el.SelectElement(elSignature.local).SelectElement("SignatureValue")
	raw, err := decodeText(value.Text())
	if err != nil {
		return err
	}
	if key, ok := c.PublicKey.(*ecdsa.PublicKey); ok {
		size := (key.Curve.Params().BitSize + 7) / 8
		if len(raw) != 2*size {
			return refuse(StageKey, "an ECDSA signature of %d bytes", len(raw))
		}
		pair := struct{ R, S *big.Int }{new(big.Int).SetBytes(raw[:size]), new(big.Int).SetBytes(raw[size:])}
		if raw, err = asn1.Marshal(pair); err != nil {
			return err
		}
	}
	value.SetText(base64.StdEncoding.EncodeToString(raw))
	return nil
}
