package gate

import (
	"context"
	"strconv"
	"sync"
	"time"

	"sojourn/internal/audit"
	"sojourn/internal/principal"
)

// byProof stands for a kind of policy where no policy was asked, because what
// the request came with proves nothing, or is not what the act takes.
const byProof = "proof"

// Refuse records that a request is refused before any policy is asked, or fails
// for a reason that is none of theirs: its proof is worthless, its input is not
// valid. It returns that reason; when it can't be recorded, that fault instead.
//
// Of what nobody has signed only so much is recorded as a flood of it can't fill
// the disk with; the rest is counted, and the next record of it has the number.
func (g *Gate) Refuse(_ context.Context, c *principal.Caller, r Request, reason error) error {
	n := namesOf(c)
	rec := g.event(c, &r, &n)
	rec.PolicyType = byProof
	failed(&rec, reason)
	if c.Kind == principal.Anonymous {
		unrecorded, ok := g.floods.pass(c.Time)
		if !ok {
			return reason
		}
		if unrecorded > 0 {
			rec.Params = noting(rec.Params, "refusalsNotRecorded", strconv.FormatUint(unrecorded, 10))
		}
	}
	if err := g.write(c, rec); err != nil {
		return err
	}
	return reason
}

// Unproven is a request whose signature proves nothing. Its key is recorded as
// claimed where it can be a key's id at all: people put secrets in its place.
func (g *Gate) Unproven(ctx context.Context, c *principal.Caller, claimed string, r Request, reason error) error {
	if keyID(claimed) {
		nobody := *c
		nobody.AccessKeyID = claimed
		c = &nobody
	}
	return g.Refuse(ctx, c, r, reason)
}

// keyID reports whether s has the form of an access key id.
func keyID(s string) bool {
	if len(s) != 20 || s[:4] != "ASIA" && s[:4] != "AKIA" {
		return false
	}
	for i := range len(s) {
		if c := s[i]; (c < 'A' || c > 'Z') && (c < '2' || c > '7') {
			return false
		}
	}
	return true
}

func noting(m map[string]string, name, value string) map[string]string {
	out := map[string]string{name: value}
	for k, v := range m {
		out[k] = v
	}
	return out
}

// How many refusals of requests that nobody has signed are recorded: a flood
// of them takes less than 4 GiB a day.
const (
	floodBurst  = 500
	floodSecond = 50
)

// flood is a bucket of records. The zero value is a full one.
type flood struct {
	mu      sync.Mutex
	spent   float64
	at      time.Time
	skipped uint64
}

// pass reports whether one more may be recorded, and how many were not since
// the last that was.
func (f *flood) pass(now time.Time) (skipped uint64, ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if passed := now.Sub(f.at); passed != 0 { // less than none where the clock was turned back
		f.spent = max(0, f.spent-max(passed, 0).Seconds()*floodSecond)
		f.at = now
	}
	if f.spent+1 > floodBurst {
		f.skipped++
		return 0, false
	}
	f.spent++
	skipped, f.skipped = f.skipped, 0
	return skipped, true
}

// event is a record of a request without what was decided.
func (g *Gate) event(c *principal.Caller, r *Request, n *names) audit.Record {
	rec := audit.Record{
		EventID:   eventID(c.RequestID, g.events.Add(1)),
		EventTime: c.Time.UTC(), EventSource: sourceOf(r.Action), EventName: nameOf(r.Action),
		Region: c.Region, UserAgent: c.UserAgent[:min(len(c.UserAgent), 1024)], RequestID: c.RequestID,
		Identity: identityOf(c, r, n), Resource: r.Resource, Account: r.ResourceAccount, Params: r.Params,
	}
	if c.SourceIP.IsValid() {
		rec.SourceIP = c.SourceIP.String()
	}
	return rec
}
