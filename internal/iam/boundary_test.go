package iam

import (
	"reflect"
	"testing"

	"sojourn/internal/wire/iamwire"
)

func TestBoundaries(t *testing.T) {
	w := newWorld(t)
	w.user("maria")
	w.role("Deploy", trust)
	p, readOnly := w.policy("Pull"), "arn:aws:iam::aws:policy/AWSCodeCommitReadOnly"
	for _, k := range []struct {
		title string
		put   func(arn string) any
		drop  any
		shown func() *iamwire.AttachedPermissionsBoundary
	}{
		{"User", func(arn string) any {
			return &iamwire.PutUserPermissionsBoundaryInput{UserName: new("maria"), PermissionsBoundary: &arn}
		}, &iamwire.DeleteUserPermissionsBoundaryInput{UserName: new("maria")}, func() *iamwire.AttachedPermissionsBoundary {
			out, err := w.GetUser(w.ctx, w.root, &iamwire.GetUserInput{UserName: new("maria")})
			w.ok(err)
			return out.User.PermissionsBoundary
		}},
		{"Role", func(arn string) any {
			return &iamwire.PutRolePermissionsBoundaryInput{RoleName: new("Deploy"), PermissionsBoundary: &arn}
		}, &iamwire.DeleteRolePermissionsBoundaryInput{RoleName: new("Deploy")}, func() *iamwire.AttachedPermissionsBoundary {
			out, err := w.GetRole(w.ctx, w.root, &iamwire.GetRoleInput{RoleName: new("Deploy")})
			w.ok(err)
			return out.Role.PermissionsBoundary
		}},
	} {
		t.Run(k.title, func(t *testing.T) {
			for _, arn := range []string{readOnly, p} {
				w.gate.asked = nil
				w.ok(w.call("Put"+k.title+"PermissionsBoundary", w.root, k.put(arn)))
				if got := k.shown(); *got.PermissionsBoundaryArn != arn || *got.PermissionsBoundaryType != "Policy" {
					t.Errorf("boundary %+v", got)
				}
				if got := w.gate.asked[0]; got.Context[boundaryKey][0] != arn || got.Params["permissionsBoundary"] != arn {
					t.Errorf("the gate is asked about %v, recorded %v; want the new boundary", got.Context, got.Params)
				}
			}
			fails(t, w.call("DeletePolicy", w.root, &iamwire.DeletePolicyInput{PolicyArn: &p}), "DeleteConflict 409: Cannot delete a policy attached to entities.")
			gone := *arnOf("policy/Gone")
			fails(t, w.call("Put"+k.title+"PermissionsBoundary", w.root, k.put(gone)), "NoSuchEntity 404: Scope ARN: "+gone+" does not exist or is not attachable.")
			if got := k.shown(); *got.PermissionsBoundaryArn != p {
				t.Errorf("after a refusal the boundary is %+v", got)
			}
			w.gate.asked = nil
			w.times(2, "Delete"+k.title+"PermissionsBoundary", func(int) any { return k.drop })
			if got := k.shown(); got != nil {
				t.Errorf("boundary %+v", got)
			}
			if first, second := w.gate.asked[0].Context, w.gate.asked[1].Context; !reflect.DeepEqual(first[boundaryKey], []string{p}) || second[boundaryKey] != nil {
				t.Errorf("deleting asks about %v, and without a boundary %v", first, second)
			}
		})
	}
	w.ok(w.call("DeletePolicy", w.root, &iamwire.DeletePolicyInput{PolicyArn: &p}))
}
