package policy

import (
	"cmp"
	"encoding/base64"
	"errors"
	"net/netip"
	"strings"
)

// family is what an operator compares.
type family uint8

const (
	presence family = iota // Null: asks for the key, not for its value
	exactText
	foldedText
	wildText
	arnText
	boolean
	octets
	address // the last three have to read the request's value, so they are asked last
	number
	date
)

// ordering is how a request's number or date may stand to the policy's, or
// which of false and true a request's boolean may be.
type ordering uint8

const (
	below ordering = 1 << iota
	same
	above
)

func orderingOf(truth bool) ordering {
	if truth {
		return same
	}
	return below
}

// operator is one condition operator without its prefix and suffix.
type operator struct {
	name    string
	family  family
	negated bool // true when no value of the policy may match
	accepts ordering
}

// operators are all that exist, by name. Names match exactly.
var operators = byName(
	operator{name: "StringEquals", family: exactText},
	operator{name: "StringNotEquals", family: exactText, negated: true},
	operator{name: "StringEqualsIgnoreCase", family: foldedText},
	operator{name: "StringNotEqualsIgnoreCase", family: foldedText, negated: true},
	operator{name: "StringLike", family: wildText},
	operator{name: "StringNotLike", family: wildText, negated: true},

	operator{name: "NumericEquals", family: number, accepts: same},
	operator{name: "NumericNotEquals", family: number, accepts: same, negated: true},
	operator{name: "NumericLessThan", family: number, accepts: below},
	operator{name: "NumericLessThanEquals", family: number, accepts: below | same},
	operator{name: "NumericGreaterThan", family: number, accepts: above},
	operator{name: "NumericGreaterThanEquals", family: number, accepts: above | same},

	operator{name: "DateEquals", family: date, accepts: same},
	operator{name: "DateNotEquals", family: date, accepts: same, negated: true},
	operator{name: "DateLessThan", family: date, accepts: below},
	operator{name: "DateLessThanEquals", family: date, accepts: below | same},
	operator{name: "DateGreaterThan", family: date, accepts: above},
	operator{name: "DateGreaterThanEquals", family: date, accepts: above | same},

	operator{name: "Bool", family: boolean},
	operator{name: "BinaryEquals", family: octets},
	operator{name: "IpAddress", family: address},
	operator{name: "NotIpAddress", family: address, negated: true},

	operator{name: "ArnEquals", family: arnText},
	operator{name: "ArnLike", family: arnText},
	operator{name: "ArnNotEquals", family: arnText, negated: true},
	operator{name: "ArnNotLike", family: arnText, negated: true},

	operator{name: "Null", family: presence},
)

func byName(list ...operator) map[string]operator {
	m := make(map[string]operator, len(list))
	for _, o := range list {
		m[o.name] = o
	}
	return m
}

// operand is one value of a condition. A boolean has none: see condition.accepts.
type operand struct {
	text  template // of the families of text; the bytes of octets
	value *value   // of the others
}

// value is a text read as what a family compares.
type value struct {
	number  decimal
	instant instant
	address netip.Addr
	network netip.Prefix
	truth   bool
}

// read takes a text of the request, or of the policy, as the family's value.
func (v *value) read(f family, s string) (ok bool) {
	switch f {
	case number:
		v.number, ok = parseDecimal(s)
	case date:
		v.instant, ok = parseInstant(s)
	case address:
		v.address, ok = parseAddress(s)
	case boolean, presence:
		v.truth, ok = parseTruth(s)
	default:
		ok = true
	}
	return ok
}

// Readable reports whether text is a value that the operator can compare: a
// number for NumericEquals, an address for IpAddress, true or false for Bool. A
// request's value that is not readable matches nothing.
func Readable(operator, text string) bool {
	o, ok := operators[operator]
	return ok && new(value).read(o.family, text)
}

var errOperand = errors.New("value does not fit its operator")

// compile reads one value of the policy.
func (f family) compile(s string, variables bool) (w operand, err error) {
	switch f {
	case exactText, foldedText:
		w.text, err = syntaxOf{variables: variables}.compile(s)
		return w, err
	case wildText:
		w.text, err = syntaxOf{wildcards: true, variables: variables}.compile(s)
		return w, err
	case arnText:
		w.text, err = syntaxOf{wildcards: true, variables: variables}.compile(s)
		return w, cmp.Or(err, failUnless(w.text.parts != nil || hasSixParts(w.text.fixed.text)))
	case octets:
		b, err := base64.StdEncoding.Strict().DecodeString(s)
		w.text.fixed.text = string(b)
		return w, err
	}
	w.value = &value{}
	if f == address {
		var ok bool
		w.value.network, ok = parseNetwork(s)
		return w, failUnless(ok)
	}
	return w, failUnless(w.value.read(f, s))
}

func failUnless(ok bool) error {
	if !ok {
		return errOperand
	}
	return nil
}

// hasSixParts checks a compiled pattern for an ARN. A "*" at the end stands
// for all the parts that are not written.
func hasSixParts(pattern string) bool { return strings.Count(pattern, ":") >= 5 || endsOpen(pattern) }

func endsOpen(pattern string) bool { return strings.HasSuffix(pattern, everything) }

func parseTruth(s string) (value, ok bool) {
	value = strings.EqualFold(s, "true")
	return value, value || strings.EqualFold(s, "false")
}

// allows reports whether n, the result of a comparison, is one of o.
func (o ordering) allows(n int) bool {
	switch {
	case n < 0:
		return o&below != 0
	case n > 0:
		return o&above != 0
	}
	return o&same != 0
}

// likeARN matches part by part, so that no wildcard crosses one of the first
// five colons. The sixth part takes the rest.
func likeARN(want, got string) bool {
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
