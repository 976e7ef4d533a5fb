package policy

import (
	"strings"
	"unicode/utf8"
)

// A compiled pattern is a string in which these two bytes stand for the
// wildcards. Neither occurs in UTF-8, so that every other byte, a substituted
// "*" included, is plain text.
const (
	anyRun byte = 0xff // "*": any run of characters, the empty one included
	anyOne byte = 0xfe // "?": exactly one character

	everything = "\xff" // the compiled "*"
)

// encodeWild compiles the wildcards of s.
func encodeWild(s string) string {
	if !strings.ContainsAny(s, "*?") {
		return s
	}
	out := []byte(s)
	for i, c := range out {
		switch c {
		case '*':
			out[i] = anyRun
		case '?':
			out[i] = anyOne
		}
	}
	return string(out)
}

// match reports whether text, whole, fits the compiled pattern. It keeps no
// stack of choices: of each piece between two wildcards the leftmost place is
// the right one, so the time is bounded by len(text) × the longest piece.
func match(pattern, text string) bool { return glob(pattern, text, false) }

// matchFold is match without regard to the case of ASCII letters in text; the
// pattern is in lower case.
func matchFold(pattern, text string) bool { return glob(pattern, text, true) }

func glob(pattern, text string, fold bool) bool {
	star := strings.IndexByte(pattern, anyRun)
	if star < 0 {
		return head(pattern, text, fold) == len(text)
	}
	n := head(pattern[:star], text, fold)
	if n < 0 {
		return false
	}
	for {
		text, pattern = text[n:], pattern[star+1:]
		if star = strings.IndexByte(pattern, anyRun); star < 0 {
			return tail(pattern, text, fold)
		}
		if n = find(pattern[:star], text, fold); n < 0 {
			return false
		}
	}
}

// head matches piece, which has no anyRun, at the start of text and returns
// how many bytes it took, -1 for no match.
func head(piece, text string, fold bool) int {
	if !fold && strings.IndexByte(piece, anyOne) < 0 {
		if !strings.HasPrefix(text, piece) {
			return -1
		}
		return len(piece)
	}
	n := 0
	for i := range len(piece) {
		if n >= len(text) {
			return -1
		}
		if piece[i] == anyOne {
			_, size := utf8.DecodeRuneInString(text[n:])
			n += size
			continue
		}
		c := text[n]
		if fold {
			c = lower(c)
		}
		if c != piece[i] {
			return -1
		}
		n++
	}
	return n
}

// find returns where the leftmost place of piece in text ends, -1 for none.
func find(piece, text string, fold bool) int {
	if !fold && strings.IndexByte(piece, anyOne) < 0 {
		i := strings.Index(text, piece)
		if i < 0 {
			return -1
		}
		return i + len(piece)
	}
	for start := 0; ; start += width(text[start:]) {
		if n := head(piece, text[start:], fold); n >= 0 {
			return start + n
		}
		if start == len(text) {
			return -1
		}
	}
}

// tail reports whether text ends in piece.
func tail(piece, text string, fold bool) bool {
	if strings.IndexByte(piece, anyOne) < 0 {
		start := len(text) - len(piece)
		return start >= 0 && head(piece, text[start:], fold) == len(piece)
	}
	for start := 0; start < len(text); start += width(text[start:]) {
		if head(piece, text[start:], fold) == len(text)-start {
			return true
		}
	}
	return false
}

// width is the size of the first character of text, 0 for none.
func width(text string) int {
	_, size := utf8.DecodeRuneInString(text)
	return size
}

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		c += 'a' - 'A'
	}
	return c
}

// lowerASCII leaves other letters alone: action names are ASCII, and Unicode
// has letters whose lower case is an ASCII letter.
func lowerASCII(s string) string {
	if strings.IndexFunc(s, func(r rune) bool { return r >= 'A' && r <= 'Z' }) < 0 {
		return s
	}
	out := []byte(s)
	for i, c := range out {
		out[i] = lower(c)
	}
	return string(out)
}
