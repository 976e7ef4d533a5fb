package iam

import (
	"context"
	"fmt"
	"strings"
	"time"

	"sojourn/internal/iam/identity"
	"sojourn/internal/principal"
	"sojourn/internal/seal"
	"sojourn/internal/store"
	"sojourn/internal/wire/iamwire"
)

const (
	rolesPerAccount = 1000
	minSession      = time.Hour
	maxSession      = 12 * time.Hour
	serviceRolePath = "/aws-service-role/" // of roles that AWS's services make, and of the policies for these
)

// CreateRole makes a role. Its trust policy's principals must exist.
func (s *Service) CreateRole(ctx context.Context, c *principal.Caller, in *iamwire.CreateRoleInput) (*iamwire.CreateRoleOutput, error) {
	r, err := s.newRole(c, in)
	if err != nil {
		return nil, err
	}
	a := creation("iam:CreateRole", "iam:TagRole", entity{arn: identity.RoleARN(r), boundary: r.Boundary, tags: r.Tags})
	a.params = map[string]string{"roleName": r.Name, "path": r.Path}
	out := &iamwire.CreateRoleOutput{}
	err = s.write(ctx, c, a, func(tx store.Tx) error {
		if err := unreserved(r); err != nil {
			return err
		}
		if r.TrustIDs, err = resolveTrust(tx, r.Trust); err != nil {
			return err
		}
		if err := insertRole(tx, r); err != nil {
			return err
		}
		out.Role, err = roleOut(tx, r, true)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (s *Service) newRole(c *principal.Caller, in *iamwire.CreateRoleInput) (store.Role, error) {
	tags, err := tagsIn(in.Tags)
	if err != nil {
		return store.Role{}, err
	}
	return store.Role{Account: c.Account, Name: or(in.RoleName, ""), Path: or(in.Path, "/"), ID: seal.NewID("AROA"),
		Description: or(in.Description, ""), Boundary: or(in.PermissionsBoundary, ""), MaxSession: sessionBound(in.MaxSessionDuration, minSession),
		Trust: or(in.AssumeRolePolicyDocument, ""), Created: s.now(), Tags: tags}, nil
}

// unreserved refuses the names and paths that AWS keeps for roles which its
// services make: tools treat such roles as untouchable.
func unreserved(r store.Role) error {
	switch {
	case strings.HasPrefix(r.Path, serviceRolePath):
		return iamwire.NewInvalidInput("Path prefix '/aws-service-role/' can only be used for AWS Service linked Roles")
	case strings.HasPrefix(r.Path, "/aws-reserved/"):
		return iamwire.NewInvalidInput("Path prefix '/aws-reserved/' is reserved.")
	case strings.HasPrefix(fold(r.Name), "awsservicerolefor"):
		return iamwire.NewInvalidInput("Role names that begin with AWSServiceRoleFor are reserved for AWS Service linked Roles")
	}
	return nil
}

func insertRole(tx store.Tx, r store.Role) error {
	if err := checkBoundary(tx, r.Account, r.Boundary); err != nil {
		return err
	}
	if err := roles.taken(tx.InsertRole(r), r.Name); err != nil {
		return err
	}
	all, err := tx.Roles(r.Account, store.Page{Limit: rolesPerAccount + 1})
	if err != nil {
		return fmt.Errorf("counting roles: %w", err)
	}
	return full(len(all)-1, rolesPerAccount, "RolesPerAccount")
}

// GetRole describes a role, and when it was last used.
func (s *Service) GetRole(ctx context.Context, c *principal.Caller, in *iamwire.GetRoleInput) (*iamwire.GetRoleOutput, error) {
	name := or(in.RoleName, "")
	out := &iamwire.GetRoleOutput{}
	err := s.read(ctx, c, roles.act("iam:GetRole", c.Account, name), func(tx store.Tx) error {
		r, err := tx.Role(c.Account, name)
		if err != nil {
			return roles.absent(err, name)
		}
		if out.Role, err = roleOut(tx, r, true); err != nil {
			return err
		}
		out.Role.RoleLastUsed, err = roleLastUsed(tx, r.ID)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// ListRoles lists roles below a path, by name.
func (s *Service) ListRoles(ctx context.Context, c *principal.Caller, in *iamwire.ListRolesInput) (*iamwire.ListRolesOutput, error) {
	w, err := newWindow("ListRoles", in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	out := &iamwire.ListRolesOutput{}
	err = s.read(ctx, c, listing("iam:ListRoles", c.Account, "role", in.PathPrefix), func(tx store.Tx) error {
		all, err := tx.Roles(c.Account, w.page(in.PathPrefix))
		if err != nil {
			return err
		}
		p := cut(w, all, func(r store.Role) string { return fold(r.Name) })
		out.IsTruncated, out.Marker = p.truncated, p.marker
		out.Roles, err = rolesOut(tx, p.items)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// DeleteRole deletes a role that has no policies left and is in no instance profile. Its sessions end with it.
func (s *Service) DeleteRole(ctx context.Context, c *principal.Caller, in *iamwire.DeleteRoleInput) (*iamwire.DeleteRoleOutput, error) {
	name := or(in.RoleName, "")
	err := s.write(ctx, c, roles.act("iam:DeleteRole", c.Account, name), func(tx store.Tx) error {
		e, err := roles.get(tx, c.Account, name)
		if err != nil {
			return err
		}
		if err := roleConflicts(tx, e); err != nil {
			return err
		}
		return tx.DeleteRole(e.id)
	})
	if err != nil {
		return nil, err
	}
	return &iamwire.DeleteRoleOutput{}, nil
}

func roleConflicts(tx store.Tx, e entity) error {
	in, err := tx.InstanceProfilesOf(e.id)
	if err != nil {
		return fmt.Errorf("instance profiles of %q: %w", e.arn, err)
	}
	if len(in) > 0 {
		return iamwire.NewDeleteConflict(mustRemoveRoles)
	}
	return conflicts(tx, e)
}

// roleOut is a role as answers show it; lists leave out boundary and tags.
func roleOut(tx store.Tx, r store.Role, whole bool) (*iamwire.Role, error) {
	trust, err := shownTrust(tx, r)
	if err != nil {
		return nil, err
	}
	out := &iamwire.Role{Path: new(r.Path), RoleName: new(r.Name), RoleId: new(r.ID), Arn: new(identity.RoleARN(r)),
		CreateDate: new(r.Created), AssumeRolePolicyDocument: encoded(trust), Description: optional(r.Description),
		MaxSessionDuration: new(int64(r.MaxSession / time.Second))}
	if whole {
		out.PermissionsBoundary, out.Tags = boundaryOut(r.Boundary), tagsOut(r.Tags)
	}
	return out, nil
}

func rolesOut(tx store.Tx, in []store.Role) ([]iamwire.Role, error) {
	out := make([]iamwire.Role, 0, len(in))
	for _, r := range in {
		shown, err := roleOut(tx, r, false)
		if err != nil {
			return nil, err
		}
		out = append(out, *shown)
	}
	return out, nil
}
