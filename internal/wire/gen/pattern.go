package main

import (
	"fmt"
	"regexp"
)

// javaEscape is a character written as Java's \uXXXX, or any other escape (so
// that an escaped backslash before a "u" is not taken for one).
var javaEscape = regexp.MustCompile(`\\(?:u([0-9A-Fa-f]{4})|.)`)

// byHand holds what RE2 cannot express as it stands. How long the text may be
// is left to the model's min and max.
var byHand = map[string]string{
	// An account's alias: neither two hyphens in a row nor one at an end.
	`^[a-z0-9]([a-z0-9]|-(?!-)){1,61}[a-z0-9]$`: `[a-z0-9](?:-?[a-z0-9])*`,
}

// translate turns a model's pattern, which is Java's, into RE2's syntax. Java
// reads exactly four digits after \u. What RE2 cannot express is an error,
// unless it was translated by hand.
func translate(pattern string) (string, error) {
	if expr, ok := byHand[pattern]; ok {
		return expr, nil
	}
	expr := javaEscape.ReplaceAllStringFunc(pattern, func(e string) string {
		if m := javaEscape.FindStringSubmatch(e); m[1] != "" {
			return `\x{` + m[1] + `}`
		}
		return e
	})
	if _, err := regexp.Compile("^(?:" + expr + ")$"); err != nil {
		return "", fmt.Errorf("pattern %q cannot be expressed: %w", pattern, err)
	}
	return expr, nil
}
