// Package gate is the only door to the domain: it takes a caller, an action
// and a resource, collects every policy that bears on them, decides as IAM
// does, records the decision, and only then lets the act happen.
//
// It owns the context keys that all requests share, the services' rules about
// who may not call them at all, and the wording of a refusal with its encoded
// message. It does not own the policy language (package policy) nor what the
// acts do.
package gate

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"sojourn/internal/audit"
	"sojourn/internal/awserr"
	"sojourn/internal/iam/identity"
	"sojourn/internal/policy"
	"sojourn/internal/principal"
	"sojourn/internal/store"
)

// Gate decides and records.
type Gate struct {
	store    store.Store
	audit    audit.Recorder
	compiled *cache
	held     store.Memo[holder, bearing]
	sealer   Sealer // nil for refusals without encoded messages
	events   atomic.Uint64
	floods   flood
}

// New makes a gate over the identities in st that records in rec.
func New(st store.Store, rec audit.Recorder) *Gate {
	return &Gate{store: st, audit: rec, compiled: newCache(4096)}
}

// Sealing gives refusals an encoded authorization message, sealed by s. It is
// for the gate's maker, before the first decision.
func (g *Gate) Sealing(s Sealer) *Gate {
	g.sealer = s
	return g
}

// Authorize returns nil when the caller may do r, and AccessDenied in AWS's
// words when not, or what the service answers to a kind of session that may not
// call it at all. Either answer has been recorded when it returns; an answer
// that cannot be recorded is ServiceUnavailable.
func (g *Gate) Authorize(ctx context.Context, c *principal.Caller, r Request) error {
	if r.ResourceAccount == "" {
		r.ResourceAccount = c.Account
	}
	if rule, ok := ruleFor(c, r.Action); ok {
		return g.follow(ctx, c, &r, rule)
	}
	n, k := namesOf(c), keysPool.Get().(*keys)
	defer k.giveBack()
	d, q, err := g.decide(ctx, c, &r, &n, k)
	if err != nil {
		return awserr.From(err)
	}
	o := decided(d, r.Action)
	if o.Allowed && takesAnyAudience(q, r.Audience) {
		o = outcome{policy.Decision{By: policy.Trust, Statement: -1}, kinds[policy.Trust], anyAudience(r.Audience)}
	}
	if unneeded(c, &r, d) {
		o = outcome{policy.Decision{Allowed: true}, byService, ""}
	}
	m := makeUp(ctx, &r, o)
	if err := g.record(c, &r, &n, o, m); err != nil {
		return err
	}
	if !o.Allowed {
		return g.denied(c, &r, d, q)
	}
	return m.err
}

// made is what an allowed act has given out, or why it could not.
type made struct {
	issued *audit.Issued
	err    error
}

func makeUp(ctx context.Context, r *Request, o outcome) (m made) {
	if o.Allowed && r.Issue != nil {
		m.issued, m.err = r.Issue(ctx)
	}
	return m
}

// follow records and answers what a service's rule says.
func (g *Gate) follow(ctx context.Context, c *principal.Caller, r *Request, by rule) error {
	n, o := namesOf(c), outcome{policy.Decision{Allowed: by.admits}, byService, by.reason}
	m := makeUp(ctx, r, o)
	if err := g.record(c, r, &n, o, m); err != nil {
		return err
	}
	switch {
	case by.admits:
		return m.err
	case by.refusal != nil:
		return by.refusal
	}
	return refused(c, r, "")
}

// question is a request as the policies are asked about it.
type question struct {
	policy.Request
	bearing
}

// names are the caller's, made once for a decision.
type names struct{ arn, principalARN, userID string }

func namesOf(c *principal.Caller) names {
	n := names{c.ARN(), "", c.UserID()}
	if n.principalARN = n.arn; c.Kind == principal.AssumedRole {
		n.principalARN = c.PrincipalARN()
	}
	return n
}

// decide answers r. What it returns stands in k and is of no use after it.
func (g *Gate) decide(ctx context.Context, c *principal.Caller, r *Request, n *names, k *keys) (policy.Decision, *question, error) {
	b, err := g.policies(ctx, c)
	if err != nil {
		return policy.Decision{}, nil, err
	}
	b.set.Trust = r.Trust
	q := &question{policy.Request{
		Action: r.Action, Resource: r.Resource, ResourceAccount: r.ResourceAccount,
		Context: k.fill(c, r, n, b.identity.Tags),
		Caller: policy.Caller{
			Account: c.Account, ARN: n.arn, PrincipalARN: n.principalARN, ID: c.ID, IssuerARN: c.IssuerARN(),
			Root: c.Kind == principal.Root, Anonymous: c.Kind == principal.Anonymous, Federated: r.Federated, Service: r.Service,
		},
	}, b}
	return policy.Decide(b.set, &q.Request), q, nil
}

// bearing is what bears on a caller: the texts, and the same compiled.
type bearing struct {
	set      policy.Set
	identity identity.Identity
	session  []identity.NamedPolicy
}

// holder is a principal as what is attached to it depends on it.
type holder struct {
	kind        principal.Kind
	account, id string
}

// policies collects what is attached to the caller now; only a session's own
// policies are frozen in its token.
func (g *Gate) policies(ctx context.Context, c *principal.Caller) (b bearing, err error) {
	switch {
	case c.Kind == principal.Anonymous || c.Kind == principal.Root:
		return b, nil
	case len(c.PolicyARNs) > 0:
		b, err = g.together(ctx, c)
	default:
		b, err = g.held.Read(ctx, g.store, holder{c.Kind, c.Account, c.ID}, func(tx store.Tx) (bearing, error) { return g.attached(tx, c) })
	}
	if errors.Is(err, store.ErrNotFound) {
		return b, awserr.InvalidToken()
	}
	if err == nil {
		err = g.limit(&b, c)
	}
	if err != nil {
		return b, fmt.Errorf("loading the policies of %s: %w", c.ARN(), err)
	}
	return b, nil
}

// together reads what is attached to a caller together with the managed policies
// of its session.
func (g *Gate) together(ctx context.Context, c *principal.Caller) (b bearing, err error) {
	err = g.store.View(ctx, func(tx store.Tx) (err error) {
		if b, err = g.attached(tx, c); err == nil {
			b.session, err = sessionPolicies(tx, c)
		}
		return err
	})
	return b, err
}

// sessionPolicies are a session's own managed ones, as they are now.
func sessionPolicies(tx store.Tx, c *principal.Caller) (out []identity.NamedPolicy, err error) {
	for _, name := range c.PolicyARNs {
		p, err := identity.PolicyByARN(tx, name)
		if errors.Is(err, store.ErrNotFound) {
			continue // a deleted session policy grants nothing
		}
		if err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, nil
}

// attached reads and compiles what is attached to a principal. It depends on
// what is in holder alone.
func (g *Gate) attached(tx store.Tx, c *principal.Caller) (b bearing, err error) {
	id, err := identity.LoadIdentity(tx, &c.Session)
	if err != nil {
		return b, err
	}
	b.identity = *id
	b.set.FederatedUser = c.Kind == principal.Federated
	if b.set.Identity, err = g.compile(policy.Identity, id.Policies); err == nil && id.Boundary != nil {
		b.set.Boundary, err = g.compiled.get(policy.Boundary, *id.Boundary)
	}
	return b, err
}

// limit adds the session's own policies.
func (g *Gate) limit(b *bearing, c *principal.Caller) (err error) {
	b.set.HasSession = c.SessionPolicy != "" || len(c.PolicyARNs) > 0
	if c.SessionPolicy != "" {
		b.session = append(b.session, identity.NamedPolicy{Name: "session policy", Text: c.SessionPolicy})
	}
	b.set.Session, err = g.compile(policy.Session, b.session)
	return err
}

func (g *Gate) compile(kind policy.Kind, texts []identity.NamedPolicy) ([]*policy.Policy, error) {
	if len(texts) == 0 {
		return nil, nil
	}
	out := make([]*policy.Policy, len(texts))
	for i, t := range texts {
		p, err := g.compiled.get(kind, t)
		if err != nil {
			return nil, err
		}
		out[i] = p
	}
	return out, nil
}
