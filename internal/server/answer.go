package server

import (
	"net/http"
	"sync/atomic"
	"time"

	"sojourn/internal/server/event"
	"sojourn/internal/server/metrics"
)

// answer counts what goes out. Unwrap lets a ResponseController reach the connection.
type answer struct {
	http.ResponseWriter
	route  string
	status int
	bytes  int64
}

func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

func (a *answer) WriteHeader(status int) {
	if a.status == 0 && status >= 200 {
		a.status = status
	}
	a.ResponseWriter.WriteHeader(status)
}

func (a *answer) Write(b []byte) (int, error) {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	n, err := a.ResponseWriter.Write(b)
	a.bytes += int64(n)
	return n, err
}

// Flush is here for those who ask for http.Flusher.
func (a *answer) Flush() { http.NewResponseController(a.ResponseWriter).Flush() }

func (a *answer) code() int {
	if a.status == 0 {
		return http.StatusOK
	}
	return a.status
}

// fail answers a panic. It returns nil if it could: nothing had gone out.
func (a *answer) fail() any {
	if a.status != 0 {
		return http.ErrAbortHandler
	}
	text(http.StatusInternalServerError, "internal error\n")(a, nil)
	return nil
}

// route names the pattern that a request took, for metrics and the log's level.
func route(name string, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if a, ok := w.(*answer); ok {
			a.route = name
		}
		h.ServeHTTP(w, r)
	})
}

// counts are labelled with names of ours, never with outside text.
type counts struct {
	requests *metrics.Counters
	seconds  *metrics.Histograms
	inFlight atomic.Int64
}

func (c *counts) gauges() []metrics.Func {
	return []metrics.Func{{Kind: metrics.Gauge, Name: "sojourn_requests_in_flight", Help: "Requests being answered now.",
		Value: func() float64 { return float64(c.inFlight.Load()) }}}
}

func (c *counts) register(r *metrics.Registry) {
	c.requests = r.Counters("sojourn_requests_total", "Requests answered, by route, service, operation, and class of status.", "route", "service", "operation", "class")
	c.seconds = r.Histograms("sojourn_request_seconds", "Time from the header to the end of the answer.",
		[]float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10, 60, 300}, "route")
}

func (c *counts) observe(route string, ev *event.Event, status int, took time.Duration) {
	if route == "" {
		route = "none"
	}
	class := [...]string{"1xx", "2xx", "3xx", "4xx", "5xx"}[min(max(status/100, 1), 5)-1]
	c.requests.Inc(route, ev.Service, ev.Operation, class)
	c.seconds.Observe(took.Seconds(), route)
}
