package node

import (
	"strconv"

	"sojourn/internal/audit"
	"sojourn/internal/seal"
	"sojourn/internal/server/metrics"
	"sojourn/internal/throttle"
)

// throttle slows down who fails.
func (p parts) throttle() *throttle.Throttle {
	if p.cfg.PlainHTTP && len(p.cfg.Proxies) == 0 {
		p.log.Warn("no proxy is trusted, so that all requests count as its own; name its addresses with trusted-proxy", "setting", "plain-http")
	}
	return throttle.New(throttle.Options{Now: p.now, Report: p.throttled,
		Limits: throttle.Limits{FreeFailures: p.cfg.ThrottleFree, LongestDelay: p.cfg.ThrottleDelay, Exempt: p.cfg.ThrottleExempt}})
}

// throttled records that an address is kept waiting: once a minute, whatever it
// sends meanwhile, so that it cannot fill the disk with its refusals.
func (p parts) throttled(r throttle.Refusal) {
	p.log.Warn("throttled", "source_ip", r.From, "kind", r.Kind, "wait", r.Wait, "refusals", r.Unreported)
	err := p.audit.Record(audit.Record{
		EventID: seal.NewID("THRO"), EventTime: p.now().UTC(), EventSource: "sojourn.throttle", EventName: "Throttled",
		Identity: audit.Identity{Type: "Anonymous"}, SourceIP: r.From.String(), Decision: "Deny", Reason: "Too many failures.",
		Params: map[string]string{"kind": r.Kind.String(), "wait": r.Wait.String(), "refusals": strconv.FormatUint(r.Unreported, 10)},
	})
	if err != nil {
		p.log.Error("a throttled address is not recorded", "error", err)
	}
}

// throttleMetrics are the counts, labelled with names of ours alone.
func throttleMetrics(t *throttle.Throttle) (list []metrics.Func) {
	for _, kind := range throttle.Kinds() {
		labels := []metrics.Label{{Name: "kind", Value: kind.String()}}
		list = append(list,
			metrics.Func{Kind: metrics.Counter, Name: "sojourn_failures_total", Help: "Wrong passwords, proofs and signatures that were looked at.", Labels: labels,
				Value: func() float64 { return float64(t.Stats(kind).Failed) }},
			metrics.Func{Kind: metrics.Counter, Name: "sojourn_throttled_total", Help: "Requests refused without a look, for too many failures.", Labels: labels,
				Value: func() float64 { return float64(t.Stats(kind).Refused) }})
	}
	return list
}
