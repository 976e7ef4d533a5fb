package throttle

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"
	"unicode"
)

// A right password ends what it cost to try wrong ones by any name.
func TestSuccessOfAnOwner(t *testing.T) {
	w := newWorld(t, Limits{})
	site := netip.MustParseAddr("2001:db8::1")
	for _, from := range []netip.Addr{home, site} {
		w.guesses(5, func(int) time.Duration { return w.wrongAlso(from, "name", maria) })
		k, err := w.Guess(from, directory, "name")
		if err != nil || k.Also(maria) != nil {
			t.Fatal(err)
		}
		k.Succeeded()
		for _, who := range []string{"name", maria} {
			if got := w.guesses(10, func(int) time.Duration { return w.wrong(from, who) }); got != 6 {
				t.Errorf("%s at %v: %d guesses behind it, want 6", who, from, got)
			}
		}
	}
	// For a whole site too.
	w.time = w.time.Add(48 * time.Hour)
	inSite := func(i int) time.Duration { return w.wrong(addr("2001:db8:1:%x::1", i/5), maria) }
	if got := w.guesses(20, inSite); got != 20 {
		t.Fatalf("%d guesses", got)
	}
	w.right(addr("2001:db8:1:ff::1"), maria)
	if got := w.guesses(30, func(i int) time.Duration { return inSite(100 + i) }); got != 21 {
		t.Errorf("%d guesses of the site behind it, want 21", got)
	}
	var none Ticket
	if none.Also(maria) != nil {
		t.Error("a ticket of nothing has to wait")
	}
}

// What succeeds costs nothing, however much there is of it.
func TestFleet(t *testing.T) {
	w := newWorld(t, Limits{})
	for i := range 100_000 {
		k, err := w.Work(home, "idp.example.com")
		k.Succeeded()
		if err != nil {
			t.Fatal(err)
		}
		if got := w.right(home, fmt.Sprint("job", i%1000)); got != 0 {
			t.Fatalf("waits %v", got)
		}
	}
}

// A service whose machines sign in at once with the right password is not kept waiting.
func TestTogether(t *testing.T) {
	w := newWorld(t, Limits{})
	var tickets []Ticket
	for range atOnce {
		k, err := w.Guess(home, directory, maria)
		if err != nil {
			t.Fatal(err)
		}
		tickets = append(tickets, k)
	}
	for _, k := range tickets {
		k.Succeeded()
	}
	if got := w.guesses(10, func(int) time.Duration { return w.wrong(home, maria) }); got != 6 {
		t.Errorf("%d guesses behind it, want 6", got)
	}
}

func TestDelay(t *testing.T) {
	for n, want := range map[int]time.Duration{0: 0, 5: 0, 6: 2 * time.Second, 7: 4 * time.Second, 14: 512 * time.Second, 15: 15 * time.Minute, 1 << 30: 15 * time.Minute} {
		if got := Delay(n); got != want {
			t.Errorf("%d failures: %v, want %v", n, got, want)
		}
	}
}

// A right password ends what wrong ones cost, and what is not known changes nothing.
func TestEnds(t *testing.T) {
	w := newWorld(t, Limits{})
	for range 3 {
		w.guesses(5, func(int) time.Duration { return w.wrong(home, maria) })
		if got := w.right(home, maria); got != 0 {
			t.Fatalf("waits %v", got)
		}
	}
	for range 100 {
		k, err := w.Guess(home, directory, maria)
		if err != nil {
			t.Fatal(err)
		}
		k.Released()
		k.Failed() // it has ended
	}
	// A ticket that nobody ends does not count for ever.
	w.wrong(home, maria)
	for range 4 {
		w.Guess(home, directory, maria)
	}
	if got := w.right(home, maria); got != time.Second {
		t.Errorf("waits %v", got)
	}
	w.time = w.time.Add(2 * time.Minute)
	if got := w.right(home, maria); got != 0 {
		t.Errorf("waits %v", got)
	}
}

func TestLimits(t *testing.T) {
	w := newWorld(t, Limits{FreeFailures: 2, LongestDelay: 3 * time.Second, Exempt: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}})
	if got := w.guesses(9, func(int) time.Duration { return w.wrong(home, maria) }); got != 3 {
		t.Errorf("%d guesses, want 3", got)
	}
	w.time = w.time.Add(2 * time.Second)
	w.wrong(home, maria)
	if got := w.wrong(home, maria); got != 3*time.Second {
		t.Errorf("waits %v", got)
	}
	if got := w.guesses(5000, func(i int) time.Duration { return w.wrong(home, fmt.Sprint("user", i)) }); got != 5000 {
		t.Errorf("%d guesses from an exempt network", got)
	}
}

func TestReport(t *testing.T) {
	w := newWorld(t, Limits{})
	for range 10 {
		w.wrong(home, maria)
	}
	w.time = w.time.Add(time.Minute)
	for range 10 {
		w.wrong(home, maria)
	}
	if len(w.refusals) != 2 || w.refusals[0] != (Refusal{Guesses, home, 2 * time.Second, 1}) || w.refusals[1].Unreported != 4 {
		t.Errorf("reported %+v", w.refusals)
	}
	if got := w.Stats(Guesses); got.Failed != 7 || got.Refused != 13 {
		t.Errorf("counted %+v", got)
	}
	err := w.BadSignature(home, "AKIA")
	if err != nil {
		t.Error(err)
	}
	_, err = w.Guess(home, directory, maria)
	if err == nil || !strings.HasPrefix(err.Error(), "Throttling: Rate exceeded: too many failed sign-ins. Try again in ") {
		t.Error(err)
	}
}

// Without a Throttle everything passes.
func TestNone(t *testing.T) {
	var none *Throttle
	k, err := none.Work(home, "")
	k.Failed()
	g, also := none.Guess(home, "", "")
	g.Succeeded()
	if err != nil || also != nil || none.BadSignature(home, "") != nil {
		t.Error(err, also)
	}
}

// An allowed request allocates nothing.
func TestAllocations(t *testing.T) {
	h := New(Options{Now: time.Now})
	if n := testing.AllocsPerRun(1000, func() {
		k, _ := h.Guess(home, directory, maria)
		k.Succeeded()
		j, _ := h.Work(home, directory)
		j.Succeeded()
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// alike reports whether upper case is a case of a name, and no other letters.
func alike(name string) bool {
	folded := func(s string) string {
		return strings.Map(func(r rune) rune { return unicode.ToLower(unicode.ToUpper(r)) }, s)
	}
	return folded(name) == folded(strings.ToUpper(name))
}

func FuzzText(f *testing.F) {
	for _, s := range []string{"", "maria", "MARIA", "ß", "İ", "\xff", "ſ", "K", strings.Repeat("x", 200)} {
		f.Add(s)
	}
	s := newSeed()
	f.Fuzz(func(t *testing.T, name string) {
		if s.text(tagIdentity, name) != s.text(tagIdentity, " "+strings.ToUpper(name)+" ") && alike(name) {
			t.Errorf("%q has two keys", name)
		}
	})
}
