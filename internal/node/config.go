package node

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"regexp"
	"strings"

	"sojourn/internal/arn"
)

// Config is all that can be set for a node. The zero value of a field is its
// default, except Data, which has none.
type Config struct {
	Data    string // directory of everything that the node keeps
	Listen  string // HOST:PORT; port 0 takes a free one
	Region  string // the AWS region that this node is
	Account string // id of the first account, made at the first start

	TLSCert, TLSKey string // PEM files; without them the node is its own authority
	PlainHTTP       bool   // for a TLS proxy in front

	FederationAllow []netip.Prefix // private ranges in which identity providers may be reached
	FederationCA    string         // PEM file of further authorities for them

	LogLevel  slog.Level
	LogFormat string // text or json
}

// Defaults of the command line.
const (
	DefaultListen  = "127.0.0.1:8443"
	DefaultRegion  = "us-east-1"
	DefaultAccount = "111122223333"
)

var regionForm = regexp.MustCompile(`^[a-z]{2,}(?:-[a-z0-9]+)+$`)

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
	if c.LogFormat != "text" && c.LogFormat != "json" {
		bad("log-format %q: want text or json", c.LogFormat)
	}
	return errors.Join(errs...)
}
