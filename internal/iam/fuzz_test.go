package iam

import (
	"encoding/json"
	"strings"
	"testing"

	"sojourn/internal/awserr"
	"sojourn/internal/policy"
	"sojourn/internal/wire/iamwire"
)

// A marker is what this list gave out, letter by letter, or it is refused.
func FuzzMarker(f *testing.F) {
	f.Add(makeMarker("ListUsers", "maria"))
	f.Add(makeMarker("ListUsers", ""))
	f.Add(makeMarker("ListRoles", "x"))
	f.Add("TGlzdFVzZXJzAG1hcmlh=")
	f.Fuzz(func(t *testing.T, marker string) {
		key, ok := openMarker("ListUsers", marker)
		if ok && makeMarker("ListUsers", key) != marker {
			t.Errorf("%q is taken as the marker of %q", marker, key)
		}
	})
}

// An issuer that is accepted is kept as it is and cannot act as a pattern or a
// policy variable where its name is used.
func FuzzIssuer(f *testing.F) {
	for _, s := range []string{"https://accounts.google.com", "https://login.example.com:8443/realms/x", "https://[::1]/", "https://a?b", "https://u@h"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, url string) {
		rest, err := issuer(url)
		if err != nil {
			return
		}
		if "https://"+rest != url || len(url) > issuerSize || strings.ContainsAny(rest, "*?${}#\\\" \t\n") {
			t.Errorf("%q is kept as %q", url, rest)
		}
		if ref, err := parseProviderARN(new(providerARN(here, rest))); err != nil || ref.url != rest {
			t.Errorf("%q: its ARN reads as %+v, %v", url, ref, err)
		}
	})
}

// A trust policy that the language accepts comes through unchanged when no
// principal is renamed, and stays a policy with the same shape when all are.
func FuzzMapPrincipals(f *testing.F) {
	f.Add(trust)
	f.Add(trusting("*", here, "arn:aws:iam::"+here+":user/maria"))
	f.Add(`{"Statement":{"Effect":"Deny","NotPrincipal":{"AWS":"\u0041IDAAAAAAAAAAAAAAAAAA"},"Action":"sts:AssumeRole"}}`)
	f.Fuzz(func(t *testing.T, document string) {
		if _, err := policy.Parse(policy.Trust, document); err != nil {
			_, _ = mapPrincipals(document, strings.ToUpper)
			return
		}
		same, err := mapPrincipals(document, func(s string) string { return s })
		if err != nil || same != document {
			t.Fatalf("%s\nbecomes %s, %v", document, same, err)
		}
		changed, err := mapPrincipals(document, func(string) string { return here })
		if err != nil || !json.Valid([]byte(changed)) {
			t.Fatalf("%s\nbecomes %s, %v", document, changed, err)
		}
		if _, err := policy.Parse(policy.Trust, changed); err != nil {
			t.Fatalf("%s\nbecomes %s, which does not parse: %v", document, changed, err)
		}
	})
}

// FuzzSimulation puts fuzzed words into a question: it is refused with
// InvalidInput or answered, and a Deny of everything always wins.
func FuzzSimulation(f *testing.F) {
	f.Add("s3:GetObject", "arn:aws:s3:::b/k", mateo, "arn:aws:iam::111122223333:root", "aws:username", "string", "mateo")
	f.Add("codecommit:GitPush", "arn:aws:codecommit:us-east-1:444455556666:R", arnav, "", "codecommit:References", "stringList", "refs/heads/main")
	f.Add("iam:CreateUser", "*", "", "", "a:b", "binary", "/w==")
	f.Add("a:b", "arn:::::", "arn:aws:iam::111122223333:user/", "111122223333", "", "dateList", "2026")
	f.Fuzz(func(t *testing.T, action, resource, caller, owner, key, kind, value string) {
		q := question{
			PolicyInputList: []string{said("Allow", "*", "*", ""), said("Deny", "*", "*", "")}, ResourcePolicy: new(said("Allow", "*", "*", from("*"))),
			ActionNames: []string{action}, ResourceArns: []string{resource}, CallerArn: optional(caller), ResourceOwner: optional(owner),
			ContextEntries: []iamwire.ContextEntry{{ContextKeyName: &key, ContextKeyType: &kind, ContextKeyValues: []string{value}}},
		}
		sim, err := newSimulation("SimulateCustomPolicy", here, &q)
		if err != nil {
			if !awserr.Is(err, iamwire.ErrInvalidInput) {
				t.Fatal(err)
			}
			return
		}
		p, err := sim.run(t.Context())
		if err != nil || len(p.items) != 1 || *p.items[0].EvalDecision != "explicitDeny" || len(p.items[0].MatchedStatements) != 1 {
			t.Fatalf("%+v, %v", p, err)
		}
	})
}
