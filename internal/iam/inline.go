package iam

import (
	"context"
	"errors"
	"fmt"

	"sojourn/internal/policy"
	"sojourn/internal/principal"
	"sojourn/internal/store"
	"sojourn/internal/wire/iamwire"
)

// The four operations on inline policies, for each kind of entity. inline_api.go
// gives them the API's twelve names.

func (s *Service) putInline(ctx context.Context, c *principal.Caller, k *kind, owner, name, document *string) error {
	a := k.inlineAct("Put", c.Account, owner, name)
	return s.write(ctx, c, a, func(tx store.Tx) error {
		e, err := k.get(tx, c.Account, or(owner, ""))
		if err != nil {
			return err
		}
		if _, err := policy.Parse(policy.Identity, or(document, "")); err != nil {
			return malformed(err)
		}
		if err := tx.PutInlinePolicy(e.id, or(name, ""), or(document, "")); err != nil {
			return fmt.Errorf("putting inline policy %q: %w", or(name, ""), err)
		}
		return k.checkInlineSize(tx, e)
	})
}

func (k *kind) inlineAct(verb, account string, owner, name *string) act {
	a := k.act("iam:"+verb+k.title+"Policy", account, or(owner, ""))
	a.params["policyName"] = or(name, "")
	a.bounded = verb != "Get"
	return a
}

func (k *kind) checkInlineSize(tx store.Tx, e entity) error {
	all, err := tx.InlinePolicies(e.id)
	if err != nil {
		return fmt.Errorf("inline policies of %q: %w", e.arn, err)
	}
	total := 0
	for _, p := range all {
		total += size(p.Document)
	}
	if total > k.inlineSize {
		return iamwire.NewLimitExceeded("Maximum policy size of %d bytes exceeded for %s %s", k.inlineSize, k.noun, e.name)
	}
	return nil
}

// inlineText is one inline policy and its owner, as both are really called.
type inlineText struct{ owner, name, document *string }

func (s *Service) getInline(ctx context.Context, c *principal.Caller, k *kind, owner, name *string) (inlineText, error) {
	var out inlineText
	err := s.read(ctx, c, k.inlineAct("Get", c.Account, owner, name), func(tx store.Tx) error {
		e, err := k.get(tx, c.Account, or(owner, ""))
		if err != nil {
			return err
		}
		document, err := tx.InlinePolicy(e.id, or(name, ""))
		out = inlineText{new(e.name), name, encoded(document)}
		return k.absentInline(err, name)
	})
	return out, err
}

func (k *kind) absentInline(err error, name *string) error {
	if errors.Is(err, store.ErrNotFound) {
		return iamwire.NewNoSuchEntity("The %s policy with name %s cannot be found.", k.noun, or(name, ""))
	}
	return err
}

func (s *Service) deleteInline(ctx context.Context, c *principal.Caller, k *kind, owner, name *string) error {
	return s.write(ctx, c, k.inlineAct("Delete", c.Account, owner, name), func(tx store.Tx) error {
		e, err := k.get(tx, c.Account, or(owner, ""))
		if err != nil {
			return err
		}
		return k.absentInline(tx.DeleteInlinePolicy(e.id, or(name, "")), name)
	})
}

func (s *Service) listInline(ctx context.Context, c *principal.Caller, k *kind, owner, marker *string, items *int64) (paged[string], error) {
	var out paged[string]
	action := "List" + k.title + "Policies"
	w, err := newWindow(action, marker, items)
	if err != nil {
		return out, err
	}
	err = s.read(ctx, c, k.act("iam:"+action, c.Account, or(owner, "")), func(tx store.Tx) error {
		e, err := k.get(tx, c.Account, or(owner, ""))
		if err != nil {
			return err
		}
		all, err := tx.InlinePolicies(e.id)
		names := make([]string, 0, len(all))
		for _, p := range all {
			names = append(names, p.Name)
		}
		out = slice(w, names, func(name string) string { return name })
		return err
	})
	return out, err
}
