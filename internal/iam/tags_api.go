package iam

import (
	"context"

	"sojourn/internal/principal"
	"sojourn/internal/store"
	"sojourn/internal/wire/iamwire"
)

// TagUser adds tags to a user. A key that is there, in whatever case, gets the new tag.
func (s *Service) TagUser(ctx context.Context, c *principal.Caller, in *iamwire.TagUserInput) (*iamwire.TagUserOutput, error) {
	a := users.act("iam:TagUser", c.Account, or(in.UserName, ""))
	if err := s.tag(ctx, c, a, userTags(c.Account, in.UserName), in.Tags); err != nil {
		return nil, err
	}
	return &iamwire.TagUserOutput{}, nil
}

// UntagUser takes tags from a user.
func (s *Service) UntagUser(ctx context.Context, c *principal.Caller, in *iamwire.UntagUserInput) (*iamwire.UntagUserOutput, error) {
	a := users.act("iam:UntagUser", c.Account, or(in.UserName, ""))
	if err := s.untag(ctx, c, a, userTags(c.Account, in.UserName), in.TagKeys); err != nil {
		return nil, err
	}
	return &iamwire.UntagUserOutput{}, nil
}

// ListUserTags lists a user's tags by key.
func (s *Service) ListUserTags(ctx context.Context, c *principal.Caller, in *iamwire.ListUserTagsInput) (*iamwire.ListUserTagsOutput, error) {
	a := users.act("iam:ListUserTags", c.Account, or(in.UserName, ""))
	p, err := s.listTags(ctx, c, a, userTags(c.Account, in.UserName), in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	return &iamwire.ListUserTagsOutput{Tags: p.items, IsTruncated: p.truncated, Marker: p.marker}, nil
}

// TagRole adds tags to a role. A key that is there, in whatever case, gets the new tag.
func (s *Service) TagRole(ctx context.Context, c *principal.Caller, in *iamwire.TagRoleInput) (*iamwire.TagRoleOutput, error) {
	a := roles.act("iam:TagRole", c.Account, or(in.RoleName, ""))
	if err := s.tag(ctx, c, a, roleTags(c.Account, in.RoleName), in.Tags); err != nil {
		return nil, err
	}
	return &iamwire.TagRoleOutput{}, nil
}

// UntagRole takes tags from a role.
func (s *Service) UntagRole(ctx context.Context, c *principal.Caller, in *iamwire.UntagRoleInput) (*iamwire.UntagRoleOutput, error) {
	a := roles.act("iam:UntagRole", c.Account, or(in.RoleName, ""))
	if err := s.untag(ctx, c, a, roleTags(c.Account, in.RoleName), in.TagKeys); err != nil {
		return nil, err
	}
	return &iamwire.UntagRoleOutput{}, nil
}

// ListRoleTags lists a role's tags by key.
func (s *Service) ListRoleTags(ctx context.Context, c *principal.Caller, in *iamwire.ListRoleTagsInput) (*iamwire.ListRoleTagsOutput, error) {
	a := roles.act("iam:ListRoleTags", c.Account, or(in.RoleName, ""))
	p, err := s.listTags(ctx, c, a, roleTags(c.Account, in.RoleName), in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	return &iamwire.ListRoleTagsOutput{Tags: p.items, IsTruncated: p.truncated, Marker: p.marker}, nil
}

// TagPolicy adds tags to a managed policy. A key that is there, in whatever case, gets the new tag.
func (s *Service) TagPolicy(ctx context.Context, c *principal.Caller, in *iamwire.TagPolicyInput) (*iamwire.TagPolicyOutput, error) {
	ref, err := parsePolicyARN(in.PolicyArn)
	if err != nil {
		return nil, err
	}
	if err := s.tag(ctx, c, ref.act("iam:TagPolicy"), policyTags(c.Account, ref), in.Tags); err != nil {
		return nil, err
	}
	return &iamwire.TagPolicyOutput{}, nil
}

// UntagPolicy takes tags from a managed policy.
func (s *Service) UntagPolicy(ctx context.Context, c *principal.Caller, in *iamwire.UntagPolicyInput) (*iamwire.UntagPolicyOutput, error) {
	ref, err := parsePolicyARN(in.PolicyArn)
	if err != nil {
		return nil, err
	}
	if err := s.untag(ctx, c, ref.act("iam:UntagPolicy"), policyTags(c.Account, ref), in.TagKeys); err != nil {
		return nil, err
	}
	return &iamwire.UntagPolicyOutput{}, nil
}

// ListPolicyTags lists a managed policy's tags by key; those that AWS provides have none.
func (s *Service) ListPolicyTags(ctx context.Context, c *principal.Caller, in *iamwire.ListPolicyTagsInput) (*iamwire.ListPolicyTagsOutput, error) {
	ref, err := parsePolicyARN(in.PolicyArn)
	if err != nil {
		return nil, err
	}
	read := func(tx store.Tx) ([]store.Tag, func([]store.Tag) error, error) {
		p, err := ref.readable(tx, c.Account)
		return p.Tags, nil, err
	}
	p, err := s.listTags(ctx, c, ref.act("iam:ListPolicyTags"), read, in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	return &iamwire.ListPolicyTagsOutput{Tags: p.items, IsTruncated: p.truncated, Marker: p.marker}, nil
}
