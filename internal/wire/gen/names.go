package main

import (
	"strings"
	"unicode"
)

// exported is a model's name as a Go identifier that other packages see.
func exported(name string) string { return strings.ToUpper(name[:1]) + name[1:] }

// label is a member's name as validation messages spell it.
func label(name string) string { return strings.ToLower(name[:1]) + name[1:] }

// errorName is an exception's name without its suffix.
func errorName(shape string) string { return exported(strings.TrimSuffix(shape, "Exception")) }

// enumName is an enumeration's value as part of an identifier: "text/csv" is TextCsv.
func enumName(value string) string {
	words := strings.FieldsFunc(value, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	for i, w := range words {
		words[i] = exported(w)
	}
	return strings.Join(words, "")
}

// constraintName drops what a shape's name says of its type only.
func constraintName(shape string) string {
	for _, suffix := range []string{"TypeEnum", "Enum", "List"} {
		if s := strings.TrimSuffix(shape, suffix); s != shape {
			return s
		}
	}
	return shape
}
