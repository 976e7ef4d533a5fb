package lint

import (
	"slices"
	"strings"
)

// version tells of a document without one.
func (l *linter) version(d *document) {
	if d.version.at.path == nil {
		l.add("MISSING_VERSION", d.at, `Without "Version": "2012-10-17" the policy is of 2008: variables are plain text, and it can be no managed policy.`)
	}
}

func (l *linter) sids(d *document) {
	seen := map[string]bool{}
	for _, s := range d.statements {
		switch {
		case !s.has("Sid"):
		case s.sid.text == "":
			l.add("EMPTY_SID_VALUE", s.sid.at, "An empty Sid says nothing; leave it out.")
		case seen[s.sid.text]:
			l.add("UNIQUE_SIDS_REQUIRED", s.sid.at, "Another statement has the Sid %s; each is used once.", quoted(s.sid.text))
		}
		seen[s.sid.text] = true
	}
}

// variables tells of ${…} that is no variable in this version, or of no key.
func (l *linter) variables(d *document, s *statement) {
	texts := slices.Clone(s.resources)
	for _, c := range s.conditions {
		if strings.HasPrefix(c.base, "String") || strings.HasPrefix(c.base, "Arn") {
			texts = append(texts, c.values...)
		}
	}
	for _, w := range texts {
		rest := w.text
		for {
			_, after, found := strings.Cut(rest, "${")
			if !found {
				break
			}
			end := strings.IndexAny(after, ",}")
			if end < 0 {
				break // malformed: IAM refuses it
			}
			l.variable(d, w, strings.TrimSpace(after[:end]))
			rest = after[end:]
		}
	}
}

func (l *linter) variable(d *document, w word, key string) {
	if d.version.text != version2012 {
		if key != "*" && key != "?" && key != "$" {
			l.add("VARIABLE_UNSUPPORTED_IN_VERSION", w.at, `${%s} is plain text in a policy of 2008. Write "Version": "2012-10-17".`, strings.Trim(quoted(key), `"`))
		}
		return
	}
	if _, unknown := typeOf(strings.ToLower(key)); unknown {
		l.unknownKey(key, w.at)
	}
}
