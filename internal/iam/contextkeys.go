package iam

import (
	"context"

	"sojourn/internal/policy"
	"sojourn/internal/principal"
	"sojourn/internal/store"
	"sojourn/internal/wire/iamwire"
)

// GetContextKeysForCustomPolicy lists the condition keys and variables of
// policies that come as texts.
func (s *Service) GetContextKeysForCustomPolicy(ctx context.Context, c *principal.Caller, in *iamwire.GetContextKeysForCustomPolicyInput) (*iamwire.GetContextKeysForCustomPolicyOutput, error) {
	out := &iamwire.GetContextKeysForCustomPolicyOutput{}
	err := s.read(ctx, c, act{action: "iam:GetContextKeysForCustomPolicy", locate: fixed("*")}, func(store.Tx) (err error) {
		out.ContextKeyNames, err = contextKeys(nil, in.PolicyInputList)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// GetContextKeysForPrincipalPolicy lists those of what is attached to a user
// (the groups' policies included), a group or a role, and of policies that
// come as texts.
func (s *Service) GetContextKeysForPrincipalPolicy(ctx context.Context, c *principal.Caller, in *iamwire.GetContextKeysForPrincipalPolicyInput) (*iamwire.GetContextKeysForPrincipalPolicyOutput, error) {
	source, err := parsePolicySource(c.Account, or(in.PolicySourceArn, ""))
	if err != nil {
		return nil, err
	}
	out := &iamwire.GetContextKeysForPrincipalPolicyOutput{}
	err = s.read(ctx, c, source.act("iam:GetContextKeysForPrincipalPolicy", c.Account), func(tx store.Tx) error {
		e, err := source.find(tx, c.Account)
		if err != nil {
			return err
		}
		attached, err := policiesFor(tx, source.kind, e)
		if err != nil {
			return err
		}
		out.ContextKeyNames, err = contextKeys(attached, in.PolicyInputList)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func contextKeys(attached []owned, texts []string) ([]string, error) {
	keys, seen := []string{}, make(map[string]bool)
	add := func(p *policy.Policy) {
		for _, k := range p.ContextKeys() {
			if !seen[fold(k)] {
				seen[fold(k)] = true
				keys = append(keys, k)
			}
		}
	}
	for _, o := range attached {
		p, err := o.compile(policy.Identity)
		if err != nil {
			return nil, err
		}
		add(p)
	}
	for _, text := range texts {
		p, err := anyPolicy(text)
		if err != nil {
			return nil, err
		}
		add(p)
	}
	return keys, nil
}

// anyPolicy takes a policy of the caller's side or of a resource.
func anyPolicy(text string) (*policy.Policy, error) {
	p, err := policy.Parse(policy.Identity, text)
	if err == nil {
		return p, nil
	}
	if p, resourceErr := policy.Parse(policy.Resource, text); resourceErr == nil {
		return p, nil
	}
	return nil, iamwire.NewInvalidInput("Invalid Input policy: %s", err)
}
