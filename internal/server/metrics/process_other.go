//go:build !linux

package metrics

import "time"

// processMetrics are few where there is no proc(5).
func processMetrics() []Func {
	start := float64(time.Now().UnixMilli()) / 1e3
	return []Func{{Gauge, "process_start_time_seconds", "When the process was started, in seconds since 1970.", nil, func() float64 { return start }}}
}
