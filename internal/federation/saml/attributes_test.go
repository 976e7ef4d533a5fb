package saml

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"sojourn/internal/federation/saml/samltest"
)

// attributeAttacks are genuine assertions about roles, names and tags that are
// none.
func attributeAttacks() []attack {
	with := func(name, attr string, values ...string) attack {
		list := slices.DeleteFunc(attributes(), func(a samltest.Attribute) bool { return a.Name == attr })
		return attack{class: "attributes", name: name, stage: StageAttributes,
			response: idp().Sign(withAttributes(append(list, samltest.Attribute{Name: attr, Values: values})...), onAssertion)}
	}
	twice := func(name, attr string, values ...string) attack {
		return attack{class: "attributes", name: name, stage: StageAttributes,
			response: idp().Sign(withAttributes(append(attributes(), samltest.Attribute{Name: attr, Values: values})...), onAssertion)}
	}
	without := func(name, attr string) attack {
		list := slices.DeleteFunc(attributes(), func(a samltest.Attribute) bool { return a.Name == attr })
		return attack{class: "attributes", name: name, stage: StageAttributes, response: idp().Sign(withAttributes(list...), onAssertion)}
	}
	other := "arn:aws:iam::999988887777:saml-provider/Other"
	many := attributes()
	for i := range 49 {
		many = append(many, samltest.Attribute{Name: fmt.Sprintf("%sk%d", samltest.PrincipalTag, i), Values: []string{"v"}})
	}
	statement := strings.Index(plainResponse(), "<saml:AttributeStatement>")
	end := strings.Index(plainResponse(), "</saml:Assertion>")
	return []attack{
		{class: "attributes", name: "no statement", stage: StageAttributes, response: idp().Sign(plainResponse()[:statement]+plainResponse()[end:], onAssertion)},
		without("no role", samltest.Role),
		with("no value of role", samltest.Role),
		with("roles of other providers alone", samltest.Role, roleARN+","+other),
		with("the same name of provider in another account", samltest.Role, roleARN+",arn:aws:iam::999988887777:saml-provider/Example"),
		with("the provider in other case", samltest.Role, roleARN+",arn:aws:iam::111122223333:saml-provider/example"),
		with("a role alone", samltest.Role, roleARN),
		with("a provider alone", samltest.Role, providerARN),
		with("two roles", samltest.Role, roleARN+","+roleARN),
		with("two providers", samltest.Role, providerARN+","+providerARN),
		with("three names", samltest.Role, roleARN+","+providerARN+","+roleARN),
		with("two roles and a provider", samltest.Role, roleARN+","+roleARN+"2,"+providerARN),
		with("another mark between", samltest.Role, roleARN+";"+providerARN),
		with("a space between", samltest.Role, roleARN+", "+providerARN),
		with("a user", samltest.Role, "arn:aws:iam::111122223333:user/alice,"+providerARN),
		with("a wildcard", samltest.Role, "arn:aws:iam::111122223333:role/*,"+providerARN),
		with("a role of another service", samltest.Role, "arn:aws:sts::111122223333:role/Deploy,"+providerARN),
		with("a role without account", samltest.Role, "arn:aws:iam:::role/Deploy,"+providerARN),
		with("good and broken", samltest.Role, roleARN+","+providerARN, "nonsense"),
		with("empty", samltest.Role, ""),
		twice("rejected: role twice", samltest.Role, roleARN+"Admin,"+providerARN),
		with("names in other case", strings.ToLower(samltest.Role), roleARN+","+providerARN).droppingRole(),
		without("no session name", samltest.RoleSessionName),
		with("no value of session name", samltest.RoleSessionName),
		with("two session names", samltest.RoleSessionName, "alice", "admin"),
		twice("rejected: session name twice", samltest.RoleSessionName, "admin"),
		with("session name with a slash", samltest.RoleSessionName, "alice/admin"),
		with("session name of one letter", samltest.RoleSessionName, "a"),
		with("session name of 65", samltest.RoleSessionName, strings.Repeat("a", 65)),
		with("session name with a space", samltest.RoleSessionName, "alice admin"),
		with("rejected: session name with a line break", samltest.RoleSessionName, "alice&#10;"),
		with("session name that is not ASCII", samltest.RoleSessionName, "älice"),
		with("session name that is empty", samltest.RoleSessionName, ""),
		with("rejected: duration below 900", samltest.SessionDuration, "899"),
		with("rejected: duration above 43200", samltest.SessionDuration, "43201"),
		with("rejected: negative duration", samltest.SessionDuration, "-3600"),
		with("rejected: duration with a sign", samltest.SessionDuration, "+3600"),
		with("rejected: duration in hexadecimal", samltest.SessionDuration, "0x1000"),
		with("rejected: duration with a point", samltest.SessionDuration, "3600.5"),
		with("rejected: duration beyond numbers", samltest.SessionDuration, "99999999999999999999"),
		with("rejected: two durations", samltest.SessionDuration, "3600", "43200"),
		with("rejected: no value of duration", samltest.SessionDuration),
		with("rejected: source that begins with aws:", samltest.SourceIdentity, "aws:alice"),
		with("rejected: source with a space", samltest.SourceIdentity, "alice admin"),
		with("rejected: source of one letter", samltest.SourceIdentity, "a"),
		with("rejected: two sources", samltest.SourceIdentity, "alice", "bob"),
		twice("rejected: source twice", samltest.SourceIdentity, "bob"),
		with("rejected: tag with two values", samltest.PrincipalTag+"team", "core", "root"),
		with("rejected: tag without value", samltest.PrincipalTag+"team"),
		twice("rejected: tag twice", samltest.PrincipalTag+"team", "root"),
		twice("rejected: tag twice in other case", samltest.PrincipalTag+"TEAM", "root"),
		twice("rejected: tag without key", samltest.PrincipalTag, "root"),
		twice("rejected: tag with a control character", samltest.PrincipalTag+"x", "a&#9;b"),
		with("rejected: transitive key that is no tag", samltest.TransitiveKeys, "nothing"),
		with("rejected: transitive key in other case", samltest.TransitiveKeys, "TEAM"),
		with("rejected: transitive key twice", samltest.TransitiveKeys, "team", "team"),
		twice("rejected: two principal names", "urn:oid:1.3.6.1.4.1.5923.1.1.1.6", "a@example.com", "b@example.com"),
		twice("rejected: mail twice", "urn:oid:0.9.2342.19200300.100.1.3", "b@example.com"),
		{class: "attributes", name: "rejected: 51 tags", stage: StageAttributes, response: idp().Sign(withAttributes(many...), onAssertion)},
	}
}

// droppingRole takes the genuine Role away.
func (a attack) droppingRole() attack {
	list := slices.DeleteFunc(attributes(), func(a samltest.Attribute) bool { return a.Name == samltest.Role })
	list = append(list, samltest.Attribute{Name: strings.ToLower(samltest.Role), Values: []string{roleARN + "," + providerARN}})
	a.response = idp().Sign(withAttributes(list...), onAssertion)
	return a
}

// TestContext: attributes make the condition keys that AWS documents.
func TestContext(t *testing.T) {
	doc := idp().Sign(withAttributes(append(attributes(),
		samltest.Attribute{Name: "urn:oid:1.3.6.1.4.1.5923.1.1.1.1", Values: []string{"staff", "member"}},
		samltest.Attribute{Name: "urn:oid:1.3.6.1.4.1.5923.1.1.1.6", Values: []string{"alice@example.com"}},
		samltest.Attribute{Name: "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress", Values: []string{"alice@corp.example"}},
		samltest.Attribute{Name: "urn:oid:2.5.4.3", Values: []string{"Alice"}},
	)...), onAssertion)
	a, err := verifyXML(t, doc)
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string][]string{
		"saml:edupersonaffiliation":   {"staff", "member"},
		"saml:edupersonprincipalname": {"alice@example.com"},
		"saml:mail":                   {"alice@corp.example", "alice@example.com", "a@example.com"},
		"saml:cn":                     {"Alice"},
		"saml:commonname":             {"Alice"},
		"saml:groups":                 nil,
	} {
		if got := a.Context[key]; !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", key, got, want)
		}
	}
	for _, key := range SessionKeys {
		if a.Context[key] == nil {
			t.Errorf("no %s", key)
		}
	}
}
