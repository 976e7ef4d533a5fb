package iam

import (
	"context"

	"sojourn/internal/principal"
	"sojourn/internal/store"
	"sojourn/internal/wire/iamwire"
)

func (r profileRef) tags(tx store.Tx) ([]store.Tag, func([]store.Tag) error, error) {
	p, err := r.find(tx)
	put := func(tags []store.Tag) error { p.Tags = tags; return tx.UpdateInstanceProfile(p) }
	return p.Tags, put, err
}

// TagInstanceProfile adds tags to an instance profile. A key that is there, in whatever case, gets the new tag.
func (s *Service) TagInstanceProfile(ctx context.Context, c *principal.Caller, in *iamwire.TagInstanceProfileInput) (*iamwire.TagInstanceProfileOutput, error) {
	ref := profileRef{c.Account, or(in.InstanceProfileName, "")}
	if err := s.tag(ctx, c, ref.act("iam:TagInstanceProfile"), ref.tags, in.Tags); err != nil {
		return nil, err
	}
	return &iamwire.TagInstanceProfileOutput{}, nil
}

// UntagInstanceProfile takes tags from an instance profile.
func (s *Service) UntagInstanceProfile(ctx context.Context, c *principal.Caller, in *iamwire.UntagInstanceProfileInput) (*iamwire.UntagInstanceProfileOutput, error) {
	ref := profileRef{c.Account, or(in.InstanceProfileName, "")}
	if err := s.untag(ctx, c, ref.act("iam:UntagInstanceProfile"), ref.tags, in.TagKeys); err != nil {
		return nil, err
	}
	return &iamwire.UntagInstanceProfileOutput{}, nil
}

// ListInstanceProfileTags lists an instance profile's tags by key.
func (s *Service) ListInstanceProfileTags(ctx context.Context, c *principal.Caller, in *iamwire.ListInstanceProfileTagsInput) (*iamwire.ListInstanceProfileTagsOutput, error) {
	ref := profileRef{c.Account, or(in.InstanceProfileName, "")}
	p, err := s.listTags(ctx, c, ref.act("iam:ListInstanceProfileTags"), ref.tags, in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	return &iamwire.ListInstanceProfileTagsOutput{Tags: p.items, IsTruncated: p.truncated, Marker: p.marker}, nil
}
