package iam

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"sojourn/internal/iam/identity"
	"sojourn/internal/policy"
	"sojourn/internal/principal"
	"sojourn/internal/seal"
	"sojourn/internal/store"
	"sojourn/internal/wire/iamwire"
)

const (
	policiesPerAccount = 1500
	managedSize        = 6144 // characters that are not white space
	inUse              = "Cannot delete a policy attached to entities."
	severalVersions    = "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. " +
		"The default version is deleted with the policy."
)

// CreatePolicy makes a customer managed policy with its version v1.
func (s *Service) CreatePolicy(ctx context.Context, c *principal.Caller, in *iamwire.CreatePolicyInput) (*iamwire.CreatePolicyOutput, error) {
	tags, err := tagsIn(in.Tags)
	if err != nil {
		return nil, err
	}
	now := s.now()
	p := store.Policy{Account: c.Account, Name: or(in.PolicyName, ""), Path: or(in.Path, "/"), ID: seal.NewID("ANPA"),
		Description: or(in.Description, ""), DefaultVersion: "v1", LastVersion: 1, Created: now, Updated: now, Tags: tags}
	a := creation("iam:CreatePolicy", "iam:TagPolicy", entity{arn: identity.PolicyARN(p), tags: tags})
	a.params = map[string]string{"policyName": p.Name, "path": p.Path}
	err = s.write(ctx, c, a, func(tx store.Tx) error {
		if err := checkManaged(or(in.PolicyDocument, "")); err != nil {
			return err
		}
		return insertPolicy(tx, p, or(in.PolicyDocument, ""))
	})
	if err != nil {
		return nil, err
	}
	out := policyOut(shownPolicy{Policy: p})
	out.Description = nil
	return &iamwire.CreatePolicyOutput{Policy: out}, nil
}

func checkManaged(document string) error {
	if _, err := policy.ParseManaged(document); err != nil {
		return malformed(err)
	}
	if size(document) > managedSize {
		return iamwire.NewLimitExceeded("Cannot exceed quota for PolicySize: %d", managedSize)
	}
	return nil
}

func insertPolicy(tx store.Tx, p store.Policy, document string) error {
	err := tx.InsertPolicy(p)
	if errors.Is(err, store.ErrExists) {
		return iamwire.NewEntityAlreadyExists("A policy called %s already exists. Duplicate names are not allowed.", p.Name)
	}
	if err != nil {
		return fmt.Errorf("inserting policy %q: %w", p.Name, err)
	}
	v := store.PolicyVersion{PolicyID: p.ID, Version: p.DefaultVersion, Document: document, Created: p.Created}
	if err := tx.PutPolicyVersion(v); err != nil {
		return fmt.Errorf("inserting version of policy %q: %w", p.Name, err)
	}
	all, err := tx.Policies(p.Account, store.Page{Limit: policiesPerAccount + 1})
	if err != nil {
		return fmt.Errorf("counting policies: %w", err)
	}
	return full(len(all)-1, policiesPerAccount, "PoliciesPerAccount")
}

// GetPolicy describes a managed policy.
func (s *Service) GetPolicy(ctx context.Context, c *principal.Caller, in *iamwire.GetPolicyInput) (*iamwire.GetPolicyOutput, error) {
	ref, err := parsePolicyARN(in.PolicyArn)
	if err != nil {
		return nil, err
	}
	out := &iamwire.GetPolicyOutput{}
	err = s.read(ctx, c, ref.act("iam:GetPolicy"), func(tx store.Tx) error {
		shown, err := ref.readable(tx, c.Account)
		if err != nil {
			return err
		}
		use, err := boundaryUse(tx, c.Account)
		if err != nil {
			return err
		}
		if shown, err = counted(tx, c.Account, shown, use); err != nil {
			return err
		}
		out.Policy = policyOut(shown)
		if out.Policy.Tags == nil {
			out.Policy.Tags = []iamwire.Tag{} // this answer, and no other, shows that there are none
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// DeletePolicy deletes a policy that nothing uses and that has one version left.
func (s *Service) DeletePolicy(ctx context.Context, c *principal.Caller, in *iamwire.DeletePolicyInput) (*iamwire.DeletePolicyOutput, error) {
	ref, err := parsePolicyARN(in.PolicyArn)
	if err != nil {
		return nil, err
	}
	err = s.write(ctx, c, ref.act("iam:DeletePolicy"), func(tx store.Tx) error {
		p, err := ref.owned(tx, c.Account)
		if err != nil {
			return err
		}
		if err := policyConflicts(tx, p); err != nil {
			return err
		}
		return tx.DeletePolicy(p.ID)
	})
	if err != nil {
		return nil, err
	}
	return &iamwire.DeletePolicyOutput{}, nil
}

func policyConflicts(tx store.Tx, p store.Policy) error {
	name := identity.PolicyARN(p)
	attached, err := tx.AttachedTo(p.Account, name)
	if err != nil {
		return fmt.Errorf("attachments of policy %q: %w", name, err)
	}
	use, err := boundaryUse(tx, p.Account)
	if err != nil {
		return err
	}
	if len(attached) > 0 || use[name] > 0 {
		return iamwire.NewDeleteConflict(inUse)
	}
	versions, err := tx.PolicyVersions(p.ID)
	if err != nil {
		return fmt.Errorf("versions of policy %q: %w", name, err)
	}
	if len(versions) > 1 {
		return iamwire.NewDeleteConflict(severalVersions)
	}
	return nil
}

// shownPolicy is a managed policy, AWS's or a customer's, and who uses it.
type shownPolicy struct {
	store.Policy
	attached, bounding int64
}

func (p shownPolicy) ref() policyRef {
	return policyRef{arn: identity.PolicyARN(p.Policy), account: p.Account, path: p.Path, name: p.Name}
}

func (p shownPolicy) key() string { return p.ref().key() }

// readable finds a policy that the account can read: its own or one of AWS.
func (r policyRef) readable(tx store.Tx, account string) (shownPolicy, error) {
	if m, ok := identity.ManagedByARN(r.arn); ok {
		return ofManaged(m), nil
	}
	if r.account != account {
		return shownPolicy{}, r.absent(store.ErrNotFound)
	}
	p, err := identity.CustomerPolicy(tx, r.arn)
	return shownPolicy{Policy: p}, r.absent(err)
}

func ofManaged(m identity.Managed) shownPolicy {
	return shownPolicy{Policy: store.Policy{Account: "aws", Name: m.Name, Path: m.Path, ID: m.ID, Description: m.Description,
		DefaultVersion: m.Version, Created: m.Created, Updated: m.Created}}
}

func counted(tx store.Tx, account string, p shownPolicy, use map[string]int64) (shownPolicy, error) {
	name := p.ref().arn
	attached, err := tx.AttachedTo(account, name)
	if err != nil {
		return p, fmt.Errorf("attachments of policy %q: %w", name, err)
	}
	p.attached, p.bounding = int64(len(attached)), use[name]
	return p, nil
}

// ListPolicies lists AWS's policies, the account's own, or both, by name.
func (s *Service) ListPolicies(ctx context.Context, c *principal.Caller, in *iamwire.ListPoliciesInput) (*iamwire.ListPoliciesOutput, error) {
	w, err := newWindow("ListPolicies", in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	out := &iamwire.ListPoliciesOutput{}
	err = s.read(ctx, c, listing("iam:ListPolicies", c.Account, "policy", in.PathPrefix), func(tx store.Tx) error {
		all, err := policiesInScope(tx, c.Account, in)
		if err != nil {
			return err
		}
		p := slice(w, all, shownPolicy.key)
		out.Policies = make([]iamwire.Policy, 0, len(p.items))
		for _, shown := range p.items {
			item := policyOut(shown)
			item.Description, item.Tags = nil, nil
			out.Policies = append(out.Policies, *item)
		}
		out.IsTruncated, out.Marker = p.truncated, p.marker
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func policiesInScope(tx store.Tx, account string, in *iamwire.ListPoliciesInput) ([]shownPolicy, error) {
	var all, out []shownPolicy
	scope, prefix := or(in.Scope, iamwire.PolicyScopeTypeAll), or(in.PathPrefix, "/")
	if scope != iamwire.PolicyScopeTypeLocal {
		for _, m := range identity.ManagedPolicies() {
			all = append(all, ofManaged(m))
		}
	}
	if scope != iamwire.PolicyScopeTypeAWS {
		own, err := tx.Policies(account, store.Page{})
		if err != nil {
			return nil, fmt.Errorf("listing policies: %w", err)
		}
		for _, p := range own {
			all = append(all, shownPolicy{Policy: p})
		}
	}
	use, err := boundaryUse(tx, account)
	if err != nil {
		return nil, err
	}
	for _, p := range all {
		if !strings.HasPrefix(p.Path, prefix) {
			continue
		}
		if p, err = counted(tx, account, p, use); err != nil {
			return nil, err
		}
		if p.wanted(in) {
			out = append(out, p)
		}
	}
	return out, nil
}

// wanted applies OnlyAttached and PolicyUsageFilter.
func (p shownPolicy) wanted(in *iamwire.ListPoliciesInput) bool {
	anyUse := in.PolicyUsageFilter == nil && !or(in.OnlyAttached, false)
	return anyUse || uses(in.PolicyUsageFilter, p.attached > 0, p.bounding > 0)
}

func policyOut(p shownPolicy) *iamwire.Policy {
	return &iamwire.Policy{PolicyName: new(p.Name), PolicyId: new(p.ID), Arn: new(p.ref().arn), Path: new(p.Path),
		DefaultVersionId: new(p.DefaultVersion), AttachmentCount: new(p.attached), PermissionsBoundaryUsageCount: new(p.bounding),
		IsAttachable: new(true), Description: optional(p.Description), CreateDate: new(p.Created), UpdateDate: new(p.Updated),
		Tags: tagsOut(p.Tags)}
}
