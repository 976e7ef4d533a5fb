package node

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"strings"
	"time"

	"sojourn/internal/arn"
	"sojourn/internal/lazyre"
	"sojourn/internal/secret"
)

// Config is all that can be set for a node. The zero value of a field is its
// default, except Data, which has none.
type Config struct {
	Data    string // directory of everything that the node keeps
	Listen  string // HOST:PORT; port 0 takes a free one
	Region  string // the AWS region that this node is
	Account string // id of the first account, made at the first start

	// Stores that many nodes share; without them all is in Data. See Place.
	Metadata, Objects string
	RootKeys          string              // file of the root keys, where it is not in Data
	CacheSize         int                 // GiB on disk for packs of the object store; 0 is DefaultCacheSize
	MaxPush           int                 // MiB of one push; 0 is git.Options' default
	AccountQuota      int                 // MiB that the packs of an account may take; 0 is no bound
	Getenv            func(string) string // the environment that has the object store's credentials; os.Getenv when nil

	TLSCert, TLSKey string // PEM files; without them the node is its own authority
	PlainHTTP       bool   // for a TLS proxy in front

	FederationAllow []netip.Prefix // private ranges in which identity providers may be reached
	FederationCA    string         // PEM file of further authorities for them

	// Applications whose OAuth 2.0 access tokens may be signed in with; none of a
	// provider turns it off.
	AmazonApps     []string // client ids of Login with Amazon
	FacebookApp    string   // its id
	FacebookSecret string   // file with its secret

	Audit  Audit
	Events Events
	// How many git processes serve clients at a time, how many requests wait for
	// one, and for how long; zero values are package gitexec's.
	GitProcesses, GitQueue int
	GitQueueWait           time.Duration
	// Proxies are trusted to say in X-Forwarded-For for whom they ask.
	Proxies []netip.Prefix
	// How failures are slowed down; zero values are package throttle's.
	ThrottleFree   int            // failures of an identity at an address before delays begin
	ThrottleDelay  time.Duration  // the longest delay
	ThrottleExempt []netip.Prefix // addresses that many share, which have no budget of failures

	LogLevel  slog.Level
	LogFormat string // text or json
}

// Defaults of the command line.
const (
	DefaultListen  = "127.0.0.1:8443"
	DefaultRegion  = "us-east-1"
	DefaultAccount = "111122223333"

	DefaultCacheSize = 50 // GiB
)

var regionForm = lazyre.New(`^[a-z]{2,}(?:-[a-z0-9]+)+$`)

// check reports every mistake at once.
func (c *Config) check() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if c.Data == "" {
		bad("data: the directory is missing; give --data DIR")
	}
	if host, _, err := net.SplitHostPort(c.Listen); err != nil {
		bad("listen %q: want HOST:PORT", c.Listen)
	} else if strings.ContainsAny(host, "/ ") {
		bad("listen %q: %q is no host", c.Listen, host)
	}
	if !regionForm.MatchString(c.Region) {
		bad("region %q: want the form of us-east-1", c.Region)
	}
	if !arn.IsAccount(c.Account) {
		bad("account %q: want 12 digits", c.Account)
	}
	if (c.TLSCert == "") != (c.TLSKey == "") {
		bad("tls-cert and tls-key: one is set without the other")
	}
	if c.PlainHTTP && c.TLSCert != "" {
		bad("plain-http: leave out tls-cert and tls-key")
	}
	c.checkStores(bad)
	c.checkApps(bad)
	c.Audit.check(bad)
	c.Events.check(bad)
	c.checkQueue(bad)
	c.checkThrottle(bad)
	if c.LogFormat != "text" && c.LogFormat != "json" {
		bad("log-format %q: want text or json", c.LogFormat)
	}
	return errors.Join(errs...)
}

func (c *Config) place() Place {
	return Place{Data: c.Data, Metadata: c.Metadata, Objects: c.Objects, RootKeys: c.RootKeys, Getenv: c.Getenv}
}

func (c *Config) checkStores(bad func(format string, args ...any)) {
	if (c.Metadata == "") != (c.Objects == "") {
		bad("metadata and objects: one is set without the other; nodes share both or none")
	}
	if c.CacheSize < 0 || c.CacheSize > 1<<20 {
		bad("cache-size %d: want 1 to %d GiB", c.CacheSize, 1<<20)
	}
	if c.MaxPush < 0 || c.MaxPush > maxMiB {
		bad("git-max-push %d: want 1 to %d MiB", c.MaxPush, maxMiB)
	}
	if c.AccountQuota < 0 || c.AccountQuota > maxMiB {
		bad("git-account-quota %d: want 1 to %d MiB", c.AccountQuota, maxMiB)
	}
	if c.place().shared() && c.Audit.Unknown == "refuse" {
		bad("audit-unknown-sessions refuse: a node knows what it has issued itself, and not what others have")
	}
}

// maxMiB is a pebibyte.
const maxMiB = 1 << 30

// cacheBytes bounds the packs that are kept on this disk; 0 where they are links
// to the object store's own.
func (c *Config) cacheBytes() int64 {
	if !c.place().shared() {
		return 0
	}
	if c.CacheSize == 0 {
		return DefaultCacheSize << 30
	}
	return int64(c.CacheSize) << 30
}

// maxThrottleDelay bounds a delay: a day would be a lock-out.
const maxThrottleDelay = time.Hour

func (c *Config) checkThrottle(bad func(format string, args ...any)) {
	if c.ThrottleFree < 0 || c.ThrottleFree > 1000 {
		bad("throttle-free-failures %d: want 1 to 1000", c.ThrottleFree)
	}
	if c.ThrottleDelay < 0 || c.ThrottleDelay > maxThrottleDelay || c.ThrottleDelay > 0 && c.ThrottleDelay < time.Second {
		bad("throttle-longest-delay %s: want 1s to %s", c.ThrottleDelay, maxThrottleDelay)
	}
}

func (c *Config) checkQueue(bad func(format string, args ...any)) {
	if c.GitProcesses < 0 || c.GitProcesses > 10_000 {
		bad("git-processes %d: want 1 to 10000", c.GitProcesses)
	}
	if c.GitQueue < 0 || c.GitQueue > 100_000 {
		bad("git-queue %d: want 1 to 100000", c.GitQueue)
	}
	if c.GitQueueWait < 0 || c.GitQueueWait > time.Hour || c.GitQueueWait > 0 && c.GitQueueWait < time.Second {
		bad("git-queue-wait %s: want 1s to 1h", c.GitQueueWait)
	}
}

// appForm is the id of an application, so that none is a pattern or a list.
var appForm = lazyre.New(`^[A-Za-z0-9._-]{1,255}$`)

func (c *Config) checkApps(bad func(format string, args ...any)) {
	for _, app := range c.AmazonApps {
		if !appForm.MatchString(app) {
			bad("login-with-amazon-app %q: want the client id of an application", app)
		}
	}
	if c.FacebookApp != "" && strings.Trim(c.FacebookApp, "0123456789") != "" {
		bad("facebook-app %q: want the digits of an application's id", c.FacebookApp)
	}
	if (c.FacebookApp == "") != (c.FacebookSecret == "") {
		bad("facebook-app and facebook-secret-file: one is set without the other")
	}
}

// facebookSecret reads the application's secret; it is not there without one.
func (c *Config) facebookSecret() (secret.String, error) {
	if c.FacebookSecret == "" {
		return secret.String{}, nil
	}
	b, err := os.ReadFile(c.FacebookSecret)
	if err != nil {
		return secret.String{}, fmt.Errorf("facebook-secret-file: %w", err)
	}
	text := strings.TrimSpace(string(b))
	if text == "" || strings.ContainsAny(text, " \t\r\n") {
		return secret.String{}, fmt.Errorf("facebook-secret-file: %q does not hold a secret and nothing else", c.FacebookSecret)
	}
	return secret.New(text), nil
}
