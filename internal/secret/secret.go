// Package secret holds text that must not be printed: every way of formatting
// it gives **redacted**. Reveal is the one way to the bytes, so a reviewer can
// find each use by searching for it.
package secret

import "log/slog"

const redacted = "**redacted**"

// String is a secret text.
type String struct{ s string }

// New wraps s.
func New(s string) String { return String{s} }

// Reveal returns the text itself.
func (s String) Reveal() string { return s.s }

// Empty reports whether there is no text.
func (s String) Empty() bool { return s.s == "" }

func (String) String() string               { return redacted }
func (String) GoString() string             { return redacted }
func (String) MarshalText() ([]byte, error) { return []byte(redacted), nil }
func (String) LogValue() slog.Value         { return slog.StringValue(redacted) }
