package throttle

import (
	"errors"
	"fmt"
	"net/netip"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sojourn/internal/awserr"
)

const (
	directory = "arn:aws:ds:us-east-1:111122223333:directory/d-1234567890"
	maria     = "0f8fad5b-d9cb-469f-a165-70867728950e"
)

var elsewhere = netip.MustParseAddr("198.51.100.1")

// world is a Throttle with a clock to turn.
type world struct {
	*Throttle
	t        *testing.T
	time     time.Time
	refusals []Refusal
}

func newWorld(t *testing.T, limits Limits) *world {
	w := &world{t: t, time: time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)}
	w.Throttle = New(Options{Now: func() time.Time { return w.time }, Limits: limits, Report: func(r Refusal) { w.refusals = append(w.refusals, r) }})
	return w
}

// wait is what a refusal says, 0 for none.
func wait(t *testing.T, err error) time.Duration {
	t.Helper()
	if err == nil {
		return 0
	}
	e, ok := errors.AsType[*awserr.Error](err)
	if !ok || e.Code != awserr.Throttling || e.Status != 400 || e.Wait <= 0 {
		t.Fatalf("refused with %v", err)
	}
	return e.Wait
}

// wrong tries a wrong password and returns how long it had to wait instead.
func (w *world) wrong(from netip.Addr, identity string) time.Duration {
	w.t.Helper()
	k, err := w.Guess(from, directory, identity)
	k.Failed()
	return wait(w.t, err)
}

// wrongAlso tries a wrong password for a name that turns out to be an identity's.
func (w *world) wrongAlso(from netip.Addr, name, identity string) time.Duration {
	w.t.Helper()
	k, err := w.Guess(from, directory, name)
	if err == nil {
		err = k.Also(identity)
	}
	k.Failed()
	return wait(w.t, err)
}

// open begins guesses of which nothing is told yet: as many of n as may.
func (w *world) open(n int, identity string) (under []*Ticket) {
	for range n {
		if k, err := w.Guess(home, directory, identity); err == nil {
			under = append(under, &k)
		}
	}
	return under
}

// right tries the right one.
func (w *world) right(from netip.Addr, identity string) time.Duration {
	w.t.Helper()
	k, err := w.Guess(from, directory, identity)
	k.Succeeded()
	return wait(w.t, err)
}

// guesses is how many wrong passwords are looked at of n.
func (w *world) guesses(n int, f func(i int) time.Duration) (looked int) {
	for i := range n {
		if f(i) == 0 {
			looked++
		}
	}
	return looked
}

func addr(format string, args ...any) netip.Addr {
	return netip.MustParseAddr(fmt.Sprintf(format, args...))
}

// attacks is the corpus: each entry fails without the check that it names.
var attacks = []struct {
	name, check string
	run         func(t *testing.T, w *world)
}{
	{"guessing on and on", "a delay that doubles", func(t *testing.T, w *world) {
		looked := 0
		for range 24 * 60 * 60 {
			if w.wrong(home, maria) == 0 {
				looked++
			}
			w.time = w.time.Add(time.Second)
		}
		if looked > 112 {
			t.Errorf("%d guesses in a day, want at most 112", looked)
		}
	}},
	{"guessing behind an hour's rest", "failures with a delay are remembered for a day", func(t *testing.T, w *world) {
		for range 14 {
			w.wrong(home, maria)
			w.time = w.time.Add(15 * time.Minute)
		}
		w.time = w.time.Add(2 * time.Hour)
		if got := w.guesses(10, func(int) time.Duration { return w.wrong(home, maria) }); got != 1 {
			t.Errorf("%d guesses, want 1", got)
		}
	}},
	{"rotation through the addresses of an IPv6 network", "networks are /64", func(t *testing.T, w *world) {
		if got := w.guesses(1000, func(i int) time.Duration { return w.wrong(addr("2001:db8:0:1::%x", i+1), maria) }); got != 6 {
			t.Errorf("%d guesses, want 6", got)
		}
	}},
	{"rotation through the networks of an IPv6 site", "sites are /48", func(t *testing.T, w *world) {
		if got := w.guesses(10000, func(i int) time.Duration { return w.wrong(addr("2001:db8:0:%x::1", i), maria) }); got != 21 {
			t.Errorf("%d guesses, want 21", got)
		}
	}},
	{"one password for all identities", "a network's budget", func(t *testing.T, w *world) {
		if got := w.guesses(5000, func(i int) time.Duration { return w.wrong(home, fmt.Sprint("user", i)) }); got != 100 {
			t.Errorf("%d guesses, want 100", got)
		}
	}},
	{"one password for all identities, from an IPv6 site", "a site's budget", func(t *testing.T, w *world) {
		if got := w.guesses(5000, func(i int) time.Duration { return w.wrong(addr("2001:db8:0:%x::1", i), fmt.Sprint("user", i)) }); got != 400 {
			t.Errorf("%d guesses, want 400", got)
		}
	}},
	{"an IPv4 address written as IPv6", "addresses are unmapped", func(t *testing.T, w *world) {
		mapped := netip.AddrFrom16(home.As16())
		if got := w.guesses(20, func(i int) time.Duration { return w.wrong([]netip.Addr{home, mapped}[i%2], maria) }); got != 6 {
			t.Errorf("%d guesses, want 6", got)
		}
	}},
	{"spellings of one identity", "case and outer spaces do not count", func(t *testing.T, w *world) {
		spellings := []string{"maria", "Maria", "MARIA", " maria", "maria ", "\tmaria\n", "mARIA", "ÀMARIA"[2:], "Ärger", "ärger", "ÄRGER"}
		if got := w.guesses(8*20, func(i int) time.Duration { return w.wrong(home, spellings[i%8]) }); got != 6 {
			t.Errorf("%d guesses, want 6", got)
		}
		w.right(home, "maria")
		if got := w.guesses(30, func(i int) time.Duration { return w.wrong(elsewhere, spellings[8+i%3]) }); got != 6 {
			t.Errorf("%d guesses in other letters, want 6", got)
		}
	}},
	{"other names of one identity", "a try is its owner's too", func(t *testing.T, w *world) {
		if got := w.guesses(90, func(i int) time.Duration { return w.wrongAlso(home, fmt.Sprint("name", i), maria) }); got != 6 {
			t.Errorf("%d guesses, want 6", got)
		}
		if got := w.right(elsewhere, maria); got != 0 {
			t.Errorf("the owner has to wait %v elsewhere", got)
		}
	}},
	{"a name whose owner has to wait", "it fails like any other", func(t *testing.T, w *world) {
		w.guesses(6, func(int) time.Duration { return w.wrong(home, maria) })
		got := w.guesses(20, func(int) time.Duration {
			k, err := w.Guess(home, directory, "name")
			if err == nil && wait(t, k.Also(maria)) == 0 {
				t.Error("the owner's secret may be tried")
			}
			k.Failed()
			return wait(t, err)
		})
		if got != 6 {
			t.Errorf("%d guesses, want 6", got)
		}
	}},
	{"a budget used up twice as fast", "a try costs its network once, whoever it is of", func(t *testing.T, w *world) {
		if got := w.guesses(5000, func(i int) time.Duration { return w.wrongAlso(home, fmt.Sprint("name", i), fmt.Sprint("user", i)) }); got != 100 {
			t.Errorf("%d guesses, want 100", got)
		}
	}},
	{"tries of an owner that nobody ends", "they end with the ticket, and with another owner", func(t *testing.T, w *world) {
		w.wrong(home, maria)
		for range 100 {
			k, _ := w.Guess(home, directory, "name")
			for _, owner := range []string{maria, maria, "jo"} {
				if wait(t, k.Also(owner)) != 0 {
					t.Fatalf("%s has to wait", owner)
				}
			}
			k.Released()
		}
		if got := w.right(home, maria); got != 0 {
			t.Errorf("maria has to wait %v", got)
		}
		if got := w.guesses(90, func(int) time.Duration { return w.wrongAlso(home, "jim", "Jim") }); got != 6 {
			t.Errorf("%d guesses of one name, want 6", got)
		}
	}},
	{"many networks against one identity", "an identity's budget takes the free failures", func(t *testing.T, w *world) {
		looked := 0
		for i := range 200 {
			from := addr("203.0.%d.%d", i/100, i%100)
			looked += w.guesses(5, func(int) time.Duration { return w.wrong(from, maria) })
		}
		if looked != 20*5+180 {
			t.Errorf("%d guesses, want %d", looked, 20*5+180)
		}
	}},
	{"many networks against one provider", "a provider's budget takes the free failures", func(t *testing.T, w *world) {
		looked := 0
		for i := range 1000 {
			from := addr("203.%d.%d.7", i/250, i%250)
			looked += w.guesses(5, func(int) time.Duration { return w.wrong(from, fmt.Sprint("user", i)) })
		}
		if looked != 200*5+800 {
			t.Errorf("%d guesses, want %d", looked, 200*5+800)
		}
	}},
	{"a burst in parallel", "guesses under way are counted", func(t *testing.T, w *world) {
		w.wrong(home, maria)
		var looked atomic.Int32
		var begun, done sync.WaitGroup
		begun.Add(50)
		for range 50 {
			done.Go(func() {
				k, err := w.Guess(home, directory, maria)
				begun.Done()
				begun.Wait() // all have asked before the first is told
				if err == nil {
					looked.Add(1)
				}
				k.Failed()
			})
		}
		done.Wait()
		if looked.Load() != 4 {
			t.Errorf("%d guesses, want 4", looked.Load())
		}
	}},
	{"a burst in parallel, before any failure", "guesses under way are bounded, and each counts", func(t *testing.T, w *world) {
		var tickets []Ticket
		for range 500 {
			if k, err := w.Guess(home, directory, maria); err == nil {
				tickets = append(tickets, k)
			}
		}
		for _, k := range tickets {
			k.Failed()
		}
		if got := w.right(home, maria); len(tickets) != atOnce || got != 15*time.Minute {
			t.Errorf("%d guesses, then a wait of %v", len(tickets), got)
		}
	}},
	{"a burst in parallel, behind a delay", "one guess at a time once delays have begun", func(t *testing.T, w *world) {
		w.guesses(6, func(int) time.Duration { return w.wrong(home, maria) })
		w.time = w.time.Add(2 * time.Second)
		if got := w.open(50, maria); len(got) != 1 {
			t.Errorf("%d guesses, want 1", len(got))
		}
	}},
	{"a burst of which some are told early", "each end is that of one guess", func(t *testing.T, w *world) {
		w.wrong(home, maria)
		under := w.open(50, maria)
		if len(under) != 4 {
			t.Fatalf("%d guesses under way, want 4", len(under))
		}
		under[0].Released()
		if got := w.open(50, maria); len(got) != 1 {
			t.Errorf("%d guesses behind one that was given up, want 1", len(got))
		}
		under[1].Failed()
		if got := w.open(50, maria); len(got) != 0 {
			t.Errorf("%d guesses behind one that failed, want 0", len(got))
		}
	}},
	{"guesses that are never told", "they count for a minute, and no longer", func(t *testing.T, w *world) {
		w.time = w.time.Add(time.Hour)
		w.wrong(home, maria)
		w.open(4, maria)
		for _, at := range []time.Duration{time.Second, 59 * time.Second} {
			w.time = w.time.Add(at)
			if got := w.open(50, maria); len(got) != 0 {
				t.Errorf("%d guesses more, %v later", len(got), at)
			}
		}
		w.time = w.time.Add(time.Second)
		if got := w.open(50, maria); len(got) != 4 {
			t.Errorf("%d guesses behind a minute, want 4", len(got))
		}
	}},
	{"a name with the last letter", "case does not count, of Z neither", func(t *testing.T, w *world) {
		if got := w.guesses(40, func(i int) time.Duration { return w.wrong(home, []string{"zoe", "ZOE", "Zoe", "zoE"}[i%4]) }); got != 6 {
			t.Errorf("%d guesses, want 6", got)
		}
	}},
	{"rotation through the upper bits of an IPv6 interface", "networks are /64 and no smaller", func(t *testing.T, w *world) {
		if got := w.guesses(1000, func(i int) time.Duration { return w.wrong(addr("2001:db8:0:1:%x00::1", i%256), maria) }); got != 6 {
			t.Errorf("%d guesses, want 6", got)
		}
	}},
	{"others locked out by another site", "sites have budgets of their own", func(t *testing.T, w *world) {
		w.guesses(5000, func(i int) time.Duration { return w.wrong(addr("2001:db8:0:%x::1", i), fmt.Sprint("user", i)) })
		if got := w.right(addr("2001:db8:1::1"), "jo"); got != 0 {
			t.Errorf("another site has to wait %v", got)
		}
		if got := w.right(addr("2001:db8:0:ffff::1"), "jo"); got == 0 {
			t.Error("the site need not wait")
		}
	}},
	{"others locked out by a full memory", "a record is of one key", func(t *testing.T, w *world) {
		for i := range 30_000 {
			from := addr("203.%d.%d.%d", i>>16, i>>8&255, i&255)
			w.guesses(7, func(int) time.Duration { return w.wrong(from, maria) })
		}
		for i := range 1000 {
			if got := w.right(addr("198.51.%d.%d", i>>8, i&255), maria); got != 0 {
				t.Fatalf("the owner has to wait %v", got)
			}
		}
	}},
	{"failures held against somebody for ever", "few are forgotten in an hour, many in a day", func(t *testing.T, w *world) {
		for failures, memory := range map[int]time.Duration{5: time.Hour, 6: 24 * time.Hour} {
			w.guesses(failures, func(int) time.Duration { return w.wrong(home, maria) })
			w.time = w.time.Add(memory)
			if got := w.guesses(20, func(int) time.Duration { return w.wrong(home, maria) }); got != 6 {
				t.Errorf("%d guesses %v behind %d failures, want 6", got, memory, failures)
			}
			w.time = w.time.Add(48 * time.Hour)
		}
	}},
	{"others locked out of their identity", "a delay is the pair's", func(t *testing.T, w *world) {
		w.guesses(1000, func(int) time.Duration { return w.wrong(home, maria) })
		if got := w.right(elsewhere, maria); got != 0 {
			t.Errorf("the owner has to wait %v elsewhere", got)
		}
		if got := w.right(home, "jo"); got != 0 {
			t.Errorf("another has to wait %v at that address", got)
		}
	}},
	{"others locked out by many networks", "pressure takes no first try", func(t *testing.T, w *world) {
		for i := range 2000 {
			w.wrong(addr("203.%d.%d.7", i/250, i%250), maria)
		}
		if got := w.right(elsewhere, maria); got != 0 {
			t.Errorf("the owner has to wait %v", got)
		}
	}},
	{"others locked out of a shared address", "who has signed in there passes", func(t *testing.T, w *world) {
		w.right(home, maria)
		w.time = w.time.Add(8 * time.Hour)
		w.guesses(1000, func(i int) time.Duration { return w.wrong(home, fmt.Sprint("user", i)) })
		if got := w.right(home, maria); got != 0 {
			t.Errorf("maria has to wait %v", got)
		}
		if got := w.right(home, "newcomer"); got == 0 || got > 10*time.Second {
			t.Errorf("a newcomer has to wait %v", got)
		}
	}},
	{"others locked out of their provider", "a provider's budget is for those who use it up", func(t *testing.T, w *world) {
		bad := func(from netip.Addr) time.Duration {
			k, err := w.Work(from, directory)
			k.Failed()
			return wait(t, err)
		}
		for i := range 20 * 900 {
			bad(addr("203.0.113.%d", i%20))
		}
		if got := bad(elsewhere); got != 0 {
			t.Errorf("another network has to wait %v", got)
		}
		if got := bad(addr("203.0.113.1")); got == 0 {
			t.Error("who has used it up need not wait")
		}
	}},
	{"others locked out of another provider", "each has a budget, and identities, of its own", func(t *testing.T, w *world) {
		const another = "arn:aws:ds:us-east-1:111122223333:directory/d-9999999999"
		bad := func(from netip.Addr, provider string) time.Duration {
			k, err := w.Work(from, provider)
			k.Failed()
			return wait(t, err)
		}
		for i := range 20 * 900 {
			bad(addr("203.0.113.%d", i%20), directory)
		}
		if got := bad(addr("203.0.113.1"), directory); got == 0 {
			t.Fatal("the budget is not used up")
		}
		if got := bad(addr("203.0.113.1"), another); got != 0 {
			t.Errorf("has to wait %v at another provider", got)
		}
		w.guesses(10, func(int) time.Duration { return w.wrong(home, maria) })
		if k, err := w.Guess(home, another, maria); err != nil {
			t.Errorf("the namesake at another directory: %v", err)
		} else {
			k.Released()
		}
	}},
	{"a longer wait for who asks in vain", "refusals do not count", func(t *testing.T, w *world) {
		for range 6 {
			w.wrong(home, maria)
		}
		w.guesses(1000, func(int) time.Duration { return w.wrong(home, maria) })
		w.time = w.time.Add(2 * time.Second)
		if got := w.right(home, maria); got != 0 {
			t.Errorf("has to wait %v", got)
		}
	}},
	{"the wait that was told", "it is neither too short nor too long", func(t *testing.T, w *world) {
		for i := range 12 {
			for w.wrong(home, maria) == 0 {
			}
			told := w.wrong(home, maria)
			w.time = w.time.Add(told - time.Nanosecond)
			if w.wrong(home, maria) == 0 {
				t.Fatalf("round %d: passed before %v", i, told)
			}
			w.time = w.time.Add(time.Nanosecond)
			if got := w.wrong(home, maria); got != 0 {
				t.Fatalf("round %d: has to wait %v more", i, got)
			}
		}
	}},
	{"the clock turned back", "no wait is longer than a delay can be", func(t *testing.T, w *world) {
		for range 9 {
			w.wrong(home, maria)
			w.time = w.time.Add(16 * time.Second)
		}
		for i := range 1000 {
			w.wrong(elsewhere, fmt.Sprint("user", i))
		}
		w.time = w.time.Add(-30 * 24 * time.Hour)
		if got := w.right(home, maria); got > 15*time.Minute {
			t.Errorf("a pair has to wait %v", got)
		}
		if got := w.right(elsewhere, "jo"); got > 10*time.Second {
			t.Errorf("a network has to wait %v", got)
		}
		if got := w.guesses(100, func(int) time.Duration { return w.wrong(home, "jo") }); got != 6 {
			t.Errorf("%d guesses, want 6", got)
		}
	}},
	{"a million identities", "memory of a fixed size", func(t *testing.T, w *world) {
		w.guesses(20, func(int) time.Duration { return w.wrong(home, maria) })
		before := heap()
		for i := range 1_000_000 {
			w.wrong(addr("%d.%d.%d.9", 1+i>>16, i>>8&255, i&255), fmt.Sprint("user", i))
		}
		if grown := heap() - before; grown > 16<<20 {
			t.Errorf("memory grew by %d bytes", grown)
		}
		if got := w.wrong(home, maria); got == 0 {
			t.Error("lighter records pushed out a heavier one")
		}
	}},
	{"an access key id in another case", "case does not count", func(t *testing.T, w *world) {
		ids := []string{"AKIAIOSFODNN7EXAMPLE", "akiaiosfodnn7example", "AKIAIOSFODNN7example"}
		if got := w.guesses(300, func(i int) time.Duration { return wait(t, w.BadSignature(home, ids[i%3])) }); got != 60 {
			t.Errorf("%d were looked at, want 60", got)
		}
	}},
	{"rotation through access key ids", "a network's budget", func(t *testing.T, w *world) {
		if got := w.guesses(5000, func(i int) time.Duration { return wait(t, w.BadSignature(home, fmt.Sprint("AKIA", i))) }); got != 1000 {
			t.Errorf("%d were looked at, want 1000", got)
		}
	}},
	{"junk in place of tokens", "a network's budget", func(t *testing.T, w *world) {
		got := w.guesses(5000, func(int) time.Duration {
			k, err := w.Work(home, "")
			k.Failed()
			return wait(t, err)
		})
		if got != 1000 {
			t.Errorf("%d were looked at, want 1000", got)
		}
	}},
	{"a flood of reports", "reports have a budget", func(t *testing.T, w *world) {
		for i := range 1000 {
			for range 20 {
				w.wrong(addr("203.%d.%d.7", i/250, i%250), maria)
			}
		}
		if len(w.refusals) != 100 {
			t.Errorf("%d reports, want 100", len(w.refusals))
		}
	}},
}

func TestAttacks(t *testing.T) {
	for _, a := range attacks {
		t.Run(a.name, func(t *testing.T) { a.run(t, newWorld(t, Limits{})) })
	}
	if len(attacks) < 8 {
		t.Errorf("%d attacks, want at least 8", len(attacks))
	}
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
