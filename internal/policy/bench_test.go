package policy

import (
	"fmt"
	"testing"
)

// benchContext is about what the gate fills for a role session.
func benchContext() Context {
	c := ctx("aws:currenttime", "2026-11-24T10:20:30Z", "aws:epochtime", "1795515630", "aws:securetransport", "true",
		"aws:sourceip", "203.0.113.9", "aws:useragent", "git/2.50", "aws:principalarn", dev.PrincipalARN, "aws:principalaccount", here,
		"aws:principaltype", "AssumedRole", "aws:userid", dev.ID+":Maria", "aws:tokenissuetime", "2026-11-24T10:00:00Z",
		"aws:multifactorauthpresent", "true", "aws:principaltag/team", "core", "aws:resourcetag/team", "core", "codecommit:references", "refs/heads/main")
	return c
}

// Fifty statements of the action's service, none of which speaks of the resource.
func BenchmarkMiss50Statements(b *testing.B) {
	var statements []stmt
	for i := range 50 {
		statements = append(statements, allow("codecommit:Git*", "codecommit:Get*").on(fmt.Sprintf("arn:aws:codecommit:us-east-2:111122223333:team-%d-*", i)))
	}
	benchmark(b, Set{Identity: []*Policy{identity(b, statements...)}}, false)
}

// Ten policies of ten statements with five conditions each, of which the last
// statement allows. The first condition of all others fails.
func BenchmarkTenPoliciesOfTenLastDecides(b *testing.B) {
	benchmark(b, tenOfTen(b, func(n int) stmt {
		return conditioned(fmt.Sprint("team", n), "2027-01-01T00:00:00Z")
	}), true)
}

// The same, but it is the last condition of each that fails.
func BenchmarkTenPoliciesOfTenAllConditions(b *testing.B) {
	benchmark(b, tenOfTen(b, func(n int) stmt {
		return conditioned("core", fmt.Sprintf("2025-01-01T00:00:%02dZ", n%60))
	}), true)
}

func tenOfTen(b *testing.B, other func(n int) stmt) (s Set) {
	for i := range 10 {
		var statements []stmt
		for j := range 10 {
			statements = append(statements, other(10*i+j))
		}
		if i == 9 {
			statements[9] = conditioned("core", "2027-01-01T00:00:00Z")
		}
		s.Identity = append(s.Identity, identity(b, statements...))
	}
	return s
}

func conditioned(team, before string) stmt {
	return allow("codecommit:*").on("arn:aws:codecommit:us-east-2:111122223333:My*").
		when("Bool", "aws:SecureTransport", "true").
		when("IpAddress", "aws:SourceIp", "203.0.113.0/24", "198.51.100.0/24").
		when("StringEquals", "aws:ResourceTag/team", team).
		when("DateLessThan", "aws:CurrentTime", before).
		when("StringLikeIfExists", "codecommit:References", "refs/heads/*")
}

func BenchmarkParseTenStatements(b *testing.B) {
	var statements []stmt
	for i := range 10 {
		statements = append(statements, conditioned(fmt.Sprint("team", i), "2027-01-01T00:00:00Z"))
	}
	text := written(version2012, statements...)
	b.ReportAllocs()
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if _, err := ParseManaged(text); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkExplicitDeny(b *testing.B) {
	branch, err := ParseManaged(branchPolicy)
	if err != nil {
		b.Fatal(err)
	}
	benchmark(b, Set{Identity: []*Policy{identity(b, allow("codecommit:*").on("*")), branch}}, true)
}

func BenchmarkAssumeRole(b *testing.B) {
	s := Set{Identity: []*Policy{identity(b, allow(assume).on(roleARN))}, Trust: trust(b, allow(assume).aws(here))}
	r := &Request{Action: assume, Resource: roleARN, ResourceAccount: here, Caller: dev, Context: benchContext()}
	b.ReportAllocs()
	for b.Loop() {
		if !Decide(s, r).Allowed {
			b.Fatal("refused")
		}
	}
}

func benchmark(b *testing.B, s Set, want bool) {
	r := &Request{Action: "codecommit:GitPush", Resource: repo, ResourceAccount: here, Caller: dev, Context: benchContext()}
	b.ReportAllocs()
	for b.Loop() {
		if Decide(s, r).Allowed != want {
			b.Fatal("decided otherwise")
		}
	}
}

func BenchmarkParse(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ParseManaged(branchPolicy); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkGlobPathological(b *testing.B) {
	text := ""
	pattern := ""
	for range 200 {
		text += "a"
		pattern += "*a"
	}
	pattern = encodeWild(pattern + "*b")
	b.ReportAllocs()
	for b.Loop() {
		if match(pattern, text) {
			b.Fatal("matched")
		}
	}
}

// A decision without policy variables takes no memory.
func TestDecideDoesNotAllocate(t *testing.T) {
	s := Set{
		Identity: []*Policy{identity(t, allow("iam:*").on("*"), allow("codecommit:*").on("arn:aws:codecommit:*:*:My*").
			when("StringLike", "codecommit:References", "refs/heads/*").when("IpAddress", "aws:SourceIp", "203.0.113.0/24").
			when("DateLessThan", "aws:CurrentTime", "2027").when("ArnLike", "aws:PrincipalArn", "arn:aws:iam::*:role/*").
			when("NumericGreaterThan", "aws:EpochTime", "1").when("Null", "aws:username", "true"))},
		Boundary: mustParse(t, Boundary, version2012, allow("*").on("*"), deny("codecommit:Delete*").on("*")),
		Session:  []*Policy{mustParse(t, Session, version2012, allow("codecommit:Git*").on(repo))}, HasSession: true,
	}
	r := &Request{Action: "codecommit:GitPush", Resource: repo, ResourceAccount: here, Caller: dev, Context: benchContext()}
	allocs := testing.AllocsPerRun(100, func() {
		if !Decide(s, r).Allowed {
			t.Fatal("refused")
		}
	})
	if allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
}
