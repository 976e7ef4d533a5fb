package policy

import (
	"slices"
	"testing"
)

// The places are those that IAM reports for the documents in its own examples.
func TestPositionsOfStatements(t *testing.T) {
	for _, tt := range []struct {
		text string
		want [][2]Position
	}{
		{
			`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"dynamodb:*","Resource":"*","Condition":{"DateGreaterThan":{"aws:CurrentTime":"2018-08-16T12:00:00Z"}}}}`,
			[][2]Position{{{1, 38}, {1, 167}}},
		},
		{
			"{\n  \"Version\":\"2012-10-17\",\n  \"Statement\":{\n    \"Effect\":\"Allow\",\n    \"Action\":\"s3:PutObject\",\n    \"Resource\":\"arn:aws:s3:::my-test-bucket\"\n  }\n}",
			[][2]Position{{{3, 16}, {7, 4}}},
		},
		{
			"{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [\n    {\n      \"Effect\": \"Allow\",\n      \"Action\": [\n        \"s3:Get*\",\n        \"s3:List*\"\n      ],\n      \"Resource\": \"*\"\n    }\n  ]\n}\n",
			[][2]Position{{{3, 17}, {11, 6}}},
		},
		{
			`{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}, {"Effect": "Deny", "Action": "s3:*", "Resource": "*"}]}`,
			[][2]Position{{{1, 41}, {1, 95}}, {{1, 95}, {1, 150}}},
		},
		{
			"{\"Id\":\"ü\\u00fc\",\"Statement\":[ {\"Effect\":\"Allow\",\"Action\":\"s3:*\",\"Resource\":\"*\"}\r\n,\n {\"Effect\":\"Deny\",\"Action\":\"s3:*\",\"Resource\":\"*\"} ]}",
			[][2]Position{{{1, 30}, {1, 80}}, {{1, 80}, {3, 50}}},
		},
		{
			"{\"Statement\":[\n{\"Effect\":\"Allow\",\"Action\":\"s3:*\",\"Resource\":\"*\"}]}",
			[][2]Position{{{1, 15}, {2, 50}}},
		},
	} {
		p, err := Parse(Identity, tt.text)
		if err != nil {
			t.Fatalf("Parse(%s): %v", tt.text, err)
		}
		for i, want := range tt.want {
			if got := [2]Position{p.statements[i].start, p.statements[i].end}; got != want {
				t.Errorf("statement %d of %s: %v, want %v", i, tt.text, got, want)
			}
		}
	}
}

func TestExplainNamesEveryMatch(t *testing.T) {
	named := func(p *Policy, name string) *Policy { p.Name = name; return p }
	first := named(identity(t, allow("iam:*").on("*"), allow(pull).on("*").sid("Pull"), allow("codecommit:*").on(repo).sid("All")), "first")
	second := named(identity(t, deny(pull).on("*").when("Bool", "aws:SecureTransport", "false").sid("Plain"), allow(pull).on("*")), "second")
	boundary := named(mustParse(t, Boundary, version2012, allow("iam:*").on("*")), "edge")
	session := named(mustParse(t, Session, version2012, allow("*").on("*").sid("Session")), "narrow")
	own := named(resourceBased(t, allow(pull).on(repo).aws(dev.PrincipalARN).sid("Own"), allow(pull).on(repo).aws(there)), "own")
	s := Set{Identity: []*Policy{first, second}, Boundary: boundary, Session: []*Policy{session}, HasSession: true, Resource: own}

	type match struct {
		kind   Kind
		policy string
		index  int
		sid    string
		deny   bool
	}
	for _, tt := range []struct {
		secure   string
		decision Decision
		answers  [4]Answer
		matches  []match
	}{
		{
			"true", Decision{By: Boundary, Statement: -1}, [4]Answer{Allowed, ImplicitDeny, Allowed, Allowed},
			[]match{{Identity, "first", 1, "Pull", false}, {Identity, "first", 2, "All", false}, {Identity, "second", 1, "", false}, {Session, "narrow", 0, "Session", false}, {Resource, "own", 0, "Own", false}},
		},
		{
			"false", Decision{Explicit: true, By: Identity, PolicyName: "second", Sid: "Plain"}, [4]Answer{ExplicitDeny, ImplicitDeny, Allowed, Allowed},
			[]match{{Identity, "first", 1, "Pull", false}, {Identity, "first", 2, "All", false}, {Identity, "second", 0, "Plain", true}, {Identity, "second", 1, "", false}, {Session, "narrow", 0, "Session", false}, {Resource, "own", 0, "Own", false}},
		},
	} {
		x := Explain(s, &Request{Action: pull, Resource: repo, Caller: dev, Context: ctx("aws:securetransport", tt.secure)})
		if x.Decision != tt.decision {
			t.Errorf("%+v, want %+v", x.Decision, tt.decision)
		}
		if got := [4]Answer{x.Identity, x.Boundary, x.Session, x.Resource}; got != tt.answers {
			t.Errorf("%v, want %v", got, tt.answers)
		}
		var got []match
		for _, m := range x.Matched {
			got = append(got, match{m.Kind, m.Policy.Name, m.Statement, m.Sid, m.Deny})
		}
		if !slices.Equal(got, tt.matches) {
			t.Errorf("%v, want %v", got, tt.matches)
		}
	}
}

func TestExplainOfATrustPolicy(t *testing.T) {
	p := trust(t, allow(assume).aws(here))
	for caller, want := range map[*Caller]Answer{&maria: Allowed, &stranger: ImplicitDeny} {
		x := Explain(Set{Trust: p}, &Request{Action: assume, Resource: roleARN, Caller: *caller})
		if x.Allowed || x.Resource != want || len(x.Matched) != int(want/Allowed) {
			t.Errorf("%s: %+v", caller.ARN, x)
		}
	}
}

func TestMissingContextKeys(t *testing.T) {
	p := identity(t,
		allow("iam:*").on("*").when("StringEquals", "iam:Unasked", "x"),
		allow(pull).on("arn:aws:codecommit:*:*:${aws:PrincipalTag/Team}-*", repo).
			when("StringEquals", "aws:UserName", "${AWS:UserId}").when("Bool", "aws:SecureTransport", "true").when("Null", "codecommit:References", "true"),
		deny(pull).on("*").when("StringNotEquals", "AWS:username", "x").when("NumericLessThanIfExists", "aws:MultiFactorAuthAge", "5"))
	x := Explain(Set{Identity: []*Policy{p}}, &Request{Action: pull, Resource: repo, Caller: maria, Context: ctx("aws:securetransport", "false")})
	want := []string{"aws:PrincipalTag/Team", "codecommit:References", "aws:UserName", "aws:MultiFactorAuthAge"}
	if slices.Sort(want); !slices.Equal(slices.Sorted(slices.Values(x.Missing)), want) {
		t.Errorf("%q, want %q", x.Missing, want)
	}
	full := Context{"aws:principaltag/team": {"a"}, "aws:username": {"m"}, "aws:userid": {"m"}, "aws:securetransport": {"true"}, "codecommit:references": {"r"}, "aws:multifactorauthage": {"7"}}
	if x := Explain(Set{Identity: []*Policy{p}}, &Request{Action: pull, Resource: repo, Caller: maria, Context: full}); x.Missing != nil {
		t.Errorf("%q, want none", x.Missing)
	}
}

func TestContextKeys(t *testing.T) {
	p := identity(t,
		allow(pull).on("arn:aws:codecommit:*:*:${aws:PrincipalTag/Team, 'x'}-*").when("StringEquals", "aws:UserName", "${aws:userid}", "${*}").when("Bool", "AWS:USERNAME", "true"),
		deny("*").on("*").when("StringLike", "codecommit:References", "refs/*"))
	want := []string{"aws:PrincipalTag/Team", "aws:UserName", "aws:userid", "codecommit:References"}
	if got := p.ContextKeys(); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	old := mustParse(t, Identity, "", allow(pull).on("*").when("StringEquals", "a:b", "${aws:userid}"))
	if got := old.ContextKeys(); !slices.Equal(got, []string{"a:b"}) {
		t.Errorf("a policy of 2008 asks for %q", got)
	}
	if got := identity(t, allow(pull).on("*")).ContextKeys(); got != nil {
		t.Errorf("%q, want none", got)
	}
}
