package lint

import (
	"slices"
	"strconv"
	"strings"
)

func (l *linter) conditions(s *statement) {
	l.emptyCondition(s)
	for i := range s.conditions {
		if l.full() {
			return
		}
		c := &s.conditions[i]
		typ, unknown := typeOf(c.key)
		switch {
		case !strings.Contains(c.key, ":"):
			l.add("INVALID_CONDITION_KEY_FORMAT", c.at, "%s has no prefix such as aws: or a service's name; no request has such a key.", quoted(c.spelled))
		case unknown:
			l.unknownKey(c.spelled, c.at)
		default:
			l.operator(c, typ)
		}
		l.twice(s.conditions[:i], c)
		l.sets(s, c, typ)
		l.ifExists(s, c)
		l.mfa(s, c)
		l.values(c)
	}
}

// twice tells of a key that stands in two spellings under one operator: both
// conditions must hold, where one list of values was meant.
func (l *linter) twice(before []condition, c *condition) {
	if len(before) < maxCompared && slices.ContainsFunc(before, func(b condition) bool { return b.operator == c.operator && b.key == c.key }) {
		l.add("DUPLICATE_KEYS_WITH_DIFFERENT_CASE", c.at, "%s stands under %s already; keys have no case, and both conditions must hold.", quoted(c.spelled), quoted(c.operator))
	}
}

func (l *linter) emptyCondition(s *statement) {
	for _, m := range s.members {
		if m.text == "Condition" && len(s.conditions) == 0 {
			l.add("EMPTY_OBJECT_CONDITION", m.at, "This Condition asks for nothing.")
		}
	}
}

func (l *linter) unknownKey(spelled string, at place) {
	code := "INVALID_SERVICE_CONDITION_KEY"
	if strings.HasPrefix(strings.ToLower(spelled), "aws:") {
		code = "INVALID_GLOBAL_CONDITION_KEY"
	}
	l.add(code, at, "There is no condition key %s.%s", quoted(spelled), meant(spelled, keyNames()...))
}

// operator tells of one that cannot compare the key's values.
func (l *linter) operator(c *condition, typ keyType) {
	able := families[typ]
	if c.base == "Null" || able == nil || slices.ContainsFunc(able, func(f string) bool { return strings.HasPrefix(c.base, f) }) {
		return
	}
	want := able[0]
	if typ == ipKey {
		want = "IpAddress and NotIpAddress"
	} else {
		want += "…"
	}
	l.add("TYPE_MISMATCH", c.at, "The operator %s does not compare values of %s; those for it are %s.", quoted(c.operator), quoted(c.spelled), want)
}

// sets tells of keys with several values that are read as one, and the reverse.
func (l *linter) sets(s *statement, c *condition, typ keyType) {
	many, single := typ == manyTexts, typ != manyTexts && typ != unknownKey
	switch {
	case c.base == "Null":
	case many && c.set == "":
		l.add("MULTIVALUED_KEY_WITHOUT_SET_OPERATOR", c.at, "A request can have several values of %s, which %s does not compare. Begin it with ForAllValues: or ForAnyValue:.", quoted(c.spelled), quoted(c.operator))
	case c.set != "ForAllValues" || !s.allows():
	case single:
		l.add("FORALLVALUES_WITH_SINGLE_VALUED_KEY", c.at, "%s has one value, and ForAllValues lets requests pass that do not have it. Leave ForAllValues out.", quoted(c.spelled))
	case !s.guarded(c.key):
		l.add("ALLOW_FORALLVALUES_WITHOUT_NULL_CHECK", c.at, `ForAllValues holds for requests without %s. Add "Null": {%s: "false"}.`, quoted(c.spelled), quoted(c.spelled))
	}
}

// guarded reports whether the statement asks that the key be there.
func (s *statement) guarded(key string) bool { return s.null(key, "false") }

func (s *statement) null(key, value string) bool {
	return slices.ContainsFunc(s.conditions, func(c condition) bool {
		return c.base == "Null" && c.key == key && len(c.values) == 1 && strings.EqualFold(c.values[0].text, value)
	})
}

func (c *condition) negated() bool { return strings.Contains(c.base, "Not") }

// holdsWithout reports whether the condition holds where the key is absent.
func (c *condition) holdsWithout() bool {
	switch {
	case c.base == "Null":
		return slices.ContainsFunc(c.values, func(w word) bool { return strings.EqualFold(w.text, "true") })
	case c.ifExists || c.set == "ForAllValues":
		return true
	}
	return c.negated() && c.set == ""
}

// alwaysThere are keys that every signed request here has.
var alwaysThere = []string{"aws:currenttime", "aws:epochtime", "aws:securetransport", "aws:principalaccount", "aws:principaltype",
	"aws:principalarn", "aws:userid", "aws:requestedregion", "aws:sourceip", "aws:viaawsservice", "aws:principalisawsservice"}

func (l *linter) ifExists(s *statement, c *condition) {
	switch {
	case !c.ifExists || c.set != "":
	case c.negated():
		l.add("REDUNDANT_IF_EXISTS", c.at, "%s holds for requests without the key as it is; IfExists says nothing more.", quoted(strings.TrimSuffix(c.operator, "IfExists")))
	case s.denies() && c.key != referencesKey && !strings.HasPrefix(c.key, "aws:multifactorauth") && !slices.Contains(alwaysThere, c.key) && !s.guarded(c.key):
		l.add("DENY_IF_EXISTS_WITHOUT_NULL_CHECK", c.at, `This Deny also hits every request without %s. Leave IfExists out, or add "Null": {%s: "false"}.`, quoted(c.spelled), quoted(c.spelled))
	}
}

// mfa tells of conditions that callers with long-term keys, whose requests have
// no MFA keys at all, slip through.
func (l *linter) mfa(s *statement, c *condition) {
	var demands bool // the condition holds for who has shown a device (lately)
	switch {
	case c.key == "aws:multifactorauthpresent" && c.base == "Bool" && len(c.values) == 1:
		demands = strings.EqualFold(c.values[0].text, "true")
	case c.key == "aws:multifactorauthage" && strings.HasPrefix(c.base, "NumericLess"):
		demands = true
	case c.key != "aws:multifactorauthage" || !strings.HasPrefix(c.base, "NumericGreater"):
		return
	}
	switch {
	case s.allows() && demands && c.ifExists && !s.guarded(c.key):
		l.add("MFA_ALLOW_WITH_IF_EXISTS", c.at, "IfExists lets callers with long-term keys pass, whose requests have no %s. Leave it out.", quoted(c.spelled))
	case s.denies() && !demands && !c.ifExists:
		l.add("MFA_DENY_WITHOUT_IF_EXISTS", c.at, "This Deny does not hit callers with long-term keys, whose requests have no %s. Use %s.", quoted(c.spelled), quoted(c.base+"IfExists"))
	}
}

// values tells of values that can't be what was meant.
func (l *linter) values(c *condition) {
	if len(c.values) == 0 {
		l.add("EMPTY_ARRAY_CONDITION", c.at, "%s is compared with no value.", quoted(c.spelled))
	}
	exact := strings.HasPrefix(c.base, "String") && !strings.HasSuffix(c.base, "Like")
	for _, w := range c.values {
		switch n, err := strconv.ParseFloat(w.text, 64); {
		case exact && strings.Contains(strings.ReplaceAll(w.text, "${*}", ""), "*"):
			l.add("WILDCARD_WITHOUT_LIKE_OPERATOR", w.at, `%s takes "*" for itself, not for any text; StringLike has wildcards.`, quoted(c.operator))
		case err != nil || !strings.HasPrefix(c.base, "Numeric"):
		case c.key == "sts:durationseconds" && (n < 900 || n > 129600):
			l.add("DURATION_OUT_OF_RANGE", w.at, "A session lasts from 900 to 129600 seconds.")
		case c.key == "aws:multifactorauthage" && (n < 1 || n > 129600):
			l.add("DURATION_OUT_OF_RANGE", w.at, "A session lasts up to 129600 seconds, and so no device was shown longer ago.")
		}
	}
}
