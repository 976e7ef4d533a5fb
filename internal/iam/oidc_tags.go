package iam

import (
	"context"

	"sojourn/internal/principal"
	"sojourn/internal/store"
	"sojourn/internal/wire/iamwire"
)

func providerTags(account string, ref providerRef) bearer {
	return func(tx store.Tx) ([]store.Tag, func([]store.Tag) error, error) {
		p, err := ref.find(tx, account)
		put := func(tags []store.Tag) error { p.Tags = tags; return tx.UpdateOIDCProvider(p) }
		return p.Tags, put, err
	}
}

// TagOpenIDConnectProvider adds tags to a provider. A key that is there, in whatever case, gets the new tag.
func (s *Service) TagOpenIDConnectProvider(ctx context.Context, c *principal.Caller, in *iamwire.TagOpenIDConnectProviderInput) (*iamwire.TagOpenIDConnectProviderOutput, error) {
	ref, err := parseProviderARN(in.OpenIDConnectProviderArn)
	if err != nil {
		return nil, err
	}
	if err := s.tag(ctx, c, ref.act("iam:TagOpenIDConnectProvider"), providerTags(c.Account, ref), in.Tags); err != nil {
		return nil, err
	}
	return &iamwire.TagOpenIDConnectProviderOutput{}, nil
}

// UntagOpenIDConnectProvider takes tags from a provider.
func (s *Service) UntagOpenIDConnectProvider(ctx context.Context, c *principal.Caller, in *iamwire.UntagOpenIDConnectProviderInput) (*iamwire.UntagOpenIDConnectProviderOutput, error) {
	ref, err := parseProviderARN(in.OpenIDConnectProviderArn)
	if err != nil {
		return nil, err
	}
	if err := s.untag(ctx, c, ref.act("iam:UntagOpenIDConnectProvider"), providerTags(c.Account, ref), in.TagKeys); err != nil {
		return nil, err
	}
	return &iamwire.UntagOpenIDConnectProviderOutput{}, nil
}

// ListOpenIDConnectProviderTags lists a provider's tags by key.
func (s *Service) ListOpenIDConnectProviderTags(ctx context.Context, c *principal.Caller, in *iamwire.ListOpenIDConnectProviderTagsInput) (*iamwire.ListOpenIDConnectProviderTagsOutput, error) {
	ref, err := parseProviderARN(in.OpenIDConnectProviderArn)
	if err != nil {
		return nil, err
	}
	p, err := s.listTags(ctx, c, ref.act("iam:ListOpenIDConnectProviderTags"), providerTags(c.Account, ref), in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	return &iamwire.ListOpenIDConnectProviderTagsOutput{Tags: p.items, IsTruncated: p.truncated, Marker: p.marker}, nil
}
