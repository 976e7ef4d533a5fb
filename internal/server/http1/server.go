// Package http1 serves the requests of which there are many: small, plain ones
// in HTTP/1.1 whose answers are made at once. It costs half of what net/http
// costs for them. At the first request of a connection that is anything else it
// hands the connection over to net/http, with every byte of that request.
//
// It is as strict as net/http because it knows less: a request that it takes has
// one reading (parse.go), which net/http shares, and whatever has another form,
// a body that is chunked or large, or a wish (Expect, Upgrade), is not judged here.
//
// What net/http does and this does not: it does not notice that a client leaves
// while its request is answered, and does not time a request's body apart from
// its header. So it takes no request whose answer may take long.
package http1

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"log"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// Server serves one listener, together with the net/http server Rest.
type Server struct {
	// Takes reports whether a request for this target is one for Handler. All
	// others are for Rest, which has a handler of its own.
	Takes   func(method, target string) bool
	Handler http.Handler
	// Rest needs a ReadHeaderTimeout and an IdleTimeout, which hold here too.
	// Its ConnContext and Handler are wrapped by Serve.
	Rest *http.Server
	TLS  *tls.Config // nil serves plain HTTP
	// WriteTimeout is how long an answer may take to leave, at least half of it.
	WriteTimeout time.Duration
	ErrorLog     *log.Logger

	handed   *handed
	listener net.Listener

	grace   time.Duration // another one than the package's, for tests
	closing atomic.Bool
	mu      sync.Mutex
	conns   map[*conn]bool
	empty   chan struct{} // closed when closing and no conns are left
}

// What a connection does.
const (
	fresh  int32 = iota // it has not sent anything yet
	idle                // it may send another request
	busy                // it has a request
	ending              // it is cut off
)

// grace is how long a fresh connection may take to send its request when the
// server is told to stop.
const grace = 500 * time.Millisecond

// Serve answers requests on l until Shutdown or Close, and then returns
// http.ErrServerClosed.
func (s *Server) Serve(l net.Listener) error {
	s.mu.Lock()
	if s.closing.Load() {
		s.mu.Unlock()
		return errors.Join(http.ErrServerClosed, l.Close())
	}
	s.listener, s.handed = l, newHanded(l.Addr())
	s.conns, s.empty = map[*conn]bool{}, make(chan struct{})
	s.mu.Unlock()
	config := s.config()
	s.Rest.ConnContext, s.Rest.Handler = withState, stating(s.Rest.Handler)
	rest := make(chan error, 1)
	go func() { rest <- s.Rest.Serve(s.handed) }()
	err := s.accept(l, config)
	if errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return errors.Join(err, s.Close(), <-rest)
}

// config is the server's, for HTTP/1.1 alone.
func (s *Server) config() *tls.Config {
	if s.TLS == nil {
		return nil
	}
	c := s.TLS.Clone()
	c.NextProtos = []string{"http/1.1"}
	return c
}

// longestPause is between attempts to accept while the system has no room.
const longestPause = time.Second

func (s *Server) accept(l net.Listener, config *tls.Config) error {
	pause := 5 * time.Millisecond
	for {
		raw, err := l.Accept()
		if err == nil {
			pause = 5 * time.Millisecond
			s.begin(raw, config)
			continue
		}
		if s.closing.Load() {
			return http.ErrServerClosed
		}
		if t, ok := errors.AsType[net.Error](err); !ok || !t.Temporary() { //nolint:staticcheck // it is how a lack of descriptors is told
			return err
		}
		s.ErrorLog.Printf("accepting a connection: %v; again in %v", err, pause)
		time.Sleep(pause)
		pause = min(2*pause, longestPause)
	}
}

func (s *Server) begin(raw net.Conn, config *tls.Config) {
	c := newConn(s, raw, config)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing.Load() {
		raw.Close()
		return
	}
	s.conns[c] = true
	go c.serve()
}

// forget is told of the end of c.
func (s *Server) forget(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, c)
	if s.closing.Load() && len(s.conns) == 0 {
		close(s.empty)
	}
}

// Shutdown takes no new requests and lets running ones finish until ctx ends.
func (s *Server) Shutdown(ctx context.Context) error {
	s.Rest.SetKeepAlivesEnabled(false)
	err := s.stop(idle)
	defer time.AfterFunc(cmp.Or(s.grace, grace), func() { s.stop(fresh, idle) }).Stop()
	if s.empty != nil {
		select {
		case <-s.empty:
		case <-ctx.Done():
			return errors.Join(err, ctx.Err())
		}
	}
	return errors.Join(err, s.Rest.Shutdown(ctx))
}

// Close cuts off everything.
func (s *Server) Close() error { return errors.Join(s.stop(fresh, idle, busy), s.Rest.Close()) }

// stop ends the accepting, and the connections in these states.
func (s *Server) stop(states ...int32) (err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closing.Swap(true) && s.conns != nil {
		err = s.listener.Close()
		if len(s.conns) == 0 {
			close(s.empty)
		}
	}
	for c := range s.conns {
		for _, state := range states {
			if c.state.CompareAndSwap(state, ending) {
				c.cancel()
				c.raw.Close()
			}
		}
	}
	return err
}
