package iam

import (
	"context"

	"sojourn/internal/principal"
	"sojourn/internal/wire/iamwire"
)

// TagSAMLProvider adds tags to a provider. A key that is there, in whatever case, gets the new tag.
func (s *Service) TagSAMLProvider(ctx context.Context, c *principal.Caller, in *iamwire.TagSAMLProviderInput) (*iamwire.TagSAMLProviderOutput, error) {
	ref, err := parseSAMLARN(in.SAMLProviderArn)
	if err != nil {
		return nil, err
	}
	if err := s.tag(ctx, c, ref.act("iam:TagSAMLProvider"), samlTags(c.Account, ref), in.Tags); err != nil {
		return nil, err
	}
	return &iamwire.TagSAMLProviderOutput{}, nil
}

// UntagSAMLProvider takes tags from a provider.
func (s *Service) UntagSAMLProvider(ctx context.Context, c *principal.Caller, in *iamwire.UntagSAMLProviderInput) (*iamwire.UntagSAMLProviderOutput, error) {
	ref, err := parseSAMLARN(in.SAMLProviderArn)
	if err != nil {
		return nil, err
	}
	if err := s.untag(ctx, c, ref.act("iam:UntagSAMLProvider"), samlTags(c.Account, ref), in.TagKeys); err != nil {
		return nil, err
	}
	return &iamwire.UntagSAMLProviderOutput{}, nil
}

// ListSAMLProviderTags lists a provider's tags by key.
func (s *Service) ListSAMLProviderTags(ctx context.Context, c *principal.Caller, in *iamwire.ListSAMLProviderTagsInput) (*iamwire.ListSAMLProviderTagsOutput, error) {
	ref, err := parseSAMLARN(in.SAMLProviderArn)
	if err != nil {
		return nil, err
	}
	p, err := s.listTags(ctx, c, ref.act("iam:ListSAMLProviderTags"), samlTags(c.Account, ref), in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	return &iamwire.ListSAMLProviderTagsOutput{Tags: p.items, IsTruncated: p.truncated, Marker: p.marker}, nil
}
