package throttle

import (
	"time"

	"sojourn/internal/awserr"
)

// refuse makes the answer of a wait, counts it and reports it. It gives the
// ticket back: nothing is left to be told to it.
func (t *Throttle) refuse(k *Ticket, wait, now int64) error {
	if wait == 0 {
		return nil
	}
	kind, place, from := k.kind, k.place, k.from
	*k = Ticket{}
	t.refused[kind].Add(1)
	t.unreported.Add(1)
	d := time.Duration(wait)
	if t.report != nil && t.networks.spend(place.network.with(tagReport), reportsOfNetwork, now) == 0 &&
		t.networks.spend(key(tagReport), reportsOfAll, now) == 0 {
		t.report(Refusal{Kind: kind, From: from, Wait: d, Unreported: t.unreported.Swap(0)})
	}
	return awserr.TooSoon(d, reasons[kind])
}

var reasons = [...]string{
	Guesses:    "too many failed sign-ins",
	Works:      "too many failed sign-ins from this address",
	Signatures: "too many requests with a wrong access key or signature from this address",
}
