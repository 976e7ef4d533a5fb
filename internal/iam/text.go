package iam

import (
	"errors"
	"net/url"
	"strings"
	"unicode"

	"sojourn/internal/policy"
	"sojourn/internal/store"
	"sojourn/internal/wire/iamwire"
)

// or is the value of an optional member.
func or[T any](p *T, def T) T {
	if p == nil {
		return def
	}
	return *p
}

// optional is a member that is left out when it is empty.
func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// size counts a policy as IAM does: characters that are not white space.
func size(document string) int {
	n := 0
	for _, r := range document {
		if !unicode.IsSpace(r) {
			n++
		}
	}
	return n
}

// encoded is a document as answers carry it: RFC 3986 percent-encoding.
func encoded(document string) *string {
	return new(strings.ReplaceAll(url.QueryEscape(document), "+", "%20"))
}

// malformed turns a policy that does not parse into the API's error.
func malformed(err error) error {
	if e, ok := errors.AsType[*policy.Error](err); ok {
		return iamwire.NewMalformedPolicyDocument("%s", e.Message)
	}
	return err
}

// tagsIn checks what the model cannot say about the tags of a request.
func tagsIn(in []iamwire.Tag) ([]store.Tag, error) {
	seen := make(map[string]bool)
	var out []store.Tag
	for _, t := range in {
		key := or(t.Key, "")
		if seen[fold(key)] {
			return nil, iamwire.NewInvalidInput("Duplicate tag keys found. Please note that Tag keys are case insensitive.")
		}
		if strings.HasPrefix(fold(key), "aws:") {
			return nil, iamwire.NewInvalidInput("The tag key %s begins with aws:, which is reserved.", key)
		}
		seen[fold(key)] = true
		out = append(out, store.Tag{Key: key, Value: or(t.Value, "")})
	}
	return out, nil
}

func tagsOut(in []store.Tag) []iamwire.Tag {
	var out []iamwire.Tag
	for _, t := range in {
		out = append(out, iamwire.Tag{Key: new(t.Key), Value: new(t.Value)})
	}
	return out
}

// full refuses what would exceed a quota.
func full(have, quota int, name string) error {
	if have >= quota {
		return iamwire.NewLimitExceeded("Cannot exceed quota for %s: %d", name, quota)
	}
	return nil
}
