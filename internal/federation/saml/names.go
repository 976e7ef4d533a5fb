package saml

import (
	"encoding/xml"
	"maps"
	"strings"
)

// declare are the namespaces in scope inside a tag.
func (r *reader) declare(attrs []xml.Attr) (map[string]string, error) {
	var outer map[string]string
	if len(r.open) > 0 {
		outer = r.top().spaces
	}
	spaces := outer
	seen := map[string]bool{}
	for _, a := range attrs {
		prefix, ok := declares(a.Name)
		if !ok {
			continue
		}
		if err := checkDeclaration(prefix, a.Value); err != nil {
			return nil, err
		}
		if seen[prefix] {
			return nil, refuse(StageLexical, "prefix %q is declared twice", prefix)
		}
		seen[prefix] = true
		if len(seen) == 1 {
			spaces = maps.Clone(outer)
			if spaces == nil {
				spaces = map[string]string{}
			}
		}
		spaces[prefix] = a.Value
	}
	if len(spaces) > r.prefixes {
		return nil, refuse(StageLexical, "more than %d prefixes", r.prefixes)
	}
	return spaces, nil
}

// declares is the prefix that an attribute declares, "" for the default.
func declares(n xml.Name) (prefix string, ok bool) {
	if n.Space == "" && n.Local == "xmlns" {
		return "", true
	}
	return n.Local, n.Space == "xmlns"
}

// checkDeclaration keeps to absolute namespaces: of a relative one some
// canonicalisers make nothing at all, and with it of the whole document.
func checkDeclaration(prefix, space string) error {
	switch {
	case prefix != "" && !ncName.MatchString(prefix):
		return refuse(StageLexical, "prefix %q", prefix)
	case strings.HasPrefix(strings.ToLower(prefix), "xml") || space == nsXML || space == nsXMLNS:
		return refuse(StageLexical, "a reserved prefix or namespace is declared")
	case !absoluteURI.MatchString(space):
		return refuse(StageLexical, "namespace %q is not absolute", space)
	}
	return nil
}

// resolve expands a name. An unprefixed one is in the given namespace.
func resolve(n xml.Name, spaces map[string]string, unprefixed string) (name, error) {
	if !ncName.MatchString(n.Local) || n.Space != "" && !ncName.MatchString(n.Space) {
		return name{}, refuse(StageLexical, "name %q is not plain", n.Local)
	}
	switch n.Space {
	case "":
		return name{unprefixed, n.Local}, nil
	case "xml":
		return name{nsXML, n.Local}, nil
	}
	space, ok := spaces[n.Space]
	if !ok {
		return name{}, refuse(StageLexical, "prefix %q is not declared", n.Space)
	}
	return name{space, n.Local}, nil
}

// take adds the attributes that are no declarations.
func (n *node) take(attrs []xml.Attr, spaces map[string]string) error {
	for _, a := range attrs {
		if _, ok := declares(a.Name); ok {
			continue
		}
		full, err := resolve(a.Name, spaces, "")
		if err != nil {
			return err
		}
		if _, taken := n.attrs[full]; taken {
			return refuse(StageLexical, "attribute %q twice in %q", full.local, n.name.local)
		}
		n.attrs[full] = a.Value
	}
	return nil
}

// collectIDs adds the document's identifiers to ids. Only an unprefixed ID is
// one, and Id within encryption; any other spelling is there to mislead.
func collectIDs(root *node, ids map[string]bool) error {
	return root.walk(func(n *node) error {
		for a, value := range n.attrs {
			if !strings.EqualFold(a.local, "id") {
				continue
			}
			if a != (name{"", "ID"}) && (a != (name{"", "Id"}) || n.name.space != nsEncryption) {
				return refuse(StageLexical, "attribute %q looks like ID", a.local)
			}
			if !ncName.MatchString(value) || ids[value] {
				return refuse(StageLexical, "an identifier is not plain or not unique")
			}
			ids[value] = true
		}
		return nil
	})
}
