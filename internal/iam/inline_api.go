package iam

import (
	"context"

	"sojourn/internal/principal"
	"sojourn/internal/wire/iamwire"
)

// PutUserPolicy embeds a policy in a user, or replaces it.
func (s *Service) PutUserPolicy(ctx context.Context, c *principal.Caller, in *iamwire.PutUserPolicyInput) (*iamwire.PutUserPolicyOutput, error) {
	if err := s.putInline(ctx, c, users, in.UserName, in.PolicyName, in.PolicyDocument); err != nil {
		return nil, err
	}
	return &iamwire.PutUserPolicyOutput{}, nil
}

// GetUserPolicy returns a policy embedded in a user.
func (s *Service) GetUserPolicy(ctx context.Context, c *principal.Caller, in *iamwire.GetUserPolicyInput) (*iamwire.GetUserPolicyOutput, error) {
	p, err := s.getInline(ctx, c, users, in.UserName, in.PolicyName)
	if err != nil {
		return nil, err
	}
	return &iamwire.GetUserPolicyOutput{UserName: p.owner, PolicyName: p.name, PolicyDocument: p.document}, nil
}

// DeleteUserPolicy removes a policy embedded in a user.
func (s *Service) DeleteUserPolicy(ctx context.Context, c *principal.Caller, in *iamwire.DeleteUserPolicyInput) (*iamwire.DeleteUserPolicyOutput, error) {
	if err := s.deleteInline(ctx, c, users, in.UserName, in.PolicyName); err != nil {
		return nil, err
	}
	return &iamwire.DeleteUserPolicyOutput{}, nil
}

// ListUserPolicies names the policies embedded in a user.
func (s *Service) ListUserPolicies(ctx context.Context, c *principal.Caller, in *iamwire.ListUserPoliciesInput) (*iamwire.ListUserPoliciesOutput, error) {
	p, err := s.listInline(ctx, c, users, in.UserName, in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	return &iamwire.ListUserPoliciesOutput{PolicyNames: p.items, IsTruncated: p.truncated, Marker: p.marker}, nil
}

// PutGroupPolicy embeds a policy in a group, or replaces it.
func (s *Service) PutGroupPolicy(ctx context.Context, c *principal.Caller, in *iamwire.PutGroupPolicyInput) (*iamwire.PutGroupPolicyOutput, error) {
	if err := s.putInline(ctx, c, groups, in.GroupName, in.PolicyName, in.PolicyDocument); err != nil {
		return nil, err
	}
	return &iamwire.PutGroupPolicyOutput{}, nil
}

// GetGroupPolicy returns a policy embedded in a group.
func (s *Service) GetGroupPolicy(ctx context.Context, c *principal.Caller, in *iamwire.GetGroupPolicyInput) (*iamwire.GetGroupPolicyOutput, error) {
	p, err := s.getInline(ctx, c, groups, in.GroupName, in.PolicyName)
	if err != nil {
		return nil, err
	}
	return &iamwire.GetGroupPolicyOutput{GroupName: p.owner, PolicyName: p.name, PolicyDocument: p.document}, nil
}

// DeleteGroupPolicy removes a policy embedded in a group.
func (s *Service) DeleteGroupPolicy(ctx context.Context, c *principal.Caller, in *iamwire.DeleteGroupPolicyInput) (*iamwire.DeleteGroupPolicyOutput, error) {
	if err := s.deleteInline(ctx, c, groups, in.GroupName, in.PolicyName); err != nil {
		return nil, err
	}
	return &iamwire.DeleteGroupPolicyOutput{}, nil
}

// ListGroupPolicies names the policies embedded in a group.
func (s *Service) ListGroupPolicies(ctx context.Context, c *principal.Caller, in *iamwire.ListGroupPoliciesInput) (*iamwire.ListGroupPoliciesOutput, error) {
	p, err := s.listInline(ctx, c, groups, in.GroupName, in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	return &iamwire.ListGroupPoliciesOutput{PolicyNames: p.items, IsTruncated: p.truncated, Marker: p.marker}, nil
}

// PutRolePolicy embeds a policy in a role, or replaces it.
func (s *Service) PutRolePolicy(ctx context.Context, c *principal.Caller, in *iamwire.PutRolePolicyInput) (*iamwire.PutRolePolicyOutput, error) {
	if err := s.putInline(ctx, c, roles, in.RoleName, in.PolicyName, in.PolicyDocument); err != nil {
		return nil, err
	}
	return &iamwire.PutRolePolicyOutput{}, nil
}

// GetRolePolicy returns a policy embedded in a role.
func (s *Service) GetRolePolicy(ctx context.Context, c *principal.Caller, in *iamwire.GetRolePolicyInput) (*iamwire.GetRolePolicyOutput, error) {
	p, err := s.getInline(ctx, c, roles, in.RoleName, in.PolicyName)
	if err != nil {
		return nil, err
	}
	return &iamwire.GetRolePolicyOutput{RoleName: p.owner, PolicyName: p.name, PolicyDocument: p.document}, nil
}

// DeleteRolePolicy removes a policy embedded in a role.
func (s *Service) DeleteRolePolicy(ctx context.Context, c *principal.Caller, in *iamwire.DeleteRolePolicyInput) (*iamwire.DeleteRolePolicyOutput, error) {
	if err := s.deleteInline(ctx, c, roles, in.RoleName, in.PolicyName); err != nil {
		return nil, err
	}
	return &iamwire.DeleteRolePolicyOutput{}, nil
}

// ListRolePolicies names the policies embedded in a role.
func (s *Service) ListRolePolicies(ctx context.Context, c *principal.Caller, in *iamwire.ListRolePoliciesInput) (*iamwire.ListRolePoliciesOutput, error) {
	p, err := s.listInline(ctx, c, roles, in.RoleName, in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	return &iamwire.ListRolePoliciesOutput{PolicyNames: p.items, IsTruncated: p.truncated, Marker: p.marker}, nil
}
