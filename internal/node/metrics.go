package node

import (
	"time"

	"sojourn/internal/authn"
	"sojourn/internal/server/metrics"
)

// collectors are the metrics of what must not grow old: the list of revocations
// and the root keys.
func (p parts) collectors(who *authn.Authenticator) []metrics.Func {
	gauge := func(name, help string, value func() float64) metrics.Func {
		return metrics.Func{Kind: metrics.Gauge, Name: name, Help: help, Value: value}
	}
	list := []metrics.Func{
		gauge("sojourn_revocations", "Revocations that this node holds.", func() float64 {
			n, _, _ := who.Revocations()
			return float64(n)
		}),
		gauge("sojourn_revocations_age_seconds", "Time since this node last read the revocations, or found that they are the same; it does so at a request. -1 before the first.", func() float64 {
			_, age, known := who.Revocations()
			if !known {
				return -1
			}
			return age.Seconds()
		}),
	}
	if p.roots == nil {
		return list
	}
	return append(list,
		gauge("sojourn_root_key_generation", "Generation of the root key that seals.", func() float64 { return float64(p.roots.sealing().Generation) }),
		gauge("sojourn_root_key_age_seconds", "Time since the root key that seals took over.", func() float64 {
			return max(p.now().Sub(p.roots.sealing().Sealing), 0).Round(time.Second).Seconds()
		}),
		gauge("sojourn_root_key_announced_generation", "Generation of the root key that is announced and known to this node; 0 for none.", func() float64 { return float64(p.roots.announced()) }),
		gauge("sojourn_root_key_ending", "Root keys that no longer seal and are not retired yet.", func() float64 { return float64(p.roots.ending()) }),
		gauge("sojourn_root_key_stale", "1 while this node cannot take the root keys over, for the reason in its log.", func() float64 {
			if p.roots.ready() != nil {
				return 1
			}
			return 0
		}),
	)
}
