package policy

import "strings"

// Answer is what the policies of one kind say on their own.
type Answer uint8

// The answers. A kind without any policy denies implicitly.
const (
	ImplicitDeny Answer = iota
	ExplicitDeny
	Allowed
)

// String is IAM's name for the answer.
func (a Answer) String() string {
	return [...]string{"implicitDeny", "explicitDeny", "allowed"}[a]
}

// Explanation is a Decision and what led to it.
type Explanation struct {
	Decision

	// What each kind of policy says on its own. Resource is the answer of the
	// resource's policy: the trust policy where the Set has one.
	Identity, Boundary, Session, Resource Answer

	// Matched are all statements that speak of the request, by kind, policy and
	// place in it, whether or not they decided.
	Matched []Match

	// Missing are the condition keys that the statements speaking of the act
	// and its resource ask for and the request does not have, as they are first
	// written, each once.
	Missing []string
	missed  map[string]bool // the same in lower case
}

// Match is one statement that speaks of a request.
type Match struct {
	Kind      Kind
	Policy    *Policy
	Statement int // from 0
	Sid       string
	Deny      bool

	// Start follows the bracket before the statement, or the statement before
	// it; End follows its own brace.
	Start, End Position
}

// Explain is Decide with its reasons. It asks every statement where Decide
// stops at the first that settles the answer, so it costs more.
func Explain(s Set, r *Request) Explanation {
	var x Explanation
	var e evaluation
	e.begin(&s, r)
	e.notes = &x
	found := e.findings(&s)
	x.Decision = e.answer(&s, &found)
	x.Identity, x.Boundary, x.Session = found.identity.answer(), found.boundary.answer(), found.session.answer()
	if x.Resource = found.resource.answer(); s.Trust != nil {
		x.Resource = found.trust.answer()
	}
	return x
}

func (f *finding) answer() Answer {
	switch {
	case f.denies:
		return ExplicitDeny
	case f.allows():
		return Allowed
	}
	return ImplicitDeny
}

func (x *Explanation) match(kind Kind, p *Policy, i int) {
	s := &p.statements[i]
	x.Matched = append(x.Matched, Match{Kind: kind, Policy: p, Statement: i, Sid: s.sid, Deny: s.deny, Start: s.start, End: s.end})
}

func (x *Explanation) miss(key string) {
	low := strings.ToLower(key)
	if x.missed[low] {
		return
	}
	if x.missed == nil {
		x.missed = make(map[string]bool)
	}
	x.missed[low] = true
	x.Missing = append(x.Missing, key)
}
