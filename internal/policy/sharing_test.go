package policy

import (
	"slices"
	"strconv"
	"testing"
)

// sharers are two condition keys that an evaluation keeps in one place.
func sharers() (a, b string) {
	a = "example:a"
	for i := 0; ; i++ {
		b = "example:b" + strconv.Itoa(i)
		if newKey(b).slot == newKey(a).slot {
			return a, b
		}
	}
}

// What was read of one key must not stand for another in its place.
func TestKeysThatShareAPlace(t *testing.T) {
	a, b := sharers()
	both := func(operator, x, y string) *Policy {
		return identity(t, allow("a:b").on("*").when(operator, a, x).when(operator, b, y))
	}
	for _, tt := range []struct {
		name string
		p    *Policy
		c    Context
		want bool
	}{
		{"numbers, both fit", both("NumericLessThan", "10", "10"), ctx(a, "5", b, "6"), true},
		{"numbers, the first does not", both("NumericLessThan", "10", "10"), ctx(a, "50", b, "6"), false},
		{"numbers, the second does not", both("NumericLessThan", "10", "10"), ctx(a, "5", b, "60"), false},
		{"the second is no number", both("NumericLessThan", "10", "10"), ctx(a, "5", b, "few"), false},
		{"the second is absent", both("NumericLessThan", "10", "10"), ctx(a, "5"), false},
		{"booleans", both("Bool", "true", "false"), ctx(a, "true", b, "false"), true},
		{"booleans, the second is not", both("Bool", "true", "true"), ctx(a, "true", b, "false"), false},
		{"a variable", identity(t, allow("a:b").on("*").when("StringEquals", a, "${"+b+"}")), ctx(a, "x", b, "x"), true},
		{"a variable, other", identity(t, allow("a:b").on("*").when("StringEquals", a, "${"+b+"}")), ctx(a, "x", b, "y"), false},
		{"variables of many values", identity(t, allow("a:b").on("*").when("ForAllValues:StringEquals", a, "${"+b+"}")), Context{a: {"x", "y"}, b: {"x"}}, false},
	} {
		if got := ask(tt.p, "a:b", "*", tt.c); got != tt.want {
			t.Errorf("%s: allowed %t", tt.name, got)
		}
	}
}

// More conditions than are remembered are all decided.
func TestPoliciesOfManyConditions(t *testing.T) {
	s := allow("a:b").on("*")
	c := Context{}
	for i := range remembered + 8 {
		key := "example:k" + strconv.Itoa(i)
		s = s.when("StringEquals", key, "x")
		c[key] = []string{"x"}
	}
	p := identity(t, s)
	if !ask(p, "a:b", "*", c) {
		t.Error("conditions that all hold do not allow")
	}
	for key := range c {
		c[key] = []string{"y"}
		if ask(p, "a:b", "*", c) {
			t.Errorf("%s does not matter", key)
		}
		c[key] = []string{"x"}
	}
}

func TestExplainSaysWhereAStatementIs(t *testing.T) {
	p := identity(t, allow("a:b").on("*"))
	x := Explain(Set{Identity: []*Policy{p}}, &Request{Action: "a:b", Resource: "*", Caller: maria})
	if len(x.Matched) != 1 || x.Matched[0].Start != p.statements[0].start || x.Matched[0].End != p.statements[0].end || x.Matched[0].End.Column < 2 {
		t.Errorf("%+v", x.Matched)
	}
}

func TestReadableValues(t *testing.T) {
	for _, tt := range []struct {
		operator, text string
		want           bool
	}{
		{"NumericEquals", "1.5", true}, {"NumericEquals", "x", false},
		{"DateLessThan", "2026-01-01", true}, {"DateLessThan", "x", false},
		{"IpAddress", "10.0.0.1", true}, {"IpAddress", "10.0.0.0/8", false},
		{"Bool", "TRUE", true}, {"Bool", "yes", false},
		{"StringEquals", "anything", true}, {"BinaryEquals", "anything", true},
		{"Nope", "true", false},
	} {
		if got := Readable(tt.operator, tt.text); got != tt.want {
			t.Errorf("Readable(%s, %s) = %t", tt.operator, tt.text, got)
		}
	}
}

// All keys that a statement asks for and the request lacks are wanted, also
// behind the first condition that fails.
func TestExplainNamesAllMissingKeys(t *testing.T) {
	p := identity(t, allow("a:b").on("*").when("StringEquals", "x:First", "1").when("StringLike", "x:Second", "${x:Third}").when("Bool", "x:Fourth", "true"))
	x := Explain(Set{Identity: []*Policy{p}}, &Request{Action: "a:b", Resource: "*", Caller: maria, Context: ctx("x:second", "2")})
	if want := []string{"x:First", "x:Third", "x:Fourth"}; !slices.Equal(x.Missing, want) {
		t.Errorf("%q, want %q", x.Missing, want)
	}
}

// TestStatementsInARow: statements that write the same list, one in the "Not"
// form or with the other effect, have answers of their own.
func TestStatementsInARow(t *testing.T) {
	push, pull := `"Action":"codecommit:GitPush"`, `"NotAction":"codecommit:GitPush"`
	mine, others := `"Resource":"`+repo+`"`, `"NotResource":"`+repo+`"`
	own := `"NotResource":"arn:aws:codecommit:us-east-2:111122223333:${aws:PrincipalTag/none}"`
	for _, c := range []struct {
		name       string
		statements string
		resource   string
		want       Decision
	}{
		{"Action, then NotAction", `{"Effect":"Allow",` + push + `,` + mine + `},{"Sid":"x","Effect":"Allow",` + pull + `,` + mine + `}`, repo, Decision{Allowed: true, Sid: "x", Statement: 1}},
		{"NotAction, then Action", `{"Sid":"x","Effect":"Allow",` + pull + `,` + mine + `},{"Effect":"Deny",` + push + `,` + mine + `}`, repo, Decision{Allowed: true, Sid: "x"}},
		{"Resource, then NotResource", `{"Effect":"Allow",` + pull + `,` + mine + `},{"Sid":"x","Effect":"Allow",` + pull + `,` + others + `}`, repo + "2", Decision{Allowed: true, Sid: "x", Statement: 1}},
		{"NotResource, then Resource", `{"Sid":"x","Effect":"Allow",` + pull + `,` + others + `},{"Effect":"Deny",` + pull + `,` + mine + `}`, repo + "2", Decision{Allowed: true, Sid: "x"}},
		{"a variable without value, Allow, then Deny", `{"Effect":"Allow",` + pull + `,` + own + `},{"Sid":"x","Effect":"Deny",` + pull + `,` + own + `}`, repo, Decision{Explicit: true, Sid: "x", Statement: 1}},
		{"a variable without value, Deny, then Allow", `{"Sid":"x","Effect":"Deny",` + push + `,` + own + `},{"Effect":"Allow",` + pull + `,` + own + `}`, repo, Decision{Statement: -1}},
	} {
		p, err := Parse(Identity, `{"Version":"2012-10-17","Statement":[`+c.statements+`]}`)
		if err != nil {
			t.Fatal(c.name, err)
		}
		got := Decide(Set{Identity: []*Policy{p}}, &Request{Action: "codecommit:GitPull", Resource: c.resource, ResourceAccount: here, Caller: dev, Context: Context{}})
		if got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}

// TestAConditionThatFailedBefore fails for every statement that asks for it.
func TestAConditionThatFailedBefore(t *testing.T) {
	only := allow("a:b").on("*").when("StringEquals", "example:k", "x")
	if ask(identity(t, only, only), "a:b", "*", ctx("example:k", "y")) {
		t.Error("the second statement allows what the first does not")
	}
	never := deny("a:b").on("*").when("StringEquals", "example:k", "x")
	if !ask(identity(t, never, never, allow("a:b").on("*")), "a:b", "*", ctx("example:k", "y")) {
		t.Error("the second statement denies what the first does not")
	}
	both := only.when("StringEquals", "example:l", "z")
	if ask(identity(t, only, both, only), "a:b", "*", ctx("example:k", "y", "example:l", "z")) {
		t.Error("another condition stands for the one that failed")
	}
}
