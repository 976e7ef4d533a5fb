package saml

import (
	"strings"
	"testing"
	"time"

	"sojourn/internal/federation/saml/samltest"
)

// policyAttacks are genuine, whole, and not for us, not for now, or not by whom
// they say.
func policyAttacks(t testing.TB) []attack {
	entry := func(name, old, with string) attack {
		return attack{class: "policy", name: name, stage: StagePolicy, response: edited(t, old, with)}
	}
	const (
		confirmed = `<saml:SubjectConfirmationData NotOnOrAfter="2026-11-26T12:05:00Z"`
		start     = `NotBefore="2026-11-26T11:59:30Z"`
		end       = `NotBefore="2026-11-26T11:59:30Z" NotOnOrAfter="2026-11-26T12:05:00Z"`
		issued    = `ID="_a1" Version="2.0" IssueInstant="2026-11-26T12:00:00Z"`
		response  = `ID="_r1" Version="2.0" IssueInstant="2026-11-26T12:00:00Z"`
		format    = `Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"`
		success   = `"urn:oasis:names:tc:SAML:2.0:status:Success"`
		signIn    = `AuthnInstant="2026-11-26T11:59:50Z"`
		session   = `SessionNotOnOrAfter="2026-11-26T20:00:00Z"`
	)
	audience := "<saml:Audience>" + ours + "</saml:Audience>"
	restriction := "<saml:AudienceRestriction>" + audience + "</saml:AudienceRestriction>"
	recipient := `Recipient="` + ours + `"`
	issuer := "<saml:Issuer>" + entityID + "</saml:Issuer><saml:Subject>"
	outer := "<saml:Issuer>" + entityID + "</saml:Issuer><samlp:Status>"
	at := func(old, when string) string { return old[:strings.LastIndex(old, `"2026`)+1] + when + `"` }
	out := []attack{
		entry("issuer of somebody else", issuer, "<saml:Issuer>https://evil.example</saml:Issuer><saml:Subject>"),
		entry("issuer with a slash more", issuer, "<saml:Issuer>"+entityID+"/</saml:Issuer><saml:Subject>"),
		entry("issuer in other case", issuer, "<saml:Issuer>"+strings.ToUpper(entityID)+"</saml:Issuer><saml:Subject>"),
		entry("issuer with white space", issuer, "<saml:Issuer> "+entityID+"</saml:Issuer><saml:Subject>"),
		entry("issuer of another format", issuer, `<saml:Issuer Format="`+formatAny+`">`+entityID+"</saml:Issuer><saml:Subject>"),
		entry("empty issuer", issuer, "<saml:Issuer/><saml:Subject>"),
		entry("issuer of the response is somebody else", outer, "<saml:Issuer>https://evil.example</saml:Issuer><samlp:Status>"),
		entry("empty issuer of the response", outer, "<saml:Issuer/><samlp:Status>"),
		entry("rejected: not signed in", success, `"urn:oasis:names:tc:SAML:2.0:status:Responder"`),
		entry("rejected: success in other case", success, `"urn:oasis:names:tc:SAML:2.0:status:success"`),
		entry("rejected: success only inside", success+"/>", `"urn:oasis:names:tc:SAML:2.0:status:Requester"><samlp:StatusCode Value=`+success+`/></samlp:StatusCode>`),
		entry("rejected: no status", success, `""`),
		entry("destination elsewhere", `Destination="`+ours, `Destination="https://evil.example/saml`),
		entry("empty destination", `Destination="`+ours, `Destination="`),
		entry("destination that ours begins", `Destination="`+ours, `Destination="`+ours+`.evil.example`),
		entry("response of version 1.1", response, strings.Replace(response, "2.0", "1.1", 1)),
		entry("response of the future", response, at(response, "2026-11-26T12:02:00Z")),
		entry("response without a date", response, at(response, "")),
		entry("assertion of version 1.1", issued, strings.Replace(issued, "2.0", "1.1", 1)),
		entry("assertion of version 2.1", issued, strings.Replace(issued, "2.0", "2.1", 1)),
		entry("expired: assertion of six minutes ago", issued, at(issued, "2026-11-26T11:54:00Z")),
		entry("expired: assertion of five minutes and a second ago", issued, at(issued, "2026-11-26T11:54:59Z")),
		entry("assertion of the future", issued, at(issued, "2026-11-26T12:01:01Z")),
		entry("date without zone", issued, at(issued, "2026-11-26T12:00:00")),
		entry("date of another zone", issued, at(issued, "2026-11-26T13:00:00+01:00")),
		entry("date without time", issued, at(issued, "2026-11-26")),
		entry("date of the 13th month", issued, at(issued, "2026-13-26T12:00:00Z")),
		entry("date with text after it", issued, at(issued, "2026-11-26T12:00:00Z ")),
		entry("date with a comma", issued, at(issued, "2026-11-26T12:00:00,5Z")),
		entry("recipient elsewhere", recipient, `Recipient="https://evil.example/saml"`),
		entry("recipient with a slash more", recipient, `Recipient="`+ours+`/"`),
		entry("empty recipient", recipient, `Recipient=""`),
		entry("holder of key", bearer, "urn:oasis:names:tc:SAML:2.0:cm:holder-of-key"),
		entry("sender vouches", bearer, "urn:oasis:names:tc:SAML:2.0:cm:sender-vouches"),
		entry("empty method", bearer, ""),
		entry("expired: confirmation", confirmed, at(confirmed, "2026-11-26T11:58:59Z")),
		entry("expired: confirmation to the second", confirmed, at(confirmed, "2026-11-26T11:59:00Z")),
		entry("confirmation that starts", confirmed, confirmed+` NotBefore="2026-11-26T11:00:00Z"`),
		entry("confirmation without a date", confirmed, at(confirmed, "never")),
		entry("no audience", restriction, ""),
		entry("audience of somebody else", audience, "<saml:Audience>https://other.example</saml:Audience>"),
		entry("audience that ours begins", audience, "<saml:Audience>"+ours+"2</saml:Audience>"),
		entry("audience with white space", audience, "<saml:Audience> "+ours+" </saml:Audience>"),
		entry("empty audience", audience, "<saml:Audience/>"),
		entry("a second restriction without us", restriction, restriction+"<saml:AudienceRestriction><saml:Audience>urn:other</saml:Audience></saml:AudienceRestriction>"),
		entry("conditions of the future", start, at(start, "2026-11-26T12:01:01Z")),
		entry("expired: conditions", end, `NotBefore="2026-11-26T11:50:00Z" NotOnOrAfter="2026-11-26T11:59:00Z"`),
		entry("conditions that end before they start", end, `NotBefore="2026-11-26T12:00:30Z" NotOnOrAfter="2026-11-26T12:00:00Z"`),
		entry("conditions without a date", start, at(start, "x")),
		entry("conditions without a date of end", end, at(end, "x")),
		entry("sign-in of the future", signIn, at(signIn, "2026-11-26T12:01:01Z")),
		entry("sign-in without a date", signIn, at(signIn, "")),
		entry("expired: session at the provider", session, at(session, "2026-11-26T12:00:00Z")),
		entry("session without a date", session, at(session, "soon")),
		entry("name of an entity", format, `Format="`+formatEntity+`"`),
		entry("encrypted name", format, `Format="`+formatSecret+`"`),
		entry("name of a format that is no URI", format, `Format="persistent"`),
		entry("empty name", genuine, ""),
		entry("blank name", genuine, "  "),
		entry("name with white space around", genuine, genuine+" "),
		entry("name with a line break", genuine, "alice&#10;admin"),
		entry("name with a bell", genuine, "alice\u0085"),
		entry("name with a zero-width space", genuine, "alice\u200b@example.com"),
		entry("name written from the right", genuine, "alice\u202e@example.com"),
		entry("name that is too long", genuine, strings.Repeat("a", 257)),
	}
	asked := replaced(t, plainResponse(), "<samlp:Response ", `<samlp:Response InResponseTo="_q1" `)
	return append(out,
		attack{class: "policy", name: "the request of the response alone", stage: StagePolicy, response: idp().Sign(asked, onAssertion)},
		attack{class: "policy", name: "answers of different requests", stage: StagePolicy,
			response: idp().Sign(replaced(t, asked, recipient+"/>", recipient+` InResponseTo="_q2"/>`), onAssertion)})
}

// TestNames: an assertion for AWS is none for us unless we say so.
func TestNames(t *testing.T) {
	v := New(Options{Now: func() time.Time { return start }, Recipients: []string{ours}, Audiences: []string{ours}})
	for _, change := range [][2]string{
		{"<saml:Audience>" + ours, "<saml:Audience>urn:amazon:webservices"},
		{`Recipient="` + ours, `Recipient="https://signin.aws.amazon.com/saml`},
	} {
		_, err := v.Verify(provider(t), samltest.Encode(edited(t, change[0], change[1])))
		if stage, _ := stageOf(err); stage != StagePolicy {
			t.Errorf("%s: %v", change[1], err)
		}
	}
}

// TestTimes turns the clock around one response.
func TestTimes(t *testing.T) {
	doc := samltest.Encode(signedBoth())
	for _, c := range []struct {
		at time.Duration
		ok bool
	}{{-61 * time.Second, false}, {-60 * time.Second, true}, {0, true}, {5 * time.Minute, true}, {5*time.Minute + time.Second, false}, {24 * time.Hour, false}} {
		if _, err := verifierAt(start.Add(c.at)).Verify(provider(t), doc); (err == nil) != c.ok {
			t.Errorf("after %s: %v", c.at, err)
		}
	}
}
