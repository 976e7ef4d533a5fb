package iam

import (
	"strings"
	"testing"

	"sojourn/internal/wire/iamwire"
)

func (w *world) entitiesFor(in iamwire.ListEntitiesForPolicyInput) (string, *iamwire.ListEntitiesForPolicyOutput) {
	w.t.Helper()
	out, err := w.ListEntitiesForPolicy(w.ctx, w.root, &in)
	w.ok(err)
	var names []string
	for _, g := range out.PolicyGroups {
		names = append(names, (*g.GroupId)[:4]+*g.GroupName)
	}
	for _, r := range out.PolicyRoles {
		names = append(names, (*r.RoleId)[:4]+*r.RoleName)
	}
	for _, u := range out.PolicyUsers {
		names = append(names, (*u.UserId)[:4]+*u.UserName)
	}
	return strings.Join(names, " "), out
}

func TestListEntitiesForPolicy(t *testing.T) {
	w := newWorld(t)
	p := w.policy("Pull")
	none, out := w.entitiesFor(iamwire.ListEntitiesForPolicyInput{PolicyArn: &p})
	if none != "" || out.PolicyGroups == nil || out.PolicyRoles == nil || out.PolicyUsers == nil || *out.IsTruncated {
		t.Errorf("of an unused policy: %+v", out)
	}
	w.group("devs")
	w.group("ops")
	w.role("Deploy", trust)
	w.ok(w.call("CreateUser", w.root, &iamwire.CreateUserInput{UserName: new("Zoe"), Path: new("/staff/")}))
	w.ok(w.call("CreateUser", w.root, &iamwire.CreateUserInput{UserName: new("maria"), PermissionsBoundary: &p}))
	w.ok(w.call("CreateUser", w.root, &iamwire.CreateUserInput{UserName: new("peter"), PermissionsBoundary: &p}))
	w.ok(w.call("AttachGroupPolicy", w.root, &iamwire.AttachGroupPolicyInput{GroupName: new("devs"), PolicyArn: &p}))
	w.ok(w.call("AttachRolePolicy", w.root, &iamwire.AttachRolePolicyInput{RoleName: new("Deploy"), PolicyArn: &p}))
	for _, u := range []string{"Zoe", "peter"} {
		w.ok(w.call("AttachUserPolicy", w.root, &iamwire.AttachUserPolicyInput{UserName: &u, PolicyArn: &p}))
	}
	aws := "arn:aws:iam::aws:policy/IAMFullAccess"
	w.ok(w.call("AttachGroupPolicy", w.root, &iamwire.AttachGroupPolicyInput{GroupName: new("ops"), PolicyArn: &aws}))
	for _, c := range []struct {
		in   iamwire.ListEntitiesForPolicyInput
		want string
	}{
		{iamwire.ListEntitiesForPolicyInput{PolicyArn: &p}, "AGPAdevs AROADeploy AIDAmaria AIDApeter AIDAZoe"},
		{iamwire.ListEntitiesForPolicyInput{PolicyArn: &aws}, "AGPAops"},
		{iamwire.ListEntitiesForPolicyInput{PolicyArn: &p, EntityFilter: new("Group")}, "AGPAdevs"},
		{iamwire.ListEntitiesForPolicyInput{PolicyArn: &p, EntityFilter: new("Role")}, "AROADeploy"},
		{iamwire.ListEntitiesForPolicyInput{PolicyArn: &p, EntityFilter: new("User")}, "AIDAmaria AIDApeter AIDAZoe"},
		{iamwire.ListEntitiesForPolicyInput{PolicyArn: &p, EntityFilter: new("LocalManagedPolicy")}, ""},
		{iamwire.ListEntitiesForPolicyInput{PolicyArn: &p, PathPrefix: new("/staff/")}, "AIDAZoe"},
		{iamwire.ListEntitiesForPolicyInput{PolicyArn: &p, PolicyUsageFilter: new("PermissionsBoundary")}, "AIDAmaria AIDApeter"},
		{iamwire.ListEntitiesForPolicyInput{PolicyArn: &p, PolicyUsageFilter: new("PermissionsPolicy")}, "AGPAdevs AROADeploy AIDApeter AIDAZoe"},
	} {
		if got, _ := w.entitiesFor(c.in); got != c.want {
			t.Errorf("%+v\n got %s\nwant %s", c.in, got, c.want)
		}
	}
	first, page := w.entitiesFor(iamwire.ListEntitiesForPolicyInput{PolicyArn: &p, MaxItems: new(int64(3))})
	rest, last := w.entitiesFor(iamwire.ListEntitiesForPolicyInput{PolicyArn: &p, MaxItems: new(int64(3)), Marker: page.Marker})
	if first != "AGPAdevs AROADeploy AIDAmaria" || rest != "AIDApeter AIDAZoe" || !*page.IsTruncated || *last.IsTruncated {
		t.Errorf("pages %q and %q", first, rest)
	}
	other, err := w.ListEntitiesForPolicy(w.ctx, rootOf(there), &iamwire.ListEntitiesForPolicyInput{PolicyArn: &aws})
	w.ok(err)
	if len(other.PolicyGroups) != 0 {
		t.Errorf("another account sees %+v", other.PolicyGroups)
	}
	fails(t, w.call("ListEntitiesForPolicy", rootOf(there), &iamwire.ListEntitiesForPolicyInput{PolicyArn: &p}),
		"NoSuchEntity 404: Policy "+p+" does not exist or is not attachable.")
}
