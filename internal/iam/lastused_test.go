package iam

import (
	"reflect"
	"testing"
	"time"

	"sojourn/internal/store"
	"sojourn/internal/wire/iamwire"
)

func TestAccessKeyLastUsed(t *testing.T) {
	w := newWorld(t)
	w.user("maria")
	key := w.key("maria")
	get := func() *iamwire.GetAccessKeyLastUsedOutput {
		out, err := w.GetAccessKeyLastUsed(w.ctx, w.root, &iamwire.GetAccessKeyLastUsedInput{AccessKeyId: &key})
		w.ok(err)
		return out
	}
	never := &iamwire.GetAccessKeyLastUsedOutput{UserName: new("maria"), AccessKeyLastUsed: &iamwire.AccessKeyLastUsed{ServiceName: new("N/A"), Region: new("N/A")}}
	if got := get(); !reflect.DeepEqual(got, never) {
		t.Errorf("never used: %+v", got.AccessKeyLastUsed)
	}
	w.tx(func(tx store.Tx) error {
		return tx.TouchAccessKey(key, store.LastUse{At: w.time.Add(123456 * time.Microsecond), Service: "codecommit", Region: "eu-central-1"})
	})
	w.ok(w.call("UpdateAccessKey", w.root, &iamwire.UpdateAccessKeyInput{UserName: new("maria"), AccessKeyId: &key, Status: new("Inactive")}))
	want := &iamwire.AccessKeyLastUsed{LastUsedDate: new(w.time), ServiceName: new("codecommit"), Region: new("eu-central-1")}
	if got := get(); !reflect.DeepEqual(got.AccessKeyLastUsed, want) || *got.UserName != "maria" {
		t.Errorf("used: %+v", got.AccessKeyLastUsed)
	}
	stranger := rootOf(there) // learns no more of the key than of one that does not exist
	w.gate.asked = nil
	fails(t, w.call("GetAccessKeyLastUsed", stranger, &iamwire.GetAccessKeyLastUsedInput{AccessKeyId: &key}),
		"AccessDenied 403: User: arn:aws:iam::444455556666:root is not authorized to perform iam:GetAccessKeyLastUsed on resource: access key "+key)
	if got := asked(w.gate)[0]; got != "iam:GetAccessKeyLastUsed arn:aws:iam::444455556666:user/*" {
		t.Errorf("asked %s", got)
	}
}

func TestRoleLastUsed(t *testing.T) {
	w := newWorld(t)
	role := w.role("Deploy", trust)
	get := func() *iamwire.RoleLastUsed {
		out, err := w.GetRole(w.ctx, w.root, &iamwire.GetRoleInput{RoleName: role.RoleName})
		w.ok(err)
		return out.Role.RoleLastUsed
	}
	if got := get(); !reflect.DeepEqual(got, &iamwire.RoleLastUsed{}) {
		t.Errorf("never used: %+v", got)
	}
	w.tx(func(tx store.Tx) error {
		return tx.TouchRole(*role.RoleId, store.LastUse{At: w.time, Service: "codecommit", Region: "eu-central-1"})
	})
	if got := get(); !reflect.DeepEqual(got, &iamwire.RoleLastUsed{LastUsedDate: new(w.time), Region: new("eu-central-1")}) {
		t.Errorf("used: %+v", got)
	}
	list, err := w.ListRoles(w.ctx, w.root, &iamwire.ListRolesInput{})
	w.ok(err)
	if role.RoleLastUsed != nil || list.Roles[0].RoleLastUsed != nil {
		t.Error("only GetRole shows the last use")
	}
}
