package gate

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"sojourn/internal/policy"
	"sojourn/internal/principal"
	"sojourn/internal/store"
)

const minute = time.Minute

// callers are one of each kind.
func callers() map[string]*principal.Caller {
	saml := reader()
	saml.Provider = "arn:aws:iam::" + account + ":saml-provider/P"
	saml.Claims = map[string][]string{"SAML:sub": {"maria"}, "saml:namequalifier": {"q"}, "saml:sub_type": {"persistent"}}
	saml.Tags, saml.SourceIdent = map[string]string{"Team": "guests", "Cost": "7"}, "maria@example.com"
	web := reader()
	web.Provider, web.Claims = "idp.example.com", map[string][]string{"idp.example.com:Sub": {"maria"}, "idp.example.com:amr": {"pwd", "otp"}}
	nobody := maria()
	nobody.Session, nobody.AccessKeyID = principal.Session{}, ""
	return map[string]*principal.Caller{"root": rootCaller(), "user": maria(), "token": userSession(), "mfa": mfaSession(),
		"role": reader(), "saml": saml, "web": web, "federated": federated(), "nobody": nobody}
}

// every stands for the kinds that a row does not name; absent for no value.
const (
	every  = "*"
	absent = "(absent)"
)

type row map[string]string

// Each key by each kind of caller: AWS's table of when a key is there, and of
// what it holds.
func TestKeysByCaller(t *testing.T) {
	const (
		maria  = "arn:aws:iam::" + account + ":user/maria"
		role   = "arn:aws:iam::" + account + ":role/Reader"
		root   = "arn:aws:iam::" + account + ":root"
		guest  = "arn:aws:sts::" + account + ":federated-user/guest"
		issued = "2026-11-24T11:58:00Z"
	)
	for key, want := range map[string]row{
		"aws:currenttime":           {every: "2026-11-24T12:00:00Z"},
		"aws:epochtime":             {every: "1795521600"},
		"aws:sourceip":              {every: "192.0.2.7"},
		"aws:securetransport":       {every: "true"},
		"aws:useragent":             {every: "git/2.39.5"},
		"aws:requestedregion":       {every: "us-east-1"},
		"aws:viaawsservice":         {every: "false"},
		"aws:resourceaccount":       {every: account},
		"aws:principalaccount":      {every: account, "nobody": absent},
		"aws:principalarn":          {"root": root, "user": maria, "token": maria, "mfa": maria, "federated": guest, "nobody": absent, every: role},
		"aws:principaltype":         {"root": "Account", "user": "User", "token": "User", "mfa": "User", "federated": "FederatedUser", "nobody": "Anonymous", every: "AssumedRole"},
		"aws:principalisawsservice": {every: "false", "nobody": absent},
		"aws:userid": {"root": account, "user": "AIDAMARIA", "token": "AIDAMARIA", "mfa": "AIDAMARIA",
			"federated": account + ":guest", "nobody": "anonymous", every: "AROAREADER:maria"},
		"aws:username":               {"user": "maria", "token": "maria", "mfa": "maria", every: absent},
		"aws:principaltag/team":      {"saml": "guests", "user": "core", "token": "core", "mfa": "core", "federated": "core", every: absent},
		"aws:principaltag/cost":      {"saml": "7", every: absent},
		"aws:tokenissuetime":         {"user": absent, "nobody": absent, "token": issued, "mfa": issued, "federated": issued, every: "2026-11-24T11:59:00Z"},
		"aws:multifactorauthpresent": {"user": absent, "nobody": absent, "mfa": "true", every: "false"},
		"aws:multifactorauthage":     {"mfa": "60", every: absent},
		"aws:sourceidentity":         {"saml": "maria@example.com", every: absent},
		"aws:federatedprovider":      {"saml": "arn:aws:iam::" + account + ":saml-provider/P", "web": "idp.example.com", every: absent},
		"saml:sub":                   {"saml": "maria", every: absent},
		"saml:namequalifier":         {"saml": "q", every: absent},
		"saml:sub_type":              {"saml": "persistent", every: absent},
		"idp.example.com:sub":        {"web": "maria", every: absent},
		"aws:resourcetag/stage":      {every: "Prod"},
		"aws:requesttag/team":        {every: "blue"},
		"aws:tagkeys":                {every: "Team"},
		"codecommit:references":      {every: "refs/heads/main"},
		// What a server outside AWS's organizations, networks and services never has.
		"aws:principalorgid": {every: absent}, "aws:sourcevpc": {every: absent}, "aws:sourcearn": {every: absent},
		"aws:calledvia": {every: absent}, "aws:principalservicename": {every: absent}, "aws:referer": {every: absent},
	} {
		for kind, c := range callers() {
			var tags []store.Tag
			if c.Kind == principal.User || c.Kind == principal.Federated {
				tags = []store.Tag{{Key: "Team", Value: "core"}}
			}
			got := filledContext(c, &Request{Action: "codecommit:GitPush", Resource: repo, ResourceAccount: account,
				ResourceTags: []store.Tag{{Key: "Stage", Value: "Prod"}},
				Context:      map[string][]string{"codecommit:references": {"refs/heads/main"}, "aws:requesttag/team": {"blue"}, "aws:tagkeys": {"Team"}}}, tags)
			expect, ok := want[kind]
			if !ok {
				expect = want[every]
			}
			values, present := got[key]
			if present != (expect != absent) || present && !slices.Equal(values, []string{expect}) {
				t.Errorf("%s of %s: got %q, want %s", key, kind, values, expect)
			}
		}
	}
}

func TestKeysOfTheRequest(t *testing.T) {
	c := maria()
	c.Secure, c.UserAgent, c.SourceIP = false, "", netip.MustParseAddr("::ffff:198.51.100.9")
	got := filledContext(c, &Request{ResourceAccount: "999988887777"}, nil)
	for key, want := range map[string]string{"aws:securetransport": "false", "aws:useragent": "", "aws:sourceip": "198.51.100.9", "aws:resourceaccount": "999988887777"} {
		if v := got[key]; !slices.Equal(v, []string{want}) {
			t.Errorf("%s: got %q, want %q", key, v, want)
		}
	}
	c.MFA = c.Time.Add(-minute) // a code in this very request, by a long-term key
	got = filledContext(c, new(Request), nil)
	if _, temporary := got["aws:tokenissuetime"]; temporary || !slices.Equal(got["aws:multifactorauthpresent"], []string{"true"}) {
		t.Errorf("a device's code beside a long-term key: %v", got)
	}
	c = callers()["web"]
	if v := filledContext(c, new(Request), nil)["idp.example.com:amr"]; !slices.Equal(v, []string{"pwd", "otp"}) {
		t.Errorf("a claim of several values: %q", v)
	}
}

// A provider's claim never stands for a key of a service, also where that is absent.
func TestClaimsAreNoKeysOfServices(t *testing.T) {
	c := reader()
	c.Claims = map[string][]string{"aws:username": {"admin"}, "AWS:MultiFactorAuthAge": {"1"}, "sts:ExternalId": {"x"}, "iam:ResourceTag/a": {"x"}, "codecommit:References": {"x"}}
	got := filledContext(c, new(Request), nil)
	for _, key := range []string{"aws:username", "aws:multifactorauthage", "sts:externalid", "iam:resourcetag/a", "codecommit:references"} {
		if v, ok := got[key]; ok {
			t.Errorf("%s: %q", key, v)
		}
	}
}

func filledContext(c *principal.Caller, r *Request, tags []store.Tag) policy.Context {
	n, k := namesOf(c), keys{context: policy.Context{}}
	return k.fill(c, r, &n, tags)
}

// Nothing of one request is in the context of the next.
func TestContextIsOfOneRequest(t *testing.T) {
	c := &principal.Caller{Session: principal.Session{Kind: principal.User, Account: account, Name: "maria",
		Tags: map[string]string{"team": "a"}, Claims: map[string][]string{"idp.example.com:sub": {"alice"}}}, Temporary: true}
	n, k := namesOf(c), keysPool.Get().(*keys)
	k.fill(c, &Request{Context: map[string][]string{"codecommit:References": {"refs/heads/main"}}}, &n, nil)
	k.giveBack()
	if len(k.context) != 0 || len(k.values) != 0 || slices.ContainsFunc(k.values[:cap(k.values)], func(s string) bool { return s != "" }) {
		t.Errorf("what is used again holds %q %q", k.context, k.values[:cap(k.values)])
	}
	wide := &Request{Context: map[string][]string{}}
	for i := range maxReused {
		wide.Context[string(rune('a'+i))] = []string{"v"}
	}
	k.fill(c, wide, &n, nil)
	k.giveBack()
	if len(k.context) == 0 {
		t.Error("a large context waits to be used again")
	}
}
