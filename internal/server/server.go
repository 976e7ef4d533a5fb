// Package server is the front of a node: one origin, its routes, what every
// request passes through (limits, an id, one log event, metrics), health and
// an orderly end. The doors behind the routes are handed in.
package server

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"runtime/debug"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"sojourn/internal/server/event"
	"sojourn/internal/server/http1"
	"sojourn/internal/server/logs"
	"sojourn/internal/server/metrics"
)

// Limits of every listener.
const (
	headerTimeout  = 10 * time.Second // from connection or first byte to the end of the header
	idleTimeout    = 2 * time.Minute  // a kept-alive connection without a request
	maxHeaderBytes = 64 << 10         // a session token and its signature take about 6 KiB
	apiTimeout     = time.Minute      // an API request's body, and again its answer
)

// Options are the parts behind the routes.
type Options struct {
	Git http.Handler // /v1/repos/…
	API http.Handler // POST /, and GET / with a query; the paths of REST
	// Sessions is POST /sessions, of Roles Anywhere.
	Sessions http.Handler
	Ready    func(context.Context) error
	TLS      *tls.Config // nil serves plain HTTP
	// Serves reports whether a host, without its port, is one of this server's
	// names. A signature for another server's name must not open anything here.
	// Nil takes every host: a proxy in front has looked.
	Serves func(host string) bool
	// Proxies are trusted to say in X-Forwarded-For for whom they ask.
	Proxies []netip.Prefix
	Log     *slog.Logger
	// Requests writes the line of a request; nil writes it to Log.
	Requests func(*logs.Request)
	Now      func() time.Time
	// Wrap stands before everything else; nil leaves it out. Tests learn by it
	// what goes in and out.
	Wrap func(http.Handler) http.Handler
	// Metrics are shown beside the front's own.
	Metrics []metrics.Func
}

// Server serves one listener.
type Server struct {
	opt      Options
	http     *http1.Server
	draining atomic.Bool
	counts   counts
}

// New makes a server; Serve runs it.
func New(opt Options) *Server {
	if opt.Requests == nil {
		opt.Requests = logs.Handler(opt.Log.Handler())
	}
	s := &Server{opt: opt}
	registry := metrics.New(slices.Concat(opt.Metrics, s.counts.gauges())...)
	s.counts.register(registry)
	var only http.Protocols
	only.SetHTTP1(true) // git and the AWS tools speak it everywhere; one protocol, one set of traps
	handler := s.observe(s.routes(registry))
	if opt.Wrap != nil {
		handler = opt.Wrap(handler)
	}
	errorLog := slog.NewLogLogger(opt.Log.Handler(), slog.LevelDebug)
	s.http = &http1.Server{
		Takes: brief, Handler: handler, TLS: opt.TLS, WriteTimeout: 2 * apiTimeout, ErrorLog: errorLog,
		Rest: &http.Server{
			Handler: handler, Protocols: &only, DisableGeneralOptionsHandler: true, // no answer goes past observe
			ReadHeaderTimeout: headerTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeaderBytes,
			ErrorLog: errorLog,
		},
	}
	return s
}

// brief reports whether the answer to a request is made at once, in one piece:
// the APIs at the root, and what a repository advertises.
func brief(method, target string) bool {
	path, _, _ := strings.Cut(target, "?")
	return path == "/" || method == http.MethodGet && strings.HasPrefix(path, "/v1/repos/") && strings.HasSuffix(path, "/info/refs")
}

// Serve answers requests on l until Shutdown, and then returns nil.
func (s *Server) Serve(l net.Listener) error {
	err := s.http.Serve(l)
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("serving on %s: %w", l.Addr(), err)
}

// Shutdown takes no new requests and lets running ones finish until ctx ends;
// those that have not are cut off, which is the error it returns then.
func (s *Server) Shutdown(ctx context.Context) error {
	s.draining.Store(true)
	if err := s.http.Shutdown(ctx); err != nil {
		return errors.Join(fmt.Errorf("waiting for running requests: %w", err), s.http.Close())
	}
	return nil
}

// restPaths are where the AWS APIs that speak REST are, as the mux spells them.
var restPaths = []string{
	"/policy/validation",                                                                       // Access Analyzer
	"/trustanchors", "/trustanchor/", "/profiles", "/profiles/", "/profile/", "/crls", "/crl/", // Roles Anywhere
	"/TagResource", "/UntagResource", "/ListTagsForResource",
}

// routes is the one list of what this origin serves.
func (s *Server) routes(counted http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/v1/repos/", route("git", untimed(s.named(s.opt.Git))))
	mux.Handle("/{$}", route("api", timed(s.named(http.HandlerFunc(s.root)))))
	for _, path := range restPaths {
		mux.Handle(path, route("api", timed(s.named(s.opt.API))))
	}
	mux.Handle("/sessions", route("api", timed(s.named(s.opt.Sessions))))
	mux.Handle("GET /healthz", route("healthz", timed(text(http.StatusOK, "ok\n"))))
	mux.Handle("GET /readyz", route("readyz", timed(http.HandlerFunc(s.ready))))
	mux.Handle("GET /metrics", route("metrics", timed(counted)))
	return mux
}

// named refuses requests that were meant for another server (RFC 9110, section 15.5.20).
func (s *Server) named(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.opt.Serves != nil && !s.opt.Serves(hostname(r.Host)) {
			event.From(r.Context()).Error = "MisdirectedRequest"
			w.Header().Set("Connection", "close")
			text(http.StatusMisdirectedRequest, "This server does not have the name that the request is for.\n")(w, r)
			return
		}
		h.ServeHTTP(w, r)
	})
}

// hostname is a Host header without its port and an address's brackets.
func hostname(host string) string {
	if h, _, err := net.SplitHostPort(host); err == nil {
		return h
	}
	return strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
}

// root is the AWS APIs for their clients; a person with a browser gets a line of text.
func (s *Server) root(w http.ResponseWriter, r *http.Request) {
	if (r.Method == http.MethodGet || r.Method == http.MethodHead) && r.URL.RawQuery == "" && r.Header.Get("Authorization") == "" {
		text(http.StatusOK, "Sojourn serves Git at /v1/repos/NAME and the STS, IAM and CodeCommit APIs here.\n")(w, r)
		return
	}
	s.opt.API.ServeHTTP(w, r)
}

func (s *Server) ready(w http.ResponseWriter, r *http.Request) {
	if s.draining.Load() {
		text(http.StatusServiceUnavailable, "draining\n")(w, r)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), 5*time.Second)
	defer cancel()
	if err := s.opt.Ready(ctx); err != nil {
		s.opt.Log.Warn("not ready", "cause", err)
		text(http.StatusServiceUnavailable, "not ready\n")(w, r)
		return
	}
	text(http.StatusOK, "ready\n")(w, r)
}

func text(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.WriteHeader(status)
		w.Write([]byte(body))
	}
}

// timed bounds a request that is small both ways.
func timed(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := http.NewResponseController(w)
		now := time.Now() // a deadline is the operating system's business, not the tests' clock's
		c.SetReadDeadline(now.Add(apiTimeout))
		c.SetWriteDeadline(now.Add(2 * apiTimeout))
		h.ServeHTTP(w, r)
	})
}

// untimed clears what an earlier request of the same connection has set: the
// Git door sets its deadlines itself, from byte to byte.
func untimed(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := http.NewResponseController(w)
		c.SetReadDeadline(time.Time{})
		c.SetWriteDeadline(time.Time{})
		h.ServeHTTP(w, r)
	})
}

// observe gives the request its id and its event, and writes the event when
// the answer is out. A panic becomes a 500 and a stack in the log.
func (s *Server) observe(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := s.opt.Now()
		ev := &event.Event{RequestID: newRequestID(), SourceIP: sourceIP(r, s.opt.Proxies)}
		a, body := &answer{ResponseWriter: w}, newIncoming(r.Body)
		s.counts.inFlight.Add(1)
		defer func() {
			s.counts.inFlight.Add(-1)
			p := recover()
			if p != nil && !aborted(p) {
				s.opt.Log.Error("panic", "request_id", ev.RequestID, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
				p = a.fail()
			}
			s.finish(r, a, ev, s.opt.Now().Sub(start))
			if p != nil {
				panic(http.ErrAbortHandler) // the connection is cut, so that half an answer does not look whole
			}
			body.linger(w, r)
		}()
		if !plain(r) {
			a.Header().Set("Connection", "close")
		}
		req := r.WithContext(event.With(r.Context(), ev))
		req.Body = body
		next.ServeHTTP(a, req)
	})
}

// plain reports whether nobody on its way can have read another end of a
// request. Chunks override a length; HTTP/1.0 knows no chunks, so that net/http
// passes over them; other versions may have other rules; what is no path of ours
// was meant for a proxy. Behind such a request nothing more is read.
func plain(r *http.Request) bool {
	return len(r.TransferEncoding) == 0 && r.ProtoMajor == 1 && r.ProtoMinor == 1 &&
		strings.HasPrefix(r.RequestURI, "/") && r.Method != http.MethodConnect
}

// aborted reports whether a panic is a handler's way to cut the connection.
func aborted(p any) bool {
	err, ok := p.(error)
	return ok && errors.Is(err, http.ErrAbortHandler)
}

func (s *Server) finish(r *http.Request, a *answer, ev *event.Event, took time.Duration) {
	s.counts.observe(a.route, ev, a.code(), took)
	level := slog.LevelInfo
	switch {
	case a.code() >= 500:
		level = slog.LevelError
	case a.route == "healthz" || a.route == "readyz" || a.route == "metrics":
		level = slog.LevelDebug
	}
	s.opt.Requests(&logs.Request{Level: level, Method: r.Method, Path: cut(r.URL.Path), Status: a.code(), Bytes: a.bytes, Took: took, Event: ev})
}

// cut bounds outside text in the log.
func cut(s string) string {
	if len(s) > 256 {
		return s[:256] + "…"
	}
	return s
}

// newRequestID is a random UUID (RFC 9562, version 4).
func newRequestID() string {
	var b [16]byte
	rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	var text [36]byte
	at := 0
	for _, part := range [...][]byte{b[:4], b[4:6], b[6:8], b[8:10], b[10:]} {
		at += hex.Encode(text[at:], part)
		if at < len(text) {
			text[at] = '-'
			at++
		}
	}
	return string(text[:])
}
