package iam

import (
	"fmt"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"sojourn/internal/awserr"
	"sojourn/internal/principal"
	"sojourn/internal/store"
	"sojourn/internal/wire/iamwire"
)

func TestUserAsItIsShown(t *testing.T) {
	w := newWorld(t)
	w.time = w.time.Add(123456 * time.Microsecond)
	p := w.policy("Pull")
	tags := []iamwire.Tag{{Key: new("Team"), Value: new("blue")}}
	out, err := w.CreateUser(w.ctx, w.root, &iamwire.CreateUserInput{UserName: new("Maria"), Path: new("/staff/"), PermissionsBoundary: &p, Tags: tags})
	w.ok(err)
	u := out.User
	if len(*u.UserId) != 21 || !strings.HasPrefix(*u.UserId, "AIDA") {
		t.Errorf("id %s", *u.UserId)
	}
	want := &iamwire.User{Path: new("/staff/"), UserName: new("Maria"), UserId: u.UserId, Arn: arnOf("user/staff/Maria"),
		CreateDate: new(w.time.Truncate(time.Second)), Tags: tags,
		PermissionsBoundary: &iamwire.AttachedPermissionsBoundary{PermissionsBoundaryType: new("Policy"), PermissionsBoundaryArn: &p}}
	got, err := w.GetUser(w.ctx, w.root, &iamwire.GetUserInput{UserName: new("mARIA")})
	w.ok(err)
	if !reflect.DeepEqual(u, want) || !reflect.DeepEqual(got.User, want) {
		t.Errorf("created %+v\n    got %+v\n   want %+v", u, got.User, want)
	}
	list, err := w.ListUsers(w.ctx, w.root, &iamwire.ListUsersInput{})
	w.ok(err)
	want.PermissionsBoundary, want.Tags = nil, nil
	if len(list.Users) != 1 || !reflect.DeepEqual(&list.Users[0], want) || *list.IsTruncated {
		t.Errorf("listed %+v", list)
	}
}

func TestGetUserWithoutAName(t *testing.T) {
	w := newWorld(t)
	maria := w.user("maria")
	out, err := w.GetUser(w.ctx, maria, &iamwire.GetUserInput{})
	w.ok(err)
	if *out.User.UserId != maria.ID {
		t.Errorf("a user gets %+v", out.User)
	}
	out, err = w.GetUser(w.ctx, w.root, &iamwire.GetUserInput{})
	w.ok(err)
	want := &iamwire.User{UserId: new(here), Arn: arnOf("root"), CreateDate: new(w.time)}
	if !reflect.DeepEqual(out.User, want) {
		t.Errorf("root gets %+v, want %+v", out.User, want)
	}
	role := w.role("Deploy", trust)
	session := &principal.Caller{Session: principal.Session{Kind: principal.AssumedRole, Account: here, ID: *role.RoleId, Name: "Deploy"}, Temporary: true}
	_, err = w.GetUser(w.ctx, session, &iamwire.GetUserInput{})
	fails(t, err, "ValidationError 400: Must specify userName when calling with non-User credentials")
}

func TestAccessKeys(t *testing.T) {
	w := newWorld(t)
	maria, peter := w.user("maria"), w.user("peter")
	out, err := w.CreateAccessKey(w.ctx, maria, &iamwire.CreateAccessKeyInput{})
	w.ok(err)
	k := out.AccessKey
	if len(*k.AccessKeyId) != 20 || !strings.HasPrefix(*k.AccessKeyId, "AKIA") || len(*k.SecretAccessKey) != 40 ||
		*k.UserName != "maria" || *k.Status != "Active" {
		t.Errorf("key of user %s, %s, id %s, a secret of %d characters", *k.UserName, *k.Status, *k.AccessKeyId, len(*k.SecretAccessKey))
	}
	var stored store.AccessKey
	w.ok(w.store.View(w.ctx, func(tx store.Tx) (err error) {
		stored, err = tx.AccessKey(*k.AccessKeyId)
		return err
	}))
	if strings.Contains(string(stored.Secret), *k.SecretAccessKey) {
		t.Error("the secret is stored in the clear")
	}
	if plain, err := w.keys.OpenSecret(AccessKeyLabel, stored.ID, stored.Secret); err != nil || string(plain) != *k.SecretAccessKey {
		t.Errorf("the stored secret does not open to the one shown: %v", err)
	}
	err = w.call("UpdateAccessKey", peter, &iamwire.UpdateAccessKeyInput{AccessKeyId: k.AccessKeyId, Status: new("Inactive")})
	fails(t, err, "NoSuchEntity 404: The Access Key with id "+*k.AccessKeyId+" cannot be found.")
	w.ok(w.call("UpdateAccessKey", maria, &iamwire.UpdateAccessKeyInput{AccessKeyId: k.AccessKeyId, Status: new("Inactive")}))
	second := w.key("maria")
	list, err := w.ListAccessKeys(w.ctx, maria, &iamwire.ListAccessKeysInput{})
	w.ok(err)
	status := map[string]string{}
	for _, m := range list.AccessKeyMetadata {
		status[*m.AccessKeyId] = *m.Status
	}
	if want := map[string]string{*k.AccessKeyId: "Inactive", second: "Active"}; !reflect.DeepEqual(status, want) {
		t.Errorf("listed %v, want %v", status, want)
	}
	w.ok(w.call("DeleteAccessKey", maria, &iamwire.DeleteAccessKeyInput{AccessKeyId: k.AccessKeyId}))
	w.ok(w.call("CreateAccessKey", maria, &iamwire.CreateAccessKeyInput{}))
	for _, op := range []struct {
		name string
		in   any
	}{
		{"CreateAccessKey", &iamwire.CreateAccessKeyInput{}}, {"ListAccessKeys", &iamwire.ListAccessKeysInput{}},
		{"DeleteAccessKey", &iamwire.DeleteAccessKeyInput{AccessKeyId: &second}},
	} {
		fails(t, w.call(op.name, w.root, op.in), "ValidationError 400: Must specify userName when calling with non-User credentials")
	}
}

func TestMembership(t *testing.T) {
	w := newWorld(t)
	w.user("maria")
	w.group("devs")
	add := &iamwire.AddUserToGroupInput{GroupName: new("devs"), UserName: new("maria")}
	remove := &iamwire.RemoveUserFromGroupInput{GroupName: new("devs"), UserName: new("maria")}
	w.ok(w.call("RemoveUserFromGroup", w.root, remove))
	w.times(2, "AddUserToGroup", func(int) any { return add })
	g, err := w.GetGroup(w.ctx, w.root, &iamwire.GetGroupInput{GroupName: new("devs")})
	w.ok(err)
	if len(g.Users) != 1 || *g.Users[0].UserName != "maria" || *g.Group.Arn != *arnOf("group/devs") {
		t.Errorf("got %+v", g)
	}
	of, err := w.ListGroupsForUser(w.ctx, w.root, &iamwire.ListGroupsForUserInput{UserName: new("maria")})
	w.ok(err)
	if len(of.Groups) != 1 || !strings.HasPrefix(*of.Groups[0].GroupId, "AGPA") {
		t.Errorf("groups %+v", of.Groups)
	}
	w.ok(w.call("RemoveUserFromGroup", w.root, remove))
	w.ok(w.call("DeleteGroup", w.root, &iamwire.DeleteGroupInput{GroupName: new("devs")}))
	w.ok(w.call("DeleteUser", w.root, &iamwire.DeleteUserInput{UserName: new("maria")}))
}

func TestRoleAsItIsShown(t *testing.T) {
	w := newWorld(t)
	p := w.policy("Pull")
	out, err := w.CreateRole(w.ctx, w.root, &iamwire.CreateRoleInput{RoleName: new("Deploy"), Path: new("/ci/"), AssumeRolePolicyDocument: new(trust),
		Description: new("for the pipeline"), MaxSessionDuration: new(int64(7200)), PermissionsBoundary: &p})
	w.ok(err)
	r := out.Role
	if *r.Arn != *arnOf("role/ci/Deploy") || !strings.HasPrefix(*r.RoleId, "AROA") || *r.MaxSessionDuration != 7200 ||
		*r.Description != "for the pipeline" || *r.PermissionsBoundary.PermissionsBoundaryArn != p {
		t.Errorf("created %+v", r)
	}
	if text, err := url.PathUnescape(*r.AssumeRolePolicyDocument); err != nil || text != trust || strings.ContainsAny(*r.AssumeRolePolicyDocument, `{" +`) {
		t.Errorf("document %s", *r.AssumeRolePolicyDocument)
	}
	if d := w.role("Plain", trust); *d.MaxSessionDuration != 3600 || d.Description != nil {
		t.Errorf("defaults %+v", d)
	}
}

func TestInlinePolicies(t *testing.T) {
	w := newWorld(t)
	w.user("maria")
	w.group("devs")
	w.role("Deploy", trust)
	spaced := strings.Replace(pull, "Allow", "Deny", 1) + "\n"
	for _, k := range []string{"User", "Group", "Role"} {
		owner := new(map[string]string{"User": "maria", "Group": "devs", "Role": "Deploy"}[k])
		name, doc := reflect.ValueOf(new("p+q")), reflect.ValueOf(&spaced)
		in := func(op string, document bool) any {
			v := reflect.ValueOf(iamwire.Service().Operations[op].NewInput()).Elem()
			v.FieldByName(k + "Name").Set(reflect.ValueOf(owner))
			if f := v.FieldByName("PolicyName"); f.IsValid() {
				f.Set(name)
			}
			if document {
				v.FieldByName("PolicyDocument").Set(doc)
			}
			return v.Addr().Interface()
		}
		w.times(2, "Put"+k+"Policy", func(int) any { return in("Put"+k+"Policy", true) })
		m := reflect.ValueOf(w.Service).MethodByName("Get" + k + "Policy")
		out := m.Call([]reflect.Value{reflect.ValueOf(w.ctx), reflect.ValueOf(w.root), reflect.ValueOf(in("Get"+k+"Policy", false))})[0].Elem()
		shown := out.FieldByName("PolicyDocument").Interface().(*string)
		if text, err := url.PathUnescape(*shown); err != nil || text != spaced {
			t.Errorf("%s: %s", k, *shown)
		}
		if *out.FieldByName("PolicyName").Interface().(*string) != "p+q" {
			t.Errorf("%s: answer %+v", k, out)
		}
		w.ok(w.call("Delete"+k+"Policy", w.root, in("Delete"+k+"Policy", false)))
		if err := w.call("Get"+k+"Policy", w.root, in("Get"+k+"Policy", false)); !awserr.Is(err, "NoSuchEntity") {
			t.Errorf("%s: after the deletion: %v", k, err)
		}
	}
}

func TestPolicyVersions(t *testing.T) {
	w := newWorld(t)
	p := w.policy("Pull")
	deny := strings.Replace(pull, "Allow", "Deny", 1)
	out, err := w.CreatePolicyVersion(w.ctx, w.root, &iamwire.CreatePolicyVersionInput{PolicyArn: &p, PolicyDocument: &deny})
	w.ok(err)
	if *out.PolicyVersion.VersionId != "v2" || *out.PolicyVersion.IsDefaultVersion || out.PolicyVersion.Document != nil {
		t.Errorf("created %+v", out.PolicyVersion)
	}
	w.ok(w.call("SetDefaultPolicyVersion", w.root, &iamwire.SetDefaultPolicyVersionInput{PolicyArn: &p, VersionId: new("v2")}))
	w.ok(w.call("DeletePolicyVersion", w.root, &iamwire.DeletePolicyVersionInput{PolicyArn: &p, VersionId: new("v1")}))
	w.time = w.time.Add(time.Hour)
	w.ok(w.call("CreatePolicyVersion", w.root, &iamwire.CreatePolicyVersionInput{PolicyArn: &p, PolicyDocument: new(pull), SetAsDefault: new(true)}))
	list, err := w.ListPolicyVersions(w.ctx, w.root, &iamwire.ListPolicyVersionsInput{PolicyArn: &p})
	w.ok(err)
	var got []string
	for _, v := range list.Versions {
		got = append(got, fmt.Sprintf("%s %t %t", *v.VersionId, *v.IsDefaultVersion, v.Document == nil))
	}
	if want := []string{"v3 true true", "v2 false true"}; !slices.Equal(got, want) { // v1's number is not used again
		t.Errorf("versions %q, want %q", got, want)
	}
	v, err := w.GetPolicyVersion(w.ctx, w.root, &iamwire.GetPolicyVersionInput{PolicyArn: &p, VersionId: new("v2")})
	w.ok(err)
	if *v.PolicyVersion.Document != *encoded(deny) {
		t.Errorf("document %s", *v.PolicyVersion.Document)
	}
	g, err := w.GetPolicy(w.ctx, w.root, &iamwire.GetPolicyInput{PolicyArn: &p})
	w.ok(err)
	if *g.Policy.DefaultVersionId != "v3" || !g.Policy.UpdateDate.Equal(w.time) || g.Policy.CreateDate.Equal(w.time) {
		t.Errorf("policy %+v", g.Policy)
	}
	w.ok(w.call("DeletePolicyVersion", w.root, &iamwire.DeletePolicyVersionInput{PolicyArn: &p, VersionId: new("v2")}))
	w.ok(w.call("DeletePolicy", w.root, &iamwire.DeletePolicyInput{PolicyArn: &p}))
}

func TestManagedPoliciesOfAWS(t *testing.T) {
	w := newWorld(t)
	w.user("maria")
	full := "arn:aws:iam::aws:policy/AWSCodeCommitFullAccess"
	w.times(2, "AttachUserPolicy", func(int) any { return &iamwire.AttachUserPolicyInput{UserName: new("maria"), PolicyArn: &full} })
	out, err := w.GetPolicy(w.ctx, w.root, &iamwire.GetPolicyInput{PolicyArn: &full})
	w.ok(err)
	if *out.Policy.AttachmentCount != 1 || *out.Policy.PolicyName != "AWSCodeCommitFullAccess" || *out.Policy.DefaultVersionId != "v1" {
		t.Errorf("policy %+v", out.Policy)
	}
	v, err := w.GetPolicyVersion(w.ctx, w.root, &iamwire.GetPolicyVersionInput{PolicyArn: &full, VersionId: new("v1")})
	w.ok(err)
	if text, _ := url.PathUnescape(*v.PolicyVersion.Document); !strings.Contains(text, "codecommit:*") {
		t.Errorf("document %s", text)
	}
	other, err := w.GetPolicy(w.ctx, rootOf(there), &iamwire.GetPolicyInput{PolicyArn: &full})
	w.ok(err)
	if *other.Policy.AttachmentCount != 0 {
		t.Error("one account counts the attachments of another")
	}
	for _, op := range []struct {
		name string
		in   any
	}{
		{"CreatePolicyVersion", &iamwire.CreatePolicyVersionInput{PolicyArn: &full, PolicyDocument: new(pull)}},
		{"SetDefaultPolicyVersion", &iamwire.SetDefaultPolicyVersionInput{PolicyArn: &full, VersionId: new("v1")}},
		{"DeletePolicyVersion", &iamwire.DeletePolicyVersionInput{PolicyArn: &full, VersionId: new("v1")}},
	} {
		if err := w.call(op.name, w.root, op.in); !awserr.Is(err, awserr.AccessDenied) {
			t.Errorf("%s of a policy of AWS: %v", op.name, err)
		}
	}
	w.ok(w.call("DetachUserPolicy", w.root, &iamwire.DetachUserPolicyInput{UserName: new("maria"), PolicyArn: &full}))
}

func TestListPoliciesFilters(t *testing.T) {
	w := newWorld(t)
	w.user("maria")
	attached, bound := w.policy("Attached"), w.policy("Bound")
	w.ok(w.call("CreatePolicy", w.root, &iamwire.CreatePolicyInput{PolicyName: new("Low"), Path: new("/low/"), PolicyDocument: new(pull)}))
	w.ok(w.call("AttachUserPolicy", w.root, &iamwire.AttachUserPolicyInput{UserName: new("maria"), PolicyArn: &attached}))
	w.ok(w.call("CreateUser", w.root, &iamwire.CreateUserInput{UserName: new("peter"), PermissionsBoundary: &bound}))
	const awsOnly = "AdministratorAccess AWSCodeCommitFullAccess AWSCodeCommitPowerUser AWSCodeCommitReadOnly IAMFullAccess"
	for _, c := range []struct {
		in   iamwire.ListPoliciesInput
		want string
	}{
		{iamwire.ListPoliciesInput{Scope: new("Local")}, "Attached Bound Low"},
		{iamwire.ListPoliciesInput{Scope: new("AWS")}, awsOnly},
		{iamwire.ListPoliciesInput{}, "AdministratorAccess Attached AWSCodeCommitFullAccess AWSCodeCommitPowerUser AWSCodeCommitReadOnly Bound IAMFullAccess Low"},
		{iamwire.ListPoliciesInput{PathPrefix: new("/low/")}, "Low"},
		{iamwire.ListPoliciesInput{OnlyAttached: new(true)}, "Attached Bound"},
		{iamwire.ListPoliciesInput{PolicyUsageFilter: new("PermissionsPolicy")}, "Attached"},
		{iamwire.ListPoliciesInput{PolicyUsageFilter: new("PermissionsBoundary")}, "Bound"},
	} {
		out, err := w.ListPolicies(w.ctx, w.root, &c.in)
		w.ok(err)
		var names []string
		for _, p := range out.Policies {
			names = append(names, *p.PolicyName)
		}
		if got := strings.Join(names, " "); got != c.want {
			t.Errorf("%+v\n got %s\nwant %s", c.in, got, c.want)
		}
	}
}

func TestOtherAccountsAreOutOfReach(t *testing.T) {
	w := newWorld(t)
	p, o := w.policy("Pull"), w.provider("https://id.example")
	stranger := rootOf(there)
	w.ok(w.call("CreateUser", stranger, &iamwire.CreateUserInput{UserName: new("peter")}))
	for _, op := range []struct {
		name string
		in   any
	}{
		{"GetPolicy", &iamwire.GetPolicyInput{PolicyArn: &p}},
		{"GetPolicyVersion", &iamwire.GetPolicyVersionInput{PolicyArn: &p, VersionId: new("v1")}},
		{"ListPolicyVersions", &iamwire.ListPolicyVersionsInput{PolicyArn: &p}},
		{"DeletePolicy", &iamwire.DeletePolicyInput{PolicyArn: &p}},
		{"CreatePolicyVersion", &iamwire.CreatePolicyVersionInput{PolicyArn: &p, PolicyDocument: new(pull)}},
		{"AttachUserPolicy", &iamwire.AttachUserPolicyInput{UserName: new("peter"), PolicyArn: &p}},
		{"CreateUser", &iamwire.CreateUserInput{UserName: new("x"), PermissionsBoundary: &p}},
		{"GetOpenIDConnectProvider", &iamwire.GetOpenIDConnectProviderInput{OpenIDConnectProviderArn: &o}},
		{"AddClientIDToOpenIDConnectProvider", &iamwire.AddClientIDToOpenIDConnectProviderInput{OpenIDConnectProviderArn: &o, ClientID: new("x")}},
		{"TagOpenIDConnectProvider", &iamwire.TagOpenIDConnectProviderInput{OpenIDConnectProviderArn: &o, Tags: tagList("k=v")}},
		{"UntagOpenIDConnectProvider", &iamwire.UntagOpenIDConnectProviderInput{OpenIDConnectProviderArn: &o, TagKeys: []string{"k"}}},
		{"ListOpenIDConnectProviderTags", &iamwire.ListOpenIDConnectProviderTagsInput{OpenIDConnectProviderArn: &o}},
		{"UpdateOpenIDConnectProviderThumbprint", &iamwire.UpdateOpenIDConnectProviderThumbprintInput{OpenIDConnectProviderArn: &o}},
		{"GetUser", &iamwire.GetUserInput{UserName: new("maria")}},
	} {
		w.gate.asked = nil
		if err := w.call(op.name, stranger, op.in); !awserr.Is(err, "NoSuchEntity") {
			t.Errorf("%s: %v", op.name, err)
		}
		if r := w.gate.asked[0]; strings.Contains(r.Resource, here) && r.ResourceAccount != here {
			t.Errorf("%s: the gate is not told whose %s is", op.name, r.Resource)
		}
	}
	w.ok(w.call("DeleteOpenIDConnectProvider", stranger, &iamwire.DeleteOpenIDConnectProviderInput{OpenIDConnectProviderArn: &o}))
	w.ok(w.call("GetOpenIDConnectProvider", w.root, &iamwire.GetOpenIDConnectProviderInput{OpenIDConnectProviderArn: &o}))
}

func TestOpenIDConnectProvider(t *testing.T) {
	w := newWorld(t)
	thumb := strings.Repeat("A1", 20)
	tags := []iamwire.Tag{{Key: new("k"), Value: new("v")}}
	out, err := w.CreateOpenIDConnectProvider(w.ctx, w.root, &iamwire.CreateOpenIDConnectProviderInput{Url: new("https://login.example.com:8443/realms/x"),
		ClientIDList: []string{"app", "app", "cli"}, ThumbprintList: []string{thumb}, Tags: tags})
	w.ok(err)
	a := out.OpenIDConnectProviderArn
	if *a != *arnOf("oidc-provider/login.example.com:8443/realms/x") {
		t.Errorf("ARN %s", *a)
	}
	add := func(id string) any {
		return &iamwire.AddClientIDToOpenIDConnectProviderInput{OpenIDConnectProviderArn: a, ClientID: &id}
	}
	remove := func(id string) any {
		return &iamwire.RemoveClientIDFromOpenIDConnectProviderInput{OpenIDConnectProviderArn: a, ClientID: &id}
	}
	w.times(2, "AddClientIDToOpenIDConnectProvider", func(int) any { return add("web") })
	w.times(2, "RemoveClientIDFromOpenIDConnectProvider", func(int) any { return remove("app") })
	got, err := w.GetOpenIDConnectProvider(w.ctx, w.root, &iamwire.GetOpenIDConnectProviderInput{OpenIDConnectProviderArn: a})
	w.ok(err)
	want := &iamwire.GetOpenIDConnectProviderOutput{Url: new("login.example.com:8443/realms/x"), ClientIDList: []string{"cli", "web"},
		ThumbprintList: []string{thumb}, CreateDate: new(w.time), Tags: tags}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v", got)
	}
	w.times(2, "DeleteOpenIDConnectProvider", func(int) any {
		return &iamwire.DeleteOpenIDConnectProviderInput{OpenIDConnectProviderArn: a}
	})
	list, err := w.ListOpenIDConnectProviders(w.ctx, w.root, &iamwire.ListOpenIDConnectProvidersInput{})
	w.ok(err)
	if list.OpenIDConnectProviderList == nil || len(list.OpenIDConnectProviderList) != 0 {
		t.Errorf("left %+v", list.OpenIDConnectProviderList)
	}
}

func TestIssuerURLs(t *testing.T) {
	for url, ok := range map[string]bool{
		"https://accounts.google.com": true, "https://login.example.com/realms/x": true, "https://tenant.example.com/": true,
		"https://localhost:8443/dex": true, "https://[::1]:8443": true, "https://a.b/%7Ex": true,
		"http://login.example.com": false, "HTTPS://login.example.com": false, "login.example.com": false, "https://": false, "https:///x": false,
		"https://user@login.example.com": false, "https://login.example.com?x=1": false, "https://login.example.com?": false,
		"https://login.example.com#x": false, "https://login.example.com:": false, "https://:8443": false, "https://a b": false,
		"https://login.example.com/*": false, "https://login.example.com/${aws:username}": false, "https://login.example.com/\x00": false,
		"https://lögin.example.com": false, "https://a.b/%zz": false, "https://a.b/" + strings.Repeat("x", 244): false,
	} {
		rest, err := issuer(url)
		if ok != (err == nil) || ok && "https://"+rest != url {
			t.Errorf("%q: %q, %v", url, rest, err)
		}
		if !ok {
			fails(t, err, "ValidationError 400: Invalid Open ID Connect Provider URL")
		}
	}
}

func TestEncodedDocuments(t *testing.T) {
	if got := *encoded("{\"a b\": \"c+d/~é\"}\n"); got != "%7B%22a%20b%22%3A%20%22c%2Bd%2F~%C3%A9%22%7D%0A" {
		t.Errorf("got %s", got)
	}
}
