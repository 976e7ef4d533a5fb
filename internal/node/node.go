// Package node is the one place where a running Sojourn is put together: it
// opens the drivers, hands them to the domain, hands the domain to the doors,
// and ends them in the reverse order.
//
// It holds no rule of the product. The command "sojourn serve" and the tests'
// sojourntest are its two users.
package node

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"sojourn/internal/git"
	"sojourn/internal/objects"
	"sojourn/internal/server"
	"sojourn/internal/server/authority"
	"sojourn/internal/server/logs"
	"sojourn/internal/store"
)

// drainTime bounds how long a stopping node waits for running requests.
const drainTime = 30 * time.Second

// Options are what a node takes from its process.
type Options struct {
	Logs io.Writer
	Now  func() time.Time // time.Now when nil
	// Wrap stands before the server's own handler; nil leaves it out. Tests learn
	// by it what goes in and out.
	Wrap func(http.Handler) http.Handler
}

// Node is a running server.
type Node struct {
	cfg    Config
	url    string
	lines  *logs.Log
	log    *slog.Logger
	server *server.Server
	served chan error

	// closers end what was opened, last first.
	closers []func() error
}

// Start opens the data directory, making it at the first start, and serves.
// The node runs until Wait's or Stop's end. An error leaves nothing running.
func Start(ctx context.Context, cfg Config, opt Options) (*Node, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	lines := logs.New(opt.Logs, cfg.LogFormat == "json", cfg.LogLevel)
	n := &Node{cfg: cfg, lines: lines, log: lines.Logger(), served: make(chan error, 1)}
	n.onClose(lines.Close)
	if err := n.start(ctx, opt); err != nil {
		return nil, errors.Join(err, n.close())
	}
	return n, nil
}

// FlushLog writes the lines of requests that wait to be written with others.
func (n *Node) FlushLog() { n.lines.Flush() }

func (n *Node) start(ctx context.Context, opt Options) error {
	place := n.cfg.place()
	d := place.dir()
	if err := errors.Join(place.check(), d.create()); err != nil {
		return err
	}
	unlock, err := d.lock()
	if err != nil {
		return err
	}
	n.onClose(unlock)
	keys, st, err := place.open(ctx)
	if err != nil {
		return err
	}
	n.onClose(st.Close)
	roots := &rootKeys{path: place.rootKeys(), store: st, keys: keys, now: opt.Now, log: n.log}
	if err := roots.settle(ctx); err != nil {
		return err
	}
	n.onClose(roots.follow())
	if err := place.mark(); err != nil {
		return err
	}
	if err := firstAccount(ctx, st, n.cfg, opt.Now(), n.log); err != nil {
		return err
	}
	records, err := n.openAudit(d, opt.Now)
	if err != nil {
		return err
	}
	blobs, err := place.openObjects(ctx)
	if err != nil {
		return err
	}
	engine, err := n.openEngine(ctx, d, st, blobs, opt)
	if err != nil {
		return err
	}
	p := parts{cfg: n.cfg, keys: keys, roots: roots, store: st, objects: blobs, audit: records, engine: engine, log: n.log, requests: n.lines.Request, now: opt.Now, wrap: opt.Wrap, onClose: n.onClose}
	if p.events, err = n.deliverEvents(p, d); err != nil {
		return err
	}
	return n.serve(d, p)
}

func (n *Node) openEngine(ctx context.Context, d dataDir, st store.Store, blobs objects.Store, opt Options) (*git.Engine, error) {
	engine, err := git.New(ctx, git.Options{Store: st, Objects: blobs, Dir: d.cache(), MaxPackBytes: n.cfg.cacheBytes(), Now: opt.Now, Log: n.log,
		MaxPack: int64(n.cfg.MaxPush) << 20, Quota: int64(n.cfg.AccountQuota) << 20,
		Events: n.cfg.Events.kinds(), Processes: n.cfg.GitProcesses, Queue: n.cfg.GitQueue, QueueWait: n.cfg.GitQueueWait})
	if err != nil {
		return nil, err
	}
	n.onClose(func() error {
		ctx, cancel := context.WithTimeout(context.Background(), drainTime)
		defer cancel()
		return engine.Close(ctx)
	})
	return engine, nil
}

// serve listens, builds the doors for the address that it got, and says so in DIR/endpoint.
func (n *Node) serve(d dataDir, p parts) error {
	l, err := net.Listen("tcp", n.cfg.Listen)
	if err != nil {
		return fmt.Errorf("listening on %s: %w", n.cfg.Listen, err)
	}
	host, _, _ := net.SplitHostPort(n.cfg.Listen)
	_, port, _ := net.SplitHostPort(l.Addr().String())
	n.url = "https://" + net.JoinHostPort(shownHost(host), port)
	if n.cfg.PlainHTTP {
		n.url = "http" + n.url[len("https"):]
	}
	options, err := n.front(d, p, host, port)
	if err == nil {
		err = d.writeEndpoint(n.url)
	}
	if err != nil {
		return errors.Join(err, l.Close())
	}
	n.server = server.New(options)
	go func() { n.served <- n.server.Serve(l) }()
	n.log.Info("listening", "url", n.url, "data", n.cfg.Data, "region", n.cfg.Region)
	return nil
}

// front is the doors behind the node's certificate.
func (n *Node) front(d dataDir, p parts, host, port string) (server.Options, error) {
	c, err := n.tls(d, host, p.now)
	if err != nil {
		return server.Options{}, err
	}
	if c != nil {
		if p.origins, err = origins(c, port); err != nil {
			return server.Options{}, err
		}
		p.origins = append(p.origins, n.url)
	}
	options, err := p.doors(n.url)
	if err != nil || c == nil {
		return options, err
	}
	options.TLS, options.Serves = c, certified(c)
	return options, nil
}

// origins are the addresses that the certificate is for: each name with the
// port, and without one for where something in front listens on 443. A wildcard
// names nobody.
func origins(c *tls.Config, port string) (list []string, err error) {
	current, err := leaf(c)
	if err != nil {
		return nil, err
	}
	for _, name := range current.DNSNames {
		if !strings.Contains(name, "*") {
			list = append(list, "https://"+name, "https://"+net.JoinHostPort(name, port))
		}
	}
	for _, ip := range current.IPAddresses {
		list = append(list, "https://"+net.JoinHostPort(ip.String(), port))
	}
	return list, nil
}

// leaf is the certificate of the moment.
func leaf(c *tls.Config) (*x509.Certificate, error) {
	if c.GetCertificate == nil {
		return c.Certificates[0].Leaf, nil
	}
	current, err := c.GetCertificate(nil)
	if err != nil {
		return nil, err
	}
	return current.Leaf, nil
}

// shownHost is the host that clients can use: a wildcard address is not one.
func shownHost(host string) string {
	if ip := net.ParseIP(host); host != "" && (ip == nil || !ip.IsUnspecified()) {
		return host
	}
	if name, err := os.Hostname(); err == nil {
		return name
	}
	return "localhost"
}

func (n *Node) tls(d dataDir, host string, now func() time.Time) (*tls.Config, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	switch {
	case n.cfg.PlainHTTP:
		return nil, nil
	case n.cfg.TLSCert != "":
		pair, err := tls.LoadX509KeyPair(n.cfg.TLSCert, n.cfg.TLSKey)
		if err != nil {
			return nil, fmt.Errorf("tls-cert and tls-key: %w", err)
		}
		c.Certificates = []tls.Certificate{pair}
		return c, nil
	}
	a, err := authority.Open(d.tls(), certificateHosts(host), now)
	if err != nil {
		return nil, err
	}
	c.GetCertificate = a.Certificate
	return c, nil
}

// certified takes the names that the certificate is for as the server's own.
func certified(c *tls.Config) func(host string) bool {
	return func(host string) bool {
		current, err := leaf(c)
		return err == nil && current.VerifyHostname(host) == nil
	}
}

func certificateHosts(listen string) []string {
	hosts := []string{"localhost", "127.0.0.1", "::1"}
	if name, err := os.Hostname(); err == nil && name != "localhost" {
		hosts = append(hosts, name)
	}
	if ip := net.ParseIP(listen); listen != "" && (ip == nil || !ip.IsUnspecified()) {
		hosts = append(hosts, listen)
	}
	return hosts
}

// URL is where the node serves: https://HOST:PORT.
func (n *Node) URL() string { return n.url }

// Wait blocks until ctx ends or the listener fails, then stops the node.
func (n *Node) Wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		n.log.Info("stopping", "wait", drainTime)
		return n.Stop()
	case err := <-n.served:
		return errors.Join(err, n.close())
	}
}

// Stop takes no new requests, lets running ones finish for a bounded time, and
// ends everything.
func (n *Node) Stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), drainTime)
	defer cancel()
	err := n.server.Shutdown(ctx)
	return errors.Join(err, <-n.served, n.close())
}

func (n *Node) onClose(f func() error) { n.closers = append(n.closers, f) }

func (n *Node) close() error {
	var errs []error
	for len(n.closers) > 0 {
		last := len(n.closers) - 1
		errs = append(errs, n.closers[last]())
		n.closers = n.closers[:last]
	}
	return errors.Join(errs...)
}

// dataDir is the layout of --data.
type dataDir string

func (d dataDir) path(name string) string { return filepath.Join(string(d), name) }
func (d dataDir) database() string        { return d.path("sojourn.db") }
func (d dataDir) objects() string         { return d.path("objects") }
func (d dataDir) cache() string           { return d.path("cache") }
func (d dataDir) audit() string           { return d.path("audit") }
func (d dataDir) tls() string             { return d.path("tls") }
func (d dataDir) keys() string            { return d.path("keys") }
func (d dataDir) rootKeys() string        { return d.path("keys/root.json") }

// errLocked says that another process holds a lock.
var errLocked = errors.New("another process is using it")

// lock keeps a second server out of the directory.
func (d dataDir) lock() (unlock func() error, err error) {
	unlock, err = lockFile(d.path("lock"))
	if errors.Is(err, errLocked) {
		err = fmt.Errorf("data directory %s: another sojourn serve is using it", string(d))
	}
	return unlock, err
}

func (d dataDir) create() error {
	if err := os.MkdirAll(filepath.Dir(d.rootKeys()), 0o700); err != nil {
		return fmt.Errorf("making the data directory: %w", err)
	}
	return nil
}

// writeEndpoint replaces DIR/endpoint as a whole.
func (d dataDir) writeEndpoint(url string) error {
	tmp := d.path("endpoint.new")
	if err := os.WriteFile(tmp, []byte(url+"\n"), 0o644); err != nil {
		return fmt.Errorf("writing the endpoint: %w", err)
	}
	return os.Rename(tmp, d.path("endpoint"))
}
