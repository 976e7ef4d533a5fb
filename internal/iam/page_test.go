package iam

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"sojourn/internal/wire/iamwire"
)

// pages runs a list operation page by page and returns the names and how many pages there were.
func (w *world) pages(op string, size int64, set map[string]string, list, member string) (names []string, pages int) {
	w.t.Helper()
	var marker *string
	for {
		in := reflect.ValueOf(iamwire.Service().Operations[op].NewInput())
		for name, value := range set {
			in.Elem().FieldByName(name).Set(reflect.ValueOf(&value))
		}
		in.Elem().FieldByName("MaxItems").Set(reflect.ValueOf(&size))
		in.Elem().FieldByName("Marker").Set(reflect.ValueOf(marker))
		res := reflect.ValueOf(w.Service).MethodByName(op).Call([]reflect.Value{reflect.ValueOf(w.ctx), reflect.ValueOf(w.root), in})
		if err, _ := res[1].Interface().(error); err != nil {
			w.t.Fatalf("%s: %v", op, err)
		}
		out := res[0].Elem()
		items := out.FieldByName(list)
		for i := range items.Len() {
			v := items.Index(i)
			if member != "" {
				v = v.FieldByName(member).Elem()
			}
			names = append(names, v.String())
		}
		pages++
		marker, _ = out.FieldByName("Marker").Interface().(*string)
		if truncated := *out.FieldByName("IsTruncated").Interface().(*bool); truncated != (marker != nil) || int64(items.Len()) > size {
			w.t.Fatalf("%s: truncated %v, marker %v, %d items", op, truncated, marker, items.Len())
		}
		if marker == nil {
			return names, pages
		}
		if len(*marker) > 320 {
			w.t.Fatalf("%s: a marker of %d characters is more than the API takes back", op, len(*marker))
		}
	}
}

func TestPages(t *testing.T) {
	w := newWorld(t)
	long := strings.Repeat("z", 128)
	names := []string{"a", "B", "c", "D", "e", "F", "g", long}
	owners := map[string]string{"UserName": "a", "GroupName": "a", "RoleName": "a"}
	for i, n := range names {
		w.group(n)
		p := w.policy(n)
		if len(n) > 64 {
			n = n[:64]
		}
		w.user(n)
		w.role(n, trust)
		w.ok(w.call("AddUserToGroup", w.root, &iamwire.AddUserToGroupInput{GroupName: new(names[i]), UserName: new("a")}))
		w.ok(w.call("AddUserToGroup", w.root, &iamwire.AddUserToGroupInput{GroupName: new("a"), UserName: &n}))
		w.ok(w.call("AttachUserPolicy", w.root, &iamwire.AttachUserPolicyInput{UserName: new("a"), PolicyArn: &p}))
		w.ok(w.call("PutRolePolicy", w.root, &iamwire.PutRolePolicyInput{RoleName: new("a"), PolicyName: new(names[i]), PolicyDocument: new(pull)}))
	}
	for _, n := range names {
		w.profile(n, "a")
	}
	short := append(slices.Clone(names[:7]), long[:64])
	sorted := []string{"B", "D", "F", "a", "c", "e", "g", long}
	for _, c := range []struct {
		op, list, member string
		set              []string
		want             []string
	}{
		{"ListUsers", "Users", "UserName", nil, short}, {"ListGroups", "Groups", "GroupName", nil, names}, {"ListRoles", "Roles", "RoleName", nil, short},
		{"GetGroup", "Users", "UserName", []string{"GroupName"}, short}, {"ListGroupsForUser", "Groups", "GroupName", []string{"UserName"}, names},
		{"ListAttachedUserPolicies", "AttachedPolicies", "PolicyName", []string{"UserName"}, names},
		{"ListRolePolicies", "PolicyNames", "", []string{"RoleName"}, sorted},
		{"ListPolicies", "Policies", "PolicyName", []string{"Scope"}, names},
		{"ListInstanceProfiles", "InstanceProfiles", "InstanceProfileName", nil, names},
		{"ListInstanceProfilesForRole", "InstanceProfiles", "InstanceProfileName", []string{"RoleName"}, names},
	} {
		for size := range int64(9) {
			set := map[string]string{}
			for _, s := range c.set {
				set[s] = owners[s]
			}
			if c.op == "ListPolicies" {
				set["Scope"] = "Local"
			}
			got, pages := w.pages(c.op, size+1, set, c.list, c.member)
			if want := (len(c.want) + int(size)) / int(size+1); !slices.Equal(got, c.want) || pages != want {
				t.Errorf("%s by %d: %d pages of %q, want %d of %q", c.op, size+1, pages, got, want, c.want)
			}
		}
	}
}

func TestPathPrefix(t *testing.T) {
	w := newWorld(t)
	for i, path := range []string{"/", "/a/", "/a/b/", "/b/", "/A/"} {
		name := fmt.Sprint("n", i)
		w.ok(w.call("CreateUser", w.root, &iamwire.CreateUserInput{UserName: &name, Path: &path}))
		w.ok(w.call("CreateGroup", w.root, &iamwire.CreateGroupInput{GroupName: &name, Path: &path}))
		w.ok(w.call("CreateRole", w.root, &iamwire.CreateRoleInput{RoleName: &name, Path: &path, AssumeRolePolicyDocument: new(trust)}))
		w.ok(w.call("CreatePolicy", w.root, &iamwire.CreatePolicyInput{PolicyName: &name, Path: &path, PolicyDocument: new(pull)}))
		w.ok(w.call("CreateInstanceProfile", w.root, &iamwire.CreateInstanceProfileInput{InstanceProfileName: &name, Path: &path}))
		w.ok(w.call("AttachUserPolicy", w.root, &iamwire.AttachUserPolicyInput{UserName: new("n0"), PolicyArn: arnOf("policy" + path + name)}))
	}
	for prefix, want := range map[string]string{"/": "n0 n1 n2 n3 n4", "/a/": "n1 n2", "/a": "n1 n2", "/b/": "n3", "/x/": ""} {
		for _, c := range []struct{ op, list, member string }{{"ListUsers", "Users", "UserName"}, {"ListGroups", "Groups", "GroupName"},
			{"ListRoles", "Roles", "RoleName"}, {"ListInstanceProfiles", "InstanceProfiles", "InstanceProfileName"}, {"ListPolicies", "Policies", "PolicyName"}, {"ListAttachedUserPolicies", "AttachedPolicies", "PolicyName"}} {
			set := map[string]string{"PathPrefix": prefix}
			if c.op == "ListPolicies" {
				set["Scope"] = "Local"
			}
			if c.op == "ListAttachedUserPolicies" {
				set["UserName"] = "n0"
			}
			got, _ := w.pages(c.op, 2, set, c.list, c.member)
			if strings.Join(got, " ") != want {
				t.Errorf("%s below %s: %q, want %q", c.op, prefix, got, want)
			}
		}
	}
}

func TestDefaultPage(t *testing.T) {
	for items, want := range map[int64]int{1: 1, 1000: 1000} {
		if w, err := newWindow("x", nil, &items); err != nil || w.limit != want {
			t.Errorf("MaxItems %d gives %d, %v", items, w.limit, err)
		}
	}
	if w, err := newWindow("x", nil, nil); err != nil || w.limit != 100 {
		t.Errorf("without MaxItems: %d, %v", w.limit, err)
	}
}
