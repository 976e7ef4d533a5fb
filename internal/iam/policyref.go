package iam

import (
	"errors"
	"strings"

	"sojourn/internal/arn"
	"sojourn/internal/awserr"
	"sojourn/internal/iam/identity"
	"sojourn/internal/store"
	"sojourn/internal/wire/iamwire"
)

// policyRef is the ARN of a managed policy, taken apart.
type policyRef struct{ arn, account, path, name string }

func badARN() error { return awserr.Validation("Invalid ARN:  Could not be parsed!") }

func parsePolicyARN(text *string) (policyRef, error) {
	a, err := arn.Parse(or(text, ""))
	if err != nil {
		return policyRef{}, badARN()
	}
	rest, ok := strings.CutPrefix(a.Resource, "policy/")
	if !ok || a.Partition != "aws" || a.Service != "iam" || a.Region != "" || a.Account == "" || base(rest) == "" {
		return policyRef{}, iamwire.NewInvalidInput("ARN %s is not valid.", *text)
	}
	name := base(rest)
	return policyRef{arn: *text, account: a.Account, path: "/" + strings.TrimSuffix(rest, name), name: name}, nil
}

// aws reports whether the policy is one that AWS provides, as opposed to a customer's.
func (r policyRef) aws() bool { return r.account == "aws" }

// key orders policies by name; AWS's come before the account's own of the same name.
func (r policyRef) key() string {
	if r.aws() {
		return fold(r.name) + "\x00"
	}
	return fold(r.name) + "\x00" + r.account
}

func (r policyRef) absent(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return iamwire.NewNoSuchEntity("Policy %s was not found.", r.arn)
	}
	return err
}

// locate finds the policy as the subject of an act.
func (r policyRef) locate(tx store.Tx) (subject, error) {
	on := subject{arn: r.arn}
	if r.aws() {
		return on, nil
	}
	on.account = r.account
	p, err := identity.CustomerPolicy(tx, r.arn)
	if errors.Is(err, store.ErrNotFound) {
		return on, nil
	}
	on.tags = p.Tags
	return on, err
}

func (r policyRef) act(action string) act {
	return act{action: action, locate: r.locate, params: map[string]string{"policyArn": r.arn}}
}

// owned finds the caller's account's own policy, to change it. AWS's policies
// are read-only, those of other accounts are not there.
func (r policyRef) owned(tx store.Tx, account string) (store.Policy, error) {
	if r.aws() {
		return store.Policy{}, awserr.Denied("Policy %s is provided by AWS and cannot be changed.", r.arn)
	}
	if r.account != account {
		return store.Policy{}, r.absent(store.ErrNotFound)
	}
	p, err := identity.CustomerPolicy(tx, r.arn)
	return p, r.absent(err)
}
