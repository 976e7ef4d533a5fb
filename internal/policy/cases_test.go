package policy

import (
	"fmt"
	"strings"
	"testing"
)

// caseCallers are those whom a case names under "caller".
var caseCallers = map[string]Caller{
	"user Maria": maria, "session Dev/Maria": dev, "federated user Bob": fed, "root": root,
	"other account's user": stranger, "other account's session CI/run": strangerRole, "other account's root": strangerRoot,
	"GitHub's token": github, "nobody": nobody,
	"Roles Anywhere":  {Anonymous: true, Service: "rolesanywhere.amazonaws.com"},
	"SAML assertion":  {Anonymous: true, Federated: "arn:aws:iam::111122223333:saml-provider/ADFS"},
	"Google's token":  {Anonymous: true, Federated: "accounts.google.com"},
	"Cognito's token": {Anonymous: true, Federated: "cognito-identity.amazonaws.com"},
}

var caseVersions = map[string]string{"": version2012, version2012: version2012, version2008: version2008, "none": ""}

var caseFields = strings.Fields("identity group managed boundary session trust resource-policy when unless version caller action resource account context bind expect")

// The cases under testdata/cases are written from AWS's documentation.
func TestCases(t *testing.T) {
	n := 0
	readCases(t, "cases", caseFields, func(title string, b block) {
		n++
		t.Run(title, func(t *testing.T) { runCase(t, b) })
	})
	if n < 400 {
		t.Errorf("%d cases", n)
	}
}

func runCase(t *testing.T, b block) {
	r := caseRequest(t, b)
	s := caseSet(t, b, r)
	got, want := verdict(Decide(s, r)), b.one(t, "expect")
	if got != want && strings.TrimSuffix(got, " "+lastWord(got)) != want {
		t.Errorf("%s: %q, want %q", b[0].where, got, want)
	}
}

func lastWord(s string) string { return s[strings.LastIndex(s, " ")+1:] }

// verdict is a decision as the cases write it: "allow KIND", "deny explicit
// KIND" or "deny implicit KIND". A case may leave out the last word of an allow.
func verdict(d Decision) string {
	kind := [...]string{"identity", "trust", "session", "boundary", "resource"}[d.By]
	switch {
	case d.Allowed:
		return "allow " + kind
	case d.Explicit:
		return "deny explicit " + kind
	}
	return "deny implicit " + kind
}

func caseRequest(t *testing.T, b block) *Request {
	name := b.one(t, "caller")
	if name == "" {
		name = "user Maria"
	}
	caller, ok := caseCallers[name]
	if !ok {
		t.Fatalf("%s: unknown caller %q", b[0].where, name)
	}
	r := &Request{Action: b.one(t, "action"), Resource: b.one(t, "resource"), ResourceAccount: b.one(t, "account"), Caller: caller, Context: contextOf(t, b.all("context"))}
	if r.Action == "" {
		r.Action = pull
	}
	if r.Resource == "" {
		r.Resource = repo
	}
	return r
}

func caseSet(t *testing.T, b block, r *Request) Set {
	version, ok := caseVersions[b.one(t, "version")]
	if !ok {
		t.Fatalf("%s: unknown version", b[0].where)
	}
	s := Set{FederatedUser: r.Caller.ARN == fed.ARN}
	policies := func(name string, parse func(string) (*Policy, error)) (list []*Policy) {
		for _, f := range b.all(name) {
			if f.value == "none" {
				continue
			}
			p, err := parse(documentOf(t, f, version))
			if err != nil {
				t.Fatalf("%s: %v", f.where, err)
			}
			list = append(list, p)
		}
		return list
	}
	kind := func(k Kind) func(string) (*Policy, error) {
		return func(text string) (*Policy, error) { return Parse(k, text) }
	}
	s.Identity = append(policies("identity", kind(Identity)), policies("group", kind(Identity))...)
	s.Identity = append(s.Identity, policies("managed", ParseManaged)...)
	s.Identity = append(s.Identity, conditional(t, b, version, r.Action)...)
	s.Boundary = only(t, policies("boundary", kind(Boundary)))
	s.Session, s.HasSession = policies("session", kind(Session)), b.has("session")
	s.Trust = only(t, policies("trust", kind(Trust)))
	s.Resource = only(t, policies("resource-policy", kind(Resource)))
	if s.Trust != nil {
		s.Trust.BindPrincipals(bindings(t, b))
	}
	return s
}

func only(t *testing.T, list []*Policy) *Policy {
	switch len(list) {
	case 0:
		return nil
	case 1:
		return list[0]
	}
	t.Fatalf("%d policies where one can be", len(list))
	return nil
}

// conditional makes the policies of "when: CONDITION", which allows the case's
// action under a condition, and "unless: CONDITION", which denies it so and
// allows everything else.
func conditional(t *testing.T, b block, version, action string) (list []*Policy) {
	for name, forms := range map[string][]string{"when": {"allow %s on * when %s"}, "unless": {"allow * on *", "deny %s on * when %s"}} {
		for _, f := range b.all(name) {
			for _, form := range forms {
				if strings.Contains(form, "%") {
					form = fmt.Sprintf(form, action, f.value)
				}
				f := field{name, form, f.where}
				p, err := Parse(Identity, documentOf(t, f, version))
				if err != nil {
					t.Fatalf("%s: %v", f.where, err)
				}
				list = append(list, p)
			}
		}
	}
	return list
}

// bindings are the unique ids of "bind: ARN = ID", those of the principals of
// a trust policy; "[]" stands for one that exists no longer.
func bindings(t *testing.T, b block) map[string]string {
	ids := map[string]string{}
	for _, f := range b.all("bind") {
		w, err := splitWords(f.value)
		arn := w.next()
		if err != nil || !w.take("=") {
			t.Fatalf("%s: a binding is ARN = ID", f.where)
		}
		ids[arn] = ""
		if id := w.list(); len(id) > 0 {
			ids[arn] = id[0]
		}
	}
	return ids
}
