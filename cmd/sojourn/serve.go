package main

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"net/netip"
	"runtime"
	"strconv"
	"time"

	"sojourn/internal/node"
)

// serveFlags binds a node's configuration to the command line.
func serveFlags(a *app) (*settings, *node.Config) {
	c := &node.Config{}
	f := newFlags(a, "serve --data DIR [FLAGS]",
		"Serves Git over HTTPS and the STS, IAM and CodeCommit APIs.\n"+
			"Each flag is also SOJOURN_… in the environment (SOJOURN_DATA, SOJOURN_LISTEN, …) and a line\n"+
			"\"name = value\" in the file that --config names. Order: flag, environment, file, default.\n"+
			"In the environment and the file only: root-keys, cache-size (GiB), events-…, git-…, login-with-amazon-app, facebook-app,\n"+
			"facebook-secret-file.",
		"sojourn serve --data /var/lib/sojourn --listen 0.0.0.0:8443")
	f.StringVar(&c.Data, "data", "", "`DIR` of everything that the server keeps")
	f.StringVar(&c.Listen, "listen", node.DefaultListen, "`HOST:PORT` to listen on; port 0 takes a free one")
	f.StringVar(&c.Region, "region", node.DefaultRegion, "the AWS `REGION` that this server is")
	f.StringVar(&c.Account, "account", node.DefaultAccount, "`ID` of the first account, made at the first start")
	f.StringVar(&c.Metadata, "metadata", "", "`URL` of PostgreSQL, postgres://HOST/NAME, for many nodes; its password is no part of a flag")
	f.StringVar(&c.Objects, "objects", "", "`URL` of an S3 bucket, s3://BUCKET[/PREFIX]?endpoint=…&region=…, beside --metadata")
	f.StringVar(&c.TLSCert, "tls-cert", "", "PEM `FILE` of the certificate chain; without it the server is its own authority")
	f.StringVar(&c.TLSKey, "tls-key", "", "PEM `FILE` of the certificate's key")
	f.BoolVar(&c.PlainHTTP, "plain-http", false, "serve without TLS, for a TLS proxy in front")
	ranges(f, "federation-allow-cidr", "private `CIDR` in which identity providers may be reached; may be repeated", &c.FederationAllow)
	f.StringVar(&c.FederationCA, "federation-ca", "", "PEM `FILE` of further authorities for identity providers")
	ranges(f, "trusted-proxy", "`CIDR` of proxies in front, whose X-Forwarded-For is believed; may be repeated", &c.Proxies)
	throttleFlags(f, c)
	auditFlags(f, c)
	f.TextVar(&c.LogLevel, "log-level", slog.LevelInfo, "debug, info, warn or error")
	f.StringVar(&c.LogFormat, "log-format", "text", "text or json")
	f.String("config", "", "`FILE` with the same settings")
	return &settings{flags: f, more: moreSettings(c), lists: map[string]bool{
		"federation-allow-cidr": true, "login-with-amazon-app": true, "trusted-proxy": true, "throttle-exempt-cidr": true, "events-allow-cidr": true}}, c
}

// ranges binds a list of address ranges to a flag that may be repeated.
func ranges(f *flag.FlagSet, name, usage string, list *[]netip.Prefix) {
	f.Func(name, usage, func(v string) error {
		p, err := netip.ParsePrefix(v)
		if err != nil {
			return fmt.Errorf("%q is no address range such as 10.0.0.0/8", v)
		}
		*list = append(*list, p.Masked())
		return nil
	})
}

// auditFlags say how the record of what happens is kept.
func auditFlags(f *flag.FlagSet, c *node.Config) {
	f.StringVar(&c.Audit.Mode, "audit-mode", "normal", "`WHEN` an audit record counts as written: normal (before the act, on disk within a second), strict (on disk before the act) or lenient (the act goes on without it)")
	f.IntVar(&c.Audit.FileSize, "audit-file-size", 256, "`MIB` after which the audit log goes on in another file")
	f.IntVar(&c.Audit.Retention, "audit-retention", 0, "`DAYS` for which files of the audit log are kept; 0 keeps all")
	f.StringVar(&c.Audit.Unknown, "audit-unknown-sessions", "report", "`WHAT` happens to a session that no record of an issue is of: report or refuse")
}

// throttleFlags say how wrong passwords are slowed down. Their defaults are the node's.
func throttleFlags(f *flag.FlagSet, c *node.Config) {
	f.Func("throttle-free-failures", "`N` wrong passwords of an identity at an address before delays begin (default 5)", func(v string) (err error) {
		if c.ThrottleFree, err = strconv.Atoi(v); err != nil || c.ThrottleFree < 1 {
			return fmt.Errorf("%q is no number from 1 on", v)
		}
		return nil
	})
	f.Func("throttle-longest-delay", "`TIME` at which the delay behind wrong passwords stops doubling (default 15m)", func(v string) (err error) {
		if c.ThrottleDelay, err = time.ParseDuration(v); err != nil || c.ThrottleDelay <= 0 {
			return fmt.Errorf("%q is no time such as 15m", v)
		}
		return nil
	})
	ranges(f, "throttle-exempt-cidr", "`CIDR` that many people share, and that has no budget of failures of its own; may be repeated", &c.ThrottleExempt)
}

// moreSettings are what few need: how a node of many keeps its part, who is told
// of events, how many git processes run, and the access tokens of Amazon and Facebook.
func moreSettings(c *node.Config) *flag.FlagSet {
	f := flag.NewFlagSet("", flag.ContinueOnError)
	f.StringVar(&c.RootKeys, "root-keys", "", "")
	f.Func("cache-size", "", func(v string) (err error) {
		if c.CacheSize, err = strconv.Atoi(v); err != nil || c.CacheSize < 1 {
			return fmt.Errorf("%q is no number of GiB", v)
		}
		return nil
	})
	f.Func("login-with-amazon-app", "", func(v string) error {
		c.AmazonApps = append(c.AmazonApps, v)
		return nil
	})
	f.StringVar(&c.FacebookApp, "facebook-app", "", "")
	f.StringVar(&c.FacebookSecret, "facebook-secret-file", "", "")
	eventSettings(f, c)
	queueSettings(f, c)
	return f
}

// ballast makes the garbage collector wait for more: it runs when the heap has
// doubled, which is often where next to nothing stays and each request leaves
// some 20 KiB. Its pages are never touched, so that they take no memory.
const ballast = 8 << 20

// runServe runs a node until it is told to stop.
func runServe(ctx context.Context, a *app, args []string) error {
	noCore()
	defer runtime.KeepAlive(make([]byte, ballast))
	s, c := serveFlags(a)
	if err := s.load(a, args); err != nil {
		return err
	}
	c.Getenv = a.getenv
	n, err := node.Start(ctx, *c, node.Options{Logs: a.stderr})
	if err != nil {
		return err
	}
	fmt.Fprintf(a.stdout, "listening on %s\n", n.URL())
	return n.Wait(ctx)
}
