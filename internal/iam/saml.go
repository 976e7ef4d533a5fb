package iam

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"

	"sojourn/internal/arn"
	"sojourn/internal/federation/saml"
	"sojourn/internal/federation/samlidp"
	"sojourn/internal/principal"
	"sojourn/internal/secret"
	"sojourn/internal/store"
	"sojourn/internal/wire/iamwire"
)

const keysPerSAMLProvider = 2

// CreateSAMLProvider registers an identity provider by its metadata.
func (s *Service) CreateSAMLProvider(ctx context.Context, c *principal.Caller, in *iamwire.CreateSAMLProviderInput) (*iamwire.CreateSAMLProviderOutput, error) {
	change := samlChange{metadata: in.SAMLMetadataDocument, mode: in.AssertionEncryptionMode, add: in.AddPrivateKey}
	p, err := s.newSAMLProvider(c, in, change)
	if err != nil {
		return nil, err
	}
	a := creation("iam:CreateSAMLProvider", "iam:TagSAMLProvider", entity{arn: *samlARN(p), tags: p.Tags})
	a.bounded = false
	a.params = map[string]string{"name": p.Name}
	change.note(a.params)
	if err := s.write(ctx, c, a, func(tx store.Tx) error { return insertSAMLProvider(tx, p) }); err != nil {
		return nil, err
	}
	return &iamwire.CreateSAMLProviderOutput{SAMLProviderArn: samlARN(p), Tags: tagsOut(p.Tags)}, nil
}

func (s *Service) newSAMLProvider(c *principal.Caller, in *iamwire.CreateSAMLProviderInput, change samlChange) (store.SAMLProvider, error) {
	p := store.SAMLProvider{Account: c.Account, Name: or(in.Name, ""), ID: rand.Text(), Created: s.now()}
	var err error
	if p.Tags, err = tagsIn(in.Tags); err != nil {
		return p, err
	}
	err = s.changeSAML(&p, change)
	return p, err
}

// samlChange is what a creation or an update says; nil leaves a part as it is.
type samlChange struct{ metadata, mode, add, remove *string }

// note adds what changes to a record: of a document and of a key only that there is one.
func (c samlChange) note(params map[string]string) {
	for name, given := range map[string]*string{"sAMLMetadataDocument": c.metadata, "addPrivateKey": c.add} {
		if given != nil {
			params[name] = "given"
		}
	}
	for name, value := range map[string]*string{"assertionEncryptionMode": c.mode, "removePrivateKey": c.remove} {
		if value != nil {
			params[name] = *value
		}
	}
}

// changeSAML makes a change in p, which is not stored yet. A key is removed
// before one is added, so that one request can put one in another's place.
func (s *Service) changeSAML(p *store.SAMLProvider, c samlChange) error {
	if c.metadata != nil {
		m, err := saml.ParseMetadata(*c.metadata)
		if err != nil {
			return iamwire.NewInvalidInput("Could not parse metadata: %s", reason(err))
		}
		if p.Metadata, p.ValidUntil = *c.metadata, m.ValidUntil(); !p.ValidUntil.After(s.now()) {
			return iamwire.NewInvalidInput("The metadata document has expired.")
		}
	}
	p.EncryptionMode = or(c.mode, p.EncryptionMode)
	if c.remove != nil {
		if err := removeKey(p, *c.remove); err != nil {
			return err
		}
	}
	if c.add != nil {
		if err := s.addKey(p, *c.add); err != nil {
			return err
		}
	}
	if p.EncryptionMode == samlidp.Required && len(p.PrivateKeys) == 0 {
		return iamwire.NewInvalidInput("AssertionEncryptionMode Required needs a private key: without one no assertion could be read.")
	}
	return nil
}

// reason is what a *saml.Refusal says, without its stage.
func reason(err error) string {
	if r, ok := errors.AsType[*saml.Refusal](err); ok {
		return r.Reason
	}
	return err.Error()
}

func removeKey(p *store.SAMLProvider, id string) error {
	left := slices.DeleteFunc(slices.Clone(p.PrivateKeys), func(k store.SAMLPrivateKey) bool { return k.ID == id })
	if len(left) == len(p.PrivateKeys) {
		return iamwire.NewNoSuchEntity("The private key with id %s cannot be found.", id)
	}
	p.PrivateKeys = left
	return nil
}

func (s *Service) addKey(p *store.SAMLProvider, pem string) error {
	if err := full(len(p.PrivateKeys), keysPerSAMLProvider, "PrivateKeysPerSAMLProvider"); err != nil {
		return err
	}
	k, err := samlidp.NewKey(s.keys, *p, secret.New(pem), s.now())
	if err != nil {
		return iamwire.NewInvalidInput("Could not parse the private key: %s", reason(err))
	}
	p.PrivateKeys = append(p.PrivateKeys, k)
	return nil
}

func insertSAMLProvider(tx store.Tx, p store.SAMLProvider) error {
	err := tx.InsertSAMLProvider(p)
	if errors.Is(err, store.ErrExists) {
		return iamwire.NewEntityAlreadyExists("SAMLProvider with name %s already exists.", p.Name)
	}
	if err != nil {
		return fmt.Errorf("inserting SAML provider %q: %w", p.Name, err)
	}
	all, err := tx.SAMLProviders(p.Account)
	if err != nil {
		return fmt.Errorf("counting SAML providers: %w", err)
	}
	return full(len(all)-1, providersPerAccount, "SAMLProvidersPerAccount")
}

// GetSAMLProvider describes a provider. Of its private keys it tells the ids only.
func (s *Service) GetSAMLProvider(ctx context.Context, c *principal.Caller, in *iamwire.GetSAMLProviderInput) (*iamwire.GetSAMLProviderOutput, error) {
	ref, err := parseSAMLARN(in.SAMLProviderArn)
	if err != nil {
		return nil, err
	}
	out := &iamwire.GetSAMLProviderOutput{}
	err = s.read(ctx, c, ref.act("iam:GetSAMLProvider"), func(tx store.Tx) error {
		p, err := ref.find(tx, c.Account)
		if err != nil {
			return err
		}
		*out = iamwire.GetSAMLProviderOutput{SAMLProviderUUID: new(p.ID), SAMLMetadataDocument: new(p.Metadata), CreateDate: new(p.Created),
			ValidUntil: new(p.ValidUntil), Tags: tagsOut(p.Tags), AssertionEncryptionMode: optional(p.EncryptionMode)}
		for _, k := range p.PrivateKeys {
			out.PrivateKeyList = append(out.PrivateKeyList, iamwire.SAMLPrivateKey{KeyId: new(k.ID), Timestamp: new(k.Added)})
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// ListSAMLProviders lists the account's providers.
func (s *Service) ListSAMLProviders(ctx context.Context, c *principal.Caller, _ *iamwire.ListSAMLProvidersInput) (*iamwire.ListSAMLProvidersOutput, error) {
	out := &iamwire.ListSAMLProvidersOutput{}
	a := act{action: "iam:ListSAMLProviders", locate: fixed(arn.IAM(c.Account, "saml-provider/*"))}
	err := s.read(ctx, c, a, func(tx store.Tx) error {
		all, err := tx.SAMLProviders(c.Account)
		out.SAMLProviderList = make([]iamwire.SAMLProviderListEntry, 0, len(all))
		for _, p := range all {
			out.SAMLProviderList = append(out.SAMLProviderList,
				iamwire.SAMLProviderListEntry{Arn: samlARN(p), ValidUntil: new(p.ValidUntil), CreateDate: new(p.Created)})
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// UpdateSAMLProvider changes what is given: the metadata, whether assertions
// must be encrypted, the private keys.
func (s *Service) UpdateSAMLProvider(ctx context.Context, c *principal.Caller, in *iamwire.UpdateSAMLProviderInput) (*iamwire.UpdateSAMLProviderOutput, error) {
	ref, err := parseSAMLARN(in.SAMLProviderArn)
	if err != nil {
		return nil, err
	}
	change := samlChange{metadata: in.SAMLMetadataDocument, mode: in.AssertionEncryptionMode, add: in.AddPrivateKey, remove: in.RemovePrivateKey}
	a := ref.act("iam:UpdateSAMLProvider")
	change.note(a.params)
	err = s.write(ctx, c, a, func(tx store.Tx) error {
		p, err := ref.find(tx, c.Account)
		if err != nil {
			return err
		}
		if err := s.changeSAML(&p, change); err != nil {
			return err
		}
		return tx.UpdateSAMLProvider(p)
	})
	if err != nil {
		return nil, err
	}
	return &iamwire.UpdateSAMLProviderOutput{SAMLProviderArn: new(ref.arn)}, nil
}

// DeleteSAMLProvider deletes a provider. Roles may go on to name it; sessions
// that it has brought about end by themselves.
func (s *Service) DeleteSAMLProvider(ctx context.Context, c *principal.Caller, in *iamwire.DeleteSAMLProviderInput) (*iamwire.DeleteSAMLProviderOutput, error) {
	ref, err := parseSAMLARN(in.SAMLProviderArn)
	if err != nil {
		return nil, err
	}
	err = s.write(ctx, c, ref.act("iam:DeleteSAMLProvider"), func(tx store.Tx) error {
		if _, err := ref.find(tx, c.Account); err != nil {
			return err
		}
		return tx.DeleteSAMLProvider(ref.account, ref.name)
	})
	if err != nil {
		return nil, err
	}
	return &iamwire.DeleteSAMLProviderOutput{}, nil
}
