package iam

import (
	"context"
	"fmt"
	"time"

	"sojourn/internal/principal"
	"sojourn/internal/store"
	"sojourn/internal/wire/iamwire"
)

// UpdateRole sets a role's description, its longest session, or both. What is
// not given stays as it is.
func (s *Service) UpdateRole(ctx context.Context, c *principal.Caller, in *iamwire.UpdateRoleInput) (*iamwire.UpdateRoleOutput, error) {
	_, err := s.changeRole(ctx, c, "iam:UpdateRole", in.RoleName, func(_ store.Tx, r *store.Role) error {
		r.Description = or(in.Description, r.Description)
		r.MaxSession = sessionBound(in.MaxSessionDuration, r.MaxSession)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &iamwire.UpdateRoleOutput{}, nil
}

// UpdateRoleDescription sets a role's description and shows the role.
func (s *Service) UpdateRoleDescription(ctx context.Context, c *principal.Caller, in *iamwire.UpdateRoleDescriptionInput) (*iamwire.UpdateRoleDescriptionOutput, error) {
	shown, err := s.changeRole(ctx, c, "iam:UpdateRoleDescription", in.RoleName, func(_ store.Tx, r *store.Role) error {
		r.Description = or(in.Description, "")
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &iamwire.UpdateRoleDescriptionOutput{Role: shown}, nil
}

// UpdateAssumeRolePolicy replaces a role's trust policy.
func (s *Service) UpdateAssumeRolePolicy(ctx context.Context, c *principal.Caller, in *iamwire.UpdateAssumeRolePolicyInput) (*iamwire.UpdateAssumeRolePolicyOutput, error) {
	_, err := s.changeRole(ctx, c, "iam:UpdateAssumeRolePolicy", in.RoleName, func(tx store.Tx, r *store.Role) (err error) {
		r.Trust = or(in.PolicyDocument, "")
		r.TrustIDs, err = resolveTrust(tx, r.Trust)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &iamwire.UpdateAssumeRolePolicyOutput{}, nil
}

// changeRole changes a role by f and returns it as it is then shown.
func (s *Service) changeRole(ctx context.Context, c *principal.Caller, action string, name *string,
	f func(store.Tx, *store.Role) error) (shown *iamwire.Role, err error) {
	err = s.write(ctx, c, roles.act(action, c.Account, or(name, "")), func(tx store.Tx) error {
		r, err := tx.Role(c.Account, or(name, ""))
		if err != nil {
			return roles.absent(err, or(name, ""))
		}
		if err := f(tx, &r); err != nil {
			return err
		}
		if err := tx.UpdateRole(r); err != nil {
			return fmt.Errorf("writing role %q: %w", r.Name, err)
		}
		shown, err = roleOut(tx, r, true)
		return err
	})
	return shown, err
}

// sessionBound is a role's longest session: what is asked for within the API's bounds, or def.
func sessionBound(seconds *int64, def time.Duration) time.Duration {
	if seconds == nil {
		return def
	}
	return min(max(time.Duration(*seconds)*time.Second, minSession), maxSession)
}
