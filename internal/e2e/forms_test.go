package e2e

import (
	"crypto/rand"
	"encoding/hex"
	"strings"
	"sync"
	"testing"

	"sojourn/internal/objects/s3/s3test"
	"sojourn/internal/sojourntest"
	"sojourn/internal/sojourntest/faultproxy"
	"sojourn/internal/store/postgres/postgrestest"
)

// stores are PostgreSQL and an S3 server, started for the first test that needs them.
var stores realStores

type realStores struct {
	once     sync.Once
	postgres *postgrestest.Server
	s3       *s3test.Server
	err      error
}

func (r *realStores) start(t *testing.T) {
	t.Helper()
	r.once.Do(func() {
		if r.postgres, r.err = postgrestest.StartForMain(); r.err == nil {
			r.s3, r.err = s3test.StartForMain()
		}
	})
	if r.err != nil {
		t.Fatal(r.err)
	}
	sojourntest.Secret("database password", postgrestest.Password)
	sojourntest.Secret("object store secret key", s3test.SecretKey)
}

func (r *realStores) stop() {
	if r.postgres != nil {
		r.postgres.Remove()
	}
	if r.s3 != nil {
		r.s3.Remove()
	}
}

// wires are the ways from a node to its stores.
type wires struct{ postgres, s3 *faultproxy.Proxy }

func (w wires) each(f func(*faultproxy.Proxy)) {
	f(w.postgres)
	f(w.s3)
}

// grown starts nodes on new stores, each with wires of its own.
func grown(t *testing.T, n int, options ...sojourntest.Option) (nodes []*sojourntest.Server, ways []wires) {
	t.Helper()
	stores.start(t)
	metadata, objects := stores.postgres.Database(t), stores.s3.Bucket(t)
	for i := range n {
		w := wires{faultproxy.Start(t, stores.postgres.Addr), faultproxy.Start(t, stores.s3.Addr)}
		form := sojourntest.Grown(strings.Replace(metadata, stores.postgres.Addr, w.postgres.Addr, 1),
			strings.Replace(objects, stores.s3.Addr, w.s3.Addr, 1), s3test.Getenv)
		ways = append(ways, w)
		if i == 0 {
			nodes = append(nodes, sojourntest.Start(t, append(options, form)...))
		} else {
			nodes = append(nodes, nodes[0].Beside(append(options, form)...))
		}
	}
	return nodes, ways
}

// forms runs a test on one server with all in its directory, asked as often as
// there would be nodes, and on so many nodes that share their stores.
func forms(t *testing.T, n int, f func(t *testing.T, nodes []*sojourntest.Server)) {
	t.Run("embedded", func(t *testing.T) {
		t.Parallel()
		s := sojourntest.Start(t)
		nodes := make([]*sojourntest.Server, n)
		for i := range nodes {
			nodes[i] = s
		}
		f(t, nodes)
	})
	t.Run("grown", func(t *testing.T) {
		t.Parallel()
		nodes, _ := grown(t, n)
		f(t, nodes)
	})
}

// on is the same caller at another node.
func (a *api) on(s *sojourntest.Server) *api { return &api{t: a.t, s: s, cred: a.cred} }

// ana makes a repository and a user's session of a role that may do
// anything with it, at the first node.
func ana(t *testing.T, s *sojourntest.Server) (admin, dev *api) {
	t.Helper()
	admin = &api{t: t, s: s, cred: s.Root("")}
	admin.json("CreateRepository", `{"repositoryName":"MyDemoRepo"}`)
	admin.role("CodeCommitAccess", trustAccount(sojourntest.Account), allow("codecommit:*"))
	user := admin.asUser("ana")
	dev = &api{t: t, s: s, cred: credentials(user.query("sts", "Action", "AssumeRole", "RoleSessionName", "laptop",
		"RoleArn", "arn:aws:iam::"+sojourntest.Account+":role/CodeCommitAccess"))}
	return admin, dev
}

const demo = "codecommit://MyDemoRepo"

// randomText is n bytes that do not compress.
func randomText(n int) string {
	b := make([]byte, n/2)
	rand.Read(b)
	return hex.EncodeToString(b)
}
