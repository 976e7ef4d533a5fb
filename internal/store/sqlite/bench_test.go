package sqlite_test

import (
	"context"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"testing"

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
			var n atomic.Int64
			b.SetParallelism(max(1, writers/2)) // of 2 processors
			if writers == 1 {
				for b.Loop() {
					insertPush(b, s, n.Add(1))
				}
			} else {
				b.RunParallel(func(pb *testing.PB) {
					for pb.Next() {
						insertPush(b, s, n.Add(1))
					}
				})
			}
			b.ReportMetric(float64(n.Load())/b.Elapsed().Seconds(), "tx/s")
		})
	}
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
