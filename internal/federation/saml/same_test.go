package saml

import "testing"

// TestReread: verified bytes must say what the document shows. No canonicaliser
// that we know makes a difference; the next advisory on one will.
func TestReread(t *testing.T) {
	d, err := parseResponse([]byte(signedAssertion()))
	if err != nil {
		t.Fatal(err)
	}
	shown := d.root.child(elAssertion)
	bare := replaced(t, cut(t, signedAssertion(), "<saml:Assertion ", "</saml:Assertion>"), "<saml:Assertion ", `<saml:Assertion xmlns:saml="`+nsAssertion+`" `)
	signature := cut(t, bare, "<ds:Signature", "</ds:Signature>")
	verified := replaced(t, bare, signature, "")
	if _, err := reread([]byte(verified), shown, checkAssertion); err != nil {
		t.Fatal(err)
	}
	for name, changed := range map[string]string{
		"nothing":             "",
		"another subject":     replaced(t, verified, genuine, "admin@example.com"),
		"another identifier":  replaced(t, verified, `ID="_a1"`, `ID="_a2"`),
		"an attribute less":   replaced(t, verified, ` SessionIndex="_s1"`, ``),
		"an element less":     replaced(t, verified, `<saml:AttributeValue xsi:type="xs:string">two</saml:AttributeValue>`, ``),
		"a value's space":     replaced(t, verified, ">one<", "> one<"),
		"another namespace":   replaced(t, verified, nsAssertion, "urn:x"),
		"another element":     `<x/>`,
		"its signature still": bare,
	} {
		_, err := reread([]byte(changed), shown, func(*node) error { return nil })
		stage, _ := stageOf(err)
		if stage != StageKey && (stage != StageLexical || changed != "") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
