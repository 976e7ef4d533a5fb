package policy

import (
	"encoding/json"
	"maps"
	"testing"
)

// The accounts and callers of the tests.
const (
	here  = "111122223333"
	there = "888888888888"

	repo     = "arn:aws:codecommit:us-east-2:111122223333:MyDemoRepo"
	roleARN  = "arn:aws:iam::111122223333:role/CodeCommitAccess"
	session1 = "arn:aws:sts::111122223333:assumed-role/Dev/Maria"
)

var (
	anyone = map[string]any{"AWS": "*"}

	maria = Caller{Account: here, ARN: "arn:aws:iam::111122223333:user/eng/Maria", PrincipalARN: "arn:aws:iam::111122223333:user/eng/Maria", ID: "AIDAMARIAAAAAAAAAAAAA"}
	dev   = Caller{Account: here, ARN: session1, PrincipalARN: "arn:aws:iam::111122223333:role/team/Dev", ID: "AROADEVAAAAAAAAAAAAAA"}
	fed   = Caller{Account: here, ARN: "arn:aws:sts::111122223333:federated-user/Bob", PrincipalARN: "arn:aws:sts::111122223333:federated-user/Bob", ID: maria.ID, IssuerARN: maria.ARN}
	root  = Caller{Account: here, ARN: "arn:aws:iam::111122223333:root", PrincipalARN: "arn:aws:iam::111122223333:root", ID: here, Root: true}

	stranger     = Caller{Account: there, ARN: "arn:aws:iam::888888888888:user/Stranger", PrincipalARN: "arn:aws:iam::888888888888:user/Stranger", ID: "AIDASTRANGERAAAAAAAAA"}
	strangerRole = Caller{Account: there, ARN: "arn:aws:sts::888888888888:assumed-role/CI/run", PrincipalARN: "arn:aws:iam::888888888888:role/CI", ID: "AROACIAAAAAAAAAAAAAAA"}
	strangerRoot = Caller{Account: there, ARN: "arn:aws:iam::888888888888:root", PrincipalARN: "arn:aws:iam::888888888888:root", ID: there, Root: true}

	github = Caller{Anonymous: true, Federated: "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"}
	nobody = Caller{Anonymous: true}
)

// stmt is a statement under construction; each method returns a changed copy.
type stmt map[string]any

func allow(actions ...string) stmt { return stmt{"Effect": "Allow", "Action": actions} }
func deny(actions ...string) stmt  { return stmt{"Effect": "Deny", "Action": actions} }

func (s stmt) with(name string, value any) stmt {
	out := maps.Clone(s)
	out[name] = value
	return out
}

func (s stmt) without(name string) stmt {
	out := maps.Clone(s)
	delete(out, name)
	return out
}

func (s stmt) on(resources ...string) stmt { return s.with("Resource", resources) }
func (s stmt) off(resources ...string) stmt {
	return s.without("Resource").with("NotResource", resources)
}
func (s stmt) from(principal any) stmt  { return s.with("Principal", principal) }
func (s stmt) aws(names ...string) stmt { return s.from(map[string]any{"AWS": names}) }
func (s stmt) notAWS(names ...string) stmt {
	return s.without("Principal").with("NotPrincipal", map[string]any{"AWS": names})
}
func (s stmt) sid(id string) stmt { return s.with("Sid", id) }
func (s stmt) except(actions ...string) stmt {
	return s.without("Action").with("NotAction", actions)
}

func (s stmt) when(operator, key string, values ...any) stmt {
	conditions := map[string]map[string]any{}
	if old, ok := s["Condition"].(map[string]map[string]any); ok {
		for op, keys := range old {
			conditions[op] = maps.Clone(keys)
		}
	}
	if conditions[operator] == nil {
		conditions[operator] = map[string]any{}
	}
	conditions[operator][key] = append([]any{}, values...)
	return s.with("Condition", conditions)
}

func written(version string, statements ...stmt) string {
	doc := map[string]any{"Statement": statements}
	if version != "" {
		doc["Version"] = version
	}
	b, err := json.Marshal(doc)
	if err != nil {
		panic(err)
	}
	return string(b)
}

func mustParse(t testing.TB, kind Kind, version string, statements ...stmt) *Policy {
	t.Helper()
	text := written(version, statements...)
	p, err := Parse(kind, text)
	if err != nil {
		t.Fatalf("Parse(%s): %v", text, err)
	}
	return p
}

func identity(t testing.TB, statements ...stmt) *Policy {
	t.Helper()
	return mustParse(t, Identity, version2012, statements...)
}

func trust(t testing.TB, statements ...stmt) *Policy {
	t.Helper()
	return mustParse(t, Trust, version2012, statements...)
}

func resourceBased(t testing.TB, statements ...stmt) *Policy {
	t.Helper()
	return mustParse(t, Resource, version2012, statements...)
}

// ctx makes a context of single-valued keys.
func ctx(pairs ...string) Context {
	c := Context{}
	for i := 0; i < len(pairs); i += 2 {
		c[pairs[i]] = []string{pairs[i+1]}
	}
	return c
}

// ask decides for one identity policy.
func ask(p *Policy, action, resource string, c Context) bool {
	return Decide(Set{Identity: []*Policy{p}}, &Request{Action: action, Resource: resource, ResourceAccount: here, Caller: maria, Context: c}).Allowed
}
