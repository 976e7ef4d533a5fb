package gate

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"sojourn/internal/audit"
	"sojourn/internal/principal"
	"sojourn/internal/store"
	"sojourn/internal/store/sqlite"
)

type discardLedger struct{}

func (discardLedger) Record(audit.Record) error { return nil }

// policyOf is a policy of ten statements with five conditions each, the last of
// which is about a repository.
func policyOf(n int) string {
	text := `{"Version":"2012-10-17","Statement":[`
	for i := range 10 {
		text += fmt.Sprintf(`{"Sid":"S%d","Effect":"Allow","Action":["codecommit:Get*","codecommit:GitPull"],"Resource":"arn:aws:codecommit:us-east-1:%s:r-%d-%d*",
			"Condition":{"StringEquals":{"aws:PrincipalAccount":"%s"},"IpAddress":{"aws:SourceIp":"192.0.2.0/24"},"Bool":{"aws:SecureTransport":"true"},
			"DateGreaterThan":{"aws:CurrentTime":"2020-01-01T00:00:00Z"},"StringLikeIfExists":{"codecommit:References":"refs/heads/*"}}},`, i, account, n, i, account)
	}
	return text[:len(text)-1] + `]}`
}

// filled is a gate over a store with a role of ten policies, five of them
// managed, and as many other roles and repositories as asked for. The store is
// opened anew, so that all of it stands in the database and none in its log.
func filled(tb testing.TB, roles, repositories int) (*Gate, store.Store) {
	path := filepath.Join(tb.TempDir(), "db")
	fill(tb, open(tb, path), roles, repositories)
	st := open(tb, path)
	tb.Cleanup(func() { st.Close() })
	return New(st, discardLedger{}), st
}

func open(tb testing.TB, path string) store.Store {
	st, err := sqlite.Open(context.Background(), path)
	if err != nil {
		tb.Fatal(err)
	}
	return st
}

func fill(tb testing.TB, st store.Store, roles, repositories int) {
	update := func(f func(store.Tx) error) {
		if err := st.Update(context.Background(), f); err != nil {
			tb.Fatal(err)
		}
	}
	update(func(tx store.Tx) error {
		errs := []error{tx.InsertAccount(store.Account{ID: account, Name: "a", Created: time.Now()}), insertRole(tx, "AROAREADER", "Reader")}
		for i := range 5 {
			p := store.Policy{Account: account, Name: fmt.Sprint("P", i), Path: "/", ID: fmt.Sprint("ANPA", i), DefaultVersion: "v1", LastVersion: 1}
			errs = append(errs, tx.PutInlinePolicy("AROAREADER", fmt.Sprint("p", i), policyOf(i)), tx.InsertPolicy(p),
				tx.PutPolicyVersion(store.PolicyVersion{PolicyID: p.ID, Version: "v1", Document: policyOf(5 + i)}),
				tx.Attach("AROAREADER", "arn:aws:iam::"+account+":policy/"+p.Name))
		}
		return errors.Join(errs...)
	})
	const batch = 5000
	for from := 0; from < max(roles, repositories); from += batch {
		update(func(tx store.Tx) error {
			for i := from; i < from+batch; i++ {
				var err error
				if i < roles {
					id := fmt.Sprintf("AROA%017d", i)
					err = errors.Join(insertRole(tx, id, fmt.Sprint("Role", i)), tx.PutInlinePolicy(id, "p", policyOf(i%100)))
				}
				if i < repositories {
					err = errors.Join(err, tx.InsertRepository(store.Repository{ID: fmt.Sprint("id-", i), Account: account, Region: "us-east-1", Name: repositoryName(i)}))
				}
				if err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := st.Close(); err != nil {
		tb.Fatal(err)
	}
}

func insertRole(tx store.Tx, id, name string) error {
	return tx.InsertRole(store.Role{Account: account, Name: name, Path: "/", ID: id, Created: time.Now(), MaxSession: time.Hour})
}

// repositoryName spreads over all policies and statements, in every hundred.
func repositoryName(i int) string { return fmt.Sprintf("r-%d-%d-%d", i/10%10, i%10, i) }

// decideOn looks a repository up and asks for it, as each operation does.
func decideOn(tb testing.TB, g *Gate, st store.Store, c *principal.Caller, name string) {
	var r store.Repository
	err := st.View(context.Background(), func(tx store.Tx) (err error) {
		r, err = tx.Repository(account, "us-east-1", name)
		return err
	})
	if err == nil {
		err = g.Authorize(context.Background(), c, Request{Action: "codecommit:GitPull", Resource: "arn:aws:codecommit:us-east-1:" + account + ":" + name, ResourceTags: r.Tags})
	}
	if err != nil {
		tb.Fatal(err)
	}
}

func BenchmarkAuthorize(b *testing.B) {
	g, st := filled(b, 0, 100)
	c := reader()
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		decideOn(b, g, st, c, repositoryName(i%100))
	}
}

// BenchmarkFullStore tells how much longer a decision takes when the store holds
// 10,000 roles and 100,000 repositories: the median of the ratios of rounds that
// take turns with an almost empty store. What is attached to the caller has been
// read before, as between changes; or is read anew, as behind each change; or the
// repository is looked up as well, as by each operation.
func BenchmarkFullStore(b *testing.B) {
	g, st := filled(b, 0, 100)
	fullG, fullST := filled(b, 10_000, 100_000)
	c := reader()
	decide := func(g *Gate, _ store.Store, name string) {
		if err := g.Authorize(b.Context(), c, Request{Action: "codecommit:GitPull", Resource: "arn:aws:codecommit:us-east-1:" + account + ":" + name}); err != nil {
			b.Fatal(err)
		}
	}
	for _, kind := range []struct {
		name string
		do   func(g *Gate, st store.Store, name string)
	}{
		{"decision", decide},
		{"behind a change", func(g *Gate, st store.Store, name string) {
			decide(&Gate{store: g.store, audit: g.audit, compiled: g.compiled}, st, name)
		}},
		{"with look-up", func(g *Gate, st store.Store, name string) { decideOn(b, g, st, c, name) }},
	} {
		b.Run(kind.name, func(b *testing.B) { takeTurns(b, kind.do, g, st, fullG, fullST) })
	}
}

func takeTurns(b *testing.B, do func(*Gate, store.Store, string), g *Gate, st store.Store, fullG *Gate, fullST store.Store) {
	const calls = 10 // short rounds, so that what else the machine does meets few of them
	round := func(n int, g *Gate, st store.Store) float64 {
		began := time.Now()
		for i := range calls {
			do(g, st, repositoryName((n*calls+i)%100))
		}
		return float64(time.Since(began))
	}
	for i := range 10 {
		round(i, g, st)
		round(i, fullG, fullST)
	}
	var ratios []float64
	for i := 0; b.Loop(); i++ {
		var few, many float64
		if i%2 == 0 {
			few, many = round(i, g, st), round(i, fullG, fullST)
		} else {
			many, few = round(i, fullG, fullST), round(i, g, st)
		}
		ratios = append(ratios, many/few)
	}
	slices.Sort(ratios)
	b.ReportMetric(ratios[len(ratios)/2], "full/empty")
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(len(ratios)*2*calls), "µs/decision")
}
