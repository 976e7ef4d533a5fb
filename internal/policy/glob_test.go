package policy

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func TestMatch(t *testing.T) {
	for _, tt := range []struct {
		pattern, text string
		want          bool
	}{
		{"", "", true},
		{"", "a", false},
		{"a", "", false},
		{"abc", "abc", true},
		{"abc", "abcd", false},
		{"abc", "xabc", false},
		{"abc", "ABC", false},
		{"*", "", true},
		{"*", "anything/at:all", true},
		{"**", "a", true},
		{"a*", "a", true},
		{"a*", "ba", false},
		{"*a", "ba", true},
		{"*a", "ab", false},
		{"a*b", "ab", true},
		{"a*b", "a/x:y/b", true},
		{"a*b", "a", false},
		{"aa*aa", "aaa", false}, // the ends may not overlap
		{"*ab*ab*", "ab", false},
		{"*ab*ab*", "abab", true},
		{"a*b*c", "aXbXbXc", true},
		{"a*b*c", "aXcXb", false},
		{"?", "", false},
		{"?", "a", true},
		{"?", "ab", false},
		{"?", "é", true}, // one character, two bytes
		{"??", "é", false},
		{"a?c", "a漢c", true},
		{"*?", "", false},
		{"*?", "é", true},
		{"?*", "é", true},
		{"*??", "é", false},
		{"*??", "漢", false}, // three bytes are one character
		{"*?a?*", "xay", true},
		{"*?a?*", "ax", false},
		{"*a?", "aab", true},
		{"*é?c", "éxc", true},
		{"*?c", "xéc", true},
		{"*?c", "c", false},
		{"arn:aws:codecommit:*", repo, true},
		{"arn:aws:codecommit:*:111122223333:My*Repo", repo, true},
		{"arn:aws:codecommit:*:999999999999:*", repo, false},
	} {
		if got := match(encodeWild(tt.pattern), tt.text); got != tt.want {
			t.Errorf("match(%q, %q) = %t", tt.pattern, tt.text, got)
		}
	}
}

func TestMatchFold(t *testing.T) {
	for _, tt := range []struct {
		pattern, text string
		want          bool
	}{
		{"gitpull", "GitPull", true},
		{"git*", "GITPush", true},
		{"*branch", "DeleteBranch", true},
		{"get*tory", "GetRepository", true},
		{"get*tory*", "GetRepositoryTriggers", true},
		{"g?t*", "GetX", true},
		{"*b?anch", "DeleteBranch", true},
		{"gitpull", "GitPush", false},
		{"*pull", "GitPush", false},
		{"k", "\u212a", false}, // the Kelvin sign is no K
	} {
		if got := matchFold(encodeWild(lowerASCII(tt.pattern)), tt.text); got != tt.want {
			t.Errorf("matchFold(%q, %q) = %t", tt.pattern, tt.text, got)
		}
	}
}

// Patterns that take a backtracking matcher longer than the age of the
// universe take this one milliseconds.
func TestMatchIsBounded(t *testing.T) {
	text := strings.Repeat("a", 5000)
	for name, pattern := range map[string]string{
		"many stars":        strings.Repeat("*a", 2000) + "*b",
		"stars, then end":   strings.Repeat("*a", 2000) + "b",
		"one long piece":    "*" + strings.Repeat("a", 2500) + "b*",
		"question marks":    strings.Repeat("*?a", 1500) + "*b",
		"long question end": "*" + strings.Repeat("?a", 1200) + "b",
	} {
		start := time.Now()
		if match(encodeWild(pattern), text) || matchFold(encodeWild(pattern), text) {
			t.Errorf("%s: matched", name)
		}
		if took := time.Since(start); took > 2*time.Second {
			t.Errorf("%s: took %v", name, took)
		}
	}
}

// reference is the definition of the language, by dynamic programming over
// characters.
func reference(pattern, text string) bool {
	p, s := characters(pattern), characters(text)
	now := make([]bool, len(s)+1)
	now[0] = true
	for _, c := range p {
		next := make([]bool, len(s)+1)
		for i := range next {
			switch {
			case c == "*":
				next[i] = now[i] || i > 0 && next[i-1]
			case i > 0:
				next[i] = now[i-1] && (c == "?" || c == s[i-1])
			}
		}
		now = next
	}
	return now[len(s)]
}

func characters(s string) (out []string) {
	for s != "" {
		_, size := utf8.DecodeRuneInString(s)
		out = append(out, s[:size])
		s = s[size:]
	}
	return out
}

func FuzzGlob(f *testing.F) {
	for _, seed := range [][2]string{{"*a*a*b", "aaaa"}, {"a?c", "a漢c"}, {"*?é?*", "xéy"}, {"**", ""}, {"arn:*:x*", "arn:aws:xy"}, {"*?", "\xe6\xbc"}} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, pattern, text string) {
		if !utf8.ValidString(pattern) || len(pattern)*len(text) > 1<<20 {
			return // a pattern comes from a document, which is valid UTF-8
		}
		if got, want := match(encodeWild(pattern), text), reference(pattern, text); got != want {
			t.Fatalf("match(%q, %q) = %t, want %t", pattern, text, got, want)
		}
		small, folded := lowerASCII(pattern), lowerASCII(text)
		if got, want := matchFold(encodeWild(small), text), reference(small, folded); got != want {
			t.Fatalf("matchFold(%q, %q) = %t, want %t", small, text, got, want)
		}
	})
}
