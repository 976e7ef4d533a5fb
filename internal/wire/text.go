package wire

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"unicode/utf8"
)

// maxShown bounds how much of a caller's own value an error repeats.
const maxShown = 1024

// clip cuts s to maxShown bytes at a character's edge.
func clip(s string) string {
	if len(s) <= maxShown {
		return s
	}
	n := maxShown
	for !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "..."
}

// brief quotes outside text for an error about the request's form.
func brief(s string) string {
	if len(s) > 64 {
		s = s[:64]
	}
	return strconv.Quote(s)
}

// shown is brief, but for sensitive values nothing.
func shown(s *Shape, text string) string {
	if s.Sensitive {
		return "given"
	}
	return brief(text)
}

func kindName(k Kind) string {
	return [...]string{"string", "integer", "number", "boolean", "timestamp", "base64 blob", "list", "map", "structure"}[k]
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }
