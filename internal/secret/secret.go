// Package secret holds text that must not be printed: every way of formatting
// it gives **redacted**. Reveal is the one way to the bytes, so a reviewer can
// find each use by searching for it.
package secret

import (
	"fmt"
	"io"
	"log/slog"
)

const redacted = "**redacted**"

// String is a secret text. It cannot be compared by ==, which takes as long as
// two texts have in common.
type String struct {
	_ [0]func() // not comparable
	// A pointer, because fmt calls no method on what stands in another type's
	// unexported field: there it prints the address.
	text *string
}

// New wraps s.
func New(s string) String {
	if s == "" {
		return String{}
	}
	return String{text: &s}
}

// Reveal returns the text itself.
func (s String) Reveal() string {
	if s.Empty() {
		return ""
	}
	return *s.text
}

// Empty reports whether there is no text.
func (s String) Empty() bool { return s.text == nil }

func (String) String() string               { return redacted }
func (String) GoString() string             { return redacted }
func (String) MarshalText() ([]byte, error) { return []byte(redacted), nil }
func (String) LogValue() slog.Value         { return slog.StringValue(redacted) }

// Format answers the verbs that do not ask for String.
func (String) Format(f fmt.State, _ rune) { io.WriteString(f, redacted) }
