// Package iam is the IAM domain: users and their access keys, groups, roles
// with their trust policies, inline and managed policies, permissions
// boundaries, instance profiles, OpenID Connect and SAML providers of an account,
// and what the account itself is called and holds.
//
// Each operation of the API is one method that takes a caller. The gate decides
// and records first; what it decided about is looked up again inside the
// transaction that does the act, so a change in between cannot slip through.
//
// It owns the rules that the API model does not state: uniqueness, quotas,
// conflicts on deletion, what a trust policy's principals resolve to. It does
// not own the wire (package wire checks patterns and lengths), the policy
// language (package policy), the collection of a principal's policies (package
// identity), nor the use of what it stores (authn, gate, sts).
package iam

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"sojourn/internal/gate"
	"sojourn/internal/principal"
	"sojourn/internal/seal"
	"sojourn/internal/store"
	"sojourn/internal/wire/iamwire"
)

// Authorizer decides and records. A *gate.Gate is one.
type Authorizer interface {
	Authorize(ctx context.Context, c *principal.Caller, r gate.Request) error
}

// Options are what a Service needs.
type Options struct {
	Store store.Store
	Gate  Authorizer
	Keys  *seal.Keyring    // seals the secrets of access keys
	Now   func() time.Time // nil for time.Now
}

// Service does the operations. It is safe for concurrent use.
type Service struct {
	store store.Store
	gate  Authorizer
	keys  *seal.Keyring
	clock func() time.Time
}

// New makes a service.
func New(o Options) *Service {
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Service{store: o.Store, gate: o.Gate, keys: o.Keys, clock: o.Now}
}

// now has the resolution of the API's dates.
func (s *Service) now() time.Time { return s.clock().UTC().Truncate(time.Second) }

// subject is what an act is done to, as policies see it.
type subject struct {
	arn      string
	account  string // the owner; "" for the caller's account and for AWS's own policies
	tags     []store.Tag
	boundary string
	becomes  string // the ARN that the act gives it; "" when it keeps its own
}

func (s subject) same(o subject) bool {
	return s.arn == o.arn && s.boundary == o.boundary && slices.Equal(s.tags, o.tags)
}

// act is one operation as the gate sees it.
type act struct {
	action string
	// locate finds the subject. What does not exist is named from the request,
	// so that only a caller who may act on it learns that it is not there.
	locate func(store.Tx) (subject, error)
	// bounded acts can be conditioned on the subject's permissions boundary.
	bounded bool
	keys    map[string][]string // condition keys of this act alone, in lower case
	tags    []store.Tag         // that the request brings
	tagging string              // the second action that a creation with tags needs
	params  map[string]string   // for the record
	also    *act                // that the caller must be allowed to do as well
}

// fixed is the location of a subject that needs no looking up.
func fixed(arn string) func(store.Tx) (subject, error) {
	return func(store.Tx) (subject, error) { return subject{arn: arn}, nil }
}

// read authorises a and runs f on a snapshot.
func (s *Service) read(ctx context.Context, c *principal.Caller, a act, f func(store.Tx) error) error {
	return s.do(ctx, c, a, s.store.View, f)
}

// write authorises a and runs f in a transaction.
func (s *Service) write(ctx context.Context, c *principal.Caller, a act, f func(store.Tx) error) error {
	return s.do(ctx, c, a, s.store.Update, f)
}

func (s *Service) do(ctx context.Context, c *principal.Caller, a act,
	run func(context.Context, func(store.Tx) error) error, f func(store.Tx) error) error {
	acts := []act{a}
	if a.also != nil {
		acts = append(acts, *a.also)
	}
	seen := make([]subject, len(acts))
	err := s.store.View(ctx, func(tx store.Tx) error { return locate(tx, acts, seen) })
	if err != nil {
		return err
	}
	for i, on := range seen {
		if err := s.authorize(ctx, c, acts[i], on); err != nil {
			return err
		}
	}
	return run(ctx, func(tx store.Tx) error {
		now := make([]subject, len(acts))
		if err := locate(tx, acts, now); err != nil {
			return err
		}
		for i, on := range seen {
			if !now[i].same(on) {
				return iamwire.NewConcurrentModification("%s changed while the request was being authorized. Try again.", on.arn)
			}
		}
		return f(tx)
	})
}

// locate finds the subjects of acts.
func locate(tx store.Tx, acts []act, on []subject) (err error) {
	for i, a := range acts {
		if on[i], err = a.locate(tx); err != nil {
			return fmt.Errorf("looking up what %s is about: %w", a.action, err)
		}
	}
	return nil
}

func (s *Service) authorize(ctx context.Context, c *principal.Caller, a act, on subject) error {
	r := gate.Request{Action: a.action, Resource: on.arn, ResourceAccount: on.account,
		ResourceTags: on.tags, Context: a.context(on), Params: a.params}
	if err := s.gate.Authorize(ctx, c, r); err != nil {
		return err
	}
	if on.becomes != "" && on.becomes != on.arn {
		r.Resource = on.becomes
		if err := s.gate.Authorize(ctx, c, r); err != nil {
			return err
		}
	}
	if len(a.tags) > 0 && a.tagging != "" {
		r.Action = a.tagging
		if err := s.gate.Authorize(ctx, c, r); err != nil {
			return err
		}
	}
	return nil
}

// boundaryKey is the condition key of a permissions boundary.
const boundaryKey = "iam:permissionsboundary"

func (a *act) context(on subject) map[string][]string {
	keys := make(map[string][]string)
	for name, values := range a.keys {
		keys[name] = values
	}
	if a.bounded && on.boundary != "" {
		keys[boundaryKey] = []string{on.boundary}
	}
	for _, t := range on.tags {
		keys["iam:resourcetag/"+strings.ToLower(t.Key)] = []string{t.Value}
	}
	for _, t := range a.tags {
		keys["aws:requesttag/"+strings.ToLower(t.Key)] = []string{t.Value}
		keys["aws:tagkeys"] = append(keys["aws:tagkeys"], t.Key)
	}
	return keys
}
