package policy

import (
	"slices"
	"strings"
)

const (
	version2008 = "2008-10-17"
	version2012 = "2012-10-17"
)

// Refusals with one text for many mistakes.
var (
	errSyntax      = &Error{Message: "Syntax errors in policy."}
	errLegacy      = &Error{Message: "The policy failed legacy parsing"}
	errNoPrincipal = &Error{Message: "Missing required field Principal"}
	errNobody      = &Error{Message: "Invalid principal in policy: com.amazon.balsa.error.InvalidPolicyException: The passed in policy has a statement with no principals!"}
)

// document is a policy whose elements have the right types; what they say is
// checked by its rules (see grammar.go).
type document struct {
	version    string // 2008-10-17 where absent
	statements []element
}

// element is one statement as written. The rules fill compiled on their way.
type element struct {
	has        []string // the names of its members
	effect     string
	principal  *node
	actions    []string
	resources  []string
	conditions []rawCondition

	// vague marks an operator that does not exist, with no keys. IAM takes it;
	// what it asks is unknown, so an Allow with it allows nothing.
	vague bool

	compiled      statement
	resourceError *Error // reported after the legacy errors of all statements
}

// rawCondition is one operator and key with its values as text.
type rawCondition struct {
	condition
	values []string
}

func (e *element) member(name string) bool { return slices.Contains(e.has, name) }

func readDocument(root *node) (*document, error) {
	if root.kind != jsonObject {
		return nil, errSyntax
	}
	doc := &document{version: version2008}
	var statements []node
	for i, name := range root.names {
		value := &root.items[i]
		switch {
		case name == "Version" && value.kind == jsonString && (value.text == version2008 || value.text == version2012):
			doc.version = value.text
		case name == "Id" && value.kind == jsonString:
		case name == "Statement" && value.kind == jsonArray:
			statements = value.items
		case name == "Statement":
			statements = []node{*value}
		default:
			return nil, errSyntax
		}
	}
	if len(statements) == 0 {
		return nil, errSyntax
	}
	for i := range statements {
		e, err := readElement(&statements[i])
		if err != nil {
			return nil, err
		}
		doc.statements = append(doc.statements, e)
	}
	return doc, nil
}

func readElement(n *node) (element, error) {
	if n.kind != jsonObject {
		return element{}, errSyntax
	}
	e := element{has: n.names}
	for i, name := range n.names {
		if !e.read(name, &n.items[i]) {
			return element{}, errSyntax
		}
	}
	for _, base := range []string{"Principal", "Action", "Resource"} {
		if e.member(base) && e.member("Not"+base) {
			return element{}, errSyntax
		}
	}
	if !strings.EqualFold(e.effect, "Allow") && !strings.EqualFold(e.effect, "Deny") {
		return element{}, errSyntax
	}
	return e, nil
}

// read takes one member; it is false for an unknown one or one of a wrong type.
func (e *element) read(name string, value *node) (ok bool) {
	switch name {
	case "Sid":
		e.compiled.sid = value.text
		return value.kind == jsonString
	case "Effect":
		e.effect = value.text
		return value.kind == jsonString
	case "Principal", "NotPrincipal":
		e.principal = value
		return value.kind == jsonString || value.kind == jsonObject
	case "Action", "NotAction":
		e.actions, ok = stringList(value)
	case "Resource", "NotResource":
		e.resources, ok = stringList(value)
	case "Condition":
		ok = e.readConditions(value)
	}
	return ok
}

// readConditions flattens {operator: {key: values}}.
func (e *element) readConditions(n *node) bool {
	if n.kind != jsonObject {
		return false
	}
	for i, name := range n.names {
		keys := &n.items[i]
		if keys.kind != jsonObject {
			return false
		}
		c, known := operatorName(name)
		if !known && len(keys.names) > 0 {
			return false
		}
		e.vague = e.vague || !known
		for j, key := range keys.names {
			values, ok := scalarList(&keys.items[j])
			if !ok {
				return false
			}
			c.key = strings.ToLower(key)
			e.conditions = append(e.conditions, rawCondition{c, values})
		}
	}
	return true
}

// stringList takes a string or an array of strings.
func stringList(n *node) ([]string, bool) {
	return list(n, func(k jsonKind) bool { return k == jsonString })
}

// scalarList takes numbers and booleans too, as they are written.
func scalarList(n *node) ([]string, bool) {
	return list(n, func(k jsonKind) bool { return k == jsonString || k == jsonNumber || k == jsonBool })
}

func list(n *node, takes func(jsonKind) bool) ([]string, bool) {
	items := []node{*n}
	if n.kind == jsonArray {
		items = n.items
	}
	out := make([]string, 0, len(items))
	for i := range items {
		if !takes(items[i].kind) {
			return nil, false
		}
		out = append(out, items[i].text)
	}
	return out, true
}
