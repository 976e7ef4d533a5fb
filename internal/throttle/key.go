package throttle

import (
	"hash/maphash"
	"math/bits"
	"net/netip"
	"strings"
	"unicode"
	"unicode/utf8"
)

// key is a keyed hash of what a record is about: of the same length whatever
// was sent, and nobody outside can tell which others it stands beside.
type key uint64

// tag tells apart what may be spelled alike.
type tag uint64

const (
	tagNetwork tag = iota + 1
	tagSite
	tagProvider
	tagIdentity
	tagKey
	tagGuess
	tagWork
	tagReport
)

type seed struct{ maphash.Seed }

func newSeed() seed { return seed{maphash.MakeSeed()} }

func (k key) with(t tag) key { return k.and(key(t)) }

// and joins two keys. The order counts.
func (k key) and(other key) key {
	hi, lo := bits.Mul64(uint64(k)^0x9e3779b97f4a7c15, bits.RotateLeft64(uint64(other), 29)^0xd1b54a32d192ed03)
	joined := key(hi^lo) ^ k
	return max(joined, 1) // 0 is no key
}

// place is where a request comes from.
type place struct {
	network, site key
	wide          bool // the site is more than the network
}

// place of an address: IPv4 stands for itself. Of an IPv6 address the last 64
// bits are its owner's to choose, and up to 16 more often too.
func (s seed) place(a netip.Addr) place {
	a = a.Unmap()
	b := a.As16()
	if !a.Is6() {
		return place{network: key(maphash.Bytes(s.Seed, b[:])).with(tagNetwork)}
	}
	return place{network: key(maphash.Bytes(s.Seed, b[:8])).with(tagNetwork), site: key(maphash.Bytes(s.Seed, b[:6])).with(tagSite), wide: true}
}

// text is a name's key, whatever its case.
func (s seed) text(t tag, name string) key {
	var space [128]byte
	b := append(space[:0], strings.TrimSpace(name)...)
	for i, c := range b {
		if c >= utf8.RuneSelf {
			b = fold(b)
			break
		}
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return key(maphash.Bytes(s.Seed, b)).with(t)
}

// fold takes the case off what is not ASCII.
func fold(b []byte) (folded []byte) {
	for _, r := range string(b) {
		folded = utf8.AppendRune(folded, unicode.ToLower(unicode.ToUpper(r)))
	}
	return folded
}
