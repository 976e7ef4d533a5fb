// Package faultproxy stands between a node and one of its stores and does what
// networks do: it cuts, slows, breaks off in the middle, and loses an answer
// whose request arrived. It knows no protocol.
package faultproxy

import (
	"bytes"
	"io"
	"net"
	"sync"
	"testing"
	"time"
)

// Proxy forwards connections to a target.
type Proxy struct {
	Addr string // where it listens

	target   string
	listener net.Listener
	mu       sync.Mutex
	cut      bool
	silent   bool
	delay    time.Duration
	lose     []byte
	skip     int
	lost     int
	breakAt  int64
	open     map[net.Conn]bool
	wg       sync.WaitGroup
}

// Start makes a proxy, which ends with the test.
func Start(t testing.TB, target string) *Proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{Addr: l.Addr().String(), target: target, listener: l, open: map[net.Conn]bool{}}
	p.wg.Go(p.accept)
	t.Cleanup(func() {
		l.Close()
		p.Cut()
		p.wg.Wait()
	})
	return p
}

// Cut ends all connections, and new ones as soon as they come.
func (p *Proxy) Cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cut = true
	for c := range p.open {
		c.Close()
	}
}

// Silence lets nothing through and tells nobody, as a firewall does that has
// forgotten its connections.
func (p *Proxy) Silence() { p.set(func() { p.silent = true }) }

// Mend lets everything through again. What was silenced stays so until it is cut.
func (p *Proxy) Mend() {
	p.set(func() { p.cut, p.silent, p.delay, p.breakAt, p.lose = false, false, 0, 0, nil })
}

// Slow delays every piece in both directions.
func (p *Proxy) Slow(by time.Duration) { p.set(func() { p.delay = by }) }

// LoseAnswer lets the next request that holds text arrive, behind skip others
// that do, and breaks the connection in place of its answer.
func (p *Proxy) LoseAnswer(text string, skip int) {
	p.set(func() { p.lose, p.skip = []byte(text), skip })
}

// BreakOff ends the next connection over which more than n bytes were answered.
func (p *Proxy) BreakOff(n int64) { p.set(func() { p.breakAt = n }) }

// Lost says how many connections LoseAnswer and BreakOff have broken.
func (p *Proxy) Lost() (n int) {
	p.set(func() { n = p.lost })
	return n
}

func (p *Proxy) set(f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f()
}

func (p *Proxy) accept() {
	for {
		c, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.wg.Go(func() { p.serve(c) })
	}
}

func (p *Proxy) serve(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp", p.target)
	if err != nil {
		return
	}
	defer server.Close()
	if !p.keep(client, server) {
		return
	}
	defer p.set(func() { delete(p.open, client); delete(p.open, server) })
	link := &link{p: p, client: client, server: server}
	done := make(chan struct{})
	go func() {
		defer close(done)
		link.requests()
	}()
	link.answers()
	<-done
}

func (p *Proxy) keep(conns ...net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range conns {
		p.open[c] = !p.cut
	}
	return !p.cut
}

// link is one connection through the proxy.
type link struct {
	p              *Proxy
	client, server net.Conn
	mu             sync.Mutex
	losing         bool
}

func (l *link) end() {
	l.client.Close()
	l.server.Close()
}

func (l *link) requests() {
	defer l.end()
	l.pump(l.client, l.server, func(piece []byte) bool {
		l.p.set(func() {
			if l.p.lose == nil || !bytes.Contains(piece, l.p.lose) {
				return
			}
			if l.p.skip--; l.p.skip < 0 {
				l.p.lose = nil
				l.mu.Lock()
				l.losing = true
				l.mu.Unlock()
			}
		})
		return true
	})
}

func (l *link) answers() {
	defer l.end()
	var total int64
	l.pump(l.server, l.client, func(piece []byte) (pass bool) {
		total += int64(len(piece))
		l.mu.Lock()
		pass = !l.losing
		l.mu.Unlock()
		l.p.set(func() {
			if l.p.breakAt > 0 && total > l.p.breakAt {
				l.p.breakAt, pass = 0, false
			}
			if !pass {
				l.p.lost++
			}
		})
		return pass
	})
}

func (l *link) pump(from io.Reader, to io.Writer, look func([]byte) bool) {
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		if n > 0 {
			var silent bool
			var delay time.Duration
			l.p.set(func() { silent, delay = l.p.silent, l.p.delay })
			if silent {
				continue
			}
			if !look(buffer[:n]) {
				return
			}
			time.Sleep(delay)
			if _, err := to.Write(buffer[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}
