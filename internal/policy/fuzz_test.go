package policy

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

// fuzzRequests are put to every document that the fuzzer finds acceptable.
var fuzzRequests = []Request{
	{Action: "codecommit:GitPush", Resource: repo, Caller: maria},
	{Action: "codecommit:GitPush", Resource: repo, Caller: dev, Context: ctx("codecommit:references", "refs/heads/main", "aws:username", "*", "a", "2026", "b", "10.0.0.1", "c", "\xff")},
	{Action: "s3:ListBucket", Resource: "arn:aws:s3:::b", Caller: maria, Context: Context{"a": {"1", "true"}, "aws:tagkeys": {"x", ""}, "empty": {}}},
	{Action: assume, Resource: roleARN, Caller: stranger, Context: ctx("sts:externalid", "x")},
	{Action: "sts:AssumeRoleWithWebIdentity", Resource: roleARN, ResourceAccount: here, Caller: github},
	{Action: "", Resource: "", Caller: Caller{}},
	{Action: ":", Resource: "*", Caller: nobody},
}

func FuzzParse(f *testing.F) {
	f.Add(uint8(Identity), branchPolicy)
	f.Add(uint8(Session), with(`"Condition":{"DateLessThan":{"a":"2026-11-24T10:20:30.5+01:00"},"ForAnyValue:IpAddressIfExists":{"b":"10.0.0.0/8"}}`))
	f.Add(uint8(Boundary), with(`"NotResource":"arn:aws:s3:::${aws:username, 'x'}/*","NotAction":["s3:*"],"Sid":"x"`))
	f.Add(uint8(Identity), with(`"Condition":{"ArnLike":{"a":"arn:*:iam::*:role/?${c}"},"Null":{"c":true},"NumericEquals":{"a":1.5},"BinaryEquals":{"c":"/w=="}}`))
	f.Add(uint8(Trust), written(version2012, allow(assume, "sts:TagSession").aws(there, maria.ARN, dev.ID).when("StringEquals", "sts:ExternalId", "x"), deny("sts:*").notAWS(here)))
	f.Add(uint8(Trust), written("", allow("sts:*").from("*"), allow("sts:AssumeRoleWithWebIdentity").from(map[string]any{"Federated": github.Federated})))
	f.Add(uint8(Resource), written(version2012, allow(pull).on(repo).aws(maria.ARN, there), deny("*").off(repo).notAWS(here, dev.ARN)))
	f.Add(uint8(Identity), written(version2012, deny("*").on("*").when("ForAllValues:StringNotLike", "a", "*?*")))
	f.Fuzz(func(t *testing.T, kind uint8, text string) {
		p, err := Parse(Kind(kind%6), text)
		if err != nil {
			if err.Error() == "" || len(err.Error()) > len(text)+400 {
				t.Fatalf("refused %q with %q", text, err)
			}
			return
		}
		again, err := Parse(Kind(kind%6), rewritten(t, text))
		if err != nil {
			t.Fatalf("accepted %q but not the same document in other white space: %v", text, err)
		}
		sameAgain(t, p)
		for i := range fuzzRequests {
			r := &fuzzRequests[i]
			for _, place := range []func(*Policy) Set{inIdentity, inBoundary, inSession, inTrust, inResource} {
				d := Decide(place(p), r)
				if d != Decide(place(again), r) {
					t.Fatalf("%q decides %+v otherwise in other white space", text, r)
				}
				if d.Allowed && allDeny(p) && place(p).Boundary == nil && len(place(p).Session) == 0 && place(p).Resource == nil && !r.Caller.Root {
					t.Fatalf("%q has only Deny statements and allows %+v", text, r)
				}
				if x := Explain(place(p), r); x.Decision != d {
					t.Fatalf("%q is explained as %+v and decided %+v for %+v", text, x.Decision, d, r)
				}
				_ = d.Reason(r.Action)
			}
		}
	})
}

// FuzzStatement puts fuzzed words where only the language looks at them, so
// that most documents are accepted. A Deny may only ever take away.
func FuzzStatement(f *testing.F) {
	f.Add("codecommit:Git*", "arn:aws:codecommit:*:*:${aws:username}-*", "StringLike", "a", "20?6", true)
	f.Add("s3:*", "*", "DateLessThanIfExists", "a", "2027-01-01T00:00:00.5+01:00", true)
	f.Add("*", "arn:aws:s3:*", "ForAllValues:ArnNotLike", "aws:TagKeys", "arn:*:x:::${c, 'd'}", false)
	f.Add("sts:AssumeRole", roleARN, "NotIpAddress", "b", "::ffff:10.0.0.0/104", true)
	f.Add("codecommit:GitPush", repo, "ForAnyValue:NumericGreaterThanEquals", "a", "-01.50", false)
	f.Add("codecommit:?it?ush", repo, "Null", "empty", "true", false)
	f.Fuzz(func(t *testing.T, action, resource, operator, key, value string, variables bool) {
		version := version2008
		if variables {
			version = version2012
		}
		allowing, err := Parse(Identity, written(version, allow(action).on(resource).when(operator, key, value)))
		if err != nil {
			return
		}
		denying, err := Parse(Identity, written(version, deny(action).on(resource).when(operator, key, value)))
		if err != nil {
			t.Fatalf("accepted as Allow, refused as Deny: %v", err)
		}
		for i := range fuzzRequests {
			r := &fuzzRequests[i]
			applies := Decide(inIdentity(allowing), r).Allowed
			if Decide(inIdentity(denying), r).Allowed {
				t.Fatalf("a Deny allows %+v", r)
			}
			both := Decide(Set{Identity: []*Policy{allowing, denying}}, r)
			if both.Allowed || applies && !both.Explicit {
				t.Fatalf("the Deny of what is allowed gives %+v for %+v", both, r)
			}
		}
	})
}

var yesToAll, _ = Parse(Identity, `{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`)

func inIdentity(p *Policy) Set { return Set{Identity: []*Policy{p}} }
func inResource(p *Policy) Set { return Set{Identity: []*Policy{yesToAll}, Resource: p} }
func inTrust(p *Policy) Set    { return Set{Identity: []*Policy{yesToAll}, Trust: p} }
func inBoundary(p *Policy) Set { return Set{Identity: []*Policy{yesToAll}, Boundary: p} }
func inSession(p *Policy) Set {
	return Set{Identity: []*Policy{yesToAll}, Session: []*Policy{p}, HasSession: true}
}

func allDeny(p *Policy) bool {
	for i := range p.statements {
		if !p.statements[i].deny {
			return false
		}
	}
	return true
}

// rewritten is the document with other white space and, where the characters
// allow it, other escapes.
func rewritten(t *testing.T, text string) string {
	t.Helper()
	var out bytes.Buffer
	if err := json.Indent(&out, []byte(text), " ", "\t"); err != nil {
		t.Fatalf("accepted %q, which is not JSON: %v", text, err)
	}
	return strings.ReplaceAll(out.String(), "ü", `\u00fc`)
}
