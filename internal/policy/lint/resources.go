package lint

import (
	"slices"
	"strings"
)

// ownServices are the services in whose ARNs the resources of an action can be.
var ownServices = map[string][]string{
	"codecommit": {"codecommit"},
	"iam":        {"iam", "sts"},
	"sts":        {"iam", "sts"},
}

// resources tells of ARNs that none of the statement's actions can be asked
// about: the statement does nothing for them.
func (l *linter) resources(s *statement) {
	if s.has("NotAction") || s.has("NotResource") || len(s.actions) == 0 {
		return
	}
	var possible []string
	for _, a := range s.actions {
		service, _, found := strings.Cut(strings.ToLower(a.text), ":")
		own := ownServices[service]
		if !found || own == nil {
			return // of other services nothing is known
		}
		possible = append(possible, own...)
	}
	for _, r := range s.resources {
		parts := strings.SplitN(r.text, ":", 4)
		if len(parts) < 4 || parts[0] != "arn" || parts[2] == "*" || slices.Contains(possible, parts[2]) {
			continue
		}
		l.add("RESOURCE_NOT_OF_ACTION", r.at, "No action of this statement has a resource of the service %s, so the statement does nothing for it.", quoted(parts[2]))
	}
}
