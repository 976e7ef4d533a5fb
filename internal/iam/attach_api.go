package iam

import (
	"context"

	"sojourn/internal/principal"
	"sojourn/internal/wire/iamwire"
)

// AttachUserPolicy attaches a managed policy to a user; doing it twice is no error.
func (s *Service) AttachUserPolicy(ctx context.Context, c *principal.Caller, in *iamwire.AttachUserPolicyInput) (*iamwire.AttachUserPolicyOutput, error) {
	if err := s.attach(ctx, c, users, in.UserName, in.PolicyArn); err != nil {
		return nil, err
	}
	return &iamwire.AttachUserPolicyOutput{}, nil
}

// DetachUserPolicy detaches a managed policy from a user.
func (s *Service) DetachUserPolicy(ctx context.Context, c *principal.Caller, in *iamwire.DetachUserPolicyInput) (*iamwire.DetachUserPolicyOutput, error) {
	if err := s.detach(ctx, c, users, in.UserName, in.PolicyArn); err != nil {
		return nil, err
	}
	return &iamwire.DetachUserPolicyOutput{}, nil
}

// ListAttachedUserPolicies lists the managed policies attached to a user.
func (s *Service) ListAttachedUserPolicies(ctx context.Context, c *principal.Caller, in *iamwire.ListAttachedUserPoliciesInput) (*iamwire.ListAttachedUserPoliciesOutput, error) {
	p, err := s.listAttached(ctx, c, users, in.UserName, in.PathPrefix, in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	return &iamwire.ListAttachedUserPoliciesOutput{AttachedPolicies: p.items, IsTruncated: p.truncated, Marker: p.marker}, nil
}

// AttachGroupPolicy attaches a managed policy to a group; doing it twice is no error.
func (s *Service) AttachGroupPolicy(ctx context.Context, c *principal.Caller, in *iamwire.AttachGroupPolicyInput) (*iamwire.AttachGroupPolicyOutput, error) {
	if err := s.attach(ctx, c, groups, in.GroupName, in.PolicyArn); err != nil {
		return nil, err
	}
	return &iamwire.AttachGroupPolicyOutput{}, nil
}

// DetachGroupPolicy detaches a managed policy from a group.
func (s *Service) DetachGroupPolicy(ctx context.Context, c *principal.Caller, in *iamwire.DetachGroupPolicyInput) (*iamwire.DetachGroupPolicyOutput, error) {
	if err := s.detach(ctx, c, groups, in.GroupName, in.PolicyArn); err != nil {
		return nil, err
	}
	return &iamwire.DetachGroupPolicyOutput{}, nil
}

// ListAttachedGroupPolicies lists the managed policies attached to a group.
func (s *Service) ListAttachedGroupPolicies(ctx context.Context, c *principal.Caller, in *iamwire.ListAttachedGroupPoliciesInput) (*iamwire.ListAttachedGroupPoliciesOutput, error) {
	p, err := s.listAttached(ctx, c, groups, in.GroupName, in.PathPrefix, in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	return &iamwire.ListAttachedGroupPoliciesOutput{AttachedPolicies: p.items, IsTruncated: p.truncated, Marker: p.marker}, nil
}

// AttachRolePolicy attaches a managed policy to a role; doing it twice is no error.
func (s *Service) AttachRolePolicy(ctx context.Context, c *principal.Caller, in *iamwire.AttachRolePolicyInput) (*iamwire.AttachRolePolicyOutput, error) {
	if err := s.attach(ctx, c, roles, in.RoleName, in.PolicyArn); err != nil {
		return nil, err
	}
	return &iamwire.AttachRolePolicyOutput{}, nil
}

// DetachRolePolicy detaches a managed policy from a role.
func (s *Service) DetachRolePolicy(ctx context.Context, c *principal.Caller, in *iamwire.DetachRolePolicyInput) (*iamwire.DetachRolePolicyOutput, error) {
	if err := s.detach(ctx, c, roles, in.RoleName, in.PolicyArn); err != nil {
		return nil, err
	}
	return &iamwire.DetachRolePolicyOutput{}, nil
}

// ListAttachedRolePolicies lists the managed policies attached to a role.
func (s *Service) ListAttachedRolePolicies(ctx context.Context, c *principal.Caller, in *iamwire.ListAttachedRolePoliciesInput) (*iamwire.ListAttachedRolePoliciesOutput, error) {
	p, err := s.listAttached(ctx, c, roles, in.RoleName, in.PathPrefix, in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	return &iamwire.ListAttachedRolePoliciesOutput{AttachedPolicies: p.items, IsTruncated: p.truncated, Marker: p.marker}, nil
}
