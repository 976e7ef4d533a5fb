package policy

import "strings"

// quantifier says how a key with several values is read.
type quantifier uint8

const (
	oneValue quantifier = iota
	forAllValues
	forAnyValue
)

// condition is one operator on one key: all conditions of a statement must hold.
type condition struct {
	operator
	quantifier quantifier
	ifExists   bool
	key        string // lower case
	values     []operand
}

// operatorName splits "ForAnyValue:StringLikeIfExists". It is false for a name
// that does not exist.
func operatorName(name string) (c condition, known bool) {
	if rest, ok := strings.CutPrefix(name, "ForAllValues:"); ok {
		name, c.quantifier = rest, forAllValues
	} else if rest, ok := strings.CutPrefix(name, "ForAnyValue:"); ok {
		name, c.quantifier = rest, forAnyValue
	}
	name, c.ifExists = strings.CutSuffix(name, "IfExists")
	c.operator, known = operators[name]
	if c.null && (c.ifExists || c.quantifier != oneValue) {
		return condition{}, false
	}
	return c, known
}

// holds decides one condition.
func (c *condition) holds(ctx Context) bool {
	got := ctx[c.key]
	switch {
	case c.null:
		return c.nullHolds(len(got) == 0)
	case len(got) == 0:
		return c.absentHolds()
	case c.quantifier == forAllValues:
		return c.countHolding(got, ctx) == len(got)
	case c.quantifier == forAnyValue:
		return c.countHolding(got, ctx) > 0
	}
	// A plain operator compares one value; which of several it would take is
	// not defined, so it holds for none.
	return len(got) == 1 && c.countHolding(got, ctx) == 1
}

func (c *condition) nullHolds(absent bool) bool {
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
func (c *condition) countHolding(got []string, ctx Context) (n int) {
	for _, v := range got {
		if c.matches(v, ctx) != c.negated {
			n++
		}
	}
	return n
}

// matches reports whether one value of the request fits any value of the policy.
func (c *condition) matches(got string, ctx Context) bool {
	for i := range c.values {
		w := &c.values[i]
		if want, ok := w.text.expand(ctx); ok && c.match(w, want, got) {
			return true
		}
	}
	return false
}
