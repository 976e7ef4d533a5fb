package gate

import (
	"net/http"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"sojourn/internal/audit"
	"sojourn/internal/awserr"
	"sojourn/internal/policy"
	"sojourn/internal/principal"
)

// A record has all that is known of the caller and the act.
func TestTheWholeRecord(t *testing.T) {
	g, l, _ := fixture(t, allowRepos)
	c := reader()
	c.Provider, c.SourceIdent, c.AccessKeyID = "idp.example.com", "maria@example.com", "ASIAEXAMPLE"
	c.Issued = c.Time.Add(-90 * time.Second).Add(5 * time.Millisecond)
	c.UserAgent = strings.Repeat("g", 1025)
	r := pull()
	r.Params = map[string]string{"repositoryName": "MyDemoRepo"}
	for range 2 {
		if err := g.Authorize(t.Context(), c, r); err != nil {
			t.Fatal(err)
		}
	}
	issued := time.Date(2026, 11, 24, 11, 58, 30, 0, time.UTC)
	want := audit.Record{
		EventID: "r1-1", EventTime: time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC), EventSource: "codecommit.amazonaws.com", EventName: "GitPull",
		Region: "us-east-1", SourceIP: "192.0.2.7", UserAgent: strings.Repeat("g", 1024), RequestID: "r1",
		Identity: audit.Identity{Type: "AssumedRole", PrincipalID: "AROAREADER:maria", ARN: "arn:aws:sts::" + account + ":assumed-role/Reader/maria", Account: account,
			AccessKeyID: "ASIAEXAMPLE", Provider: "idp.example.com", SourceIdent: "maria@example.com", Issued: &issued,
			Issuer: audit.Issuer{Type: "Role", PrincipalID: "AROAREADER", ARN: "arn:aws:iam::" + account + ":role/Reader", Account: account, UserName: "Reader"}},
		Resource: repo, Account: account, Params: map[string]string{"repositoryName": "MyDemoRepo"},
		Decision: "Allow", PolicyType: "identity", Policy: "a", Statement: 1, Sid: "",
	}
	want.Sid = l.records[0].Sid
	if !reflect.DeepEqual(l.records[0], want) {
		t.Errorf("recorded\n%+v\nwant\n%+v", l.records[0], want)
	}
	if l.records[1].EventID != "r1-2" {
		t.Errorf("the second record is %q", l.records[1].EventID)
	}
}

// What is not known is left out, and a provider's proof names the provider.
func TestTheLeastRecord(t *testing.T) {
	g, l, _ := fixture(t)
	c := &principal.Caller{RequestID: "r2", Time: maria().Time, SourceIP: netip.Addr{}}
	r := Request{Action: "sts:AssumeRoleWithWebIdentity", Resource: "arn:aws:iam::999988887777:role/R", ResourceAccount: "999988887777",
		Trust: new(policy.Policy), Federated: "arn:aws:iam::999988887777:oidc-provider/idp"}
	if g.Authorize(t.Context(), c, r) == nil {
		t.Fatal("allowed")
	}
	want := audit.Record{EventID: "r2-1", EventTime: c.Time, EventSource: "sts.amazonaws.com", EventName: "AssumeRoleWithWebIdentity", RequestID: "r2",
		Identity: audit.Identity{Type: "Anonymous", PrincipalID: "anonymous", ARN: "anonymous", Provider: r.Federated}, Resource: r.Resource, Account: r.ResourceAccount,
		Decision: "Deny", PolicyType: "trust", Reason: "because no role trust policy allows the sts:AssumeRoleWithWebIdentity action"}
	if !reflect.DeepEqual(l.records[0], want) {
		t.Errorf("recorded\n%+v\nwant\n%+v", l.records[0], want)
	}
}

func TestRecordThatCannotBeWritten(t *testing.T) {
	g, l, _ := fixture(t, everything)
	l.full = true
	for _, r := range []Request{pull(), {Action: whoAmI, Resource: "*"}} {
		e := awserr.From(g.Authorize(t.Context(), maria(), r))
		if e.Code != awserr.ServiceUnavailable || e.Status != http.StatusServiceUnavailable || e.Message == "" || e.Cause == nil || e.Cause.Error() != "no space left on device" {
			t.Errorf("%s: %+v", r.Action, e)
		}
	}
}

// The reasons of the services' rules are recorded in words.
func TestReasonsOfTheServicesRules(t *testing.T) {
	for _, c := range []struct {
		caller         *principal.Caller
		action, reason string
	}{
		{federated(), "iam:GetUser", "because a session of GetFederationToken may not call IAM"},
		{userSession(), "iam:GetUser", "because a session of GetSessionToken without MFA may not call IAM"},
		{mfaSession(), "sts:GetSessionToken", "because a session of GetSessionToken may not call GetSessionToken"},
		{reader(), "sts:GetFederationToken", "because a session of a role may not call GetFederationToken"},
	} {
		g, l, _ := fixture(t, everything)
		if err := g.Authorize(t.Context(), c.caller, Request{Action: c.action, Resource: "*"}); err == nil || l.records[0].Reason != c.reason {
			t.Errorf("%s: %v, recorded %q", c.action, err, l.records[0].Reason)
		}
	}
}
