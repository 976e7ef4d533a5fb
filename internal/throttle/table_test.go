package throttle

import "testing"

// neighbour is a key that has the same set of places as others, whatever n.
func neighbour(n int) key { return key(1 + n*shards*sets) }

// A set of places that is full: a record is of its own key and time, and a new
// one takes the place of what says nothing any more, or else of the lightest.
func TestFullSet(t *testing.T) {
	var all table
	const now, end = 1000, 2000
	for i := range ways {
		all.keep(neighbour(i), int64(end+i), now)
	}
	if all.has(neighbour(ways), now) {
		t.Error("a key that was never kept is known")
	}
	for i := range ways {
		if n := neighbour(i); !all.has(n, int64(end+i-1)) || all.has(n, int64(end+i)) {
			t.Errorf("record %d does not end in its time", i)
		}
	}
	known := func(at int64, want ...bool) {
		t.Helper()
		for i, w := range want {
			if got := all.has(neighbour(i), at); got != w {
				t.Errorf("at %d: record %d is known: %v", at, i, got)
			}
		}
	}
	all.keep(neighbour(ways), end+100, now)
	known(now, false, true, true, true, true, true, true, true, true)
	all.keep(neighbour(3), end+200, now) // one that is there keeps its place
	known(now, false, true, true, true, true, true, true, true, true)
	all.keep(neighbour(ways+1), end+1, end+1) // record 1 has ended, though 2 ends as soon
	all.keep(neighbour(ways+2), end+300, end+2)
	known(end+2, false, false, false, true, true, true, true, true, true, false, true)
	all.drop(neighbour(5))
	all.keep(neighbour(ways+3), end+50, end+3)
	known(end+3, false, false, false, true, true, false, true, true, true, false, true, true)
}
