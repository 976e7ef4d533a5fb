package saml

import (
	"crypto"
	"maps"
	"slices"
	"strings"
	"sync"
)

// algorithm is how a SignedInfo may be signed.
type algorithm struct {
	elliptic bool
	hash     crypto.Hash
}

const (
	moreAlgorithms = "http://www.w3.org/2001/04/xmldsig-more#"
	exclusive      = nsExclusive
	enveloped      = nsSignature + "enveloped-signature"
)

// algorithms are all that a response may be signed with: asymmetric ones, so
// that no public key can be taken for a shared secret, and no SHA-1.
var algorithms = map[string]algorithm{
	moreAlgorithms + "rsa-sha256":   {false, crypto.SHA256},
	moreAlgorithms + "rsa-sha384":   {false, crypto.SHA384},
	moreAlgorithms + "rsa-sha512":   {false, crypto.SHA512},
	moreAlgorithms + "ecdsa-sha256": {true, crypto.SHA256},
	moreAlgorithms + "ecdsa-sha384": {true, crypto.SHA384},
	moreAlgorithms + "ecdsa-sha512": {true, crypto.SHA512},
}

var digests = []string{nsEncryption + "sha256", moreAlgorithms + "sha384", nsEncryption + "sha512"}

// keyInfoRules allow a key to be named. Nothing of it is believed; that it is
// closed keeps other things from hiding in it.
func keyInfoRules() map[name]rule {
	return map[name]rule{
		{nsSignature, "X509Data"}: {children: in(nsSignature, map[string]count{"X509Certificate": anyTimes,
			"X509SubjectName": optional, "X509IssuerSerial": optional, "X509SKI": optional})},
		{nsSignature, "X509Certificate"}:  {text: true},
		{nsSignature, "X509SubjectName"}:  {text: true},
		{nsSignature, "X509SKI"}:          {text: true},
		{nsSignature, "X509IssuerSerial"}: {children: in(nsSignature, map[string]count{"X509IssuerName": once, "X509SerialNumber": once})},
		{nsSignature, "X509IssuerName"}:   {text: true},
		{nsSignature, "X509SerialNumber"}: {text: true},
		{nsSignature, "KeyName"}:          {text: true},
		{nsSignature, "KeyValue"}:         {children: in(nsSignature, map[string]count{"RSAKeyValue": optional}, in(nsSignature2, map[string]count{"ECKeyValue": optional}))},
		{nsSignature, "RSAKeyValue"}:      {children: in(nsSignature, map[string]count{"Modulus": once, "Exponent": once})},
		{nsSignature, "Modulus"}:          {text: true},
		{nsSignature, "Exponent"}:         {text: true},
		{nsSignature2, "ECKeyValue"}:      {children: in(nsSignature2, map[string]count{"NamedCurve": once, "PublicKey": once})},
		{nsSignature2, "NamedCurve"}:      {attrs: attrs([]string{"URI"})},
		{nsSignature2, "PublicKey"}:       {text: true},
	}
}

var signatureGrammar = sync.OnceValue(func() grammar {
	return grammar{StageSignature, with(keyInfoRules(), map[name]rule{
		elSignature: {children: in(nsSignature, map[string]count{"SignedInfo": once, "SignatureValue": once, "KeyInfo": optional})},
		elKeyInfo:   {children: in(nsSignature, map[string]count{"X509Data": anyTimes, "KeyName": anyTimes, "KeyValue": optional})},

		{nsSignature, "SignedInfo"}:             {children: in(nsSignature, map[string]count{"CanonicalizationMethod": once, "SignatureMethod": once, "Reference": once})},
		{nsSignature, "CanonicalizationMethod"}: {attrs: attrs([]string{"Algorithm"})},
		{nsSignature, "SignatureMethod"}:        {attrs: attrs([]string{"Algorithm"})},
		{nsSignature, "SignatureValue"}:         {text: true},
		{nsSignature, "Reference"}: {attrs: attrs([]string{"URI"}),
			children: in(nsSignature, map[string]count{"Transforms": once, "DigestMethod": once, "DigestValue": once})},
		{nsSignature, "Transforms"}:          {children: in(nsSignature, map[string]count{"Transform": {2, 2}})},
		{nsSignature, "Transform"}:           {attrs: attrs([]string{"Algorithm"}), children: map[name]count{{nsExclusive, "InclusiveNamespaces"}: optional}},
		{nsExclusive, "InclusiveNamespaces"}: {attrs: attrs([]string{"PrefixList"})},
		{nsSignature, "DigestMethod"}:        {attrs: attrs([]string{"Algorithm"})},
		{nsSignature, "DigestValue"}:         {text: true},
	})}
})

func with(a, b map[name]rule) map[name]rule {
	m := map[name]rule{}
	maps.Copy(m, a)
	maps.Copy(m, b)
	return m
}

// checkSignatures holds the signatures of the root and of the assertion in it
// against their shape. The grammar has seen to it that there are no others.
func checkSignatures(root *node) error {
	for _, parent := range append(root.all(elAssertion), root) {
		if s := parent.child(elSignature); s != nil {
			if err := checkSignature(s, parent); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkSignature allows one shape alone: this element as it stands, without the
// signature in it, in exclusive canonical form.
func checkSignature(s, parent *node) error {
	if err := signatureGrammar().check(s); err != nil {
		return err
	}
	info := s.dsig("SignedInfo")
	ref := info.dsig("Reference")
	transforms := ref.dsig("Transforms").children
	switch {
	case info.dsig("CanonicalizationMethod").attr("Algorithm") != exclusive:
		return refuse(StageSignature, "the canonicalization of SignedInfo is not exclusive")
	case algorithms[info.dsig("SignatureMethod").attr("Algorithm")] == algorithm{}:
		return refuse(StageSignature, "the signature's algorithm is not allowed")
	case !slices.Contains(digests, ref.dsig("DigestMethod").attr("Algorithm")):
		return refuse(StageSignature, "the digest's algorithm is not allowed")
	case ref.attr("URI") != "#"+parent.attr("ID"):
		return refuse(StageSignature, "the reference is not to the element that holds the signature")
	case transforms[0].attr("Algorithm") != enveloped || len(transforms[0].children) > 0 || transforms[1].attr("Algorithm") != exclusive:
		return refuse(StageSignature, "the transforms are not enveloped-signature and exclusive canonicalization")
	}
	return checkPrefixes(transforms[1])
}

// checkPrefixes allows a list of prefixes whose declarations are signed as well.
func checkPrefixes(transform *node) error {
	for _, n := range transform.children {
		for _, prefix := range strings.Fields(n.attr("PrefixList")) {
			if !ncName.MatchString(prefix) {
				return refuse(StageSignature, "prefix %q is to be kept", prefix)
			}
		}
	}
	return nil
}

// dsig is the child of that name in the signature's namespace.
func (n *node) dsig(local string) *node { return n.child(name{nsSignature, local}) }
