// Package throttle slows down who fails, and nobody else.
//
// It knows three kinds of work that a stranger can ask for, each with its own
// question to this package:
//
//   - Guess, for a secret that a person chose: a directory's password. The pair
//     of network and identity has five failures free; each further one costs a
//     delay, which doubles.
//   - Work, for a proof that can't be guessed but costs something to look at:
//     a SAML response, a token. A network has a budget of failures.
//   - BadSignature, for a signature that was looked at and is wrong. A right one
//     is never asked about, so nobody can lock out the owner of a key.
//
// How the keys combine, so that no one is locked out by another:
//
//   - A delay is the pair's alone. Wrong passwords from one address do not touch
//     the same identity elsewhere, nor others at that address.
//   - A network (an IPv4 address, an IPv6 /64, and more widely its /48) that
//     fails for many identities uses up its budget. Who has signed in from there
//     within a day still passes.
//   - An identity or a provider that fails from many networks is under pressure:
//     then the free failures are gone, and a network without a failure of its own
//     still passes.
//
// A refusal counts as no failure and makes no delay longer, so the repeats with
// which clients answer Throttling do no harm to their user. What succeeds costs
// nothing. Everything is in memory of a fixed size, found by keyed hashes; what
// weighs least goes first, and nothing is remembered but for a failure or a
// success, so that filling it costs its filler's own budget.
//
// It does not own the delay behind MFA codes, which package mfa keeps in the
// store for all nodes by the same rule (Delay).
package throttle

import (
	"net/netip"
	"sync/atomic"
	"time"
)

// Kind is a kind of work.
type Kind uint8

// The kinds.
const (
	Guesses Kind = iota
	Works
	Signatures
	kinds
)

func (k Kind) String() string { return [...]string{"guess", "work", "signature"}[k] }

// Limits are the numbers. The zero value of a field is its default.
type Limits struct {
	// FreeFailures are a pair's before delays begin: 5.
	FreeFailures int
	// LongestDelay ends the doubling: 15 minutes.
	LongestDelay time.Duration
	// Exempt are networks that many people share, or a proxy that does not tell
	// for whom it asks: they have no budget, and only pairs are delayed.
	Exempt []netip.Prefix
}

// Options are what a Throttle works with.
type Options struct {
	Now    func() time.Time
	Limits Limits
	// Report hears of refusals: once a minute of each network, and of a bounded
	// number of networks. It is called before the refusal goes out; it may be nil.
	Report func(Refusal)
}

// Refusal is what Report hears.
type Refusal struct {
	Kind Kind
	From netip.Addr
	Wait time.Duration
	// Unreported are the refusals of all since the last report.
	Unreported uint64
}

// Throttle keeps who has failed. It is safe for concurrent use. A nil one lets
// everything pass.
type Throttle struct {
	now    func() time.Time
	base   time.Time
	limits Limits
	report func(Refusal)
	seed   seed

	networks table // budgets of networks
	pairs    table // delays, and budgets of signatures' keys
	wides    table // budgets of identities and providers
	proven   table // pairs that succeeded

	refused    [kinds]atomic.Uint64
	failed     [kinds]atomic.Uint64
	unreported atomic.Uint64
}

// budget is how many failures are taken at once, and how often one is forgiven.
type budget struct {
	burst int64
	every time.Duration
}

// What a site has is what four networks have: a customer of a provider has a /48
// at most, and the networks in it cost nothing.
const siteFactor = 4

var (
	guessesOfNetwork    = budget{100, 10 * time.Second}
	guessesOfIdentity   = budget{100, 36 * time.Second}
	guessesOfProvider   = budget{1000, time.Second}
	workOfNetwork       = budget{1000, 50 * time.Millisecond}
	workOfProvider      = budget{10_000, 5 * time.Millisecond}
	signaturesOfKey     = budget{60, time.Second}
	signaturesOfNetwork = budget{1000, 50 * time.Millisecond}
	reportsOfNetwork    = budget{1, time.Minute}
	reportsOfAll        = budget{100, time.Second}
)

func (b budget) wide() budget { return budget{b.burst * siteFactor, b.every / siteFactor} }

// provenFor is how long a success speaks for a pair.
const provenFor = 24 * time.Hour

// New makes a Throttle.
func New(o Options) *Throttle {
	l := o.Limits
	if l.FreeFailures == 0 {
		l.FreeFailures = freeFailures
	}
	if l.LongestDelay == 0 {
		l.LongestDelay = longestDelay
	}
	return &Throttle{now: o.Now, base: o.Now(), limits: l, report: o.Report, seed: newSeed()}
}

// clock is the time since the start. With time.Now it is the monotonic one.
func (t *Throttle) clock() int64 { return int64(t.now().Sub(t.base)) }

// Work asks whether a network may have a proof looked at that can't be guessed.
// provider is whose proof it is, "" where that is not known yet. The ticket is
// told how it went. The error is Throttling.
func (t *Throttle) Work(from netip.Addr, provider string) (Ticket, error) {
	if t == nil {
		return Ticket{}, nil
	}
	now := t.clock()
	k := Ticket{t: t, kind: Works, from: from, place: t.seed.place(from), exempt: t.exempt(from)}
	k.provider = t.seed.text(tagProvider, provider)
	wait := t.ofNetwork(&k, workOfNetwork, now)
	if wait == 0 && provider != "" && !k.exempt {
		// The provider's budget is for those who use it up.
		wait = min(t.wides.wait(k.provider, workOfProvider, now), t.networks.owes(k.place.network.with(tagWork), workOfNetwork, now))
	}
	err := t.refuse(&k, wait, now)
	return k, err
}

// Guess asks whether a secret that a person chose may be tried for an identity
// at a provider; case and outer spaces do not tell two apart. Where the provider
// knows a typed name as somebody, the ticket is asked about them Also. It must be
// told how it went. The error is Throttling.
func (t *Throttle) Guess(from netip.Addr, provider, identity string) (Ticket, error) {
	if t == nil {
		return Ticket{}, nil
	}
	now := t.clock()
	k := Ticket{t: t, kind: Guesses, from: from, place: t.seed.place(from), exempt: t.exempt(from)}
	k.provider = t.seed.text(tagProvider, provider)
	s, proven := t.subject(&k, identity, now)
	k.about[0] = s
	wait := int64(0)
	if !proven {
		wait = t.ofNetwork(&k, guessesOfNetwork, now)
	}
	if wait == 0 {
		wait = t.enter(&k, s, now)
	}
	err := t.refuse(&k, wait, now)
	return k, err
}

// subject is an identity at the ticket's provider. proven is whether it has
// signed in from the ticket's network.
func (t *Throttle) subject(k *Ticket, identity string, now int64) (s subject, proven bool) {
	s.key = k.provider.and(t.seed.text(tagIdentity, identity))
	proven = t.proven.has(s.key.and(k.place.network), now)
	s.pressed = !proven && (t.wides.wait(s.key, guessesOfIdentity, now) > 0 || t.wides.wait(k.provider.with(tagGuess), guessesOfProvider, now) > 0)
	return s, proven
}

// enter begins a try for a subject, or returns how long it has to wait.
func (t *Throttle) enter(k *Ticket, s subject, now int64) (wait int64) {
	if k.place.wide {
		wait = t.pairs.delay(s.key.and(k.place.site), now, t.limits.LongestDelay)
	}
	if wait == 0 {
		wait = t.pairs.enter(s.key.and(k.place.network), now, t.free(s), t.limits.LongestDelay)
	}
	return wait
}

// free is how many failures a pair has free.
func (t *Throttle) free(s subject) int {
	if s.pressed {
		return 0
	}
	return t.limits.FreeFailures
}

// BadSignature counts a signature that was wrong, or one of a key that is none.
// It returns Throttling where there were too many, which is to be answered in
// place of what is wrong with it, and nil else. It must not be asked about a
// signature that is right.
func (t *Throttle) BadSignature(from netip.Addr, keyID string) error {
	if t == nil {
		return nil
	}
	now := t.clock()
	k := Ticket{t: t, kind: Signatures, from: from, place: t.seed.place(from), exempt: t.exempt(from)}
	wait := t.ofNetwork(&k, signaturesOfNetwork, now)
	if wait == 0 {
		wait = t.pairs.spend(t.seed.text(tagKey, keyID).and(k.place.network), signaturesOfKey, now)
	}
	if wait == 0 {
		t.failed[Signatures].Add(1)
		t.charge(&k, signaturesOfNetwork, now)
	}
	return t.refuse(&k, wait, now)
}

func (t *Throttle) exempt(from netip.Addr) bool {
	for _, p := range t.limits.Exempt {
		if p.Contains(from.Unmap()) {
			return true
		}
	}
	return false
}

// ofNetwork is how long a network has to wait for its budget.
func (t *Throttle) ofNetwork(k *Ticket, b budget, now int64) int64 {
	if k.exempt {
		return 0
	}
	wait := t.networks.wait(k.place.network.with(k.tag()), b, now)
	if k.place.wide {
		wait = max(wait, t.networks.wait(k.place.site.with(k.tag()), b.wide(), now))
	}
	return wait
}

// charge takes a failure off a network's budget.
func (t *Throttle) charge(k *Ticket, b budget, now int64) {
	if k.exempt {
		return
	}
	t.networks.charge(k.place.network.with(k.tag()), b, now)
	if k.place.wide {
		t.networks.charge(k.place.site.with(k.tag()), b.wide(), now)
	}
}

// Stats are counts since the start.
type Stats struct{ Failed, Refused uint64 }

// Stats tells of one kind.
func (t *Throttle) Stats(k Kind) Stats {
	return Stats{Failed: t.failed[k].Load(), Refused: t.refused[k].Load()}
}

// Kinds are all kinds.
func Kinds() []Kind { return []Kind{Guesses, Works, Signatures} }
