package gate

import (
	"testing"
	"time"

	"sojourn/internal/awserr"
	"sojourn/internal/policy"
	"sojourn/internal/principal"
	"sojourn/internal/store"
)

const roleARN = "arn:aws:iam::" + account + ":role/Target"

func guest() *principal.Caller {
	c := maria()
	c.Kind, c.SessionName, c.Temporary = principal.Federated, "guest", true
	c.SessionPolicy = statement("Allow", "*", "*", "")
	return c
}

// trusting is a request to assume a role that trusts these principals, in JSON.
func trusting(t *testing.T, action, principals string) Request {
	t.Helper()
	p, err := policy.Parse(policy.Trust, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":`+principals+`,"Action":"`+action+`"}}`)
	if err != nil {
		t.Fatal(err)
	}
	return Request{Action: action, Resource: roleARN, Trust: p}
}

// The caller is asked about by all its names: a trust policy may have any.
func TestCallersByTheirNames(t *testing.T) {
	const web = "sts:AssumeRoleWithWebIdentity"
	const provider = "arn:aws:iam::" + account + ":oidc-provider/idp.example.com"
	for _, tt := range []struct {
		name               string
		caller             *principal.Caller
		action, principals string
		federated          string
		want               bool
	}{
		{"user by ARN", maria(), "sts:AssumeRole", `{"AWS":"arn:aws:iam::` + account + `:user/maria"}`, "", true},
		{"another user", maria(), "sts:AssumeRole", `{"AWS":"arn:aws:iam::` + account + `:user/bob"}`, "", false},
		{"session by ARN", reader(), "sts:AssumeRole", `{"AWS":"arn:aws:sts::` + account + `:assumed-role/Reader/maria"}`, "", true},
		{"another session", reader(), "sts:AssumeRole", `{"AWS":"arn:aws:sts::` + account + `:assumed-role/Reader/bob"}`, "", false},
		{"role by ARN", reader(), "sts:AssumeRole", `{"AWS":"arn:aws:iam::` + account + `:role/Reader"}`, "", true},
		{"another role", reader(), "sts:AssumeRole", `{"AWS":"arn:aws:iam::` + account + `:role/Writer"}`, "", false},
		{"account alone", maria(), "sts:AssumeRole", `{"AWS":"` + account + `"}`, "", false},
		{"provider", &principal.Caller{Time: time.Now()}, web, `{"Federated":"` + provider + `"}`, provider, true},
		{"another provider", &principal.Caller{Time: time.Now()}, web, `{"Federated":"` + provider + `/x"}`, provider, false},
		{"no provider", &principal.Caller{Time: time.Now()}, web, `{"Federated":"` + provider + `"}`, "", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			g, _, _ := fixture(t)
			r := trusting(t, tt.action, tt.principals)
			r.Federated = tt.federated
			if err := g.Authorize(t.Context(), tt.caller, r); (err == nil) != tt.want {
				t.Errorf("got %v, want allowed %t", err, tt.want)
			}
		})
	}
}

// A trust policy that was saved names a user by unique id.
func TestCallersByUniqueID(t *testing.T) {
	for id, want := range map[string]bool{"AIDAMARIA": true, "AIDAOTHER": false} {
		g, _, _ := fixture(t)
		r := trusting(t, "sts:AssumeRole", `{"AWS":"arn:aws:iam::`+account+`:user/maria"}`)
		r.Trust.BindPrincipals(map[string]string{"arn:aws:iam::" + account + ":user/maria": id})
		if err := g.Authorize(t.Context(), maria(), r); (err == nil) != want {
			t.Errorf("%s: %v, want allowed %t", id, err, want)
		}
	}
}

func TestResourcesOfOtherAccounts(t *testing.T) {
	all := statement("Allow", "*", "*", "")
	for _, tt := range []struct {
		owner string
		want  bool
	}{{"", true}, {account, true}, {"888888888888", false}} {
		g, l, _ := fixture(t, all)
		r := Request{Action: "codecommit:ListRepositories", Resource: "*", ResourceAccount: tt.owner}
		if err := g.Authorize(t.Context(), maria(), r); (err == nil) != tt.want {
			t.Errorf("owner %q: %v, want allowed %t", tt.owner, err, tt.want)
		}
		if want := map[bool]string{true: account, false: tt.owner}[tt.want]; l.records[0].Account != want {
			t.Errorf("owner %q: recorded for %q", tt.owner, l.records[0].Account)
		}
	}
	g, _, _ := fixture(t, statement("Allow", "*", "*", `,"Condition":{"StringEquals":{"aws:ResourceAccount":"`+account+`"}}`))
	if err := g.Authorize(t.Context(), maria(), pull()); err != nil {
		t.Errorf("without an owner the resource is the caller's: %v", err)
	}
}

// Managed session policies limit a session as long as they exist, and more
// when they do not.
func TestManagedSessionPolicies(t *testing.T) {
	const readOnly, gone = "arn:aws:iam::aws:policy/AWSCodeCommitReadOnly", "arn:aws:iam::" + account + ":policy/Gone"
	for _, tt := range []struct {
		name   string
		arns   []string
		action string
		want   bool
	}{
		{"allowed by it", []string{readOnly}, "codecommit:GitPull", true},
		{"not allowed by it", []string{readOnly}, "codecommit:GitPush", false},
		{"allowed by the second", []string{"arn:aws:iam::aws:policy/IAMFullAccess", readOnly}, "codecommit:GitPull", true},
		{"one that is gone", []string{gone}, "codecommit:GitPull", false},
		{"one that is gone beside another", []string{gone, readOnly}, "codecommit:GitPull", true},
		{"none", nil, "codecommit:GitPush", true},
	} {
		g, _, _ := fixture(t, statement("Allow", "*", "*", ""))
		c := reader()
		c.PolicyARNs = tt.arns
		err := g.Authorize(t.Context(), c, Request{Action: tt.action, Resource: repo})
		if (err == nil) != tt.want || err != nil && !awserr.Is(err, awserr.AccessDenied) {
			t.Errorf("%s: %v, want allowed %t", tt.name, err, tt.want)
		}
	}
}

// limitMaria gives maria a permissions boundary of this text.
func limitMaria(t *testing.T, st store.Store, text string) {
	t.Helper()
	err := st.Update(t.Context(), func(tx store.Tx) error {
		now := time.Now()
		if err := tx.InsertPolicy(store.Policy{Account: account, Name: "Edge", Path: "/", ID: "ANPAEDGE", DefaultVersion: "v1", LastVersion: 1, Created: now, Updated: now}); err != nil {
			return err
		}
		if err := tx.PutPolicyVersion(store.PolicyVersion{PolicyID: "ANPAEDGE", Version: "v1", Document: text, Created: now}); err != nil {
			return err
		}
		u, err := tx.UserByID("AIDAMARIA")
		if err != nil {
			return err
		}
		u.Boundary = "arn:aws:iam::" + account + ":policy/Edge"
		return tx.UpdateUser(u)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestBoundaryOfAUser(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		caller     *principal.Caller
		want       bool
	}{
		{"allows", statement("Allow", "codecommit:*", "*", ""), maria(), true},
		{"allows another act", statement("Allow", "iam:*", "*", ""), maria(), false},
		{"denies", statement("Deny", "codecommit:*", "*", ""), maria(), false},
		{"is none of the role's", statement("Allow", "iam:*", "*", ""), reader(), true},
		{"limits the user's guests", statement("Allow", "iam:*", "*", ""), guest(), false},
		{"lets the user's guests", statement("Allow", "codecommit:*", "*", ""), guest(), true},
	} {
		g, _, st := fixture(t, statement("Allow", "*", "*", ""))
		limitMaria(t, st, tt.text)
		if err := g.Authorize(t.Context(), tt.caller, pull()); (err == nil) != tt.want || err != nil && !awserr.Is(err, awserr.AccessDenied) {
			t.Errorf("a boundary that %s: %v, want allowed %t", tt.name, err, tt.want)
		}
	}
}

func TestGuestsNeedASessionPolicy(t *testing.T) {
	g, _, _ := fixture(t, statement("Allow", "*", "*", ""))
	c := guest()
	if err := g.Authorize(t.Context(), c, pull()); err != nil {
		t.Errorf("with one: %v", err)
	}
	c.SessionPolicy = ""
	if err := g.Authorize(t.Context(), c, pull()); !awserr.Is(err, awserr.AccessDenied) {
		t.Errorf("without one: %v", err)
	}
}

// A fault while the policies are collected refuses, and is not taken for a
// refusal by them.
func TestFaultsRefuse(t *testing.T) {
	for _, name := range []string{"boundary", "session policy", "store"} {
		g, _, st := fixture(t, statement("Allow", "*", "*", ""))
		c := maria()
		switch name {
		case "boundary":
			limitMaria(t, st, "{")
		case "session policy":
			c = reader()
			c.SessionPolicy = "{"
		case "store":
			if err := st.Close(); err != nil {
				t.Fatal(err)
			}
		}
		if err := g.Authorize(t.Context(), c, pull()); err == nil || awserr.Is(err, awserr.AccessDenied) || awserr.Is(err, awserr.InvalidClientTokenID) {
			t.Errorf("%s: %v, want a fault of ours", name, err)
		}
	}
}
