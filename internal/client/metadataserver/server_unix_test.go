//go:build unix

package metadataserver

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

func everybody(net.Addr) bool { return true }

// serve runs the handler on loopback until the test ends.
func serve(t *testing.T, h http.Handler, admits func(net.Addr) bool) (address string, stop func() error) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- Serve(ctx, h, admits, slog.New(slog.DiscardHandler), l) }()
	var once atomic.Bool
	stop = func() error {
		cancel()
		if once.Swap(true) {
			return nil
		}
		return <-ended
	}
	t.Cleanup(func() { stop() })
	return l.Addr().String(), stop
}

// On a real connection the packets behind a token have a time to live of 1.
func TestHopLimitOfAConnection(t *testing.T) {
	w := newWorld(t)
	conns := make(chan net.Conn, 1)
	address, stop := serve(t, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.ServeHTTP(rw, r)
		conns <- r.Context().Value(connKey{}).(net.Conn)
	}), everybody)
	ttl := func(method, path string) int {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, "http://"+address+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set(ttlHeader, "60")
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		io.Copy(io.Discard, res.Body)
		res.Body.Close()
		raw, err := (<-conns).(*counted).Conn.(*net.TCPConn).SyscallConn()
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		raw.Control(func(fd uintptr) { n, err = syscall.GetsockoptInt(int(fd), syscall.IPPROTO_IP, syscall.IP_TTL) })
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if before := ttl("GET", "/latest/"); before < 2 {
		t.Errorf("before a token the time to live is %d", before)
	}
	if after := ttl("PUT", apiToken); after != 1 {
		t.Errorf("behind a token the time to live is %d", after)
	}
	if err := stop(); err != nil {
		t.Errorf("stopping: %v", err)
	}
}

// More connections than there is room for wait; they do not fill the memory.
func TestConnectionsAreBounded(t *testing.T) {
	free := make(chan struct{}, 1)
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &limited{Listener: inner, free: free, admits: everybody}
	defer l.Close()
	for range 2 {
		c, err := net.Dial("tcp", inner.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
	}
	first, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	second := make(chan error, 1)
	go func() { _, err := l.Accept(); second <- err }()
	if len(free) != 1 {
		t.Error("the place is not taken")
	}
	first.Close()
	first.Close() // gives one place back only
	if err := <-second; err != nil {
		t.Fatal(err)
	}
	if len(free) != 1 {
		t.Error("a place was given back twice")
	}
}

// Strangers whose packets reach the address cannot keep the programs here waiting:
// their connections take no place, however long they say nothing.
func TestAttackPlacesHeldFromTheNetwork(t *testing.T) {
	const stranger = "127.0.0.9"
	w := newWorld(t, func(o *Options) { o.Local = func(a netip.Addr) bool { return a.String() != stranger } })
	address, _ := serve(t, w, w.Admits)
	from := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(stranger)}}
	for range maxConnections + 1 {
		c, err := from.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
	}
	begin := time.Now()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	io.WriteString(c, "PUT "+apiToken+" HTTP/1.1\r\nHost: 127.0.0.1\r\n"+ttlHeader+": 60\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
	c.SetReadDeadline(begin.Add(headerTimeout / 2))
	if b, err := io.ReadAll(c); !strings.HasPrefix(string(b), "HTTP/1.1 200 ") {
		t.Errorf("behind %d silent connections: %.60q, %v", maxConnections+1, b, err)
	}
}

// A header that does not end, or is too large, ends the connection.
func TestHeadersAreBounded(t *testing.T) {
	address, _ := serve(t, newWorld(t), everybody)
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	go io.WriteString(c, "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: "+strings.Repeat("x", 64<<10)+"\r\n\r\n")
	c.SetReadDeadline(time.Now().Add(30 * time.Second))
	b, _ := io.ReadAll(c)
	if !strings.HasPrefix(string(b), "HTTP/1.1 431 ") {
		t.Errorf("%.100q", b)
	}
}
