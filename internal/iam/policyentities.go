package iam

import (
	"context"
	"fmt"

	"sojourn/internal/principal"
	"sojourn/internal/store"
	"sojourn/internal/wire/iamwire"
)

// ListEntitiesForPolicy lists the groups, roles and users of the caller's account
// that use a managed policy: in this order, each by name.
func (s *Service) ListEntitiesForPolicy(ctx context.Context, c *principal.Caller, in *iamwire.ListEntitiesForPolicyInput) (*iamwire.ListEntitiesForPolicyOutput, error) {
	ref, err := parsePolicyARN(in.PolicyArn)
	if err != nil {
		return nil, err
	}
	w, err := newWindow("ListEntitiesForPolicy", in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	var p paged[policyUser]
	err = s.read(ctx, c, ref.act("iam:ListEntitiesForPolicy"), func(tx store.Tx) error {
		if err := ref.attachable(tx, c.Account); err != nil {
			return err
		}
		all, err := usersOfPolicy(tx, c.Account, ref, in)
		p = slice(w, all, policyUser.key)
		return err
	})
	if err != nil {
		return nil, err
	}
	return entitiesOut(p), nil
}

// policyUser is an entity that uses a policy.
type policyUser struct {
	kind *kind
	entity
}

func (p policyUser) key() string { return p.kind.noun + "/" + fold(p.name) }

// usersOfPolicy goes through all entities of the account, whose number is bounded by quotas.
func usersOfPolicy(tx store.Tx, account string, ref policyRef, in *iamwire.ListEntitiesForPolicyInput) ([]policyUser, error) {
	attached, err := tx.AttachedTo(account, ref.arn)
	if err != nil {
		return nil, fmt.Errorf("attachments of policy %q: %w", ref.arn, err)
	}
	has := make(map[string]bool)
	for _, id := range attached {
		has[id] = true
	}
	var out []policyUser
	for _, k := range []*kind{groups, roles, users} {
		if only := or(in.EntityFilter, k.title); only != k.title {
			continue
		}
		all, err := k.all(tx, account, store.Page{Prefix: or(in.PathPrefix, "/")})
		if err != nil {
			return nil, fmt.Errorf("listing every %s: %w", k.noun, err)
		}
		for _, e := range all {
			if uses(in.PolicyUsageFilter, has[e.id], e.boundary == ref.arn) {
				out = append(out, policyUser{k, e})
			}
		}
	}
	return out, nil
}

// uses applies PolicyUsageFilter.
func uses(filter *string, attached, bounding bool) bool {
	switch or(filter, "") {
	case iamwire.PolicyUsageTypePermissionsPolicy:
		return attached
	case iamwire.PolicyUsageTypePermissionsBoundary:
		return bounding
	}
	return attached || bounding
}

func entitiesOut(p paged[policyUser]) *iamwire.ListEntitiesForPolicyOutput {
	out := &iamwire.ListEntitiesForPolicyOutput{IsTruncated: p.truncated, Marker: p.marker,
		PolicyGroups: []iamwire.PolicyGroup{}, PolicyUsers: []iamwire.PolicyUser{}, PolicyRoles: []iamwire.PolicyRole{}}
	for _, e := range p.items {
		switch e.kind {
		case groups:
			out.PolicyGroups = append(out.PolicyGroups, iamwire.PolicyGroup{GroupName: new(e.name), GroupId: new(e.id)})
		case users:
			out.PolicyUsers = append(out.PolicyUsers, iamwire.PolicyUser{UserName: new(e.name), UserId: new(e.id)})
		case roles:
			out.PolicyRoles = append(out.PolicyRoles, iamwire.PolicyRole{RoleName: new(e.name), RoleId: new(e.id)})
		}
	}
	return out
}
