package saml

import (
	"maps"
	"slices"
)

// name is an expanded name: a namespace and what is in it.
type name struct{ space, local string }

func (n name) String() string { return "{" + n.space + "}" + n.local }

// Namespaces.
const (
	nsProtocol   = "urn:oasis:names:tc:SAML:2.0:protocol"
	nsAssertion  = "urn:oasis:names:tc:SAML:2.0:assertion"
	nsMetadata   = "urn:oasis:names:tc:SAML:2.0:metadata"
	nsSignature  = "http://www.w3.org/2000/09/xmldsig#"
	nsSignature2 = "http://www.w3.org/2009/xmldsig11#"
	nsEncryption = "http://www.w3.org/2001/04/xmlenc#"
	nsEncrypt2   = "http://www.w3.org/2009/xmlenc11#"
	nsExclusive  = "http://www.w3.org/2001/10/xml-exc-c14n#"
	nsInstance   = "http://www.w3.org/2001/XMLSchema-instance"
	nsXML        = "http://www.w3.org/XML/1998/namespace"
	nsXMLNS      = "http://www.w3.org/2000/xmlns/"
)

// Elements that are looked for by name.
var (
	elResponse  = name{nsProtocol, "Response"}
	elAssertion = name{nsAssertion, "Assertion"}
	elEncrypted = name{nsAssertion, "EncryptedAssertion"}
	elIssuer    = name{nsAssertion, "Issuer"}
	elNameID    = name{nsAssertion, "NameID"}
	elSignature = name{nsSignature, "Signature"}
	elKeyInfo   = name{nsSignature, "KeyInfo"}
)

// node is an element with its namespaces resolved. Declarations of namespaces
// are not among its attributes, and comments not among its text.
type node struct {
	name     name
	attrs    map[name]string
	children []*node
	text     string // all character data directly inside
	comment  bool   // a comment is directly inside
}

// attr is the value of an unprefixed attribute, "" when it is absent.
func (n *node) attr(local string) string { return n.attrs[name{"", local}] }

func (n *node) has(local string) bool {
	_, ok := n.attrs[name{"", local}]
	return ok
}

// child is the first child of that name, nil when there is none.
func (n *node) child(want name) *node {
	if i := n.index(want); i >= 0 {
		return n.children[i]
	}
	return nil
}

func (n *node) index(want name) int {
	return slices.IndexFunc(n.children, func(c *node) bool { return c.name == want })
}

// saml is the child of that name in the assertion's namespace.
func (n *node) saml(local string) *node { return n.child(name{nsAssertion, local}) }

// all are the children of that name.
func (n *node) all(want name) []*node {
	var out []*node
	for _, c := range n.children {
		if c.name == want {
			out = append(out, c)
		}
	}
	return out
}

// walk visits n and what is in it, until visit gives an error.
func (n *node) walk(visit func(*node) error) error {
	if err := visit(n); err != nil {
		return err
	}
	for _, c := range n.children {
		if err := c.walk(visit); err != nil {
			return err
		}
	}
	return nil
}

// same reports whether two trees say the same, the signature directly in the
// first one left aside.
func same(a, b *node) bool {
	without := slices.DeleteFunc(slices.Clone(a.children), func(c *node) bool { return c.name == elSignature })
	return a.name == b.name && maps.Equal(a.attrs, b.attrs) && slices.EqualFunc(without, b.children, equal) && trim(a.text) == trim(b.text)
}

func equal(a, b *node) bool {
	return a.name == b.name && a.text == b.text && maps.Equal(a.attrs, b.attrs) && slices.EqualFunc(a.children, b.children, equal)
}
