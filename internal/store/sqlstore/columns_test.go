package sqlstore

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestPrefixEnd(t *testing.T) {
	for prefix, want := range map[string]string{
		"a": "b", "refs/heads/": "refs/heads0", "a\x7f": "a\u0080", "é": "ê", "\ud7ff": "\ue000",
		"a\U0010ffff": "b", "a\xff": "b", "\xc3\xff": "\xc4", "\x80": "\x81",
	} {
		if got, ok := prefixEnd(prefix); !ok || got != want {
			t.Errorf("prefixEnd(%q) is %q, %v, want %q", prefix, got, ok, want)
		}
	}
	for _, prefix := range []string{"", "\xff", "\xff\xff", "\U0010ffff"} {
		if got, ok := prefixEnd(prefix); ok {
			t.Errorf("prefixEnd(%q) is %q, want none", prefix, got)
		}
	}
}

// FuzzPrefixEnd: the range holds all that begins with the prefix, and of texts
// nothing else; of a text the end is a text.
func FuzzPrefixEnd(f *testing.F) {
	for _, seed := range [][2]string{{"refs/heads/", "main"}, {"a\x7f", "\x80"}, {"é", "\xff"}, {"\xff", "\xff"}, {"\U0010ffff", "x"}} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, prefix, s string) {
		end, ok := prefixEnd(prefix)
		if ok && prefix+s >= end {
			t.Errorf("%q is not before %q", prefix+s, end)
		}
		if utf8.ValidString(prefix) && !utf8.ValidString(end) {
			t.Errorf("the end of %q is no text: %q", prefix, end)
		}
		inside := prefix != "" && s >= prefix && (!ok || s < end)
		if inside && utf8.ValidString(prefix) && utf8.ValidString(s) && !strings.HasPrefix(s, prefix) {
			t.Errorf("%q is in the range of %q", s, prefix)
		}
	})
}
