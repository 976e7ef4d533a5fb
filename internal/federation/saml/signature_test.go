package saml

import (
	"strings"

	"github.com/beevik/etree"

	"sojourn/internal/federation/saml/samltest"
)

// by signs the genuine response's assertion with a changed SignedInfo, which
// the provider's key has signed as it is.
func by(info func(*etree.Element)) string {
	return idp().Sign(plainResponse(), samltest.Signing{Target: "_a1", Info: info})
}

// after changes the signature once it is made.
func after(change func(*etree.Element)) string {
	return idp().Sign(plainResponse(), samltest.Signing{Target: "_a1", Whole: change})
}

func set(path, attr, value string) func(*etree.Element) {
	return func(el *etree.Element) { el.FindElement(path).CreateAttr(attr, value) }
}

func copyOf(path string) func(*etree.Element) {
	return func(el *etree.Element) {
		found := el.FindElement(path)
		found.Parent().AddChild(found.Copy())
	}
}

func drop(path string) func(*etree.Element) {
	return func(el *etree.Element) {
		found := el.FindElement(path)
		found.Parent().RemoveChild(found)
	}
}

func add(path, child, text string) func(*etree.Element) {
	return func(el *etree.Element) { el.FindElement(path).CreateElement(child).SetText(text) }
}

// referenceAttacks bend what a signature is about.
func referenceAttacks() []attack {
	entry := func(name, xml string) attack {
		return attack{class: "reference", name: name, stage: StageSignature, response: xml}
	}
	uri := func(to string) string { return by(set("Reference", "URI", to)) }
	transform := func(n, algorithm string) string {
		return by(set("Reference/Transforms/Transform["+n+"]", "Algorithm", algorithm))
	}
	return []attack{
		entry("the whole document", uri("")),
		entry("the response from the assertion", uri("#_r1")),
		entry("nothing that is there", uri("#_x")),
		entry("an XPointer to the root", uri("#xpointer(/)")),
		entry("an XPointer to an identifier", uri("#xpointer(id('_a1'))")),
		entry("another document", uri("https://evil.example/#_a1")),
		entry("a file", uri("file:///etc/passwd")),
		entry("escaped", uri("#%5Fa1")),
		entry("only a hash", uri("#")),
		entry("no URI", by(func(el *etree.Element) { el.FindElement("Reference").RemoveAttr("URI") })),
		entry("two references", by(copyOf("Reference"))),
		entry("a second reference to another element", by(func(el *etree.Element) {
			copyOf("Reference")(el)
			set("Reference[2]", "URI", "#_r1")(el)
		})),
		entry("no reference", by(drop("Reference"))),
		entry("a reference that has a type", by(set("Reference", "Type", nsSignature+"Manifest"))),
		entry("a reference that has an Id-less name", by(set("Reference", "Name", "x"))),
		entry("two SignedInfo", after(copyOf("SignedInfo"))),
		entry("a forged SignedInfo first", after(func(el *etree.Element) {
			forged := el.SelectElement("SignedInfo").Copy()
			forged.FindElement("Reference/DigestValue").SetText("AAAA")
			el.InsertChildAt(0, forged)
		})),
		entry("no SignedInfo", after(drop("SignedInfo"))),
		entry("two SignatureValue", after(copyOf("SignatureValue"))),
		entry("no SignatureValue", after(drop("SignatureValue"))),
		entry("two DigestValue", by(copyOf("Reference/DigestValue"))),
		entry("an element in DigestValue", by(add("Reference/DigestValue", "ds:x", "AAAA"))),
		entry("an element in SignatureValue", after(add("SignatureValue", "ds:x", "AAAA"))),
		entry("an element in SignedInfo", by(func(el *etree.Element) { el.CreateElement("ds:x") })),
		entry("an Object", after(func(el *etree.Element) { el.CreateElement("ds:Object") })),
		entry("a manifest in an Object", after(func(el *etree.Element) {
			el.CreateElement("ds:Object").CreateElement("ds:Manifest").AddChild(el.FindElement("SignedInfo/Reference").Copy())
		})),
		entry("two KeyInfo", after(copyOf("KeyInfo"))),
		entry("KeyInfo with a RetrievalMethod", after(func(el *etree.Element) {
			el.SelectElement("KeyInfo").CreateElement("ds:RetrievalMethod").CreateAttr("URI", "https://evil.example/")
		})),
		entry("text in SignedInfo", by(func(el *etree.Element) { el.CreateText("x") })),
		entry("no transforms", by(drop("Reference/Transforms"))),
		entry("one transform", by(drop("Reference/Transforms/Transform[2]"))),
		entry("no enveloped signature", by(drop("Reference/Transforms/Transform[1]"))),
		entry("three transforms", by(copyOf("Reference/Transforms/Transform[2]"))),
		entry("enveloped signature twice", transform("2", enveloped)),
		entry("canonical form twice", transform("1", exclusive)),
		entry("inclusive canonical form", transform("2", "http://www.w3.org/TR/2001/REC-xml-c14n-20010315")),
		entry("canonical form with comments", transform("2", exclusive+"WithComments")),
		entry("XSLT", transform("2", "http://www.w3.org/TR/1999/REC-xslt-19991116")),
		entry("XPath", transform("2", "http://www.w3.org/TR/1999/REC-xpath-19991116")),
		entry("XPath filter", transform("1", "http://www.w3.org/2002/06/xmldsig-filter2")),
		entry("base64", transform("2", nsSignature+"base64")),
		entry("an XPath inside a transform", by(add("Reference/Transforms/Transform[1]", "ds:XPath", "not(//x)"))),
		entry("the default namespace kept", idp().Sign(plainResponse(), samltest.Signing{Target: "_a1", Prefixes: "#default"})),
		entry("a prefix that is no name", idp().Sign(plainResponse(), samltest.Signing{Target: "_a1", Prefixes: "x:y"})),
		entry("prefixes of the enveloped signature", by(func(el *etree.Element) {
			n := el.FindElement("Reference/Transforms/Transform[1]").CreateElement("ec:InclusiveNamespaces")
			n.CreateAttr("xmlns:ec", exclusive)
			n.CreateAttr("PrefixList", "xs")
		})),
		entry("prefixes of SignedInfo", by(func(el *etree.Element) {
			n := el.FindElement("CanonicalizationMethod").CreateElement("ec:InclusiveNamespaces")
			n.CreateAttr("xmlns:ec", exclusive)
			n.CreateAttr("PrefixList", "ds")
		})),
		entry("the signature in another namespace inside", strings.Replace(signedAssertion(), "<ds:SignedInfo", `<ds:SignedInfo xmlns:ds="urn:evil"`, 1)),
	}
}

// algorithmAttacks name algorithms that are weak, symmetric, or none.
func algorithmAttacks() []attack {
	method := func(name, algorithm string) attack {
		return attack{class: "algorithm", name: name, stage: StageSignature,
			response: idp().Sign(plainResponse(), samltest.Signing{Target: "_a1", Algorithm: algorithm})}
	}
	digest := func(name, algorithm string) attack {
		return attack{class: "algorithm", name: name, stage: StageSignature, response: by(set("Reference/DigestMethod", "Algorithm", algorithm))}
	}
	canonical := func(name, algorithm string) attack {
		return attack{class: "algorithm", name: name, stage: StageSignature, response: by(set("CanonicalizationMethod", "Algorithm", algorithm))}
	}
	return []attack{
		method("RSA with SHA-1", nsSignature+"rsa-sha1"),
		method("DSA", nsSignature+"dsa-sha1"),
		method("ECDSA with SHA-1", moreAlgorithms+"ecdsa-sha1"),
		method("RSA with MD5", moreAlgorithms+"rsa-md5"),
		method("RSA with RIPEMD", moreAlgorithms+"rsa-ripemd160"),
		method("HMAC with SHA-1", nsSignature+"hmac-sha1"),
		method("HMAC with SHA-256", moreAlgorithms+"hmac-sha256"),
		method("none", "none"),
		method("in capitals", strings.ToUpper(moreAlgorithms+"rsa-sha256")),
		method("with a space", moreAlgorithms+"rsa-sha256 "),
		digest("digest with SHA-1", nsSignature+"sha1"),
		digest("digest with MD5", moreAlgorithms+"md5"),
		digest("no digest", ""),
		canonical("inclusive", "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"),
		canonical("1.1", "http://www.w3.org/2006/12/xml-c14n11"),
		canonical("exclusive with comments", exclusive+"WithComments"),
		canonical("no canonicalization", ""),
		{class: "algorithm", name: "HMAC output of eight bits", stage: StageSignature, response: by(add("SignatureMethod", "ds:HMACOutputLength", "8"))},
		{class: "algorithm", name: "SHA-1 whole", stage: StageSignature,
			response: idp().Sign(plainResponse(), samltest.Signing{Target: "_r1", Algorithm: nsSignature + "rsa-sha1", Digest: nsSignature + "sha1"})},
		{class: "algorithm", name: "digest with SHA-1, signed so", stage: StageSignature,
			response: idp().Sign(plainResponse(), samltest.Signing{Target: "_a1", Digest: nsSignature + "sha1"})},
	}
}
