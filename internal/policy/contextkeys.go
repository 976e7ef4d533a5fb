package policy

import "strings"

// Statements is how many statements p has.
func (p *Policy) Statements() int { return len(p.statements) }

// ContextKeys returns the condition keys that p asks for, in its conditions
// and its variables, as they are first written, each once.
func (p *Policy) ContextKeys() (keys []string) {
	seen := make(map[string]bool)
	add := func(name string) {
		if low := strings.ToLower(name); name != "" && !seen[low] {
			seen[low] = true
			keys = append(keys, name)
		}
	}
	for i := range p.statements {
		s := &p.statements[i]
		for j := range s.resources {
			s.resources[j].variables(add)
		}
		for _, j := range s.conditions {
			c := &p.conditions[j]
			add(c.source.key)
			for k := range c.values {
				c.values[k].text.variables(add)
			}
		}
	}
	return keys
}

func (t *template) variables(add func(string)) {
	if t.parts == nil {
		return
	}
	for _, p := range *t.parts {
		add(p.key.written)
	}
}
