package gate

import (
	"errors"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sojourn/internal/audit"
	"sojourn/internal/awserr"
	"sojourn/internal/policy"
	"sojourn/internal/principal"
	"sojourn/internal/store"
	"sojourn/internal/store/sqlite"
)

const account = "111122223333"

// ledger keeps records in memory; full makes it refuse them.
type ledger struct {
	records []audit.Record
	full    bool
}

func (l *ledger) Record(r audit.Record) error {
	if l.full {
		return errors.New("no space left on device")
	}
	l.records = append(l.records, r)
	return nil
}

func statement(effect, action, resource, more string) string {
	return `{"Version":"2012-10-17","Statement":[{"Sid":"S","Effect":"` + effect + `","Action":"` + action + `","Resource":"` + resource + `"` + more + `}]}`
}

// fixture is a gate over a user "maria" and a role "Reader" with the given
// inline policies.
func fixture(t *testing.T, policies ...string) (*Gate, *ledger, store.Store) {
	t.Helper()
	st, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	err = st.Update(t.Context(), func(tx store.Tx) error {
		errs := []error{
			tx.InsertAccount(store.Account{ID: account, Name: "a", Created: time.Now()}),
			tx.InsertUser(store.User{Account: account, Name: "maria", Path: "/", ID: "AIDAMARIA", Created: time.Now(), Tags: []store.Tag{{Key: "Team", Value: "core"}}}),
			tx.InsertRole(store.Role{Account: account, Name: "Reader", Path: "/", ID: "AROAREADER", Created: time.Now(), MaxSession: time.Hour}),
		}
		for i, p := range policies {
			name := string(rune('a' + i))
			errs = append(errs, tx.PutInlinePolicy("AIDAMARIA", name, p), tx.PutInlinePolicy("AROAREADER", name, p))
		}
		return errors.Join(errs...)
	})
	if err != nil {
		t.Fatal(err)
	}
	l := &ledger{}
	return New(st, l), l, st
}

func maria() *principal.Caller {
	return &principal.Caller{Session: principal.Session{Kind: principal.User, Account: account, ID: "AIDAMARIA", Name: "maria", Path: "/"},
		AccessKeyID: "AKIAEXAMPLE", RequestID: "r1", Time: time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC),
		SourceIP: netip.MustParseAddr("192.0.2.7"), UserAgent: "git/2.39.5", Secure: true, Region: "us-east-1"}
}

func reader() *principal.Caller {
	c := maria()
	c.Session = principal.Session{Kind: principal.AssumedRole, Account: account, ID: "AROAREADER", Name: "Reader", Path: "/", SessionName: "maria",
		Issued: c.Time.Add(-time.Minute), Expires: c.Time.Add(time.Hour)}
	c.Temporary = true
	return c
}

const repo = "arn:aws:codecommit:us-east-1:" + account + ":MyDemoRepo"

func pull() Request { return Request{Action: "codecommit:GitPull", Resource: repo} }

func TestDecisionsAndTheirWords(t *testing.T) {
	all := statement("Allow", "codecommit:*", "*", "")
	bySession := reader()
	bySession.SessionPolicy = statement("Allow", "codecommit:ListRepositories", "*", "")
	for _, c := range []struct {
		name     string
		caller   *principal.Caller
		policies []string
		request  Request
		want     string // the end of the refusal; "" for allowed
	}{
		{"no policy", maria(), nil, pull(), "because no identity-based policy allows the codecommit:GitPull action"},
		{"allowed", maria(), []string{all}, pull(), ""},
		{"allowed for a role", reader(), []string{all}, pull(), ""},
		{"denied beside allowed", maria(), []string{all, statement("Deny", "codecommit:GitPull", repo, "")}, pull(), "with an explicit deny in an identity-based policy"},
		{"session policy", bySession, []string{all}, pull(), "because no session policy allows the codecommit:GitPull action"},
		{"another resource", maria(), []string{statement("Allow", "codecommit:GitPull", repo+"2", "")}, pull(), "because no identity-based policy allows the codecommit:GitPull action"},
		{"root", &principal.Caller{Session: principal.Session{Kind: principal.Root, Account: account, ID: account}, Time: time.Now()}, nil, pull(), ""},
		{"no one", &principal.Caller{Time: time.Now()}, nil, pull(), "Not authorized to perform codecommit:GitPull"},
	} {
		t.Run(c.name, func(t *testing.T) {
			g, l, _ := fixture(t, c.policies...)
			err := g.Authorize(t.Context(), c.caller, c.request)
			if c.want == "" && err != nil || c.want != "" && (err == nil || !awserr.Is(err, awserr.AccessDenied) || !strings.HasSuffix(err.Error(), c.want)) {
				t.Errorf("got %v, want … %s", err, c.want)
			}
			decision := map[bool]string{true: "Allow", false: "Deny"}[c.want == ""]
			if len(l.records) != 1 || l.records[0].Decision != decision || l.records[0].EventName != "GitPull" || l.records[0].Resource != repo {
				t.Errorf("recorded %+v, want one %s", l.records, decision)
			}
		})
	}
}

func TestContextKeys(t *testing.T) {
	withMFA := maria()
	withMFA.Temporary, withMFA.Issued, withMFA.MFA = true, withMFA.Time.Add(-time.Hour), withMFA.Time.Add(-time.Minute)
	web := reader()
	web.Provider, web.Claims, web.Tags = "idp.example.com", map[string][]string{"idp.example.com:Sub": {"maria"}}, map[string]string{"Team": "guests"}
	for _, c := range []struct {
		name      string
		caller    *principal.Caller
		condition string
		want      bool
	}{
		{"source address", maria(), `"IpAddress":{"aws:SourceIp":"192.0.2.0/24"}`, true},
		{"another address", maria(), `"IpAddress":{"aws:SourceIp":"198.51.100.0/24"}`, false},
		{"user name", maria(), `"StringEquals":{"aws:username":"maria"}`, true},
		{"a role has no user name", reader(), `"Null":{"aws:username":"true"}`, true},
		{"user id of a session", reader(), `"StringEquals":{"aws:userid":"AROAREADER:maria"}`, true},
		{"tag", maria(), `"StringEquals":{"aws:PrincipalTag/team":"core"}`, true},
		{"session tag over role tag", web, `"StringEquals":{"aws:PrincipalTag/Team":"guests"}`, true},
		{"long-term key has no issue time", maria(), `"Null":{"aws:TokenIssueTime":"true","aws:MultiFactorAuthPresent":"true"}`, true},
		{"revoke older sessions", reader(), `"DateLessThan":{"aws:TokenIssueTime":"2026-11-24T11:59:30Z"}`, true},
		{"no MFA", reader(), `"Bool":{"aws:MultiFactorAuthPresent":"true"}`, false},
		{"MFA", withMFA, `"Bool":{"aws:MultiFactorAuthPresent":"true"},"NumericLessThan":{"aws:MultiFactorAuthAge":"61"}`, true},
		{"provider", web, `"StringEquals":{"aws:FederatedProvider":"idp.example.com","idp.example.com:sub":"maria"}`, true},
		{"over TLS", maria(), `"Bool":{"aws:SecureTransport":"true"}`, true},
		{"time", maria(), `"DateGreaterThan":{"aws:CurrentTime":"2026-11-24T11:00:00Z"}`, true},
		{"act's own key", maria(), `"StringEquals":{"codecommit:References":"refs/heads/main"}`, true},
		{"resource tag", maria(), `"StringEquals":{"aws:ResourceTag/stage":"prod"}`, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			g, _, _ := fixture(t, statement("Allow", "codecommit:GitPush", "*", `,"Condition":{`+c.condition+`}`))
			err := g.Authorize(t.Context(), c.caller, Request{Action: "codecommit:GitPush", Resource: repo,
				Context: map[string][]string{"codecommit:references": {"refs/heads/main"}}, ResourceTags: []store.Tag{{Key: "Stage", Value: "prod"}}})
			if (err == nil) != c.want {
				t.Errorf("got %v, want allowed=%v", err, c.want)
			}
		})
	}
}

// An act's own keys cannot take the place of a shared one.
func TestSharedKeysWin(t *testing.T) {
	g, _, _ := fixture(t, statement("Allow", "*", "*", `,"Condition":{"StringEquals":{"aws:username":"admin"}}`))
	r := pull()
	r.Context = map[string][]string{"aws:username": {"admin"}}
	if g.Authorize(t.Context(), maria(), r) == nil {
		t.Error("a forged user name was believed")
	}
	web := reader()
	web.Claims = map[string][]string{"aws:userid": {"forged"}}
	g, _, _ = fixture(t, statement("Allow", "*", "*", `,"Condition":{"StringEquals":{"aws:userid":"forged"}}`))
	if g.Authorize(t.Context(), web, pull()) == nil {
		t.Error("a provider's claim replaced a key of ours")
	}
}

// What cannot be recorded is not done.
func TestNoRecordNoAct(t *testing.T) {
	g, l, _ := fixture(t, statement("Allow", "*", "*", ""))
	l.full = true
	if err := g.Authorize(t.Context(), maria(), pull()); !awserr.Is(err, awserr.ServiceUnavailable) || strings.Contains(awserr.From(err).Message, "space") {
		t.Errorf("got %v, want ServiceUnavailable without the cause's text", err)
	}
}

// A deleted principal's session is worth nothing, also when its name is taken anew.
func TestDeletedPrincipal(t *testing.T) {
	g, _, st := fixture(t, statement("Allow", "*", "*", ""))
	err := st.Update(t.Context(), func(tx store.Tx) error {
		for _, p := range []string{"a"} {
			if err := tx.DeleteInlinePolicy("AROAREADER", p); err != nil {
				return err
			}
		}
		return errors.Join(tx.DeleteRole("AROAREADER"),
			tx.InsertRole(store.Role{Account: account, Name: "Reader", Path: "/", ID: "AROAOTHER", Created: time.Now()}),
			tx.PutInlinePolicy("AROAOTHER", "a", statement("Allow", "*", "*", "")))
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := g.Authorize(t.Context(), reader(), pull()); !awserr.Is(err, awserr.InvalidClientTokenID) {
		t.Errorf("got %v, want InvalidClientTokenId", err)
	}
}

// A refused AssumeRole tells nothing about the role.
func TestRefusedRoleTellsNothing(t *testing.T) {
	g, _, _ := fixture(t)
	trust, err := policy.Parse(policy.Trust, `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"sts:AssumeRole"}]}`)
	if err != nil {
		t.Fatal(err)
	}
	const role = "arn:aws:iam::" + account + ":role/Secret"
	err = g.Authorize(t.Context(), maria(), Request{Action: "sts:AssumeRole", Resource: role, Trust: trust})
	want := "User: arn:aws:iam::" + account + ":user/maria is not authorized to perform: sts:AssumeRole on resource: " + role
	if err == nil || awserr.From(err).Message != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
