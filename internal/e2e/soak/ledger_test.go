//go:build linux

package soak

import (
	"fmt"
	"slices"
	"sync"
)

// ledger has what the clients have done that the server must have noted for
// good, and what went wrong for them.
type ledger struct {
	mu              sync.Mutex
	acts            map[string]int // by kind of client
	pushes, changes int            // acknowledged; changes of refs that are in the log
	refs            int            // that there are
	problems        []string
}

// push notes an acknowledged push, or a change over the API: refs made, moved
// and deleted.
func (l *ledger) push(made, moved, deleted int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pushes++
	l.changes += made + moved + deleted
	l.refs += made - deleted
}

// passing notes pushes to a repository that was deleted with its refs and log.
func (l *ledger) passing(pushes int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pushes += pushes
}

func (l *ledger) act(kind string, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.acts == nil {
		l.acts = map[string]int{}
	}
	l.acts[kind]++
	if err != nil && len(l.problems) < 20 {
		l.problems = append(l.problems, kind+": "+err.Error())
	}
}

// check compares a sample at rest with the ledger: what may grow has grown by
// what was done, and nothing is left of what was under way.
func (l *ledger) check(s sample) (bad []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for name, want := range map[string]int{
		"rows of pushes": l.pushes, "rows of ref_log": l.changes, "rows of refs": l.refs, "rows of uploads": 0, "rows of outbox": 0,
		"object files of no row": 0, "packs without files": 0, "temporary files": 0, "child processes": 0, "git queue": 0,
	} {
		if got := s[name]; got != float64(want) {
			bad = append(bad, fmt.Sprintf("%s: %.0f, want %d", name, got, want))
		}
	}
	slices.Sort(bad)
	return bad
}
