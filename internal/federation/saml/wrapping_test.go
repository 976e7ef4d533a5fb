package saml

import (
	"strings"
	"testing"

	"sojourn/internal/federation/saml/samltest"
)

// wrappingAttacks show a genuinely signed element to the verifier of signatures
// and a forged one to the reader.
func wrappingAttacks(t testing.TB) []attack {
	const assertionEnd, signatureEnd = "</saml:Assertion>", "</ds:Signature>"
	doc := signedAssertion()
	good := cut(t, doc, "<saml:Assertion ", assertionEnd)
	signature := cut(t, good, "<ds:Signature", signatureEnd)
	bare := replaced(t, good, signature, "")
	forge := func(s, id string) string {
		return strings.NewReplacer(genuine, "admin@example.com", `ID="_a1"`, `ID="`+id+`"`).Replace(s)
	}
	evilBare := forge(bare, "_evil")
	evilSigned := forge(good, "_evil")
	body := func(with string) string { return replaced(t, doc, good, with) }
	inside := func(element, content string) string {
		return replaced(t, evilSigned, signature, strings.Replace(signature, signatureEnd, "<ds:"+element+">"+content+"</ds:"+element+">"+signatureEnd, 1))
	}
	status := func(content string) string {
		return replaced(t, body(evilBare), "</samlp:Status>", content+"</samlp:Status>")
	}
	self := func(space string) string { return `<saml:Assertion xmlns:saml="` + space + `" ` }
	entry := func(name string, stage Stage, xml string) attack {
		return attack{class: "wrapping", name: name, stage: stage, response: xml}
	}

	out := []attack{
		entry("XSW3: forged before the signed one", StageGrammar, body(evilBare+good)),
		entry("XSW3 with forged after", StageGrammar, body(good+evilBare)),
		entry("XSW4: signed one inside the forged", StageGrammar, body(replaceLast(evilBare, assertionEnd, good+assertionEnd))),
		entry("XSW4 with the forged inside the signed", StageGrammar, body(replaceLast(good, assertionEnd, evilBare+assertionEnd))),
		entry("XSW5: signature in the forged, original beside", StageGrammar, body(evilSigned+bare)),
		entry("XSW5 with the original first", StageGrammar, body(bare+evilSigned)),
		entry("XSW6: original inside the forged one's signature", StageSignature, body(inside("KeyInfo2", bare))),
		entry("XSW7: forged in Extensions", StageGrammar, body("<samlp:Extensions>"+evilBare+"</samlp:Extensions>"+good)),
		entry("XSW7 with the original in Extensions", StageGrammar, body("<samlp:Extensions>"+good+"</samlp:Extensions>"+evilBare)),
		entry("XSW8: original in Object of the forged", StageSignature, body(inside("Object", bare))),
		entry("forged in Object", StageSignature, body(strings.Replace(good, signatureEnd, "<ds:Object>"+evilBare+"</ds:Object>"+signatureEnd, 1))),
		entry("the signature alone moved to the forged", StageSignature, body(evilSigned)),
		entry("same identifier, forged first", StageLexical, body(forge(bare, "_a1")+good)),
		entry("same identifier, forged after", StageLexical, body(good+forge(bare, "_a1"))),
		entry("same identifier, signed one in Object", StageLexical, body(strings.Replace(forge(good, "_a1"), signatureEnd, "<ds:Object>"+bare+"</ds:Object>"+signatureEnd, 1))),
		entry("forged in another namespace's Assertion", StageGrammar, body(strings.Replace(evilBare, "<saml:Assertion ", self("urn:oasis:names:tc:SAML:1.0:assertion"), 1)+good)),
		entry("original renamed, forged in its place", StageGrammar, body(evilBare+"<saml:Original>"+good+"</saml:Original>")),
		entry("original in Advice of the forged", StageGrammar, body(replaceLast(evilBare, assertionEnd, "<saml:Advice>"+good+"</saml:Advice>"+assertionEnd))),
		entry("original in Subject of the forged", StageGrammar, body(replaced(t, evilBare, "</saml:Subject>", good+"</saml:Subject>"))),
		entry("original in SubjectConfirmationData", StageGrammar, body(replaced(t, evilBare, `Recipient="`+ours+`"/>`, `Recipient="`+ours+`">`+good+`</saml:SubjectConfirmationData>`))),
		entry("original in Conditions of the forged", StageGrammar, body(replaced(t, evilBare, "</saml:Conditions>", good+"</saml:Conditions>"))),
		entry("original in AttributeValue of the forged", StageGrammar, body(replaced(t, evilBare, ">one<", ">"+good+"<"))),
		entry("original in AuthnContextDecl", StageGrammar, body(replaced(t, evilBare, "</saml:AuthnContext>", "<saml:AuthnContextDecl>"+good+"</saml:AuthnContextDecl></saml:AuthnContext>"))),
		entry("original in Status", StageGrammar, status(good)),
		entry("original in StatusDetail", StageGrammar, status("<samlp:StatusDetail>"+good+"</samlp:StatusDetail>")),
		entry("original in StatusMessage", StageGrammar, status("<samlp:StatusMessage>"+good+"</samlp:StatusMessage>")),
		entry("original in Issuer", StageGrammar, replaced(t, body(evilBare), entityID+"</saml:Issuer>", entityID+good+"</saml:Issuer>")),
		entry("original in KeyInfo of the forged", StageSignature, body(replaced(t, evilSigned, "<ds:X509Data>", bare+"<ds:X509Data>"))),
		entry("original in X509Certificate of the forged", StageSignature, body(replaced(t, evilSigned, "<ds:X509Certificate>", "<ds:X509Certificate>"+bare))),
		entry("original in EncryptedAssertion beside the forged", StageGrammar, body(evilBare+"<saml:EncryptedAssertion>"+good+"</saml:EncryptedAssertion>")),
		entry("original in a Transform of the forged", StageSignature, body(replaceLast(evilSigned, "</ds:Transforms>", "<ds:Transform Algorithm=\""+nsExclusive+"\">"+bare+"</ds:Transform></ds:Transforms>"))),
		entry("a second root", StageLexical, body(good)+evilBare),
		entry("a second response", StageLexical, body(good)+strings.Replace(body(evilBare), `"_r1"`, `"_r2"`, 1)),
		entry("a response in a response", StageGrammar, replaceLast(strings.Replace(body(evilBare), `"_r1"`, `"_r2"`, 1), "</samlp:Response>", body(good)+"</samlp:Response>")),
		entry("an assertion alone", StageGrammar, strings.Replace(good, "<saml:Assertion ", self(nsAssertion), 1)),
		entry("a SOAP envelope around it", StageGrammar, `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>`+doc+`</s:Body></s:Envelope>`),
		entry("an artifact response around it", StageGrammar, `<samlp:ArtifactResponse xmlns:samlp="`+nsProtocol+`">`+doc+`</samlp:ArtifactResponse>`),
		entry("signature under Status", StageGrammar, status(signature)),
		entry("signature under Subject", StageGrammar, body(replaced(t, bare, "</saml:Subject>", signature+"</saml:Subject>"))),
		entry("two signatures in one assertion", StageGrammar, body(replaced(t, good, signature, signature+signature))),
	}
	return append(out, responseWrapping(t)...)
}

// responseWrapping does so where the response is signed.
func responseWrapping(t testing.TB) []attack {
	const end = "</samlp:Response>"
	doc := signedResponse()
	signature := cut(t, doc, "<ds:Signature", "</ds:Signature>")
	bare := replaced(t, doc, signature, "")
	evil := strings.NewReplacer(genuine, "admin@example.com", `"_r1"`, `"_evil"`, `"_a1"`, `"_evil2"`).Replace(bare)
	with := func(sig string) string { return replaced(t, evil, "<samlp:Status>", sig+"<samlp:Status>") }
	object := strings.Replace(signature, "</ds:Signature>", "<ds:Object>"+bare+"</ds:Object></ds:Signature>", 1)
	second := cut(t, idp().Sign(strings.ReplaceAll(plainResponse(), `"_a1"`, `"_a2"`), samltest.Signing{Target: "_a2"}), "<saml:Assertion ", "</saml:Assertion>")
	entry := func(name string, stage Stage, xml string) attack {
		return attack{class: "wrapping", name: name, stage: stage, response: xml}
	}
	return []attack{
		entry("XSW1: original response in Object", StageSignature, with(object)),
		entry("XSW2: original response before the signature", StageGrammar, with(bare+signature)),
		entry("original response at the end", StageGrammar, replaceLast(with(signature), end, bare+end)),
		entry("original response in Extensions", StageGrammar, with(signature+"<samlp:Extensions>"+bare+"</samlp:Extensions>")),
		entry("an assertion added to the signed response", StageGrammar, replaceLast(doc, end, second+end)),
		entry("the assertion exchanged in the signed response", StageKey, replaced(t, doc, cut(t, doc, "<saml:Assertion ", "</saml:Assertion>"), second)),
		entry("the signature of another response", StageSignature, with(signature)),
		entry("reference to the assertion from the response's signature", StageSignature, replaced(t, signedAssertion(), "<samlp:Status>", cut(t, signedAssertion(), "<ds:Signature", "</ds:Signature>")+"<samlp:Status>")),
		entry("identifier of the response given to the assertion", StageLexical, strings.Replace(doc, `ID="_a1"`, `ID="_r1"`, 1)),
	}
}
