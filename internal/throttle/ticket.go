package throttle

import "net/netip"

// Ticket is a try that has begun. One of Succeeded, Failed and Released ends it;
// what comes behind does nothing. The zero value is told for nothing.
type Ticket struct {
	t        *Throttle
	kind     Kind
	exempt   bool
	from     netip.Addr
	place    place
	provider key
	about    [2]subject // who was named, and who that turned out to be
}

// subject is an identity at a provider.
type subject struct {
	key     key  // 0 for none
	pressed bool // the free failures are gone
}

// Also asks whether the secret may be tried for another identity too: the one
// that the first has turned out to be. What becomes of the try is then told of
// both. The error is Throttling, and the ticket is still the first one's. What
// network and provider may fail has been asked about.
func (k *Ticket) Also(identity string) error {
	t := k.t
	if t == nil || k.kind != Guesses {
		return nil
	}
	now := t.clock()
	s, _ := t.subject(k, identity, now)
	if s.key == k.about[0].key {
		return nil
	}
	if before := k.about[1].key; before != 0 {
		t.pairs.leave(before.and(k.place.network))
		k.about[1] = subject{}
	}
	wait := t.enter(k, s, now)
	if wait == 0 {
		k.about[1] = s
	}
	refused := *k
	return t.refuse(&refused, wait, now)
}

// named are the subjects of a try.
func (k *Ticket) named() []subject {
	if k.about[1].key == 0 {
		return k.about[:1]
	}
	return k.about[:]
}

func (k *Ticket) tag() tag {
	return [...]tag{Guesses: tagGuess, Works: tagWork, Signatures: tagKey}[k.kind]
}

// end takes the ticket's throttle, once.
func (k *Ticket) end() *Throttle {
	t := k.t
	k.t = nil
	return t
}

// Failed says that the proof was wrong.
func (k *Ticket) Failed() {
	t := k.end()
	if t == nil {
		return
	}
	now := t.clock()
	t.failed[k.kind].Add(1)
	if k.kind == Works {
		t.charge(k, workOfNetwork, now)
		t.wides.charge(k.provider, workOfProvider, now)
		return
	}
	t.charge(k, guessesOfNetwork, now)
	t.wides.charge(k.provider.with(tagGuess), guessesOfProvider, now)
	for _, s := range k.named() {
		t.wides.charge(s.key, guessesOfIdentity, now)
		if k.place.wide {
			t.pairs.fail(s.key.and(k.place.site), now, siteFactor*t.free(s), t.limits.LongestDelay)
		}
		t.pairs.fail(s.key.and(k.place.network), now, t.free(s), t.limits.LongestDelay)
	}
}

// Succeeded says that the proof was right: it costs nothing, and ends what
// earlier failures of the pair cost.
func (k *Ticket) Succeeded() {
	t := k.end()
	if t == nil || k.kind != Guesses {
		return
	}
	now := t.clock()
	for _, s := range k.named() {
		pair := s.key.and(k.place.network)
		t.pairs.drop(pair)
		if k.place.wide {
			t.pairs.drop(s.key.and(k.place.site))
		}
		t.proven.keep(pair, now+int64(provenFor), now)
	}
}

// Released says that it is not known how it would have gone: the directory was
// down, the client went away. It costs nothing and ends nothing.
func (k *Ticket) Released() {
	t := k.end()
	if t == nil || k.kind != Guesses {
		return
	}
	for _, s := range k.named() {
		t.pairs.leave(s.key.and(k.place.network))
	}
}
