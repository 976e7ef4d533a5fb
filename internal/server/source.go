package server

import (
	"net/http"
	"net/netip"
	"strings"
)

// maxHops bounds how far a list of addresses is read.
const maxHops = 32

// sourceIP is where a request comes from: the connection's other end or, where
// that is a proxy that is trusted, the last address in X-Forwarded-For that is
// none. What stands before it was written by whoever asked, and is not believed.
func sourceIP(r *http.Request, proxies []netip.Prefix) netip.Addr {
	ap, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	from := clean(ap.Addr())
	if len(proxies) == 0 {
		return from
	}
	list := strings.Join(r.Header.Values("X-Forwarded-For"), ",")
	for range maxHops {
		if !within(from, proxies) {
			return from
		}
		comma := strings.LastIndexByte(list, ',')
		hop, ok := parseHop(list[comma+1:])
		if !ok {
			return from // the proxy itself is as far as we know
		}
		from, list = hop, list[:max(comma, 0)]
	}
	return from
}

// parseHop reads an address, with a port or without, as proxies write it.
func parseHop(s string) (netip.Addr, bool) {
	s = strings.TrimSpace(s)
	if ap, err := netip.ParseAddrPort(s); err == nil {
		return clean(ap.Addr()), true
	}
	a, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(s, "["), "]"))
	return clean(a), err == nil
}

func clean(a netip.Addr) netip.Addr { return a.Unmap().WithZone("") }

func within(a netip.Addr, list []netip.Prefix) bool {
	for _, p := range list {
		if p.Contains(a) {
			return true
		}
	}
	return false
}
