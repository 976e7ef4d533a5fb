package identity

import (
	"errors"
	"path/filepath"
	"slices"
	"testing"

	"sojourn/internal/policy"
	"sojourn/internal/principal"
	"sojourn/internal/store"
	"sojourn/internal/store/sqlite"
)

const (
	account = "111122223333"
	pull    = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"codecommit:GitPull","Resource":"*"}]}`
)

// filled is a store with a user in a group, a role, and policies on each.
func filled(t *testing.T) store.Store {
	t.Helper()
	db, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "metadata.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	err = db.Update(t.Context(), func(tx store.Tx) error {
		p := store.Policy{Account: account, Name: "Shared", Path: "/ci/", ID: "ANPA1", DefaultVersion: "v2", LastVersion: 2}
		u := store.User{Account: account, Name: "maria", Path: "/", ID: "AIDA1", Boundary: PolicyARN(p), Tags: []store.Tag{{Key: "team", Value: "blue"}}}
		g := store.Group{Account: account, Name: "devs", Path: "/", ID: "AGPA1"}
		r := store.Role{Account: account, Name: "Deploy", Path: "/", ID: "AROA1", Trust: pull, Tags: []store.Tag{{Key: "team", Value: "red"}}}
		return errors.Join(tx.InsertAccount(store.Account{ID: account}), tx.InsertPolicy(p), tx.InsertUser(u), tx.InsertGroup(g), tx.InsertRole(r),
			tx.PutPolicyVersion(store.PolicyVersion{PolicyID: "ANPA1", Version: "v1", Document: "old"}),
			tx.PutPolicyVersion(store.PolicyVersion{PolicyID: "ANPA1", Version: "v2", Document: pull}),
			tx.AddMember(g.ID, u.ID),
			tx.PutInlinePolicy(u.ID, "own", "u"), tx.PutInlinePolicy(g.ID, "own", "g"), tx.PutInlinePolicy(r.ID, "own", "r"),
			tx.Attach(u.ID, PolicyARN(p)), tx.Attach(g.ID, PolicyARN(p)),
			tx.Attach(g.ID, "arn:aws:iam::aws:policy/AWSCodeCommitReadOnly"), tx.Attach(r.ID, "arn:aws:iam::aws:policy/IAMFullAccess"))
	})
	if err != nil {
		t.Fatal(err)
	}
	return db
}

func view(t *testing.T, s store.Store, f func(store.Tx) error) {
	t.Helper()
	if err := s.View(t.Context(), f); err != nil {
		t.Fatal(err)
	}
}

func TestLoadIdentity(t *testing.T) {
	s := filled(t)
	for _, c := range []struct {
		name     string
		session  principal.Session
		policies []string // name and text, or ARN
		boundary string
		tag      string
	}{
		{"user", principal.Session{Kind: principal.User, Account: account, ID: "AIDA1"},
			[]string{"own u", "arn:aws:iam::111122223333:policy/ci/Shared", "own g", "arn:aws:iam::aws:policy/AWSCodeCommitReadOnly"},
			"arn:aws:iam::111122223333:policy/ci/Shared", "blue"},
		{"federated user", principal.Session{Kind: principal.Federated, Account: account, ID: "AIDA1", SessionName: "guest"},
			[]string{"own u", "arn:aws:iam::111122223333:policy/ci/Shared", "own g", "arn:aws:iam::aws:policy/AWSCodeCommitReadOnly"},
			"arn:aws:iam::111122223333:policy/ci/Shared", "blue"},
		{"federated user of root", principal.Session{Kind: principal.Federated, Account: account, ID: account, SessionName: "guest"},
			[]string{"arn:aws:iam::aws:policy/AdministratorAccess"}, "", ""},
		{"role", principal.Session{Kind: principal.AssumedRole, Account: account, ID: "AROA1"},
			[]string{"own r", "arn:aws:iam::aws:policy/IAMFullAccess"}, "", "red"},
		{"root", principal.Session{Kind: principal.Root, Account: account, ID: account}, nil, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			view(t, s, func(tx store.Tx) error {
				id, err := LoadIdentity(tx, &c.session)
				if err != nil {
					return err
				}
				var got []string
				for _, p := range id.Policies {
					if p.ARN != "" {
						got = append(got, p.ARN)
					} else {
						got = append(got, p.Name+" "+p.Text)
					}
				}
				if !slices.Equal(got, c.policies) {
					t.Errorf("policies %q, want %q", got, c.policies)
				}
				if (id.Boundary == nil) != (c.boundary == "") || id.Boundary != nil && (id.Boundary.ARN != c.boundary || id.Boundary.Text != pull) {
					t.Errorf("boundary %+v", id.Boundary)
				}
				if c.tag != "" && (len(id.Tags) != 1 || id.Tags[0].Value != c.tag) {
					t.Errorf("tags %v", id.Tags)
				}
				return nil
			})
		})
	}
}

func TestAGonePrincipalIsNotFound(t *testing.T) {
	s := filled(t)
	for _, session := range []principal.Session{
		{Kind: principal.User, Account: account, ID: "AIDA2", Name: "maria"}, // another had the name before
		{Kind: principal.AssumedRole, Account: account, ID: "AROA2", Name: "Deploy"},
		{Kind: principal.User, Account: "444455556666", ID: "AIDA1"},
		{Kind: principal.AssumedRole, Account: "444455556666", ID: "AROA1"},
		{Kind: principal.User, Account: account, ID: "AROA1"},
		{Kind: principal.Anonymous},
	} {
		view(t, s, func(tx store.Tx) error {
			if _, err := LoadIdentity(tx, &session); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("%+v: %v", session, err)
			}
			return nil
		})
	}
}

// What a missing policy would have denied is not known, so that it may neither
// pass for an absent principal nor for an absent policy.
func TestADamagedAttachmentIsAnError(t *testing.T) {
	s := filled(t)
	err := s.Update(t.Context(), func(tx store.Tx) error { return tx.Attach("AROA1", "arn:aws:iam::111122223333:policy/Gone") })
	if err != nil {
		t.Fatal(err)
	}
	view(t, s, func(tx store.Tx) error {
		_, err := LoadIdentity(tx, &principal.Session{Kind: principal.AssumedRole, Account: account, ID: "AROA1"})
		if err == nil || errors.Is(err, store.ErrNotFound) {
			t.Errorf("got %v", err)
		}
		return nil
	})
}

func TestPolicyByARN(t *testing.T) {
	s := filled(t)
	view(t, s, func(tx store.Tx) error {
		p, err := PolicyByARN(tx, "arn:aws:iam::111122223333:policy/ci/Shared")
		if err != nil || p.Text != pull || p.Name != "Shared" {
			t.Errorf("got %+v, %v", p, err)
		}
		for _, name := range []string{"arn:aws:iam::111122223333:policy/Shared", "arn:aws:iam::111122223333:policy/ci/shared",
			"arn:aws:iam::444455556666:policy/ci/Shared", "arn:aws:iam::aws:policy/Nope", "arn:aws:sts::111122223333:policy/ci/Shared",
			"arn:aws:iam::111122223333:user/maria", "Shared", ""} {
			if _, err := PolicyByARN(tx, name); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("%q: %v", name, err)
			}
		}
		return nil
	})
}

// decide asks whether a policy of AWS allows a user of the account something.
func decide(t *testing.T, name, action, resource string) bool {
	t.Helper()
	m, ok := ManagedByARN("arn:aws:iam::aws:policy/" + name)
	if !ok {
		t.Fatalf("no policy %s", name)
	}
	p, err := policy.ParseManaged(m.Document)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	user := "arn:aws:iam::" + account + ":user/maria"
	return policy.Decide(policy.Set{Identity: []*policy.Policy{p}}, &policy.Request{Action: action, Resource: resource, ResourceAccount: account,
		Caller:  policy.Caller{Account: account, ARN: user, PrincipalARN: user, ID: "AIDA1"},
		Context: policy.Context{"aws:username": {"maria"}}}).Allowed
}

func TestManagedPolicies(t *testing.T) {
	const repo, own, other = "arn:aws:codecommit:us-east-1:111122223333:Demo", "arn:aws:iam::111122223333:user/maria", "arn:aws:iam::111122223333:user/peter"
	for _, c := range []struct {
		action, resource string
		allowedBy        string // first letters of the five, in order of the names
	}{
		{"codecommit:GitPull", repo, "yyyy-"},
		{"codecommit:GitPush", repo, "yyy--"},
		{"codecommit:CreateRepository", repo, "yyy--"},
		{"codecommit:DeleteBranch", repo, "yyy--"},
		{"codecommit:DeleteRepository", repo, "yy---"},
		{"codecommit:ListRepositories", "*", "yyyy-"},
		{"iam:ListUsers", "arn:aws:iam::111122223333:user/", "yyyyy"},
		{"iam:ListAccessKeys", own, "yyyyy"},
		{"iam:ListAccessKeys", other, "y---y"},
		{"iam:CreateAccessKey", own, "y---y"},
		{"iam:CreateUser", other, "y---y"},
		{"sts:AssumeRole", "arn:aws:iam::111122223333:role/Deploy", "y----"},
	} {
		got := ""
		for _, m := range ManagedPolicies() {
			if decide(t, m.Name, c.action, c.resource) {
				got += "y"
			} else {
				got += "-"
			}
		}
		if got != c.allowedBy {
			t.Errorf("%s on %s: %s, want %s", c.action, c.resource, got, c.allowedBy)
		}
	}
}
