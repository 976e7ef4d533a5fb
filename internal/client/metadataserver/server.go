package metadataserver

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"
)

// Bounds of every listener. A request is a few hundred bytes and its answer is in memory.
const (
	headerTimeout  = 5 * time.Second
	requestTimeout = 10 * time.Second
	idleTimeout    = 30 * time.Second
	maxHeaderBytes = 16 << 10
	maxConnections = 256 // of one listener
	drainTime      = 3 * time.Second
)

// CheckListen refuses an address at which others than this machine's programs
// would be served: what is not loopback or link-local is the network.
func CheckListen(address string) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("%q is not HOST:PORT", address)
	}
	a, err := netip.ParseAddr(host)
	if err != nil {
		return fmt.Errorf("%q does not begin with an IP address", address)
	}
	a = a.Unmap()
	ec2 := netip.MustParsePrefix("fd00:ec2::/32").Contains(a) // IMDS over IPv6 is at fd00:ec2::254
	if !a.IsLoopback() && !a.IsLinkLocalUnicast() && !ec2 {
		return fmt.Errorf("%s is not loopback or link-local: others on the network could take the machine's role; listen on 127.0.0.1 or 169.254.169.254", host)
	}
	return nil
}

// Serve answers on the listeners until ctx ends, then lets running requests
// finish. A connection that admits does not let in is closed at once, so that the
// network cannot hold the places of this machine's programs.
func Serve(ctx context.Context, h http.Handler, admits func(net.Addr) bool, log *slog.Logger, listeners ...net.Listener) error {
	var only http.Protocols
	only.SetHTTP1(true)
	s := &http.Server{
		Handler: h, Protocols: &only, DisableGeneralOptionsHandler: true,
		ReadHeaderTimeout: headerTimeout, ReadTimeout: requestTimeout, WriteTimeout: requestTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeaderBytes,
		ConnContext: func(ctx context.Context, c net.Conn) context.Context { return context.WithValue(ctx, connKey{}, c) },
		ErrorLog:    slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	ended := make(chan error, len(listeners))
	for _, l := range listeners {
		go func() {
			ended <- s.Serve(&limited{Listener: l, free: make(chan struct{}, maxConnections), admits: admits})
		}()
	}
	var err error
	select {
	case <-ctx.Done():
	case err = <-ended:
	}
	drain, cancel := context.WithTimeout(context.Background(), drainTime)
	defer cancel()
	if s.Shutdown(drain) != nil {
		s.Close()
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// limited accepts whom it admits, and no more connections than it has room for.
type limited struct {
	net.Listener
	free   chan struct{}
	admits func(net.Addr) bool
}

func (l *limited) Accept() (net.Conn, error) {
	l.free <- struct{}{}
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			<-l.free
			return nil, err
		}
		if l.admits(c.RemoteAddr()) {
			return &counted{Conn: c, done: l.free}, nil
		}
		c.Close()
	}
}

type counted struct {
	net.Conn
	done chan struct{}
}

// Close gives the place back once; the server closes a connection once.
func (c *counted) Close() error {
	err := c.Conn.Close()
	if d := c.done; d != nil && !errors.Is(err, net.ErrClosed) {
		<-d
	}
	return err
}

// setHopLimit has the packets of a connection die after n hops.
func setHopLimit(c net.Conn, n int) error {
	if counted, ok := c.(*counted); ok {
		c = counted.Conn
	}
	raw, ok := c.(syscall.Conn)
	if !ok {
		return errors.New("the connection is none of the system's")
	}
	rc, err := raw.SyscallConn()
	if err != nil {
		return err
	}
	set := setIPv6
	if ap, err := netip.ParseAddrPort(c.LocalAddr().String()); err != nil || ap.Addr().Unmap().Is4() {
		set = setIPv4
	}
	var failed error
	if err := rc.Control(func(fd uintptr) { failed = set(fd, n) }); err != nil {
		return err
	}
	return failed
}
