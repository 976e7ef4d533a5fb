package iam

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"sojourn/internal/store"
	"sojourn/internal/wire/iamwire"
)

// trusting is a trust policy for AWS principals, with odd spacing to be kept.
func trusting(names ...string) string {
	list, _ := json.Marshal(names)
	return `{ "Version":"2012-10-17",  "Statement":[{"Effect":"Allow","Principal":{"AWS":` + string(list) +
		` },"Action":"sts:AssumeRole","Condition":{"StringNotEquals":{"aws:PrincipalArn":` + string(list) + `}}}] }`
}

func (w *world) trustOf(role string) string {
	w.t.Helper()
	out, err := w.GetRole(w.ctx, w.root, &iamwire.GetRoleInput{RoleName: &role})
	w.ok(err)
	text, err := url.PathUnescape(*out.Role.AssumeRolePolicyDocument)
	w.ok(err)
	return text
}

func TestTrustPolicyPrincipals(t *testing.T) {
	w := newWorld(t)
	maria := w.user("maria")
	w.ok(w.call("CreateRole", w.root, &iamwire.CreateRoleInput{RoleName: new("Builder"), Path: new("/ci/"), AssumeRolePolicyDocument: new(trust)}))
	w.ok(w.call("CreateUser", rootOf(there), &iamwire.CreateUserInput{UserName: new("peter")}))
	w.group("devs")
	for _, c := range []struct {
		principal string
		ok        bool
	}{
		{"*", true},
		{here, true},
		{"arn:aws:iam::" + there + ":root", true},
		{"arn:aws:iam::999999999999:root", true}, // not on this server, or not yet
		{"arn:aws:iam::" + here + ":user/maria", true},
		{"arn:aws:iam::" + here + ":role/ci/Builder", true},
		{"arn:aws:iam::" + there + ":user/peter", true},
		{"arn:aws:sts::" + here + ":assumed-role/Builder/s1", true},
		{"arn:aws:sts::" + here + ":federated-user/guest", true},
		{maria.ID, true},
		{"arn:aws:iam::" + here + ":user/Maria", false},
		{"arn:aws:iam::" + here + ":user/staff/maria", false},
		{"arn:aws:iam::" + here + ":role/Builder", false}, // the path is part of the name
		{"arn:aws:iam::" + here + ":role/maria", false},
		{"arn:aws:iam::" + here + ":user/peter", false}, // exists in the other account only
		{"arn:aws:iam::" + here + ":group/devs", false},
		{"arn:aws:iam::999999999999:user/x", false},
		{"arn:aws-cn:iam::" + here + ":user/maria", false},
		{"arn:aws-cn:iam::" + here + ":root", false},
		{"arn:aws:sts::" + here + ":assumed-role/Nobody/s1", false},
		{"arn:aws:sts::" + here + ":assumed-role/builder/s1", false},
		{"arn:aws:sts::999999999999:federated-user/guest", false},
		{"AIDAAAAAAAAAAAAAAAAAA", false},
		{"AROAAAAAAAAAAAAAAAAAA", false},
	} {
		_, err := w.UpdateAssumeRolePolicy(w.ctx, w.root, &iamwire.UpdateAssumeRolePolicyInput{RoleName: new("Builder"), PolicyDocument: new(trusting(c.principal))})
		want := `MalformedPolicyDocument 400: Invalid principal in policy: "AWS":"` + c.principal + `"`
		if c.ok {
			want = "no error"
		}
		if got := spell(err); got != want {
			t.Errorf("%s\n got %s\nwant %s", c.principal, got, want)
		}
	}
}

func TestTrustShowsIDsOfDeletedPrincipals(t *testing.T) {
	w := newWorld(t)
	maria := w.user("maria")
	builder := w.role("Builder", trust)
	text := trusting("arn:aws:iam::"+here+":user/maria", here, *builder.Arn)
	w.role("Deploy", text)
	if got := w.trustOf("Deploy"); got != text {
		t.Fatalf("the policy changed:\n%s\n%s", text, got)
	}
	w.ok(w.call("DeleteUser", w.root, &iamwire.DeleteUserInput{UserName: new("maria")}))
	gone := strings.Replace(text, *arnOf("user/maria"), maria.ID, 1)
	if got := w.trustOf("Deploy"); got != gone {
		t.Errorf("after the deletion:\n got %s\nwant %s", got, gone)
	}
	w.user("maria")
	if got := w.trustOf("Deploy"); got != gone {
		t.Errorf("a new user of the same name shows as the one that was trusted:\n%s", got)
	}
	list, err := w.ListRoles(w.ctx, w.root, &iamwire.ListRolesInput{})
	w.ok(err)
	if shown := *list.Roles[1].AssumeRolePolicyDocument; shown != *encoded(gone) {
		t.Errorf("ListRoles shows another document: %s", shown)
	}
	w.ok(w.call("DeleteRole", w.root, &iamwire.DeleteRoleInput{RoleName: new("Builder")}))
	gone = strings.Replace(gone, *builder.Arn, *builder.RoleId, 1)
	if got := w.trustOf("Deploy"); got != gone {
		t.Errorf("after the deletion of the role:\n got %s\nwant %s", got, gone)
	}
	err = w.call("UpdateAssumeRolePolicy", w.root, &iamwire.UpdateAssumeRolePolicyInput{RoleName: new("Deploy"), PolicyDocument: &gone})
	if !strings.Contains(spell(err), "Invalid principal in policy") {
		t.Errorf("a policy that trusts a deleted user is saved: %s", spell(err))
	}
}

func TestTrustStoresUniqueIDs(t *testing.T) {
	w := newWorld(t)
	maria := w.user("maria")
	w.role("Deploy", trusting(*arnOf("user/maria"), here))
	var r store.Role
	w.ok(w.store.View(w.ctx, func(tx store.Tx) (err error) {
		r, err = tx.Role(here, "Deploy")
		return err
	}))
	if len(r.TrustIDs) != 1 || r.TrustIDs[*arnOf("user/maria")] != maria.ID {
		t.Errorf("stored ids %v", r.TrustIDs)
	}
}

func TestATrustedIDShowsAsItsARN(t *testing.T) {
	w := newWorld(t)
	maria := w.user("maria")
	w.role("Deploy", trusting(maria.ID))
	if got, want := w.trustOf("Deploy"), strings.Replace(trusting(maria.ID), maria.ID, *arnOf("user/maria"), 1); got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
}

func TestMapPrincipals(t *testing.T) {
	upper := func(s string) string { return strings.ToUpper(s) }
	for _, c := range []struct{ in, want string }{
		{`{"Statement":{"Principal":{"AWS":"a"},"Sid":"a"}}`, `{"Statement":{"Principal":{"AWS":"A"},"Sid":"a"}}`},
		{`{"Statement":[{"NotPrincipal":{"AWS":[ "a" , "b"]}},{"Principal":"a"}]}`, `{"Statement":[{"NotPrincipal":{"AWS":[ "A" , "B"]}},{"Principal":"a"}]}`},
		{`{"Statement":{"Principal":{"Federated":"a","AWS":"\u0061"}}}`, `{"Statement":{"Principal":{"Federated":"a","AWS":"A"}}}`},
		{`{"AWS":"a","Principal":{"AWS":"a"},"Statement":{"Condition":{"AWS":"a"}}}`, `{"AWS":"a","Principal":{"AWS":"a"},"Statement":{"Condition":{"AWS":"a"}}}`},
	} {
		got, err := mapPrincipals(c.in, upper)
		if err != nil || got != c.want {
			t.Errorf("%s\n got %s, %v\nwant %s", c.in, got, err, c.want)
		}
	}
	if _, err := mapPrincipals(`{"Statement":`, upper); err == nil {
		t.Error("half a document is taken")
	}
}
