package lint

import (
	"slices"
	"strings"

	"sojourn/internal/policy"
)

// document is what can be read of a policy, with places. What has a wrong type
// is left out: grammar has told of it.
type document struct {
	at         place
	version    word
	statements []statement
}

// word is one text of the document.
type word struct {
	text string
	at   place
}

type statement struct {
	at      place
	members []word // names with the places of their values

	effect     string
	sid        word
	actions    []word
	resources  []word
	principals []named
	conditions []condition

	principalAt place
}

// named is one principal; kind is "*" where Principal is the text "*".
type named struct {
	kind string
	word
}

// condition is one operator and key.
type condition struct {
	at       place  // of the key
	operator string // "ForAnyValue:StringLikeIfExists"
	set      string // "ForAnyValue", "ForAllValues" or ""
	base     string // "StringLike"
	ifExists bool
	spelled  string // the key as written
	key      string // in lower case
	values   []word
}

func (s *statement) has(names ...string) bool {
	return slices.ContainsFunc(s.members, func(m word) bool { return slices.Contains(names, m.text) })
}

func (s *statement) allows() bool { return s.effect == "Allow" }
func (s *statement) denies() bool { return s.effect == "Deny" }

// under is the place of a value below p.
func (p place) under(step Step, v policy.Value) place {
	start, end := v.Span()
	return place{append(slices.Clip(p.path), step), start, end}
}

func (p place) member(name string, v policy.Value) place { return p.under(Step{Name: name}, v) }

func (p place) item(i int, v policy.Value) place { return p.under(Step{Index: i, IsIndex: true}, v) }

// name is the place of the name of a member of p.
func (p place) name(name string, v policy.Value) place {
	start, end := v.NameSpan()
	return place{append(slices.Clip(p.path), Step{Name: name, IsKey: true}), start, end}
}

func placeOf(root policy.Value) place {
	start, end := root.Span()
	return place{nil, start, end}
}

func readDocument(root policy.Value) *document {
	d := &document{at: placeOf(root)}
	for name, v := range root.Members() {
		switch name {
		case "Version":
			d.version = word{v.Text(), d.at.member(name, v)}
		case "Statement":
			for at, s := range each(d.at.member(name, v), v) {
				if s.IsObject() {
					d.statements = append(d.statements, readStatement(at, s))
				}
			}
		}
	}
	return d
}

// each yields v, or its items where it is an array.
func each(at place, v policy.Value) func(yield func(place, policy.Value) bool) {
	return func(yield func(place, policy.Value) bool) {
		if !v.IsArray() {
			yield(at, v)
			return
		}
		for i, item := range v.Items() {
			if !yield(at.item(i, item), item) {
				return
			}
		}
	}
}

func words(at place, v policy.Value) (out []word) {
	for at, item := range each(at, v) {
		if item.IsScalar() {
			out = append(out, word{item.Text(), at})
		}
	}
	return out
}

func readStatement(at place, v policy.Value) statement {
	s := statement{at: at}
	for name, m := range v.Members() {
		at := at.member(name, m)
		s.members = append(s.members, word{name, at})
		switch name {
		case "Effect":
			s.effect = m.Text()
		case "Sid":
			s.sid = word{m.Text(), at}
		case "Action", "NotAction":
			s.actions = words(at, m)
		case "Resource", "NotResource":
			s.resources = words(at, m)
		case "Principal", "NotPrincipal":
			s.principalAt = at
			s.principals = readPrincipals(at, m)
		case "Condition":
			s.conditions = readConditions(at, m)
		}
	}
	return s
}

func readPrincipals(at place, v policy.Value) (out []named) {
	if v.IsString() {
		return []named{{"*", word{v.Text(), at}}}
	}
	for kind, names := range v.Members() {
		for _, w := range words(at.member(kind, names), names) {
			out = append(out, named{kind, w})
		}
	}
	return out
}

func readConditions(at place, v policy.Value) (out []condition) {
	for operator, keys := range v.Members() {
		at := at.member(operator, keys)
		for key, values := range keys.Members() {
			c := parseOperator(operator)
			c.at, c.spelled, c.key = at.name(key, values), key, strings.ToLower(key)
			c.values = words(at.member(key, values), values)
			out = append(out, c)
		}
	}
	return out
}

func parseOperator(name string) condition {
	c := condition{operator: name, base: name}
	if set, rest, found := strings.Cut(name, ":"); found {
		c.set, c.base = set, rest
	}
	c.base, c.ifExists = strings.CutSuffix(c.base, "IfExists")
	return c
}
