package policy

import (
	"cmp"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// decimal is a number as text, split so that two compare exactly at any
// length: no leading zeros in whole, no trailing zeros in fraction.
type decimal struct {
	negative        bool
	whole, fraction string
}

// parseDecimal reads [+-]digits[.digits].
func parseDecimal(s string) (d decimal, ok bool) {
	if s != "" && (s[0] == '-' || s[0] == '+') {
		d.negative = s[0] == '-'
		s = s[1:]
	}
	whole, fraction, point := strings.Cut(s, ".")
	if !allDigits(whole) || point && !allDigits(fraction) {
		return decimal{}, false
	}
	d.whole, d.fraction = strings.TrimLeft(whole, "0"), strings.TrimRight(fraction, "0")
	if d.whole == "" && d.fraction == "" {
		d.negative = false
	}
	return d, true
}

func allDigits(s string) bool {
	for i := range len(s) {
		if !isDigit(s[i]) {
			return false
		}
	}
	return s != ""
}

func (d decimal) compare(o decimal) int {
	if d.negative != o.negative {
		if d.negative {
			return -1
		}
		return 1
	}
	n := cmp.Or(cmp.Compare(len(d.whole), len(o.whole)), cmp.Compare(d.whole, o.whole), cmp.Compare(d.fraction, o.fraction))
	if d.negative {
		return -n
	}
	return n
}

// instant is a point in time, wide enough for every epoch value that fits 64 bits.
type instant struct {
	seconds int64 // since 1970
	nanos   int
}

func (t instant) compare(o instant) int {
	return cmp.Or(cmp.Compare(t.seconds, o.seconds), cmp.Compare(t.nanos, o.nanos))
}

// parseInstant reads the W3C forms of ISO 8601 (year, year-month, date, date
// and time with or without seconds, fraction and zone; no zone is UTC) or the
// seconds since 1970. Four digits are a year.
func parseInstant(s string) (instant, bool) {
	if digits := strings.TrimPrefix(s, "-"); allDigits(digits) && (len(digits) != 4 || digits != s) {
		n, err := strconv.ParseInt(s, 10, 64)
		return instant{seconds: n}, err == nil
	}
	p := dateScanner{rest: s, ok: true}
	year, month, day := p.digits(4, 4), 1, 1
	if p.has('-') {
		month = p.digits(2, 2)
		if p.has('-') {
			day = p.digits(2, 2)
			if p.has('t') {
				return p.time(year, month, day)
			}
		}
	}
	return p.finish(year, month, day, 0, 0, 0, 0, 0)
}

type dateScanner struct {
	rest string
	ok   bool
}

// digits reads between low and high digits.
func (p *dateScanner) digits(low, high int) int {
	n := 0
	for n < high && n < len(p.rest) && isDigit(p.rest[n]) {
		n++
	}
	value, _ := strconv.Atoi(p.rest[:n])
	p.ok = p.ok && n >= low
	p.rest = p.rest[n:]
	return value
}

// has consumes c, in either case, if it is next.
func (p *dateScanner) has(c byte) bool {
	if p.rest == "" || lower(p.rest[0]) != c {
		return false
	}
	p.rest = p.rest[1:]
	return true
}

// time reads HH:MM[:SS[.fraction]][zone]; IAM takes an hour of one digit too.
func (p *dateScanner) time(year, month, day int) (instant, bool) {
	hour, second, nanos := p.digits(1, 2), 0, 0
	p.ok = p.ok && p.has(':')
	minute := p.digits(2, 2)
	if p.has(':') {
		second = p.digits(2, 2)
		if p.has('.') {
			before := len(p.rest)
			nanos = p.digits(1, 9)
			for range 9 - (before - len(p.rest)) {
				nanos *= 10
			}
		}
	}
	p.ok = p.ok && hour < 24 && minute < 60 && second < 60
	return p.finish(year, month, day, hour, minute, second, nanos, p.zone())
}

// zone reads Z, ±HH or ±HH:MM and returns the offset east of UTC in seconds.
func (p *dateScanner) zone() int {
	sign := 1
	switch {
	case p.rest == "" || p.has('z'):
		return 0
	case p.has('-'):
		sign = -1
	case !p.has('+'):
		p.ok = false
	}
	hours, minutes := p.digits(2, 2), 0
	if p.has(':') {
		minutes = p.digits(2, 2)
	}
	p.ok = p.ok && hours < 24 && minutes < 60
	return sign * (hours*3600 + minutes*60)
}

func (p *dateScanner) finish(year, month, day, hour, minute, second, nanos, offset int) (instant, bool) {
	t := time.Date(year, time.Month(month), day, hour, minute, second, nanos, time.UTC)
	if !p.ok || p.rest != "" || int(t.Month()) != month || t.Day() != day {
		return instant{}, false
	}
	return instant{seconds: t.Unix() - int64(offset), nanos: nanos}, true
}

// parseNetwork reads an address or a network of either IP version; host bits
// are ignored, and IPv4 inside IPv6 is IPv4.
func parseNetwork(s string) (netip.Prefix, bool) {
	if !strings.Contains(s, "/") {
		a, ok := parseAddress(s)
		return netip.PrefixFrom(a, a.BitLen()), ok
	}
	p, err := netip.ParsePrefix(s)
	if err != nil {
		return netip.Prefix{}, false
	}
	if a, bits := p.Addr(), p.Bits(); a.Is4In6() && bits >= 96 {
		p = netip.PrefixFrom(a.Unmap(), bits-96)
	}
	return p.Masked(), true
}

func parseAddress(s string) (netip.Addr, bool) {
	a, err := netip.ParseAddr(s)
	return a.Unmap(), err == nil && a.Zone() == ""
}
