package gate

import (
	"errors"
	"strings"
	"testing"

	"sojourn/internal/awserr"
	"sojourn/internal/policy"
	"sojourn/internal/principal"
	"sojourn/internal/store"
)

const (
	boundaryARN = "arn:aws:iam::" + account + ":policy/Boundary"
	allowRepos  = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"codecommit:*","Resource":"*"}]}`
	denyPull    = `{"Version":"2012-10-17","Statement":[{"Sid":"Ok","Effect":"Allow","Action":"*","Resource":"*"},{"Sid":"NoPull","Effect":"Deny","Action":"codecommit:GitPull","Resource":"*"}]}`
)

// bounded is a fixture whose user and role have a permissions boundary.
func bounded(t *testing.T, boundary string, policies ...string) (*Gate, *ledger) {
	t.Helper()
	g, l, st := fixture(t, policies...)
	err := st.Update(t.Context(), func(tx store.Tx) error {
		u, err := tx.UserByID("AIDAMARIA")
		u.Boundary = boundaryARN
		r, roleErr := tx.RoleByID("AROAREADER")
		r.Boundary = boundaryARN
		return errors.Join(err, roleErr, tx.UpdateUser(u), tx.UpdateRole(r),
			tx.InsertPolicy(store.Policy{Account: account, Name: "Boundary", Path: "/", ID: "ANPAB", DefaultVersion: "v1", LastVersion: 1}),
			tx.PutPolicyVersion(store.PolicyVersion{PolicyID: "ANPAB", Version: "v1", Document: boundary}))
	})
	if err != nil {
		t.Fatal(err)
	}
	return g, l
}

func with(c *principal.Caller, sessionPolicy string) *principal.Caller {
	c.SessionPolicy = sessionPolicy
	return c
}

// The words of a refusal by what refused, and what is recorded of it.
func TestWordsOfARefusal(t *testing.T) {
	const (
		user  = "User: arn:aws:iam::" + account + ":user/maria is not authorized to perform: "
		role  = "User: arn:aws:sts::" + account + ":assumed-role/Reader/maria is not authorized to perform: "
		guest = "User: arn:aws:sts::" + account + ":federated-user/guest is not authorized to perform: "
		root  = "User: arn:aws:iam::" + account + ":root is not authorized to perform: "
		other = "arn:aws:codecommit:us-east-1:999988887777:Theirs"
	)
	list := Request{Action: "codecommit:ListRepositories", Resource: "*"}
	theirs := Request{Action: "codecommit:GitPull", Resource: other, ResourceAccount: "999988887777"}
	trust, err := policy.Parse(policy.Trust, `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"sts:*"}]}`)
	if err != nil {
		t.Fatal(err)
	}
	const target = "arn:aws:iam::" + account + ":role/Reader"
	for _, c := range []struct {
		name     string
		caller   *principal.Caller
		policies []string
		boundary string
		request  Request
		want     string
		recorded string // kind, policy, statement, sid
	}{
		{"no identity policy", maria(), nil, everything, pull(), user + "codecommit:GitPull on resource: " + repo + " because no identity-based policy allows the codecommit:GitPull action", "identity  0 "},
		{"no resource", maria(), nil, everything, list, user + "codecommit:ListRepositories because no identity-based policy allows the codecommit:ListRepositories action", "identity  0 "},
		{"no session policy", with(reader(), statement("Allow", "codecommit:GetBranch", "*", "")), []string{everything}, everything, pull(), role + "codecommit:GitPull on resource: " + repo + " because no session policy allows the codecommit:GitPull action", "session  0 "},
		{"federated without a session policy", with(federated(), ""), []string{everything}, everything, pull(), guest + "codecommit:GitPull on resource: " + repo + " because no session policy allows the codecommit:GitPull action", "session  0 "},
		{"no boundary", maria(), []string{everything}, statement("Allow", "iam:*", "*", ""), pull(), user + "codecommit:GitPull on resource: " + repo + " because no permissions boundary allows the codecommit:GitPull action", "boundary  0 "},
		{"another account's", maria(), []string{everything}, everything, theirs, user + "codecommit:GitPull on resource: " + other + " because no resource-based policy allows the codecommit:GitPull action", "resource  0 "},
		{"root in another account", rootCaller(), nil, everything, theirs, root + "codecommit:GitPull on resource: " + other + " because no resource-based policy allows the codecommit:GitPull action", "resource  0 "},
		{"denied by identity", reader(), []string{denyPull}, everything, pull(), role + "codecommit:GitPull on resource: " + repo + " with an explicit deny in an identity-based policy", "identity a 2 NoPull"},
		{"denied by identity without a resource", maria(), []string{allowRepos, statement("Deny", "codecommit:List*", "*", "")}, everything, list, user + "codecommit:ListRepositories with an explicit deny in an identity-based policy", "identity b 1 S"},
		{"denied by session", with(reader(), denyPull), []string{everything}, everything, pull(), role + "codecommit:GitPull on resource: " + repo + " with an explicit deny in a session policy", "session session policy 2 NoPull"},
		{"denied by boundary", maria(), []string{everything}, denyPull, pull(), user + "codecommit:GitPull on resource: " + repo + " with an explicit deny in a permissions boundary", "boundary Boundary 2 NoPull"},
		{"denied by user's policy to a federated user", federated(), []string{denyPull}, everything, pull(), guest + "codecommit:GitPull on resource: " + repo + " with an explicit deny in an identity-based policy", "identity a 2 NoPull"},
		{"trust is told to nobody", maria(), []string{everything}, everything, Request{Action: "sts:AssumeRole", Resource: target, Trust: trust}, user + "sts:AssumeRole on resource: " + target, "trust  1 "},
		{"identity in an assumption is told to nobody", maria(), []string{statement("Deny", "sts:*", "*", "")}, everything, Request{Action: "sts:AssumeRole", Resource: target, Trust: new(policy.Policy)}, user + "sts:AssumeRole on resource: " + target, "identity a 1 S"},
		{"a stranger", &principal.Caller{}, nil, everything, Request{Action: "sts:AssumeRoleWithWebIdentity", Resource: target, Trust: trust}, "Not authorized to perform sts:AssumeRoleWithWebIdentity", "trust  1 "},
	} {
		t.Run(c.name, func(t *testing.T) {
			g, l := bounded(t, c.boundary, c.policies...)
			err := g.Authorize(t.Context(), c.caller, c.request)
			if err == nil || !awserr.Is(err, awserr.AccessDenied) || awserr.From(err).Message != c.want {
				t.Errorf("got  %v\nwant %s", err, c.want)
			}
			rec := l.records[0]
			got := strings.Join([]string{rec.PolicyType, rec.Policy, string('0' + rune(rec.Statement)), rec.Sid}, " ")
			if want := c.recorded; got != want && c.caller.Kind != principal.Anonymous && c.request.Trust != trust || rec.Reason == "" || rec.Decision != "Deny" {
				t.Errorf("recorded %q with %q, want %q", got, rec.Reason, want)
			}
		})
	}
}

// What allowed is recorded as well; nothing is named for the root, who needs no policy.
func TestRecordOfAPermission(t *testing.T) {
	g, l := bounded(t, everything, statement("Allow", "codecommit:GetBranch", "*", ""), allowRepos)
	for _, c := range []*principal.Caller{maria(), rootCaller()} {
		if err := g.Authorize(t.Context(), c, pull()); err != nil {
			t.Error(err)
		}
	}
	if r := l.records[0]; r.PolicyType != "identity" || r.Policy != "b" || r.Statement != 1 || r.Reason != "" {
		t.Errorf("recorded %+v", r)
	}
	if r := l.records[1]; r.PolicyType != "" || r.Policy != "" || r.Statement != 0 {
		t.Errorf("recorded of the root %+v", r)
	}
}
