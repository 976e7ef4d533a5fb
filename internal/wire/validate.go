package wire

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"sojourn/internal/awserr"
)

// maxViolations bounds how many violations one answer lists.
const maxViolations = 100

// violation is one constraint that one value does not meet.
type violation struct {
	path   string  // "tags.1.member.key"
	value  string  // as shown: "null", "'x'", "" for a sensitive one
	rule   string  // "Member must not be null"
	member *Member // of the input itself, where the path begins
	absent bool    // that member itself is absent
}

func (v *violation) String() string {
	value := v.value
	if value != "" {
		value = " " + value
	}
	return "Value" + value + " at '" + v.path + "' failed to satisfy constraint: " + v.rule
}

// Validate checks an input, a pointer to the operation's input struct, against
// the model. A violation is answered by the operation's own error for the
// member where it has one, else by a ValidationError that lists all.
func (o *Operation) Validate(in any) error {
	v, err := structOf(in, o.Input)
	if err != nil {
		return awserr.Internal(fmt.Errorf("validating the input of %s: %w", o.Name, err))
	}
	c := checker{}
	for i := range o.Input.Members {
		c.top = &o.Input.Members[i]
		c.member(c.top.Label, v.Field(i), c.top)
	}
	if len(c.found) == 0 {
		return nil
	}
	for i := range c.found {
		if err := o.own(&c.found[i]); err != nil {
			return err
		}
	}
	return awserr.Validation("%s", summary(c.found))
}

// own is the operation's own error for a violation, nil where it has none.
func (o *Operation) own(v *violation) error {
	switch {
	case v.absent && v.member.Missing != "":
		return o.modelled(v.member.Missing, "A value for %s is required, but none was given.", v.member.Label)
	case !v.absent && v.member.Invalid != "":
		if text, ok := invalidTexts[v.member.Invalid]; ok {
			return o.modelled(v.member.Invalid, "%s", text)
		}
		return o.modelled(v.member.Invalid, "The value of %s is not valid: %s.", v.path, lowerFirst(v.rule))
	}
	return nil
}

// invalidTexts are CodeCommit's own words where they are known.
var invalidTexts = map[string]string{
	"InvalidRepositoryNameException": "The repository name is not valid. Repository names can be any valid combination of letters, " +
		"numbers, periods, underscores, and dashes between 1 and 100 characters in length. Names are case sensitive. " +
		"For more information, see Limits in the AWS CodeCommit User Guide. ",
}

func summary(found []violation) string {
	noun := "errors"
	if len(found) == 1 {
		noun = "error"
	}
	texts := make([]string, len(found))
	for i := range found {
		texts[i] = found[i].String()
	}
	return fmt.Sprintf("%d validation %s detected: %s", len(found), noun, strings.Join(texts, "; "))
}

func lowerFirst(s string) string { return strings.ToLower(s[:1]) + s[1:] }

// checker walks an input and collects violations.
type checker struct {
	found []violation
	top   *Member
}

func (c *checker) add(v violation) {
	if len(c.found) < maxViolations {
		v.member = c.top
		c.found = append(c.found, v)
	}
}

// member checks one member of a structure, which may be absent.
func (c *checker) member(path string, v reflect.Value, m *Member) {
	if absent(v) {
		if m.Required {
			c.add(violation{path: path, value: "null", rule: "Member must not be null", absent: m == c.top})
		}
		return
	}
	if v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	c.value(path, v, m.Shape)
}

func absent(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		return v.IsNil()
	}
	return false
}

func (c *checker) value(path string, v reflect.Value, s *Shape) {
	for _, rule := range broken(v, s) {
		c.add(violation{path: path, value: display(v, s), rule: rule})
	}
	switch s.Kind {
	case Structure:
		for i := range s.Members {
			m := &s.Members[i]
			c.member(path+"."+m.Label, v.Field(i), m)
		}
	case List:
		c.list(path, v, s)
	case Map:
		c.pairs(path, v, s)
	}
}

// list checks the elements: structures one by one, plain values together with
// all their constraints, as AWS words it.
func (c *checker) list(path string, v reflect.Value, s *Shape) {
	for i := range v.Len() {
		if elem := v.Index(i); s.Elem.Kind >= List {
			c.value(path+"."+strconv.Itoa(i+1)+".member", elem, s.Elem)
		} else if len(broken(elem, s.Elem)) > 0 {
			c.add(violation{path: path, value: display(v, s), rule: "Member" + satisfy(s.Elem)})
			return
		}
	}
}

func (c *checker) pairs(path string, v reflect.Value, s *Shape) {
	for _, k := range sortedStrings(v) {
		key := reflect.ValueOf(k)
		if len(broken(key, s.Key)) > 0 {
			c.add(violation{path: path, value: display(v, s), rule: "Map keys" + satisfy(s.Key)})
			return
		}
		if elem := v.MapIndex(key); s.Elem.Kind >= List {
			c.value(path+"."+clip(k)+".member", elem, s.Elem)
		} else if len(broken(elem, s.Elem)) > 0 {
			c.add(violation{path: path, value: display(v, s), rule: "Map value" + satisfy(s.Elem)})
			return
		}
	}
}

// satisfy names all constraints of the plain shape of a list's or map's parts.
func satisfy(s *Shape) string {
	return " must satisfy constraint: [" + strings.Join(rules(s), ", ") + "]"
}

// broken are the constraints of s itself that v does not meet.
func broken(v reflect.Value, s *Shape) []string {
	var b []string
	word, size, sized := measure(v, s)
	if sized && s.Max != nil && size > *s.Max {
		b = append(b, atMost(word, *s.Max))
	}
	if sized && s.Min != nil && size < *s.Min {
		b = append(b, atLeast(word, *s.Min))
	}
	if s.Kind != String {
		return b
	}
	if s.Pattern != nil && !s.Pattern.Match(v.String()) {
		b = append(b, matching(s.Pattern))
	}
	if len(s.Enum) > 0 && !slices.Contains(s.Enum, v.String()) {
		b = append(b, oneOf(s.Enum))
	}
	return b
}

// measure is what a shape's bounds are about.
func measure(v reflect.Value, s *Shape) (word string, size int64, ok bool) {
	switch s.Kind {
	case String:
		return "length", int64(utf8.RuneCountInString(v.String())), s.Min != nil || s.Max != nil
	case Blob, List, Map:
		return "length", int64(v.Len()), true
	case Integer:
		return "value", v.Int(), true
	}
	return "", 0, false
}

// rules are all constraints of a plain shape.
func rules(s *Shape) []string {
	var r []string
	word := "length"
	if s.Kind == Integer {
		word = "value"
	}
	if s.Max != nil {
		r = append(r, atMost(word, *s.Max))
	}
	if s.Min != nil {
		r = append(r, atLeast(word, *s.Min))
	}
	if s.Pattern != nil {
		r = append(r, matching(s.Pattern))
	}
	if len(s.Enum) > 0 {
		r = append(r, oneOf(s.Enum))
	}
	return r
}

func atMost(word string, n int64) string {
	return fmt.Sprintf("Member must have %s less than or equal to %d", word, n)
}

func atLeast(word string, n int64) string {
	return fmt.Sprintf("Member must have %s greater than or equal to %d", word, n)
}

func matching(p *Pattern) string {
	return "Member must satisfy regular expression pattern: " + p.Source
}

func oneOf(enum []string) string {
	return "Member must satisfy enum value set: [" + strings.Join(enum, ", ") + "]"
}
