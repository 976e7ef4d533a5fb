package iam

import (
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"

	"sojourn/internal/awserr"
	"sojourn/internal/gate"
	"sojourn/internal/iam/identity"
	"sojourn/internal/principal"
	"sojourn/internal/store"
	"sojourn/internal/wire/iamwire"
)

// What is bound to a user is bound to its unique id, so a new name or path changes nothing of it.
func TestARenamedUserKeepsWhatItHas(t *testing.T) {
	w := newWorld(t)
	maria := w.user("maria")
	w.group("devs")
	key := w.key("maria")
	name, p := new("maria"), w.policy("Pull")
	role := w.role("Deploy", strings.Replace(trust, ":root", ":user/maria", 1))
	w.ok(w.call("AddUserToGroup", w.root, &iamwire.AddUserToGroupInput{GroupName: new("devs"), UserName: name}))
	w.ok(w.call("PutUserPolicy", w.root, &iamwire.PutUserPolicyInput{UserName: name, PolicyName: new("own"), PolicyDocument: new(pull)}))
	w.ok(w.call("AttachUserPolicy", w.root, &iamwire.AttachUserPolicyInput{UserName: name, PolicyArn: &p}))
	before := w.identity(maria.ID)

	w.ok(w.call("UpdateUser", w.root, &iamwire.UpdateUserInput{UserName: new("MARIA"), NewUserName: new("Mary"), NewPath: new("/staff/")}))
	fails(t, w.call("GetUser", w.root, &iamwire.GetUserInput{UserName: name}), "NoSuchEntity 404: The user with name maria cannot be found.")
	out, err := w.GetUser(w.ctx, maria, &iamwire.GetUserInput{})
	w.ok(err)
	if u := out.User; *u.UserId != maria.ID || *u.UserName != "Mary" || *u.Path != "/staff/" || *u.Arn != *arnOf("user/staff/Mary") {
		t.Errorf("renamed %+v", u)
	}
	if after := w.identity(maria.ID); len(before.Policies) != 2 || !reflect.DeepEqual(after, before) {
		t.Errorf("policies %+v, before %+v", after, before)
	}
	g, err := w.GetGroup(w.ctx, w.root, &iamwire.GetGroupInput{GroupName: new("devs")})
	w.ok(err)
	k, err := w.ListAccessKeys(w.ctx, w.root, &iamwire.ListAccessKeysInput{UserName: new("mary")})
	w.ok(err)
	if *g.Users[0].UserName != "Mary" || *k.AccessKeyMetadata[0].AccessKeyId != key || *k.AccessKeyMetadata[0].UserName != "Mary" {
		t.Errorf("group %+v, keys %+v", g.Users, k.AccessKeyMetadata)
	}
	w.user("maria") // whom no role trusts
	r, err := w.GetRole(w.ctx, w.root, &iamwire.GetRoleInput{RoleName: role.RoleName})
	w.ok(err)
	if text, _ := url.PathUnescape(*r.Role.AssumeRolePolicyDocument); !strings.Contains(text, *arnOf("user/staff/Mary")) {
		t.Errorf("the role trusts %s", text)
	}
}

// identity is what bears on a user.
func (w *world) identity(id string) (out *identity.Identity) {
	w.t.Helper()
	w.ok(w.store.View(w.ctx, func(tx store.Tx) error {
		u, err := tx.UserByID(id)
		if err != nil {
			return err
		}
		c := w.root.Session
		c.Kind, c.Account, c.ID = principal.User, u.Account, id
		out, err = identity.LoadIdentity(tx, &c)
		return err
	}))
	return out
}

func TestRenaming(t *testing.T) {
	w := newWorld(t)
	w.user("maria")
	w.group("devs")
	for _, c := range []struct {
		op   string
		in   any
		want string
	}{
		{"UpdateUser", &iamwire.UpdateUserInput{UserName: new("maria")}, "user/maria"}, // nothing to do
		{"UpdateUser", &iamwire.UpdateUserInput{UserName: new("maria"), NewPath: new("/a/b/")}, "user/a/b/maria"},
		{"UpdateUser", &iamwire.UpdateUserInput{UserName: new("maria"), NewUserName: new("Maria")}, "user/a/b/Maria"}, // its own name
		{"UpdateUser", &iamwire.UpdateUserInput{UserName: new("maria"), NewPath: new("/"), NewUserName: new("m")}, "user/m"},
		{"UpdateGroup", &iamwire.UpdateGroupInput{GroupName: new("devs"), NewGroupName: new("Developers")}, "group/Developers"},
		{"UpdateGroup", &iamwire.UpdateGroupInput{GroupName: new("developers"), NewPath: new("/x/")}, "group/x/Developers"},
	} {
		w.ok(w.call(c.op, w.root, c.in))
		us, err := w.ListUsers(w.ctx, w.root, &iamwire.ListUsersInput{})
		w.ok(err)
		gs, err := w.ListGroups(w.ctx, w.root, &iamwire.ListGroupsInput{})
		w.ok(err)
		if *us.Users[0].Arn != *arnOf(c.want) && *gs.Groups[0].Arn != *arnOf(c.want) {
			t.Errorf("%s %+v: %s, %s; want %s", c.op, c.in, *us.Users[0].Arn, *gs.Groups[0].Arn, c.want)
		}
	}
}

// Who may act on the one name and not on the other could take a name, or give one away, that is not theirs.
func TestRenamingNeedsThePermissionOnBothNames(t *testing.T) {
	const from, to = "arn:aws:iam::111122223333:user/staff/maria", "arn:aws:iam::111122223333:user/admins/maria"
	for _, refused := range []string{from, to} {
		w := newWorld(t)
		populate(w)
		w.gate.asked, w.gate.refuse = nil, func(r gate.Request) bool { return r.Resource == refused }
		before := w.store.updates.Load()
		err := w.call("UpdateUser", w.root, &iamwire.UpdateUserInput{UserName: new("maria"), NewPath: new("/admins/")})
		if !awserr.Is(err, awserr.AccessDenied) || w.store.updates.Load() != before {
			t.Errorf("without %s: %v", refused, err)
		}
	}
	w := newWorld(t)
	populate(w)
	w.gate.asked = nil
	w.ok(w.call("UpdateUser", w.root, &iamwire.UpdateUserInput{UserName: new("maria"), NewPath: new("/admins/")}))
	if got, want := asked(w.gate), []string{"iam:UpdateUser " + from, "iam:UpdateUser " + to}; !slices.Equal(got, want) {
		t.Errorf("asked %q, want %q", got, want)
	}
	if p := w.gate.asked[0].Params; p["userName"] != "maria" || p["newPath"] != "/admins/" {
		t.Errorf("recorded %v", p)
	}
}

func TestUpdateRole(t *testing.T) {
	w := newWorld(t)
	role := w.role("Deploy", trust)
	for _, c := range []struct {
		op      string
		in      any
		text    *string
		session int64
	}{
		{"UpdateRole", &iamwire.UpdateRoleInput{RoleName: new("deploy"), Description: new("d"), MaxSessionDuration: new(int64(7200))}, new("d"), 7200},
		{"UpdateRoleDescription", &iamwire.UpdateRoleDescriptionInput{RoleName: new("Deploy"), Description: new("e")}, new("e"), 7200},
		{"UpdateRole", &iamwire.UpdateRoleInput{RoleName: new("Deploy")}, new("e"), 7200}, // what is not given stays
		{"UpdateRole", &iamwire.UpdateRoleInput{RoleName: new("Deploy"), MaxSessionDuration: new(int64(43200))}, new("e"), 43200},
		{"UpdateRole", &iamwire.UpdateRoleInput{RoleName: new("Deploy"), Description: new("")}, nil, 43200},
	} {
		w.ok(w.call(c.op, w.root, c.in))
		out, err := w.GetRole(w.ctx, w.root, &iamwire.GetRoleInput{RoleName: role.RoleName})
		w.ok(err)
		if r := out.Role; !reflect.DeepEqual(r.Description, c.text) || *r.MaxSessionDuration != c.session || *r.RoleId != *role.RoleId {
			t.Errorf("%s %+v: %+v", c.op, c.in, r)
		}
	}
	out, err := w.UpdateRoleDescription(w.ctx, w.root, &iamwire.UpdateRoleDescriptionInput{RoleName: new("Deploy"), Description: new("f")})
	w.ok(err)
	if *out.Role.Description != "f" || *out.Role.RoleName != "Deploy" {
		t.Errorf("shown %+v", out.Role)
	}
}
