package policy

import "strings"

// Set is all the policies that bear on one request.
type Set struct {
	// Identity holds the caller's own policies: inline, managed, and the groups'.
	Identity []*Policy
	// Boundary is the permissions boundary of the user or role, nil for none.
	Boundary *Policy
	// Session holds the session's policies, inline and managed. HasSession says
	// that the session was made with some, even if none of them is left.
	Session    []*Policy
	HasSession bool
	// FederatedUser marks a GetFederationToken session, which may do nothing
	// without a session policy.
	FederatedUser bool
	// Trust is the trust policy of the role that is to be assumed; nil for
	// every other act.
	Trust *Policy
	// Resource is the resource's own policy, nil for none. A role has no other
	// than Trust: where that is set, Resource can only deny.
	Resource *Policy
}

// Decision is an answer and what decided it.
type Decision struct {
	Allowed  bool
	Explicit bool // a Deny statement decided
	// By is the kind of policy that allowed, that denied, or that would have
	// had to allow.
	By Kind
	// The statement that decided; Statement is -1 and the others "" when none did.
	PolicyName string
	Sid        string
	Statement  int
}

// Decide answers a request as IAM does: a Deny anywhere ends it; a role's trust
// policy must let the caller in, and so must the policy of another account's
// resource; then the identity, boundary and session policies must each allow,
// unless the resource's policy names the user or the session itself in its own
// account.
func Decide(s Set, r *Request) Decision {
	var e evaluation
	e.begin(&s, r)
	found := e.findings(&s)
	return e.answer(&s, &found)
}

func (e *evaluation) answer(s *Set, found *findings) Decision {
	if d, denied := found.denial(); denied {
		return d
	}
	return e.weigh(s, found)
}

// weigh decides what no Deny has.
func (e *evaluation) weigh(s *Set, found *findings) Decision {
	kind, resource := Resource, &found.resource
	if s.Trust != nil || e.Caller.Anonymous {
		kind, resource = Trust, &found.trust
	}
	local := e.owner() == e.Caller.Account
	if (kind == Trust || !local) && !resource.admits(&e.Caller) {
		return implicit(kind)
	}
	granted := found.identity.allowing(Identity)
	switch {
	case e.Caller.Anonymous, local && resource.grant == direct:
		return resource.allowing(kind)
	case e.Caller.Root:
		granted = Decision{Allowed: true, By: Identity, Statement: -1}
	case local && resource.grant == limited:
		granted = resource.allowing(kind)
	}
	switch {
	case !granted.Allowed:
		return granted
	case s.Boundary != nil && !found.boundary.allows():
		return implicit(Boundary)
	case (s.HasSession || s.FederatedUser) && !found.session.allows():
		return implicit(Session)
	}
	return granted
}

// owner is the account of the resource.
func (r *Request) owner() string {
	if r.ResourceAccount != "" {
		return r.ResourceAccount
	}
	rest := r.Resource
	for range 4 {
		_, rest, _ = strings.Cut(rest, ":")
	}
	if account, _, found := strings.Cut(rest, ":"); found && account != "" {
		return account
	}
	return r.Caller.Account
}

// finding is what the policies of one kind say: the first Deny, or the
// strongest Allow.
type finding struct {
	denies    bool
	grant     grant // of a trust or resource policy
	policy    *Policy
	statement int
}

type findings struct{ identity, boundary, session, trust, resource finding }

func (e *evaluation) findings(s *Set) findings {
	return findings{
		identity: e.all(Identity, s.Identity), boundary: e.one(Boundary, s.Boundary), session: e.all(Session, s.Session),
		trust: e.one(Trust, s.Trust), resource: e.one(Resource, s.Resource),
	}
}

func (f *finding) allows() bool { return f.policy != nil && !f.denies }

// admits reports whether the resource's policy lets c in. Who is not signed needs a
// proof, and a policy that names the provider or the service that took it, or everyone:
// "everyone but" is no such name.
func (f *finding) admits(c *Caller) bool {
	if c.Anonymous {
		return f.allows() && (c.Federated != "" || c.Service != "") && f.grant >= limited
	}
	return f.allows() && f.grant > notNamed
}

// all puts the policies of one kind together: they grant by union.
func (e *evaluation) all(kind Kind, policies []*Policy) (f finding) {
	for _, p := range policies {
		if f.denies && e.notes == nil {
			break
		}
		if g := e.one(kind, p); g.denies && !f.denies || f.policy == nil {
			f = g
		}
	}
	return f
}

func (e *evaluation) one(kind Kind, p *Policy) (f finding) {
	if p == nil {
		return f
	}
	m := memory{conditions: p.conditions}
	for i := range p.statements {
		s := &p.statements[i]
		if e.notes == nil && f.settles(s) {
			continue
		}
		g, ok := s.applies(e, &m)
		if !ok {
			continue
		}
		if e.notes != nil {
			e.notes.match(kind, p, i)
		}
		switch {
		case f.denies:
		case s.deny:
			f = finding{denies: true, policy: p, statement: i}
		case f.policy == nil || g > f.grant:
			f = finding{grant: g, policy: p, statement: i}
		}
	}
	return f
}

// settles reports whether s could not add to what is found.
func (f *finding) settles(s *statement) bool {
	return f.denies || !s.deny && f.policy != nil && (s.principals == nil || f.grant == direct)
}

// denial is the explicit deny to report. AWS names one kind of policy even if
// several deny.
func (f *findings) denial() (Decision, bool) {
	for _, k := range []struct {
		kind Kind
		f    *finding
	}{{Identity, &f.identity}, {Boundary, &f.boundary}, {Session, &f.session}, {Trust, &f.trust}, {Resource, &f.resource}} {
		if k.f.denies {
			d := k.f.decision(k.kind)
			d.Explicit = true
			return d, true
		}
	}
	return Decision{}, false
}

func (f *finding) decision(kind Kind) Decision {
	return Decision{By: kind, PolicyName: f.policy.Name, Sid: f.policy.statements[f.statement].sid, Statement: f.statement}
}

// allowing is the Allow that was found, or its absence.
func (f *finding) allowing(kind Kind) Decision {
	if !f.allows() {
		return implicit(kind)
	}
	d := f.decision(kind)
	d.Allowed = true
	return d
}

func implicit(kind Kind) Decision { return Decision{By: kind, Statement: -1} }

// reasons are AWS's endings of a refusal, by kind of policy.
var reasons = [...]struct{ name, noun string }{
	Identity: {"identity-based policy", "an identity-based policy"},
	Trust:    {"role trust policy", "the role trust policy"},
	Session:  {"session policy", "a session policy"},
	Boundary: {"permissions boundary", "a permissions boundary"},
	Resource: {"resource-based policy", "a resource-based policy"},
}

// Reason is the end of AWS's refusal, such as "because no identity-based
// policy allows the codecommit:GitPull action"; "" for what is allowed.
func (d Decision) Reason(action string) string {
	kind := reasons[d.By]
	switch {
	case d.Allowed:
		return ""
	case d.Explicit:
		return "with an explicit deny in " + kind.noun
	}
	return "because no " + kind.name + " allows the " + action + " action"
}
