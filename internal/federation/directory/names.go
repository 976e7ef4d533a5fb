package directory

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"sojourn/internal/secret"
)

const (
	maxName     = 256  // characters
	maxPassword = 1024 // bytes
)

// checkName returns a typed name as it is sent to the directory. Letters, marks,
// digits and the punctuation of names and addresses may be in it: nothing that
// has a meaning in a filter or a DN, and nothing that cannot be seen.
func checkName(name string) (string, error) {
	if len(name) > maxName*utf8.UTFMax || !utf8.ValidString(name) {
		return "", refused("the name is not one")
	}
	name = norm.NFC.String(name)
	if n := utf8.RuneCountInString(name); n == 0 || n > maxName || strings.TrimSpace(name) == "" {
		return "", refused("the name is not one")
	}
	for _, r := range name {
		if !unicode.In(r, unicode.L, unicode.M, unicode.N, unicode.Zs) && !strings.ContainsRune(`._@\-+'`, r) {
			return "", refused("the name has characters that names may not have")
		}
	}
	return name, nil
}

// checkPassword refuses what some directories take for no password at all, and
// then let in anybody.
func checkPassword(p secret.String) error {
	text := p.Reveal()
	switch {
	case text == "":
		return refused("the password is empty")
	case len(text) > maxPassword:
		return refused("the password is too long")
	case strings.ContainsRune(text, 0):
		return refused("the password has a NUL in it")
	}
	return nil
}

// fold is a name as directories compare it.
func fold(name string) string {
	return strings.Join(strings.Fields(strings.ToLower(norm.NFKC.String(name))), " ")
}

// typed is a name as the throttle knows it; a person's id never looks so.
func typed(name string) string { return "?" + fold(name) }
