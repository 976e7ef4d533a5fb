package samltest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	_ "crypto/sha1" // for signatures that must be refused
	_ "crypto/sha512"
	"encoding/asn1"
	"encoding/base64"
	"math/big"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
	"github.com/russellhaering/goxmldsig/etreeutils"
)

// Signing says how to sign. The zero value, with a target, is what most
// providers do.
type Signing struct {
	Target string // the ID of the element that is signed, and holds the signature

	Algorithm string // of the signature; default by the key, with SHA-256
	Digest    string // default SHA-256
	Prefixes  string // of InclusiveNamespaces; "" leaves it out
	NoKeyInfo bool
	Last      bool // the signature comes last in the element, not after Issuer

	// Info changes SignedInfo before it is signed, and Whole the signature after.
	Info, Whole func(*etree.Element)
}

const (
	ds       = "http://www.w3.org/2000/09/xmldsig#"
	more     = "http://www.w3.org/2001/04/xmldsig-more#"
	xmlenc   = "http://www.w3.org/2001/04/xmlenc#"
	exc      = "http://www.w3.org/2001/10/xml-exc-c14n#"
	envelope = ds + "enveloped-signature"
)

var hashes = map[string]crypto.Hash{
	ds + "sha1": crypto.SHA1, ds + "rsa-sha1": crypto.SHA1, more + "ecdsa-sha1": crypto.SHA1,
	xmlenc + "sha256": crypto.SHA256, more + "rsa-sha256": crypto.SHA256, more + "ecdsa-sha256": crypto.SHA256,
	more + "sha384": crypto.SHA384, more + "rsa-sha384": crypto.SHA384, more + "ecdsa-sha384": crypto.SHA384,
	xmlenc + "sha512": crypto.SHA512, more + "rsa-sha512": crypto.SHA512, more + "ecdsa-sha512": crypto.SHA512,
}

// Sign adds signatures, one after the other.
func (p *IdP) Sign(document string, how ...Signing) string {
	for _, s := range how {
		doc := etree.NewDocument()
		if err := doc.ReadFromString(document); err != nil {
			panic(err)
		}
		target := find(doc.Root(), s.Target)
		p.sign(target, s)
		document = Must(doc.WriteToString())
	}
	return document
}

func find(el *etree.Element, id string) *etree.Element {
	if el.SelectAttrValue("ID", "") == id {
		return el
	}
	for _, c := range el.ChildElements() {
		if found := find(c, id); found != nil {
			return found
		}
	}
	return nil
}

func (p *IdP) sign(target *etree.Element, s Signing) {
	if s.Algorithm == "" {
		s.Algorithm = more + "rsa-sha256"
		if _, ok := p.Key.(*ecdsa.PrivateKey); ok {
			s.Algorithm = more + "ecdsa-sha256"
		}
	}
	if s.Digest == "" {
		s.Digest = xmlenc + "sha256"
	}
	sig := etree.NewElement("ds:Signature")
	sig.CreateAttr("xmlns:ds", ds)
	info := signedInfo(sig, s, Sum(hashes[s.Digest], Canonical(target, s.Prefixes)))
	if s.Info != nil {
		s.Info(info)
	}
	value := base64.StdEncoding.EncodeToString(p.signature(hashes[s.Algorithm], Canonical(info, "")))
	sig.CreateElement("ds:SignatureValue").SetText(value)
	if !s.NoKeyInfo {
		sig.CreateElement("ds:KeyInfo").CreateElement("ds:X509Data").CreateElement("ds:X509Certificate").
			SetText(base64.StdEncoding.EncodeToString(p.Cert.Raw))
	}
	if s.Whole != nil {
		s.Whole(sig)
	}
	place(target, sig, s.Last)
}

func place(target, sig *etree.Element, last bool) {
	if issuer := target.SelectElement("Issuer"); issuer != nil && !last {
		target.InsertChildAt(issuer.Index()+1, sig)
		return
	}
	target.AddChild(sig)
}

func signedInfo(sig *etree.Element, s Signing, digest []byte) *etree.Element {
	info := sig.CreateElement("ds:SignedInfo")
	info.CreateElement("ds:CanonicalizationMethod").CreateAttr("Algorithm", exc)
	info.CreateElement("ds:SignatureMethod").CreateAttr("Algorithm", s.Algorithm)
	ref := info.CreateElement("ds:Reference")
	ref.CreateAttr("URI", "#"+s.Target)
	transforms := ref.CreateElement("ds:Transforms")
	transforms.CreateElement("ds:Transform").CreateAttr("Algorithm", envelope)
	last := transforms.CreateElement("ds:Transform")
	last.CreateAttr("Algorithm", exc)
	if s.Prefixes != "" {
		keep := last.CreateElement("ec:InclusiveNamespaces")
		keep.CreateAttr("xmlns:ec", exc)
		keep.CreateAttr("PrefixList", s.Prefixes)
	}
	ref.CreateElement("ds:DigestMethod").CreateAttr("Algorithm", s.Digest)
	ref.CreateElement("ds:DigestValue").SetText(base64.StdEncoding.EncodeToString(digest))
	return info
}

// Canonical is the exclusive canonical form of an element in its place.
func Canonical(el *etree.Element, prefixes string) []byte {
	detached := Must(etreeutils.NSDetatch(Must(etreeutils.NSBuildParentContext(el)), el))
	return Must(dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList(prefixes).Canonicalize(detached))
}

// Sum is a hash of some bytes.
func Sum(h crypto.Hash, b []byte) []byte {
	w := h.New()
	w.Write(b)
	return w.Sum(nil)
}

// signature signs as XML signatures want it: for elliptic curves two numbers of
// fixed length.
func (p *IdP) signature(h crypto.Hash, b []byte) []byte {
	if h == 0 {
		return []byte("none")
	}
	sum := Sum(h, b)
	if key, ok := p.Key.(*rsa.PrivateKey); ok {
		return Must(rsa.SignPKCS1v15(rand.Reader, key, h, sum))
	}
	var pair struct{ R, S *big.Int }
	Must(asn1.Unmarshal(Must(p.Key.Sign(rand.Reader, sum, h)), &pair))
	size := (p.Key.(*ecdsa.PrivateKey).Curve.Params().BitSize + 7) / 8
	out := make([]byte, 2*size)
	pair.R.FillBytes(out[:size])
	pair.S.FillBytes(out[size:])
	return out
}
