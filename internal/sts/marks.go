package sts

import (
	"slices"
	"strings"
	"unicode/utf8"

	"sojourn/internal/lazyre"
	"sojourn/internal/principal"
)

const (
	maxTags     = 50
	maxTagKey   = 128
	maxTagValue = 256
)

// marks are what a session carries on: its tags, which of them the next session
// inherits, and who stands behind it all.
type marks struct {
	tags       map[string]string
	transitive []string
	source     string
}

type tag struct{ key, value string }

var tagText = lazyre.New(`^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$`)

func tagsOf(m map[string]string) []tag {
	tags := make([]tag, 0, len(m))
	for key, v := range m {
		tags = append(tags, tag{key, v})
	}
	return tags
}

// newMarks checks tags, of a request or of a provider's token; fail makes the
// error that suits where they come from.
func newMarks(tags []tag, transitive []string, fail func(string) error) (marks, error) {
	m := marks{tags: make(map[string]string, len(tags))}
	if len(tags) > maxTags {
		return m, fail("A session may have no more than 50 tags.")
	}
	for _, t := range tags {
		if reason := t.broken(); reason != "" {
			return m, fail(reason)
		}
		if _, taken := fold(m.tags, t.key); taken {
			return m, fail("Duplicate tag keys found. Please note that Tag keys are case insensitive.")
		}
		m.tags[t.key] = t.value
	}
	for _, name := range transitive {
		key, ok := fold(m.tags, name)
		if !ok {
			return m, fail("The specified transitive tag key must be included in the requested tags.")
		}
		if !slices.Contains(m.transitive, key) {
			m.transitive = append(m.transitive, key)
		}
	}
	return m, nil
}

func (t tag) broken() string {
	switch {
	case t.key == "" || utf8.RuneCountInString(t.key) > maxTagKey || !tagText.MatchString(t.key):
		return "A tag key is not valid: it has 1 to 128 letters, digits, spaces or _ . : / = + - @"
	case utf8.RuneCountInString(t.value) > maxTagValue || !tagText.MatchString(t.value):
		return "A tag value is not valid: it has at most 256 letters, digits, spaces or _ . : / = + - @"
	case strings.HasPrefix(strings.ToLower(t.key), "aws:"):
		return "Tag keys may not begin with \"aws:\"."
	}
	return ""
}

// IsTag reports whether a session may have this tag.
func IsTag(key, value string) bool { return tag{key, value}.broken() == "" }

// fold finds a key of m without regard to case, as condition keys are folded:
// strings.EqualFold would take "İd" and "id" for two keys, and both become aws:PrincipalTag/id.
func fold(m map[string]string, key string) (string, bool) {
	key = strings.ToLower(key)
	for k := range m {
		if strings.ToLower(k) == key {
			return k, true
		}
	}
	return "", false
}

// inherit adds what the calling session hands on: its transitive tags, which
// the request may not replace, and its source identity.
func (m *marks) inherit(s *principal.Session) error {
	for _, key := range s.TransitiveTag {
		if _, taken := fold(m.tags, key); taken {
			return badParameter("One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session.")
		}
		m.tags[key] = s.Tags[key]
		m.transitive = append(m.transitive, key)
	}
	if len(m.tags) > maxTags {
		return badParameter("A session may have no more than 50 tags, those of the calling session included.")
	}
	if m.source == "" {
		m.source = s.SourceIdent
	}
	return nil
}

// context adds the condition keys that tell of the marks. Inherited ones are
// among them: a condition on tags is about what the session will carry.
func (m *marks) context(keys map[string][]string) {
	for key, v := range m.tags {
		keys["aws:requesttag/"+strings.ToLower(key)] = []string{v}
		keys["aws:tagkeys"] = append(keys["aws:tagkeys"], key)
	}
	if len(m.transitive) > 0 {
		keys["sts:transitivetagkeys"] = m.transitive
	}
	if m.source != "" {
		keys["sts:sourceidentity"] = []string{m.source}
	}
}
