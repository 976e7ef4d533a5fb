package sqlstore

import (
	"errors"
	"fmt"
	"slices"
	"testing"
)

func TestBatches(t *testing.T) {
	for n := range 200 {
		list := make([]int, n)
		for i := range list {
			list[i] = i
		}
		var got []int
		err := batches(list, func(part []int) error {
			if !slices.Contains(batchSizes[:], len(part)) {
				t.Errorf("a batch of %d", len(part))
			}
			got = append(got, part...)
			return nil
		})
		if err != nil || !slices.Equal(got, list) {
			t.Fatalf("of %d: %v, %v", n, got, err)
		}
	}
	stop, calls := errors.New("stop"), 0
	err := batches(make([]int, 100), func([]int) error { calls++; return stop })
	if !errors.Is(err, stop) || calls != 1 {
		t.Errorf("after an error: %v, %d calls", err, calls)
	}
}

// A set is in full sizes, holds each name and nothing else, and few statements.
func TestSets(t *testing.T) {
	for n := range 200 {
		var list, got []string
		for i := range n {
			list = append(list, fmt.Sprintf("%03d", i))
		}
		calls := 0
		err := sets(list, func(part []string) error {
			calls++
			if !slices.Contains(batchSizes[:], len(part)) {
				t.Errorf("a set of %d", len(part))
			}
			got = append(got, part...)
			return nil
		})
		slices.Sort(got)
		if got = slices.Compact(got); err != nil || !slices.Equal(got, list) {
			t.Fatalf("of %d: %q, %v", n, got, err)
		}
		if calls > n/64+1 {
			t.Errorf("of %d: %d statements", n, calls)
		}
	}
}
