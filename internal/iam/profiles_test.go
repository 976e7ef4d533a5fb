package iam

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"sojourn/internal/awserr"
	"sojourn/internal/gate"
	"sojourn/internal/store"
	"sojourn/internal/wire/iamwire"
)

func TestInstanceProfileAsItIsShown(t *testing.T) {
	w := newWorld(t)
	role := w.role("Deploy", trust)
	tags := []iamwire.Tag{{Key: new("team"), Value: new("blue")}}
	out, err := w.CreateInstanceProfile(w.ctx, w.root, &iamwire.CreateInstanceProfileInput{InstanceProfileName: new("Web"), Path: new("/ec2/"), Tags: tags})
	w.ok(err)
	id := *out.InstanceProfile.InstanceProfileId
	if len(id) != 21 || !strings.HasPrefix(id, "AIPA") {
		t.Errorf("id %s", id)
	}
	want := &iamwire.InstanceProfile{Path: new("/ec2/"), InstanceProfileName: new("Web"), InstanceProfileId: &id,
		Arn: arnOf("instance-profile/ec2/Web"), CreateDate: new(w.time), Tags: tags}
	if !reflect.DeepEqual(out.InstanceProfile, want) {
		t.Errorf("created %+v, want %+v", out.InstanceProfile, want)
	}
	w.ok(w.call("AddRoleToInstanceProfile", w.root, &iamwire.AddRoleToInstanceProfileInput{InstanceProfileName: new("wEB"), RoleName: new("dEPLOY")}))
	want.Roles = []iamwire.Role{*role}
	got, err := w.GetInstanceProfile(w.ctx, w.root, &iamwire.GetInstanceProfileInput{InstanceProfileName: new("web")})
	w.ok(err)
	if !reflect.DeepEqual(got.InstanceProfile, want) {
		t.Errorf("got %+v, want %+v", got.InstanceProfile, want)
	}
	want.Tags = nil
	list, err := w.ListInstanceProfiles(w.ctx, w.root, &iamwire.ListInstanceProfilesInput{})
	w.ok(err)
	of, err := w.ListInstanceProfilesForRole(w.ctx, w.root, &iamwire.ListInstanceProfilesForRoleInput{RoleName: new("Deploy")})
	w.ok(err)
	for _, l := range [][]iamwire.InstanceProfile{list.InstanceProfiles, of.InstanceProfiles} {
		if !reflect.DeepEqual(l, []iamwire.InstanceProfile{*want}) {
			t.Errorf("listed %+v, want %+v", l, want)
		}
	}
	other, err := w.ListInstanceProfiles(w.ctx, rootOf(there), &iamwire.ListInstanceProfilesInput{})
	w.ok(err)
	if len(other.InstanceProfiles) != 0 {
		t.Errorf("another account sees %+v", other.InstanceProfiles)
	}
}

func TestAnInstanceProfileHoldsOneRole(t *testing.T) {
	web, deploy, idle := new("web"), new("Deploy"), new("Idle")
	busy := func(w *world) { w.role("Deploy", trust); w.role("Idle", trust); w.profile("web", "Deploy") }
	const quota = "LimitExceeded 409: Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1"
	const conflict = "DeleteConflict 409: Cannot delete entity, must remove roles from instance profile first."
	checkRules(t, []rule{
		{"another role", busy, "AddRoleToInstanceProfile", &iamwire.AddRoleToInstanceProfileInput{InstanceProfileName: web, RoleName: idle}, quota},
		{"the same role", busy, "AddRoleToInstanceProfile", &iamwire.AddRoleToInstanceProfileInput{InstanceProfileName: web, RoleName: deploy}, quota},
		{"another is taken out", busy, "RemoveRoleFromInstanceProfile", &iamwire.RemoveRoleFromInstanceProfileInput{InstanceProfileName: web, RoleName: idle},
			"NoSuchEntity 404: The role with name Idle cannot be found."},
		{"deleting the profile", busy, "DeleteInstanceProfile", &iamwire.DeleteInstanceProfileInput{InstanceProfileName: web}, conflict},
		{"deleting the role", busy, "DeleteRole", &iamwire.DeleteRoleInput{RoleName: deploy}, conflict},
	})
	w := newWorld(t)
	busy(w)
	w.ok(w.call("RemoveRoleFromInstanceProfile", w.root, &iamwire.RemoveRoleFromInstanceProfileInput{InstanceProfileName: web, RoleName: deploy}))
	w.ok(w.call("DeleteRole", w.root, &iamwire.DeleteRoleInput{RoleName: deploy}))
	w.ok(w.call("AddRoleToInstanceProfile", w.root, &iamwire.AddRoleToInstanceProfileInput{InstanceProfileName: web, RoleName: idle}))
	w.ok(w.call("RemoveRoleFromInstanceProfile", w.root, &iamwire.RemoveRoleFromInstanceProfileInput{InstanceProfileName: web, RoleName: idle}))
	w.ok(w.call("DeleteInstanceProfile", w.root, &iamwire.DeleteInstanceProfileInput{InstanceProfileName: web}))
}

func TestAbsentInstanceProfiles(t *testing.T) {
	x := new("x")
	const none, noRole = "NoSuchEntity 404: Instance Profile x cannot be found.", "NoSuchEntity 404: The role with name x cannot be found."
	profile := func(w *world) { w.profile("web", "") }
	role := func(w *world) { w.role("Deploy", trust) }
	checkRules(t, []rule{
		{"GetInstanceProfile", nil, "GetInstanceProfile", &iamwire.GetInstanceProfileInput{InstanceProfileName: x}, none},
		{"DeleteInstanceProfile", nil, "DeleteInstanceProfile", &iamwire.DeleteInstanceProfileInput{InstanceProfileName: x}, none},
		{"AddRole profile", role, "AddRoleToInstanceProfile", &iamwire.AddRoleToInstanceProfileInput{InstanceProfileName: x, RoleName: new("Deploy")}, none},
		{"AddRole role", profile, "AddRoleToInstanceProfile", &iamwire.AddRoleToInstanceProfileInput{InstanceProfileName: new("web"), RoleName: x}, noRole},
		{"RemoveRole profile", role, "RemoveRoleFromInstanceProfile", &iamwire.RemoveRoleFromInstanceProfileInput{InstanceProfileName: x, RoleName: new("Deploy")}, none},
		{"RemoveRole role", profile, "RemoveRoleFromInstanceProfile", &iamwire.RemoveRoleFromInstanceProfileInput{InstanceProfileName: new("web"), RoleName: x}, noRole},
		{"TagInstanceProfile", nil, "TagInstanceProfile", &iamwire.TagInstanceProfileInput{InstanceProfileName: x, Tags: tagList("k=v")}, none},
		{"UntagInstanceProfile", nil, "UntagInstanceProfile", &iamwire.UntagInstanceProfileInput{InstanceProfileName: x, TagKeys: []string{"k"}}, none},
		{"ListInstanceProfileTags", nil, "ListInstanceProfileTags", &iamwire.ListInstanceProfileTagsInput{InstanceProfileName: x}, none},
		{"ListInstanceProfilesForRole", nil, "ListInstanceProfilesForRole", &iamwire.ListInstanceProfilesForRoleInput{RoleName: x}, noRole},
	})
}

// Who may fill instance profiles could otherwise lend a machine of its own any role.
func TestAddingARoleNeedsPermissionToPassIt(t *testing.T) {
	w := newWorld(t)
	tags := []iamwire.Tag{{Key: new("Team"), Value: new("blue")}}
	w.ok(w.call("CreateRole", w.root, &iamwire.CreateRoleInput{RoleName: new("Deploy"), Path: new("/ci/"), AssumeRolePolicyDocument: new(trust), Tags: tags}))
	w.profile("web", "")
	in := &iamwire.AddRoleToInstanceProfileInput{InstanceProfileName: new("web"), RoleName: new("deploy")}
	w.gate.asked, w.gate.refuse = nil, func(r gate.Request) bool { return r.Action == "iam:PassRole" }
	before := w.store.updates.Load()
	if err := w.call("AddRoleToInstanceProfile", w.root, in); !awserr.Is(err, awserr.AccessDenied) {
		t.Errorf("without iam:PassRole: %v", err)
	}
	if w.store.updates.Load() != before {
		t.Error("something was written")
	}
	want := []string{"iam:AddRoleToInstanceProfile " + *arnOf("instance-profile/web"), "iam:PassRole " + *arnOf("role/ci/Deploy")}
	if got := asked(w.gate); !slices.Equal(got, want) {
		t.Fatalf("asked %q, want %q", got, want)
	}
	pass := w.gate.asked[1]
	keys := map[string][]string{"iam:passedtoservice": {"ec2.amazonaws.com"}, "iam:resourcetag/team": {"blue"}}
	if !reflect.DeepEqual(pass.Context, keys) || len(pass.ResourceTags) != 1 || pass.Params["roleName"] != "deploy" {
		t.Errorf("context %v, tags %v, parameters %v", pass.Context, pass.ResourceTags, pass.Params)
	}
	w.gate.refuse = nil
	w.ok(w.call("AddRoleToInstanceProfile", w.root, in))
}

func TestARoleThatChangesWhileBeingPassedIsRefused(t *testing.T) {
	w := newWorld(t)
	w.role("Deploy", trust)
	w.profile("web", "")
	w.gate.then = func() {
		w.tx(func(tx store.Tx) error {
			r, err := tx.Role(here, "Deploy")
			r.Tags = []store.Tag{{Key: "secret", Value: "yes"}}
			return cmpErr(err, tx.UpdateRole(r))
		})
	}
	err := w.call("AddRoleToInstanceProfile", w.root, &iamwire.AddRoleToInstanceProfileInput{InstanceProfileName: new("web"), RoleName: new("Deploy")})
	fails(t, err, "ConcurrentModification 409: "+*arnOf("role/Deploy")+" changed while the request was being authorized. Try again.")
}
