//go:build linux

package soak

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// rules say what may differ between rests. What has no rule may grow, and is
// either in the ledger or printed.
var rules = []rule{
	{name: "anonymous MiB", more: 20, share: 0.15}, // with up to 20 of SQLite's pages,
	{name: "heap MiB", more: 12, share: 0.15},      // the least of a round
	{name: "descriptors", more: 6},
	{name: "database descriptors", more: 18}, // 8 readers' at the most
	{name: "kept answers", more: 20, saw: true},
	{name: "threads", more: 12}, // the runtime ends none; there are as many as have once waited at a time
	{name: "goroutines", more: 6},
	{name: "child processes"},
	{name: "temporary files"},
	{name: "cache files", more: 60, share: 0.1, saw: true},
	{name: "cache MiB", more: 40, share: 0.25, saw: true},
	{name: "other files", more: 2},
	{name: "views", more: 8, saw: true},
	{name: "generations", more: 8, saw: true},
	{name: "rows of packs", more: 100},
	{name: "rows of used_assertions", more: 100, share: 0.5},
	{name: "rows of revocations"},
	{name: "rows of maint_leases", more: 10},
	{name: "rows of other tables"},
	{name: "write-ahead log MiB", more: 6},
}

// rounds of load, and how long each is.
func rounds(whole time.Duration) (n int, each time.Duration) {
	n = min(max(int(whole/(90*time.Second)), 5), 20)
	return n, whole / time.Duration(n)
}

// soak has clients work in rounds and samples the server behind each. What the
// ledger misses at any rest, and what went wrong for clients, is in bad.
func (w *world) soak(clients []*client, whole time.Duration) (rests []sample, each time.Duration, bad []string) {
	n, each := rounds(whole)
	for i := range n {
		ctx, cancel := context.WithTimeout(w.t.Context(), each)
		seen := make(chan [2]sample, 1)
		go func() {
			least, most := w.busy(ctx)
			seen <- [2]sample{least, most}
		}()
		work(ctx, clients)
		cancel()
		busy := <-seen
		s, missing, err := w.settle()
		if err != nil {
			return rests, each, append(bad, err.Error())
		}
		if least, ok := busy[0]["heap MiB"]; ok {
			s["heap MiB"] = min(s["heap MiB"], least)
		}
		for name, value := range busy[1] {
			s["most "+name] = value
		}
		for _, text := range missing {
			bad = append(bad, fmt.Sprintf("round %d: %s", i+1, text))
		}
		rests = append(rests, s)
		if err := save(rests); err != nil {
			return rests, each, append(bad, err.Error())
		}
	}
	return rests, each, append(bad, w.ledger.problems...)
}

// settle samples the server at rest. Upkeep may begin between two readings, so
// what is amiss must be so three times.
func (w *world) settle() (s sample, missing []string, err error) {
	for range 3 {
		if s, err = w.rest(w.t.Context()); err != nil {
			return nil, nil, err
		}
		if missing = w.ledger.check(s); len(missing) == 0 {
			break
		}
	}
	return s, missing, nil
}

// save writes all samples to -soak.out, so that a run can be followed.
func save(rests []sample) error {
	if *flagOut == "" {
		return nil
	}
	var names []string
	for name := range rests[len(rests)-1] {
		names = append(names, name)
	}
	slices.Sort(names)
	var b strings.Builder
	for _, name := range names {
		b.WriteString(name)
		for _, s := range rests {
			fmt.Fprintf(&b, "\t%.1f", s[name])
		}
		b.WriteString("\n")
	}
	return os.WriteFile(*flagOut, []byte(b.String()), 0o644)
}

// Nothing grows under 50 mixed clients but what they have asked to be kept, and
// of that exactly so much.
func TestSoak(t *testing.T) {
	t.Parallel()
	w := start(t, "")
	w.prepare()
	clients, err := w.clients(true)
	if err != nil {
		t.Fatal(err)
	}
	if len(clients) != 50 {
		t.Fatalf("%d clients", len(clients))
	}
	rests, each, bad := w.soak(clients, *flagTime)
	for _, text := range append(bad, verdict(t, rules, rests, each)...) {
		t.Error(text)
	}
	t.Logf("acts: %v; %d pushes with %d changes of refs", w.ledger.acts, w.ledger.pushes, w.ledger.changes)
	if len(rests) > 0 {
		t.Logf("at the end, of what may grow or has no rule: %s", unruled(rests[len(rests)-1]))
	}
}

func unruled(s sample) string {
	var list []string
	for name, value := range s {
		if !slices.ContainsFunc(rules, func(r rule) bool { return r.name == name }) {
			list = append(list, fmt.Sprintf("%s %.0f", name, value))
		}
	}
	slices.Sort(list)
	return strings.Join(list, ", ")
}

// Each planted leak is noticed and named, and a server without one passes.
func TestLeaksAreNoticed(t *testing.T) {
	t.Parallel()
	for _, what := range []string{planted, "nothing"} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			w := start(t, what)
			w.prepare()
			clients, err := w.clients(false)
			if err != nil {
				t.Fatal(err)
			}
			rests, each, bad := w.soak(clients, 4*time.Second)
			bad = append(bad, verdict(t, rules, rests, each)...)
			for _, l := range leaks {
				found := slices.ContainsFunc(bad, func(text string) bool { return strings.Contains(text, l.name) })
				if found != (what == planted) {
					t.Errorf("%s: noticed is %v; found is %q", l.name, found, bad)
				}
			}
			if what != planted && len(bad) > 0 {
				t.Errorf("found is %q", bad)
			}
		})
	}
}
