package oidc

import (
	"errors"
	"unicode/utf8"

	"github.com/go-jose/go-jose/v4/json"
)

// maxDepth bounds the nesting of objects and arrays.
const maxDepth = 16

// parseObject reads one JSON object. Names are case-sensitive; a duplicate name
// at any depth, text that is not UTF-8, and deep nesting are errors.
func parseObject(b []byte) (map[string]any, error) {
	if !utf8.Valid(b) {
		return nil, errors.New("JSON is not UTF-8")
	}
	if tooDeep(b) {
		return nil, errors.New("JSON is nested too deep")
	}
	var m map[string]any
	if err := json.Unmarshal(b, &m); err != nil {
		return nil, err
	}
	if m == nil {
		return nil, errors.New("JSON null is no object")
	}
	return m, nil
}

// tooDeep counts brackets outside strings. It sees only well-formed JSON right,
// and only that matters: anything else is refused afterwards.
func tooDeep(b []byte) bool {
	depth, quoted := 0, false
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			if depth++; depth > maxDepth {
				return true
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return false
}
