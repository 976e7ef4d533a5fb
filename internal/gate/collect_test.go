package gate

import (
	"strings"
	"testing"

	"sojourn/internal/awserr"
	"sojourn/internal/iam/identity"
	"sojourn/internal/policy"
	"sojourn/internal/principal"
)

// A stored policy that does not parse refuses the request: what it would have
// denied is not known. The caller is not told which it is, the log is.
func TestDamagedPolicies(t *testing.T) {
	damaged := func(g *Gate, c *principal.Caller) {
		t.Helper()
		e := awserr.From(g.Authorize(t.Context(), c, pull()))
		if e.Code != awserr.InternalFailure || strings.Contains(e.Message, "policy") || e.Cause == nil ||
			!strings.Contains(e.Cause.Error(), "loading the policies of arn:aws:") || !strings.Contains(e.Cause.Error(), ": policy \"") {
			t.Errorf("got %v", e)
		}
	}
	g, _, _ := fixture(t, everything, "{}")
	damaged(g, maria())
	g, _ = bounded(t, "{}", everything)
	damaged(g, maria())
	g, _, _ = fixture(t, everything)
	damaged(g, with(reader(), "{}"))
}

// The account that owns a resource is the caller's own unless the act says otherwise.
func TestOwnerOfAResource(t *testing.T) {
	g, l, _ := fixture(t, statement("Allow", "*", "*", `,"Condition":{"StringEquals":{"aws:ResourceAccount":"`+account+`"}}`))
	for owner, ok := range map[string]bool{"": true, account: true, "999988887777": false} {
		if err := g.Authorize(t.Context(), maria(), Request{Action: "codecommit:ListRepositories", Resource: "*", ResourceAccount: owner}); (err == nil) != ok {
			t.Errorf("owner %q: %v", owner, err)
		}
	}
	if l.records[0].Account == "" {
		t.Errorf("recorded %+v", l.records[0])
	}
}

// A policy is compiled once; the cache forgets all at its limit and goes on.
func TestCacheOfPolicies(t *testing.T) {
	c := newCache(2)
	get := func(name, text string) *policy.Policy {
		t.Helper()
		p, err := c.get(policy.Identity, identity.NamedPolicy{Name: name, Text: text})
		if err != nil || p.Name != name {
			t.Fatal(p, err)
		}
		return p
	}
	a := get("a", everything)
	if get("a", everything) != a || get("b", everything) == a || len(c.byKey) != 2 {
		t.Error("a policy is not known by its name and text")
	}
	if get("a", denyPull) == a || len(c.byKey) != 1 {
		t.Errorf("at its limit the cache holds %d", len(c.byKey))
	}
	if _, err := c.get(policy.Identity, identity.NamedPolicy{Name: "x", Text: "{}"}); err == nil || !strings.HasPrefix(err.Error(), `policy "x": `) || len(c.byKey) != 1 {
		t.Errorf("a damaged policy: %v", err)
	}
	if g := New(nil, discardLedger{}); g.compiled.limit == 0 {
		t.Error("a gate without a cache")
	}
}
