package lint

import (
	"slices"
	"strings"

	"sojourn/internal/policy"
)

// actions tells of action names that do not exist.
func (l *linter) actions(s *statement) {
	for _, a := range s.actions {
		service, name, _ := strings.Cut(a.text, ":")
		names, known := knownActions()[strings.ToLower(service)]
		if !known || l.full() || name == "" || strings.Contains(name, ":") || matchesAny(name, names) {
			continue
		}
		if near := nearest(name, names); near != "" {
			l.add("INVALID_ACTION", a.at, "There is no action %s. Did you mean %s:%s?", quoted(a.text), service, near)
		} else {
			l.add("INVALID_ACTION", a.at, "There is no action %s.", quoted(a.text))
		}
	}
}

func matchesAny(pattern string, names []string) bool {
	return slices.ContainsFunc(names, func(name string) bool { return policy.LikeFold(pattern, name) })
}

// speaksOf reports whether the statement's actions have action among them.
func (s *statement) speaksOf(action string) bool {
	for _, a := range s.actions {
		if covers(a.text, action, true) {
			return !s.has("NotAction")
		}
	}
	return s.has("NotAction")
}

// names reports whether an Action, no NotAction, fits one of actions.
func (s *statement) names(actions ...string) bool {
	if s.has("NotAction") {
		return false
	}
	for _, a := range actions {
		if s.speaksOf(a) {
			return true
		}
	}
	return false
}

// covers reports whether pattern fits all that other, itself a pattern, fits.
func covers(pattern, other string, fold bool) bool {
	if pattern == other {
		return true
	}
	if strings.Contains(pattern, "?") && strings.ContainsAny(other, "*?") {
		return false // "?" is one character, and a "*" of the other is none or many
	}
	if fold {
		return policy.LikeFold(pattern, other)
	}
	return policy.Like(pattern, other)
}
