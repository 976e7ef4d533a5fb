package lint

const (
	referencesKey = "codecommit:references"
	gitPush       = "codecommit:GitPush"
)

// references tells of conditions on codecommit:References that end every push
// at its first step. GitPush is decided twice: when a push begins the
// references are not known and the key is absent; then once for each of them.
func (l *linter) references(d *document, s *statement) {
	if !s.speaksOf(gitPush) || s.guarded(referencesKey) && s.denies() {
		return
	}
	for i := range s.conditions {
		c := &s.conditions[i]
		switch {
		case c.key != referencesKey || c.base == "Null" && s.denies():
		case s.denies() && c.holdsWithout():
			l.add("DENY_REFERENCES_WITHOUT_NULL_CHECK", c.at, `This Deny stops every push at its first step, which has no references yet. Add "Null": {"codecommit:References": "false"}.`)
		case s.allows() && !c.holdsWithout() && !d.letsPushBegin():
			l.add("ALLOW_REFERENCES_WITHOUT_IF_EXISTS", c.at, "No push gets beyond its first step, which has no references yet. Use StringEqualsIfExists or StringLikeIfExists.")
		}
	}
}

// letsPushBegin reports whether some statement allows the first step of a push.
func (d *document) letsPushBegin() bool {
	for i := range d.statements {
		s := &d.statements[i]
		if !s.allows() || !s.speaksOf(gitPush) {
			continue
		}
		begins := true
		for j := range s.conditions {
			c := &s.conditions[j]
			begins = begins && (c.key != referencesKey || c.holdsWithout())
		}
		if begins {
			return true
		}
	}
	return false
}
