package iam

import (
	"reflect"
	"slices"
	"testing"

	"sojourn/internal/awserr"
	"sojourn/internal/gate"
	"sojourn/internal/principal"
	"sojourn/internal/store"
	"sojourn/internal/wire/iamwire"
)

// operation is a call that succeeds in the world of populate, and what the gate
// must be asked about it.
type operation struct {
	in       any
	resource string // below arn:aws:iam::111122223333:, or * where IAM knows no resource
}

func (o operation) arn() string {
	if o.resource == "*" {
		return "*"
	}
	return *arnOf(o.resource)
}

func populate(w *world) map[string]operation {
	in := &iamwire.CreateUserInput{UserName: new("maria"), Path: new("/staff/"), Tags: []iamwire.Tag{{Key: new("team"), Value: new("blue")}}}
	_, err := w.CreateUser(w.ctx, w.root, in)
	w.ok(err)
	w.user("empty")
	w.group("devs")
	w.group("void")
	w.role("Deploy", trust)
	w.role("Idle", trust)
	p, q := w.policy("Pull"), w.policy("Spare")
	op := w.provider("https://login.example.com/realms/x")
	sp := w.saml("Okta")
	key := w.key("maria")
	had, free := w.phone("had"), w.phone("free")
	w.ok(had.enable("maria", had.code(-1), had.code(0)))
	maria, devs, deploy := new("maria"), new("devs"), new("Deploy")
	inline, doc := new("inline"), new(pull)
	tags := []iamwire.Tag{{Key: new("team"), Value: new("red")}}
	_, err = w.PutUserPolicy(w.ctx, w.root, &iamwire.PutUserPolicyInput{UserName: maria, PolicyName: inline, PolicyDocument: doc})
	w.ok(err)
	_, err = w.PutGroupPolicy(w.ctx, w.root, &iamwire.PutGroupPolicyInput{GroupName: devs, PolicyName: inline, PolicyDocument: doc})
	w.ok(err)
	_, err = w.PutRolePolicy(w.ctx, w.root, &iamwire.PutRolePolicyInput{RoleName: deploy, PolicyName: inline, PolicyDocument: doc})
	w.ok(err)
	_, err = w.AttachUserPolicy(w.ctx, w.root, &iamwire.AttachUserPolicyInput{UserName: maria, PolicyArn: &p})
	w.ok(err)
	_, err = w.AttachGroupPolicy(w.ctx, w.root, &iamwire.AttachGroupPolicyInput{GroupName: devs, PolicyArn: &p})
	w.ok(err)
	_, err = w.AttachRolePolicy(w.ctx, w.root, &iamwire.AttachRolePolicyInput{RoleName: deploy, PolicyArn: &p})
	w.ok(err)
	_, err = w.CreatePolicyVersion(w.ctx, w.root, &iamwire.CreatePolicyVersionInput{PolicyArn: &p, PolicyDocument: doc})
	w.ok(err)
	web := new("web")
	_, err = w.CreateInstanceProfile(w.ctx, w.root, &iamwire.CreateInstanceProfileInput{InstanceProfileName: web, Path: new("/ec2/"), Tags: tags})
	w.ok(err)
	w.profile("idle", "")
	w.profile("busy", "Deploy")
	_, err = w.CreateAccountAlias(w.ctx, w.root, &iamwire.CreateAccountAliasInput{AccountAlias: new("example")})
	w.ok(err)
	return map[string]operation{
		"CreateUser":           {&iamwire.CreateUserInput{UserName: new("new"), Path: new("/a/")}, "user/a/new"},
		"GetUser":              {&iamwire.GetUserInput{UserName: maria}, "user/staff/maria"},
		"ListUsers":            {&iamwire.ListUsersInput{PathPrefix: new("/staff/")}, "user/staff/"},
		"DeleteUser":           {&iamwire.DeleteUserInput{UserName: new("empty")}, "user/empty"},
		"UpdateUser":           {&iamwire.UpdateUserInput{UserName: maria, NewUserName: new("mary")}, "user/staff/maria"},
		"TagUser":              {&iamwire.TagUserInput{UserName: maria, Tags: tags}, "user/staff/maria"},
		"UntagUser":            {&iamwire.UntagUserInput{UserName: maria, TagKeys: []string{"team"}}, "user/staff/maria"},
		"ListUserTags":         {&iamwire.ListUserTagsInput{UserName: maria}, "user/staff/maria"},
		"GetAccessKeyLastUsed": {&iamwire.GetAccessKeyLastUsedInput{AccessKeyId: &key}, "user/staff/maria"},

		"PutUserPermissionsBoundary":    {&iamwire.PutUserPermissionsBoundaryInput{UserName: maria, PermissionsBoundary: &q}, "user/staff/maria"},
		"DeleteUserPermissionsBoundary": {&iamwire.DeleteUserPermissionsBoundaryInput{UserName: maria}, "user/staff/maria"},
		"PutRolePermissionsBoundary":    {&iamwire.PutRolePermissionsBoundaryInput{RoleName: deploy, PermissionsBoundary: &q}, "role/Deploy"},
		"DeleteRolePermissionsBoundary": {&iamwire.DeleteRolePermissionsBoundaryInput{RoleName: deploy}, "role/Deploy"},

		"PutUserPolicy":            {&iamwire.PutUserPolicyInput{UserName: maria, PolicyName: inline, PolicyDocument: doc}, "user/staff/maria"},
		"GetUserPolicy":            {&iamwire.GetUserPolicyInput{UserName: maria, PolicyName: inline}, "user/staff/maria"},
		"DeleteUserPolicy":         {&iamwire.DeleteUserPolicyInput{UserName: maria, PolicyName: inline}, "user/staff/maria"},
		"ListUserPolicies":         {&iamwire.ListUserPoliciesInput{UserName: maria}, "user/staff/maria"},
		"AttachUserPolicy":         {&iamwire.AttachUserPolicyInput{UserName: maria, PolicyArn: &q}, "user/staff/maria"},
		"DetachUserPolicy":         {&iamwire.DetachUserPolicyInput{UserName: maria, PolicyArn: &p}, "user/staff/maria"},
		"ListAttachedUserPolicies": {&iamwire.ListAttachedUserPoliciesInput{UserName: maria}, "user/staff/maria"},

		"CreateAccessKey": {&iamwire.CreateAccessKeyInput{UserName: maria}, "user/staff/maria"},
		"ListAccessKeys":  {&iamwire.ListAccessKeysInput{UserName: maria}, "user/staff/maria"},
		"UpdateAccessKey": {&iamwire.UpdateAccessKeyInput{UserName: maria, AccessKeyId: &key, Status: new("Inactive")}, "user/staff/maria"},
		"DeleteAccessKey": {&iamwire.DeleteAccessKeyInput{UserName: maria, AccessKeyId: &key}, "user/staff/maria"},

		"CreateGroup":               {&iamwire.CreateGroupInput{GroupName: new("new")}, "group/new"},
		"GetGroup":                  {&iamwire.GetGroupInput{GroupName: devs}, "group/devs"},
		"ListGroups":                {&iamwire.ListGroupsInput{}, "group/"},
		"UpdateGroup":               {&iamwire.UpdateGroupInput{GroupName: devs, NewPath: new("/x/")}, "group/devs"},
		"DeleteGroup":               {&iamwire.DeleteGroupInput{GroupName: new("void")}, "group/void"},
		"AddUserToGroup":            {&iamwire.AddUserToGroupInput{GroupName: devs, UserName: maria}, "group/devs"},
		"RemoveUserFromGroup":       {&iamwire.RemoveUserFromGroupInput{GroupName: devs, UserName: maria}, "group/devs"},
		"ListGroupsForUser":         {&iamwire.ListGroupsForUserInput{UserName: maria}, "user/staff/maria"},
		"PutGroupPolicy":            {&iamwire.PutGroupPolicyInput{GroupName: devs, PolicyName: inline, PolicyDocument: doc}, "group/devs"},
		"GetGroupPolicy":            {&iamwire.GetGroupPolicyInput{GroupName: devs, PolicyName: inline}, "group/devs"},
		"DeleteGroupPolicy":         {&iamwire.DeleteGroupPolicyInput{GroupName: devs, PolicyName: inline}, "group/devs"},
		"ListGroupPolicies":         {&iamwire.ListGroupPoliciesInput{GroupName: devs}, "group/devs"},
		"AttachGroupPolicy":         {&iamwire.AttachGroupPolicyInput{GroupName: devs, PolicyArn: &q}, "group/devs"},
		"DetachGroupPolicy":         {&iamwire.DetachGroupPolicyInput{GroupName: devs, PolicyArn: &p}, "group/devs"},
		"ListAttachedGroupPolicies": {&iamwire.ListAttachedGroupPoliciesInput{GroupName: devs}, "group/devs"},

		"CreateRole":               {&iamwire.CreateRoleInput{RoleName: new("New"), AssumeRolePolicyDocument: new(trust)}, "role/New"},
		"GetRole":                  {&iamwire.GetRoleInput{RoleName: deploy}, "role/Deploy"},
		"ListRoles":                {&iamwire.ListRolesInput{}, "role/"},
		"UpdateRole":               {&iamwire.UpdateRoleInput{RoleName: deploy, Description: new("d")}, "role/Deploy"},
		"UpdateRoleDescription":    {&iamwire.UpdateRoleDescriptionInput{RoleName: deploy, Description: new("d")}, "role/Deploy"},
		"TagRole":                  {&iamwire.TagRoleInput{RoleName: deploy, Tags: tags}, "role/Deploy"},
		"UntagRole":                {&iamwire.UntagRoleInput{RoleName: deploy, TagKeys: []string{"team"}}, "role/Deploy"},
		"ListRoleTags":             {&iamwire.ListRoleTagsInput{RoleName: deploy}, "role/Deploy"},
		"DeleteRole":               {&iamwire.DeleteRoleInput{RoleName: new("Idle")}, "role/Idle"},
		"UpdateAssumeRolePolicy":   {&iamwire.UpdateAssumeRolePolicyInput{RoleName: deploy, PolicyDocument: new(trust)}, "role/Deploy"},
		"PutRolePolicy":            {&iamwire.PutRolePolicyInput{RoleName: deploy, PolicyName: inline, PolicyDocument: doc}, "role/Deploy"},
		"GetRolePolicy":            {&iamwire.GetRolePolicyInput{RoleName: deploy, PolicyName: inline}, "role/Deploy"},
		"DeleteRolePolicy":         {&iamwire.DeleteRolePolicyInput{RoleName: deploy, PolicyName: inline}, "role/Deploy"},
		"ListRolePolicies":         {&iamwire.ListRolePoliciesInput{RoleName: deploy}, "role/Deploy"},
		"AttachRolePolicy":         {&iamwire.AttachRolePolicyInput{RoleName: deploy, PolicyArn: &q}, "role/Deploy"},
		"DetachRolePolicy":         {&iamwire.DetachRolePolicyInput{RoleName: deploy, PolicyArn: &p}, "role/Deploy"},
		"ListAttachedRolePolicies": {&iamwire.ListAttachedRolePoliciesInput{RoleName: deploy}, "role/Deploy"},

		"CreatePolicy":            {&iamwire.CreatePolicyInput{PolicyName: new("New"), PolicyDocument: doc}, "policy/New"},
		"GetPolicy":               {&iamwire.GetPolicyInput{PolicyArn: &p}, "policy/Pull"},
		"ListPolicies":            {&iamwire.ListPoliciesInput{}, "policy/"},
		"ListEntitiesForPolicy":   {&iamwire.ListEntitiesForPolicyInput{PolicyArn: &p}, "policy/Pull"},
		"TagPolicy":               {&iamwire.TagPolicyInput{PolicyArn: &p, Tags: tags}, "policy/Pull"},
		"UntagPolicy":             {&iamwire.UntagPolicyInput{PolicyArn: &p, TagKeys: []string{"team"}}, "policy/Pull"},
		"ListPolicyTags":          {&iamwire.ListPolicyTagsInput{PolicyArn: &p}, "policy/Pull"},
		"DeletePolicy":            {&iamwire.DeletePolicyInput{PolicyArn: &q}, "policy/Spare"},
		"CreatePolicyVersion":     {&iamwire.CreatePolicyVersionInput{PolicyArn: &p, PolicyDocument: doc}, "policy/Pull"},
		"GetPolicyVersion":        {&iamwire.GetPolicyVersionInput{PolicyArn: &p, VersionId: new("v2")}, "policy/Pull"},
		"ListPolicyVersions":      {&iamwire.ListPolicyVersionsInput{PolicyArn: &p}, "policy/Pull"},
		"DeletePolicyVersion":     {&iamwire.DeletePolicyVersionInput{PolicyArn: &p, VersionId: new("v2")}, "policy/Pull"},
		"SetDefaultPolicyVersion": {&iamwire.SetDefaultPolicyVersionInput{PolicyArn: &p, VersionId: new("v2")}, "policy/Pull"},

		"CreateOpenIDConnectProvider": {&iamwire.CreateOpenIDConnectProviderInput{Url: new("https://id.example.org")},
			"oidc-provider/id.example.org"},
		"GetOpenIDConnectProvider": {&iamwire.GetOpenIDConnectProviderInput{OpenIDConnectProviderArn: &op},
			"oidc-provider/login.example.com/realms/x"},
		"ListOpenIDConnectProviders": {&iamwire.ListOpenIDConnectProvidersInput{}, "oidc-provider/*"},
		"DeleteOpenIDConnectProvider": {&iamwire.DeleteOpenIDConnectProviderInput{OpenIDConnectProviderArn: &op},
			"oidc-provider/login.example.com/realms/x"},
		"AddClientIDToOpenIDConnectProvider": {&iamwire.AddClientIDToOpenIDConnectProviderInput{OpenIDConnectProviderArn: &op, ClientID: new("app")},
			"oidc-provider/login.example.com/realms/x"},
		"RemoveClientIDFromOpenIDConnectProvider": {&iamwire.RemoveClientIDFromOpenIDConnectProviderInput{OpenIDConnectProviderArn: &op, ClientID: new("app")},
			"oidc-provider/login.example.com/realms/x"},
		"UpdateOpenIDConnectProviderThumbprint": {&iamwire.UpdateOpenIDConnectProviderThumbprintInput{OpenIDConnectProviderArn: &op},
			"oidc-provider/login.example.com/realms/x"},

		"CreateSAMLProvider":   {&iamwire.CreateSAMLProviderInput{Name: new("New"), SAMLMetadataDocument: new(metadata(0))}, "saml-provider/New"},
		"GetSAMLProvider":      {&iamwire.GetSAMLProviderInput{SAMLProviderArn: &sp}, "saml-provider/Okta"},
		"ListSAMLProviders":    {&iamwire.ListSAMLProvidersInput{}, "saml-provider/*"},
		"UpdateSAMLProvider":   {&iamwire.UpdateSAMLProviderInput{SAMLProviderArn: &sp, SAMLMetadataDocument: new(metadata(1))}, "saml-provider/Okta"},
		"DeleteSAMLProvider":   {&iamwire.DeleteSAMLProviderInput{SAMLProviderArn: &sp}, "saml-provider/Okta"},
		"TagSAMLProvider":      {&iamwire.TagSAMLProviderInput{SAMLProviderArn: &sp, Tags: tags}, "saml-provider/Okta"},
		"UntagSAMLProvider":    {&iamwire.UntagSAMLProviderInput{SAMLProviderArn: &sp, TagKeys: []string{"team"}}, "saml-provider/Okta"},
		"ListSAMLProviderTags": {&iamwire.ListSAMLProviderTagsInput{SAMLProviderArn: &sp}, "saml-provider/Okta"},

		"CreateInstanceProfile":         {&iamwire.CreateInstanceProfileInput{InstanceProfileName: new("new"), Path: new("/a/")}, "instance-profile/a/new"},
		"GetInstanceProfile":            {&iamwire.GetInstanceProfileInput{InstanceProfileName: web}, "instance-profile/ec2/web"},
		"ListInstanceProfiles":          {&iamwire.ListInstanceProfilesInput{PathPrefix: new("/ec2/")}, "instance-profile/ec2/"},
		"DeleteInstanceProfile":         {&iamwire.DeleteInstanceProfileInput{InstanceProfileName: new("idle")}, "instance-profile/idle"},
		"AddRoleToInstanceProfile":      {&iamwire.AddRoleToInstanceProfileInput{InstanceProfileName: web, RoleName: deploy}, "instance-profile/ec2/web"},
		"RemoveRoleFromInstanceProfile": {&iamwire.RemoveRoleFromInstanceProfileInput{InstanceProfileName: new("busy"), RoleName: deploy}, "instance-profile/busy"},
		"ListInstanceProfilesForRole":   {&iamwire.ListInstanceProfilesForRoleInput{RoleName: deploy}, "role/Deploy"},

		"TagOpenIDConnectProvider":      {&iamwire.TagOpenIDConnectProviderInput{OpenIDConnectProviderArn: &op, Tags: tags}, "oidc-provider/login.example.com/realms/x"},
		"UntagOpenIDConnectProvider":    {&iamwire.UntagOpenIDConnectProviderInput{OpenIDConnectProviderArn: &op, TagKeys: []string{"team"}}, "oidc-provider/login.example.com/realms/x"},
		"ListOpenIDConnectProviderTags": {&iamwire.ListOpenIDConnectProviderTagsInput{OpenIDConnectProviderArn: &op}, "oidc-provider/login.example.com/realms/x"},
		"TagInstanceProfile":            {&iamwire.TagInstanceProfileInput{InstanceProfileName: web, Tags: tags}, "instance-profile/ec2/web"},
		"UntagInstanceProfile":          {&iamwire.UntagInstanceProfileInput{InstanceProfileName: web, TagKeys: []string{"team"}}, "instance-profile/ec2/web"},
		"ListInstanceProfileTags":       {&iamwire.ListInstanceProfileTagsInput{InstanceProfileName: web}, "instance-profile/ec2/web"},

		"CreateAccountAlias":             {&iamwire.CreateAccountAliasInput{AccountAlias: new("other")}, "*"},
		"ListAccountAliases":             {&iamwire.ListAccountAliasesInput{}, "*"},
		"DeleteAccountAlias":             {&iamwire.DeleteAccountAliasInput{AccountAlias: new("example")}, "*"},
		"GetAccountSummary":              {&iamwire.GetAccountSummaryInput{}, "*"},
		"GetAccountAuthorizationDetails": {&iamwire.GetAccountAuthorizationDetailsInput{}, "*"},

		"SimulateCustomPolicy":             {&iamwire.SimulateCustomPolicyInput{PolicyInputList: []string{pull}, ActionNames: []string{"codecommit:GitPull"}}, "*"},
		"SimulatePrincipalPolicy":          {&iamwire.SimulatePrincipalPolicyInput{PolicySourceArn: arnOf("user/staff/maria"), ActionNames: []string{"codecommit:GitPull"}}, "user/staff/maria"},
		"GetContextKeysForCustomPolicy":    {&iamwire.GetContextKeysForCustomPolicyInput{PolicyInputList: []string{pull}}, "*"},
		"GetContextKeysForPrincipalPolicy": {&iamwire.GetContextKeysForPrincipalPolicyInput{PolicySourceArn: arnOf("user/staff/maria")}, "user/staff/maria"},

		"CreateVirtualMFADevice": {&iamwire.CreateVirtualMFADeviceInput{VirtualMFADeviceName: new("new"), Path: new("/p/")}, "mfa/p/new"},
		"EnableMFADevice": {&iamwire.EnableMFADeviceInput{UserName: maria, SerialNumber: &free.serial,
			AuthenticationCode1: free.code(-1), AuthenticationCode2: free.code(0)}, "user/staff/maria"},
		"ResyncMFADevice": {&iamwire.ResyncMFADeviceInput{UserName: maria, SerialNumber: &had.serial,
			AuthenticationCode1: had.code(1), AuthenticationCode2: had.code(2)}, "user/staff/maria"},
		"GetMFADevice":           {&iamwire.GetMFADeviceInput{UserName: maria, SerialNumber: &had.serial}, "user/staff/maria"},
		"ListMFADevices":         {&iamwire.ListMFADevicesInput{UserName: maria}, "user/staff/maria"},
		"ListVirtualMFADevices":  {&iamwire.ListVirtualMFADevicesInput{}, "mfa/"},
		"DeactivateMFADevice":    {&iamwire.DeactivateMFADeviceInput{UserName: maria, SerialNumber: &had.serial}, "user/staff/maria"},
		"DeleteVirtualMFADevice": {&iamwire.DeleteVirtualMFADeviceInput{SerialNumber: &free.serial}, "mfa/free"},
	}
}

// call runs an operation by its name.
func (w *world) call(name string, c *principal.Caller, in any) error {
	w.t.Helper()
	m := reflect.ValueOf(w.Service).MethodByName(name)
	out := m.Call([]reflect.Value{reflect.ValueOf(w.ctx), reflect.ValueOf(c), reflect.ValueOf(in)})
	err, _ := out[1].Interface().(error)
	if err == nil && out[0].IsNil() {
		w.t.Errorf("%s answers nothing and no error", name)
	}
	if err != nil && !out[0].IsNil() {
		w.t.Errorf("%s answers something beside the error %v", name, err)
	}
	return err
}

func operations() []string {
	var names []string
	for m := range reflect.TypeFor[*Service]().Methods() {
		names = append(names, m.Name)
	}
	return names
}

func TestEachOperationIsKnownToTheAPI(t *testing.T) {
	for _, name := range operations() {
		if iamwire.Service().Operations[name] == nil {
			t.Errorf("%s is no operation of the API", name)
		}
	}
	for name := range iamwire.Service().Operations {
		if !slices.Contains(operations(), name) {
			t.Errorf("the API's operation %s is missing", name)
		}
	}
}

// A caller whom the gate refuses learns nothing and changes nothing; one whom it
// allows is allowed by the right action on the right resource.
func TestEachOperationAsksTheGateFirst(t *testing.T) {
	for _, name := range operations() {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			op, ok := populate(w)[name]
			if !ok {
				t.Fatal("the operation has no case")
			}
			w.gate.refuse = func(gate.Request) bool { return true }
			w.gate.asked = nil
			before := w.store.updates.Load()
			if err := w.call(name, w.root, op.in); !awserr.Is(err, awserr.AccessDenied) {
				t.Errorf("refused by the gate, it answers %v", err)
			}
			if n := w.store.updates.Load() - before; n != 0 {
				t.Errorf("refused by the gate, it began %d writing transactions", n)
			}
			want := []string{"iam:" + name + " " + op.arn()}
			if got := asked(w.gate); !slices.Equal(got, want) {
				t.Errorf("the gate was asked %q, want %q", got, want)
			}
			w.gate.refuse = nil
			w.ok(w.call(name, w.root, op.in))
		})
	}
}

func asked(g *fakeGate) (out []string) {
	for _, r := range g.asked {
		out = append(out, r.Action+" "+r.Resource)
	}
	return out
}

func TestAbsentEntitiesAreNamedFromTheRequest(t *testing.T) {
	w := newWorld(t)
	w.gate.refuse = func(gate.Request) bool { return true }
	_, err := w.GetUser(w.ctx, w.root, &iamwire.GetUserInput{UserName: new("nobody")})
	if !awserr.Is(err, awserr.AccessDenied) {
		t.Errorf("an absent user shows through the gate: %v", err)
	}
	if got, want := asked(w.gate), []string{"iam:GetUser arn:aws:iam::" + here + ":user/nobody"}; !slices.Equal(got, want) {
		t.Errorf("asked %q, want %q", got, want)
	}
}

func TestASubjectThatChangesWhileBeingAuthorizedIsRefused(t *testing.T) {
	w := newWorld(t)
	ops := populate(w)
	w.gate.then = func() {
		w.tx(func(tx store.Tx) error {
			u, err := tx.User(here, "maria")
			u.Path = "/admins/"
			return cmpErr(err, tx.UpdateUser(u))
		})
	}
	err := w.call("PutUserPolicy", w.root, ops["PutUserPolicy"].in)
	fails(t, err, "ConcurrentModification 409: arn:aws:iam::111122223333:user/staff/maria changed while the request was being authorized. Try again.")
}

func cmpErr(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func TestConditionKeys(t *testing.T) {
	w := newWorld(t)
	p := w.policy("Pull")
	tags := []iamwire.Tag{{Key: new("Team"), Value: new("blue")}, {Key: new("cost"), Value: new("7")}}
	w.gate.asked = nil
	_, err := w.CreateUser(w.ctx, w.root, &iamwire.CreateUserInput{UserName: new("maria"), PermissionsBoundary: &p, Tags: tags})
	w.ok(err)
	if got, want := asked(w.gate), []string{"iam:CreateUser arn:aws:iam::111122223333:user/maria", "iam:TagUser arn:aws:iam::111122223333:user/maria"}; !slices.Equal(got, want) {
		t.Errorf("creating with tags asks %q, want %q", got, want)
	}
	for _, r := range w.gate.asked {
		want := map[string][]string{"iam:permissionsboundary": {p}, "aws:requesttag/team": {"blue"},
			"aws:requesttag/cost": {"7"}, "aws:tagkeys": {"Team", "cost"}}
		if !reflect.DeepEqual(r.Context, want) {
			t.Errorf("%s: context %v, want %v", r.Action, r.Context, want)
		}
	}
	w.gate.asked = nil
	_, err = w.AttachUserPolicy(w.ctx, w.root, &iamwire.AttachUserPolicyInput{UserName: new("Maria"), PolicyArn: &p})
	w.ok(err)
	r := w.gate.asked[0]
	want := map[string][]string{"iam:permissionsboundary": {p}, "iam:policyarn": {p}, "iam:resourcetag/team": {"blue"}, "iam:resourcetag/cost": {"7"}}
	if !reflect.DeepEqual(r.Context, want) || len(r.ResourceTags) != 2 {
		t.Errorf("context %v, want %v; tags %v", r.Context, want, r.ResourceTags)
	}
	if r.Params["userName"] != "Maria" || r.Params["policyArn"] != p {
		t.Errorf("recorded parameters %v", r.Params)
	}
}

func TestTaggingAtCreationNeedsItsOwnPermission(t *testing.T) {
	tags := []iamwire.Tag{{Key: new("k"), Value: new("v")}}
	for _, c := range []struct {
		name, action string
		in           any
	}{
		{"CreateUser", "iam:TagUser", &iamwire.CreateUserInput{UserName: new("x"), Tags: tags}},
		{"CreateRole", "iam:TagRole", &iamwire.CreateRoleInput{RoleName: new("x"), AssumeRolePolicyDocument: new(trust), Tags: tags}},
		{"CreatePolicy", "iam:TagPolicy", &iamwire.CreatePolicyInput{PolicyName: new("x"), PolicyDocument: new(pull), Tags: tags}},
		{"CreateInstanceProfile", "iam:TagInstanceProfile", &iamwire.CreateInstanceProfileInput{InstanceProfileName: new("x"), Tags: tags}},
		{"CreateSAMLProvider", "iam:TagSAMLProvider", &iamwire.CreateSAMLProviderInput{Name: new("x"), SAMLMetadataDocument: new(metadata(0)), Tags: tags}},
		{"CreateOpenIDConnectProvider", "iam:TagOpenIDConnectProvider",
			&iamwire.CreateOpenIDConnectProviderInput{Url: new("https://x.example"), Tags: tags}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.gate.refuse = func(r gate.Request) bool { return r.Action == c.action }
			if err := w.call(c.name, w.root, c.in); !awserr.Is(err, awserr.AccessDenied) {
				t.Errorf("without %s: %v", c.action, err)
			}
			if w.store.updates.Load() != 0 {
				t.Error("something was written")
			}
			w.gate.refuse = nil
			w.ok(w.call(c.name, w.root, c.in))
		})
	}
}
