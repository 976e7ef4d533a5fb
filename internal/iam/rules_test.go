package iam

import (
	"fmt"
	"strings"
	"testing"

	"sojourn/internal/store"
	"sojourn/internal/wire/iamwire"
)

// rule is one documented refusal: the state it needs, the call, and the answer's
// code, status and text.
type rule struct {
	name  string
	setup func(*world)
	op    string
	in    any
	want  string
}

func checkRules(t *testing.T, rules []rule) {
	t.Helper()
	for _, r := range rules {
		t.Run(r.name, func(t *testing.T) {
			w := newWorld(t)
			if r.setup != nil {
				r.setup(w)
			}
			fails(t, w.call(r.op, w.root, r.in), r.want)
		})
	}
}

// times runs an operation for i = 0 … n-1.
func (w *world) times(n int, op string, in func(i int) any) {
	w.t.Helper()
	for i := range n {
		w.ok(w.call(op, w.root, in(i)))
	}
}

func arnOf(resource string) *string { return new("arn:aws:iam::" + here + ":" + resource) }

func TestAbsentEntities(t *testing.T) {
	x, doc := new("x"), new(pull)
	const noU, noG, noR = "NoSuchEntity 404: The user with name x cannot be found.",
		"NoSuchEntity 404: The group with name x cannot be found.", "NoSuchEntity 404: The role with name x cannot be found."
	noP := "NoSuchEntity 404: Policy " + *arnOf("policy/x") + " was not found."
	noO := "NoSuchEntity 404: OpenIDConnect Provider not found for arn " + *arnOf("oidc-provider/x.example")
	p, o := arnOf("policy/x"), arnOf("oidc-provider/x.example")
	user := func(w *world) { w.user("maria") }
	group := func(w *world) { w.group("devs") }
	role := func(w *world) { w.role("Deploy", trust) }
	checkRules(t, []rule{
		{"GetUser", nil, "GetUser", &iamwire.GetUserInput{UserName: x}, noU},
		{"DeleteUser", nil, "DeleteUser", &iamwire.DeleteUserInput{UserName: x}, noU},
		{"CreateAccessKey", nil, "CreateAccessKey", &iamwire.CreateAccessKeyInput{UserName: x}, noU},
		{"ListAccessKeys", nil, "ListAccessKeys", &iamwire.ListAccessKeysInput{UserName: x}, noU},
		{"DeleteAccessKey", nil, "DeleteAccessKey", &iamwire.DeleteAccessKeyInput{UserName: x, AccessKeyId: x}, noU},
		{"PutUserPolicy", nil, "PutUserPolicy", &iamwire.PutUserPolicyInput{UserName: x, PolicyName: x, PolicyDocument: doc}, noU},
		{"ListUserPolicies", nil, "ListUserPolicies", &iamwire.ListUserPoliciesInput{UserName: x}, noU},
		{"AttachUserPolicy", nil, "AttachUserPolicy", &iamwire.AttachUserPolicyInput{UserName: x, PolicyArn: p}, noU},
		{"ListAttachedUserPolicies", nil, "ListAttachedUserPolicies", &iamwire.ListAttachedUserPoliciesInput{UserName: x}, noU},
		{"ListGroupsForUser", nil, "ListGroupsForUser", &iamwire.ListGroupsForUserInput{UserName: x}, noU},
		{"AddUserToGroup user", group, "AddUserToGroup", &iamwire.AddUserToGroupInput{GroupName: new("devs"), UserName: x}, noU},
		{"AddUserToGroup group", user, "AddUserToGroup", &iamwire.AddUserToGroupInput{GroupName: x, UserName: new("maria")}, noG},
		{"RemoveUserFromGroup", user, "RemoveUserFromGroup", &iamwire.RemoveUserFromGroupInput{GroupName: x, UserName: new("maria")}, noG},
		{"GetGroup", nil, "GetGroup", &iamwire.GetGroupInput{GroupName: x}, noG},
		{"DeleteGroup", nil, "DeleteGroup", &iamwire.DeleteGroupInput{GroupName: x}, noG},
		{"GetRole", nil, "GetRole", &iamwire.GetRoleInput{RoleName: x}, noR},
		{"DeleteRole", nil, "DeleteRole", &iamwire.DeleteRoleInput{RoleName: x}, noR},
		{"UpdateAssumeRolePolicy", nil, "UpdateAssumeRolePolicy", &iamwire.UpdateAssumeRolePolicyInput{RoleName: x, PolicyDocument: new(trust)}, noR},
		{"UpdateUser", nil, "UpdateUser", &iamwire.UpdateUserInput{UserName: x, NewUserName: new("y")}, noU},
		{"TagUser", nil, "TagUser", &iamwire.TagUserInput{UserName: x}, noU},
		{"UntagUser", nil, "UntagUser", &iamwire.UntagUserInput{UserName: x}, noU},
		{"ListUserTags", nil, "ListUserTags", &iamwire.ListUserTagsInput{UserName: x}, noU},
		{"PutUserPermissionsBoundary", func(w *world) { w.policy("x") }, "PutUserPermissionsBoundary",
			&iamwire.PutUserPermissionsBoundaryInput{UserName: x, PermissionsBoundary: p}, noU},
		{"DeleteUserPermissionsBoundary", nil, "DeleteUserPermissionsBoundary", &iamwire.DeleteUserPermissionsBoundaryInput{UserName: x}, noU},
		{"RemoveUserFromGroup, both absent", nil, "RemoveUserFromGroup", &iamwire.RemoveUserFromGroupInput{GroupName: new("y"), UserName: x}, noU},
		{"UpdateGroup", nil, "UpdateGroup", &iamwire.UpdateGroupInput{GroupName: x, NewPath: new("/y/")}, noG},
		{"UpdateRole", nil, "UpdateRole", &iamwire.UpdateRoleInput{RoleName: x}, noR},
		{"UpdateRoleDescription", nil, "UpdateRoleDescription", &iamwire.UpdateRoleDescriptionInput{RoleName: x}, noR},
		{"TagRole", nil, "TagRole", &iamwire.TagRoleInput{RoleName: x}, noR},
		{"UntagRole", nil, "UntagRole", &iamwire.UntagRoleInput{RoleName: x}, noR},
		{"ListRoleTags", nil, "ListRoleTags", &iamwire.ListRoleTagsInput{RoleName: x}, noR},
		{"PutRolePermissionsBoundary", func(w *world) { w.policy("x") }, "PutRolePermissionsBoundary",
			&iamwire.PutRolePermissionsBoundaryInput{RoleName: x, PermissionsBoundary: p}, noR},
		{"DeleteRolePermissionsBoundary", nil, "DeleteRolePermissionsBoundary", &iamwire.DeleteRolePermissionsBoundaryInput{RoleName: x}, noR},
		{"GetAccessKeyLastUsed", nil, "GetAccessKeyLastUsed", &iamwire.GetAccessKeyLastUsedInput{AccessKeyId: new("AKIAIOSFODNN7EXAMPLE")},
			"AccessDenied 403: User: arn:aws:iam::111122223333:root is not authorized to perform iam:GetAccessKeyLastUsed on resource: access key AKIAIOSFODNN7EXAMPLE"},

		{"GetUserPolicy", user, "GetUserPolicy", &iamwire.GetUserPolicyInput{UserName: new("maria"), PolicyName: x},
			"NoSuchEntity 404: The user policy with name x cannot be found."},
		{"DeleteGroupPolicy", group, "DeleteGroupPolicy", &iamwire.DeleteGroupPolicyInput{GroupName: new("devs"), PolicyName: x},
			"NoSuchEntity 404: The group policy with name x cannot be found."},
		{"GetRolePolicy", role, "GetRolePolicy", &iamwire.GetRolePolicyInput{RoleName: new("Deploy"), PolicyName: x},
			"NoSuchEntity 404: The role policy with name x cannot be found."},
		{"UpdateAccessKey", user, "UpdateAccessKey", &iamwire.UpdateAccessKeyInput{UserName: new("maria"), AccessKeyId: x, Status: new("Active")},
			"NoSuchEntity 404: The Access Key with id x cannot be found."},

		{"GetPolicy", nil, "GetPolicy", &iamwire.GetPolicyInput{PolicyArn: p}, noP},
		{"DeletePolicy", nil, "DeletePolicy", &iamwire.DeletePolicyInput{PolicyArn: p}, noP},
		{"CreatePolicyVersion", nil, "CreatePolicyVersion", &iamwire.CreatePolicyVersionInput{PolicyArn: p, PolicyDocument: doc}, noP},
		{"TagPolicy", nil, "TagPolicy", &iamwire.TagPolicyInput{PolicyArn: p}, noP},
		{"UntagPolicy", nil, "UntagPolicy", &iamwire.UntagPolicyInput{PolicyArn: p}, noP},
		{"ListPolicyTags", nil, "ListPolicyTags", &iamwire.ListPolicyTagsInput{PolicyArn: p}, noP},
		{"ListEntitiesForPolicy", nil, "ListEntitiesForPolicy", &iamwire.ListEntitiesForPolicyInput{PolicyArn: p},
			"NoSuchEntity 404: Policy " + *p + " does not exist or is not attachable."},
		{"GetPolicyVersion of an absent policy", nil, "GetPolicyVersion", &iamwire.GetPolicyVersionInput{PolicyArn: p, VersionId: new("v1")},
			"NoSuchEntity 404: Policy " + *p + " version v1 does not exist or is not attachable."},
		{"DeletePolicyVersion of an absent policy", nil, "DeletePolicyVersion", &iamwire.DeletePolicyVersionInput{PolicyArn: p, VersionId: new("v1")},
			"NoSuchEntity 404: Policy " + *p + " version v1 does not exist or is not attachable."},
		{"ListPolicyVersions", nil, "ListPolicyVersions", &iamwire.ListPolicyVersionsInput{PolicyArn: p}, noP},
		{"GetPolicyVersion", func(w *world) { w.policy("x") }, "GetPolicyVersion", &iamwire.GetPolicyVersionInput{PolicyArn: p, VersionId: new("v7")},
			"NoSuchEntity 404: Policy " + *p + " version v7 does not exist or is not attachable."},
		{"SetDefaultPolicyVersion", func(w *world) { w.policy("x") }, "SetDefaultPolicyVersion",
			&iamwire.SetDefaultPolicyVersionInput{PolicyArn: p, VersionId: new("v7")},
			"NoSuchEntity 404: Policy " + *p + " version v7 does not exist or is not attachable."},
		{"attaching an absent policy", role, "AttachRolePolicy", &iamwire.AttachRolePolicyInput{RoleName: new("Deploy"), PolicyArn: p},
			"NoSuchEntity 404: Policy " + *p + " does not exist or is not attachable."},
		{"attaching an absent policy of AWS", role, "AttachRolePolicy",
			&iamwire.AttachRolePolicyInput{RoleName: new("Deploy"), PolicyArn: new("arn:aws:iam::aws:policy/Nope")},
			"NoSuchEntity 404: Policy arn:aws:iam::aws:policy/Nope does not exist or is not attachable."},
		{"attaching with a wrong path", func(w *world) { w.group("devs"); w.policy("x") }, "AttachGroupPolicy",
			&iamwire.AttachGroupPolicyInput{GroupName: new("devs"), PolicyArn: arnOf("policy/other/x")},
			"NoSuchEntity 404: Policy " + *arnOf("policy/other/x") + " does not exist or is not attachable."},
		{"detaching what is not attached", func(w *world) { w.user("maria"); w.policy("x") }, "DetachUserPolicy",
			&iamwire.DetachUserPolicyInput{UserName: new("maria"), PolicyArn: p}, noP},
		{"setting a boundary", user, "PutUserPermissionsBoundary", &iamwire.PutUserPermissionsBoundaryInput{UserName: new("maria"), PermissionsBoundary: p},
			"NoSuchEntity 404: Scope ARN: " + *p + " does not exist or is not attachable."},
		{"boundary", nil, "CreateUser", &iamwire.CreateUserInput{UserName: x, PermissionsBoundary: p},
			"NoSuchEntity 404: Scope ARN: " + *p + " does not exist or is not attachable."},

		{"GetOpenIDConnectProvider", nil, "GetOpenIDConnectProvider", &iamwire.GetOpenIDConnectProviderInput{OpenIDConnectProviderArn: o}, noO},
		{"AddClientID", nil, "AddClientIDToOpenIDConnectProvider",
			&iamwire.AddClientIDToOpenIDConnectProviderInput{OpenIDConnectProviderArn: o, ClientID: x}, noO},
		{"RemoveClientID", nil, "RemoveClientIDFromOpenIDConnectProvider",
			&iamwire.RemoveClientIDFromOpenIDConnectProviderInput{OpenIDConnectProviderArn: o, ClientID: x}, noO},
		{"TagProvider", nil, "TagOpenIDConnectProvider", &iamwire.TagOpenIDConnectProviderInput{OpenIDConnectProviderArn: o, Tags: tagList("k=v")}, noO},
		{"UntagProvider", nil, "UntagOpenIDConnectProvider", &iamwire.UntagOpenIDConnectProviderInput{OpenIDConnectProviderArn: o, TagKeys: []string{"k"}}, noO},
		{"ListProviderTags", nil, "ListOpenIDConnectProviderTags", &iamwire.ListOpenIDConnectProviderTagsInput{OpenIDConnectProviderArn: o}, noO},
		{"UpdateThumbprint", nil, "UpdateOpenIDConnectProviderThumbprint",
			&iamwire.UpdateOpenIDConnectProviderThumbprintInput{OpenIDConnectProviderArn: o}, noO},
	})
}

func TestNamesAreUniqueWithoutCase(t *testing.T) {
	checkRules(t, []rule{
		{"user", func(w *world) { w.user("Maria") }, "CreateUser", &iamwire.CreateUserInput{UserName: new("maria"), Path: new("/x/")},
			"EntityAlreadyExists 409: User with name maria already exists."},
		{"group", func(w *world) { w.group("Devs") }, "CreateGroup", &iamwire.CreateGroupInput{GroupName: new("DEVS")},
			"EntityAlreadyExists 409: Group with name DEVS already exists."},
		{"role", func(w *world) { w.role("Deploy", trust) }, "CreateRole",
			&iamwire.CreateRoleInput{RoleName: new("deploy"), AssumeRolePolicyDocument: new(trust)},
			"EntityAlreadyExists 409: Role with name deploy already exists."},
		{"renamed user", func(w *world) { w.user("Maria"); w.user("peter") }, "UpdateUser",
			&iamwire.UpdateUserInput{UserName: new("peter"), NewUserName: new("MARIA")}, "EntityAlreadyExists 409: User with name MARIA already exists."},
		{"renamed group", func(w *world) { w.group("Devs"); w.group("ops") }, "UpdateGroup",
			&iamwire.UpdateGroupInput{GroupName: new("ops"), NewGroupName: new("devs")}, "EntityAlreadyExists 409: Group with name devs already exists."},
		{"policy", func(w *world) { w.policy("Pull") }, "CreatePolicy",
			&iamwire.CreatePolicyInput{PolicyName: new("pull"), PolicyDocument: new(pull), Path: new("/x/")},
			"EntityAlreadyExists 409: A policy called pull already exists. Duplicate names are not allowed."},
		{"instance profile", func(w *world) { w.profile("Web", "") }, "CreateInstanceProfile",
			&iamwire.CreateInstanceProfileInput{InstanceProfileName: new("web"), Path: new("/x/")},
			"EntityAlreadyExists 409: Instance Profile web already exists."},
		{"provider", func(w *world) { w.provider("https://id.example") }, "CreateOpenIDConnectProvider",
			&iamwire.CreateOpenIDConnectProviderInput{Url: new("https://id.example")},
			"EntityAlreadyExists 409: Provider with url https://id.example already exists."},
	})
}

func TestConflictsOnDeletion(t *testing.T) {
	maria, devs, deploy := new("maria"), new("devs"), new("Deploy")
	const references, attached, inline = "DeleteConflict 409: Cannot delete entity, must remove users from group first.",
		"DeleteConflict 409: Cannot delete entity, must detach all policies first.",
		"DeleteConflict 409: Cannot delete entity, must delete policies first."
	member := func(w *world) {
		w.user("maria")
		w.group("devs")
		w.ok(w.call("AddUserToGroup", w.root, &iamwire.AddUserToGroupInput{GroupName: devs, UserName: maria}))
	}
	set := func(make func(*world), op string, in any) func(*world) {
		return func(w *world) {
			make(w)
			w.policy("Pull")
			w.ok(w.call(op, w.root, in))
		}
	}
	user := func(w *world) { w.user("maria") }
	group := func(w *world) { w.group("devs") }
	role := func(w *world) { w.role("Deploy", trust) }
	p, doc := arnOf("policy/Pull"), new(pull)
	delUser, delGroup, delRole := &iamwire.DeleteUserInput{UserName: maria}, &iamwire.DeleteGroupInput{GroupName: devs}, &iamwire.DeleteRoleInput{RoleName: deploy}
	checkRules(t, []rule{
		{"user with a key", func(w *world) { w.user("maria"); w.key("maria") }, "DeleteUser", delUser,
			"DeleteConflict 409: Cannot delete entity, must delete access keys first."},
		{"user in a group", member, "DeleteUser", delUser, references},
		{"group with a user", member, "DeleteGroup", delGroup, references},
		{"user with attached policy", set(user, "AttachUserPolicy", &iamwire.AttachUserPolicyInput{UserName: maria, PolicyArn: p}), "DeleteUser", delUser, attached},
		{"group with attached policy", set(group, "AttachGroupPolicy", &iamwire.AttachGroupPolicyInput{GroupName: devs, PolicyArn: p}), "DeleteGroup", delGroup, attached},
		{"role with attached policy", set(role, "AttachRolePolicy", &iamwire.AttachRolePolicyInput{RoleName: deploy, PolicyArn: p}), "DeleteRole", delRole, attached},
		{"user with inline policy", set(user, "PutUserPolicy", &iamwire.PutUserPolicyInput{UserName: maria, PolicyName: new("p"), PolicyDocument: doc}), "DeleteUser", delUser, inline},
		{"group with inline policy", set(group, "PutGroupPolicy", &iamwire.PutGroupPolicyInput{GroupName: devs, PolicyName: new("p"), PolicyDocument: doc}), "DeleteGroup", delGroup, inline},
		{"role with inline policy", set(role, "PutRolePolicy", &iamwire.PutRolePolicyInput{RoleName: deploy, PolicyName: new("p"), PolicyDocument: doc}), "DeleteRole", delRole, inline},
		{"attached policy", set(role, "AttachRolePolicy", &iamwire.AttachRolePolicyInput{RoleName: deploy, PolicyArn: p}), "DeletePolicy",
			&iamwire.DeletePolicyInput{PolicyArn: p}, "DeleteConflict 409: Cannot delete a policy attached to entities."},
		{"policy that bounds a role", func(w *world) {
			w.policy("Pull")
			w.ok(w.call("CreateRole", w.root, &iamwire.CreateRoleInput{RoleName: deploy, AssumeRolePolicyDocument: new(trust), PermissionsBoundary: p}))
		}, "DeletePolicy", &iamwire.DeletePolicyInput{PolicyArn: p}, "DeleteConflict 409: Cannot delete a policy attached to entities."},
		{"policy with versions", set(user, "CreatePolicyVersion", &iamwire.CreatePolicyVersionInput{PolicyArn: p, PolicyDocument: doc}), "DeletePolicy",
			&iamwire.DeletePolicyInput{PolicyArn: p}, "DeleteConflict 409: This policy has more than one version. Before you delete a policy, " +
				"you must delete the policy's versions. The default version is deleted with the policy."},
		{"default version", func(w *world) { w.policy("Pull") }, "DeletePolicyVersion",
			&iamwire.DeletePolicyVersionInput{PolicyArn: p, VersionId: new("v1")}, "DeleteConflict 409: Cannot delete the default version of a policy."},
	})
}

func TestLimitsOfAnEntity(t *testing.T) {
	maria, p := new("maria"), arnOf("policy/Pull")
	attach := func(op, kind string, in func(arn string) any) rule {
		setup := func(w *world) {
			w.user("maria")
			w.group("devs")
			w.role("Deploy", trust)
			w.policy("Pull")
			w.times(10, op, func(i int) any { return in(w.policy(fmt.Sprintf("p%d", i))) })
		}
		return rule{"policies of a " + kind, setup, op, in(*p), "LimitExceeded 409: Cannot exceed quota for PoliciesPer" + kind + ": 10"}
	}
	checkRules(t, []rule{
		{"access keys", func(w *world) {
			w.user("maria")
			w.times(2, "CreateAccessKey", func(int) any { return &iamwire.CreateAccessKeyInput{UserName: maria} })
		}, "CreateAccessKey", &iamwire.CreateAccessKeyInput{UserName: maria}, "LimitExceeded 409: Cannot exceed quota for AccessKeysPerUser: 2"},
		{"versions", func(w *world) {
			w.policy("Pull")
			w.times(4, "CreatePolicyVersion", func(int) any { return &iamwire.CreatePolicyVersionInput{PolicyArn: p, PolicyDocument: new(pull)} })
		}, "CreatePolicyVersion", &iamwire.CreatePolicyVersionInput{PolicyArn: p, PolicyDocument: new(pull)},
			"LimitExceeded 409: A managed policy can have up to 5 versions. Before you create a new version, you must delete an existing version."},
		{"groups of a user", func(w *world) {
			w.user("maria")
			w.group("last")
			w.times(10, "AddUserToGroup", func(i int) any {
				w.group(fmt.Sprintf("g%d", i))
				return &iamwire.AddUserToGroupInput{GroupName: new(fmt.Sprintf("g%d", i)), UserName: maria}
			})
		}, "AddUserToGroup", &iamwire.AddUserToGroupInput{GroupName: new("last"), UserName: maria}, "LimitExceeded 409: Cannot exceed quota for GroupsPerUser: 10"},
		attach("AttachUserPolicy", "User", func(a string) any { return &iamwire.AttachUserPolicyInput{UserName: maria, PolicyArn: &a} }),
		attach("AttachGroupPolicy", "Group", func(a string) any { return &iamwire.AttachGroupPolicyInput{GroupName: new("devs"), PolicyArn: &a} }),
		attach("AttachRolePolicy", "Role", func(a string) any { return &iamwire.AttachRolePolicyInput{RoleName: new("Deploy"), PolicyArn: &a} }),
		{"client ids", nil, "CreateOpenIDConnectProvider", &iamwire.CreateOpenIDConnectProviderInput{Url: new("https://x.example"), ClientIDList: numbered(101)},
			"LimitExceeded 409: Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: 100"},
		{"one client id more", func(w *world) {
			w.ok(w.call("CreateOpenIDConnectProvider", w.root, &iamwire.CreateOpenIDConnectProviderInput{Url: new("https://x.example"), ClientIDList: numbered(100)}))
		}, "AddClientIDToOpenIDConnectProvider", &iamwire.AddClientIDToOpenIDConnectProviderInput{OpenIDConnectProviderArn: arnOf("oidc-provider/x.example"), ClientID: new("new")},
			"LimitExceeded 409: Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: 100"},
		{"thumbprints", nil, "CreateOpenIDConnectProvider", &iamwire.CreateOpenIDConnectProviderInput{Url: new("https://x.example"),
			ThumbprintList: slicesRepeat(strings.Repeat("a", 40), 6)}, "InvalidInput 400: Thumbprint list must contain fewer than 5 entries."},
		{"thumbprints afterwards", func(w *world) { w.provider("https://x.example") }, "UpdateOpenIDConnectProviderThumbprint",
			&iamwire.UpdateOpenIDConnectProviderThumbprintInput{OpenIDConnectProviderArn: arnOf("oidc-provider/x.example"),
				ThumbprintList: slicesRepeat(strings.Repeat("a", 40), 6)}, "InvalidInput 400: Thumbprint list must contain fewer than 5 entries."},
		{"a thumbprint", nil, "CreateOpenIDConnectProvider", &iamwire.CreateOpenIDConnectProviderInput{Url: new("https://x.example"),
			ThumbprintList: []string{strings.Repeat("g", 40)}}, "InvalidInput 400: A thumbprint must be 40 hexadecimal digits."},
	})
}

func numbered(n int) (out []string) {
	for i := range n {
		out = append(out, fmt.Sprint("client-", i))
	}
	return out
}

func slicesRepeat(s string, n int) (out []string) {
	for range n {
		out = append(out, s)
	}
	return out
}

// padded is a policy of exactly n characters that are not white space, and some that are.
func padded(base string, n int) *string {
	sid := strings.Repeat("x", n-size(base)-size(`"Sid":"",`))
	return new(strings.Replace(base, `"Effect"`, "\n\t  \"Sid\": \""+sid+"\",\n \"Effect\"", 1))
}

func TestPolicySizesWithoutWhiteSpace(t *testing.T) {
	for _, c := range []struct {
		op, want string
		limit    int
		in       func(doc *string) any
	}{
		{"PutUserPolicy", "LimitExceeded 409: Maximum policy size of 2048 bytes exceeded for user maria", 2048,
			func(d *string) any {
				return &iamwire.PutUserPolicyInput{UserName: new("maria"), PolicyName: new("p"), PolicyDocument: d}
			}},
		{"PutGroupPolicy", "LimitExceeded 409: Maximum policy size of 5120 bytes exceeded for group devs", 5120,
			func(d *string) any {
				return &iamwire.PutGroupPolicyInput{GroupName: new("devs"), PolicyName: new("p"), PolicyDocument: d}
			}},
		{"PutRolePolicy", "LimitExceeded 409: Maximum policy size of 10240 bytes exceeded for role Deploy", 10240,
			func(d *string) any {
				return &iamwire.PutRolePolicyInput{RoleName: new("Deploy"), PolicyName: new("p"), PolicyDocument: d}
			}},
		{"CreatePolicyVersion", "LimitExceeded 409: Cannot exceed quota for PolicySize: 6144", 6144,
			func(d *string) any {
				return &iamwire.CreatePolicyVersionInput{PolicyArn: arnOf("policy/Pull"), PolicyDocument: d}
			}},
		{"UpdateAssumeRolePolicy", "LimitExceeded 409: Cannot exceed quota for ACLSizePerRole: 2048", 2048,
			func(d *string) any {
				return &iamwire.UpdateAssumeRolePolicyInput{RoleName: new("Deploy"), PolicyDocument: d}
			}},
	} {
		t.Run(c.op, func(t *testing.T) {
			w := newWorld(t)
			w.user("maria")
			w.group("devs")
			w.role("Deploy", trust)
			w.policy("Pull")
			base := pull
			if c.op == "UpdateAssumeRolePolicy" {
				base = trust
			}
			w.ok(w.call(c.op, w.root, c.in(padded(base, c.limit))))
			fails(t, w.call(c.op, w.root, c.in(padded(base, c.limit+1))), c.want)
		})
	}
}

func TestInlinePoliciesAreMeasuredTogether(t *testing.T) {
	w := newWorld(t)
	w.user("maria")
	put := func(name string, n int) error {
		return w.call("PutUserPolicy", w.root, &iamwire.PutUserPolicyInput{UserName: new("maria"), PolicyName: &name, PolicyDocument: padded(pull, n)})
	}
	w.ok(put("a", 1024))
	w.ok(put("b", 1024))
	fails(t, put("c", 200), "LimitExceeded 409: Maximum policy size of 2048 bytes exceeded for user maria")
	out, err := w.ListUserPolicies(w.ctx, w.root, &iamwire.ListUserPoliciesInput{UserName: new("maria")})
	w.ok(err)
	if len(out.PolicyNames) != 2 {
		t.Errorf("a refused policy is stored: %v", out.PolicyNames)
	}
	w.ok(put("b", 1000))
}

func TestQuotasOfAnAccount(t *testing.T) {
	for _, c := range []struct {
		quota string
		have  int
		put   func(tx store.Tx, name string) error
		op    string
		in    func(name string) any
	}{
		{"UsersPerAccount", 5000, func(tx store.Tx, n string) error {
			return tx.InsertUser(store.User{Account: here, Name: n, Path: "/", ID: n})
		},
			"CreateUser", func(n string) any { return &iamwire.CreateUserInput{UserName: &n} }},
		{"GroupsPerAccount", 300, func(tx store.Tx, n string) error {
			return tx.InsertGroup(store.Group{Account: here, Name: n, Path: "/", ID: n})
		},
			"CreateGroup", func(n string) any { return &iamwire.CreateGroupInput{GroupName: &n} }},
		{"RolesPerAccount", 1000, func(tx store.Tx, n string) error {
			return tx.InsertRole(store.Role{Account: here, Name: n, Path: "/", ID: n, Trust: trust})
		}, "CreateRole", func(n string) any {
			return &iamwire.CreateRoleInput{RoleName: &n, AssumeRolePolicyDocument: new(trust)}
		}},
		{"PoliciesPerAccount", 1500, func(tx store.Tx, n string) error {
			return tx.InsertPolicy(store.Policy{Account: here, Name: n, Path: "/", ID: n, DefaultVersion: "v1"})
		}, "CreatePolicy", func(n string) any { return &iamwire.CreatePolicyInput{PolicyName: &n, PolicyDocument: new(pull)} }},
		{"InstanceProfilesPerAccount", 1000, func(tx store.Tx, n string) error {
			return tx.InsertInstanceProfile(store.InstanceProfile{Account: here, Name: n, Path: "/", ID: n})
		}, "CreateInstanceProfile", func(n string) any { return &iamwire.CreateInstanceProfileInput{InstanceProfileName: &n} }},
		{"OpenIdConnectProvidersPerAccount", 100, func(tx store.Tx, n string) error {
			return tx.InsertOIDCProvider(store.OIDCProvider{Account: here, URL: n})
		}, "CreateOpenIDConnectProvider", func(n string) any { return &iamwire.CreateOpenIDConnectProviderInput{Url: new("https://" + n)} }},
	} {
		t.Run(c.quota, func(t *testing.T) {
			w := newWorld(t)
			w.tx(func(tx store.Tx) error {
				for i := range c.have - 1 {
					if err := c.put(tx, fmt.Sprintf("n%04d", i)); err != nil {
						return err
					}
				}
				return nil
			})
			w.ok(w.call(c.op, w.root, c.in("last")))
			fails(t, w.call(c.op, w.root, c.in("over")), fmt.Sprintf("LimitExceeded 409: Cannot exceed quota for %s: %d", c.quota, c.have))
			w.ok(w.call(c.op, rootOf(there), c.in("over")))
		})
	}
}

func TestInvalidInput(t *testing.T) {
	tag := func(k string) iamwire.Tag { return iamwire.Tag{Key: &k, Value: new("v")} }
	user := func(w *world) { w.user("maria"); w.key("maria") }
	const badARN = "ValidationError 400: Invalid ARN:  Could not be parsed!"
	checkRules(t, []rule{
		{"tags twice", nil, "CreateUser", &iamwire.CreateUserInput{UserName: new("x"), Tags: []iamwire.Tag{tag("Team"), tag("team")}},
			"InvalidInput 400: Duplicate tag keys found. Please note that Tag keys are case insensitive."},
		{"reserved tag", nil, "CreateRole", &iamwire.CreateRoleInput{RoleName: new("x"), AssumeRolePolicyDocument: new(trust), Tags: []iamwire.Tag{tag("AWS:x")}},
			"InvalidInput 400: The tag key AWS:x begins with aws:, which is reserved."},
		{"policy ARN", user, "AttachUserPolicy", &iamwire.AttachUserPolicyInput{UserName: new("maria"), PolicyArn: new("something that is no ARN")}, badARN},
		{"boundary ARN", nil, "CreateUser", &iamwire.CreateUserInput{UserName: new("x"), PermissionsBoundary: new("something that is no ARN")}, badARN},
		{"provider ARN", nil, "GetOpenIDConnectProvider", &iamwire.GetOpenIDConnectProviderInput{OpenIDConnectProviderArn: new("something that is no ARN")}, badARN},
		{"ARN of something else", user, "AttachUserPolicy", &iamwire.AttachUserPolicyInput{UserName: new("maria"), PolicyArn: arnOf("user/maria")},
			"InvalidInput 400: ARN " + *arnOf("user/maria") + " is not valid."},
		{"boundary that is no policy", user, "PutUserPermissionsBoundary",
			&iamwire.PutUserPermissionsBoundaryInput{UserName: new("maria"), PermissionsBoundary: arnOf("role/not-a-policy")},
			"InvalidInput 400: ARN " + *arnOf("role/not-a-policy") + " is not valid."},
		{"boundary that is no policy, at creation", nil, "CreateUser",
			&iamwire.CreateUserInput{UserName: new("x"), PermissionsBoundary: arnOf("role/not-a-policy")},
			"InvalidInput 400: ARN " + *arnOf("role/not-a-policy") + " is not valid."},
		{"boundary for service roles", user, "PutUserPermissionsBoundary",
			&iamwire.PutUserPermissionsBoundaryInput{UserName: new("maria"), PermissionsBoundary: new("arn:aws:iam::aws:policy/aws-service-role/X")},
			"PolicyNotAttachable 400: Cannot attach a Service Role Policy to a Customer Role."},
		{"policy for service roles", user, "AttachUserPolicy",
			&iamwire.AttachUserPolicyInput{UserName: new("maria"), PolicyArn: new("arn:aws:iam::aws:policy/aws-service-role/X")},
			"PolicyNotAttachable 400: Cannot attach a Service Role Policy to a Customer Role."},
		{"tagging twice", user, "TagUser", &iamwire.TagUserInput{UserName: new("maria"), Tags: []iamwire.Tag{tag("Team"), tag("team")}},
			"InvalidInput 400: Duplicate tag keys found. Please note that Tag keys are case insensitive."},
		{"tagging with a reserved key", user, "TagUser", &iamwire.TagUserInput{UserName: new("maria"), Tags: []iamwire.Tag{tag("aws:x")}},
			"InvalidInput 400: The tag key aws:x begins with aws:, which is reserved."},
		{"tagging a policy of AWS", nil, "TagPolicy", &iamwire.TagPolicyInput{PolicyArn: new("arn:aws:iam::aws:policy/IAMFullAccess"), Tags: []iamwire.Tag{tag("x")}},
			"AccessDenied 403: Policy arn:aws:iam::aws:policy/IAMFullAccess is provided by AWS and cannot be changed."},
		{"key status", user, "UpdateAccessKey", &iamwire.UpdateAccessKeyInput{UserName: new("maria"), AccessKeyId: new("AKIA"), Status: new("Expired")},
			"InvalidInput 400: The status of an access key can be set to Active or Inactive only."},
		{"service-linked path", nil, "CreateRole", &iamwire.CreateRoleInput{RoleName: new("x"), Path: new("/aws-service-role/x.amazonaws.com/"), AssumeRolePolicyDocument: new(trust)},
			"InvalidInput 400: Path prefix '/aws-service-role/' can only be used for AWS Service linked Roles"},
		{"reserved path", nil, "CreateRole", &iamwire.CreateRoleInput{RoleName: new("x"), Path: new("/aws-reserved/"), AssumeRolePolicyDocument: new(trust)},
			"InvalidInput 400: Path prefix '/aws-reserved/' is reserved."},
		{"service-linked name", nil, "CreateRole", &iamwire.CreateRoleInput{RoleName: new("AWSServiceRoleForX"), AssumeRolePolicyDocument: new(trust)},
			"InvalidInput 400: Role names that begin with AWSServiceRoleFor are reserved for AWS Service linked Roles"},
		{"marker", nil, "ListUsers", &iamwire.ListUsersInput{Marker: new("made up")}, "ValidationError 400: Invalid Marker."},
		{"marker of another list", nil, "ListUsers", &iamwire.ListUsersInput{Marker: new(makeMarker("ListRoles", "x"))}, "ValidationError 400: Invalid Marker."},
		{"policy of AWS", nil, "DeletePolicy", &iamwire.DeletePolicyInput{PolicyArn: new("arn:aws:iam::aws:policy/IAMFullAccess")},
			"AccessDenied 403: Policy arn:aws:iam::aws:policy/IAMFullAccess is provided by AWS and cannot be changed."},
		{"malformed inline policy", user, "PutUserPolicy", &iamwire.PutUserPolicyInput{UserName: new("maria"), PolicyName: new("p"), PolicyDocument: new("{}")},
			"MalformedPolicyDocument 400: Syntax errors in policy."},
		{"old managed policy", nil, "CreatePolicy", &iamwire.CreatePolicyInput{PolicyName: new("p"), PolicyDocument: new(strings.Replace(pull, "2012", "2008", 1))},
			"MalformedPolicyDocument 400: Policy document must be version 2012-10-17 or greater."},
		{"malformed trust policy", nil, "CreateRole", &iamwire.CreateRoleInput{RoleName: new("x"), AssumeRolePolicyDocument: new(pull)},
			"MalformedPolicyDocument 400: Has prohibited field Resource."},
	})
}
