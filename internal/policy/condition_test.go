package policy

import (
	"fmt"
	"testing"
)

const key = "k:x" // the condition key of the tables

// have makes the values that a request has for the key; absent has none.
func have(values ...string) Context { return Context{key: values} }

var absent = Context{}

type conditionCase struct {
	operator string
	values   []any
	request  Context
	want     bool
}

func runConditions(t *testing.T, cases []conditionCase) {
	t.Helper()
	for _, c := range cases {
		t.Run(fmt.Sprintf("%s %v on %v", c.operator, c.values, c.request[key]), func(t *testing.T) {
			p := identity(t, allow("a:b").on("*").when(c.operator, "K:X", c.values...))
			if got := ask(p, "a:b", "*", c.request); got != c.want {
				t.Errorf("holds = %t, want %t", got, c.want)
			}
		})
	}
}

func v(values ...any) []any { return values }

func TestStringOperators(t *testing.T) {
	runConditions(t, []conditionCase{
		{"StringEquals", v("main"), have("main"), true},
		{"StringEquals", v("main"), have("Main"), false},
		{"StringEquals", v("main"), have("mainline"), false},
		{"StringEquals", v("main"), absent, false},
		{"StringEquals", v("dev", "main"), have("main"), true},
		{"StringEquals", v("ma*"), have("main"), false},
		{"StringEquals", v("ma*"), have("ma*"), true},
		{"StringEquals", v("ma?n"), have("main"), false},
		{"StringEquals", v(""), have(""), true},
		{"StringEquals", v(), have("main"), false},
		{"StringEquals", v("main"), have("main", "dev"), false}, // several values: not defined, so no
		{"StringEquals", v(5), have("5"), true},
		{"StringEquals", v(true), have("true"), true},
		{"StringEquals", v("main"), have(), false},

		{"StringNotEquals", v("main"), have("main"), false},
		{"StringNotEquals", v("main"), have("Main"), true},
		{"StringNotEquals", v("main"), absent, true},
		{"StringNotEquals", v("dev", "main"), have("main"), false},
		{"StringNotEquals", v("dev", "main"), have("feature"), true},
		{"StringNotEquals", v(), have("main"), true},
		{"StringNotEquals", v("main"), have("dev", "feature"), false},

		{"StringEqualsIgnoreCase", v("main"), have("MAIN"), true},
		{"StringEqualsIgnoreCase", v("ma*"), have("MAIN"), false},
		{"StringEqualsIgnoreCase", v("main"), have("mains"), false},
		{"StringEqualsIgnoreCase", v("main"), absent, false},
		{"StringNotEqualsIgnoreCase", v("main"), have("MAIN"), false},
		{"StringNotEqualsIgnoreCase", v("main"), have("dev"), true},
		{"StringNotEqualsIgnoreCase", v("main"), absent, true},

		{"StringLike", v("refs/heads/*"), have("refs/heads/a/b"), true},
		{"StringLike", v("refs/heads/*"), have("refs/tags/v1"), false},
		{"StringLike", v("v?"), have("v1"), true},
		{"StringLike", v("v?"), have("v10"), false},
		{"StringLike", v("V?"), have("v1"), false},
		{"StringLike", v("a:*"), have("a:b:c"), true},
		{"StringLike", v("a"), absent, false},
		{"StringLike", v("x", "m*n"), have("main"), true},
		{"StringLike", v("${*}"), have("*"), true},
		{"StringLike", v("${*}"), have("x"), false},
		{"StringNotLike", v("refs/heads/*"), have("refs/heads/a"), false},
		{"StringNotLike", v("refs/heads/*"), have("refs/tags/a"), true},
		{"StringNotLike", v("refs/heads/*"), absent, true},
		{"StringNotLike", v("x*", "m*"), have("main"), false},
	})
}

func TestNumericOperators(t *testing.T) {
	runConditions(t, []conditionCase{
		{"NumericEquals", v("10"), have("10.0"), true},
		{"NumericEquals", v(10), have("10"), true},
		{"NumericEquals", v("10"), have("11"), false},
		{"NumericEquals", v("10"), have("ten"), false},
		{"NumericEquals", v("10"), absent, false},
		{"NumericEquals", v("9", "10"), have("10"), true},
		{"NumericNotEquals", v("10"), have("10"), false},
		{"NumericNotEquals", v("10"), have("11"), true},
		{"NumericNotEquals", v("10"), absent, true},
		{"NumericNotEquals", v("10", "11"), have("11"), false},
		{"NumericLessThan", v("10"), have("9"), true},
		{"NumericLessThan", v("10"), have("10"), false},
		{"NumericLessThan", v("10"), have("-100"), true},
		{"NumericLessThan", v("10"), have("x"), false},
		{"NumericLessThan", v("10"), absent, false},
		{"NumericLessThanEquals", v("10"), have("10"), true},
		{"NumericLessThanEquals", v("10"), have("10.1"), false},
		{"NumericLessThanEquals", v("10"), absent, false},
		{"NumericGreaterThan", v("10"), have("10.5"), true},
		{"NumericGreaterThan", v("10"), have("10"), false},
		{"NumericGreaterThan", v("10"), absent, false},
		{"NumericGreaterThanEquals", v("10"), have("10"), true},
		{"NumericGreaterThanEquals", v("10"), have("9"), false},
		{"NumericGreaterThanEquals", v("100", "10"), have("10"), true},
		{"NumericGreaterThanEquals", v("10"), absent, false},
	})
}

func TestDateOperators(t *testing.T) {
	const day = "2026-11-24T00:00:00Z"
	runConditions(t, []conditionCase{
		{"DateEquals", v("2026-11-24"), have(day), true},
		{"DateEquals", v("2026-11-24"), have("2026-11-24T01:00:00+01:00"), true},
		{"DateEquals", v("2026-11-24"), have("2026-11-25"), false},
		{"DateEquals", v("2026-11-24"), have("today"), false},
		{"DateEquals", v("2026-11-24"), absent, false},
		{"DateEquals", v("1795478400"), have(day), true},
		{"DateNotEquals", v("2026-11-24"), have(day), false},
		{"DateNotEquals", v("2026-11-24"), have("2026-11-25"), true},
		{"DateNotEquals", v("2026-11-24"), absent, true},
		{"DateLessThan", v("2026-11-24"), have("2026-11-23T23:59:59Z"), true},
		{"DateLessThan", v("2026-11-24"), have(day), false},
		{"DateLessThan", v("2026-11-24"), absent, false},
		{"DateLessThanEquals", v("2026-11-24"), have(day), true},
		{"DateLessThanEquals", v("2026-11-24"), have("2026-11-24T00:00:01Z"), false},
		{"DateLessThanEquals", v("2026-11-24"), absent, false},
		{"DateGreaterThan", v("2026-11-24"), have("2026-11-24T00:00:01Z"), true},
		{"DateGreaterThan", v("2026-11-24"), have(day), false},
		{"DateGreaterThan", v("2026-11-24"), absent, false},
		{"DateGreaterThanEquals", v("2026-11-24"), have(day), true},
		{"DateGreaterThanEquals", v("2026-11-24"), have("2026-11-23"), false},
		{"DateGreaterThanEquals", v("2027", "2026"), have(day), true},
		{"DateGreaterThanEquals", v("2026-11-24"), absent, false},
	})
}

func TestBoolBinaryAndNull(t *testing.T) {
	runConditions(t, []conditionCase{
		{"Bool", v("true"), have("true"), true},
		{"Bool", v("true"), have("TRUE"), true},
		{"Bool", v("True"), have("true"), true},
		{"Bool", v(true), have("true"), true},
		{"Bool", v("true"), have("false"), false},
		{"Bool", v("false"), have("false"), true},
		{"Bool", v("false"), have("no"), false},
		{"Bool", v("false"), have("1"), false},
		{"Bool", v("false"), absent, false},
		{"Bool", v("true", "false"), have("false"), true},

		{"BinaryEquals", v("aGVsbG8="), have("hello"), true},
		{"BinaryEquals", v("aGVsbG8="), have("Hello"), false},
		{"BinaryEquals", v("aGVsbG8="), absent, false},
		{"BinaryEquals", v("/w=="), have("\xff"), true},

		{"Null", v("true"), absent, true},
		{"Null", v("true"), have(), true},
		{"Null", v("true"), have(""), false},
		{"Null", v("true"), have("x"), false},
		{"Null", v("false"), have("x"), true},
		{"Null", v("false"), have("x", "y"), true},
		{"Null", v("false"), absent, false},
		{"Null", v(false), have("x"), true},
		{"Null", v("true", "false"), have("x"), true},
		{"Null", v("true", "false"), absent, true},
		{"Null", v(), absent, false},
	})
}

func TestAddressOperators(t *testing.T) {
	runConditions(t, []conditionCase{
		{"IpAddress", v("203.0.113.0/24"), have("203.0.113.9"), true},
		{"IpAddress", v("203.0.113.0/24"), have("203.0.114.9"), false},
		{"IpAddress", v("203.0.113.99/24"), have("203.0.113.9"), true},
		{"IpAddress", v("203.0.113.9"), have("203.0.113.9"), true},
		{"IpAddress", v("203.0.113.9"), have("203.0.113.8"), false},
		{"IpAddress", v("203.0.113.0/24"), have("::ffff:203.0.113.9"), true},
		{"IpAddress", v("2001:db8::/32"), have("2001:db8:1::5"), true},
		{"IpAddress", v("2001:db8::/32"), have("203.0.113.9"), false},
		{"IpAddress", v("0.0.0.0/0"), have("2001:db8::1"), false},
		{"IpAddress", v("203.0.113.0/24", "2001:db8::/32"), have("2001:db8::1"), true},
		{"IpAddress", v("0.0.0.0/0"), have("garbage"), false},
		{"IpAddress", v("0.0.0.0/0"), absent, false},
		{"NotIpAddress", v("203.0.113.0/24"), have("203.0.113.9"), false},
		{"NotIpAddress", v("203.0.113.0/24"), have("198.51.100.1"), true},
		{"NotIpAddress", v("203.0.113.0/24", "198.51.100.0/24"), have("198.51.100.1"), false},
		{"NotIpAddress", v("203.0.113.0/24"), absent, true},
	})
}

func TestARNOperators(t *testing.T) {
	const role = "arn:aws:iam::111122223333:role/team/Dev"
	for _, op := range []string{"ArnEquals", "ArnLike"} {
		runConditions(t, []conditionCase{
			{op, v(role), have(role), true},
			{op, v("arn:aws:iam::*:role/*"), have(role), true},
			{op, v("arn:*:iam::1111????3333:role/team/Dev"), have(role), true},
			{op, v("arn:aws:iam::*:role/Dev"), have(role), false},
			{op, v("arn:aws:iam::*"), have(role), true},
			{op, v("*"), have(role), true},
			{op, v("arn:aws:iam:*:role/team/Dev:*"), have(role), false},
			{op, v("arn:aws:*:role/team/Dev:x:y"), have(role), false}, // no wildcard crosses a colon
			{op, v("arn:aws:sns:*:*:*"), have("arn:aws:sns:us-east-1:111122223333:topic:sub"), true},
			{op, v("arn:aws:iam::111122223333:role/team/dev"), have(role), false},
			{op, v("arn:aws:iam::*:*"), have("role/team/Dev"), false},
			{op, v("*"), have("not an arn"), false},
			{op, v(role), absent, false},
			{op, v("arn:aws:iam::1:role/x", role), have(role), true},
		})
	}
	for _, op := range []string{"ArnNotEquals", "ArnNotLike"} {
		runConditions(t, []conditionCase{
			{op, v(role), have(role), false},
			{op, v("arn:aws:iam::*:role/*"), have(role), false},
			{op, v("arn:aws:iam::*:role/other"), have(role), true},
			{op, v("arn:aws:iam::*:role/other", role), have(role), false},
			{op, v(role), have("not an arn"), true},
			{op, v(role), absent, true},
		})
	}
}

func TestIfExists(t *testing.T) {
	present := map[string][3]any{ // a policy value, a request value that fits, one that does not
		"StringEquals": {"a", "a", "b"}, "StringEqualsIgnoreCase": {"a", "A", "b"}, "StringLike": {"a*", "ab", "b"},
		"StringNotEquals": {"a", "b", "a"}, "StringNotEqualsIgnoreCase": {"a", "b", "A"}, "StringNotLike": {"a*", "b", "ab"},
		"NumericEquals": {"1", "1", "2"}, "NumericNotEquals": {"1", "2", "1"}, "NumericLessThan": {"1", "0", "1"},
		"NumericLessThanEquals": {"1", "1", "2"}, "NumericGreaterThan": {"1", "2", "1"}, "NumericGreaterThanEquals": {"1", "1", "0"},
		"DateEquals": {"2026", "2026", "2027"}, "DateNotEquals": {"2026", "2027", "2026"}, "DateLessThan": {"2026", "2025", "2026"},
		"DateLessThanEquals": {"2026", "2026", "2027"}, "DateGreaterThan": {"2026", "2027", "2026"}, "DateGreaterThanEquals": {"2026", "2026", "2025"},
		"Bool": {"true", "true", "false"}, "BinaryEquals": {"YQ==", "a", "b"},
		"IpAddress": {"10.0.0.0/8", "10.1.1.1", "11.1.1.1"}, "NotIpAddress": {"10.0.0.0/8", "11.1.1.1", "10.1.1.1"},
		"ArnEquals": {"arn:aws:a:::*", "arn:aws:a:::x", "arn:aws:b:::x"}, "ArnLike": {"arn:aws:a:::*", "arn:aws:a:::x", "arn:aws:b:::x"},
		"ArnNotEquals": {"arn:aws:a:::*", "arn:aws:b:::x", "arn:aws:a:::x"}, "ArnNotLike": {"arn:aws:a:::*", "arn:aws:b:::x", "arn:aws:a:::x"},
	}
	for name := range operators {
		row, ok := present[name]
		if !ok {
			if name != "Null" {
				t.Errorf("operator %s has no row", name)
			}
			continue
		}
		negated := operators[name].negated
		runConditions(t, []conditionCase{
			{name, v(row[0]), have(row[1].(string)), true},
			{name, v(row[0]), have(row[2].(string)), false},
			{name, v(row[0]), absent, negated},
			{name + "IfExists", v(row[0]), have(row[1].(string)), true},
			{name + "IfExists", v(row[0]), have(row[2].(string)), false},
			{name + "IfExists", v(row[0]), absent, true},
			{"ForAnyValue:" + name, v(row[0]), have(row[2].(string), row[1].(string)), true},
			{"ForAnyValue:" + name, v(row[0]), have(row[2].(string)), false},
			{"ForAnyValue:" + name, v(row[0]), absent, false},
			{"ForAnyValue:" + name + "IfExists", v(row[0]), absent, true},
			{"ForAllValues:" + name, v(row[0]), have(row[1].(string), row[1].(string)), true},
			{"ForAllValues:" + name, v(row[0]), have(row[1].(string), row[2].(string)), false},
			{"ForAllValues:" + name, v(row[0]), absent, true},
			{"ForAllValues:" + name + "IfExists", v(row[0]), have(row[2].(string)), false},
		})
	}
}

func TestSetOperators(t *testing.T) {
	runConditions(t, []conditionCase{
		{"ForAllValues:StringEquals", v("a", "b"), have("a", "b"), true},
		{"ForAllValues:StringEquals", v("a", "b"), have("a"), true},
		{"ForAllValues:StringEquals", v("a", "b"), have("a", "c"), false},
		{"ForAllValues:StringEquals", v("a"), have(), true},
		{"ForAllValues:StringNotEquals", v("a", "b"), have("c", "d"), true},
		{"ForAllValues:StringNotEquals", v("a", "b"), have("c", "a"), false},
		{"ForAllValues:StringLike", v("a*"), have("ab", "ac"), true},
		{"ForAllValues:StringLike", v("a*"), have("ab", "b"), false},
		{"ForAnyValue:StringEquals", v("a", "b"), have("c", "b"), true},
		{"ForAnyValue:StringEquals", v("a", "b"), have("c", "d"), false},
		{"ForAnyValue:StringEquals", v("a"), have(), false},
		{"ForAnyValue:StringNotEquals", v("a", "b"), have("a", "c"), true},
		{"ForAnyValue:StringNotEquals", v("a", "b"), have("a", "b"), false},
	})
}

func TestVariablesInConditions(t *testing.T) {
	type row struct {
		operator, value string
		request         Context
		want            bool
	}
	user := func(name, x string) Context { return ctx("aws:username", name, key, x) }
	for _, tt := range []row{
		{"StringEquals", "${aws:username}", user("Maria", "Maria"), true},
		{"StringEquals", "${aws:username}", user("Maria", "Bob"), false},
		{"StringEquals", "${aws:username}", ctx(key, "Maria"), false},
		{"StringNotEquals", "${aws:username}", ctx(key, "Maria"), true},
		{"StringEqualsIgnoreCase", "${aws:username}", user("Maria", "MARIA"), true},
		{"StringLike", "${aws:username}/*", user("Maria", "Maria/x"), true},
		{"StringLike", "${aws:username}/*", user("*", "Maria/x"), false},
		{"StringLike", "${aws:username, 'all'}/*", ctx(key, "all/x"), true},
		{"ArnLike", "arn:aws:iam::*:user/${aws:username}", user("Maria", "arn:aws:iam::1:user/Maria"), true},
		{"ArnLike", "arn:aws:iam::*:user/${aws:username}", user("*", "arn:aws:iam::1:user/Maria"), false},
		{"ArnEquals", "${aws:username}", user("arn:aws:iam::1:user/Maria", "arn:aws:iam::1:user/Maria"), true},
		{"ArnEquals", "${aws:username}", user("*", "arn:aws:iam::1:user/Maria"), false},
		{"StringEqualsIfExists", "${aws:username}", ctx("aws:username", "Maria"), true},
	} {
		p := identity(t, allow("a:b").on("*").when(tt.operator, key, tt.value))
		if got := ask(p, "a:b", "*", tt.request); got != tt.want {
			t.Errorf("%s %s on %v = %t, want %t", tt.operator, tt.value, tt.request, got, tt.want)
		}
	}
	old := mustParse(t, Identity, "", allow("a:b").on("*").when("StringEquals", key, "${aws:username}"))
	if ask(old, "a:b", "*", user("Maria", "Maria")) || !ask(old, "a:b", "*", user("Maria", "${aws:username}")) {
		t.Error("a policy of 2008 substitutes variables")
	}
}

// All operators and all keys must hold.
func TestConditionsAreAllNeeded(t *testing.T) {
	p := identity(t, allow("a:b").on("*").
		when("StringEquals", "x", "1").when("StringEquals", "Y", "2").when("Bool", "z", "true"))
	for _, tt := range []struct {
		request Context
		want    bool
	}{
		{ctx("x", "1", "y", "2", "z", "true"), true},
		{ctx("x", "0", "y", "2", "z", "true"), false},
		{ctx("x", "1", "y", "0", "z", "true"), false},
		{ctx("x", "1", "y", "2", "z", "false"), false},
		{ctx("x", "1", "y", "2"), false},
		{nil, false},
	} {
		if got := ask(p, "a:b", "*", tt.request); got != tt.want {
			t.Errorf("%v: allowed %t", tt.request, got)
		}
	}
}

func TestKeysCompareWithoutCase(t *testing.T) {
	p := identity(t, allow("a:b").on("*").when("StringEquals", "AWS:PrincipalTag/Cost-Center", "7"))
	if !ask(p, "a:b", "*", ctx("aws:principaltag/cost-center", "7")) {
		t.Error("the key's case matters")
	}
}
