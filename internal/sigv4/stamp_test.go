package sigv4

import (
	"math/rand/v2"
	"testing"
	"time"
)

// The library is the judge of what a stamp is; it also takes fractions of
// seconds, which are none.
func FuzzStamp(f *testing.F) {
	for _, s := range []string{
		"20260102T030405Z", "20260102t030405Z", "20260102T030405z", "20260102T030405", "20260102T030405ZZ", "2026010 T030405Z",
		"20260229T000000Z", "20280229T000000Z", "20260431T000000Z", "20261301T000000Z", "20260001T000000Z", "20260100T000000Z",
		"20260102T240000Z", "20260102T236000Z", "20260102T235960Z", "00000101T000000Z", "99991231T235959Z", "20260102T0304.5Z", "+0260102T030405Z",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		want, err := time.Parse(TimeFormat, s)
		isStamp := err == nil && want.Format(TimeFormat) == s
		got, ok := parseStamp(s)
		if ok != isStamp || ok && (!got.Equal(want) || stamp(got) != s) {
			t.Errorf("%q: %v, %v; the library says %v, %v", s, got, ok, want, isStamp)
		}
	})
}

func TestStampOfRandomTimes(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	zone := time.FixedZone("", -7*3600)
	for range 10_000 {
		at := time.Unix(random.Int64N(253402300799), random.Int64N(1e9)).In(zone)
		s := stamp(at)
		if back, ok := parseStamp(s); s != at.UTC().Format(TimeFormat) || !ok || back.Unix() != at.Unix() {
			t.Fatalf("%v: %q, read as %v, %v", at, s, back, ok)
		}
	}
}
