package iam

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"sojourn/internal/awserr"
	"sojourn/internal/iam/identity"
	"sojourn/internal/principal"
	"sojourn/internal/store"
	"sojourn/internal/wire/iamwire"
)

const (
	versionsPerPolicy = 5
	tooManyVersions   = "A managed policy can have up to 5 versions. Before you create a new version, you must delete an existing version."
	defaultStays      = "Cannot delete the default version of a policy."
)

// CreatePolicyVersion adds a text to a policy, in force only with SetAsDefault.
func (s *Service) CreatePolicyVersion(ctx context.Context, c *principal.Caller, in *iamwire.CreatePolicyVersionInput) (*iamwire.CreatePolicyVersionOutput, error) {
	ref, err := parsePolicyARN(in.PolicyArn)
	if err != nil {
		return nil, err
	}
	out := &iamwire.CreatePolicyVersionOutput{}
	err = s.write(ctx, c, ref.act("iam:CreatePolicyVersion"), func(tx store.Tx) error {
		p, err := ref.owned(tx, c.Account)
		if err != nil {
			return err
		}
		if err := checkManaged(or(in.PolicyDocument, "")); err != nil {
			return err
		}
		v, p, err := s.addVersion(tx, p, in)
		out.PolicyVersion = versionOut(v, p.DefaultVersion)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (s *Service) addVersion(tx store.Tx, p store.Policy, in *iamwire.CreatePolicyVersionInput) (store.PolicyVersion, store.Policy, error) {
	var v store.PolicyVersion
	versions, err := tx.PolicyVersions(p.ID)
	if err != nil {
		return v, p, fmt.Errorf("versions of policy %q: %w", p.Name, err)
	}
	if len(versions) >= versionsPerPolicy {
		return v, p, iamwire.NewLimitExceeded(tooManyVersions)
	}
	p.LastVersion++
	p.Updated = s.now()
	v = store.PolicyVersion{PolicyID: p.ID, Version: "v" + strconv.Itoa(p.LastVersion),
		Document: or(in.PolicyDocument, ""), Created: p.Updated}
	if or(in.SetAsDefault, false) {
		p.DefaultVersion = v.Version
	}
	if err := tx.PutPolicyVersion(v); err != nil {
		return v, p, fmt.Errorf("inserting version of policy %q: %w", p.Name, err)
	}
	return v, p, tx.UpdatePolicy(p)
}

// GetPolicyVersion returns one version with its text.
func (s *Service) GetPolicyVersion(ctx context.Context, c *principal.Caller, in *iamwire.GetPolicyVersionInput) (*iamwire.GetPolicyVersionOutput, error) {
	ref, err := parsePolicyARN(in.PolicyArn)
	if err != nil {
		return nil, err
	}
	out := &iamwire.GetPolicyVersionOutput{}
	err = s.read(ctx, c, ref.act("iam:GetPolicyVersion"), func(tx store.Tx) error {
		p, err := ref.readable(tx, c.Account)
		if awserr.Is(err, iamwire.ErrNoSuchEntity) {
			return noVersion(ref, or(in.VersionId, ""))
		}
		if err != nil {
			return err
		}
		v, err := versionOf(tx, p, or(in.VersionId, ""))
		out.PolicyVersion = versionOut(v, p.DefaultVersion)
		out.PolicyVersion.Document = encoded(v.Document)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func versionOf(tx store.Tx, p shownPolicy, version string) (store.PolicyVersion, error) {
	all, err := versionsOf(tx, p)
	if err != nil {
		return store.PolicyVersion{}, err
	}
	for _, v := range all {
		if v.Version == version {
			return v, nil
		}
	}
	return store.PolicyVersion{}, noVersion(p.ref(), version)
}

func noVersion(ref policyRef, version string) error {
	return iamwire.NewNoSuchEntity("Policy %s version %s does not exist or is not attachable.", ref.arn, version)
}

func versionsOf(tx store.Tx, p shownPolicy) ([]store.PolicyVersion, error) {
	if m, ok := identity.ManagedByARN(p.ref().arn); ok {
		return []store.PolicyVersion{{Version: m.Version, Document: m.Document, Created: m.Created}}, nil
	}
	all, err := tx.PolicyVersions(p.ID)
	if err != nil {
		return nil, fmt.Errorf("versions of policy %q: %w", p.Name, err)
	}
	return all, nil
}

// ListPolicyVersions lists the versions without their texts, the newest first.
func (s *Service) ListPolicyVersions(ctx context.Context, c *principal.Caller, in *iamwire.ListPolicyVersionsInput) (*iamwire.ListPolicyVersionsOutput, error) {
	ref, err := parsePolicyARN(in.PolicyArn)
	if err != nil {
		return nil, err
	}
	w, err := newWindow("ListPolicyVersions", in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	out := &iamwire.ListPolicyVersionsOutput{}
	err = s.read(ctx, c, ref.act("iam:ListPolicyVersions"), func(tx store.Tx) error {
		p, err := ref.readable(tx, c.Account)
		if err != nil {
			return err
		}
		all, err := versionsOf(tx, p)
		page := slice(w, all, newestFirst)
		out.Versions = make([]iamwire.PolicyVersion, 0, len(page.items))
		for _, v := range page.items {
			out.Versions = append(out.Versions, *versionOut(v, p.DefaultVersion))
		}
		out.IsTruncated, out.Marker = page.truncated, page.marker
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// newestFirst is a key that orders versions downwards by number.
func newestFirst(v store.PolicyVersion) string {
	n, _ := strconv.Atoi(strings.TrimPrefix(v.Version, "v"))
	return fmt.Sprintf("%010d", 1e9-n)
}

// DeletePolicyVersion deletes a version that is not in force.
func (s *Service) DeletePolicyVersion(ctx context.Context, c *principal.Caller, in *iamwire.DeletePolicyVersionInput) (*iamwire.DeletePolicyVersionOutput, error) {
	err := s.changeVersion(ctx, c, "iam:DeletePolicyVersion", in.PolicyArn, in.VersionId, func(tx store.Tx, p store.Policy, version string) error {
		if version == p.DefaultVersion {
			return iamwire.NewDeleteConflict(defaultStays)
		}
		return tx.DeletePolicyVersion(p.ID, version)
	})
	if err != nil {
		return nil, err
	}
	return &iamwire.DeletePolicyVersionOutput{}, nil
}

// SetDefaultPolicyVersion puts a version in force.
func (s *Service) SetDefaultPolicyVersion(ctx context.Context, c *principal.Caller, in *iamwire.SetDefaultPolicyVersionInput) (*iamwire.SetDefaultPolicyVersionOutput, error) {
	err := s.changeVersion(ctx, c, "iam:SetDefaultPolicyVersion", in.PolicyArn, in.VersionId, func(tx store.Tx, p store.Policy, version string) error {
		p.DefaultVersion, p.Updated = version, s.now()
		return tx.UpdatePolicy(p)
	})
	if err != nil {
		return nil, err
	}
	return &iamwire.SetDefaultPolicyVersionOutput{}, nil
}

func (s *Service) changeVersion(ctx context.Context, c *principal.Caller, action string, policyARN, version *string,
	f func(tx store.Tx, p store.Policy, version string) error) error {
	ref, err := parsePolicyARN(policyARN)
	if err != nil {
		return err
	}
	a := ref.act(action)
	a.params["versionId"] = or(version, "")
	return s.write(ctx, c, a, func(tx store.Tx) error {
		p, err := ref.owned(tx, c.Account)
		if awserr.Is(err, iamwire.ErrNoSuchEntity) {
			return noVersion(ref, or(version, ""))
		}
		if err != nil {
			return err
		}
		_, err = tx.PolicyVersion(p.ID, or(version, ""))
		if errors.Is(err, store.ErrNotFound) {
			return noVersion(ref, or(version, ""))
		}
		if err != nil {
			return fmt.Errorf("version of policy %q: %w", ref.arn, err)
		}
		return f(tx, p, or(version, ""))
	})
}

// versionOut is a version as answers show it, without its text.
func versionOut(v store.PolicyVersion, inForce string) *iamwire.PolicyVersion {
	return &iamwire.PolicyVersion{VersionId: new(v.Version), IsDefaultVersion: new(v.Version == inForce), CreateDate: new(v.Created)}
}
