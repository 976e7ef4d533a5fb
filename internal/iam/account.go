package iam

import (
	"context"
	"errors"
	"fmt"

	"sojourn/internal/arn"
	"sojourn/internal/awserr"
	"sojourn/internal/principal"
	"sojourn/internal/store"
	"sojourn/internal/wire/iamwire"
)

// ofAccount is an operation on the account as a whole: IAM knows no resource for it.
func ofAccount(action string, params map[string]string) act {
	return act{action: action, locate: fixed("*"), params: params}
}

// CreateAccountAlias names the account. As on AWS it takes the place of the
// alias that the account has, and an alias is of one account of the server.
func (s *Service) CreateAccountAlias(ctx context.Context, c *principal.Caller, in *iamwire.CreateAccountAliasInput) (*iamwire.CreateAccountAliasOutput, error) {
	alias := or(in.AccountAlias, "")
	if arn.IsAccount(alias) {
		return nil, awserr.Validation("An account alias cannot be the id of an account.")
	}
	a := ofAccount("iam:CreateAccountAlias", map[string]string{"accountAlias": alias})
	err := s.write(ctx, c, a, func(tx store.Tx) error { return putAlias(tx, c.Account, alias) })
	if err != nil {
		return nil, err
	}
	return &iamwire.CreateAccountAliasOutput{}, nil
}

func putAlias(tx store.Tx, account, alias string) error {
	now, err := aliasOf(tx, account)
	if err != nil {
		return err
	}
	if now != "" && now != alias {
		if err := tx.DeleteAccountAlias(account); err != nil {
			return fmt.Errorf("deleting the alias of account %q: %w", account, err)
		}
	}
	err = tx.InsertAccountAlias(account, alias)
	if errors.Is(err, store.ErrExists) {
		return iamwire.NewEntityAlreadyExists("The account alias %s already exists.", alias)
	}
	return err
}

// aliasOf is an account's alias, "" without one.
func aliasOf(tx store.Tx, account string) (string, error) {
	alias, err := tx.AccountAlias(account)
	if errors.Is(err, store.ErrNotFound) {
		return "", nil
	}
	return alias, err
}

// ListAccountAliases lists the account's alias, if it has one.
func (s *Service) ListAccountAliases(ctx context.Context, c *principal.Caller, in *iamwire.ListAccountAliasesInput) (*iamwire.ListAccountAliasesOutput, error) {
	w, err := newWindow("ListAccountAliases", in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	out := &iamwire.ListAccountAliasesOutput{}
	err = s.read(ctx, c, ofAccount("iam:ListAccountAliases", nil), func(tx store.Tx) error {
		alias, err := aliasOf(tx, c.Account)
		all := []string{}
		if alias != "" {
			all = append(all, alias)
		}
		p := slice(w, all, fold)
		out.AccountAliases, out.IsTruncated, out.Marker = p.items, p.truncated, p.marker
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// DeleteAccountAlias takes the account's alias away; it must be the one that is named.
func (s *Service) DeleteAccountAlias(ctx context.Context, c *principal.Caller, in *iamwire.DeleteAccountAliasInput) (*iamwire.DeleteAccountAliasOutput, error) {
	alias := or(in.AccountAlias, "")
	a := ofAccount("iam:DeleteAccountAlias", map[string]string{"accountAlias": alias})
	err := s.write(ctx, c, a, func(tx store.Tx) error {
		now, err := aliasOf(tx, c.Account)
		if err != nil {
			return err
		}
		if now != alias {
			return iamwire.NewNoSuchEntity("The account alias %s cannot be found.", alias)
		}
		return tx.DeleteAccountAlias(c.Account)
	})
	if err != nil {
		return nil, err
	}
	return &iamwire.DeleteAccountAliasOutput{}, nil
}
