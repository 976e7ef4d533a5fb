package iam

import (
	"fmt"
	"slices"
	"strings"

	"sojourn/internal/iam/identity"
	"sojourn/internal/store"
	"sojourn/internal/wire/iamwire"
)

// permissions is what is embedded in and attached to a user, a group or a role.
type permissions struct {
	inline   []iamwire.PolicyDetail
	attached []iamwire.AttachedPolicy
}

func permissionsOf(tx store.Tx, owner string) (permissions, error) {
	p := permissions{inline: []iamwire.PolicyDetail{}}
	inline, err := tx.InlinePolicies(owner)
	if err != nil {
		return p, fmt.Errorf("inline policies of %q: %w", owner, err)
	}
	for _, i := range inline {
		p.inline = append(p.inline, iamwire.PolicyDetail{PolicyName: new(i.Name), PolicyDocument: encoded(i.Document)})
	}
	arns, err := tx.Attachments(owner)
	if err != nil {
		return p, fmt.Errorf("attachments of %q: %w", owner, err)
	}
	refs := policiesBelow(arns, "/")
	slices.SortFunc(refs, func(a, b policyRef) int { return strings.Compare(a.key(), b.key()) })
	p.attached = attachedOut(refs)
	return p, nil
}

func describeUser(u store.User) describer {
	return func(tx store.Tx, out *iamwire.GetAccountAuthorizationDetailsOutput) error {
		p, err := permissionsOf(tx, u.ID)
		if err != nil {
			return err
		}
		in, err := tx.GroupsOf(u.ID)
		if err != nil {
			return fmt.Errorf("groups of user %q: %w", u.Name, err)
		}
		names := make([]string, 0, len(in))
		for _, g := range in {
			names = append(names, g.Name)
		}
		out.UserDetailList = append(out.UserDetailList, iamwire.UserDetail{Path: new(u.Path), UserName: new(u.Name), UserId: new(u.ID),
			Arn: new(identity.UserARN(u)), CreateDate: new(u.Created), UserPolicyList: p.inline, GroupList: names,
			AttachedManagedPolicies: p.attached, PermissionsBoundary: boundaryOut(u.Boundary), Tags: tagsOut(u.Tags)})
		return nil
	}
}

func describeGroup(g store.Group) describer {
	return func(tx store.Tx, out *iamwire.GetAccountAuthorizationDetailsOutput) error {
		p, err := permissionsOf(tx, g.ID)
		if err != nil {
			return err
		}
		out.GroupDetailList = append(out.GroupDetailList, iamwire.GroupDetail{Path: new(g.Path), GroupName: new(g.Name), GroupId: new(g.ID),
			Arn: new(identity.GroupARN(g)), CreateDate: new(g.Created), GroupPolicyList: p.inline, AttachedManagedPolicies: p.attached})
		return nil
	}
}

func describeRole(r store.Role) describer {
	return func(tx store.Tx, out *iamwire.GetAccountAuthorizationDetailsOutput) error {
		p, err := permissionsOf(tx, r.ID)
		if err != nil {
			return err
		}
		shown, err := roleOut(tx, r, true)
		if err != nil {
			return err
		}
		used, err := roleLastUsed(tx, r.ID)
		if err != nil {
			return err
		}
		in, err := tx.InstanceProfilesOf(r.ID)
		if err != nil {
			return fmt.Errorf("instance profiles of role %q: %w", r.Name, err)
		}
		profiles, err := profilesOut(tx, in)
		if err != nil {
			return err
		}
		out.RoleDetailList = append(out.RoleDetailList, iamwire.RoleDetail{Path: shown.Path, RoleName: shown.RoleName, RoleId: shown.RoleId,
			Arn: shown.Arn, CreateDate: shown.CreateDate, AssumeRolePolicyDocument: shown.AssumeRolePolicyDocument,
			InstanceProfileList: profiles, RolePolicyList: p.inline, AttachedManagedPolicies: p.attached,
			PermissionsBoundary: shown.PermissionsBoundary, Tags: shown.Tags, RoleLastUsed: used})
		return nil
	}
}

func describePolicy(p shownPolicy) describer {
	return func(tx store.Tx, out *iamwire.GetAccountAuthorizationDetailsOutput) error {
		versions, err := versionsOf(tx, p)
		if err != nil {
			return err
		}
		slices.SortFunc(versions, func(a, b store.PolicyVersion) int { return strings.Compare(newestFirst(a), newestFirst(b)) })
		list := make([]iamwire.PolicyVersion, 0, len(versions))
		for _, v := range versions {
			shown := versionOut(v, p.DefaultVersion)
			shown.Document = encoded(v.Document)
			list = append(list, *shown)
		}
		shown := policyOut(p)
		out.Policies = append(out.Policies, iamwire.ManagedPolicyDetail{PolicyName: shown.PolicyName, PolicyId: shown.PolicyId, Arn: shown.Arn,
			Path: shown.Path, DefaultVersionId: shown.DefaultVersionId, AttachmentCount: shown.AttachmentCount,
			PermissionsBoundaryUsageCount: shown.PermissionsBoundaryUsageCount, IsAttachable: shown.IsAttachable,
			Description: shown.Description, CreateDate: shown.CreateDate, UpdateDate: shown.UpdateDate, PolicyVersionList: list})
		return nil
	}
}
