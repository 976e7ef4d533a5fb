package policy

import (
	"math/bits"
	"strings"
)

// statement is one compiled statement. Its parts are checked from the cheapest
// and most selective to the dearest: action, resource, principal, conditions.
type statement struct {
	sid         string
	deny        bool
	never       bool // allows nothing: part of it has no known meaning
	notAction   bool
	actions     []action
	notResource bool
	resources   []resource  // none in trust policies
	principals  *principals // nil in policies that belong to the caller
	conditions  []uint16    // of the policy's, in the order that they are asked in
	asks        uint64      // those of them that are remembered, as a set
	unknown     []string    // operators that do not exist, written without a key
	byCaller    bool        // a condition asks for aws:PrincipalArn

	// Statements of a policy that say the same of actions, or of resources, in a
	// row have one number: the answer is the same for all.
	actionClass, resourceClass uint16
	start, end                 Position
}

// action is a pattern of Action: any, or a service and a compiled name, both
// in lower case.
type action struct {
	any     bool
	service string
	name    pattern
	written string
}

func compileAction(s string) action {
	service, name, found := strings.Cut(lowerASCII(s), ":")
	if !found || service == "*" {
		return action{written: s, any: true}
	}
	return action{written: s, service: service, name: newPattern(encodeWild(name))}
}

func (a *action) matches(service, name string) bool {
	if a.any {
		return true
	}
	if a.service != service && !matchFold(a.service, service) {
		return false
	}
	return a.name.matchFold(name)
}

// resource is one value of Resource or NotResource.
type resource struct {
	template
	written string
}

// applies reports whether the statement speaks of the request and, for a trust
// or resource policy, how it names the caller.
func (s *statement) applies(e *evaluation, m *memory) (g grant, ok bool) {
	if s.never || !m.speaksOfAction(e, s) {
		return notNamed, false
	}
	if s.resources != nil && !m.speaksOfResource(e, s) {
		return notNamed, false
	}
	if s.principals != nil {
		if g = s.grants(e); g == notNamed {
			return notNamed, false
		}
	}
	return g, s.conditionsHold(e, m)
}

// conditionsHold stops at the first that does not. What is known comes first,
// then what fewest statements ask for: all must hold, so the order changes no answer.
func (s *statement) conditionsHold(e *evaluation, m *memory) bool {
	if e.notes != nil || len(s.conditions) > bits.OnesCount64(s.asks) {
		return s.allHold(e, m)
	}
	if s.asks&m.known&^m.holding != 0 {
		return false
	}
	for open := s.asks &^ m.known; open != 0; {
		last := bits.Len64(open) - 1
		if !m.holds(e, uint16(last)) {
			return false
		}
		open &^= 1 << last
	}
	return true
}

// allHold asks for each condition in its order, and for all of them where the
// reasons are wanted.
func (s *statement) allHold(e *evaluation, m *memory) bool {
	holds := true
	for _, i := range s.conditions {
		if m.holds(e, i) {
			continue
		}
		if e.notes == nil {
			return false
		}
		holds = false
	}
	return holds
}

// remembered is how many conditions of a policy are decided once a request.
const remembered = 64

// memory holds what is decided of a policy's first conditions. Statements of
// one policy often ask for the same.
type memory struct {
	conditions       []condition
	known, holding   uint64
	action, resource lastAnswer // of the last class that was asked for
}

// lastAnswer is whether the statements of a class speak of the request's action or resource.
type lastAnswer struct {
	class       uint16
	known, says bool
}

func (m *memory) speaksOfAction(e *evaluation, s *statement) bool {
	if a := &m.action; !a.known || a.class != s.actionClass {
		*a = lastAnswer{s.actionClass, true, s.matchesAction(e) != s.notAction}
	}
	return m.action.says
}

func (m *memory) speaksOfResource(e *evaluation, s *statement) bool {
	if a := &m.resource; !a.known || a.class != s.resourceClass {
		*a = lastAnswer{s.resourceClass, true, s.matchesResource(e)}
	}
	return m.resource.says
}

func (m *memory) holds(e *evaluation, i uint16) bool {
	bit := uint64(1) << i // 0 from the 64th on, which is never known
	if m.known&bit != 0 {
		return m.holding&bit != 0
	}
	holds := m.conditions[i].holds(e)
	m.known |= bit
	if holds {
		m.holding |= bit
	}
	return holds
}

// grants returns how the statement names the caller. As on AWS a Deny with
// NotPrincipal spares nobody who has a permissions boundary, and a grant to
// everyone that asks for aws:PrincipalArn is one to whoever calls.
func (s *statement) grants(e *evaluation) grant {
	if s.deny && s.principals.not {
		if e.bounded || !s.principals.spares(&e.Caller) {
			return delegated
		}
		return notNamed
	}
	g := s.principals.grants(&e.Caller)
	if g == limited && s.byCaller && s.principals.everyone && !s.principals.not && !e.Caller.Anonymous {
		return direct
	}
	return g
}

func (s *statement) matchesAction(e *evaluation) bool {
	for i := range s.actions {
		if s.actions[i].matches(e.service, e.name) {
			return true
		}
	}
	return false
}

// matchesResource decides Resource and NotResource. A text with a variable
// that has no value matches nothing; in an Allow with NotResource that would
// widen, so there it ends the statement.
func (s *statement) matchesResource(e *evaluation) bool {
	for i := range s.resources {
		matched, ok := s.resources[i].matches(e, e.Resource)
		switch {
		case matched:
			return !s.notResource
		case !ok && s.notResource && !s.deny:
			return false
		}
	}
	return s.notResource
}
