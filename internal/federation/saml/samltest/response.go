package samltest

import (
	"fmt"
	"strings"
	"time"
)

// Names of attributes that AWS reads.
const (
	Role            = "https://aws.amazon.com/SAML/Attributes/Role"
	RoleSessionName = "https://aws.amazon.com/SAML/Attributes/RoleSessionName"
	SessionDuration = "https://aws.amazon.com/SAML/Attributes/SessionDuration"
	SourceIdentity  = "https://aws.amazon.com/SAML/Attributes/SourceIdentity"
	TransitiveKeys  = "https://aws.amazon.com/SAML/Attributes/TransitiveTagKeys"
	PrincipalTag    = "https://aws.amazon.com/SAML/Attributes/PrincipalTag:"
)

// Attribute is a name with values.
type Attribute struct {
	Name   string
	Values []string
}

// Fields are what a response says. Times are relative to Now.
type Fields struct {
	Now                              time.Time
	ResponseID, AssertionID, Subject string
	Recipient, Audience              string
	Attributes                       []Attribute
}

// Response is an unsigned response with one assertion, on one line as most
// providers write it.
func (p *IdP) Response(f Fields) string {
	at := func(d time.Duration) string { return f.Now.Add(d).UTC().Format("2006-01-02T15:04:05Z") }
	return fmt.Sprintf(`<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"`+
		` ID="%s" Version="2.0" IssueInstant="%s" Destination="%s"><saml:Issuer>%s</saml:Issuer>`+
		`<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>`+
		`<saml:Assertion xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xs="http://www.w3.org/2001/XMLSchema"`+
		` ID="%s" Version="2.0" IssueInstant="%s"><saml:Issuer>%s</saml:Issuer>`+
		`<saml:Subject><saml:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent">%s</saml:NameID>`+
		`<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer">`+
		`<saml:SubjectConfirmationData NotOnOrAfter="%s" Recipient="%s"/></saml:SubjectConfirmation></saml:Subject>`+
		`<saml:Conditions NotBefore="%s" NotOnOrAfter="%s"><saml:AudienceRestriction><saml:Audience>%s</saml:Audience></saml:AudienceRestriction></saml:Conditions>`+
		`<saml:AuthnStatement AuthnInstant="%s" SessionNotOnOrAfter="%s" SessionIndex="_s1"><saml:AuthnContext>`+
		`<saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport</saml:AuthnContextClassRef>`+
		`</saml:AuthnContext></saml:AuthnStatement>`+
		`<saml:AttributeStatement>%s</saml:AttributeStatement></saml:Assertion></samlp:Response>`,
		f.ResponseID, at(0), f.Recipient, p.EntityID, f.AssertionID, at(0), p.EntityID, f.Subject,
		at(5*time.Minute), f.Recipient, at(-30*time.Second), at(5*time.Minute), f.Audience, at(-10*time.Second), at(8*time.Hour), attributes(f.Attributes))
}

func attributes(list []Attribute) string {
	var b strings.Builder
	for _, a := range list {
		fmt.Fprintf(&b, `<saml:Attribute Name="%s" NameFormat="urn:oasis:names:tc:SAML:2.0:attrname-format:uri">`, a.Name)
		for _, v := range a.Values {
			fmt.Fprintf(&b, `<saml:AttributeValue xsi:type="xs:string">%s</saml:AttributeValue>`, v)
		}
		b.WriteString(`</saml:Attribute>`)
	}
	return b.String()
}
