package sqlite_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sojourn/internal/store"
	"sojourn/internal/store/sqlite"
)

func openBench(b *testing.B) *sqlite.Store {
	b.Helper()
	s, err := sqlite.Open(b.Context(), filepath.Join(b.TempDir(), "sojourn.db"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { s.Close() })
	return s
}

// BenchmarkUpdate is one durable write of about 300 bytes.
func BenchmarkUpdate(b *testing.B) {
	for _, writers := range []int{1, 8, 64} {
		b.Run(fmt.Sprintf("writers=%d", writers), func(b *testing.B) {
			s := openBench(b)
			times := make([]time.Duration, b.N)
			var next atomic.Int64
			var wg sync.WaitGroup
			b.ResetTimer()
			for range writers {
				wg.Go(func() {
					for n := next.Add(1); n <= int64(b.N); n = next.Add(1) {
						start := time.Now()
						insertPush(b, s, n)
						times[n-1] = time.Since(start)
					}
				})
			}
			wg.Wait()
			b.StopTimer()
			slices.Sort(times)
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "tx/s")
			b.ReportMetric(float64(times[len(times)*99/100].Microseconds())/1000, "p99-ms")
		})
	}
}

// BenchmarkFlush is the disk's share of a durable write: nothing that waits for
// the disk each time is faster.
func BenchmarkFlush(b *testing.B) {
	f, err := os.Create(filepath.Join(b.TempDir(), "log"))
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	record := make([]byte, 400)
	for b.Loop() {
		if _, err := f.Write(record); err != nil {
			b.Fatal(err)
		}
		if err := f.Sync(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "tx/s")
}

func insertPush(b *testing.B, s store.Store, n int64) {
	p := store.Push{ID: fmt.Sprintf("push-%012d", n), Repo: "r-0000000000000000", Version: n,
		Actor: "arn:aws:sts::111122223333:assumed-role/CodeAccess/alice@example.com", Result: `[{"ref":"refs/heads/main","ok":true,"old":"0123456789012345678901234567890123456789","new":"0123456789012345678901234567890123456789"}]`}
	if err := s.Update(context.Background(), func(tx store.Tx) error { return tx.InsertPush(p) }); err != nil {
		b.Error(err)
	}
}

func BenchmarkView(b *testing.B) {
	s := openBench(b)
	r := store.Repository{ID: "r-1", Account: "111122223333", Region: "us-east-1", Name: "MyDemoRepo", Head: "refs/heads/main"}
	if err := s.Update(b.Context(), func(tx store.Tx) error { return tx.InsertRepository(r) }); err != nil {
		b.Fatal(err)
	}
	read := func() {
		err := s.View(context.Background(), func(tx store.Tx) error {
			_, err := tx.Repository("111122223333", "us-east-1", "MyDemoRepo")
			return err
		})
		if err != nil {
			b.Error(err)
		}
	}
	b.Run("readers=1", func(b *testing.B) {
		for b.Loop() {
			read()
		}
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "reads/s")
	})
	b.Run("readers=8", func(b *testing.B) {
		b.SetParallelism(4)
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				read()
			}
		})
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "reads/s")
	})
}

// BenchmarkRead is what a request reads of its repository.
func BenchmarkRead(b *testing.B) {
	s := openBench(b)
	r := store.Repository{ID: "r-1", Account: "111122223333", Region: "us-east-1", Name: "MyDemoRepo", Head: "refs/heads/main"}
	if err := s.Update(b.Context(), func(tx store.Tx) error { return tx.InsertRepository(r) }); err != nil {
		b.Fatal(err)
	}
	var memo store.Memo[string, store.Repository]
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := memo.ReadNow(context.Background(), s, "MyDemoRepo", func(tx store.Tx) (store.Repository, error) {
				return tx.Repository("111122223333", "us-east-1", "MyDemoRepo")
			}); err != nil {
				b.Error(err)
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "reads/s")
}

// BenchmarkRefs is what the largest push does: 4,000 refs.
func BenchmarkRefs(b *testing.B) {
	const n = 4000
	s := openBench(b)
	refs, names, log := make([]store.Ref, n), make([]string, n), make([]store.RefChange, n)
	for i := range n {
		names[i] = fmt.Sprintf("refs/heads/team/feature-%05d", i)
		refs[i] = store.Ref{Name: names[i], OID: "0123456789012345678901234567890123456789"}
		log[i] = store.RefChange{Seq: i, Ref: names[i], New: refs[i].OID, Push: "0123456789abcdef01234567"}
	}
	run := func(name string, f func(tx store.Tx, i int) error) {
		b.Run(name, func(b *testing.B) {
			i := 0
			for b.Loop() {
				i++
				if err := s.Update(b.Context(), func(tx store.Tx) error { return f(tx, i) }); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	if err := s.Update(b.Context(), func(tx store.Tx) error { return tx.InsertRepository(store.Repository{ID: "r"}) }); err != nil {
		b.Fatal(err)
	}
	version := int64(0)
	run("create", func(tx store.Tx, _ int) error { return errors.Join(tx.DeleteRefs("r", names), tx.PutRefs("r", refs)) })
	run("replace", func(tx store.Tx, i int) error { refs[i%n].Peeled = "x"; return tx.PutRefs("r", refs) })
	run("named", func(tx store.Tx, _ int) error { _, err := tx.RefsNamed("r", names); return err })
	run("all", func(tx store.Tx, _ int) error { _, err := tx.Refs("r", store.Page{}); return err })
	run("conflicts", func(tx store.Tx, _ int) error {
		for _, name := range names {
			if _, err := tx.ConflictingRefs("r", name); err != nil {
				return err
			}
		}
		return nil
	})
	run("log", func(tx store.Tx, _ int) error {
		version++
		for i := range log {
			log[i].Version = version
		}
		return tx.AppendRefLog("r", log)
	})
}
