package policy

import (
	"cmp"
	"slices"
	"strings"
)

// quantifier says how a key with several values is read.
type quantifier uint8

const (
	oneValue quantifier = iota
	forAllValues
	forAnyValue
)

const (
	allPrefix    = "ForAllValues:"
	anyPrefix    = "ForAnyValue:"
	existsSuffix = "IfExists"
)

// operatorUse is an operator with its prefix and suffix.
type operatorUse struct {
	operator
	quantifier quantifier
	ifExists   bool
}

// operatorName splits "ForAnyValue:StringLikeIfExists". It is false for a name
// that does not exist.
func operatorName(name string) (u operatorUse, known bool) {
	if rest, ok := strings.CutPrefix(name, allPrefix); ok {
		name, u.quantifier = rest, forAllValues
	} else if rest, ok := strings.CutPrefix(name, anyPrefix); ok {
		name, u.quantifier = rest, forAnyValue
	}
	name, u.ifExists = strings.CutSuffix(name, existsSuffix)
	u.operator, known = operators[name]
	if u.family == presence && (u.ifExists || u.quantifier != oneValue) {
		return operatorUse{}, false
	}
	return u, known
}

// condition is one operator on one key: all conditions of a statement must hold.
type condition struct {
	key        keyRef
	family     family
	negated    bool
	accepts    ordering // of a boolean, and of Null: which are listed
	quantifier quantifier
	ifExists   bool
	values     []operand
	source     *source
}

// source is a condition as it is written.
type source struct {
	operator, key string
	values        []string
}

func (r *rawCondition) compile(key keyRef, variables bool) (condition, error) {
	c := condition{
		key: key, family: r.family, negated: r.negated, accepts: r.accepts, quantifier: r.quantifier, ifExists: r.ifExists,
		source: &r.source,
	}
	if c.family == boolean || c.family == presence {
		return c, c.acceptTruths()
	}
	c.values = make([]operand, 0, len(r.source.values))
	for _, text := range r.source.values {
		w, err := c.family.compile(text, variables)
		if err != nil {
			return condition{}, err
		}
		c.values = append(c.values, w)
	}
	return c, nil
}

// acceptTruths compiles the values of a boolean or of Null.
func (c *condition) acceptTruths() error {
	for _, text := range c.source.values {
		truth, ok := parseTruth(text)
		if !ok {
			return errOperand
		}
		c.accepts |= orderingOf(truth)
	}
	return nil
}

// same reports whether s and o are written alike, so that they always agree.
func (s *source) same(o *source) bool {
	return s.key == o.key && s.operator == o.operator && slices.Equal(s.values, o.values)
}

// order puts the conditions of a statement in the one order that they are
// asked in, whatever the document's: the families that must read the request's
// value last. All must hold, so it changes no answer.
func (r *rawCondition) order(o *rawCondition) int {
	return cmp.Or(cmp.Compare(r.family, o.family), cmp.Compare(r.source.operator, o.source.operator), cmp.Compare(r.source.key, o.source.key))
}

// holds decides one condition.
func (c *condition) holds(e *evaluation) bool {
	f := e.fact(&c.key)
	got := f.values
	if len(got) == 0 {
		e.miss(c.source.key)
	}
	switch {
	case c.family == presence:
		return c.accepts&orderingOf(len(got) == 0) != 0
	case len(got) == 0:
		return c.absentHolds()
	case c.quantifier == forAllValues:
		return c.countHolding(e, f) == len(got)
	case c.quantifier == forAnyValue:
		return c.countHolding(e, f) > 0
	}
	// A plain operator compares one value; which of several it would take is
	// not defined, so it holds for none.
	return len(got) == 1 && c.matches(e, f.read(c.family), got[0]) != c.negated
}

func (c *condition) absentHolds() bool {
	switch {
	case c.ifExists || c.quantifier == forAllValues:
		return true
	case c.quantifier == forAnyValue:
		return false
	}
	return c.negated
}

// countHolding counts the request's values for which the operator is true: a
// negated one when no value of the policy matches.
func (c *condition) countHolding(e *evaluation, f *fact) (n int) {
	for _, got := range f.values {
		var v reading
		v.take(c.family, got)
		if c.matches(e, &v, got) != c.negated {
			n++
		}
	}
	return n
}

// matches reports whether one value of the request fits any value of the policy.
func (c *condition) matches(e *evaluation, v *reading, got string) bool {
	switch {
	case !v.ok:
		return false
	case c.family == boolean:
		return c.accepts&orderingOf(v.truth) != 0
	}
	for i := range c.values {
		if c.fits(e, &c.values[i], v, got) {
			return true
		}
	}
	return false
}

func (c *condition) fits(e *evaluation, w *operand, v *reading, got string) bool {
	switch c.family {
	case number:
		return c.accepts.allows(v.number.compare(w.value.number))
	case date:
		return c.accepts.allows(v.instant.compare(w.value.instant))
	case address:
		return w.value.network.Contains(v.address)
	case wildText:
		matched, _ := w.text.matches(e, got)
		return matched
	case octets: // the request holds raw bytes
		return got == w.text.fixed.text
	}
	want, ok := w.text.expand(e)
	switch {
	case !ok:
		return false
	case c.family == foldedText:
		return strings.EqualFold(want, got)
	case c.family == arnText:
		return likeARN(want, got)
	}
	return want == got
}
