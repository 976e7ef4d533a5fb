package gate

import (
	"errors"
	"strings"
	"testing"

	"sojourn/internal/awserr"
	"sojourn/internal/policy"
	"sojourn/internal/principal"
	"sojourn/internal/wire"
	"sojourn/internal/wire/accessanalyzerwire"
	"sojourn/internal/wire/codecommitwire"
	"sojourn/internal/wire/iamwire"
	"sojourn/internal/wire/stswire"
)

// The callers of the tests, each with all permissions in a fixture of everything.
func userSession() *principal.Caller {
	c := maria()
	c.Temporary, c.Issued = true, c.Time.Add(-2*minute)
	return c
}

func mfaSession() *principal.Caller {
	c := userSession()
	c.MFA = c.Time.Add(-minute)
	return c
}

func federated() *principal.Caller {
	c := userSession()
	c.Kind, c.SessionName, c.SessionPolicy = principal.Federated, "guest", everything
	return c
}

func rootCaller() *principal.Caller {
	c := maria()
	c.Session = principal.Session{Kind: principal.Root, Account: account, ID: account, Issued: c.Time.Add(-minute)}
	c.Temporary = true
	return c
}

const everything = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`

// Which operations a kind of session may call at all, over all that this server
// binds and those of STS that it may yet bind: the gate knows the rule, so no
// operation can forget it.
func TestWhatSessionsMayNotCall(t *testing.T) {
	type calls map[string]bool // service:operation
	always := calls{"sts:GetCallerIdentity": true}
	assuming := calls{"sts:AssumeRole": true, "sts:TagSession": true, "sts:SetSourceIdentity": true}
	all := []string{"sts:TagSession", "sts:SetSourceIdentity", "sts:GetSessionToken", "sts:GetFederationToken", "sts:GetAccessKeyInfo"}
	ruleless := func(action string) bool {
		return !strings.HasPrefix(action, "iam:") && !strings.HasPrefix(action, "sts:")
	}
	for _, s := range []*wire.Service{stswire.Service(), iamwire.Service(), codecommitwire.Service(), accessanalyzerwire.Service()} {
		for name := range s.Operations {
			all = append(all, s.Name+":"+name)
		}
	}
	for _, c := range []struct {
		name   string
		caller *principal.Caller
		may    func(action string) bool
	}{
		{"access key", maria(), func(string) bool { return true }},
		{"root", rootCaller(), func(string) bool { return true }},
		{"role", reader(), func(a string) bool { return a != "sts:GetSessionToken" && a != "sts:GetFederationToken" }},
		{"GetSessionToken", userSession(), func(a string) bool {
			return ruleless(a) || always[a] || assuming[a]
		}},
		{"GetSessionToken with MFA", mfaSession(), func(a string) bool {
			return ruleless(a) || strings.HasPrefix(a, "iam:") || always[a] || assuming[a]
		}},
		{"GetFederationToken", federated(), func(a string) bool { return ruleless(a) || always[a] }},
	} {
		g, l, _ := fixture(t, everything)
		for _, action := range all {
			l.records = nil
			err := g.Authorize(t.Context(), c.caller, Request{Action: action, Resource: "*"})
			if (err == nil) != c.may(action) {
				t.Errorf("%s calls %s: %v", c.name, action, err)
			}
			decision := map[bool]string{true: "Allow", false: "Deny"}[err == nil]
			if len(l.records) != 1 || l.records[0].Decision != decision || err != nil && (l.records[0].PolicyType != "service" || l.records[0].Reason == "") {
				t.Errorf("%s calls %s: recorded %+v", c.name, action, l.records)
			}
		}
	}
}

func TestWordsOfTheServicesRules(t *testing.T) {
	const role = "arn:aws:iam::" + account + ":role/Reader"
	for _, c := range []struct {
		caller           *principal.Caller
		action, resource string
		want             string
	}{
		{federated(), "iam:GetUser", role, "InvalidClientTokenId: The security token included in the request is invalid."},
		{userSession(), "iam:GetUser", role, "InvalidClientTokenId: The security token included in the request is invalid."},
		{reader(), "sts:GetSessionToken", "*", "AccessDenied: Cannot call GetSessionToken with session credentials"},
		{mfaSession(), "sts:GetFederationToken", "arn:aws:sts::" + account + ":federated-user/x", "AccessDenied: Cannot call GetFederationToken with session credentials"},
		{federated(), "sts:AssumeRole", role, "AccessDenied: User: arn:aws:sts::" + account + ":federated-user/guest is not authorized to perform: sts:AssumeRole on resource: " + role},
	} {
		g, _, _ := fixture(t, everything)
		if err := g.Authorize(t.Context(), c.caller, Request{Action: c.action, Resource: c.resource}); err == nil || err.Error() != c.want {
			t.Errorf("got %v, want %s", err, c.want)
		}
	}
}

// GetCallerIdentity is answered whatever policies say; GetSessionToken needs no
// permission, but a Deny counts.
func TestActsWithoutPermission(t *testing.T) {
	deny := func(action string) string { return statement("Deny", action, "*", "") }
	for _, c := range []struct {
		action, policy string
		caller         *principal.Caller
		ok             bool
	}{
		{whoAmI, deny("*"), maria(), true},
		{whoAmI, deny("*"), reader(), true},
		{whoAmI, deny("sts:GetCallerIdentity"), federated(), true},
		{whoAmI, everything, &principal.Caller{}, false},
		{newSession, deny("codecommit:*"), maria(), true},
		{newSession, deny("sts:GetSessionToken"), maria(), false},
		{newSession, everything, &principal.Caller{}, false},
		{"sts:DecodeAuthorizationMessage", deny("codecommit:*"), maria(), false},
	} {
		g, l, _ := fixture(t, c.policy)
		err := g.Authorize(t.Context(), c.caller, Request{Action: c.action, Resource: "*"})
		if (err == nil) != c.ok || len(l.records) != 1 {
			t.Errorf("%s as %s under %s: %v, recorded %d", c.action, c.caller.Type(), c.policy, err, len(l.records))
		}
		if c.ok && l.records[0].PolicyType != byService {
			t.Errorf("%s: recorded %+v", c.action, l.records[0])
		}
	}
	g, l, _ := fixture(t)
	if g.Authorize(t.Context(), maria(), Request{Action: newSession, Resource: "*", Trust: new(policy.Policy)}) == nil || l.records[0].Decision != "Deny" {
		t.Errorf("a session that is refused for its proof is recorded as %+v", l.records)
	}
	l.full = true
	if err := g.Authorize(t.Context(), maria(), Request{Action: whoAmI, Resource: "*"}); !awserr.Is(err, awserr.ServiceUnavailable) {
		t.Errorf("an act that can't be recorded: %v", errors.Unwrap(err))
	}
}
