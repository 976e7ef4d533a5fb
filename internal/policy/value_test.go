package policy

import (
	"net/netip"
	"testing"
	"time"
)

func TestDecimalsCompareExactly(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want int
	}{
		{"1", "1", 0}, {"1", "1.0", 0}, {"01", "1", 0}, {"+1", "1", 0}, {"-0", "0", 0}, {"-0.00", "0", 0},
		{"1", "2", -1}, {"10", "9", 1}, {"-1", "1", -1}, {"-2", "-1", -1}, {"-1", "-2", 1},
		{"1.5", "1.25", 1}, {"0.05", "0.5", -1}, {"-1.5", "-1.25", -1},
		{"9007199254740993", "9007199254740992", 1}, // equal as float64
		{"99999999999999999999999999", "99999999999999999999999998.9", 1},
	} {
		a, okA := parseDecimal(tt.a)
		b, okB := parseDecimal(tt.b)
		if got := a.compare(b); !okA || !okB || got != tt.want {
			t.Errorf("%s ? %s = %d (%t, %t), want %d", tt.a, tt.b, got, okA, okB, tt.want)
		}
	}
	for _, s := range []string{"", "-", "+", ".", "1.", ".5", "1e3", "0x1", "1 ", " 1", "1,000", "NaN", "Inf", "--1", "１"} {
		if d, ok := parseDecimal(s); ok {
			t.Errorf("parseDecimal(%q) = %+v, want a refusal", s, d)
		}
	}
}

func TestInstants(t *testing.T) {
	at := func(s string) instant {
		d, err := time.Parse(time.RFC3339Nano, s)
		if err != nil {
			t.Fatal(err)
		}
		return instant{d.Unix(), d.Nanosecond()}
	}
	for _, tt := range []struct {
		text string
		want instant
	}{
		{"2026", at("2026-01-01T00:00:00Z")},
		{"2026-11", at("2026-11-01T00:00:00Z")},
		{"2026-11-24", at("2026-11-24T00:00:00Z")},
		{"2024-02-29", at("2024-02-29T00:00:00Z")},
		{"2026-11-24T10:20Z", at("2026-11-24T10:20:00Z")},
		{"2026-11-24T10:20:30Z", at("2026-11-24T10:20:30Z")},
		{"2026-11-24t10:20:30z", at("2026-11-24T10:20:30Z")},
		{"2026-11-24T10:20:30", at("2026-11-24T10:20:30Z")},
		{"2026-11-24T10:20:30.5Z", at("2026-11-24T10:20:30.5Z")},
		{"2026-11-24T10:20:30.000000001Z", at("2026-11-24T10:20:30.000000001Z")},
		{"2026-11-24T10:20:30+02:00", at("2026-11-24T08:20:30Z")},
		{"2026-11-24T10:20:30-05:30", at("2026-11-24T15:50:30Z")},
		{"2016-12-13T21:20:37.593194+00:00", at("2016-12-13T21:20:37.593194Z")},
		{"2016-12-13t2:00:00.593194+23", at("2016-12-12T03:00:00.593194Z")},
		{"0", instant{}},
		{"1446071622", at("2015-10-28T22:33:42Z")},
		{"-292275054", instant{seconds: -292275054}},
		{"-2026", instant{seconds: -2026}},
		{"-200", instant{seconds: -200}},
		{"9223372036854775807", instant{seconds: 1<<63 - 1}},
	} {
		if got, ok := parseInstant(tt.text); !ok || got != tt.want {
			t.Errorf("parseInstant(%q) = %v, %t, want %v", tt.text, got, ok, tt.want)
		}
	}
}

func TestInstantsRefuse(t *testing.T) {
	for _, s := range []string{
		"", "-", "b", "sdfdsf", "234-13", "01T", "2026-", "2026-13", "2026-00", "2026-11-", "2026-11-31", "2026-02-29", "2026-1-1",
		"2026-11-24T", "2026-11-24T10", "2026-11-24T10:2", "2026-11-24T24:00:00Z", "2026-11-24T10:60Z", "2026-11-24T10:20:60Z",
		"2026-11-24T10:20:30.Z", "2026-11-24T10:20:30.1999999999Z", "2026-11-24T10:20:30+2", "2026-11-24T10:20:30+24:00",
		"2026-11-24T10:20:30+02:60", "2026-11-24T10:20:30ZZ", "2026-11-24T10:20:30Q", "2026-11-24 10:20:30Z", "2026-11-24x",
		"2016-12-13t2:00:00.593194+1", "9223372036854775808", "1.5", "1e9", "12026-11-24",
	} {
		if got, ok := parseInstant(s); ok {
			t.Errorf("parseInstant(%q) = %v, want a refusal", s, got)
		}
	}
}

func TestInstantsOrder(t *testing.T) {
	order := []string{"-292275054", "0", "2026", "2026-11-24T10:20:30Z", "2026-11-24T10:20:30.1Z", "2026-11-24T10:20:31Z", "9223372036854775807"}
	for i, a := range order {
		for j, b := range order {
			x, _ := parseInstant(a)
			y, _ := parseInstant(b)
			if got := x.compare(y); (got < 0) != (i < j) || (got > 0) != (i > j) {
				t.Errorf("%s ? %s = %d", a, b, got)
			}
		}
	}
}

func TestNetworks(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"203.0.113.0/24", "203.0.113.0/24"},
		{"203.0.113.77/24", "203.0.113.0/24"}, // host bits ignored
		{"203.0.113.7", "203.0.113.7/32"},
		{"0.0.0.0/0", "0.0.0.0/0"},
		{"2001:db8::/32", "2001:db8::/32"},
		{"2001:DB8::1", "2001:db8::1/128"},
		{"::ffff:203.0.113.7", "203.0.113.7/32"},
		{"::ffff:203.0.113.0/120", "203.0.113.0/24"},
		{"::ffff:0.0.0.0/96", "0.0.0.0/0"},
		{"::ffff:0:0/90", "::ffc0:0:0/90"},
		{"2001:db8::7/120", "2001:db8::/120"},
	} {
		if got, ok := parseNetwork(tt.text); !ok || got != netip.MustParsePrefix(tt.want) {
			t.Errorf("parseNetwork(%q) = %v, %t, want %s", tt.text, got, ok, tt.want)
		}
	}
	for _, s := range []string{"", "10", "10.0.0", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/08", "010.0.0.1", "fe80::1%eth0", "fe80::%a/64", "*", "10.0.0.*", "x", "1.2.3.4.5"} {
		if got, ok := parseNetwork(s); ok {
			t.Errorf("parseNetwork(%q) = %v, want a refusal", s, got)
		}
	}
}
