package chaos

import (
	"cmp"
	"fmt"
	"hash/maphash"
	"slices"
	"sync"
	"time"

	"sojourn/internal/store"
)

// outcome is what a client knows of its push.
type outcome string

const (
	acked    outcome = "acknowledged"
	rejected outcome = "rejected"
	unknown  outcome = "unknown" // the answer was lost
)

// change is one ref's part of a push. Old or New is "" for creation and
// deletion; no two changes that are asked for are the same.
type change struct{ Ref, Old, New string }

// op is what a client did: a push, or a read of all refs.
type op struct {
	start, end time.Duration // since the beginning, on one clock
	changes    []change
	outcome    outcome
	read       map[string]string
	version    int64 // of the log that it was or saw; found by the checks
}

// history is what all clients saw.
type history struct {
	repo  repository
	begin time.Time
	seed  maphash.Seed

	mu       sync.Mutex
	ops      []*op
	kills    []time.Duration
	problems []string
}

func newHistory(r repository) *history {
	return &history{repo: r, begin: time.Now(), seed: maphash.MakeSeed()}
}

func (h *history) now() time.Duration { return time.Since(h.begin) }

func (h *history) add(o *op) {
	o.end = h.now()
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ops = append(h.ops, o)
}

func (h *history) killed(kill func()) {
	kill()
	h.mu.Lock()
	defer h.mu.Unlock()
	h.kills = append(h.kills, h.now())
}

func (h *history) problem(format string, args ...any) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.problems = append(h.problems, fmt.Sprintf(format, args...))
}

// killedIn reports whether a node was killed, perhaps, while o ran. Curl sends a
// request again when a node dies before an answer: then what was committed may
// be answered with a refusal, for another push has come in between.
func (h *history) killedIn(o *op) bool {
	const margin = 3 * time.Second // a node may have killed itself that much before we saw
	return slices.ContainsFunc(h.kills, func(at time.Duration) bool { return o.start <= at && at <= o.end+margin })
}

// check compares what clients saw with the log of refs and the refs at the end.
func (h *history) check(log []store.RefChange, refs []store.Ref) {
	states := h.replay(log, refs)
	at := h.writes(log)
	h.linearizable(states, h.invocations(log, at))
}

// replay follows the log: each change begins where the one before ended, and the
// last state is what the refs are. It returns the state behind each version.
func (h *history) replay(log []store.RefChange, refs []store.Ref) *states {
	s := newStates(h.seed)
	for i, c := range log {
		if i > 0 && c.Version < log[i-1].Version {
			h.problem("the log goes back from version %d to %d", log[i-1].Version, c.Version)
		}
		if was := s.now[c.Ref]; was != c.Old {
			h.problem("version %d: %s goes from %q to %q, and was %q", c.Version, c.Ref, c.Old, c.New, was)
		}
		s.set(c.Ref, c.New)
		if i+1 == len(log) || log[i+1].Version != c.Version {
			if s.now[pairA] != s.now[pairB] {
				h.problem("version %d has half of an atomic push: %q and %q", c.Version, s.now[pairA], s.now[pairB])
			}
			s.mark(c.Version)
		}
	}
	for _, r := range refs {
		if s.now[r.Name] != r.OID {
			h.problem("%s is %q, and by the log %q", r.Name, r.OID, s.now[r.Name])
		}
	}
	if len(refs) != len(s.now) {
		h.problem("there are %d refs, and by the log %d", len(refs), len(s.now))
	}
	return s
}

// writes finds each push in the log: acknowledged ones once, with all that they
// changed at one version; rejected ones not at all.
func (h *history) writes(log []store.RefChange) map[change][]int64 {
	at := map[change][]int64{}
	for _, c := range log {
		k := change{c.Ref, c.Old, c.New}
		at[k] = append(at[k], c.Version)
	}
	for _, o := range h.ops {
		for i, c := range o.changes {
			versions := at[c]
			switch {
			case len(versions) > 1:
				h.problem("%v is in the log %d times", c, len(versions))
			case o.outcome == acked && len(versions) == 0:
				h.problem("lost: %v was acknowledged and is not in the log", c)
			case o.outcome == rejected && len(versions) > 0 && !h.killedIn(o):
				h.problem("%v was rejected and is in the log", c)
			}
			if len(versions) == 0 {
				continue
			}
			if i > 0 && o.version != versions[0] {
				h.problem("%v are not in one version", o.changes)
			}
			o.version = versions[0]
		}
	}
	return at
}

// invocations gives for each version the latest moment at which a push of it or
// of one before was begun: it cannot have been seen earlier.
func (h *history) invocations(log []store.RefChange, at map[change][]int64) map[int64]time.Duration {
	begun := map[int64]time.Duration{}
	for _, o := range h.ops {
		if o.version > 0 && o.read == nil {
			begun[o.version] = o.start
		}
	}
	latest := time.Duration(0)
	for _, c := range log {
		latest = max(latest, begun[c.Version])
		begun[c.Version] = latest
	}
	return begun
}

// linearizable gives each read the earliest version that it can have seen, and
// tells where there is none: what ended before it began must be in it, and
// nothing that had not begun when it ended. The versions are one order that all
// writes agree on, so that taking the earliest is enough.
func (h *history) linearizable(s *states, begun map[int64]time.Duration) {
	byStart := slices.SortedFunc(slices.Values(h.ops), func(a, b *op) int { return cmp.Compare(a.start, b.start) })
	byEnd := slices.SortedFunc(slices.Values(h.ops), func(a, b *op) int { return cmp.Compare(a.end, b.end) })
	known := int64(0) // what had ended by the time in question shows this version
	for _, o := range byStart {
		for len(byEnd) > 0 && byEnd[0].end < o.start {
			if e := byEnd[0]; e.read != nil || e.outcome == acked {
				known = max(known, e.version)
			}
			byEnd = byEnd[1:]
		}
		if o.read == nil {
			if o.version != 0 && o.version <= known {
				h.problem("%v is version %d, which was seen before it was asked for", o.changes, o.version)
			}
			continue
		}
		versions := s.seen(o.read)
		i, _ := slices.BinarySearch(versions, known)
		switch {
		case len(versions) == 0:
			h.problem("a read at %v saw what never was: %v", o.start, o.read)
		case i == len(versions):
			h.problem("stale: a read at %v saw version %d, when version %d was known", o.start, versions[i-1], known)
		case begun[versions[i]] > o.end:
			h.problem("a read at %v saw version %d, which was not asked for yet", o.start, versions[i])
		default:
			o.version = versions[i]
		}
	}
}

// states knows which versions show a set of refs.
type states struct {
	seed     maphash.Seed
	now      map[string]string
	sum      uint64
	versions map[uint64][]int64
}

func newStates(seed maphash.Seed) *states {
	s := &states{seed: seed, now: map[string]string{}, versions: map[uint64][]int64{}}
	s.mark(1) // nothing
	return s
}

func (s *states) hash(ref, oid string) uint64 { return maphash.String(s.seed, ref+" "+oid) }

func (s *states) set(ref, oid string) {
	if old := s.now[ref]; old != "" {
		s.sum ^= s.hash(ref, old)
	}
	delete(s.now, ref)
	if oid != "" {
		s.sum ^= s.hash(ref, oid)
		s.now[ref] = oid
	}
}

func (s *states) mark(version int64) { s.versions[s.sum] = append(s.versions[s.sum], version) }

func (s *states) seen(refs map[string]string) []int64 {
	sum := uint64(0)
	for ref, oid := range refs {
		sum ^= s.hash(ref, oid)
	}
	return s.versions[sum]
}
