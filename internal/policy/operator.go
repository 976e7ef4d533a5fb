package policy

import (
	"encoding/base64"
	"errors"
	"net/netip"
	"strings"
)

// operator is one condition operator without its prefix and suffix.
type operator struct {
	negated bool // true when no value of the policy may match
	null    bool // asks for the key's presence, not for its value
	dear    bool // has to parse the request's value, so it is asked last
	compile func(text string, variables bool) (operand, error)
	match   func(w *operand, want, got string) bool // want is w's text, expanded
}

// operand is one value of a condition. Only what its operator compiles is set.
type operand struct {
	text    template
	number  decimal
	instant instant
	network netip.Prefix
	truth   bool
	binary  string
}

var errOperand = errors.New("value does not fit its operator")

// operators are all that exist. Names match exactly.
var operators = map[string]operator{
	"StringEquals":              {compile: plainText, match: equal},
	"StringNotEquals":           {compile: plainText, match: equal, negated: true},
	"StringEqualsIgnoreCase":    {compile: plainText, match: equalFold},
	"StringNotEqualsIgnoreCase": {compile: plainText, match: equalFold, negated: true},
	"StringLike":                {compile: wildText, match: like},
	"StringNotLike":             {compile: wildText, match: like, negated: true},

	"NumericEquals":            {compile: number, match: compareNumbers(same), dear: true},
	"NumericNotEquals":         {compile: number, match: compareNumbers(same), negated: true, dear: true},
	"NumericLessThan":          {compile: number, match: compareNumbers(less), dear: true},
	"NumericLessThanEquals":    {compile: number, match: compareNumbers(notMore), dear: true},
	"NumericGreaterThan":       {compile: number, match: compareNumbers(more), dear: true},
	"NumericGreaterThanEquals": {compile: number, match: compareNumbers(notLess), dear: true},

	"DateEquals":            {compile: date, match: compareDates(same), dear: true},
	"DateNotEquals":         {compile: date, match: compareDates(same), negated: true, dear: true},
	"DateLessThan":          {compile: date, match: compareDates(less), dear: true},
	"DateLessThanEquals":    {compile: date, match: compareDates(notMore), dear: true},
	"DateGreaterThan":       {compile: date, match: compareDates(more), dear: true},
	"DateGreaterThanEquals": {compile: date, match: compareDates(notLess), dear: true},

	"Bool":         {compile: truth, match: sameTruth},
	"BinaryEquals": {compile: binary, match: sameBytes},
	"IpAddress":    {compile: network, match: within, dear: true},
	"NotIpAddress": {compile: network, match: within, negated: true, dear: true},

	"ArnEquals":    {compile: arnText, match: likeARN},
	"ArnLike":      {compile: arnText, match: likeARN},
	"ArnNotEquals": {compile: arnText, match: likeARN, negated: true},
	"ArnNotLike":   {compile: arnText, match: likeARN, negated: true},

	"Null": {compile: truth, null: true},
}

func plainText(text string, variables bool) (operand, error) {
	t, err := syntaxOf{variables: variables}.compile(text)
	return operand{text: t}, err
}

func wildText(text string, variables bool) (operand, error) {
	t, err := syntaxOf{wildcards: true, variables: variables}.compile(text)
	return operand{text: t}, err
}

// arnText checks the six parts where they are known before the variables are.
func arnText(text string, variables bool) (operand, error) {
	w, err := wildText(text, variables)
	if fixed := w.text.fixed; w.text.parts == nil && strings.Count(fixed, ":") < 5 && !endsOpen(fixed) {
		return operand{}, errOperand
	}
	return w, err
}

// endsOpen reports whether a compiled pattern ends in "*", which then stands
// for all the parts of an ARN that are not written.
func endsOpen(pattern string) bool { return strings.HasSuffix(pattern, everything) }

func number(text string, _ bool) (operand, error) {
	d, ok := parseDecimal(text)
	return operand{number: d}, failUnless(ok)
}

func date(text string, _ bool) (operand, error) {
	t, ok := parseInstant(text)
	return operand{instant: t}, failUnless(ok)
}

func network(text string, _ bool) (operand, error) {
	p, ok := parseNetwork(text)
	return operand{network: p}, failUnless(ok)
}

func truth(text string, _ bool) (operand, error) {
	t, ok := parseTruth(text)
	return operand{truth: t}, failUnless(ok)
}

func binary(text string, _ bool) (operand, error) {
	b, err := base64.StdEncoding.Strict().DecodeString(text)
	return operand{binary: string(b)}, err
}

func failUnless(ok bool) error {
	if !ok {
		return errOperand
	}
	return nil
}

func parseTruth(s string) (value, ok bool) {
	value = strings.EqualFold(s, "true")
	return value, value || strings.EqualFold(s, "false")
}

func equal(_ *operand, want, got string) bool     { return want == got }
func equalFold(_ *operand, want, got string) bool { return strings.EqualFold(want, got) }
func like(_ *operand, want, got string) bool      { return match(want, got) }

// sameBytes compares with the context's value as the request holds it: raw bytes.
func sameBytes(w *operand, _, got string) bool { return w.binary == got }

func sameTruth(w *operand, _, got string) bool {
	t, ok := parseTruth(got)
	return ok && t == w.truth
}

func within(w *operand, _, got string) bool {
	a, ok := parseAddress(got)
	return ok && w.network.Contains(a)
}

func same(n int) bool    { return n == 0 }
func less(n int) bool    { return n < 0 }
func notMore(n int) bool { return n <= 0 }
func more(n int) bool    { return n > 0 }
func notLess(n int) bool { return n >= 0 }

func compareNumbers(holds func(int) bool) func(*operand, string, string) bool {
	return func(w *operand, _, got string) bool {
		d, ok := parseDecimal(got)
		return ok && holds(d.compare(w.number))
	}
}

func compareDates(holds func(int) bool) func(*operand, string, string) bool {
	return func(w *operand, _, got string) bool {
		t, ok := parseInstant(got)
		return ok && holds(t.compare(w.instant))
	}
}

// likeARN matches part by part, so that no wildcard crosses one of the first
// five colons. The sixth part takes the rest.
func likeARN(_ *operand, want, got string) bool {
	if strings.Count(got, ":") < 5 {
		return false
	}
	for range 5 {
		pattern, wantRest, found := strings.Cut(want, ":")
		part, gotRest, _ := strings.Cut(got, ":")
		if !match(pattern, part) {
			return false
		}
		if !found {
			return endsOpen(pattern)
		}
		want, got = wantRest, gotRest
	}
	return match(want, got)
}
