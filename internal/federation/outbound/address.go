package outbound

import "net/netip"

// special are ranges that belong to no public server, or that reach another
// address than they show (translation and tunnels). Sources: the IANA special
// purpose registries for IPv4 and IPv6 and RFC 6052, 6666, 7343, 8215, 9602, 9637.
var special = prefixes(
	"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16",
	"172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24",
	"192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15",
	"198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
	"2001::/23",     // IETF assignments, with Teredo and ORCHID
	"2001:db8::/32", // documentation
	"2002::/16",     // 6to4 carries any IPv4 address
	"2620:4f:8000::/48",
	"3fff::/20", // documentation
)

// globalUnicast is all of IPv6 that is given out to hosts; what lies outside is
// loopback, unique local, link local, multicast, translation, an IPv4 address in
// IPv6's clothes, or unassigned.
var globalUnicast = netip.MustParsePrefix("2000::/3")

// metadata are the addresses at which clouds hand their machines credentials.
// An operator's wide range does not open them, only a range of that one address.
var metadata = addresses(
	"169.254.169.254", "169.254.169.253", "169.254.169.123", "169.254.170.2", "169.254.170.23",
	"168.63.129.16", "100.100.100.200", "192.0.0.192",
	"fd00:ec2::254", "fd00:ec2::253", "fd00:ec2::23", "fd20:ce::254",
)

// public reports whether a is an address that a server on the internet can have.
func public(a netip.Addr) bool {
	if !a.IsValid() || a.Zone() != "" || metadata[a] {
		return false
	}
	if a.Is6() && !globalUnicast.Contains(a) {
		return false
	}
	return !within(special, a)
}

// permitted reports whether a may be dialled when the operator allows the
// ranges in allow beside the public addresses.
func permitted(a netip.Addr, allow []netip.Prefix) bool {
	if public(a) {
		return true
	}
	bare := a.Unmap().WithZone("")
	for _, p := range allow {
		if p.Contains(bare) && (!metadata[bare] || p.IsSingleIP()) {
			return true
		}
	}
	return false
}

func within(ranges []netip.Prefix, a netip.Addr) bool {
	for _, p := range ranges {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

func prefixes(texts ...string) []netip.Prefix {
	out := make([]netip.Prefix, len(texts))
	for i, t := range texts {
		out[i] = netip.MustParsePrefix(t)
	}
	return out
}

func addresses(texts ...string) map[netip.Addr]bool {
	out := make(map[netip.Addr]bool, len(texts))
	for _, t := range texts {
		out[netip.MustParseAddr(t)] = true
	}
	return out
}
