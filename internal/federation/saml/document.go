package saml

import (
	"maps"

	"github.com/beevik/etree"
)

// document is one XML document in two forms: the nodes, from which everything is
// read, and etree's elements, which only the signatures are verified on. Both
// come from the same tokens, so that the n-th child of one is that of the other.
type document struct {
	root *node
	tree *etree.Element
	ids  map[string]bool
}

func parseDocument(raw []byte, ids map[string]bool, grammar func(*node) error) (*document, error) {
	root, err := parse(raw, responseLimits)
	if err != nil {
		return nil, err
	}
	d := &document{root: root, ids: maps.Clone(ids)}
	if d.ids == nil {
		d.ids = map[string]bool{}
	}
	if err := collectIDs(root, d.ids); err != nil {
		return nil, err
	}
	if err := grammar(root); err != nil {
		return nil, err
	}
	if err := checkSignatures(root); err != nil {
		return nil, err
	}
	tree := etree.NewDocument()
	if err := tree.ReadFromBytes(raw); err != nil {
		return nil, refuse(StageLexical, "not XML: %v", err)
	}
	d.tree = tree.Root()
	return d, nil
}

// parseResponse takes what came in through the stages that need no key.
func parseResponse(raw []byte) (*document, error) { return parseDocument(raw, nil, checkResponse) }

// parseAssertion does so for an assertion that was encrypted. Its identifiers
// may not be those of the response that it came in.
func parseAssertion(raw []byte, ids map[string]bool) (*document, error) {
	return parseDocument(raw, ids, checkAssertion)
}

// element is the etree form of the root's child of that name.
func (d *document) element(child name) *etree.Element {
	return d.tree.ChildElements()[d.root.index(child)]
}
