package throttle

import "net/netip"

// Ticket is a try that has begun. One of Succeeded, Failed and Released ends it;
// what comes behind does nothing. The zero value is told for nothing.
type Ticket struct {
	t        *Throttle
	kind     Kind
	exempt   bool
	pressed  bool // the free failures are gone
	from     netip.Addr
	place    place
	provider key
	identity key
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
	t.wides.charge(k.identity, guessesOfIdentity, now)
	t.wides.charge(k.provider.with(tagGuess), guessesOfProvider, now)
	if k.place.wide {
		t.pairs.fail(k.identity.and(k.place.site), now, siteFactor*t.free(k), t.limits.LongestDelay)
	}
	t.pairs.fail(k.identity.and(k.place.network), now, t.free(k), t.limits.LongestDelay)
}

// Succeeded says that the proof was right: it costs nothing, and ends what
// earlier failures of the pair cost.
func (k *Ticket) Succeeded() {
	t := k.end()
	if t == nil || k.kind != Guesses {
		return
	}
	now := t.clock()
	pair := k.identity.and(k.place.network)
	t.pairs.drop(pair)
	if k.place.wide {
		t.pairs.drop(k.identity.and(k.place.site))
	}
	t.proven.keep(pair, now+int64(provenFor), now)
}

// Released says that it is not known how it would have gone: the directory was
// down, the client went away. It costs nothing and ends nothing.
func (k *Ticket) Released() {
	t := k.end()
	if t == nil || k.kind != Guesses {
		return
	}
	t.pairs.leave(k.identity.and(k.place.network))
}
