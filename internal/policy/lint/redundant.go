package lint

import (
	"fmt"
	"slices"
	"strings"
)

// maxCompared bounds lists that are compared pair by pair.
const maxCompared = 200

func (l *linter) redundant(s *statement) {
	l.covered("REDUNDANT_ACTION", s.actions, true, true)
	l.covered("REDUNDANT_RESOURCE", s.resources, true, false)
	for _, c := range s.conditions {
		wild := strings.HasSuffix(c.base, "Like") || strings.HasPrefix(c.base, "Arn")
		l.covered("REDUNDANT_CONDITION_VALUE", c.values, wild, false)
	}
}

// covered tells of values that say nothing beside another of the same list.
func (l *linter) covered(code string, list []word, wild, fold bool) {
	if len(list) > maxCompared {
		return
	}
	for i, w := range list {
		for j, other := range list {
			same := w.text == other.text || fold && strings.EqualFold(w.text, other.text)
			if i == j || same && i < j { // of two that are the same the later one goes
				continue
			}
			if same || wild && !strings.Contains(other.text, "${") && covers(other.text, w.text, fold) && !covers(w.text, other.text, fold) {
				l.add(code, w.at, "%s says nothing beside %s.", quoted(w.text), quoted(other.text))
				break
			}
		}
	}
}

// redundantStatements tells of statements that repeat an earlier one.
func (l *linter) redundantStatements(d *document) {
	seen := map[string]bool{}
	for _, s := range d.statements {
		if key := l.meaning(&s); seen[key] {
			l.add("REDUNDANT_STATEMENT", s.at, "This statement repeats an earlier one.")
		} else {
			seen[key] = true
		}
	}
}

// meaning is the same for statements that say the same, their Sids aside.
func (l *linter) meaning(s *statement) string {
	parts := []string{fmt.Sprintf("%q", s.effect)}
	for _, m := range s.members {
		parts = append(parts, m.text)
	}
	slices.Sort(parts)
	for _, p := range s.principals {
		parts = append(parts, fmt.Sprintf("principal %q %q", p.kind, p.text))
	}
	for _, c := range s.conditions {
		parts = append(parts, fmt.Sprintf("condition %q %q %q", c.operator, c.key, texts(c.values)))
	}
	parts = append(parts, fmt.Sprintf("%q %q", texts(s.actions), texts(s.resources)))
	return strings.Join(slices.DeleteFunc(parts, func(p string) bool { return p == "Sid" }), "\n")
}

func texts(words []word) (out []string) {
	for _, w := range words {
		out = append(out, w.text)
	}
	return out
}
