// Package sojourntest runs a whole server on loopback in one call, with a
// clock to turn, for tests that meet it as a user does: over the wire, with
// git, with the AWS CLI, with our own binaries.
package sojourntest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"sojourn/internal/node"
	"sojourn/internal/secret"
	"sojourn/internal/sigv4"
)

// Build builds the product's binaries into dir.
func Build(dir string) error {
	build := exec.Command("go", "build", "-o", dir+string(filepath.Separator), "sojourn/cmd/...")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("building the binaries: %w\n%s", err, out)
	}
	return nil
}

// Account is the first account of a test server.
const Account = "111122223333"

// Server is a running server.
type Server struct {
	URL  string
	Data string
	Logs *Logs

	t     testing.TB
	node  *node.Node
	cfg   node.Config
	first *Server // whose clock and root keys this one has; nil for its own
	mu    sync.Mutex
	ahead time.Duration
	held  time.Time // the clock stands still
}

// Option changes the configuration before the start.
type Option func(*node.Config)

// AllowLoopback lets the server reach identity providers on loopback whose
// authority is in the file ca.
func AllowLoopback(ca string) Option {
	return func(c *node.Config) {
		c.FederationAllow = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
		c.FederationCA = ca
	}
}

// First names the region and the first account, where a walk has its own.
func First(region, account string) Option {
	return func(c *node.Config) { c.Region, c.Account = region, account }
}

// Grown keeps the data in stores that many nodes share, with credentials from getenv.
func Grown(metadata, objects string, getenv func(string) string) Option {
	return func(c *node.Config) { c.Metadata, c.Objects, c.Getenv = metadata, objects, getenv }
}

// Beside runs another node on the stores of s, with its root keys and its clock.
func (s *Server) Beside(options ...Option) *Server {
	s.t.Helper()
	other := &Server{t: s.t, Logs: &Logs{}, Data: s.t.TempDir(), first: s}
	other.cfg = s.cfg
	other.cfg.Data, other.cfg.RootKeys = other.Data, filepath.Join(s.Data, "keys", "root.json")
	for _, o := range options {
		o(&other.cfg)
	}
	other.start()
	s.t.Cleanup(func() {
		other.stop()
		other.look()
	})
	return other
}

// Start runs a server that ends with the test.
func Start(t testing.TB, options ...Option) *Server {
	t.Helper()
	s := &Server{t: t, Logs: &Logs{}, Data: t.TempDir()}
	s.cfg = node.Config{Data: s.Data, Listen: "127.0.0.1:0", Region: node.DefaultRegion, Account: Account,
		LogLevel: -4, LogFormat: "json"}
	for _, o := range options {
		o(&s.cfg)
	}
	s.start()
	t.Cleanup(func() {
		s.stop()
		s.look()
	})
	return s
}

// At is a server that runs already, on data, at url.
func At(t testing.TB, data, url string) *Server {
	return &Server{t: t, Logs: &Logs{}, Data: data, URL: url}
}

func (s *Server) start() {
	s.t.Helper()
	n, err := node.Start(context.Background(), s.cfg, node.Options{Logs: s.Logs, Now: s.Now, Wrap: scan.Handler})
	if err != nil {
		s.t.Fatal(err)
	}
	s.node, s.URL = n, n.URL()
	s.Logs.mu.Lock()
	s.Logs.flush = n.FlushLog
	s.Logs.mu.Unlock()
}

func (s *Server) stop() {
	if err := s.node.Stop(); err != nil {
		s.t.Errorf("stopping the server: %v", err)
	}
}

// Restart stops the server and starts it on the same data.
func (s *Server) Restart() {
	s.t.Helper()
	s.stop()
	s.start()
}

// Now is the server's clock.
func (s *Server) Now() time.Time {
	if s.first != nil {
		return s.first.Now()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.held.IsZero() {
		return s.held.Add(s.ahead)
	}
	return time.Now().Add(s.ahead)
}

// Hold stops the server's clock, which then moves by Turn alone.
func (s *Server) Hold() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held = time.Now()
}

// Turn moves the server's clock.
func (s *Server) Turn(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ahead += d
}

// CA is the PEM file of the server's authority.
func (s *Server) CA() string { return filepath.Join(s.Data, "tls", "ca.pem") }

// Host is the server's HOST:PORT.
func (s *Server) Host() string { return strings.TrimPrefix(s.URL, "https://") }

// Root issues credentials of the account's root.
func (s *Server) Root(account string) sigv4.Credentials {
	s.t.Helper()
	admin, err := s.place().OpenAdmin(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	defer admin.Close()
	c, err := admin.Credentials(s.t.Context(), account, 12*time.Hour, s.Now())
	if err != nil {
		s.t.Fatal(err)
	}
	Secret("secret key", c.Secret.Reveal())
	Secret("session token", c.Token)
	return sigv4.Credentials{AccessKeyID: c.AccessKeyID, Secret: secret.New(c.Secret.Reveal()), Token: c.Token}
}

func (s *Server) place() node.Place {
	return node.Place{Data: s.Data, Metadata: s.cfg.Metadata, Objects: s.cfg.Objects, RootKeys: s.cfg.RootKeys, Getenv: s.cfg.Getenv}
}

// CreateAccount makes another account.
func (s *Server) CreateAccount(id string) {
	s.t.Helper()
	admin, err := s.place().OpenAdmin(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	defer admin.Close()
	if err := admin.CreateAccount(s.t.Context(), id, "test", s.Now()); err != nil {
		s.t.Fatal(err)
	}
}

// Shell runs commands as a user on a machine of their own: a home that is
// empty but for what the test puts there, and no configuration from outside.
type Shell struct {
	Home string
	Dir  string
	env  map[string]string
	t    testing.TB
}

// Shell makes a user whose tools find this server.
func (s *Server) Shell(path ...string) *Shell {
	home := s.t.TempDir()
	traces := lookAtUser(s.t, home)
	return &Shell{t: s.t, Home: home, Dir: home, env: map[string]string{
		"HOME": home, "LC_ALL": "C.UTF-8", "TZ": "UTC",
		"PATH":              strings.Join(append(path, os.Getenv("PATH")), string(os.PathListSeparator)),
		"GIT_CONFIG_SYSTEM": os.DevNull, "GIT_TERMINAL_PROMPT": "0",
		"GIT_AUTHOR_NAME": "Maria Garcia", "GIT_AUTHOR_EMAIL": "maria@example.com",
		"GIT_COMMITTER_NAME": "Maria Garcia", "GIT_COMMITTER_EMAIL": "maria@example.com",
		"AWS_ENDPOINT_URL": s.URL, "AWS_CA_BUNDLE": s.CA(), "AWS_EC2_METADATA_DISABLED": "true",
		"AWS_PAGER": "", marker: "1",
		"GIT_TRACE": traces + "/git", "GIT_TRACE_CURL": traces + "/curl", "GIT_TRACE_CURL_NO_DATA": "1",
	}}
}

// Set sets a variable; an empty value removes it.
func (s *Shell) Set(name, value string) *Shell {
	if value == "" {
		delete(s.env, name)
	} else {
		s.env[name] = value
	}
	return s
}

// As puts credentials into the environment.
func (s *Shell) As(c sigv4.Credentials) *Shell {
	return s.Set("AWS_ACCESS_KEY_ID", c.AccessKeyID).Set("AWS_SECRET_ACCESS_KEY", c.Secret.Reveal()).
		Set("AWS_SESSION_TOKEN", c.Token).Set("AWS_DEFAULT_REGION", node.DefaultRegion)
}

// In returns the same user in another directory, relative to the home.
func (s *Shell) In(dir string) *Shell {
	other := *s
	other.Dir = filepath.Join(s.Home, dir)
	return &other
}

// Command prepares a command of the user.
func (s *Shell) Command(name string, args ...string) *exec.Cmd {
	path := name
	for _, dir := range filepath.SplitList(s.env["PATH"]) {
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil && !strings.Contains(name, "/") {
			path = filepath.Join(dir, name)
			break
		}
	}
	c := exec.CommandContext(s.t.Context(), path, args...)
	c.Args[0] = name
	c.Dir = s.Dir
	for k, v := range s.env {
		c.Env = append(c.Env, k+"="+v)
	}
	return c
}

// Run runs a command that must succeed and returns what it prints on standard output.
func (s *Shell) Run(name string, args ...string) string {
	s.t.Helper()
	out, errOut, err := s.Try(name, args...)
	if err != nil {
		s.t.Fatalf("%s %s: %v\n%s%s", name, strings.Join(args, " "), err, out, errOut)
	}
	return out
}

// Try runs a command and returns both of its outputs.
func (s *Shell) Try(name string, args ...string) (stdout, stderr string, err error) {
	c := s.Command(name, args...)
	var out, errOut bytes.Buffer
	c.Stdout, c.Stderr = &out, &errOut
	err = c.Run()
	Printed(name, errOut.String())
	return out.String(), errOut.String(), err
}

// Fail runs a command that must fail and returns all that it prints.
func (s *Shell) Fail(name string, args ...string) string {
	s.t.Helper()
	out, errOut, err := s.Try(name, args...)
	if err == nil {
		s.t.Fatalf("%s %s: it succeeded, and should not\n%s%s", name, strings.Join(args, " "), out, errOut)
	}
	return out + errOut
}

// Write puts a file into the user's home.
func (s *Shell) Write(name, text string) string {
	s.t.Helper()
	path := filepath.Join(s.Home, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
	return path
}

// Logs keeps what a server logs.
type Logs struct {
	mu    sync.Mutex
	b     bytes.Buffer
	flush func() // writes the lines that wait
}

var _ io.Writer = (*Logs)(nil)

func (l *Logs) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *Logs) String() string {
	l.mu.Lock()
	flush := l.flush
	l.mu.Unlock()
	if flush != nil {
		flush()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
