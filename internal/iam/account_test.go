package iam

import (
	"errors"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"sojourn/internal/principal"
	"sojourn/internal/store"
	"sojourn/internal/wire/iamwire"
)

func (w *world) aliases(c *principal.Caller) []string {
	w.t.Helper()
	out, err := w.ListAccountAliases(w.ctx, c, &iamwire.ListAccountAliasesInput{})
	w.ok(err)
	if out.AccountAliases == nil || *out.IsTruncated || out.Marker != nil {
		w.t.Errorf("answer %+v", out)
	}
	return out.AccountAliases
}

func TestAccountAlias(t *testing.T) {
	w := newWorld(t)
	stranger := rootOf(there)
	set := func(alias string) any { return &iamwire.CreateAccountAliasInput{AccountAlias: &alias} }
	wants := func(c *principal.Caller, want ...string) {
		t.Helper()
		if got := w.aliases(c); !slices.Equal(got, want) {
			t.Errorf("aliases %q, want %q", got, want)
		}
	}
	wants(w.root)
	w.ok(w.call("CreateAccountAlias", w.root, set("example")))
	fails(t, w.call("CreateAccountAlias", w.root, set("example")), "EntityAlreadyExists 409: The account alias example already exists.")
	w.ok(w.call("CreateAccountAlias", stranger, set("stranger")))
	fails(t, w.call("CreateAccountAlias", stranger, set("example")), "EntityAlreadyExists 409: The account alias example already exists.")
	wants(stranger, "stranger")
	w.ok(w.call("CreateAccountAlias", w.root, set("example-2")))
	wants(w.root, "example-2")
	w.ok(w.call("CreateAccountAlias", stranger, set("example")))
	fails(t, w.call("DeleteAccountAlias", w.root, &iamwire.DeleteAccountAliasInput{AccountAlias: new("example")}),
		"NoSuchEntity 404: The account alias example cannot be found.")
	w.ok(w.call("DeleteAccountAlias", w.root, &iamwire.DeleteAccountAliasInput{AccountAlias: new("example-2")}))
	wants(w.root)
	wants(stranger, "example")
	fails(t, w.call("DeleteAccountAlias", w.root, &iamwire.DeleteAccountAliasInput{AccountAlias: new("example-2")}),
		"NoSuchEntity 404: The account alias example-2 cannot be found.")
	fails(t, w.call("CreateAccountAlias", w.root, set(there)), "ValidationError 400: An account alias cannot be the id of an account.")
}

func TestAccountSummary(t *testing.T) {
	w := newWorld(t)
	populate(w)
	out, err := w.GetAccountSummary(w.ctx, w.root, &iamwire.GetAccountSummaryInput{})
	w.ok(err)
	want := map[string]int64{
		"Users": 2, "UsersQuota": 5000, "Groups": 2, "GroupsQuota": 300, "Roles": 2, "RolesQuota": 1000,
		"Policies": 2, "PoliciesQuota": 1500, "PolicyVersionsInUse": 3, "PolicyVersionsInUseQuota": 7500, "VersionsPerPolicyQuota": 5,
		"InstanceProfiles": 3, "InstanceProfilesQuota": 1000, "Providers": 2,
		"UserPolicySizeQuota": 2048, "GroupPolicySizeQuota": 5120, "RolePolicySizeQuota": 10240, "AssumeRolePolicySizeQuota": 2048, "PolicySizeQuota": 6144,
		"GroupsPerUserQuota": 10, "AccessKeysPerUserQuota": 2, "AttachedPoliciesPerUserQuota": 10, "AttachedPoliciesPerGroupQuota": 10,
		"AttachedPoliciesPerRoleQuota": 10, "GlobalEndpointTokenVersion": 2,
		"MFADevices": 2, "MFADevicesInUse": 1, "AccountMFAEnabled": 0, "AccountAccessKeysPresent": 0, "AccountPasswordPresent": 0,
		"AccountSigningCertificatesPresent": 0, "ServerCertificates": 0, "ServerCertificatesQuota": 0, "SigningCertificatesPerUserQuota": 0,
	}
	if !maps.Equal(out.SummaryMap, want) {
		t.Errorf("got %v,\nwant %v", out.SummaryMap, want)
	}
	other, err := w.GetAccountSummary(w.ctx, rootOf(there), &iamwire.GetAccountSummaryInput{})
	w.ok(err)
	if n := other.SummaryMap["Users"] + other.SummaryMap["Policies"] + other.SummaryMap["InstanceProfiles"]; n != 0 {
		t.Errorf("one account counts what another holds: %v", other.SummaryMap)
	}
}

// Each key that the API's model names is answered.
func TestAccountSummaryIsWhole(t *testing.T) {
	w := newWorld(t)
	out, err := w.GetAccountSummary(w.ctx, w.root, &iamwire.GetAccountSummaryInput{})
	w.ok(err)
	shape := iamwire.Service().Operations["GetAccountSummary"].Output.Members[0].Shape
	if got, want := slices.Sorted(maps.Keys(out.SummaryMap)), slices.Sorted(slices.Values(shape.Key.Enum)); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func (w *world) details(in *iamwire.GetAccountAuthorizationDetailsInput) *iamwire.GetAccountAuthorizationDetailsOutput {
	w.t.Helper()
	out, err := w.GetAccountAuthorizationDetails(w.ctx, w.root, in)
	w.ok(err)
	return out
}

func TestAuthorizationDetails(t *testing.T) {
	w := newWorld(t)
	pull, bound := w.policy("Pull"), w.policy("Bound")
	tags := []iamwire.Tag{{Key: new("team"), Value: new("blue")}}
	w.ok(w.call("CreateUser", w.root, &iamwire.CreateUserInput{UserName: new("maria"), Path: new("/staff/"), PermissionsBoundary: &bound, Tags: tags}))
	w.group("devs")
	w.ok(w.call("AddUserToGroup", w.root, &iamwire.AddUserToGroupInput{GroupName: new("devs"), UserName: new("maria")}))
	w.ok(w.call("CreateRole", w.root, &iamwire.CreateRoleInput{RoleName: new("Deploy"), AssumeRolePolicyDocument: new(trust), PermissionsBoundary: &bound, Tags: tags}))
	w.profile("web", "Deploy")
	w.profile("idle", "")
	doc := strings.Replace(trust, "Allow", "Deny", 1)
	doc = strings.NewReplacer(`"Principal":{"AWS":"arn:aws:iam::111122223333:root"},`, "", `"Action"`, `"Resource": "*", "Action"`).Replace(doc)
	w.ok(w.call("PutUserPolicy", w.root, &iamwire.PutUserPolicyInput{UserName: new("maria"), PolicyName: new("in"), PolicyDocument: &doc}))
	w.ok(w.call("PutGroupPolicy", w.root, &iamwire.PutGroupPolicyInput{GroupName: new("devs"), PolicyName: new("in"), PolicyDocument: &doc}))
	w.ok(w.call("PutRolePolicy", w.root, &iamwire.PutRolePolicyInput{RoleName: new("Deploy"), PolicyName: new("in"), PolicyDocument: &doc}))
	const full = "arn:aws:iam::aws:policy/IAMFullAccess"
	w.ok(w.call("AttachUserPolicy", w.root, &iamwire.AttachUserPolicyInput{UserName: new("maria"), PolicyArn: &pull}))
	w.ok(w.call("AttachUserPolicy", w.root, &iamwire.AttachUserPolicyInput{UserName: new("maria"), PolicyArn: new(full)}))
	w.ok(w.call("AttachGroupPolicy", w.root, &iamwire.AttachGroupPolicyInput{GroupName: new("devs"), PolicyArn: &pull}))
	w.ok(w.call("AttachRolePolicy", w.root, &iamwire.AttachRolePolicyInput{RoleName: new("Deploy"), PolicyArn: &pull}))
	w.ok(w.call("CreatePolicyVersion", w.root, &iamwire.CreatePolicyVersionInput{PolicyArn: &pull, PolicyDocument: &doc, SetAsDefault: new(true)}))
	w.tx(func(tx store.Tx) error {
		r, err := tx.Role(here, "Deploy")
		return errors.Join(err, tx.TouchRole(r.ID, store.LastUse{At: w.time, Service: "codecommit", Region: "eu-central-1"}))
	})

	out := w.details(&iamwire.GetAccountAuthorizationDetailsInput{})
	if *out.IsTruncated || len(out.UserDetailList) != 1 || len(out.GroupDetailList) != 1 || len(out.RoleDetailList) != 1 {
		t.Fatalf("got %+v", out)
	}
	u, g, r := out.UserDetailList[0], out.GroupDetailList[0], out.RoleDetailList[0]
	inline := []iamwire.PolicyDetail{{PolicyName: new("in"), PolicyDocument: encoded(doc)}}
	pullOut := iamwire.AttachedPolicy{PolicyName: new("Pull"), PolicyArn: &pull}
	boundOut := &iamwire.AttachedPermissionsBoundary{PermissionsBoundaryType: new("Policy"), PermissionsBoundaryArn: &bound}
	wantUser := iamwire.UserDetail{Path: new("/staff/"), UserName: new("maria"), UserId: u.UserId, Arn: arnOf("user/staff/maria"), CreateDate: new(w.time),
		UserPolicyList: inline, GroupList: []string{"devs"}, Tags: tags, PermissionsBoundary: boundOut,
		AttachedManagedPolicies: []iamwire.AttachedPolicy{{PolicyName: new("IAMFullAccess"), PolicyArn: new(full)}, pullOut}}
	wantGroup := iamwire.GroupDetail{Path: new("/"), GroupName: new("devs"), GroupId: g.GroupId, Arn: arnOf("group/devs"), CreateDate: new(w.time),
		GroupPolicyList: inline, AttachedManagedPolicies: []iamwire.AttachedPolicy{pullOut}}
	of, err := w.ListInstanceProfilesForRole(w.ctx, w.root, &iamwire.ListInstanceProfilesForRoleInput{RoleName: new("Deploy")})
	w.ok(err)
	wantRole := iamwire.RoleDetail{Path: new("/"), RoleName: new("Deploy"), RoleId: r.RoleId, Arn: arnOf("role/Deploy"), CreateDate: new(w.time),
		AssumeRolePolicyDocument: encoded(trust), InstanceProfileList: of.InstanceProfiles, RolePolicyList: inline,
		AttachedManagedPolicies: []iamwire.AttachedPolicy{pullOut}, PermissionsBoundary: boundOut, Tags: tags,
		RoleLastUsed: &iamwire.RoleLastUsed{LastUsedDate: new(w.time), Region: new("eu-central-1")}}
	if !reflect.DeepEqual(u, wantUser) || !reflect.DeepEqual(g, wantGroup) || !reflect.DeepEqual(r, wantRole) || len(of.InstanceProfiles) != 1 {
		t.Errorf("user  %+v\n want %+v\ngroup %+v\n want %+v\nrole  %+v\n want %+v", u, wantUser, g, wantGroup, r, wantRole)
	}
	checkPolicyDetails(t, out.Policies, doc)
}

// checkPolicyDetails wants Bound and Pull, which has a version more, and the one policy of AWS that is attached.
func checkPolicyDetails(t *testing.T, got []iamwire.ManagedPolicyDetail, doc string) {
	t.Helper()
	type summary struct {
		arn, version       string
		attached, bounding int64
		versions           int
	}
	var list []summary
	for _, p := range got {
		list = append(list, summary{*p.Arn, *p.DefaultVersionId, *p.AttachmentCount, *p.PermissionsBoundaryUsageCount, len(p.PolicyVersionList)})
	}
	want := []summary{{*arnOf("policy/Bound"), "v1", 0, 2, 1}, {*arnOf("policy/Pull"), "v2", 3, 0, 2}, {"arn:aws:iam::aws:policy/IAMFullAccess", "v1", 1, 0, 1}}
	if !slices.Equal(list, want) {
		t.Fatalf("policies %+v, want %+v", list, want)
	}
	v := got[1].PolicyVersionList
	if *v[0].VersionId != "v2" || !*v[0].IsDefaultVersion || *v[0].Document != *encoded(doc) || *v[1].Document != *encoded(pull) || *v[1].IsDefaultVersion {
		t.Errorf("versions %+v", v)
	}
}

// What is not asked for, and what an entity has none of, is an empty list, as on AWS.
func TestAuthorizationDetailsOfLittle(t *testing.T) {
	w := newWorld(t)
	out := w.details(&iamwire.GetAccountAuthorizationDetailsInput{})
	if out.UserDetailList == nil || out.GroupDetailList == nil || out.RoleDetailList == nil || out.Policies == nil || *out.IsTruncated || len(out.Policies) != 0 {
		t.Errorf("of an empty account: %+v", out)
	}
	w.user("maria")
	w.group("devs")
	w.role("Deploy", trust)
	out = w.details(&iamwire.GetAccountAuthorizationDetailsInput{})
	u, g, r := out.UserDetailList[0], out.GroupDetailList[0], out.RoleDetailList[0]
	if u.UserPolicyList == nil || u.GroupList == nil || u.AttachedManagedPolicies == nil || g.GroupPolicyList == nil || g.AttachedManagedPolicies == nil ||
		r.InstanceProfileList == nil || r.RolePolicyList == nil || r.AttachedManagedPolicies == nil {
		t.Errorf("lists are left out: %+v %+v %+v", u, g, r)
	}
}

// shownIn names what an answer holds, as "kind name".
func shownIn(out *iamwire.GetAccountAuthorizationDetailsOutput) (names []string) {
	for _, u := range out.UserDetailList {
		names = append(names, "user "+*u.UserName)
	}
	for _, g := range out.GroupDetailList {
		names = append(names, "group "+*g.GroupName)
	}
	for _, r := range out.RoleDetailList {
		names = append(names, "role "+*r.RoleName)
	}
	for _, p := range out.Policies {
		names = append(names, "policy "+*p.PolicyName)
	}
	return names
}

func TestAuthorizationDetailsInPages(t *testing.T) {
	w := newWorld(t)
	long := strings.Repeat("z", 128)
	for _, n := range []string{"B", "a", "c"} {
		w.user(n)
		w.role(n, trust)
		w.policy(n)
	}
	w.group(long)
	w.policy(long)
	w.ok(w.call("AttachUserPolicy", w.root, &iamwire.AttachUserPolicyInput{UserName: new("a"), PolicyArn: new("arn:aws:iam::aws:policy/IAMFullAccess")}))
	w.ok(w.call("CreateUser", w.root, &iamwire.CreateUserInput{UserName: new("d"), PermissionsBoundary: new("arn:aws:iam::aws:policy/AdministratorAccess")}))
	users, groups, roles := []string{"user a", "user B", "user c", "user d"}, []string{"group " + long}, []string{"role a", "role B", "role c"}
	local, aws := []string{"policy a", "policy B", "policy c", "policy " + long}, []string{"policy AdministratorAccess", "policy IAMFullAccess"}
	for _, c := range []struct {
		filter []string
		want   []string
	}{
		{nil, slices.Concat(users, groups, roles, local, aws)},
		{[]string{"User"}, users}, {[]string{"Group"}, groups}, {[]string{"Role"}, roles}, {[]string{"LocalManagedPolicy"}, local}, {[]string{"AWSManagedPolicy"}, aws},
		{[]string{"AWSManagedPolicy", "Role"}, slices.Concat(roles, aws)}, {[]string{"Group", "LocalManagedPolicy"}, slices.Concat(groups, local)},
	} {
		for size := int64(1); size <= 15; size++ {
			var got []string
			in := &iamwire.GetAccountAuthorizationDetailsInput{Filter: c.filter, MaxItems: &size}
			for pages := 1; ; pages++ {
				out := w.details(in)
				names := shownIn(out)
				got = append(got, names...)
				if int64(len(names)) > size || *out.IsTruncated != (out.Marker != nil) || out.Marker != nil && (int64(len(names)) < size || len(*out.Marker) > 320) {
					t.Fatalf("%v by %d: a page of %d, truncated %v", c.filter, size, len(names), *out.IsTruncated)
				}
				if in.Marker = out.Marker; in.Marker == nil {
					break
				}
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("%v by %d:\n got %q\nwant %q", c.filter, size, got, c.want)
			}
		}
	}
	fails(t, w.call("GetAccountAuthorizationDetails", w.root, &iamwire.GetAccountAuthorizationDetailsInput{Marker: new(makeMarker("ListUsers", "a"))}),
		"ValidationError 400: Invalid Marker.")
}

func TestAuthorizationDetailsAreOfOneAccount(t *testing.T) {
	w := newWorld(t)
	populate(w)
	w.ok(w.call("AttachUserPolicy", w.root, &iamwire.AttachUserPolicyInput{UserName: new("maria"), PolicyArn: new("arn:aws:iam::aws:policy/IAMFullAccess")}))
	out, err := w.GetAccountAuthorizationDetails(w.ctx, rootOf(there), &iamwire.GetAccountAuthorizationDetailsInput{})
	w.ok(err)
	if names := shownIn(out); len(names) != 0 {
		t.Errorf("another account sees %q", names)
	}
}
