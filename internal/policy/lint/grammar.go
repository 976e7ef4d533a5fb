package lint

import (
	"errors"
	"fmt"
	"strings"

	"sojourn/internal/policy"
)

func (l *linter) syntax(err error) {
	bad, ok := errors.AsType[*policy.SyntaxError](err)
	if !ok {
		return
	}
	// The place is one character, or the end of the text.
	end := bad.Offset
	for end < len(l.text) && (end == bad.Offset || l.text[end]&0xc0 == 0x80) {
		end++
	}
	l.add("JSON_SYNTAX_ERROR", place{nil, bad.Offset, end}, "This is not strict JSON: %s.", bad.Reason)
}

// grammar looks for the places of what IAM's own check refuses. Rather than
// know the rules a second time, it puts each part of the document alone into a
// policy that is right otherwise.
func (l *linter) grammar(root policy.Value) {
	before := len(l.found)
	l.top(root)
	t := trial{kind: l.kind, version: policyVersion(root)}
	for name, v := range root.Members() {
		if name != "Statement" {
			continue
		}
		for at, s := range each(placeOf(root).member(name, v), v) {
			l.tryStatement(t, at, s)
		}
	}
	l.whole(root, len(l.found) > before)
}

// whole takes care that nothing that IAM refuses goes without an error.
func (l *linter) whole(root policy.Value, told bool) {
	if _, err := policy.Parse(l.kind, l.text); err != nil && !told && !repeatsSid(root) {
		l.add("MALFORMED_POLICY", placeOf(root), "IAM refuses this policy: %s", err)
	}
}

func repeatsSid(root policy.Value) bool {
	seen := map[string]bool{"": false}
	for _, s := range readDocument(root).statements {
		if seen[s.sid.text] {
			return true
		}
		seen[s.sid.text] = s.sid.text != ""
	}
	return false
}

const version2012 = "2012-10-17"

func policyVersion(root policy.Value) string {
	if v := readDocument(root).version.text; v == version2012 {
		return v
	}
	return "2008-10-17"
}

// top checks the document's own members.
func (l *linter) top(root policy.Value) {
	at := placeOf(root)
	if !root.IsObject() {
		l.add("DATA_TYPE_MISMATCH", at, "A policy is a JSON object.")
		return
	}
	statements := 0
	for name, v := range root.Members() {
		switch name {
		case "Version":
			if v.Text() != version2012 && v.Text() != "2008-10-17" || !v.IsString() {
				l.add("INVALID_VERSION", at.member(name, v), `Version is "2012-10-17", or "2008-10-17" for the older language without variables.`)
			}
		case "Id":
			if !v.IsString() {
				l.add("DATA_TYPE_MISMATCH", at.member(name, v), "Id is a string.")
			}
		case "Statement":
			if statements = 1; v.IsArray() {
				statements = v.Len()
			}
		default:
			l.add("INVALID_POLICY_ELEMENT", at.name(name, v), "A policy has no element %s.%s", quoted(name), meant(name, "Version", "Id", "Statement"))
		}
	}
	if statements == 0 {
		l.add("MISSING_STATEMENT", at, "A policy has at least one statement, under Statement.")
	}
}

var elements = []string{"Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"}

func (l *linter) tryStatement(t trial, at place, v policy.Value) {
	if !v.IsObject() {
		l.add("DATA_TYPE_MISMATCH", at, "A statement is a JSON object.")
		return
	}
	has := map[string]bool{}
	for name, m := range v.Members() {
		known := false
		for _, e := range elements {
			known = known || e == name
		}
		if has[name] = true; !known {
			l.add("INVALID_POLICY_ELEMENT", at.name(name, m), "A statement has no element %s.%s", quoted(name), meant(name, elements...))
			continue
		}
		l.tryMember(t, at.member(name, m), name, m)
	}
	l.missing(at, v, has)
}

// missing tells of elements that must be there, or not together.
func (l *linter) missing(at place, v policy.Value, has map[string]bool) {
	want := []struct {
		name, code string
		needed     bool
	}{
		{"Effect", "MISSING_EFFECT", true},
		{"Principal", "MISSING_PRINCIPAL", l.kind == policy.Trust || l.kind == policy.Resource},
		{"Action", "MISSING_ACTION", true},
		{"Resource", "MISSING_RESOURCE", l.kind != policy.Trust},
	}
	for _, w := range want {
		not := "Not" + w.name
		switch {
		case has[w.name] && has[not]:
			l.add("UNSUPPORTED_ELEMENT_COMBINATION", at, "A statement has %s or %s, not both.", w.name, not)
		case w.needed && !has[w.name] && w.name == "Effect":
			l.add(w.code, at, `A statement has an Effect: "Allow" or "Deny".`)
		case w.needed && !has[w.name] && !has[not]:
			l.add(w.code, at, "A statement of this kind of policy has %s or %s.", w.name, not)
		}
	}
	for name, m := range v.Members() {
		if code, ok := emptyCodes[strings.TrimPrefix(name, "Not")]; ok && (m.IsArray() || m.IsObject()) && m.Len() == 0 {
			l.add(code, at.member(name, m), "%s is empty: a statement names at least one.", name)
		}
	}
}

var emptyCodes = map[string]string{"Action": "MISSING_ACTION", "Resource": "MISSING_RESOURCE", "Principal": "MISSING_PRINCIPAL"}

// trial makes policies that are right but for what is tried in them.
type trial struct {
	kind    policy.Kind
	version string
}

// refuses returns why IAM refuses a statement with this member, nil when it does not.
func (t trial) refuses(name, value string) error {
	good := [][2]string{{"Effect", `"Deny"`}, {"Action", `"sts:AssumeRole"`}}
	if t.kind == policy.Trust || t.kind == policy.Resource {
		good = append(good, [2]string{"Principal", `"*"`})
	}
	if t.kind != policy.Trust {
		good = append(good, [2]string{"Resource", `"*"`})
	}
	var b strings.Builder
	fmt.Fprintf(&b, `{"Version":%q,"Statement":{%q:%s`, t.version, name, value)
	for _, m := range good {
		if m[0] != strings.TrimPrefix(name, "Not") {
			fmt.Fprintf(&b, ",%q:%s", m[0], m[1])
		}
	}
	b.WriteString("}}")
	_, err := policy.Parse(t.kind, b.String())
	return err
}

// tryMember tells of the smallest part of a member that IAM refuses alone.
func (l *linter) tryMember(t trial, at place, name string, v policy.Value) {
	err := t.refuses(name, l.text[at.start:at.end])
	if err == nil || emptyCodes[strings.TrimPrefix(name, "Not")] != "" && (v.IsArray() || v.IsObject()) && v.Len() == 0 {
		return
	}
	before := len(l.found)
	switch {
	case name == "Condition" && v.IsObject():
		l.tryCondition(t, at, v)
	case strings.HasSuffix(name, "Principal") && v.IsObject() && (t.kind == policy.Trust || t.kind == policy.Resource):
		for kind, names := range v.Members() {
			start, end := names.NameSpan()
			l.tryItems(t, at.member(kind, names), name, names, "{"+l.text[start:end]+":", "}")
		}
	case v.IsArray() && (strings.HasSuffix(name, "Action") || strings.HasSuffix(name, "Resource")):
		l.tryItems(t, at, name, v, "", "")
	}
	if len(l.found) == before {
		l.refused(at, name, err)
	}
}

// tryItems tries v, or each item of it where it is an array.
func (l *linter) tryItems(t trial, at place, name string, v policy.Value, open, closing string) {
	for at := range each(at, v) {
		if err := t.refuses(name, open+l.text[at.start:at.end]+closing); err != nil {
			l.refused(at, name, err)
		}
	}
}

func (l *linter) tryCondition(t trial, at place, v policy.Value) {
	for operator, keys := range v.Members() {
		at := at.member(operator, keys)
		if !keys.IsObject() {
			l.add("DATA_TYPE_MISMATCH", at, "Under an operator stands an object of condition keys and values.")
			continue
		}
		start, end := keys.NameSpan()
		name := l.text[start:end]
		if keys.Len() > 0 && t.refuses("Condition", "{"+name+`:{"a:b":[]}}`) != nil {
			l.add("INVALID_CONDITION", at, "There is no condition operator %s.", quoted(operator))
			continue
		}
		for key, values := range keys.Members() {
			for at, item := range each(at.member(key, values), values) {
				if t.refuses("Condition", "{"+name+`:{"a:b":[`+l.text[at.start:at.end]+"]}}") != nil {
					l.badValue(at, operator, item)
				}
			}
		}
	}
}

func (l *linter) badValue(at place, operator string, v policy.Value) {
	if !v.IsScalar() {
		l.add("DATA_TYPE_MISMATCH", at, "The value of a condition key is a string, a number, a boolean, or a list of these.")
		return
	}
	l.add("INVALID_CONDITION", at, "%s is no value for the operator %s.", quoted(v.Text()), quoted(operator))
}

// refused tells that IAM refuses a member, or one of its values, with its words.
func (l *linter) refused(at place, name string, err error) {
	code, hint := "INVALID_POLICY_ELEMENT", ""
	switch name {
	case "Effect":
		code, hint = "INVALID_EFFECT", `Effect is "Allow" or "Deny", spelled so. `
	case "Sid":
		code, hint = "UNSUPPORTED_SID", "A Sid is made of letters and digits. "
	case "Action", "NotAction":
		code = "INVALID_ACTION"
	case "Resource", "NotResource":
		if code = "INVALID_RESOURCE"; l.kind == policy.Trust {
			code, hint = "UNSUPPORTED_RESOURCE", "A trust policy belongs to one role and names no resource. "
		}
	case "Principal", "NotPrincipal":
		hint = `A principal is "*", or a name under AWS, Federated, Service or CanonicalUser. `
		if code = "INVALID_PRINCIPAL_FORMAT"; l.kind != policy.Trust && l.kind != policy.Resource {
			code, hint = "UNSUPPORTED_PRINCIPAL", "Whoever the policy is attached to is its principal. "
		}
	case "Condition":
		code, hint = "DATA_TYPE_MISMATCH", "Condition is an object of operators. "
	}
	l.add(code, at, "%sIAM refuses it: %s", hint, err)
}
