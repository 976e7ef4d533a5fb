package policy

import (
	"cmp"
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

// condition is one operator on one key: all conditions of a statement must hold.
type condition struct {
	operator
	quantifier quantifier
	ifExists   bool
	key        keyName
	values     []operand
}

// operatorName splits "ForAnyValue:StringLikeIfExists". It is false for a name
// that does not exist.
func operatorName(name string) (c condition, known bool) {
	if rest, ok := strings.CutPrefix(name, allPrefix); ok {
		name, c.quantifier = rest, forAllValues
	} else if rest, ok := strings.CutPrefix(name, anyPrefix); ok {
		name, c.quantifier = rest, forAnyValue
	}
	name, c.ifExists = strings.CutSuffix(name, existsSuffix)
	c.operator, known = operators[name]
	if c.family == presence && (c.ifExists || c.quantifier != oneValue) {
		return condition{}, false
	}
	return c, known
}

// written is the operator's whole name.
func (c *condition) written() string {
	name := [...]string{oneValue: "", forAllValues: allPrefix, forAnyValue: anyPrefix}[c.quantifier] + c.name
	if c.ifExists {
		name += existsSuffix
	}
	return name
}

// order puts the conditions of a statement in the one order that they are
// asked in, whatever the document's. All must hold, so it changes no answer.
func (c *condition) order(o *condition) int {
	return cmp.Or(cmp.Compare(c.family, o.family), cmp.Compare(c.name, o.name), cmp.Compare(c.quantifier, o.quantifier),
		boolOrder(c.ifExists, o.ifExists), cmp.Compare(c.key.written, o.key.written))
}

func boolOrder(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// holds decides one condition.
func (c *condition) holds(e *evaluation) bool {
	f := e.fact(&c.key)
	got := f.values
	switch {
	case c.family == presence:
		return c.presenceHolds(len(got) == 0)
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

func (c *condition) presenceHolds(absent bool) bool {
	for i := range c.values {
		if c.values[i].truth == absent {
			return true
		}
	}
	return false
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
	if !v.ok {
		return false
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
		return c.accepts.allows(v.number.compare(w.number))
	case date:
		return c.accepts.allows(v.instant.compare(w.instant))
	case address:
		return w.network.Contains(v.address)
	case boolean:
		return v.truth == w.truth
	case octets: // the request holds raw bytes
		return got == w.binary
	}
	want, ok := w.text.expand(e)
	return ok && c.fitsText(want, got)
}

func (c *condition) fitsText(want, got string) bool {
	switch c.family {
	case foldedText:
		return strings.EqualFold(want, got)
	case wildText:
		return match(want, got)
	case arnText:
		return likeARN(want, got)
	}
	return want == got
}
