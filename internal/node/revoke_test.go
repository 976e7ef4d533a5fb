package node

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sojourn/internal/audit"
	"sojourn/internal/git"
	"sojourn/internal/objects/file"
	"sojourn/internal/principal"
	"sojourn/internal/sigv4"
	"sojourn/internal/store"
	"sojourn/internal/store/sqlite"
)

const there = "222222222222"

// administered is a data directory with two accounts, a user with a key, roles
// and providers, and no server.
func administered(t *testing.T) (*Admin, time.Time) {
	t.Helper()
	d := dataDir(t.TempDir())
	now := time.Now().UTC().Truncate(time.Second)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(d.create())
	keys, err := Place{Data: string(d)}.ownKeys()
	must(err)
	st, err := sqlite.Open(t.Context(), d.database())
	must(err)
	must(st.Update(t.Context(), func(tx store.Tx) error {
		for _, id := range []string{here, there} {
			must(tx.InsertAccount(store.Account{ID: id, Name: "a", Created: now}))
			must(tx.InsertRole(store.Role{Account: id, Name: "Reader", Path: "/ci/", ID: "AROAREADER" + id[:4], Created: now}))
		}
		// A role whose name is another's unique id.
		must(tx.InsertRole(store.Role{Account: here, Name: "AROAREADER1111", Path: "/", ID: "AROADECOY", Created: now}))
		must(tx.InsertUser(store.User{Account: here, Name: "maria", Path: "/", ID: "AIDAMARIA", Created: now}))
		must(tx.InsertAccessKey(store.AccessKey{ID: "AKIAIOSFODNN7EXAMPLE", Account: here, UserID: "AIDAMARIA", Status: "Active", Created: now,
			Secret: keys.SealSecret("access-key", "AKIAIOSFODNN7EXAMPLE", []byte("secret"))}))
		must(tx.InsertSAMLProvider(store.SAMLProvider{Account: here, Name: "Okta", ID: "saml-1", Created: now}))
		must(tx.InsertDirectory(store.Directory{Account: here, Region: "us-east-1", ID: "d-1", Name: "People", Created: now, Updated: now}))
		must(tx.InsertDirectory(store.Directory{Account: here, Region: "us-east-1", ID: "d-2", Name: "d-1", Created: now, Updated: now}))
		return tx.InsertOIDCProvider(store.OIDCProvider{Account: here, URL: "login.example.com", Created: now})
	}))
	must(st.Close())
	a, err := OpenAdmin(t.Context(), string(d))
	must(err)
	t.Cleanup(func() { a.Close() })
	return a, now
}

func TestRevokeFindsItsSubject(t *testing.T) {
	a, now := administered(t)
	for _, c := range []struct {
		what                   RevokeWhat
		kind, account, subject string
		note                   string
	}{
		{RevokeWhat{Account: here, Role: "Reader"}, store.RevokedRole, here, "AROAREADER1111", "taken from other roles go on"},
		{RevokeWhat{Account: there, Role: "reader"}, store.RevokedRole, there, "AROAREADER2222", ""},
		{RevokeWhat{Role: "arn:aws:iam::" + here + ":role/ci/Reader"}, store.RevokedRole, here, "AROAREADER1111", ""},
		{RevokeWhat{Account: here, Role: "AROAREADER1111"}, store.RevokedRole, here, "AROAREADER1111", ""}, // and not the role of that name
		{RevokeWhat{Account: here, User: "maria"}, store.RevokedUser, here, "AIDAMARIA", "AKIAIOSFODNN7EXAMPLE stays active"},
		{RevokeWhat{User: "arn:aws:iam::" + here + ":user/maria"}, store.RevokedUser, here, "AIDAMARIA", ""},
		{RevokeWhat{Account: there}, store.RevokedAccount, there, there, ""},
		{RevokeWhat{Account: here, Provider: "Okta"}, store.RevokedProvider, here, "arn:aws:iam::" + here + ":saml-provider/Okta", ""},
		{RevokeWhat{Provider: "arn:aws:iam::" + here + ":saml-provider/Okta"}, store.RevokedProvider, here, "arn:aws:iam::" + here + ":saml-provider/Okta", ""},
		{RevokeWhat{Provider: "arn:aws:iam::" + here + ":saml-provider/Gone"}, store.RevokedProvider, here, "arn:aws:iam::" + here + ":saml-provider/Gone", "check the spelling"},
		{RevokeWhat{Provider: "arn:aws:iam::" + here + ":oidc-provider/login.example.com"}, store.RevokedProvider, here, "login.example.com", ""},
		{RevokeWhat{Account: here, Provider: "https://login.example.com"}, store.RevokedProvider, here, "login.example.com", ""},
		{RevokeWhat{Account: here, Provider: "accounts.google.com"}, store.RevokedProvider, here, "accounts.google.com", "built-in"},
		{RevokeWhat{Provider: "arn:aws:ds:us-east-1:" + here + ":directory/d-1"}, store.RevokedProvider, here, "arn:aws:ds:us-east-1:" + here + ":directory/d-1", ""},
		{RevokeWhat{Account: here, Directory: "d-1"}, store.RevokedProvider, here, "arn:aws:ds:us-east-1:" + here + ":directory/d-1", ""}, // and not the one of that name
		{RevokeWhat{Account: here, Directory: "People"}, store.RevokedProvider, here, "arn:aws:ds:us-east-1:" + here + ":directory/d-1", ""},
	} {
		r, err := a.Revoke(t.Context(), c.what, now)
		if err != nil || r.Kind != c.kind || r.Account != c.account || r.Subject != c.subject || !r.Before.Equal(now.Add(10*time.Second)) || !r.Until.After(now.Add(36*time.Hour)) {
			t.Errorf("%+v: %+v, %v", c.what, r, err)
		}
		if notes := strings.Join(r.Notes, " "); !strings.Contains(notes, c.note) || c.note == "" && strings.Contains(notes, "spelling") {
			t.Errorf("%+v: notes %q", c.what, notes)
		}
	}
	list, err := a.Revocations(t.Context(), now)
	if err != nil || len(list) != 16 {
		t.Errorf("%d are listed: %v", len(list), err)
	}
	if list, err = a.Revocations(t.Context(), now.Add(40*time.Hour)); err != nil || len(list) != 0 {
		t.Errorf("later %d are listed: %v", len(list), err)
	}
}

// What is wrong is refused with the field's name, and nothing is written.
func TestAttackRevokeWrongly(t *testing.T) {
	a, now := administered(t)
	for _, c := range []struct {
		what RevokeWhat
		want string
	}{
		{RevokeWhat{}, "name what is revoked"},
		{RevokeWhat{Role: "Reader"}, "name one with --account"},
		{RevokeWhat{Account: here, Role: "Reader", User: "maria"}, "name one of"},
		{RevokeWhat{Account: "999999999999"}, "there is none"},
		{RevokeWhat{Account: here, Role: "Writer"}, "has none"},
		{RevokeWhat{Account: there, User: "maria"}, "has none"},
		{RevokeWhat{Account: there, Role: "AROAREADER1111"}, "has none"},
		{RevokeWhat{Account: there, Role: "arn:aws:iam::" + here + ":role/ci/Reader"}, "is not of account"},
		{RevokeWhat{Role: "arn:aws:iam::" + here + ":role/Reader"}, "has none"},
		{RevokeWhat{Role: "arn:aws:iam::" + here + ":user/maria"}, "has none"},
		{RevokeWhat{Account: here, Role: "Reader", Before: now.Add(time.Second)}, "is in the future"},
		{RevokeWhat{Account: here, Role: "Reader", Before: now.Add(-38 * time.Hour)}, "has ended"},
		{RevokeWhat{Account: here, Role: "Reader", Reason: "a\nb"}, "reason"},
		{RevokeWhat{Account: here, Role: "Reader", Reason: strings.Repeat("x", 257)}, "reason"},
		{RevokeWhat{Provider: "arn:aws:iam::" + here + ":role/Reader"}, "is not the ARN of"},
		{RevokeWhat{Provider: "arn:aws:s3:::bucket"}, "account"},
		{RevokeWhat{Account: here, Directory: "d-9"}, "has none"},
		{RevokeWhat{AccessKey: "AKIAUNKNOWNUNKNOWN22"}, "there is none"},
		{RevokeWhat{AccessKey: "ASIAUNKNOWN"}, "is not the id"},
		{RevokeWhat{AccessKey: "AKIAIOSFODNN7EXAMPLE", Account: here}, "leave out account"},
		{RevokeWhat{AccessKey: "AKIAIOSFODNN7EXAMPLE", Before: now}, "leave out before"},
	} {
		if r, err := a.Revoke(t.Context(), c.what, now); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %+v, error %v, want …%s…", c.what, r, err, c.want)
		}
	}
	if list, err := a.Revocations(t.Context(), now); err != nil || len(list) != 0 {
		t.Errorf("%d were written: %v", len(list), err)
	}
}

// A user's key becomes inactive and stays it; every act is on record, in its order.
func TestRevokeIsRecorded(t *testing.T) {
	a, now := administered(t)
	if r, err := a.Revoke(t.Context(), RevokeWhat{AccessKey: "AKIAIOSFODNN7EXAMPLE", Reason: "found in a repository"}, now); err != nil || r.ID != "" {
		t.Fatalf("%+v %v", r, err)
	}
	err := a.store.View(t.Context(), func(tx store.Tx) error {
		k, err := tx.AccessKey("AKIAIOSFODNN7EXAMPLE")
		if k.Status != "Inactive" {
			t.Errorf("the key is %s", k.Status)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	r, err := a.Revoke(t.Context(), RevokeWhat{Account: here, Role: "Reader", Reason: "INC-42"}, now)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.UndoRevocation(t.Context(), "REVOUNKNOWN", now); err == nil {
		t.Error("an unknown revocation was taken back")
	}
	if err := a.UndoRevocation(t.Context(), r.ID, now); err != nil {
		t.Fatal(err)
	}
	if list, _ := a.Revocations(t.Context(), now); len(list) != 0 {
		t.Errorf("it is there still: %+v", list)
	}
	text := auditText(t, a.dir)
	for _, want := range []string{`"DeactivateAccessKey"`, `"Revoke"`, `"reason":"INC-42"`, `"revocation":"` + r.ID + `"`, `"UndoRevocation"`} {
		if !strings.Contains(text, want) {
			t.Errorf("the log lacks %s:\n%s", want, text)
		}
	}
}

func auditText(t *testing.T, d dataDir) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(d.audit(), "*.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		text.Write(b)
	}
	return text.String()
}

// The administrator is not locked out of an account whose sessions were revoked
// a moment ago.
func TestCredentialsBehindARevocation(t *testing.T) {
	a, now := administered(t)
	if _, err := a.Revoke(t.Context(), RevokeWhat{Account: here}, now); err != nil {
		t.Fatal(err)
	}
	for _, life := range []time.Duration{time.Second, time.Hour} {
		i, err := a.Credentials(t.Context(), here, life, now)
		if err != nil {
			t.Fatal(err)
		}
		s, _, err := a.keys.Open(i.AccessKeyID, i.Token, now)
		if err != nil {
			t.Fatal(err)
		}
		c := &principal.Caller{Session: s, AccessKeyID: i.AccessKeyID, Temporary: true}
		if err := a.sessions(now).Still(t.Context(), c); err != nil {
			t.Errorf("credentials for %v: %v", life, err)
		}
	}
}

// another is one more node on the cluster's data, in what could be another
// process: with a store of its own.
func (c *cluster) another() http.Handler {
	c.t.Helper()
	must := func(err error) {
		if err != nil {
			c.t.Fatal(err)
		}
	}
	now := func() time.Time { return c.now }
	st, err := sqlite.Open(c.t.Context(), c.dir.database())
	must(err)
	c.t.Cleanup(func() { st.Close() })
	blobs, err := file.Open(c.dir.objects())
	must(err)
	log := slog.New(slog.DiscardHandler)
	engine, err := git.New(c.t.Context(), git.Options{Store: st, Objects: blobs, Dir: c.t.TempDir(), Now: now, Log: log})
	must(err)
	c.t.Cleanup(func() { engine.Close(context.Background()) })
	records, err := audit.Open(filepath.Join(c.dir.audit(), "c"))
	must(err)
	c.t.Cleanup(func() { records.Close() })
	p := parts{cfg: Config{Region: DefaultRegion}, keys: c.keys, store: st, objects: blobs, audit: records, engine: engine, log: log, now: now,
		onClose: func(stop func() error) { c.t.Cleanup(func() { must(stop()) }) }}
	options, err := p.doors("https://localhost")
	must(err)
	return options.API
}

// Another node on the same store refuses a revoked session within 5 seconds; the
// node that revoked refuses it at once.
func TestRevokedOnEveryNodeWithinSeconds(t *testing.T) {
	c := newCluster(t)
	maria := c.assumer()
	c.call(c.root(), "iam", "PutRolePolicy", "RoleName", "Reader", "PolicyName", "p", "PolicyDocument", document("Allow"))
	session := credentialsIn(c.call(maria, "sts", "AssumeRole", "RoleArn", "arn:aws:iam::"+here+":role/Reader", "RoleSessionName", "maria"))
	other := c.another()
	ask := func(h http.Handler) *httptest.ResponseRecorder {
		return c.sendTo(h, session, "codecommit", "application/x-amz-json-1.1", "CodeCommit_20150413.ListRepositories", "{}")
	}
	if w := ask(other); w.Code != http.StatusOK {
		t.Fatalf("before: %d %s", w.Code, w.Body)
	}
	c.see("before", session, true)
	a := &Admin{dir: c.dir, keys: c.keys, store: c.store, audit: c.audit}
	if _, err := a.Revoke(t.Context(), RevokeWhat{Role: "Reader"}, c.now); err != nil {
		t.Fatal(err)
	}
	c.see("the revocation", session, false)
	began := time.Now()
	for w := ask(other); w.Code == http.StatusOK; w = ask(other) {
		if time.Since(began) > 5*time.Second {
			t.Fatal("the other node still takes the session")
		}
		time.Sleep(20 * time.Millisecond) // the store's clock is the real one
	}
	t.Logf("the other node refused after %v", time.Since(began))
	if w := ask(other); !strings.Contains(w.Body.String(), "ExpiredTokenException") || !strings.Contains(w.Body.String(), "revoked") {
		t.Errorf("it answers %d %s", w.Code, w.Body)
	}
	fresh := credentialsIn(c.call(maria, "sts", "AssumeRole", "RoleArn", "arn:aws:iam::"+here+":role/Reader", "RoleSessionName", "maria"))
	c.see("signing in again", fresh, true)
	if w := c.sendTo(other, fresh, "codecommit", "application/x-amz-json-1.1", "CodeCommit_20150413.ListRepositories", "{}"); w.Code != http.StatusOK {
		t.Errorf("the other node refuses a new session: %d %s", w.Code, w.Body)
	}
}

// AWSRevokeOlderSessions as the AWS console writes it, with milliseconds, and as
// the documentation has it: older sessions may do nothing, newer ones what they may.
func TestAWSRevokeOlderSessions(t *testing.T) {
	for name, text := range map[string]string{
		"console": `{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": ["*"], "Resource": ["*"],
			"Condition": {"DateLessThan": {"aws:TokenIssueTime": "[policy creation time]"}}}]}`,
		"documentation": `{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"*","Resource":"*",
			"Condition":{"DateLessThan":{"aws:TokenIssueTime":"[policy creation time]"}}}}`,
	} {
		for _, owner := range []string{"Role", "User"} {
			t.Run(name+" "+owner, func(t *testing.T) {
				c := newCluster(t)
				maria := c.assumer()
				c.call(c.root(), "iam", "PutRolePolicy", "RoleName", "Reader", "PolicyName", "p", "PolicyDocument", document("Allow"))
				sessions := func() (s sigv4.Credentials) {
					if owner == "User" {
						return credentialsIn(c.call(maria, "sts", "GetSessionToken"))
					}
					return credentialsIn(c.call(maria, "sts", "AssumeRole", "RoleArn", "arn:aws:iam::"+here+":role/Reader", "RoleSessionName", "maria"))
				}
				old := sessions()
				c.see("before", old, true)
				c.now = c.now.Add(time.Second + 500*time.Millisecond)
				names := map[string]string{"Role": "Reader", "User": "maria"}
				c.call(c.root(), "iam", "Put"+owner+"Policy", owner+"Name", names[owner], "PolicyName", "AWSRevokeOlderSessions",
					"PolicyDocument", strings.Replace(text, "[policy creation time]", c.now.Format("2006-01-02T15:04:05.000Z"), 1))
				c.see("the policy", old, false)
				sameSecond := sessions() // says of itself that it was issued at the second's begin
				c.see("the policy, in the same second", sameSecond, false)
				c.now = c.now.Add(500 * time.Millisecond)
				c.see("signing in again", sessions(), true)
				if owner == "User" {
					c.see("the policy, by a long-term key", maria, true)
				}
			})
		}
	}
}

// A provider's deletion ends no session, as on AWS; its revocation does, also
// behind the deletion.
func TestDeletedProvidersSessions(t *testing.T) {
	c := newCluster(t)
	root := c.root()
	c.call(root, "iam", "CreateRole", "RoleName", "Reader", "AssumeRolePolicyDocument", trustHere)
	c.call(root, "iam", "PutRolePolicy", "RoleName", "Reader", "PolicyName", "p", "PolicyDocument", document("Allow"))
	c.call(root, "iam", "CreateOpenIDConnectProvider", "Url", "https://login.example.com", "ClientIDList.member.1", "client")
	var id string
	err := c.store.View(t.Context(), func(tx store.Tx) error {
		r, err := tx.Role(here, "Reader")
		id = r.ID
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	i, err := c.keys.Issue(principal.Session{Kind: principal.AssumedRole, Account: here, ID: id, Name: "Reader", Path: "/", SessionName: "alice",
		Provider: "login.example.com", Expires: c.now.Add(time.Hour)}, c.now)
	if err != nil {
		t.Fatal(err)
	}
	session := sigv4.Credentials{AccessKeyID: i.AccessKeyID, Secret: i.Secret, Token: i.Token}
	c.see("signing in", session, true)
	c.call(root, "iam", "DeleteOpenIDConnectProvider", "OpenIDConnectProviderArn", "arn:aws:iam::"+here+":oidc-provider/login.example.com")
	c.see("the provider's deletion", session, true)
	a := &Admin{dir: c.dir, keys: c.keys, store: c.store, audit: c.audit}
	if _, err := a.Revoke(t.Context(), RevokeWhat{Provider: "login.example.com"}, c.now); err != nil {
		t.Fatal(err)
	}
	c.see("its revocation", session, false)
}

// Chaining, by AWS's facts: a revoked session takes no other role, what it took
// before goes on until its own role is revoked.
func TestAttackChainBehindARevocation(t *testing.T) {
	c := newCluster(t)
	root, maria := c.root(), c.assumer()
	c.call(root, "iam", "PutRolePolicy", "RoleName", "Reader", "PolicyName", "p", "PolicyDocument", document("Allow"))
	c.call(root, "iam", "CreateRole", "RoleName", "Second", "AssumeRolePolicyDocument", trustHere)
	c.call(root, "iam", "PutRolePolicy", "RoleName", "Second", "PolicyName", "p", "PolicyDocument", document("Allow"))
	take := func(by sigv4.Credentials, role string) *httptest.ResponseRecorder {
		form := fmt.Sprintf("Action=AssumeRole&Version=2011-06-15&RoleSessionName=xx&RoleArn=arn:aws:iam::%s:role/%s", here, role)
		return c.send(0, by, "sts", "application/x-www-form-urlencoded", "", form)
	}
	first := credentialsIn(take(maria, "Reader").Body.String())
	chained := credentialsIn(take(first, "Second").Body.String())
	c.see("chaining", chained, true)
	a := &Admin{dir: c.dir, keys: c.keys, store: c.store, audit: c.audit}
	if _, err := a.Revoke(t.Context(), RevokeWhat{Role: "Reader"}, c.now); err != nil {
		t.Fatal(err)
	}
	for _, role := range []string{"Second", "Reader"} {
		if w := take(first, role); w.Code != http.StatusForbidden || !strings.Contains(w.Body.String(), "ExpiredToken") {
			t.Errorf("a revoked session takes %s: %d %s", role, w.Code, w.Body)
		}
	}
	c.see("its source's revocation", chained, true)
	if _, err := a.Revoke(t.Context(), RevokeWhat{Role: "Second"}, c.now); err != nil {
		t.Fatal(err)
	}
	c.see("its own role's revocation", chained, false)
}
