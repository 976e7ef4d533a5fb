package server

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"
)

var proxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8:ffff::/48")}

// TestSourceIP: who asks cannot choose the address that it is known by.
func TestSourceIP(t *testing.T) {
	for _, c := range []struct {
		name, remote string
		forwarded    []string
		trusted      bool
		want         string
	}{
		{"no proxy is trusted", "10.0.0.1:1", []string{"198.51.100.1"}, false, "10.0.0.1"},
		{"from a stranger", "203.0.113.1:1", []string{"198.51.100.1"}, true, "203.0.113.1"},
		{"from a proxy", "10.0.0.1:1", []string{"198.51.100.1"}, true, "198.51.100.1"},
		{"spoofed before the proxy", "10.0.0.1:1", []string{"192.0.2.66, 198.51.100.1"}, true, "198.51.100.1"},
		{"spoofed in a header of its own", "10.0.0.1:1", []string{"192.0.2.66", "198.51.100.1"}, true, "198.51.100.1"},
		{"spoofed as a proxy", "10.0.0.1:1", []string{"192.0.2.66, 10.0.0.9, 198.51.100.1"}, true, "198.51.100.1"},
		{"through two proxies", "10.0.0.1:1", []string{"192.0.2.66, 198.51.100.1, 10.0.0.2"}, true, "198.51.100.1"},
		{"through proxies alone", "10.0.0.1:1", []string{"10.0.0.3, 10.0.0.2"}, true, "10.0.0.3"},
		{"no address", "10.0.0.1:1", []string{"192.0.2.66, unknown"}, true, "10.0.0.1"},
		{"no address behind a proxy", "10.0.0.1:1", []string{"192.0.2.66, , 10.0.0.2"}, true, "10.0.0.2"},
		{"nothing", "10.0.0.1:1", nil, true, "10.0.0.1"},
		{"with a port", "10.0.0.1:1", []string{"198.51.100.1:4711"}, true, "198.51.100.1"},
		{"IPv6", "[2001:db8:ffff::1]:1", []string{"2001:DB8::1"}, true, "2001:db8::1"},
		{"IPv6 with a port and a zone", "10.0.0.1:1", []string{"[fe80::1%eth0]:80"}, true, "fe80::1"},
		{"IPv6 in brackets", "10.0.0.1:1", []string{"[2001:db8::1]"}, true, "2001:db8::1"},
		{"IPv4 as IPv6", "[::ffff:10.0.0.1]:1", []string{"::ffff:198.51.100.1"}, true, "198.51.100.1"},
		{"very many", "10.0.0.1:1", []string{"192.0.2.66," + strings.Repeat("10.0.0.7,", 5000) + "10.0.0.8"}, true, "10.0.0.7"},
		{"another header", "10.0.0.1:1", nil, true, "10.0.0.1"},
	} {
		r := &http.Request{RemoteAddr: c.remote, Header: http.Header{"X-Forwarded-For": c.forwarded, "X-Real-Ip": {"192.0.2.66"}, "Forwarded": {"for=192.0.2.66"}}}
		var trusted []netip.Prefix
		if c.trusted {
			trusted = proxies
		}
		if got := sourceIP(r, trusted); got.String() != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func FuzzSourceIP(f *testing.F) {
	for _, s := range []string{"", "198.51.100.1", "a, b", "[::1]:80, 10.0.0.1", "10.0.0.1,,", "fe80::1%x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := sourceIP(&http.Request{RemoteAddr: "10.0.0.1:1", Header: http.Header{"X-Forwarded-For": {s, "198.51.100.1"}}}, proxies)
		if got.String() != "198.51.100.1" {
			t.Errorf("%q in front leads to %s", s, got)
		}
		got = sourceIP(&http.Request{RemoteAddr: "10.0.0.1:1", Header: http.Header{"X-Forwarded-For": {s}}}, proxies)
		if !got.IsValid() || got.Zone() != "" || got.Is4In6() {
			t.Errorf("%q leads to %v", s, got)
		}
	})
}
