package sts

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"sojourn/internal/arn"
	"sojourn/internal/awserr"
	"sojourn/internal/iam/identity"
	"sojourn/internal/policy"
	"sojourn/internal/store"
	"sojourn/internal/wire/stswire"
)

const (
	maxSessionPolicy = 2048 // characters of the inline policy and the ARNs together
	maxPolicyARNs    = 10
)

// limits are the session policies of a request.
type limits struct {
	inline  string
	managed []string
	given   bool
}

// sessionPolicies checks the policies that shall limit the session: the inline
// one by its grammar, the managed ones for being there and for belonging to the
// session's account or to AWS.
func (s *Service) sessionPolicies(ctx context.Context, account string, inline *string, managed []stswire.PolicyDescriptorType) (limits, error) {
	l := limits{inline: value(inline), given: inline != nil || len(managed) > 0}
	if len(managed) > maxPolicyARNs {
		return l, awserr.Validation("A session may have no more than %d managed policies.", maxPolicyARNs)
	}
	size := utf8.RuneCountInString(l.inline)
	for _, p := range managed {
		l.managed = append(l.managed, value(p.Arn))
		size += len(value(p.Arn))
	}
	if size > maxSessionPolicy {
		return l, stswire.NewPackedPolicyTooLarge("The session policies have %d characters together; %d are allowed.", size, maxSessionPolicy)
	}
	if inline != nil {
		if _, err := policy.Parse(policy.Session, l.inline); err != nil {
			return l, malformed(err)
		}
	}
	return l, s.checkManaged(ctx, account, l.managed)
}

func (s *Service) checkManaged(ctx context.Context, account string, names []string) error {
	if len(names) == 0 {
		return nil
	}
	return s.store.View(ctx, func(tx store.Tx) error {
		for _, name := range names {
			a, err := arn.Parse(name)
			if err != nil || a.Service != "iam" || !strings.HasPrefix(a.Resource, "policy/") || a.Account != account && a.Account != "aws" {
				return awserr.Validation("%s is invalid", name)
			}
			_, err = identity.PolicyByARN(tx, name)
			if errors.Is(err, store.ErrNotFound) {
				return awserr.Validation("Policy %s does not exist.", name)
			}
			if err != nil {
				return awserr.Internal(fmt.Errorf("session policy %q: %w", name, err))
			}
		}
		return nil
	})
}

func malformed(err error) error {
	if e, ok := errors.AsType[*policy.Error](err); ok {
		return stswire.NewMalformedPolicyDocument("%s", e.Message)
	}
	return awserr.Internal(err)
}
