package iam

import (
	"fmt"
	"slices"
	"strings"

	"sojourn/internal/arn"
	"sojourn/internal/iam/identity"
	"sojourn/internal/policy"
	"sojourn/internal/store"
	"sojourn/internal/wire/iamwire"
)

// policySource is a user, group or role whose policies are asked about.
type policySource struct {
	kind      *kind
	arn, name string
}

// parsePolicySource reads the ARN of an entity of the account.
func parsePolicySource(account, text string) (policySource, error) {
	a, err := arn.Parse(text)
	noun, rest, _ := strings.Cut(a.Resource, "/")
	all := []*kind{users, groups, roles}
	i := slices.IndexFunc(all, func(k *kind) bool { return k.noun == noun })
	if err != nil || i < 0 || a.Service != "iam" || a.Region != "" || base(rest) == "" {
		return policySource{}, iamwire.NewInvalidInput("Invalid Entity Arn: %s does not clearly define entity type and name.", text)
	}
	if a.Account != account {
		return policySource{}, iamwire.NewInvalidInput("Invalid Policy Source Arn: caller's account %s does not have access to policies in account %s", account, a.Account)
	}
	return policySource{all[i], text, base(rest)}, nil
}

func (p policySource) act(action, account string) act {
	a := p.kind.act(action, account, p.name)
	a.params = map[string]string{"policySourceArn": p.arn}
	return a
}

// find wants the entity under exactly its ARN.
func (p policySource) find(tx store.Tx, account string) (entity, error) {
	e, err := p.kind.find(tx, account, p.name)
	if err == nil && e.arn != p.arn {
		err = store.ErrNotFound
	}
	return e, p.kind.absent(err, p.name)
}

// owned is a policy of an entity under the name that answers give it.
type owned struct {
	name string
	identity.NamedPolicy
}

// policiesFor collects what is attached to an entity, for a user through the groups too.
func policiesFor(tx store.Tx, k *kind, e entity) (out []owned, err error) {
	if out, err = k.owned(tx, e.name, e.id); err != nil || k != users {
		return out, err
	}
	all, err := tx.GroupsOf(e.id)
	if err != nil {
		return nil, fmt.Errorf("groups of %q: %w", e.arn, err)
	}
	for _, g := range all {
		more, err := groups.owned(tx, g.Name, g.ID)
		if err != nil {
			return nil, err
		}
		for _, p := range more {
			if p.ARN == "" || !slices.ContainsFunc(out, func(o owned) bool { return o.ARN == p.ARN }) {
				out = append(out, p)
			}
		}
	}
	return out, nil
}

func (k *kind) owned(tx store.Tx, name, id string) ([]owned, error) {
	all, err := identity.PoliciesOf(tx, id)
	if err != nil {
		return nil, err
	}
	out := make([]owned, 0, len(all))
	for _, p := range all {
		shown := p.Name
		if p.ARN == "" {
			shown = k.noun + "_" + name + "_" + p.Name
		}
		out = append(out, owned{shown, p})
	}
	return out, nil
}

// add puts what is attached to the entity before the policies that came as
// texts. A boundary that came as text takes the place of its own.
func (sim *simulation) add(tx store.Tx, k *kind, e entity) error {
	all, err := policiesFor(tx, k, e)
	if err != nil {
		return err
	}
	attached := make([]*policy.Policy, 0, len(all)+len(sim.set.Identity))
	for _, o := range all {
		p, err := o.compile(policy.Identity)
		if err != nil {
			return err
		}
		attached = append(attached, p)
	}
	sim.set.Identity = append(attached, sim.set.Identity...)
	if e.boundary == "" || sim.set.Boundary != nil {
		return nil
	}
	b, err := identity.PolicyByARN(tx, e.boundary)
	if err != nil {
		return fmt.Errorf("permissions boundary %q: %w", e.boundary, err)
	}
	sim.set.Boundary, err = owned{b.Name, b}.compile(policy.Boundary)
	return err
}

// compile reads a stored policy. One that no longer parses is a fault of ours.
func (o owned) compile(kind policy.Kind) (*policy.Policy, error) {
	p, err := policy.Parse(kind, o.Text)
	if err != nil {
		return nil, fmt.Errorf("policy %q: %w", o.name, err)
	}
	p.Name = o.name
	return p, nil
}
