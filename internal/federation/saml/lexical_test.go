package saml

import (
	"strings"
	"testing"
)

// lexicalAttacks are texts that two readers of XML could see differently. Most
// change a signed document in ways that its signature does not notice.
func lexicalAttacks(t testing.TB) []attack {
	doc := signedBoth()
	in := func(old, with string) string { return replaced(t, doc, old, with) }
	entry := func(name, xml string) attack {
		return attack{class: "lexical", name: name, stage: StageLexical, response: xml}
	}
	root := func(attr string) string { return in("<samlp:Response ", "<samlp:Response "+attr+" ") }
	assertion := func(attr string) string { return in("<saml:Assertion ", "<saml:Assertion "+attr+" ") }
	return []attack{
		entry("comment in NameID", in(genuine, "admin@example.com<!-- -->.evil")),
		entry("comment that cuts NameID", in("alice@", "alice<!---->@")),
		entry("comment in DigestValue", in("<ds:DigestValue>", "<ds:DigestValue><!-- x -->")),
		entry("comment in SignatureValue", in("<ds:SignatureValue>", "<ds:SignatureValue><!-- x -->")),
		entry("comment between elements", in("<samlp:Status>", "<!-- x --><samlp:Status>")),
		entry("comment before the root", "<!-- x -->"+doc),
		entry("comment after the root", doc+"<!-- x -->"),
		entry("comment in Audience", in("<saml:Audience>", "<saml:Audience><!---->")),
		entry("CDATA in NameID", in(genuine, "<![CDATA["+genuine+"]]>")),
		entry("CDATA around markup", in("<samlp:Status>", "<![CDATA[<saml:Assertion/>]]><samlp:Status>")),
		entry("processing instruction in NameID", in("alice@", "alice<?x y?>@")),
		entry("processing instruction between elements", in("<samlp:Status>", "<?x y?><samlp:Status>")),
		entry("processing instruction before the root", "<?x y?>"+doc),
		entry("processing instruction after the root", doc+"<?x y?>"),
		entry("style sheet", `<?xml version="1.0"?><?xml-stylesheet href="https://evil.example/x.xsl"?>`+doc),
		entry("declaration in the middle", in("<samlp:Status>", `<?xml version="1.0"?><samlp:Status>`)),
		entry("declaration twice", `<?xml version="1.0"?><?xml version="1.0"?>`+doc),
		entry("version 1.1", `<?xml version="1.1"?>`+doc),
		entry("Latin 1", `<?xml version="1.0" encoding="ISO-8859-1"?>`+doc),
		entry("UTF-7", `<?xml version="1.0" encoding="UTF-7"?>`+doc),
		entry("UTF-16", `<?xml version="1.0" encoding="UTF-16"?>`+doc),
		entry("DOCTYPE", "<!DOCTYPE samlp:Response>"+doc),
		entry("internal entity", `<!DOCTYPE r [<!ENTITY who "admin@example.com">]>`+in(genuine, "&who;")),
		entry("external entity", `<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>`+in(genuine, "&x;")),
		entry("external DTD", `<!DOCTYPE r SYSTEM "https://evil.example/x.dtd">`+doc),
		entry("entities that grow", `<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;">]>`+in(genuine, "&b;")),
		entry("default attribute by DTD", `<!DOCTYPE r [<!ATTLIST samlp:Response ID CDATA "_x">]>`+doc),
		entry("unknown entity", in(genuine, "&who;")),
		entry("byte order mark", "\ufeff"+doc),
		entry("NUL", in(genuine, "alice\x00@example.com")),
		entry("reference to NUL", in(genuine, "alice&#0;@example.com")),
		entry("control character", in(genuine, "alice\x01@example.com")),
		entry("broken UTF-8", in(genuine, "alice\xff@example.com")),
		entry("overlong UTF-8", in(genuine, "alice\xc0\xaf@example.com")),
		entry("text before the root", "x"+doc),
		entry("text after the root", doc+"x"),
		entry("an end tag too many", doc+"</samlp:Response>"),
		entry("the document ends early", strings.TrimSuffix(doc, "</samlp:Response>")),
		entry("nothing", "    "),
		entry("crossed tags", in("</saml:SubjectConfirmation></saml:Subject>", "</saml:Subject></saml:SubjectConfirmation>")),
		entry("tags of different prefixes for one namespace", in("</saml:NameID>", "</saml2:NameID>")),
		entry("undeclared prefix", in("<samlp:Status>", "<evil:Status/><samlp:Status>")),
		entry("undeclared prefix of an attribute", root(`evil:a="b"`)),
		entry("xml rebound", root(`xmlns:xml="urn:evil"`)),
		entry("xml bound to its own namespace", root(`xmlns:xml="`+nsXML+`"`)),
		entry("xmlns declared", root(`xmlns:xmlns="`+nsXMLNS+`"`)),
		entry("another prefix for xml's namespace", root(`xmlns:x="`+nsXML+`"`)),
		entry("a prefix that is not ASCII", root(`xmlns:ä="urn:x"`)),
		entry("a prefix that begins with xml", root(`xmlns:xmlfoo="urn:x"`)),
		entry("relative namespace", root(`xmlns:a="1"`)),
		entry("relative namespace with a path", root(`xmlns:a="../x"`)),
		entry("empty prefix namespace", root(`xmlns:a=""`)),
		entry("empty default namespace", root(`xmlns=""`)),
		entry("namespace with a space", root(`xmlns:a="urn:a b"`)),
		entry("namespace declared twice", root(`xmlns:a="urn:a" xmlns:a="urn:b"`)),
		entry("attribute twice", root(`Version="2.0"`)),
		entry("attribute twice by two prefixes", root(`xmlns:a="urn:a" xmlns:b="urn:a" a:x="1" b:x="2"`)),
		entry("ID twice", assertion(`ID="_evil"`)),
		entry("Id beside ID", assertion(`Id="_evil"`)),
		entry("id beside ID", assertion(`id="_evil"`)),
		entry("iD beside ID", assertion(`iD="_evil"`)),
		entry("xml:id beside ID", assertion(`xml:id="_evil"`)),
		entry("samlp:ID beside ID", assertion(`samlp:ID="_evil"`)),
		entry("saml:ID beside ID", assertion(`saml:ID="_a1"`)),
		entry("an ID in AttributeValue", in(`<saml:AttributeValue `, `<saml:AttributeValue ID="_a1" `)),
		entry("an ID with a quote", strings.ReplaceAll(doc, `_a1`, `_a1&quot;]`)),
		entry("an empty ID", in(`ID="_a1"`, `ID=""`)),
		entry("an element that is not ASCII", in("<samlp:Status>", "<samlp:Stаtus/><samlp:Status>")),
		entry("two colons in a name", in("<samlp:Status>", "<samlp:x:Status/><samlp:Status>")),
		entry("nothing before the colon", in("<samlp:Status>", "<:Status/><samlp:Status>")),
		entry("nothing after the colon", in("<samlp:Status>", "<samlp:/><samlp:Status>")),
		entry("a line break in an attribute", in(`Recipient="`, "Recipient=\"\n")),
		entry("a tab in an attribute", in(`Recipient="`, "Recipient=\"\t")),
		entry("an attribute without quotes", root(`a=b`)),
		entry("an attribute without value", root(`a`)),
		entry("markup in an attribute", root(`a="<b>"`)),
		entry("prefixes that come out changed", in("<samlp:Status>", `<samlp:Status xmlns:b="urn:a" xmlns:q="urn:x1" q:A="x" b:b="y" b="z"/><samlp:Status>`)),
		entry("too deep", in("<samlp:Status>", strings.Repeat("<samlp:x>", 40)+strings.Repeat("</samlp:x>", 40)+"<samlp:Status>")),
		entry("too many elements", in("<samlp:Status>", strings.Repeat("<samlp:x/>", 1000)+"<samlp:Status>")),
		entry("too many attributes", root(manyAttributes(33))),
		entry("too many prefixes in scope", in("<samlp:Status>", "<samlp:x"+strings.ReplaceAll(manyAttributes(22), " a", " xmlns:a")+">"+
			"<samlp:x"+strings.ReplaceAll(manyAttributes(22), " a", " xmlns:c")+"><samlp:x"+strings.ReplaceAll(manyAttributes(22), " a", " xmlns:d")+"/></samlp:x></samlp:x><samlp:Status>")),
		entry("too many declarations", root(strings.ReplaceAll(manyAttributes(33), ` a`, ` xmlns:a`)+`x="urn:x"`)),
	}
}

func manyAttributes(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(" a" + strings.Repeat("b", i) + `="urn:x"`)
	}
	return b.String()
}
