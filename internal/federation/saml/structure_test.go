package saml

import "testing"

// structureAttacks are signed by the provider's own key, but hold what the
// grammar does not, or hold it too often or not at all.
func structureAttacks(t testing.TB) []attack {
	entry := func(name, old, with string) attack {
		return attack{class: "structure", name: name, stage: StageGrammar, response: edited(t, old, with)}
	}
	plain := plainResponse()
	issuer := "<saml:Issuer>" + entityID + "</saml:Issuer><saml:Subject>"
	subject := cut(t, plain, "<saml:Subject>", "</saml:Subject>")
	confirmation := cut(t, plain, "<saml:SubjectConfirmation ", "</saml:SubjectConfirmation>")
	data := cut(t, plain, "<saml:SubjectConfirmationData ", "/>")
	nameID := cut(t, plain, "<saml:NameID ", "</saml:NameID>")
	conditions := cut(t, plain, "<saml:Conditions ", "</saml:Conditions>")
	signIn := cut(t, plain, "<saml:AuthnStatement ", "</saml:AuthnStatement>")
	statement := cut(t, plain, "<saml:AttributeStatement>", "</saml:AttributeStatement>")
	status := cut(t, plain, "<samlp:Status>", "</samlp:Status>")
	return []attack{
		entry("no Issuer in the assertion", issuer, "<saml:Subject>"),
		entry("two Issuers", issuer, "<saml:Issuer>"+entityID+"</saml:Issuer>"+issuer),
		entry("no Subject", subject, ""),
		entry("two Subjects", subject, subject+subject),
		entry("no NameID", nameID, ""),
		entry("two NameIDs", nameID, nameID+nameID),
		entry("BaseID", nameID, "<saml:BaseID/>"),
		entry("EncryptedID", nameID, "<saml:EncryptedID/>"),
		entry("an element in NameID", genuine, genuine+"<saml:x/>"),
		entry("markup that NameID hides", genuine, "admin<saml:NameID/>@example.com"),
		entry("no SubjectConfirmation", confirmation, ""),
		entry("two SubjectConfirmations", confirmation, confirmation+confirmation),
		entry("a NameID in the confirmation", confirmation, `<saml:SubjectConfirmation Method="`+bearer+`">`+nameID+data+`</saml:SubjectConfirmation>`),
		entry("no SubjectConfirmationData", data, ""),
		entry("no Recipient", ` Recipient="`+ours+`"`, ""),
		entry("no end of the confirmation", `<saml:SubjectConfirmationData NotOnOrAfter="2026-11-26T12:05:00Z"`, "<saml:SubjectConfirmationData"),
		entry("a key in the confirmation", data, data[:len(data)-2]+"><saml:KeyInfo/></saml:SubjectConfirmationData>"),
		entry("no Method", ` Method="`+bearer+`"`, ""),
		entry("no Conditions", conditions, ""),
		entry("two Conditions", conditions, conditions+conditions),
		entry("a condition of one's own", "<saml:AudienceRestriction>", "<saml:Condition/><saml:AudienceRestriction>"),
		entry("ProxyRestriction", "<saml:AudienceRestriction>", `<saml:ProxyRestriction Count="1"/><saml:AudienceRestriction>`),
		entry("an empty AudienceRestriction", "<saml:AudienceRestriction>", "<saml:AudienceRestriction/><saml:AudienceRestriction>"),
		entry("OneTimeUse twice", "<saml:AudienceRestriction>", "<saml:OneTimeUse/><saml:OneTimeUse/><saml:AudienceRestriction>"),
		entry("no AuthnStatement", signIn, ""),
		entry("two AuthnStatements", signIn, signIn+signIn),
		entry("no AuthnInstant", ` AuthnInstant="2026-11-26T11:59:50Z"`, ""),
		entry("two AttributeStatements", statement, statement+statement),
		entry("AuthzDecisionStatement", statement, statement+"<saml:AuthzDecisionStatement/>"),
		entry("EncryptedAttribute", "</saml:AttributeStatement>", "<saml:EncryptedAttribute/></saml:AttributeStatement>"),
		entry("an attribute without Name", `Name="groups"`, `FriendlyName="groups"`),
		entry("an element in AttributeValue", ">one<", "><saml:x/>one<"),
		entry("text beside an element in AttributeValue", ">one<", ">one<saml:NameID>x</saml:NameID><"),
		entry("Advice", conditions, conditions+"<saml:Advice/>"),
		entry("no Status", status, ""),
		entry("two Statuses", status, status+status),
		entry("two codes of status", `:Success"/>`, `:Success"/><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Responder"/>`),
		entry("StatusDetail", "</samlp:Status>", "<samlp:StatusDetail/></samlp:Status>"),
		entry("Extensions", "<samlp:Status>", "<samlp:Extensions/><samlp:Status>"),
		entry("an attribute of the response that is unknown", "<samlp:Response ", `<samlp:Response Foo="bar" `),
		entry("an attribute of the assertion that is unknown", "<saml:Assertion ", `<saml:Assertion xsi:type="saml:AssertionType" `),
		entry("xml:base", "<saml:Assertion ", `<saml:Assertion xml:base="https://evil.example/" `),
		entry("no IssueInstant", `ID="_a1" Version="2.0" IssueInstant="2026-11-26T12:00:00Z"`, `ID="_a1" Version="2.0"`),
		entry("no Version", `ID="_a1" Version="2.0"`, `ID="_a1"`),
		entry("text between elements", "<samlp:Status>", "x<samlp:Status>"),
		entry("text in Conditions", "<saml:AudienceRestriction>", "x<saml:AudienceRestriction>"),
		{class: "structure", name: "no assertion", stage: StageGrammar, response: idp().Sign(replaced(t, plain, cut(t, plain, "<saml:Assertion ", "</saml:Assertion>"), ""), onResponse)},
		{class: "structure", name: "two assertions, both signed in the response", stage: StageGrammar, response: idp().Sign(twoAssertions(t), onResponse)},
		{class: "structure", name: "a request", stage: StageGrammar, response: `<samlp:AuthnRequest xmlns:samlp="` + nsProtocol + `" ID="_r1" Version="2.0" IssueInstant="2026-11-26T12:00:00Z"/>`},
		{class: "structure", name: "SAML 1.1", stage: StageGrammar, response: `<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:1.0:protocol"/>`},
	}
}

func twoAssertions(t testing.TB) string {
	plain := plainResponse()
	a := cut(t, plain, "<saml:Assertion ", "</saml:Assertion>")
	return replaced(t, plain, a, a+replaced(t, replaced(t, a, `"_a1"`, `"_a2"`), genuine, "bob@example.com"))
}
