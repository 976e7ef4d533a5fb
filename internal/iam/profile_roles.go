package iam

import (
	"context"
	"fmt"

	"sojourn/internal/principal"
	"sojourn/internal/store"
	"sojourn/internal/wire/iamwire"
)

const rolesPerProfile = 1

// AddRoleToInstanceProfile puts a role into an instance profile, which holds
// one. The caller must be allowed to pass the role to the service that machines
// with instance profiles are of, or it could lend itself any role.
func (s *Service) AddRoleToInstanceProfile(ctx context.Context, c *principal.Caller, in *iamwire.AddRoleToInstanceProfileInput) (*iamwire.AddRoleToInstanceProfileOutput, error) {
	ref, role := profileRef{c.Account, or(in.InstanceProfileName, "")}, or(in.RoleName, "")
	a := ref.act("iam:AddRoleToInstanceProfile")
	a.params["roleName"] = role
	a.also = passing(c.Account, role)
	err := s.write(ctx, c, a, func(tx store.Tx) error {
		p, err := ref.find(tx)
		if err != nil {
			return err
		}
		e, err := roles.get(tx, c.Account, role)
		if err != nil {
			return err
		}
		if p.RoleID != "" {
			return full(rolesPerProfile, rolesPerProfile, "InstanceSessionsPerInstanceProfile")
		}
		p.RoleID = e.id
		return tx.UpdateInstanceProfile(p)
	})
	if err != nil {
		return nil, err
	}
	return &iamwire.AddRoleToInstanceProfileOutput{}, nil
}

// passing is the act of lending a role to machines.
func passing(account, role string) *act {
	a := roles.act("iam:PassRole", account, role)
	a.keys = map[string][]string{"iam:passedtoservice": {"ec2.amazonaws.com"}}
	return &a
}

// RemoveRoleFromInstanceProfile takes a role out of an instance profile.
func (s *Service) RemoveRoleFromInstanceProfile(ctx context.Context, c *principal.Caller, in *iamwire.RemoveRoleFromInstanceProfileInput) (*iamwire.RemoveRoleFromInstanceProfileOutput, error) {
	ref, role := profileRef{c.Account, or(in.InstanceProfileName, "")}, or(in.RoleName, "")
	a := ref.act("iam:RemoveRoleFromInstanceProfile")
	a.params["roleName"] = role
	err := s.write(ctx, c, a, func(tx store.Tx) error {
		p, err := ref.find(tx)
		if err != nil {
			return err
		}
		e, err := roles.get(tx, c.Account, role)
		if err != nil {
			return err
		}
		if p.RoleID != e.id {
			return roles.absent(store.ErrNotFound, role)
		}
		p.RoleID = ""
		return tx.UpdateInstanceProfile(p)
	})
	if err != nil {
		return nil, err
	}
	return &iamwire.RemoveRoleFromInstanceProfileOutput{}, nil
}

// ListInstanceProfilesForRole lists the instance profiles that a role is in.
func (s *Service) ListInstanceProfilesForRole(ctx context.Context, c *principal.Caller, in *iamwire.ListInstanceProfilesForRoleInput) (*iamwire.ListInstanceProfilesForRoleOutput, error) {
	name := or(in.RoleName, "")
	w, err := newWindow("ListInstanceProfilesForRole", in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	out := &iamwire.ListInstanceProfilesForRoleOutput{}
	err = s.read(ctx, c, roles.act("iam:ListInstanceProfilesForRole", c.Account, name), func(tx store.Tx) error {
		e, err := roles.get(tx, c.Account, name)
		if err != nil {
			return err
		}
		all, err := tx.InstanceProfilesOf(e.id)
		if err != nil {
			return fmt.Errorf("instance profiles of role %q: %w", name, err)
		}
		p := slice(w, all, profileKey)
		out.IsTruncated, out.Marker = p.truncated, p.marker
		out.InstanceProfiles, err = profilesOut(tx, p.items)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}
