// Package identity answers one question: which policies bear on this principal
// now? It reads users, groups, roles and managed policies from the store, and
// it holds the managed policies that AWS itself provides.
//
// It does not evaluate policies (package policy), does not decide (package
// gate) and does not change anything (package iam). A gate may import it
// without the IAM wire shapes.
package identity

import (
	"errors"
	"fmt"
	"slices"

	"sojourn/internal/principal"
	"sojourn/internal/store"
)

// NamedPolicy is one policy's text and where it comes from. ARN is "" for an inline policy.
type NamedPolicy struct{ Name, Text, ARN string }

// Identity is everything that is attached to a principal.
type Identity struct {
	Policies []NamedPolicy
	Boundary *NamedPolicy // nil for none
	Tags     []store.Tag
}

// LoadIdentity collects what bears on the session's principal, by its unique
// id: a user's own policies and those of the user's groups, or a role's. A
// federated user has those of the issuing user; when the account's root issued
// the session, all permissions, which the session policy then limits.
//
// It returns store.ErrNotFound when the principal is gone, also when another
// of the same name has taken its place. A policy or boundary that is attached
// and cannot be read is another error: what it would have denied is not known.
func LoadIdentity(tx store.Tx, s *principal.Session) (*Identity, error) {
	switch s.Kind {
	case principal.Root:
		return &Identity{}, nil
	case principal.User:
		return loadUser(tx, s)
	case principal.Federated:
		if s.ID == s.Account {
			return &Identity{Policies: []NamedPolicy{administrator().named()}}, nil
		}
		return loadUser(tx, s)
	case principal.AssumedRole:
		return loadRole(tx, s)
	}
	return nil, fmt.Errorf("identity of a caller of type %s: %w", s.Type(), store.ErrNotFound)
}

func loadUser(tx store.Tx, s *principal.Session) (*Identity, error) {
	u, err := tx.UserByID(s.ID)
	if err == nil && u.Account != s.Account {
		err = store.ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("user %q: %w", s.ID, err)
	}
	groups, err := tx.GroupsOf(u.ID)
	if err != nil {
		return nil, fmt.Errorf("groups of user %q: %w", u.ID, err)
	}
	owners := []string{u.ID}
	for _, g := range groups {
		owners = append(owners, g.ID)
	}
	return load(tx, owners, u.Boundary, u.Tags)
}

func loadRole(tx store.Tx, s *principal.Session) (*Identity, error) {
	r, err := tx.RoleByID(s.ID)
	if err == nil && r.Account != s.Account {
		err = store.ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("role %q: %w", s.ID, err)
	}
	return load(tx, []string{r.ID}, r.Boundary, r.Tags)
}

func load(tx store.Tx, owners []string, boundary string, tags []store.Tag) (*Identity, error) {
	id := &Identity{Tags: tags}
	for _, owner := range owners {
		p, err := PoliciesOf(tx, owner)
		if err != nil {
			return nil, err
		}
		id.Policies = append(id.Policies, p...)
	}
	id.Policies = distinct(id.Policies)
	if boundary != "" {
		b, err := attached(tx, boundary)
		if err != nil {
			return nil, err
		}
		id.Boundary = &b
	}
	return id, nil
}

// PoliciesOf returns what is put into and attached to one user, group or role,
// by its unique id.
func PoliciesOf(tx store.Tx, owner string) ([]NamedPolicy, error) {
	inline, err := tx.InlinePolicies(owner)
	if err != nil {
		return nil, fmt.Errorf("inline policies of %q: %w", owner, err)
	}
	var out []NamedPolicy
	for _, p := range inline {
		out = append(out, NamedPolicy{Name: p.Name, Text: p.Document})
	}
	arns, err := tx.Attachments(owner)
	if err != nil {
		return nil, fmt.Errorf("attachments of %q: %w", owner, err)
	}
	for _, a := range arns {
		p, err := attached(tx, a)
		if err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, nil
}

// attached reads a policy that must be there. Its absence is a damaged store,
// not an absent principal, so the error is not ErrNotFound.
func attached(tx store.Tx, name string) (NamedPolicy, error) {
	p, err := PolicyByARN(tx, name)
	if errors.Is(err, store.ErrNotFound) {
		return p, fmt.Errorf("attached policy %q is missing from the store", name)
	}
	return p, err
}

// distinct drops a managed policy that reaches a user more than one way.
func distinct(in []NamedPolicy) []NamedPolicy {
	seen := make(map[string]bool)
	return slices.DeleteFunc(in, func(p NamedPolicy) bool {
		twice := p.ARN != "" && seen[p.ARN]
		seen[p.ARN] = true
		return twice
	})
}
