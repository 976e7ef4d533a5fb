package gate

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"sojourn/internal/awserr"
	"sojourn/internal/policy"
	"sojourn/internal/principal"
	"sojourn/internal/seal"
)

func sealing(t *testing.T, g *Gate) *seal.Keyring {
	t.Helper()
	keys, err := seal.CreateKeyring(filepath.Join(t.TempDir(), "root.json"))
	if err != nil {
		t.Fatal(err)
	}
	g.Sealing(keys)
	return keys
}

// opened asks for r, which is refused, and opens the refusal's message.
func opened(t *testing.T, g *Gate, keys *seal.Keyring, c *principal.Caller, r Request) (m map[string]any) {
	t.Helper()
	text, err := keys.OpenMessage(c.Account, awserr.From(g.Authorize(t.Context(), c, r)).Encoded)
	if err == nil {
		err = json.Unmarshal(text, &m)
	}
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func tree(t *testing.T, text string) (v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestEncodedMessage(t *testing.T) {
	const denial = `{"Version":"2012-10-17","Statement":{"Sid":"NoMain","Effect":"Deny","Action":["codecommit:GitPush","codecommit:PutFile"],"Resource":"*",
		"Condition":{"StringEqualsIfExists":{"codecommit:References":["refs/heads/main","refs/heads/prod"]},"Null":{"codecommit:References":false}}}}`
	g, _ := bounded(t, denial, everything, denial)
	keys := sealing(t, g)
	push := Request{Action: "codecommit:GitPush", Resource: repo, Context: map[string][]string{"codecommit:references": {"refs/heads/main"}}}
	m := opened(t, g, keys, reader(), push)
	context := m["context"].(map[string]any)
	conditions := fmt.Sprint(context["conditions"])
	delete(context, "conditions")
	statement := func(kind, name string) string {
		return `{"statementId":"NoMain","effect":"DENY","actions":{"items":[{"value":"codecommit:GitPush"},{"value":"codecommit:PutFile"}]},"resources":{"items":[{"value":"*"}]},
			"conditions":{"items":[{"key":"codecommit:References","values":{"items":[{"value":"false"}]}},{"key":"codecommit:References","values":{"items":[{"value":"refs/heads/main"},{"value":"refs/heads/prod"}]}}]},
			"policyType":"` + kind + `","policyName":"` + name + `"}`
	}
	want := tree(t, `{"allowed":false,"explicitDeny":true,"matchedStatements":{"items":[`+statement("identity", "b")+`,`+statement("boundary", "Boundary")+`]},"failures":{"items":[]},
		"context":{"principal":{"id":"AROAREADER:maria","arn":"arn:aws:sts::`+account+`:assumed-role/Reader/maria"},"action":"codecommit:GitPush","resource":"`+repo+`"}}`)
	if !reflect.DeepEqual(any(m), want) {
		t.Errorf("got  %v\nwant %v", m, want)
	}
	for _, part := range []string{"map[key:aws:sourceip values:map[items:[map[value:192.0.2.7]]]]", "map[key:codecommit:references values:map[items:[map[value:refs/heads/main]]]]"} {
		if !strings.Contains(conditions, part) {
			t.Errorf("%s is missing in %s", part, conditions)
		}
	}
}

// Every policy that denies is shown with its own text, the session's too.
func TestEncodedMessageShowsEachPolicysText(t *testing.T) {
	deny := func(sid, action string) string {
		return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},{"Sid":"` + sid + `","Effect":"Deny","NotAction":"` + action + `","Resource":"*"}]}`
	}
	g, _ := bounded(t, everything, deny("First", "a:1"), everything, deny("Third", "a:3"))
	keys := sealing(t, g)
	c := with(reader(), statement("Deny", "codecommit:GitPull", "*", ""))
	c.PolicyARNs = []string{boundaryARN, "arn:aws:iam::aws:policy/AdministratorAccess"}
	m := opened(t, g, keys, c, pull())
	var got []string
	for _, item := range m["matchedStatements"].(map[string]any)["items"].([]any) {
		text, err := json.Marshal(item)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, string(text))
	}
	shape := func(actions, id, name, kind string) string {
		return `{"actions":{"items":[` + actions + `]},"conditions":{"items":[]},"effect":"DENY","policyName":"` + name + `","policyType":"` + kind + `","resources":{"items":[{"value":"*"}]},"statementId":"` + id + `"}`
	}
	want := []string{shape("", "First", "a", "identity"), shape("", "Third", "c", "identity"), shape(`{"value":"codecommit:GitPull"}`, "S", "session policy", "session")}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestValuesAreCut(t *testing.T) {
	long := strings.Repeat("x", maxValue)
	got := values([]string{long, long + "x", "1", "2", "3", "4", "5", "6", "7", "8"}).Items
	if len(got) != maxValues || got[0].Value != long || got[1].Value != long+"…" {
		t.Errorf("got %v", got)
	}
}

func TestEncodedMessageOfAnAbsentPermission(t *testing.T) {
	g, _, _ := fixture(t)
	m := opened(t, g, sealing(t, g), maria(), pull())
	if m["explicitDeny"] != false || m["allowed"] != false || !reflect.DeepEqual(m["failures"], tree(t, `{"items":[]}`)) || !reflect.DeepEqual(m["matchedStatements"], tree(t, `{"items":[]}`)) {
		t.Errorf("got %v", m)
	}
}

// A request that brings much cannot make the message long: long values are cut,
// and then the keys are left out.
func TestEncodedMessageIsBounded(t *testing.T) {
	g, _, _ := fixture(t)
	keys := sealing(t, g)
	c, r := maria(), pull()
	c.UserAgent = strings.Repeat("ä", 1000)
	if m := opened(t, g, keys, c, r); !strings.Contains(fmt.Sprint(m), "…") {
		t.Errorf("a long value is whole: %v", m)
	}
	r.Context = map[string][]string{}
	for i := range 200 {
		r.Context[fmt.Sprint("aws:requesttag/", i, keys)] = []string{seal.NewID("") + seal.NewID("")}
	}
	if m := opened(t, g, keys, c, r); !reflect.DeepEqual(m["context"].(map[string]any)["conditions"], tree(t, `{"items":[]}`)) {
		t.Errorf("got %v", m)
	}
}

// Who is told no reason gets no message either.
func TestNoMessageForStrangers(t *testing.T) {
	g, _, _ := fixture(t, everything)
	sealing(t, g)
	nobody := maria()
	nobody.Session = principal.Session{}
	assume := Request{Action: "sts:AssumeRole", Resource: "arn:aws:iam::" + account + ":role/Reader", Trust: new(policy.Policy)}
	for _, c := range []struct {
		caller *principal.Caller
		r      Request
	}{{maria(), assume}, {reader(), assume}, {nobody, assume}, {federated(), Request{Action: "iam:GetUser", Resource: "*"}}, {userSession(), Request{Action: "sts:GetAccessKeyInfo", Resource: "*"}}} {
		if e := awserr.From(g.Authorize(t.Context(), c.caller, c.r)); e.Encoded != "" || e.Message == "" {
			t.Errorf("%s gets %q beside %q", c.caller.ARN(), e.Encoded, e.Message)
		}
	}
}
