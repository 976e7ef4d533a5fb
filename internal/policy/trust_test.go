package policy

import (
	"slices"
	"testing"
)

const assume = "sts:AssumeRole"

// Who may assume a role of the account here, by what its trust policy says and
// by what the caller's own policies say.
func TestTrust(t *testing.T) {
	allowing := []*Policy{identity(t, allow("sts:*").on("*"))}
	none := []*Policy{identity(t, allow("codecommit:*").on("*"))}
	no := []*Policy{identity(t, allow("*").on("*"), deny(assume).on(roleARN))}
	boundary := mustParse(t, Boundary, version2012, allow("codecommit:*").on("*"))
	session := []*Policy{mustParse(t, Session, version2012, allow("codecommit:*").on("*"))}

	grants := func(s stmt) *Policy { return trust(t, s) }
	byAccount := grants(allow(assume).aws(here))
	byOther := grants(allow(assume).aws("arn:aws:iam::888888888888:root"))
	byUser := grants(allow(assume).aws(maria.ARN))
	byRole := grants(allow(assume).aws(dev.PrincipalARN))
	bySession := grants(allow(assume).aws(dev.ARN))
	byStranger := grants(allow(assume).aws(stranger.ARN))
	byAnyone := grants(allow(assume).from("*"))
	byStar := grants(allow(assume).from(anyone))
	byBut := grants(allow(assume).notAWS(stranger.ARN))
	byProvider := grants(allow(assume).from(map[string]any{"Federated": github.Federated}))
	byService := grants(allow(assume).from(map[string]any{"Service": "ec2.amazonaws.com"}))
	denied := trust(t, allow(assume).from("*"), deny(assume).aws(here))

	for _, tt := range []struct {
		name   string
		caller Caller
		s      Set
		want   string
	}{
		// Same account.
		{"account named, own policy allows", maria, Set{Identity: allowing, Trust: byAccount}, "allow"},
		{"account named, own policy silent", maria, Set{Identity: none, Trust: byAccount}, "no identity"},
		{"account named, own policy denies", maria, Set{Identity: no, Trust: byAccount}, "deny by identity"},
		{"not named, own policy allows", maria, Set{Identity: allowing, Trust: byOther}, "no trust"},
		{"user named, own policy silent", maria, Set{Identity: none, Trust: byUser}, "allow"},
		{"user named, no own policy", maria, Set{Trust: byUser}, "allow"},
		{"user named, own policy denies", maria, Set{Identity: no, Trust: byUser}, "deny by identity"},
		{"user named, boundary silent", maria, Set{Identity: none, Boundary: boundary, Trust: byUser}, "allow"},
		{"another user named", maria, Set{Identity: allowing, Trust: byStranger}, "no trust"},
		{"role named, own policy silent", dev, Set{Identity: none, Trust: byRole}, "allow"},
		{"role named, boundary silent", dev, Set{Identity: allowing, Boundary: boundary, Trust: byRole}, "no boundary"},
		{"role named, session silent", dev, Set{Identity: allowing, Session: session, HasSession: true, Trust: byRole}, "no session"},
		{"session named, all silent", dev, Set{Identity: none, Boundary: boundary, Session: session, HasSession: true, Trust: bySession}, "allow"},
		{"session named, own policy denies", dev, Set{Identity: no, Trust: bySession}, "deny by identity"},
		{"another session named", Caller{Account: here, ARN: session1 + "2", PrincipalARN: dev.PrincipalARN, ID: dev.ID}, Set{Identity: allowing, Trust: bySession}, "no trust"},
		{"everyone, own policy silent", maria, Set{Identity: none, Trust: byAnyone}, "allow"},
		{"everyone, boundary silent", maria, Set{Identity: none, Boundary: boundary, Trust: byStar}, "allow"},
		{"everyone, boundary of a role silent", dev, Set{Identity: none, Boundary: boundary, Trust: byStar}, "no boundary"},
		{"everyone, session silent", dev, Set{Identity: allowing, Session: session, HasSession: true, Trust: byStar}, "no session"},
		{"all but another, own policy allows", maria, Set{Identity: allowing, Trust: byBut}, "allow"},
		{"all but another, own policy silent", maria, Set{Identity: none, Trust: byBut}, "allow"},
		{"all but another, boundary of a role silent", dev, Set{Identity: none, Boundary: boundary, Trust: byBut}, "no boundary"},
		{"trust denies", maria, Set{Identity: allowing, Trust: denied}, "deny by trust"},
		{"provider named", maria, Set{Identity: allowing, Trust: byProvider}, "no trust"},
		{"service named", maria, Set{Identity: allowing, Trust: byService}, "no trust"},
		{"no principals at all", maria, Set{Identity: allowing, Trust: identity(t, allow("*").on("*"))}, "no trust"},

		// Another account: both sides must allow, however the trust names the caller.
		{"stranger, account named, both allow", stranger, Set{Identity: allowing, Trust: byOther}, "allow"},
		{"stranger, account named, own silent", stranger, Set{Identity: none, Trust: byOther}, "no identity"},
		{"stranger, named, own allows", stranger, Set{Identity: allowing, Trust: byStranger}, "allow"},
		{"stranger, named, own silent", stranger, Set{Identity: none, Trust: byStranger}, "no identity"},
		{"stranger, named, boundary silent", stranger, Set{Identity: allowing, Boundary: boundary, Trust: byStranger}, "no boundary"},
		{"stranger, not named", stranger, Set{Identity: allowing, Trust: byAccount}, "no trust"},
		{"stranger, own denies", stranger, Set{Identity: no, Trust: byStranger}, "deny by identity"},
		{"stranger, everyone, own allows", stranger, Set{Identity: allowing, Trust: byAnyone}, "allow"},
		{"stranger, everyone, own silent", stranger, Set{Identity: none, Trust: byAnyone}, "no identity"},
		{"stranger, all but her", stranger, Set{Identity: allowing, Trust: byBut}, "no trust"},
		{"strange role, account named, session silent", strangerRole, Set{Identity: allowing, Session: session, HasSession: true, Trust: byOther}, "no session"},
		{"strange role, account denied here", strangerRole, Set{Identity: allowing, Trust: denied}, "allow"},

		// Root is the account.
		{"root, account named", root, Set{Trust: byAccount}, "allow"},
		{"root, not named", root, Set{Trust: byOther}, "no trust"},
		{"root, denied", root, Set{Trust: denied}, "deny by trust"},
		{"strange root, account named", strangerRoot, Set{Trust: byOther}, "allow"},
		{"strange root, not named", strangerRoot, Set{Trust: byAccount}, "no trust"},

		// A federated user's session is not the user.
		{"federated user, user named by ARN", fed, Set{Identity: allowing, FederatedUser: true, Trust: byUser}, "no session"},
		{"federated user, another user named by ARN", fed, Set{Identity: allowing, FederatedUser: true, Trust: byStranger}, "no trust"},
		{"federated user, account named", fed, Set{Identity: allowing, FederatedUser: true, Trust: byAccount}, "no session"},
		{"federated user, session named", fed, Set{FederatedUser: true, Trust: grants(allow(assume).aws(fed.ARN))}, "allow"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := Request{Action: assume, Resource: roleARN, Caller: tt.caller}
			if got := answer(Decide(tt.s, &r)); got != tt.want {
				t.Errorf("%s, want %s", got, tt.want)
			}
		})
	}
}

// A provider's proof is decided by the trust policy alone.
func TestTrustOfProviders(t *testing.T) {
	const web = "sts:AssumeRoleWithWebIdentity"
	named := map[string]any{"Federated": github.Federated}
	sub := ctx("token.actions.githubusercontent.com:sub", "repo:octo/app:ref:refs/heads/main")
	bySub := allow(web).from(named).when("StringLike", "token.actions.githubusercontent.com:sub", "repo:octo/app:*")
	for _, tt := range []struct {
		name    string
		p       *Policy
		request Context
		want    string
	}{
		{"named", trust(t, allow(web).from(named)), nil, "allow"},
		{"named, other action", trust(t, allow("sts:AssumeRoleWithSAML").from(named)), nil, "no trust"},
		{"condition holds", trust(t, bySub), sub, "allow"},
		{"condition fails", trust(t, bySub), ctx("token.actions.githubusercontent.com:sub", "repo:evil/app:x"), "no trust"},
		{"claim missing", trust(t, bySub), nil, "no trust"},
		{"another provider", trust(t, allow(web).from(map[string]any{"Federated": github.Federated + "/x"})), nil, "no trust"},
		{"a built-in provider", trust(t, allow(web).from(map[string]any{"Federated": "accounts.google.com"})), nil, "no trust"},
		{"the account", trust(t, allow(web).aws(here)), nil, "no trust"},
		{"everyone", trust(t, allow(web).from("*")), nil, "allow"},
		{"all but another provider", trust(t, allow(web).with("NotPrincipal", map[string]any{"Federated": "accounts.google.com"})), nil, "no trust"},
		{"all but an account", trust(t, allow(web).notAWS(there)), nil, "no trust"},
		{"denied", trust(t, allow(web).from(named), deny(web).from(named)), nil, "deny by trust"},
		{"everyone denied", trust(t, allow(web).from(named), deny(web).from("*")), nil, "deny by trust"},
		{"everyone with an ARN denied", trust(t, allow(web).from(named), deny(web).from(anyone)), nil, "deny by trust"},
		{"all but another denied", trust(t, allow(web).from(named), deny(web).notAWS(there)), nil, "deny by trust"},
		{"all but this denied", trust(t, allow(web).from(named), deny(web).with("NotPrincipal", named)), nil, "allow"},
		{"no trust policy", nil, nil, "no trust"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := Request{Action: web, Resource: roleARN, ResourceAccount: here, Caller: github, Context: tt.request}
			s := Set{Trust: tt.p, Identity: []*Policy{identity(t, allow("*").on("*"))}}
			if got := answer(Decide(s, &r)); got != tt.want {
				t.Errorf("%s, want %s", got, tt.want)
			}
		})
	}
}

func TestTrustConditions(t *testing.T) {
	p := trust(t, allow(assume).aws(there).when("StringEquals", "sts:ExternalId", "secret-1").when("Bool", "aws:MultiFactorAuthPresent", "true"))
	allowing := []*Policy{identity(t, allow("sts:*").on("*"))}
	for _, tt := range []struct {
		c    Context
		want string
	}{
		{ctx("sts:externalid", "secret-1", "aws:multifactorauthpresent", "true"), "allow"},
		{ctx("sts:externalid", "secret-1", "aws:multifactorauthpresent", "false"), "no trust"},
		{ctx("sts:externalid", "secret-2", "aws:multifactorauthpresent", "true"), "no trust"},
		{ctx("aws:multifactorauthpresent", "true"), "no trust"},
	} {
		r := Request{Action: assume, Resource: roleARN, Caller: stranger, Context: tt.c}
		if got := answer(Decide(Set{Identity: allowing, Trust: p}, &r)); got != tt.want {
			t.Errorf("%v: %s, want %s", tt.c, got, tt.want)
		}
	}
}

// The strongest of several grants counts, wherever it stands.
func TestStrongestGrantCounts(t *testing.T) {
	none := []*Policy{identity(t, allow("codecommit:*").on("*"))}
	account, user := allow(assume).aws(here).sid("account"), allow(assume).aws(maria.ARN).sid("user")
	for _, p := range []*Policy{trust(t, account, user), trust(t, user, account), trust(t, allow(assume).aws(here, maria.ARN).sid("user"))} {
		r := Request{Action: assume, Resource: roleARN, Caller: maria}
		if d := Decide(Set{Identity: none, Trust: p}, &r); !d.Allowed || d.Sid != "user" || d.By != Trust {
			t.Errorf("%+v", d)
		}
	}
}

// Of equal grants the first is the one reported.
func TestFirstOfEqualGrantsIsNamed(t *testing.T) {
	p := trust(t, allow(assume).aws(here).sid("first"), allow(assume).aws(here).sid("second"), allow(assume).aws(maria.ARN).sid("third"), allow(assume).aws(maria.ARN).sid("fourth"))
	for _, tt := range []struct {
		c    Caller
		want string
	}{{maria, "third"}, {github, ""}, {stranger, ""}} {
		if d := Decide(Set{Trust: p}, &Request{Action: assume, Resource: roleARN, Caller: tt.c}); d.Sid != tt.want {
			t.Errorf("%s: %+v, want %q", tt.c.ARN, d, tt.want)
		}
	}
	if d := Decide(Set{Trust: trust(t, allow(assume).from("*").sid("first"), allow(assume).from("*").sid("second"))}, &Request{Action: assume, Resource: roleARN, Caller: maria}); d.Sid != "first" {
		t.Errorf("%+v, want first", d)
	}
}

func TestPrincipals(t *testing.T) {
	p := trust(t,
		allow(assume).aws(there, maria.ARN, dev.ARN, maria.ARN),
		deny(assume).notAWS(dev.PrincipalARN, "arn:aws:iam::888888888888:root", stranger.ID),
		allow("sts:AssumeRoleWithSAML").from("*"))
	want := []string{"arn:aws:iam::888888888888:root", maria.ARN, dev.ARN, dev.PrincipalARN}
	if got := p.Principals(); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if got := identity(t, allow("*").on("*")).Principals(); got != nil {
		t.Errorf("an identity policy names %q", got)
	}
}

func TestBoundPrincipals(t *testing.T) {
	base := trust(t, allow(assume).aws(maria.ARN, dev.PrincipalARN))
	allowed := func(p *Policy, c Caller) bool {
		return Decide(Set{Trust: p}, &Request{Action: assume, Resource: roleARN, Caller: c}).Allowed
	}
	bound := *base
	bound.BindPrincipals(map[string]string{maria.ARN: maria.ID, dev.PrincipalARN: ""})

	recreated, renamed, session := maria, maria, dev
	recreated.ID = "AIDANEWMARIAAAAAAAAAA"
	renamed.ARN, renamed.PrincipalARN = "arn:aws:iam::111122223333:user/Mary", "arn:aws:iam::111122223333:user/Mary"
	for _, tt := range []struct {
		name string
		p    *Policy
		c    Caller
		want bool
	}{
		{"unbound, by name", base, recreated, true},
		{"bound, the same", &bound, maria, true},
		{"bound, recreated under the name", &bound, recreated, false},
		{"bound, renamed", &bound, renamed, true},
		{"unbound, renamed", base, renamed, false},
		{"unbound, role", base, session, true},
		{"bound to nobody", &bound, session, false},
	} {
		if got := allowed(tt.p, tt.c); got != tt.want {
			t.Errorf("%s: allowed %t", tt.name, got)
		}
	}

	own := *identity(t, allow("*").on("*"))
	own.BindPrincipals(map[string]string{maria.ARN: maria.ID}) // names nobody, so nothing changes
	if !ask(&own, pull, repo, nil) {
		t.Error("binding changed an identity policy")
	}

	s := Set{Trust: &bound, FederatedUser: true, HasSession: true}
	r := Request{Action: assume, Resource: roleARN, Caller: fed}
	if got := answer(Decide(s, &r)); got != "no session" {
		t.Errorf("a federated session of the named user: %s, want no session", got)
	}
	s.Session = []*Policy{mustParse(t, Session, version2012, allow("sts:*").on("*"))}
	if got := answer(Decide(s, &r)); got != "allow" {
		t.Errorf("the same with a session policy: %s, want allow", got)
	}
}

func TestPrincipalsByUniqueID(t *testing.T) {
	p := trust(t, allow(assume).aws(maria.ID, dev.ID))
	for _, tt := range []struct {
		c    Caller
		want bool
	}{{maria, true}, {dev, true}, {stranger, false}, {root, false}} {
		if got := Decide(Set{Trust: p}, &Request{Action: assume, Resource: roleARN, Caller: tt.c}).Allowed; got != tt.want {
			t.Errorf("%s: allowed %t", tt.c.ARN, got)
		}
	}
}
