package node

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"sojourn/internal/audit"
	"sojourn/internal/git"
	"sojourn/internal/objects/file"
	"sojourn/internal/principal"
	"sojourn/internal/seal"
	"sojourn/internal/secret"
	"sojourn/internal/sigv4"
	"sojourn/internal/store"
	"sojourn/internal/store/sqlite"
)

const here = "111111111111"

// cluster is two nodes over one store and one keyring, without their listeners.
type cluster struct {
	t     testing.TB
	nodes [2]http.Handler
	keys  *seal.Keyring
	store store.Store
	dir   dataDir
	audit *audit.Log // of the first node
	now   time.Time
}

func newCluster(t testing.TB) *cluster {
	t.Helper()
	dir := dataDir(t.TempDir())
	c := &cluster{t: t, dir: dir, now: time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)}
	now := func() time.Time { return c.now }
	ok := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	ok(dir.create())
	keys, err := Place{Data: string(dir)}.ownKeys()
	ok(err)
	c.keys = keys
	st, err := sqlite.Open(t.Context(), dir.database())
	ok(err)
	c.store = st
	t.Cleanup(func() { st.Close() })
	ok(st.Update(t.Context(), func(tx store.Tx) error { return tx.InsertAccount(store.Account{ID: here, Name: "a", Created: c.now}) }))
	blobs, err := file.Open(dir.objects())
	ok(err)
	log := slog.New(slog.DiscardHandler)
	engine, err := git.New(t.Context(), git.Options{Store: st, Objects: blobs, Dir: dir.cache(), Now: now, Log: log})
	ok(err)
	t.Cleanup(func() { engine.Close(context.Background()) })
	for i := range c.nodes {
		records, err := audit.Open(filepath.Join(dir.audit(), string(rune('a'+i))))
		ok(err)
		t.Cleanup(func() { records.Close() })
		if c.audit == nil {
			c.audit = records
		}
		p := parts{cfg: Config{Region: DefaultRegion}, keys: keys, store: st, objects: blobs, audit: records, engine: engine, log: log, now: now,
			onClose: func(stop func() error) { t.Cleanup(func() { ok(stop()) }) }}
		options, err := p.doors("https://localhost")
		ok(err)
		c.nodes[i] = options.API
	}
	return c
}

func (c *cluster) root() sigv4.Credentials {
	c.t.Helper()
	i, err := c.keys.Issue(principal.Session{Kind: principal.Root, Account: here, ID: here, Expires: c.now.Add(time.Hour)}, c.now)
	if err != nil {
		c.t.Fatal(err)
	}
	return sigv4.Credentials{AccessKeyID: i.AccessKeyID, Secret: i.Secret, Token: i.Token}
}

func (c *cluster) send(node int, by sigv4.Credentials, service, contentType, target, body string) *httptest.ResponseRecorder {
	return c.sendTo(c.nodes[node], by, service, contentType, target, body)
}

func (c *cluster) sendTo(node http.Handler, by sigv4.Credentials, service, contentType, target, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
	r.Header.Set("Content-Type", contentType)
	if target != "" {
		r.Header.Set("X-Amz-Target", target)
	}
	sum := sha256.Sum256([]byte(body))
	sigv4.SignHeader(r, hex.EncodeToString(sum[:]), by, service, DefaultRegion, c.now)
	w := httptest.NewRecorder()
	node.ServeHTTP(w, r)
	return w
}

// call runs a query operation on the first node, which must succeed.
func (c *cluster) call(by sigv4.Credentials, service string, params ...string) string {
	c.t.Helper()
	form := url.Values{"Version": {map[string]string{"iam": "2010-05-08", "sts": "2011-06-15"}[service]}, "Action": {params[0]}}
	for i := 1; i < len(params); i += 2 {
		form.Set(params[i], params[i+1])
	}
	w := c.send(0, by, service, "application/x-www-form-urlencoded", "", form.Encode())
	if w.Code != http.StatusOK {
		c.t.Fatalf("%s: %d %s", params[0], w.Code, w.Body)
	}
	return w.Body.String()
}

// see asks both nodes whether a caller may list repositories.
func (c *cluster) see(after string, by sigv4.Credentials, want bool) {
	c.t.Helper()
	for node := range c.nodes {
		w := c.send(node, by, "codecommit", "application/x-amz-json-1.1", "CodeCommit_20150413.ListRepositories", "{}")
		if (w.Code == http.StatusOK) != want {
			c.t.Errorf("after %s, node %d answers %d %s", after, node+1, w.Code, w.Body)
		}
	}
}

var credentialLeaf = regexp.MustCompile(`<(AccessKeyId|SecretAccessKey|SessionToken)>([^<]*)<`)

func credentialsIn(answer string) (out sigv4.Credentials) {
	for _, m := range credentialLeaf.FindAllStringSubmatch(answer, -1) {
		switch m[1] {
		case "AccessKeyId":
			out.AccessKeyID = m[2]
		case "SecretAccessKey":
			out.Secret = secret.New(m[2])
		case "SessionToken":
			out.Token = m[2]
		}
	}
	return out
}

func document(effect string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"` + effect + `","Action":["codecommit:*","sts:AssumeRole"],"Resource":"*"}]}`
}

// A change of a policy, a membership, a boundary or a key acts on the next
// request on the node that made it and on every other one: nothing that decides
// is remembered by its name. Each step is asked for before and after, so that
// whatever a node keeps is warm.
func TestAChangeActsOnTheNextRequestOnEveryNode(t *testing.T) {
	c := newCluster(t)
	root := c.root()
	iam := func(params ...string) string { c.t.Helper(); return c.call(root, "iam", params...) }
	policyARN := func(name string) string { return "arn:aws:iam::" + here + ":policy/" + name }
	for _, name := range []string{"Boundary", "Managed"} {
		iam("CreatePolicy", "PolicyName", name, "PolicyDocument", document("Allow"))
	}
	iam("CreateUser", "UserName", "maria", "PermissionsBoundary", policyARN("Boundary"))
	iam("CreateGroup", "GroupName", "devs")
	iam("PutGroupPolicy", "GroupName", "devs", "PolicyName", "p", "PolicyDocument", document("Allow"))
	maria := credentialsIn(iam("CreateAccessKey", "UserName", "maria"))
	turn := func(what string, by sigv4.Credentials, want bool, params ...string) {
		c.t.Helper()
		c.see("the step before "+what, by, !want)
		iam(params...)
		c.see(what, by, want)
	}
	turn("joining a group", maria, true, "AddUserToGroup", "GroupName", "devs", "UserName", "maria")
	turn("a group's policy changed", maria, false, "PutGroupPolicy", "GroupName", "devs", "PolicyName", "p", "PolicyDocument", document("Deny"))
	turn("the group's policy changed back", maria, true, "PutGroupPolicy", "GroupName", "devs", "PolicyName", "p", "PolicyDocument", document("Allow"))
	turn("leaving the group", maria, false, "RemoveUserFromGroup", "GroupName", "devs", "UserName", "maria")
	turn("an inline policy", maria, true, "PutUserPolicy", "UserName", "maria", "PolicyName", "own", "PolicyDocument", document("Allow"))
	turn("the inline policy is gone", maria, false, "DeleteUserPolicy", "UserName", "maria", "PolicyName", "own")
	turn("a managed policy attached", maria, true, "AttachUserPolicy", "UserName", "maria", "PolicyArn", policyARN("Managed"))
	turn("its new default version", maria, false, "CreatePolicyVersion", "PolicyArn", policyARN("Managed"), "PolicyDocument", document("Deny"), "SetAsDefault", "true")
	turn("its old default version", maria, true, "SetDefaultPolicyVersion", "PolicyArn", policyARN("Managed"), "VersionId", "v1")
	turn("a boundary's new version", maria, false, "CreatePolicyVersion", "PolicyArn", policyARN("Boundary"), "PolicyDocument", document("Deny"), "SetAsDefault", "true")
	turn("the boundary's old version", maria, true, "SetDefaultPolicyVersion", "PolicyArn", policyARN("Boundary"), "VersionId", "v1")
	turn("an inactive key", maria, false, "UpdateAccessKey", "UserName", "maria", "AccessKeyId", maria.AccessKeyID, "Status", "Inactive")
	turn("an active key", maria, true, "UpdateAccessKey", "UserName", "maria", "AccessKeyId", maria.AccessKeyID, "Status", "Active")

	trust := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"` + here + `"},"Action":"sts:AssumeRole"}]}`
	iam("CreateRole", "RoleName", "Reader", "AssumeRolePolicyDocument", trust)
	session := credentialsIn(c.call(maria, "sts", "AssumeRole", "RoleArn", "arn:aws:iam::"+here+":role/Reader", "RoleSessionName", "maria"))
	turn("a role's policy", session, true, "PutRolePolicy", "RoleName", "Reader", "PolicyName", "p", "PolicyDocument", document("Allow"))
	revoke := `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"DateLessThan":{"aws:TokenIssueTime":"2026-11-24T12:00:01Z"}}}]}`
	turn("older sessions revoked", session, false, "PutRolePolicy", "RoleName", "Reader", "PolicyName", "AWSRevokeOlderSessions", "PolicyDocument", revoke)
	turn("the revocation undone", session, true, "DeleteRolePolicy", "RoleName", "Reader", "PolicyName", "AWSRevokeOlderSessions")
	iam("DeleteRolePolicy", "RoleName", "Reader", "PolicyName", "p")
	iam("DeleteRole", "RoleName", "Reader")
	iam("CreateRole", "RoleName", "Reader", "AssumeRolePolicyDocument", trust)
	iam("PutRolePolicy", "RoleName", "Reader", "PolicyName", "p", "PolicyDocument", document("Allow"))
	c.see("the role was made anew under its name", session, false)

	iam("DeleteAccessKey", "UserName", "maria", "AccessKeyId", maria.AccessKeyID)
	c.see("the key was deleted", maria, false)
}
