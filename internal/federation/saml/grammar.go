package saml

import (
	"maps"
	"sync"
)

// rule is what one element may hold. Order does not matter: identity providers
// differ in it. What is not named here is refused.
type rule struct {
	attrs    map[string]bool // unprefixed ones; true: required
	foreign  []name          // prefixed ones
	children map[name]count
	text     bool // character data, and then no children beside it
	any      bool // judged by somebody else
}

// count is how often a child may come.
type count struct{ min, max int }

var (
	once     = count{1, 1}
	optional = count{0, 1}
	several  = count{1, 1000}
	anyTimes = count{0, 1000}
)

// grammar is the rules of one kind of document, with the stage that refuses.
type grammar struct {
	stage Stage
	rules map[name]rule
}

// check holds n and all in it against the rules. An element without a rule may
// hold nothing.
func (g grammar) check(n *node) error {
	r := g.rules[n.name]
	if r.any {
		return nil
	}
	if err := g.checkAttrs(n, r); err != nil {
		return err
	}
	if trim(n.text) != "" && (!r.text || len(n.children) > 0) {
		return refuse(g.stage, "text in %q", n.name.local)
	}
	if err := g.checkCounts(n, r); err != nil {
		return err
	}
	for _, c := range n.children {
		if err := g.check(c); err != nil {
			return err
		}
	}
	return nil
}

func (g grammar) checkAttrs(n *node, r rule) error {
	left := maps.Clone(n.attrs)
	for local, required := range r.attrs {
		if required && !n.has(local) {
			return refuse(g.stage, "%q has no %q", n.name.local, local)
		}
		delete(left, name{"", local})
	}
	for _, f := range r.foreign {
		delete(left, f)
	}
	for a := range left {
		return refuse(g.stage, "attribute %v of %q is not allowed", a, n.name.local)
	}
	return nil
}

func (g grammar) checkCounts(n *node, r rule) error {
	found := map[name]int{}
	for _, c := range n.children {
		found[c.name]++
		if _, ok := r.children[c.name]; !ok {
			return refuse(g.stage, "element %v in %q is not allowed", c.name, n.name.local)
		}
	}
	for child, times := range r.children {
		if found[child] < times.min || found[child] > times.max {
			return refuse(g.stage, "%d elements %q in %q", found[child], child.local, n.name.local)
		}
	}
	return nil
}

func attrs(required []string, others ...string) map[string]bool {
	m := map[string]bool{}
	for _, a := range required {
		m[a] = true
	}
	for _, a := range others {
		m[a] = false
	}
	return m
}

// in makes the children of one namespace.
func in(space string, counts map[string]count, others ...map[name]count) map[name]count {
	m := map[name]count{}
	for local, c := range counts {
		m[name{space, local}] = c
	}
	for _, o := range others {
		maps.Copy(m, o)
	}
	return m
}

// signed is the place of an element's own signature.
func signed() map[name]count { return map[name]count{elSignature: optional} }

// nameAttrs are those of names of people and issuers.
func nameAttrs() map[string]bool {
	return attrs(nil, "Format", "NameQualifier", "SPNameQualifier", "SPProvidedID")
}

// responseGrammar leaves out what could carry a second meaning: extensions,
// advice, status details, encrypted parts of an assertion, confirmation by key.
// Signatures and encryption have grammars of their own.
var responseGrammar = sync.OnceValue(func() grammar {
	return grammar{StageGrammar, map[name]rule{
		elResponse: {
			attrs: attrs([]string{"ID", "Version", "IssueInstant"}, "InResponseTo", "Destination", "Consent"),
			children: in(nsProtocol, map[string]count{"Status": once}, signed(),
				map[name]count{elIssuer: optional, elAssertion: optional, elEncrypted: optional}),
		},
		elSignature: {any: true},
		elEncrypted: {any: true},
		elIssuer:    {attrs: nameAttrs(), text: true},
		elAssertion: {
			attrs: attrs([]string{"ID", "Version", "IssueInstant"}),
			children: in(nsAssertion, map[string]count{"Issuer": once, "Subject": once, "Conditions": once,
				"AuthnStatement": once, "AttributeStatement": optional}, signed()),
		},
		{nsProtocol, "Status"}:        {children: in(nsProtocol, map[string]count{"StatusCode": once, "StatusMessage": optional})},
		{nsProtocol, "StatusCode"}:    {attrs: attrs([]string{"Value"}), children: in(nsProtocol, map[string]count{"StatusCode": optional})},
		{nsProtocol, "StatusMessage"}: {text: true},

		{nsAssertion, "Subject"}:             {children: in(nsAssertion, map[string]count{"NameID": once, "SubjectConfirmation": once})},
		elNameID:                             {attrs: nameAttrs(), text: true},
		{nsAssertion, "SubjectConfirmation"}: {attrs: attrs([]string{"Method"}), children: in(nsAssertion, map[string]count{"SubjectConfirmationData": once})},
		{nsAssertion, "SubjectConfirmationData"}: {
			attrs: attrs([]string{"NotOnOrAfter", "Recipient"}, "NotBefore", "InResponseTo", "Address")},

		{nsAssertion, "Conditions"}: {attrs: attrs(nil, "NotBefore", "NotOnOrAfter"),
			children: in(nsAssertion, map[string]count{"AudienceRestriction": anyTimes, "OneTimeUse": optional})},
		{nsAssertion, "AudienceRestriction"}: {children: in(nsAssertion, map[string]count{"Audience": several})},
		{nsAssertion, "Audience"}:            {text: true},
		{nsAssertion, "OneTimeUse"}:          {},

		{nsAssertion, "AuthnStatement"}: {attrs: attrs([]string{"AuthnInstant"}, "SessionIndex", "SessionNotOnOrAfter"),
			children: in(nsAssertion, map[string]count{"AuthnContext": once, "SubjectLocality": optional})},
		{nsAssertion, "SubjectLocality"}: {attrs: attrs(nil, "Address", "DNSName")},
		{nsAssertion, "AuthnContext"}: {children: in(nsAssertion, map[string]count{
			"AuthnContextClassRef": optional, "AuthnContextDeclRef": optional, "AuthenticatingAuthority": anyTimes})},
		{nsAssertion, "AuthnContextClassRef"}:    {text: true},
		{nsAssertion, "AuthnContextDeclRef"}:     {text: true},
		{nsAssertion, "AuthenticatingAuthority"}: {text: true},

		{nsAssertion, "AttributeStatement"}: {children: in(nsAssertion, map[string]count{"Attribute": several})},
		{nsAssertion, "Attribute"}: {attrs: attrs([]string{"Name"}, "NameFormat", "FriendlyName"),
			foreign: []name{ // AD FS and Shibboleth
				{"http://schemas.xmlsoap.org/ws/2009/09/identity/claims", "OriginalIssuer"},
				{"urn:oasis:names:tc:SAML:2.0:profiles:attribute:X500", "Encoding"},
			},
			children: in(nsAssertion, map[string]count{"AttributeValue": anyTimes})},
		// eduPersonTargetedID has a NameID for its value.
		{nsAssertion, "AttributeValue"}: {foreign: []name{{nsInstance, "type"}, {nsInstance, "nil"}}, text: true,
			children: in(nsAssertion, map[string]count{"NameID": optional})},
	}}
})

// checkResponse holds a whole response against the grammar.
func checkResponse(root *node) error {
	if err := checkRoot(root, elResponse); err != nil {
		return err
	}
	if len(root.all(elAssertion))+len(root.all(elEncrypted)) != 1 {
		return refuse(StageGrammar, "the response must hold exactly one assertion")
	}
	return nil
}

// checkAssertion holds an assertion that stands alone against the grammar.
func checkAssertion(root *node) error { return checkRoot(root, elAssertion) }

func checkRoot(root *node, want name) error {
	if root.name != want {
		return refuse(StageGrammar, "the root is %v", root.name)
	}
	return responseGrammar().check(root)
}
