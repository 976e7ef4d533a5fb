package saml

import (
	"encoding/base64"
	"strings"
)

const (
	maxResponse = 100_000 // characters of base64: AWS's limit
	minResponse = 4
)

var strictBase64 = base64.StdEncoding.Strict()

// decodeEnvelope decodes the form's value. Lines may be wrapped; there is no
// compression in this binding.
func decodeEnvelope(s string) ([]byte, error) {
	if len(s) < minResponse || len(s) > maxResponse {
		return nil, refuse(StageEnvelope, "response of %d characters", len(s))
	}
	raw, err := strictBase64.DecodeString(s) // skips CR and LF
	if err != nil {
		return nil, refuse(StageEnvelope, "not base64: %v", err)
	}
	return raw, nil
}

// decodeText decodes base64 inside a document, where white space means nothing.
func decodeText(s string) ([]byte, error) {
	return strictBase64.DecodeString(strings.Map(func(r rune) rune {
		if isSpace(r) {
			return -1
		}
		return r
	}, s))
}

func isSpace(r rune) bool { return r == ' ' || r == '\t' || r == '\n' || r == '\r' }
