package iam

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"sojourn/internal/iam/identity"
	"sojourn/internal/principal"
	"sojourn/internal/store"
	"sojourn/internal/wire/iamwire"
)

const attachedQuota = 10

// The three operations on attached policies, for each kind of entity.
// attach_api.go gives them the API's nine names.

func (s *Service) attach(ctx context.Context, c *principal.Caller, k *kind, owner, policyARN *string) error {
	ref, err := parsePolicyARN(policyARN)
	if err != nil {
		return err
	}
	return s.write(ctx, c, k.attachAct("Attach", c.Account, owner, ref), func(tx store.Tx) error {
		e, err := k.get(tx, c.Account, or(owner, ""))
		if err != nil {
			return err
		}
		if err := ref.attachable(tx, c.Account); err != nil {
			return err
		}
		attached, err := tx.Attachments(e.id)
		if err != nil {
			return fmt.Errorf("attachments of %q: %w", e.arn, err)
		}
		if slices.Contains(attached, ref.arn) {
			return nil
		}
		if err := full(len(attached), attachedQuota, "PoliciesPer"+k.title); err != nil {
			return err
		}
		return tx.Attach(e.id, ref.arn)
	})
}

func (k *kind) attachAct(verb, account string, owner *string, ref policyRef) act {
	a := k.act("iam:"+verb+k.title+"Policy", account, or(owner, ""))
	a.params["policyArn"] = ref.arn
	a.bounded = true
	a.keys = map[string][]string{"iam:policyarn": {ref.arn}}
	return a
}

// attachable refuses a policy that entities of account cannot have.
func (r policyRef) attachable(tx store.Tx, account string) error {
	if r.aws() && strings.HasPrefix(r.path, serviceRolePath) {
		return iamwire.NewPolicyNotAttachable("Cannot attach a Service Role Policy to a Customer Role.")
	}
	err := store.ErrNotFound
	if r.account == account || r.aws() {
		_, err = identity.PolicyByARN(tx, r.arn)
	}
	if errors.Is(err, store.ErrNotFound) {
		return iamwire.NewNoSuchEntity("Policy %s does not exist or is not attachable.", r.arn)
	}
	return err
}

func (s *Service) detach(ctx context.Context, c *principal.Caller, k *kind, owner, policyARN *string) error {
	ref, err := parsePolicyARN(policyARN)
	if err != nil {
		return err
	}
	return s.write(ctx, c, k.attachAct("Detach", c.Account, owner, ref), func(tx store.Tx) error {
		e, err := k.get(tx, c.Account, or(owner, ""))
		if err != nil {
			return err
		}
		return ref.absent(tx.Detach(e.id, ref.arn))
	})
}

func (s *Service) listAttached(ctx context.Context, c *principal.Caller, k *kind,
	owner, prefix, marker *string, items *int64) (paged[iamwire.AttachedPolicy], error) {
	var out paged[iamwire.AttachedPolicy]
	action := "ListAttached" + k.title + "Policies"
	w, err := newWindow(action, marker, items)
	if err != nil {
		return out, err
	}
	err = s.read(ctx, c, k.act("iam:"+action, c.Account, or(owner, "")), func(tx store.Tx) error {
		e, err := k.get(tx, c.Account, or(owner, ""))
		if err != nil {
			return err
		}
		arns, err := tx.Attachments(e.id)
		if err != nil {
			return fmt.Errorf("attachments of %q: %w", e.arn, err)
		}
		below := policiesBelow(arns, or(prefix, "/"))
		p := slice(w, below, policyRef.key)
		out = paged[iamwire.AttachedPolicy]{attachedOut(p.items), p.truncated, p.marker}
		return nil
	})
	return out, err
}

func attachedOut(in []policyRef) []iamwire.AttachedPolicy {
	out := make([]iamwire.AttachedPolicy, 0, len(in))
	for _, r := range in {
		out = append(out, iamwire.AttachedPolicy{PolicyName: new(r.name), PolicyArn: new(r.arn)})
	}
	return out
}

func policiesBelow(arns []string, prefix string) []policyRef {
	var out []policyRef
	for _, a := range arns {
		ref, err := parsePolicyARN(&a)
		if err == nil && strings.HasPrefix(ref.path, prefix) {
			out = append(out, ref)
		}
	}
	return out
}
