package policy

import (
	"fmt"
	"testing"
)

const pull = "codecommit:GitPull"

// answer is a decision in one word: what decided and how.
func answer(d Decision) string {
	kind := [...]string{"identity", "trust", "session", "boundary", "resource"}[d.By]
	switch {
	case d.Allowed:
		return "allow"
	case d.Explicit:
		return "deny by " + kind
	}
	return "no " + kind
}

func TestActionAndResourceElements(t *testing.T) {
	const other = "arn:aws:codecommit:us-east-2:111122223333:Other"
	for _, tt := range []struct {
		name             string
		s                stmt
		action, resource string
		want             bool
	}{
		{"exact", allow(pull).on(repo), pull, repo, true},
		{"other action", allow(pull).on(repo), "codecommit:GitPush", repo, false},
		{"other resource", allow(pull).on(repo), pull, other, false},
		{"other service", allow("codecommit:*").on("*"), "iam:GetUser", "*", false},
		{"service is a prefix", allow("code:*").on("*"), pull, repo, false},
		{"action without case", allow("CodeCommit:gitPULL").on(repo), pull, repo, true},
		{"request without case", allow(pull).on(repo), "CODECOMMIT:GITPULL", repo, true},
		{"resource with case", allow(pull).on("arn:aws:codecommit:us-east-2:111122223333:mydemorepo"), pull, repo, false},
		{"every action", allow("*").on(repo), pull, repo, true},
		{"every action, two stars", allow("*:*").on(repo), pull, repo, true},
		{"action prefix", allow("codecommit:Git*").on(repo), pull, repo, true},
		{"action wildcard in the middle", allow("codecommit:G?t*ll").on(repo), pull, repo, true},
		{"action prefix, other", allow("codecommit:Get*").on(repo), pull, repo, false},
		{"second action", allow("codecommit:GitPush", pull).on(repo), pull, repo, true},
		{"second resource", allow(pull).on(other, repo), pull, repo, true},
		{"every resource", allow(pull).on("*"), pull, repo, true},
		{"resource prefix", allow(pull).on("arn:aws:codecommit:us-east-2:111122223333:My*"), pull, repo, true},
		{"short ARN", allow(pull).on("arn:aws:codecommit:*"), pull, repo, true},
		{"wildcard region and account", allow(pull).on("arn:aws:codecommit:*:*:MyDemoRepo"), pull, repo, true},
		{"wildcard over slashes", allow("iam:GetRole").on("arn:aws:iam::111122223333:role/a*"), "iam:GetRole", "arn:aws:iam::111122223333:role/a/b/c", true},
		{"act without resource, every resource", allow("codecommit:ListRepositories").on("*"), "codecommit:ListRepositories", "*", true},
		{"act without resource, one resource", allow("codecommit:ListRepositories").on(repo), "codecommit:ListRepositories", "*", false},
		{"act without resource, all of the service", allow("codecommit:ListRepositories").on("arn:aws:codecommit:*"), "codecommit:ListRepositories", "*", false},
		{"not action", allow().except("codecommit:Git*").on(repo), "codecommit:GetRepository", repo, true},
		{"not action, excluded", allow().except("codecommit:Git*").on(repo), pull, repo, false},
		{"not action, other service", allow().except("codecommit:*").on("*"), "iam:GetUser", "*", true},
		{"not action, everything", allow().except("*").on("*"), pull, repo, false},
		{"not resource", allow(pull).off(other), pull, repo, true},
		{"not resource, excluded", allow(pull).off(other, repo), pull, repo, false},
		{"not resource, everything", allow(pull).off("*"), pull, repo, false},
	} {
		if got := ask(identity(t, tt.s), tt.action, tt.resource, nil); got != tt.want {
			t.Errorf("%s: allowed %t", tt.name, got)
		}
	}
}

func TestVariablesInResources(t *testing.T) {
	const mine = "arn:aws:codecommit:*:*:${aws:username}-*"
	const hers = "arn:aws:codecommit:us-east-2:111122223333:Maria-notes"
	user := ctx("aws:username", "Maria")
	for _, tt := range []struct {
		name    string
		version string
		s       stmt
		c       Context
		want    bool
	}{
		{"her own", version2012, allow(pull).on(mine), user, true},
		{"another's", version2012, allow(pull).on(mine), ctx("aws:username", "Bob"), false},
		{"no value", version2012, allow(pull).on(mine), nil, false},
		{"two values", version2012, allow(pull).on(mine), Context{"aws:username": {"Maria", "Bob"}}, false},
		{"default", version2012, allow(pull).on("arn:aws:codecommit:*:*:${aws:username, 'Maria'}-*"), nil, true},
		{"no value, but another resource", version2012, allow(pull).on(mine, hers), nil, true},
		{"2008", version2008, allow(pull).on(mine), user, false},
		{"no version", "", allow(pull).on(mine), user, false},
		{"not resource, excluded", version2012, allow(pull).off(mine), user, false},
		{"not resource, another's", version2012, allow(pull).off(mine), ctx("aws:username", "Bob"), true},
		{"not resource, no value", version2012, allow(pull).off(mine), nil, false},
	} {
		if got := ask(mustParse(t, Identity, tt.version, tt.s), pull, hers, tt.c); got != tt.want {
			t.Errorf("%s: allowed %t", tt.name, got)
		}
	}
	guarded := identity(t, allow("*").on("*"), deny(pull).off(mine))
	if ask(guarded, pull, hers, nil) || !ask(guarded, pull, hers, user) {
		t.Error("a Deny with NotResource and a variable without value does not deny")
	}
}

// Each row names what the policies of each kind say: "a" allows, "d" denies,
// "n" allows something else, "-" there is none.
func TestOrderOfDecision(t *testing.T) {
	kinds := map[byte]func(Kind) *Policy{
		'a': func(k Kind) *Policy { return mustParse(t, k, version2012, allow(pull).on("*")) },
		'd': func(k Kind) *Policy { return mustParse(t, k, version2012, allow("*").on("*"), deny(pull).on("*")) },
		'n': func(k Kind) *Policy { return mustParse(t, k, version2012, allow("iam:*").on("*")) },
	}
	for _, tt := range []struct{ policies, want string }{ // identity, boundary, session
		{"---", "no identity"},
		{"n--", "no identity"},
		{"a--", "allow"},
		{"d--", "deny by identity"},
		{"aa-", "allow"},
		{"an-", "no boundary"},
		{"ad-", "deny by boundary"},
		{"na-", "no identity"},
		{"-a-", "no identity"},
		{"a-a", "allow"},
		{"a-n", "no session"},
		{"a-d", "deny by session"},
		{"n-a", "no identity"},
		{"--a", "no identity"},
		{"aaa", "allow"},
		{"aan", "no session"},
		{"ana", "no boundary"},
		{"ann", "no boundary"},
		{"naa", "no identity"},
		{"daa", "deny by identity"},
		{"ada", "deny by boundary"},
		{"aad", "deny by session"},
		{"nad", "deny by session"},
		{"nda", "deny by boundary"},
		{"ddd", "deny by identity"},
		{"add", "deny by boundary"},
	} {
		t.Run(tt.policies, func(t *testing.T) {
			var s Set
			if f := kinds[tt.policies[0]]; f != nil {
				s.Identity = []*Policy{f(Identity)}
			}
			if f := kinds[tt.policies[1]]; f != nil {
				s.Boundary = f(Boundary)
			}
			if f := kinds[tt.policies[2]]; f != nil {
				s.Session, s.HasSession = []*Policy{f(Session)}, true
			}
			r := Request{Action: pull, Resource: repo, ResourceAccount: here, Caller: dev}
			if got := answer(Decide(s, &r)); got != tt.want {
				t.Errorf("%s, want %s", got, tt.want)
			}
		})
	}
}

func TestSeveralPoliciesOfOneKind(t *testing.T) {
	yes, no, other := identity(t, allow(pull).on("*")), identity(t, deny(pull).on("*")), identity(t, allow("iam:*").on("*"))
	r := Request{Action: pull, Resource: repo, ResourceAccount: here, Caller: maria}
	for _, tt := range []struct {
		identity, session []*Policy
		hasSession        bool
		want              string
	}{
		{[]*Policy{other, yes}, nil, false, "allow"},
		{[]*Policy{yes, other}, nil, false, "allow"},
		{[]*Policy{yes, no}, nil, false, "deny by identity"},
		{[]*Policy{no, yes}, nil, false, "deny by identity"},
		{[]*Policy{other, other}, nil, false, "no identity"},
		{[]*Policy{nil, yes}, nil, false, "allow"},
		{[]*Policy{yes}, []*Policy{other, yes}, true, "allow"}, // inline and managed: union
		{[]*Policy{yes}, []*Policy{other, other}, true, "no session"},
		{[]*Policy{yes}, []*Policy{yes, no}, true, "deny by session"},
		{[]*Policy{yes}, nil, true, "no session"}, // made with policies that exist no longer
		{[]*Policy{yes}, nil, false, "allow"},     // a role session without session policy
	} {
		if got := answer(Decide(Set{Identity: tt.identity, Session: tt.session, HasSession: tt.hasSession}, &r)); got != tt.want {
			t.Errorf("%+v: %s", tt, got)
		}
	}
}

func TestFederatedUserNeedsASessionPolicy(t *testing.T) {
	user := []*Policy{identity(t, allow("codecommit:*").on("*"))}
	session := []*Policy{mustParse(t, Session, version2012, allow(pull).on("*"))}
	r := Request{Action: pull, Resource: repo, ResourceAccount: here, Caller: fed}
	for _, tt := range []struct {
		s    Set
		want string
	}{
		{Set{Identity: user, FederatedUser: true}, "no session"},
		{Set{Identity: user, FederatedUser: true, Session: session, HasSession: true}, "allow"},
		{Set{FederatedUser: true, Session: session, HasSession: true}, "no identity"},
		{Set{Identity: []*Policy{identity(t, allow("*").on("*"), deny(pull).on("*"))}, FederatedUser: true, Session: session, HasSession: true}, "deny by identity"},
	} {
		if got := answer(Decide(tt.s, &r)); got != tt.want {
			t.Errorf("%s, want %s", got, tt.want)
		}
	}
}

func TestRoot(t *testing.T) {
	for _, tt := range []struct {
		name   string
		caller Caller
		s      Set
		want   string
	}{
		{"needs no policy", root, Set{}, "allow"},
		{"another account's resource", strangerRoot, Set{}, "no resource"},
	} {
		r := Request{Action: pull, Resource: repo, ResourceAccount: here, Caller: tt.caller}
		if got := answer(Decide(tt.s, &r)); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}

// Another account's resource without a policy lets nobody in.
func TestAnotherAccountsResource(t *testing.T) {
	all := Set{Identity: []*Policy{identity(t, allow("*").on("*"))}}
	for _, tt := range []struct {
		account, resource, want string
	}{
		{there, "arn:aws:codecommit:us-east-2:888888888888:R", "no resource"},
		{"", "arn:aws:codecommit:us-east-2:888888888888:R", "no resource"}, // the ARN says whose it is
		{"", repo, "allow"},
		{"", "*", "allow"},
		{"", "arn:aws:s3:::bucket", "allow"},
		{here, "*", "allow"},
	} {
		r := Request{Action: pull, Resource: tt.resource, ResourceAccount: tt.account, Caller: maria}
		if got := answer(Decide(all, &r)); got != tt.want {
			t.Errorf("%s of %q: %s, want %s", tt.resource, tt.account, got, tt.want)
		}
	}
}

func TestNobodyIsAllowedNothing(t *testing.T) {
	all := []*Policy{identity(t, allow("*").on("*"))}
	everyone := trust(t, allow("sts:*").from("*"))
	but := trust(t, allow("sts:*").notAWS(there))
	for _, s := range []Set{{}, {Identity: all}, {Identity: all, Trust: everyone}, {Identity: all, Trust: but}} {
		r := Request{Action: "sts:AssumeRole", Resource: roleARN, ResourceAccount: here, Caller: nobody}
		if d := Decide(s, &r); d.Allowed {
			t.Errorf("%+v allowed", s)
		}
	}
}

func TestDecisionNamesWhatDecided(t *testing.T) {
	named := func(p *Policy, name string) *Policy { p.Name = name; return p }
	first := named(identity(t, allow("iam:*").on("*")), "first")
	second := named(identity(t, allow("iam:*").on("*").sid("A"), allow(pull).on("*").sid("B")), "second")
	third := named(identity(t, allow(pull).on("*"), deny("codecommit:GitPush").on("*").sid("NoPush")), "third")
	boundary := named(mustParse(t, Boundary, version2012, allow("codecommit:*").on("*").sid("Edge")), "edge")
	s := Set{Identity: []*Policy{first, second, third}, Boundary: boundary}
	for _, tt := range []struct {
		action string
		want   Decision
	}{
		{pull, Decision{Allowed: true, By: Identity, PolicyName: "second", Sid: "B", Statement: 1}},
		{"codecommit:GitPush", Decision{Explicit: true, By: Identity, PolicyName: "third", Sid: "NoPush", Statement: 1}},
		{"codecommit:GetRepository", Decision{By: Identity, Statement: -1}},
		{"iam:GetUser", Decision{By: Boundary, Statement: -1}},
	} {
		r := Request{Action: tt.action, Resource: repo, ResourceAccount: here, Caller: maria}
		if got := Decide(s, &r); got != tt.want {
			t.Errorf("%s: %+v, want %+v", tt.action, got, tt.want)
		}
	}
}

func TestReasons(t *testing.T) {
	for _, tt := range []struct {
		d      Decision
		action string
		want   string
	}{
		{Decision{Allowed: true}, pull, ""},
		{Decision{By: Identity}, pull, "because no identity-based policy allows the codecommit:GitPull action"},
		{Decision{By: Identity, Explicit: true}, pull, "with an explicit deny in an identity-based policy"},
		{Decision{By: Session}, pull, "because no session policy allows the codecommit:GitPull action"},
		{Decision{By: Session, Explicit: true}, pull, "with an explicit deny in a session policy"},
		{Decision{By: Boundary}, pull, "because no permissions boundary allows the codecommit:GitPull action"},
		{Decision{By: Boundary, Explicit: true}, pull, "with an explicit deny in a permissions boundary"},
		{Decision{By: Trust}, "sts:AssumeRole", "because no role trust policy allows the sts:AssumeRole action"},
		{Decision{By: Trust, Explicit: true}, "sts:AssumeRole", "with an explicit deny in the role trust policy"},
		{Decision{By: Resource, Explicit: true}, pull, "with an explicit deny in a resource-based policy"},
		{Decision{By: Resource}, pull, "because no resource-based policy allows the codecommit:GitPull action"},
	} {
		if got := tt.d.Reason(tt.action); got != tt.want {
			t.Errorf("%+v: %q, want %q", tt.d, got, tt.want)
		}
	}
}

// Neither the order of statements nor of policies changes an answer.
func TestOrderDoesNotMatter(t *testing.T) {
	statements := []stmt{
		allow("codecommit:*").on("*"),
		deny("codecommit:GitPush").on(repo).when("Bool", "aws:SecureTransport", "false"),
		deny("codecommit:Delete*").on("*"),
		allow("iam:Get*").on("*"),
	}
	requests := []Request{
		{Action: "codecommit:GitPush", Resource: repo, Context: ctx("aws:securetransport", "false")},
		{Action: "codecommit:GitPush", Resource: repo, Context: ctx("aws:securetransport", "true")},
		{Action: "codecommit:DeleteRepository", Resource: repo},
		{Action: "iam:GetUser", Resource: "*"},
		{Action: "iam:CreateUser", Resource: "*"},
	}
	want := []bool{false, true, false, true, false}
	for _, order := range permutations(len(statements)) {
		var in []stmt
		var each []*Policy
		for _, i := range order {
			in = append(in, statements[i])
			each = append(each, identity(t, statements[i]))
		}
		for _, set := range []Set{{Identity: []*Policy{identity(t, in...)}}, {Identity: each}} {
			for i, r := range requests {
				r.Caller, r.ResourceAccount = maria, here
				if got := Decide(set, &r).Allowed; got != want[i] {
					t.Errorf("order %v, %s: allowed %t", order, r.Action, got)
				}
			}
		}
	}
}

func permutations(n int) [][]int {
	if n == 0 {
		return [][]int{{}}
	}
	var out [][]int
	for _, p := range permutations(n - 1) {
		for i := range n {
			out = append(out, append(append(append([]int{}, p[:i]...), n-1), p[i:]...))
		}
	}
	return out
}

// A Deny more never turns a refusal into an allow, and a boundary or a session
// policy more never widens.
func TestNarrowingNeverWidens(t *testing.T) {
	statements := []stmt{
		allow("*").on("*"), allow(pull).on(repo), deny(pull).on("*"), deny("*").on("*"), allow().except(pull).on("*"), deny().except(pull).on("*"),
		allow(pull).off(repo), deny(pull).off(repo), allow("*").on("*").when("StringEquals", "k", "v"), deny("*").on("*").when("StringNotEquals", "k", "v"),
	}
	var requests []Request
	for _, action := range []string{pull, "codecommit:GitPush"} {
		for _, resource := range []string{repo, repo + "2"} {
			for _, c := range []Context{nil, ctx("k", "v"), ctx("k", "w")} {
				requests = append(requests, Request{Action: action, Resource: resource, ResourceAccount: here, Caller: dev, Context: c})
			}
		}
	}
	for _, a := range statements {
		base := Set{Identity: []*Policy{identity(t, a)}}
		for _, b := range statements {
			narrower := []Set{
				{Identity: base.Identity, Boundary: identity(t, b)},
				{Identity: base.Identity, Session: []*Policy{identity(t, b)}, HasSession: true},
			}
			if b["Effect"] == "Deny" {
				narrower = append(narrower, Set{Identity: []*Policy{identity(t, a, b)}})
			}
			for _, n := range narrower {
				for _, r := range requests {
					if Decide(n, &r).Allowed && !Decide(base, &r).Allowed {
						t.Errorf("%v and %v allow %+v, which %v alone does not", a, b, r, a)
					}
				}
			}
		}
	}
}

func ExampleDecision_Reason() {
	p, err := Parse(Identity, `{"Statement":{"Effect":"Allow","Action":"codecommit:GitPull","Resource":"*"}}`)
	if err != nil {
		fmt.Println(err)
		return
	}
	d := Decide(Set{Identity: []*Policy{p}}, &Request{Action: "codecommit:GitPush", Resource: repo, Caller: maria})
	fmt.Println(d.Reason("codecommit:GitPush"))
	// Output: because no identity-based policy allows the codecommit:GitPush action
}
