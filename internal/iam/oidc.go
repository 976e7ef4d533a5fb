package iam

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"sojourn/internal/arn"
	"sojourn/internal/principal"
	"sojourn/internal/store"
	"sojourn/internal/wire/iamwire"
)

const (
	providersPerAccount  = 100
	clientsPerProvider   = 100
	thumbprintsPerIssuer = 5
)

// CreateOpenIDConnectProvider registers an issuer. It does not fetch anything:
// the issuer is asked when the first token of it is verified.
func (s *Service) CreateOpenIDConnectProvider(ctx context.Context, c *principal.Caller, in *iamwire.CreateOpenIDConnectProviderInput) (*iamwire.CreateOpenIDConnectProviderOutput, error) {
	p, err := s.newProvider(c, in)
	if err != nil {
		return nil, err
	}
	name := providerARN(p.Account, p.URL)
	a := creation("iam:CreateOpenIDConnectProvider", "iam:TagOpenIDConnectProvider", entity{arn: name, tags: p.Tags})
	a.bounded = false
	a.params = map[string]string{"url": or(in.Url, "")}
	err = s.write(ctx, c, a, func(tx store.Tx) error { return insertProvider(tx, p) })
	if err != nil {
		return nil, err
	}
	return &iamwire.CreateOpenIDConnectProviderOutput{OpenIDConnectProviderArn: new(name), Tags: tagsOut(p.Tags)}, nil
}

func (s *Service) newProvider(c *principal.Caller, in *iamwire.CreateOpenIDConnectProviderInput) (store.OIDCProvider, error) {
	p := store.OIDCProvider{Account: c.Account, Created: s.now()}
	var err error
	if p.URL, err = issuer(or(in.Url, "")); err != nil {
		return p, err
	}
	if p.Tags, err = tagsIn(in.Tags); err != nil {
		return p, err
	}
	if err := checkThumbprints(in.ThumbprintList); err != nil {
		return p, err
	}
	p.Thumbprints = in.ThumbprintList
	for _, id := range in.ClientIDList {
		if !slices.Contains(p.ClientIDs, id) {
			p.ClientIDs = append(p.ClientIDs, id)
		}
	}
	return p, full(len(p.ClientIDs)-1, clientsPerProvider, "ClientIdsPerOpenIdConnectProvider")
}

func checkThumbprints(list []string) error {
	if len(list) > thumbprintsPerIssuer {
		return iamwire.NewInvalidInput("Thumbprint list must contain fewer than 5 entries.")
	}
	for _, t := range list {
		if !isThumbprint(t) {
			return iamwire.NewInvalidInput("A thumbprint must be 40 hexadecimal digits.")
		}
	}
	return nil
}

func isThumbprint(t string) bool {
	return len(t) == 40 && strings.Trim(t, "0123456789abcdefABCDEF") == ""
}

func insertProvider(tx store.Tx, p store.OIDCProvider) error {
	err := tx.InsertOIDCProvider(p)
	if errors.Is(err, store.ErrExists) {
		return iamwire.NewEntityAlreadyExists("Provider with url https://%s already exists.", p.URL)
	}
	if err != nil {
		return fmt.Errorf("inserting provider %q: %w", p.URL, err)
	}
	all, err := tx.OIDCProviders(p.Account)
	if err != nil {
		return fmt.Errorf("counting providers: %w", err)
	}
	return full(len(all)-1, providersPerAccount, "OpenIdConnectProvidersPerAccount")
}

// GetOpenIDConnectProvider describes a provider; its URL is without a scheme.
func (s *Service) GetOpenIDConnectProvider(ctx context.Context, c *principal.Caller, in *iamwire.GetOpenIDConnectProviderInput) (*iamwire.GetOpenIDConnectProviderOutput, error) {
	ref, err := parseProviderARN(in.OpenIDConnectProviderArn)
	if err != nil {
		return nil, err
	}
	out := &iamwire.GetOpenIDConnectProviderOutput{}
	err = s.read(ctx, c, ref.act("iam:GetOpenIDConnectProvider"), func(tx store.Tx) error {
		p, err := ref.find(tx, c.Account)
		if err != nil {
			return err
		}
		*out = iamwire.GetOpenIDConnectProviderOutput{Url: new(p.URL), ClientIDList: p.ClientIDs,
			ThumbprintList: p.Thumbprints, CreateDate: new(p.Created), Tags: tagsOut(p.Tags)}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// ListOpenIDConnectProviders lists the account's providers.
func (s *Service) ListOpenIDConnectProviders(ctx context.Context, c *principal.Caller, _ *iamwire.ListOpenIDConnectProvidersInput) (*iamwire.ListOpenIDConnectProvidersOutput, error) {
	out := &iamwire.ListOpenIDConnectProvidersOutput{}
	a := act{action: "iam:ListOpenIDConnectProviders", locate: fixed(arn.IAM(c.Account, "oidc-provider/*"))}
	err := s.read(ctx, c, a, func(tx store.Tx) error {
		all, err := tx.OIDCProviders(c.Account)
		out.OpenIDConnectProviderList = make([]iamwire.OpenIDConnectProviderListEntry, 0, len(all))
		for _, p := range all {
			out.OpenIDConnectProviderList = append(out.OpenIDConnectProviderList,
				iamwire.OpenIDConnectProviderListEntry{Arn: new(providerARN(p.Account, p.URL))})
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// DeleteOpenIDConnectProvider deletes a provider; as on AWS it is no error if there is none.
func (s *Service) DeleteOpenIDConnectProvider(ctx context.Context, c *principal.Caller, in *iamwire.DeleteOpenIDConnectProviderInput) (*iamwire.DeleteOpenIDConnectProviderOutput, error) {
	ref, err := parseProviderARN(in.OpenIDConnectProviderArn)
	if err != nil {
		return nil, err
	}
	err = s.write(ctx, c, ref.act("iam:DeleteOpenIDConnectProvider"), func(tx store.Tx) error {
		if ref.account != c.Account {
			return nil
		}
		err := tx.DeleteOIDCProvider(ref.account, ref.url)
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return &iamwire.DeleteOpenIDConnectProviderOutput{}, nil
}

// AddClientIDToOpenIDConnectProvider adds an audience; doing it twice is no error.
func (s *Service) AddClientIDToOpenIDConnectProvider(ctx context.Context, c *principal.Caller, in *iamwire.AddClientIDToOpenIDConnectProviderInput) (*iamwire.AddClientIDToOpenIDConnectProviderOutput, error) {
	err := s.changeClients(ctx, c, "iam:AddClientIDToOpenIDConnectProvider", in.OpenIDConnectProviderArn, in.ClientID,
		func(ids []string, id string) ([]string, error) {
			if slices.Contains(ids, id) {
				return ids, nil
			}
			return append(ids, id), full(len(ids), clientsPerProvider, "ClientIdsPerOpenIdConnectProvider")
		})
	if err != nil {
		return nil, err
	}
	return &iamwire.AddClientIDToOpenIDConnectProviderOutput{}, nil
}

// RemoveClientIDFromOpenIDConnectProvider removes an audience; as on AWS it is no error if it is not there.
func (s *Service) RemoveClientIDFromOpenIDConnectProvider(ctx context.Context, c *principal.Caller, in *iamwire.RemoveClientIDFromOpenIDConnectProviderInput) (*iamwire.RemoveClientIDFromOpenIDConnectProviderOutput, error) {
	err := s.changeClients(ctx, c, "iam:RemoveClientIDFromOpenIDConnectProvider", in.OpenIDConnectProviderArn, in.ClientID,
		func(ids []string, id string) ([]string, error) {
			return slices.DeleteFunc(ids, func(have string) bool { return have == id }), nil
		})
	if err != nil {
		return nil, err
	}
	return &iamwire.RemoveClientIDFromOpenIDConnectProviderOutput{}, nil
}

// UpdateOpenIDConnectProviderThumbprint replaces a provider's list of thumbprints.
func (s *Service) UpdateOpenIDConnectProviderThumbprint(ctx context.Context, c *principal.Caller, in *iamwire.UpdateOpenIDConnectProviderThumbprintInput) (*iamwire.UpdateOpenIDConnectProviderThumbprintOutput, error) {
	ref, err := parseProviderARN(in.OpenIDConnectProviderArn)
	if err != nil {
		return nil, err
	}
	if err := checkThumbprints(in.ThumbprintList); err != nil {
		return nil, err
	}
	err = s.write(ctx, c, ref.act("iam:UpdateOpenIDConnectProviderThumbprint"), func(tx store.Tx) error {
		p, err := ref.find(tx, c.Account)
		if err != nil {
			return err
		}
		p.Thumbprints = in.ThumbprintList
		return tx.UpdateOIDCProvider(p)
	})
	if err != nil {
		return nil, err
	}
	return &iamwire.UpdateOpenIDConnectProviderThumbprintOutput{}, nil
}

func (s *Service) changeClients(ctx context.Context, c *principal.Caller, action string, provider, id *string,
	change func(ids []string, id string) ([]string, error)) error {
	ref, err := parseProviderARN(provider)
	if err != nil {
		return err
	}
	a := ref.act(action)
	a.params["clientID"] = or(id, "")
	return s.write(ctx, c, a, func(tx store.Tx) error {
		p, err := ref.find(tx, c.Account)
		if err != nil {
			return err
		}
		if p.ClientIDs, err = change(p.ClientIDs, or(id, "")); err != nil {
			return err
		}
		return tx.UpdateOIDCProvider(p)
	})
}
