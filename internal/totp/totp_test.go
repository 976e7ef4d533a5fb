package totp

import (
	"testing"
	"time"
)

// The vectors of RFC 6238, appendix B, for SHA-1, cut to six digits.
func TestVectors(t *testing.T) {
	seed := []byte("12345678901234567890")
	for at, want := range map[int64]string{
		59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037", 20000000000: "353130",
	} {
		if got := Code(seed, Step(time.Unix(at, 0))); got != want {
			t.Errorf("at %d: %s, want %s", at, got, want)
		}
	}
}

func TestFind(t *testing.T) {
	seed := []byte("12345678901234567890")
	for _, c := range []struct {
		codes []string
		ok    bool
	}{
		{[]string{Code(seed, 99)}, true}, {[]string{Code(seed, 101)}, true}, {[]string{Code(seed, 98)}, false}, {[]string{Code(seed, 102)}, false},
		{[]string{Code(seed, 101), Code(seed, 102)}, true}, {[]string{Code(seed, 101), Code(seed, 101)}, false},
		{[]string{Code(seed, 100), Code(seed, 102)}, false}, {[]string{""}, false}, {[]string{Code(seed, 100) + "0"}, false},
	} {
		if step, ok := Find(seed, 100, 1, c.codes...); ok != c.ok || ok && Code(seed, step) != c.codes[0] {
			t.Errorf("%v: %d %v", c.codes, step, ok)
		}
	}
}
