// Package gate is the only door to the domain: it takes a caller, an action
// and a resource, collects every policy that bears on them, decides as IAM
// does, records the decision, and only then lets the act happen.
//
// It owns the context keys that all requests share and the wording of a
// refusal. It does not own the policy language (package policy) nor what the
// acts do.
package gate

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

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
	events   atomic.Uint64
}

// New makes a gate over the identities in st that records in rec.
func New(st store.Store, rec audit.Recorder) *Gate {
	return &Gate{store: st, audit: rec, compiled: newCache(4096)}
}

// Authorize returns nil when the caller may do r, and AccessDenied in AWS's
// words when not. Either answer has been recorded when it returns; an answer
// that cannot be recorded is ServiceUnavailable.
func (g *Gate) Authorize(ctx context.Context, c *principal.Caller, r Request) error {
	d, err := g.decide(ctx, c, r)
	if err != nil {
		return awserr.From(err)
	}
	if err := g.record(c, r, d); err != nil {
		return err
	}
	if !d.Allowed {
		return denied(c, r, d)
	}
	return nil
}

// Record notes an act that needs no permission, such as GetCallerIdentity.
func (g *Gate) Record(_ context.Context, c *principal.Caller, r Request) error {
	return g.record(c, r, policy.Decision{Allowed: true})
}

func (g *Gate) decide(ctx context.Context, c *principal.Caller, r Request) (policy.Decision, error) {
	set, tags, err := g.policies(ctx, c)
	if err != nil {
		return policy.Decision{}, err
	}
	set.Trust = r.Trust
	if r.ResourceAccount == "" {
		r.ResourceAccount = c.Account
	}
	req := policy.Request{
		Action: r.Action, Resource: r.Resource, ResourceAccount: r.ResourceAccount,
		Context: contextOf(c, &r, tags),
		Caller: policy.Caller{
			Account: c.Account, ARN: c.ARN(), PrincipalARN: c.PrincipalARN(), ID: c.ID, IssuerARN: c.IssuerARN(),
			Root: c.Kind == principal.Root, Anonymous: c.Kind == principal.Anonymous, Federated: r.Federated,
		},
	}
	return policy.Decide(set, &req), nil
}

// policies collects what is attached to the caller now; only a session's own
// policies are frozen in its token.
func (g *Gate) policies(ctx context.Context, c *principal.Caller) (set policy.Set, tags []store.Tag, err error) {
	if c.Kind == principal.Anonymous || c.Kind == principal.Root {
		return set, nil, nil
	}
	var id *identity.Identity
	var managed []identity.NamedPolicy
	err = g.store.View(ctx, func(tx store.Tx) error {
		if id, err = identity.LoadIdentity(tx, &c.Session); err != nil {
			return err
		}
		managed = managed[:0]
		for _, name := range c.PolicyARNs {
			p, err := identity.PolicyByARN(tx, name)
			if errors.Is(err, store.ErrNotFound) {
				continue // a deleted session policy grants nothing
			}
			if err != nil {
				return err
			}
			managed = append(managed, p)
		}
		return nil
	})
	if errors.Is(err, store.ErrNotFound) {
		return set, nil, awserr.InvalidToken()
	}
	if err != nil {
		return set, nil, fmt.Errorf("loading the policies of %s: %w", c.ARN(), err)
	}
	if err := g.compileAll(&set, c, id, managed); err != nil {
		return set, nil, err
	}
	return set, id.Tags, nil
}

func (g *Gate) compileAll(set *policy.Set, c *principal.Caller, id *identity.Identity, managed []identity.NamedPolicy) (err error) {
	if set.Identity, err = g.compile(policy.Identity, id.Policies); err != nil {
		return err
	}
	if id.Boundary != nil {
		b, err := g.compile(policy.Boundary, []identity.NamedPolicy{*id.Boundary})
		if err != nil {
			return err
		}
		set.Boundary = b[0]
	}
	if c.SessionPolicy != "" {
		managed = append(managed, identity.NamedPolicy{Name: "session policy", Text: c.SessionPolicy})
	}
	set.HasSession = c.SessionPolicy != "" || len(c.PolicyARNs) > 0
	set.FederatedUser = c.Kind == principal.Federated
	set.Session, err = g.compile(policy.Session, managed)
	return err
}

// compile parses each text once; a text that no longer parses is a fault of
// ours and refuses the request, for what it denies is not known.
func (g *Gate) compile(kind policy.Kind, texts []identity.NamedPolicy) ([]*policy.Policy, error) {
	out := make([]*policy.Policy, 0, len(texts))
	for _, t := range texts {
		p, err := g.compiled.get(kind, t.Text)
		if err != nil {
			return nil, fmt.Errorf("policy %q: %w", t.Name, err)
		}
		named := *p
		named.Name = t.Name
		out = append(out, &named)
	}
	return out, nil
}

func (g *Gate) record(c *principal.Caller, r Request, d policy.Decision) error {
	service, action, _ := strings.Cut(r.Action, ":")
	rec := audit.Record{
		EventID:   fmt.Sprintf("%s-%d", c.RequestID, g.events.Add(1)),
		EventTime: c.Time.UTC(), EventSource: service + ".amazonaws.com", EventName: action,
		Region: c.Region, UserAgent: c.UserAgent[:min(len(c.UserAgent), 1024)], RequestID: c.RequestID,
		Identity: identityOf(c, r), Resource: r.Resource, Account: r.ResourceAccount,
		Params: r.Params, Decision: "Allow", Policy: d.PolicyName, Sid: d.Sid,
	}
	if rec.Account == "" {
		rec.Account = c.Account
	}
	if c.SourceIP.IsValid() {
		rec.SourceIP = c.SourceIP.String()
	}
	if !d.Allowed {
		rec.Decision, rec.Reason = "Deny", d.Reason(r.Action)
	}
	if err := g.audit.Record(rec); err != nil {
		return &awserr.Error{Code: awserr.ServiceUnavailable, Status: http.StatusServiceUnavailable,
			Message: "The request can't be recorded now, so it is refused. Try again later.", Cause: err}
	}
	return nil
}

func identityOf(c *principal.Caller, r Request) audit.Identity {
	id := audit.Identity{Type: c.Type(), PrincipalID: c.UserID(), ARN: c.ARN(), Account: c.Account,
		AccessKeyID: c.AccessKeyID, Provider: c.Provider, SourceIdent: c.SourceIdent}
	if r.Federated != "" {
		id.Provider = r.Federated
	}
	if c.Temporary {
		issued := c.Issued.UTC().Truncate(time.Second)
		id.Issued = &issued
	}
	return id
}

// denied words a refusal as AWS does. A role that may not be assumed is
// refused in one wording whatever the cause, so that it tells nothing about
// the role.
func denied(c *principal.Caller, r Request, d policy.Decision) error {
	switch {
	case c.Kind == principal.Anonymous:
		return awserr.Denied("Not authorized to perform %s", r.Action)
	case r.Trust != nil:
		return awserr.Denied("User: %s is not authorized to perform: %s on resource: %s", c.ARN(), r.Action, r.Resource)
	case r.Resource == "*":
		return awserr.Denied("User: %s is not authorized to perform: %s %s", c.ARN(), r.Action, d.Reason(r.Action))
	}
	return awserr.Denied("User: %s is not authorized to perform: %s on resource: %s %s", c.ARN(), r.Action, r.Resource, d.Reason(r.Action))
}
