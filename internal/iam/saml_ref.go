package iam

import (
	"errors"
	"fmt"
	"strings"

	"sojourn/internal/arn"
	"sojourn/internal/federation/samlidp"
	"sojourn/internal/store"
	"sojourn/internal/wire/iamwire"
)

// samlRef is the ARN of a SAML provider, taken apart.
type samlRef struct{ arn, account, name string }

func parseSAMLARN(text *string) (samlRef, error) {
	a, err := arn.Parse(or(text, ""))
	if err != nil {
		return samlRef{}, badARN()
	}
	name, ok := strings.CutPrefix(a.Resource, "saml-provider/")
	if !ok || a.Partition != "aws" || a.Service != "iam" || a.Region != "" || !arn.IsAccount(a.Account) || name == "" {
		return samlRef{}, iamwire.NewInvalidInput("ARN %s is not valid.", *text)
	}
	return samlRef{arn: *text, account: a.Account, name: name}, nil
}

// find returns the provider of the caller's account; those of others are not there.
func (r samlRef) find(tx store.Tx, account string) (store.SAMLProvider, error) {
	p, err := tx.SAMLProvider(r.account, r.name)
	if r.account != account || errors.Is(err, store.ErrNotFound) {
		return store.SAMLProvider{}, iamwire.NewNoSuchEntity("Manifest not found for arn %s", r.arn)
	}
	if err != nil {
		return p, fmt.Errorf("SAML provider %q: %w", r.name, err)
	}
	return p, nil
}

// locate finds the provider as the subject of an act.
func (r samlRef) locate(tx store.Tx) (subject, error) {
	on := subject{arn: r.arn, account: r.account}
	p, err := tx.SAMLProvider(r.account, r.name)
	if errors.Is(err, store.ErrNotFound) {
		return on, nil
	}
	on.tags = p.Tags
	return on, err
}

func (r samlRef) act(action string) act {
	return act{action: action, locate: r.locate, params: map[string]string{"sAMLProviderArn": r.arn}}
}

func samlTags(account string, ref samlRef) bearer {
	return func(tx store.Tx) ([]store.Tag, func([]store.Tag) error, error) {
		p, err := ref.find(tx, account)
		put := func(tags []store.Tag) error { p.Tags = tags; return tx.UpdateSAMLProvider(p) }
		return p.Tags, put, err
	}
}

func samlARN(p store.SAMLProvider) *string { return new(samlidp.ARN(p.Account, p.Name)) }
