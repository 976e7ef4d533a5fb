package policy

import "strings"

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
	id         string
	statements []element
	asked      []condition // by the statements so far, each once
}

// element is one statement as written. The rules fill compiled on their way.
type element struct {
	members    []node
	effect     string
	principal  *node
	actions    []string
	resources  []string
	conditions []rawCondition

	compiled      statement
	resourceError *Error // reported after the legacy errors of all statements
}

// rawCondition is one operator and key with its values as text.
type rawCondition struct {
	operatorUse
	source
}

func (e *element) member(name string) bool { return hasMember(e.members, name) }

func readDocument(root *node, text string) (*document, error) {
	if root.kind != jsonObject {
		return nil, errSyntax
	}
	doc := &document{version: version2008}
	var statements []node
	var position int // after what comes before a statement
	for i := range root.items {
		value := &root.items[i]
		switch name := value.name; {
		case name == "Version" && value.kind == jsonString && (value.text == version2008 || value.text == version2012):
			doc.version = value.text
		case name == "Id" && value.kind == jsonString:
			doc.id = value.text
		case name == "Statement":
			statements = value.elements()
			position = int(value.at.start) + 1
		default:
			return nil, errSyntax
		}
	}
	if len(statements) == 0 {
		return nil, errSyntax
	}
	at := placer{text: text, at: Position{1, 1}}
	doc.statements = make([]element, 0, len(statements))
	var kept lists
	for i := range statements {
		e, err := readElement(&statements[i], &kept)
		if err != nil {
			return nil, err
		}
		e.compiled.start, e.compiled.end = at.advance(position), at.advance(int(statements[i].at.end))
		position = int(statements[i].at.end)
		doc.statements = append(doc.statements, e)
	}
	return doc, nil
}

func readElement(n *node, kept *lists) (element, error) {
	if n.kind != jsonObject {
		return element{}, errSyntax
	}
	e := element{members: n.items}
	for i := range n.items {
		if !e.read(&n.items[i], kept) {
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
func (e *element) read(value *node, kept *lists) (ok bool) {
	switch value.name {
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
		e.actions, ok = kept.strings(value)
	case "Resource", "NotResource":
		e.resources, ok = kept.strings(value)
	case "Condition":
		ok = e.readConditions(value, kept)
	}
	return ok
}

// readConditions flattens {operator: {key: values}}. An operator that does not
// exist, with no keys, is taken, as IAM takes it; what it asks is unknown, so
// an Allow with it allows nothing.
func (e *element) readConditions(n *node, kept *lists) bool {
	if n.kind != jsonObject {
		return false
	}
	e.conditions = make([]rawCondition, 0, len(n.items))
	for i := range n.items {
		keys := &n.items[i]
		if keys.kind != jsonObject {
			return false
		}
		use, known := operatorName(keys.name)
		if !known && len(keys.items) > 0 {
			return false
		}
		if !known {
			e.compiled.unknown = append(e.compiled.unknown, keys.name)
		}
		for j := range keys.items {
			key := &keys.items[j]
			values, ok := kept.scalars(key)
			if !ok {
				return false
			}
			e.conditions = append(e.conditions, rawCondition{use, source{keys.name, key.name, values}})
		}
	}
	return true
}

// lists holds the lists of a document in few pieces of memory.
type lists []string

// strings takes a string or an array of strings.
func (t *lists) strings(n *node) ([]string, bool) {
	return t.list(n, func(k jsonKind) bool { return k == jsonString })
}

// scalars takes numbers and booleans too, as they are written.
func (t *lists) scalars(n *node) ([]string, bool) {
	return t.list(n, func(k jsonKind) bool { return k == jsonString || k == jsonNumber || k == jsonBool })
}

func (t *lists) list(n *node, takes func(jsonKind) bool) ([]string, bool) {
	if n.kind != jsonArray {
		out := t.room(1)
		out[0] = n.text
		return out, takes(n.kind)
	}
	out := t.room(len(n.items))
	for i := range n.items {
		if !takes(n.items[i].kind) {
			return nil, false
		}
		out[i] = n.items[i].text
	}
	return out, true
}

// room makes a list of n empty texts.
func (t *lists) room(n int) []string {
	const chunk = 64
	if len(*t) < n {
		*t = make(lists, max(chunk, n))
	}
	out := (*t)[:n:n]
	*t = (*t)[n:]
	return out
}
