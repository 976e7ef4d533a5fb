package server

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sojourn/internal/server/event"
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

// metrics are labelled with names of ours, never with outside text.
type metrics struct {
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	inFlight prometheus.Gauge
}

func newMetrics(r prometheus.Registerer) metrics {
	m := metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "sojourn_requests_total", Help: "Requests answered, by route, service, operation, and class of status.",
		}, []string{"route", "service", "operation", "class"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "sojourn_request_seconds", Help: "Time from the header to the end of the answer.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10, 60, 300},
		}, []string{"route"}),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{Name: "sojourn_requests_in_flight", Help: "Requests being answered now."}),
	}
	r.MustRegister(m.requests, m.seconds, m.inFlight)
	return m
}

func (m metrics) observe(route string, ev *event.Event, status int, took time.Duration) {
	if route == "" {
		route = "none"
	}
	class := [...]string{"1xx", "2xx", "3xx", "4xx", "5xx"}[min(max(status/100, 1), 5)-1]
	m.requests.WithLabelValues(route, ev.Service, ev.Operation, class).Inc()
	m.seconds.WithLabelValues(route).Observe(took.Seconds())
}
