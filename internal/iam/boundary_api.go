package iam

import (
	"context"

	"sojourn/internal/principal"
	"sojourn/internal/store"
	"sojourn/internal/wire/iamwire"
)

// PutUserPermissionsBoundary sets the most that a user's policies can allow.
func (s *Service) PutUserPermissionsBoundary(ctx context.Context, c *principal.Caller, in *iamwire.PutUserPermissionsBoundaryInput) (*iamwire.PutUserPermissionsBoundaryOutput, error) {
	if err := s.putBoundary(ctx, c, users, in.UserName, in.PermissionsBoundary, boundUser); err != nil {
		return nil, err
	}
	return &iamwire.PutUserPermissionsBoundaryOutput{}, nil
}

// DeleteUserPermissionsBoundary takes a user's boundary away; that there is none is no error.
func (s *Service) DeleteUserPermissionsBoundary(ctx context.Context, c *principal.Caller, in *iamwire.DeleteUserPermissionsBoundaryInput) (*iamwire.DeleteUserPermissionsBoundaryOutput, error) {
	if err := s.deleteBoundary(ctx, c, users, in.UserName, boundUser); err != nil {
		return nil, err
	}
	return &iamwire.DeleteUserPermissionsBoundaryOutput{}, nil
}

// PutRolePermissionsBoundary sets the most that a role's policies can allow.
func (s *Service) PutRolePermissionsBoundary(ctx context.Context, c *principal.Caller, in *iamwire.PutRolePermissionsBoundaryInput) (*iamwire.PutRolePermissionsBoundaryOutput, error) {
	if err := s.putBoundary(ctx, c, roles, in.RoleName, in.PermissionsBoundary, boundRole); err != nil {
		return nil, err
	}
	return &iamwire.PutRolePermissionsBoundaryOutput{}, nil
}

// DeleteRolePermissionsBoundary takes a role's boundary away; that there is none is no error.
func (s *Service) DeleteRolePermissionsBoundary(ctx context.Context, c *principal.Caller, in *iamwire.DeleteRolePermissionsBoundaryInput) (*iamwire.DeleteRolePermissionsBoundaryOutput, error) {
	if err := s.deleteBoundary(ctx, c, roles, in.RoleName, boundRole); err != nil {
		return nil, err
	}
	return &iamwire.DeleteRolePermissionsBoundaryOutput{}, nil
}

// bound writes an entity's boundary, "" for none.
type bound func(tx store.Tx, account, name, boundary string) error

func boundUser(tx store.Tx, account, name, boundary string) error {
	u, err := tx.User(account, name)
	if err != nil {
		return users.absent(err, name)
	}
	u.Boundary = boundary
	return tx.UpdateUser(u)
}

func boundRole(tx store.Tx, account, name, boundary string) error {
	r, err := tx.Role(account, name)
	if err != nil {
		return roles.absent(err, name)
	}
	r.Boundary = boundary
	return tx.UpdateRole(r)
}

// putBoundary asks the gate with the boundary that is to be, so that who may set
// one certain boundary can neither leave it nor replace it by a wider one.
func (s *Service) putBoundary(ctx context.Context, c *principal.Caller, k *kind, name, boundary *string, put bound) error {
	ref, err := parsePolicyARN(boundary)
	if err != nil {
		return err
	}
	a := k.act("iam:Put"+k.title+"PermissionsBoundary", c.Account, or(name, ""))
	a.keys = map[string][]string{boundaryKey: {ref.arn}}
	a.params["permissionsBoundary"] = ref.arn
	return s.write(ctx, c, a, func(tx store.Tx) error {
		if err := put(tx, c.Account, or(name, ""), ref.arn); err != nil {
			return err
		}
		return ref.bounding(tx, c.Account)
	})
}

func (s *Service) deleteBoundary(ctx context.Context, c *principal.Caller, k *kind, name *string, put bound) error {
	a := k.act("iam:Delete"+k.title+"PermissionsBoundary", c.Account, or(name, ""))
	a.bounded = true
	return s.write(ctx, c, a, func(tx store.Tx) error { return put(tx, c.Account, or(name, ""), "") })
}
