package node

import (
	"context"
	"flag"
	"fmt"
	"runtime"
	"testing"
	"time"

	"sojourn/internal/authn"
	"sojourn/internal/gate"
	"sojourn/internal/principal"
	"sojourn/internal/secret"
	"sojourn/internal/sigv4"
	"sojourn/internal/store"
	"sojourn/internal/sts"
	"sojourn/internal/wire/stswire"
)

var issues = flag.Int("issues", 200_000, "sessions that TestIssuesDoNotGrowTheHeap issues")

// Sessions are nowhere but in their tokens: the server is as large after very
// many as it was after enough to fill its bounded memories.
func TestIssuesDoNotGrowTheHeap(t *testing.T) {
	c := newCluster(t)
	c.assumer()
	now := func() time.Time { return c.now }
	who := &authn.Authenticator{Keys: c.keys, Store: c.store, Region: DefaultRegion, Now: now}
	svc := sts.New(sts.Options{Store: c.store, Gate: gate.New(c.store, unrecorded{}).Sealing(c.keys), Keys: c.keys, Now: now,
		Sessions: &authn.Authenticator{Keys: c.keys, Store: c.store, Region: DefaultRegion, Now: now}})
	maria := c.callerOf("maria")
	const host, path = "git.example.com", "/v1/repos/r"
	const filled = 5000 // more sessions are used than are kept open
	issue := func(i int) {
		out, err := svc.AssumeRole(t.Context(), maria, &stswire.AssumeRoleInput{
			RoleArn: new("arn:aws:iam::" + here + ":role/Reader"), RoleSessionName: new(fmt.Sprint("session-", i))})
		if err != nil {
			t.Fatal(err)
		}
		if i >= filled && i%8 != 0 {
			return
		}
		by := sigv4.Credentials{AccessKeyID: *out.Credentials.AccessKeyId, Secret: secret.New(*out.Credentials.SecretAccessKey), Token: *out.Credentials.SessionToken}
		if _, err := who.Git(t.Context(), sigv4.GitUser(by), sigv4.GitPassword(by.Secret, DefaultRegion, host, path, c.now).Reveal(), host, path, authn.RequestInfo{}); err != nil {
			t.Fatal(err)
		}
	}
	for i := range filled {
		issue(i)
	}
	before := heap()
	for i := range *issues {
		issue(filled + i)
	}
	if grown := heap() - before; grown > 2<<20 {
		t.Errorf("%d issues grew the heap by %d bytes", *issues, grown)
	}
}

// callerOf is a user's own request.
func (c *cluster) callerOf(name string) *principal.Caller {
	var u store.User
	err := c.store.View(context.Background(), func(tx store.Tx) (err error) {
		u, err = tx.User(here, name)
		return err
	})
	if err != nil {
		c.t.Fatal(err)
	}
	return &principal.Caller{Session: principal.Session{Kind: principal.User, Account: here, ID: u.ID, Name: u.Name, Path: u.Path},
		RequestID: "r", Time: c.now, Region: DefaultRegion}
}

// heap is what is in use after a collection.
func heap() int64 {
	var m runtime.MemStats
	for range 3 { // what is interned goes one collection later
		runtime.GC()
	}
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
