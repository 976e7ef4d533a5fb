package sts

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"sojourn/internal/awserr"
	"sojourn/internal/federation/oidc"
	"sojourn/internal/gate"
	"sojourn/internal/principal"
	"sojourn/internal/store"
	"sojourn/internal/wire/stswire"
)

// attempt is one call of AssumeRole on a role that is made for it.
type attempt struct {
	trust  string
	caller *principal.Caller
	in     stswire.AssumeRoleInput
	role   func(*store.Role)
}

// attack is an attempt that must fail, with what makes it a good one: an entry
// that fails for another reason than its own is noticed.
type attack struct {
	class, name, code string
	attempt
	benign func(*attempt)
}

// people are who attacks, and for whom they would like to be taken.
type people struct {
	*world
	maria, eve, bob *principal.Caller // maria is at home; eve and bob are strangers, and bob has no policy
	namesake        *principal.Caller // another stranger, called maria
	reader          *principal.Caller // a session called "maria" of the role Reader, which may do all of STS
}

func newPeople(t *testing.T) *people {
	w := newWorld(t)
	p := &people{world: w, maria: w.user(here, "maria", allows(`"sts:*"`, "*")), eve: w.user(there, "eve", allows(`"sts:*"`, "*")), bob: w.user(there, "bob", ""), namesake: w.user(there, "maria", allows(`"sts:*"`, "*"))}
	p.reader = p.sessionOf("Reader", stswire.AssumeRoleInput{RoleSessionName: new("maria")})
	return p
}

// sessionOf is a session of a new role with all permissions of STS.
func (p *people) sessionOf(role string, in stswire.AssumeRoleInput) *principal.Caller {
	p.t.Helper()
	name := p.role(here, role, trusts(accountOK, everySTS, ""))
	p.inline(uniqueID("AROA", here, role), allows(`"sts:*"`, "*"))
	return p.session(p.mustAssume(p.maria, name, in).Credentials)
}

func (p *people) try(n int, a attempt) error {
	r := p.role(here, fmt.Sprint("Target", n), a.trust, func(r *store.Role) {
		r.ID = fmt.Sprintf("AROA%017d", n)
		if a.role != nil {
			a.role(r)
		}
	})
	_, err := p.assume(a.caller, r, a.in)
	return err
}

func TestAttacks(t *testing.T) {
	p := newPeople(t)
	all := slices.Concat(p.externalIDAttacks(), p.recreatedAttacks(), p.namesakeAttacks(), p.accountAttacks(), p.butAttacks(), p.starAttacks(), p.contextAttacks(), p.tagAttacks(), p.chainAttacks())
	classes := map[string]int{}
	for i, a := range all {
		classes[a.class]++
		wantError(t, a.class+": "+a.name, p.try(2*i, a.attempt), a.code, "")
		a.benign(&a.attempt)
		wantError(t, a.class+": "+a.name+", benign", p.try(2*i+1, a.attempt), "", "")
	}
	for _, class := range slices.Sorted(maps.Keys(classes)) {
		t.Logf("%-12s %3d", class, classes[class])
	}
	if len(all) < 20 {
		t.Errorf("%d attacks, want at least 20", len(all))
	}
}

// externalIDAttacks: a deputy serves only the customer whose id it was given.
func (p *people) externalIDAttacks() (all []attack) {
	const id = "Ab-12/42"
	trust := trusts(`{"AWS":"`+there+`"}`, `"sts:AssumeRole"`, `{"StringEquals":{"sts:ExternalId":"`+id+`"}}`)
	for name, in := range map[string]stswire.AssumeRoleInput{
		"none": {}, "empty": {ExternalId: new("")}, "in another case": {ExternalId: new("aB-12/42")}, "its beginning": {ExternalId: new("Ab-12/4")}, "more than it": {ExternalId: new(id + "2")},
		"any": {ExternalId: new("*")}, "a pattern": {ExternalId: new("Ab-12/?2")}, "a space before": {ExternalId: new(" " + id)}, "a line feed behind": {ExternalId: new(id + "\n")},
		"a variable": {ExternalId: new("${sts:ExternalId}")}, "as a tag": {Tags: tagList("sts:ExternalId", id)}, "as session name": {RoleSessionName: new(strings.ReplaceAll(id, "/", "_"))},
	} {
		all = append(all, attack{"external id", name, denied, attempt{trust: trust, caller: p.eve, in: in}, func(a *attempt) { a.in = stswire.AssumeRoleInput{ExternalId: new(id)} }})
	}
	return all
}

// recreatedAttacks: who takes the name of one that is gone is not trusted for it.
func (p *people) recreatedAttacks() (all []attack) {
	bound := func(name, id string) func(*store.Role) {
		return func(r *store.Role) { r.TrustIDs = map[string]string{name: id} }
	}
	for _, c := range []struct {
		name   string
		caller *principal.Caller
		as     string
		id     string
	}{
		{"a user", p.maria, p.maria.ARN(), "AIDAFORMERMARIAAAAAAA"}, {"a role", p.reader, p.reader.PrincipalARN(), "AROAFORMERREADERAAAAA"},
		{"a user's name, whom nobody had", p.maria, p.maria.ARN(), ""}, {"a stranger", p.eve, p.eve.ARN(), "AIDAFORMEREVEAAAAAAAA"},
	} {
		all = append(all, attack{"recreated", c.name, denied, attempt{trust: trusts(`{"AWS":"`+c.as+`"}`, `"sts:AssumeRole"`, ""), caller: c.caller, role: bound(c.as, c.id)},
			func(a *attempt) { a.role = bound(c.as, c.caller.ID) }})
	}
	return all
}

// namesakeAttacks: a name of one kind is none of another.
func (p *people) namesakeAttacks() (all []attack) {
	for _, c := range []struct {
		name    string
		trusted string
		caller  *principal.Caller
		good    *principal.Caller
	}{
		{"a session called as a user", p.maria.ARN(), p.reader, p.maria},
		{"a user of that name elsewhere", p.maria.ARN(), p.namesake, p.maria},
		{"a session of another name", "arn:aws:sts::" + here + ":assumed-role/Reader/alice", p.reader, nil},
		{"a role of that path", "arn:aws:iam::" + here + ":role/Reader/maria", p.reader, nil},
		{"a user called as a session", p.reader.ARN(), p.maria, p.reader},
		{"a name in another case", strings.Replace(p.maria.ARN(), "maria", "Maria", 1), p.maria, nil},
		{"a name that begins so", p.maria.ARN() + "2", p.maria, nil},
	} {
		all = append(all, attack{"namesake", c.name, denied, attempt{trust: trusts(`{"AWS":"`+c.trusted+`"}`, `"sts:AssumeRole"`, ""), caller: c.caller}, func(a *attempt) {
			if a.caller = c.good; a.caller == nil {
				a.caller, a.trust = c.caller, trusts(`{"AWS":"`+c.caller.ARN()+`"}`, `"sts:AssumeRole"`, "")
			}
		}})
	}
	return all
}

// accountAttacks: across accounts both sides must allow.
func (p *people) accountAttacks() []attack {
	const both = `{"AWS":["` + here + `","` + there + `"]}`
	named := `{"AWS":"` + p.bob.ARN() + `"}`
	other := p.user(there, "other", allows(`"sts:AssumeRole"`, "arn:aws:iam::"+there+":role/*"))
	barred := p.user(there, "barred", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"sts:AssumeRole","Resource":"arn:aws:iam::`+here+`:role/*"}]}`)
	trust := func(principal string) string { return trusts(principal, `"sts:AssumeRole"`, "") }
	byEve := func(a *attempt) { a.caller = p.eve }
	return []attack{
		{"account", "no policy of its own", denied, attempt{trust: trust(both), caller: p.bob}, byEve},
		{"account", "named, and no policy of its own", denied, attempt{trust: trust(named), caller: p.bob}, func(a *attempt) { a.caller, a.trust = p.eve, trust(`{"AWS":"`+p.eve.ARN()+`"}`) }},
		{"account", "a policy for roles elsewhere", denied, attempt{trust: trust(both), caller: other}, byEve},
		{"account", "a policy that denies", denied, attempt{trust: trust(both), caller: barred}, byEve},
		{"account", "the other account trusts nobody", denied, attempt{trust: trust(accountOK), caller: p.eve}, func(a *attempt) { a.caller = p.maria }},
		{"account", "only its root is of that account", denied, attempt{trust: trust(both), caller: rootOf(there)}, byEve},
		{"account", "an account's number in a name", denied, attempt{trust: trust(accountOK), caller: p.user(there, "arn_"+here, allows(`"sts:*"`, "*"))}, func(a *attempt) { a.caller = p.maria }},
		{"account", "nobody", awserr.MissingAuthentication, attempt{trust: trust(`"*"`), caller: &principal.Caller{}}, byEve},
	}
}

// butAttacks: an exception is no grant to those that are left over, nor a way around a Deny.
func (p *people) butAttacks() []attack {
	deny := func(but string) string {
		return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"},{"Effect":"Deny","NotPrincipal":{"AWS":` + but + `},"Action":"sts:AssumeRole"}]}`
	}
	all := `["` + p.maria.ARN() + `","arn:aws:iam::` + here + `:root"]`
	return []attack{
		{"NotPrincipal", "who is not excepted from a Deny", denied, attempt{trust: deny(all), caller: p.eve}, func(a *attempt) { a.caller = p.maria }},
		{"NotPrincipal", "a session of the name that is excepted", denied, attempt{trust: deny(all), caller: p.reader}, func(a *attempt) { a.caller = p.maria }},
		{"NotPrincipal", "a namesake elsewhere", denied, attempt{trust: deny(all), caller: p.namesake}, func(a *attempt) { a.caller = p.maria }},
	}
}

// starAttacks: everybody is trusted, under a condition that is to hold the wrong ones back.
func (p *people) starAttacks() (all []attack) {
	session := p.user(there, "session", allows(`"sts:*"`, "*"))
	session.Tags, session.Claims = map[string]string{"Team": "red"}, map[string][]string{"aws:PrincipalTag/Team": {"blue"}}
	for _, c := range []struct {
		name, condition string
		caller          *principal.Caller
		good            func(*attempt)
	}{
		{"another account", `{"StringEquals":{"aws:PrincipalAccount":"` + here + `"}}`, p.eve, func(a *attempt) { a.caller = p.maria }},
		{"another ARN", `{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::` + here + `:user/*"}}`, p.reader, func(a *attempt) { a.caller = p.maria }},
		{"a session for a user's name", `{"StringEquals":{"aws:username":"maria"}}`, p.reader, func(a *attempt) { a.caller = p.maria }},
		{"a tag that it has not", `{"StringEquals":{"aws:PrincipalTag/Team":"blue"}}`, session, func(a *attempt) {
			c := *session
			c.Tags = map[string]string{"team": "blue"}
			a.caller = &c
		}},
		{"another type", `{"StringEquals":{"aws:PrincipalType":"User"}}`, p.reader, func(a *attempt) { a.caller = p.maria }},
		{"a long-term key for MFA", `{"Bool":{"aws:MultiFactorAuthPresent":"true"}}`, p.eve, func(a *attempt) {
			c := *p.eve
			c.Temporary, c.MFA = true, p.time
			a.caller = &c
		}},
		{"plain HTTP", `{"Bool":{"aws:SecureTransport":"true"}}`, p.eve, func(a *attempt) {
			c := *p.eve
			c.Secure = true
			a.caller = &c
		}},
	} {
		all = append(all, attack{"condition", c.name, denied, attempt{trust: trusts(`{"AWS":"*"}`, `"sts:AssumeRole"`, c.condition), caller: c.caller}, c.good})
	}
	return all
}

// contextAttacks: a provider's claims, a tag or a name cannot stand for a key of the server's.
func (p *people) contextAttacks() (all []attack) {
	for key, value := range map[string]string{"aws:SourceAccount": here, "aws:SourceArn": p.maria.ARN(), "AWS:PrincipalOrgID": "o-1", "aws:PrincipalTag/Team": "blue", "sts:ExternalId": "42", "sts:SourceIdentity": "maria",
		"aws:SourceIdentity": "maria", "aws:RequestTag/Team": "blue", "iam:ResourceTag/Team": "blue", "aws:PrincipalAccount": "000000000000", "aws:MultiFactorAuthPresent": "true", "aws:username": "maria", "aws:CalledVia": "x"} {
		claiming := *p.reader
		claiming.Claims = map[string][]string{key: {value}, strings.ToLower(key): {value}, "idp.example.com:sub": {value}}
		trust := func(key string) string {
			return trusts(accountOK, `"sts:AssumeRole"`, `{"StringEquals":{"`+key+`":"`+value+`"}}`)
		}
		all = append(all, attack{"claim", key, denied, attempt{trust: trust(key), caller: &claiming}, func(a *attempt) { a.trust = trust("idp.example.com:sub") }})
	}
	return all
}

// tagAttacks: tags and the source identity say only what whoever set them might say.
func (p *people) tagAttacks() (all []attack) {
	marked := p.sessionOf("Marked", stswire.AssumeRoleInput{Tags: tagList("id", "blue", "Local", "x"), TransitiveTagKeys: []string{"id"}, SourceIdentity: new("maria")})
	trust := trusts(accountOK, everySTS, "")
	blue := trusts(accountOK, everySTS, `{"StringEquals":{"aws:RequestTag/id":"blue","sts:SourceIdentity":"maria"}}`)
	type input = stswire.AssumeRoleInput
	for _, c := range []struct {
		name, code, trust string
		caller            *principal.Caller
		in, good          input
	}{
		{"a transitive tag's value", bad, trust, marked, input{Tags: tagList("id", "red")}, input{Tags: tagList("Local", "red")}},
		{"a transitive tag in upper case", bad, trust, marked, input{Tags: tagList("ID", "red")}, input{}},
		{"a transitive tag with a letter that lowers to one of it", bad, trust, marked, input{Tags: tagList("İd", "red")}, input{Tags: tagList("İc", "red")}},
		{"the same again, not transitive", bad, trust, marked, input{Tags: tagList("id", "blue")}, input{}},
		{"two that lower to one", bad, trust, p.maria, input{Tags: tagList("İd", "red", "id", "blue")}, input{Tags: tagList("id", "blue")}},
		{"two in two cases", bad, trust, p.maria, input{Tags: tagList("Team", "red", "tEAM", "blue")}, input{Tags: tagList("Team", "red")}},
		{"a key of AWS's", bad, trust, p.maria, input{Tags: tagList("aws:SourceAccount", here)}, input{Tags: tagList("SourceAccount", here)}},
		{"a key of AWS's in upper case", bad, trust, p.maria, input{Tags: tagList("AWS:SourceAccount", here)}, input{}},
		{"a pattern for a value", bad, trust, p.maria, input{Tags: tagList("Team", "*")}, input{}},
		{"a variable for a value", bad, trust, p.maria, input{Tags: tagList("Team", "${aws:username}")}, input{}},
		{"a line feed in a value", bad, trust, p.maria, input{Tags: tagList("Team", "a\nb")}, input{}},
		{"quotes in a key", bad, trust, p.maria, input{Tags: tagList(`a":"b`, "c")}, input{}},
		{"another source identity", denied, trust, marked, input{SourceIdentity: new("eve")}, input{SourceIdentity: new("maria")}},
		{"the source identity in another case", denied, trust, marked, input{SourceIdentity: new("Maria")}, input{}},
		{"a source identity of AWS's", bad, trust, p.maria, input{SourceIdentity: new("AWS:maria")}, input{SourceIdentity: new("maria")}},
		{"a tag that the trust does not want", denied, blue, p.maria, input{Tags: tagList("id", "red"), SourceIdentity: new("maria")}, input{Tags: tagList("id", "blue"), SourceIdentity: new("maria")}},
		{"no tag where the trust wants one", denied, blue, p.maria, input{SourceIdentity: new("maria")}, input{Tags: tagList("id", "blue"), SourceIdentity: new("maria")}},
		{"tags that no one may set", denied, trusts(accountOK, `["sts:AssumeRole","sts:SetSourceIdentity"]`, ""), p.maria, input{Tags: tagList("id", "blue")}, input{}},
		{"inherited tags that no one may set", denied, trusts(accountOK, `["sts:AssumeRole","sts:SetSourceIdentity"]`, ""), marked, input{}, input{}},
		{"an identity that no one may set", denied, trusts(accountOK, `["sts:AssumeRole","sts:TagSession"]`, ""), p.maria, input{SourceIdentity: new("maria")}, input{}},
	} {
		all = append(all, attack{"tag", c.name, c.code, attempt{trust: c.trust, caller: c.caller, in: c.in}, func(a *attempt) {
			if a.in = c.good; c.caller == marked {
				a.trust = trust
			}
		}})
	}
	return all
}

// chainAttacks: a session is never more than what it was made from.
func (p *people) chainAttacks() []attack {
	trust := trusts(accountOK, everySTS, "")
	narrow := p.sessionOf("Narrow", stswire.AssumeRoleInput{Policy: new(allows(`"codecommit:*"`, "*"))})
	silent := p.role(here, "Silent", trust)
	mute := p.session(p.mustAssume(p.maria, silent, stswire.AssumeRoleInput{}).Credentials)
	gone := p.sessionOf("Gone", stswire.AssumeRoleInput{})
	id := uniqueID("AROA", here, "Gone")
	p.update(func(tx store.Tx) error { return errors.Join(tx.DeleteInlinePolicy(id, "p"), tx.DeleteRole(id)) })
	guest, err := p.federate(p.maria, stswire.GetFederationTokenInput{Policy: new(allows(`"*"`, "*"))})
	if err != nil {
		p.t.Fatal(err)
	}
	byReader := func(a *attempt) { a.caller = p.reader }
	long := func(r *store.Role) { r.MaxSession = 12 * time.Hour }
	return []attack{
		{"chain", "with a session policy that is silent", denied, attempt{trust: trust, caller: narrow}, byReader},
		{"chain", "by a role that may not", denied, attempt{trust: trust, caller: mute}, byReader},
		{"chain", "by a role that is gone", awserr.InvalidClientTokenID, attempt{trust: trust, caller: gone}, byReader},
		{"chain", "longer than an hour", validation, attempt{trust: trust, caller: p.reader, role: long, in: stswire.AssumeRoleInput{DurationSeconds: new(int64(3601))}},
			func(a *attempt) { a.in.DurationSeconds = new(int64(3600)) }},
		{"chain", "by a federated user", denied, attempt{trust: trusts(`"*"`, everySTS, ""), caller: p.session(guest.Credentials)}, byReader},
		{"chain", "by a root", denied, attempt{trust: trust, caller: rootOf(here)}, byReader},
		{"chain", "with contexts that nobody checks", bad, attempt{trust: trust, caller: p.reader, in: stswire.AssumeRoleInput{ProvidedContexts: []stswire.ProvidedContext{{}}}},
			func(a *attempt) { a.in.ProvidedContexts = nil }},
	}
}

// TestSessionPolicyWidensNothing: what the role may not do, no session policy allows.
func TestSessionPolicyWidensNothing(t *testing.T) {
	p := newPeople(t)
	role := p.role(here, "Puller", trusts(accountOK, everySTS, ""))
	p.inline(uniqueID("AROA", here, "Puller"), allows(`["codecommit:GitPull","codecommit:GetBranch"]`, "*"))
	for name, c := range map[string]struct {
		policy *string
		action string
		want   bool
	}{
		"none":                        {nil, "codecommit:GitPull", true},
		"more than the role":          {new(allows(`"*"`, "*")), "codecommit:GitPush", false},
		"what the role has not":       {new(allows(`"codecommit:GitPush"`, "*")), "codecommit:GitPush", false},
		"less than the role":          {new(allows(`"codecommit:GitPull"`, "*")), "codecommit:GetBranch", false},
		"the same":                    {new(allows(`"codecommit:Git*"`, "*")), "codecommit:GitPull", true},
		"all but a Deny":              {new(`{"Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"codecommit:GitPull","Resource":"*"}]}`), "codecommit:GitPull", false},
		"everything but one action":   {new(`{"Statement":[{"Effect":"Allow","NotAction":"iam:*","Resource":"*"}]}`), "codecommit:GitPush", false},
		"another account's resources": {new(allows(`"*"`, "arn:aws:codecommit:*:"+there+":*")), "codecommit:GitPull", false},
	} {
		out := p.mustAssume(p.maria, role, stswire.AssumeRoleInput{Policy: c.policy})
		err := p.gate.Authorize(t.Context(), p.session(out.Credentials), gate.Request{Action: c.action, Resource: "arn:aws:codecommit:us-east-1:" + here + ":R"})
		if (err == nil) != c.want {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestProviderAttacks: a provider vouches in its own account, for those that its roles' policies name.
func TestProviderAttacks(t *testing.T) {
	w := webWorld(t)
	w.register(there, provider)
	w.register(here, "login.example.com/realms/y")
	foreign := `{"Federated":"arn:aws:iam::` + there + `:oidc-provider/` + provider + `"}`
	sub := func(s string) string { return `{"StringEquals":{"` + provider + `:sub":"` + s + `"}}` }
	other := map[string][]string{"login.example.com/realms/y:sub": {"alice"}}
	claiming := map[string][]string{provider + ":sub": {"eve"}, provider + ":aud": {"client"}}
	own := w.token.identity.Context
	for i, c := range []struct {
		name, trust, token, code string
		context                  map[string][]string
	}{
		{"benign", trusts(byProvider, everyWeb, sub("alice")), provider, "", own},
		{"another account's provider of the same URL", trusts(foreign, everyWeb, sub("alice")), provider, denied, own},
		{"another realm of the same host", trusts(byProvider, everyWeb, ""), "login.example.com/realms/y", denied, other},
		{"another realm, trusted for its own subject", trusts(`{"Federated":"`+providerARN[:len(providerARN)-1]+`y"}`, everyWeb, sub("alice")), "login.example.com/realms/y", denied, other},
		{"a SAML provider's ARN of that name", trusts(`{"Federated":"arn:aws:iam::`+here+`:saml-provider/x"}`, everyWeb, ""), provider, denied, own},
		{"a provider trusted by SAML's action", trusts(byProvider, `"sts:AssumeRoleWithSAML"`, ""), provider, denied, own},
		{"a provider trusted for signed callers", trusts(byProvider, `"sts:AssumeRole"`, ""), provider, denied, own},
		{"the account trusted, not the provider", trusts(accountOK, everyWeb, ""), provider, denied, own},
		{"a built-in provider trusted", trusts(`{"Federated":"accounts.google.com"}`, everyWeb, ""), provider, denied, own},
		{"another subject", trusts(byProvider, everyWeb, sub("alice")), provider, denied, claiming},
		{"the subject in another case", trusts(byProvider, everyWeb, sub("Alice")), provider, denied, own},
		{"a claim's name with another realm's prefix", trusts(byProvider, everyWeb, `{"StringEquals":{"login.example.com/realms/y:sub":"alice"}}`), provider, denied, own},
		{"a key of the caller's, of whom there is none", trusts(byProvider, everyWeb, `{"StringEquals":{"aws:PrincipalAccount":"`+here+`"}}`), provider, denied, own},
		{"an external id, which no token has", trusts(byProvider, everyWeb, `{"StringEquals":{"sts:ExternalId":"42"}}`), provider, denied, own},
		{"a provider that is not registered", trusts(byProvider, everyWeb, sub("alice")), "login.example.com/realms/z", "InvalidIdentityToken", own},
	} {
		w.token.identity = &oidc.Identity{Subject: "alice", Audience: "client", Context: c.context}
		role := w.role(here, fmt.Sprint("Web", i), c.trust, func(r *store.Role) { r.ID = fmt.Sprintf("AROA%017d", i) })
		_, err := w.web(role, stswire.AssumeRoleWithWebIdentityInput{WebIdentityToken: &c.token})
		wantError(t, c.name, err, c.code, "")
	}
}
