package iam

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"sojourn/internal/store"
	"sojourn/internal/wire/iamwire"
)

func tagList(pairs ...string) (out []iamwire.Tag) {
	for _, p := range pairs {
		k, v, _ := strings.Cut(p, "=")
		out = append(out, iamwire.Tag{Key: &k, Value: &v})
	}
	return out
}

func pairs(tags []iamwire.Tag) string {
	var out []string
	for _, t := range tags {
		out = append(out, *t.Key+"="+*t.Value)
	}
	return strings.Join(out, " ")
}

// tagger calls the operations on the tags of one thing.
type tagger struct {
	tag   func(tags []iamwire.Tag) error
	untag func(keys ...string) error
	list  func(marker *string, items *int64) ([]iamwire.Tag, *string, error)
}

func taggers(w *world) map[string]tagger {
	w.user("maria")
	w.role("Deploy", trust)
	w.profile("web", "")
	p, maria, deploy := w.policy("Pull"), new("maria"), new("Deploy")
	o, web := w.provider("https://id.example"), new("web")
	return map[string]tagger{
		"user": {
			func(tags []iamwire.Tag) error {
				return w.call("TagUser", w.root, &iamwire.TagUserInput{UserName: maria, Tags: tags})
			},
			func(keys ...string) error {
				return w.call("UntagUser", w.root, &iamwire.UntagUserInput{UserName: maria, TagKeys: keys})
			},
			func(marker *string, items *int64) ([]iamwire.Tag, *string, error) {
				out, err := w.ListUserTags(w.ctx, w.root, &iamwire.ListUserTagsInput{UserName: maria, Marker: marker, MaxItems: items})
				w.ok(err)
				return out.Tags, out.Marker, err
			},
		},
		"role": {
			func(tags []iamwire.Tag) error {
				return w.call("TagRole", w.root, &iamwire.TagRoleInput{RoleName: deploy, Tags: tags})
			},
			func(keys ...string) error {
				return w.call("UntagRole", w.root, &iamwire.UntagRoleInput{RoleName: deploy, TagKeys: keys})
			},
			func(marker *string, items *int64) ([]iamwire.Tag, *string, error) {
				out, err := w.ListRoleTags(w.ctx, w.root, &iamwire.ListRoleTagsInput{RoleName: deploy, Marker: marker, MaxItems: items})
				w.ok(err)
				return out.Tags, out.Marker, err
			},
		},
		"policy": {
			func(tags []iamwire.Tag) error {
				return w.call("TagPolicy", w.root, &iamwire.TagPolicyInput{PolicyArn: &p, Tags: tags})
			},
			func(keys ...string) error {
				return w.call("UntagPolicy", w.root, &iamwire.UntagPolicyInput{PolicyArn: &p, TagKeys: keys})
			},
			func(marker *string, items *int64) ([]iamwire.Tag, *string, error) {
				out, err := w.ListPolicyTags(w.ctx, w.root, &iamwire.ListPolicyTagsInput{PolicyArn: &p, Marker: marker, MaxItems: items})
				w.ok(err)
				return out.Tags, out.Marker, err
			},
		},
		"provider": {
			func(tags []iamwire.Tag) error {
				return w.call("TagOpenIDConnectProvider", w.root, &iamwire.TagOpenIDConnectProviderInput{OpenIDConnectProviderArn: &o, Tags: tags})
			},
			func(keys ...string) error {
				return w.call("UntagOpenIDConnectProvider", w.root, &iamwire.UntagOpenIDConnectProviderInput{OpenIDConnectProviderArn: &o, TagKeys: keys})
			},
			func(marker *string, items *int64) ([]iamwire.Tag, *string, error) {
				in := &iamwire.ListOpenIDConnectProviderTagsInput{OpenIDConnectProviderArn: &o, Marker: marker, MaxItems: items}
				out, err := w.ListOpenIDConnectProviderTags(w.ctx, w.root, in)
				w.ok(err)
				return out.Tags, out.Marker, err
			},
		},
		"instance profile": {
			func(tags []iamwire.Tag) error {
				return w.call("TagInstanceProfile", w.root, &iamwire.TagInstanceProfileInput{InstanceProfileName: web, Tags: tags})
			},
			func(keys ...string) error {
				return w.call("UntagInstanceProfile", w.root, &iamwire.UntagInstanceProfileInput{InstanceProfileName: web, TagKeys: keys})
			},
			func(marker *string, items *int64) ([]iamwire.Tag, *string, error) {
				in := &iamwire.ListInstanceProfileTagsInput{InstanceProfileName: web, Marker: marker, MaxItems: items}
				out, err := w.ListInstanceProfileTags(w.ctx, w.root, in)
				w.ok(err)
				return out.Tags, out.Marker, err
			},
		},
	}
}

func TestTags(t *testing.T) {
	w := newWorld(t)
	for name, x := range taggers(w) {
		t.Run(name, func(t *testing.T) {
			want := func(text string) {
				t.Helper()
				if got, _, _ := x.list(nil, nil); pairs(got) != text {
					t.Errorf("tags %q, want %q", pairs(got), text)
				}
			}
			want("")
			w.ok(x.tag(tagList("team=blue", "Cost=7")))
			want("Cost=7 team=blue")
			w.ok(x.tag(tagList("COST=", "stage=prod"))) // replaces, in whatever case the key is
			want("COST= stage=prod team=blue")
			w.ok(x.untag("STAGE", "absent"))
			want("COST= team=blue")
			first, marker, _ := x.list(nil, new(int64(1)))
			rest, end, _ := x.list(marker, new(int64(1)))
			if pairs(first) != "COST=" || pairs(rest) != "team=blue" || end != nil {
				t.Errorf("pages %q and %q, then %v", pairs(first), pairs(rest), end)
			}
			w.ok(x.untag("cost", "team"))
			want("")
		})
	}
}

func TestTagQuota(t *testing.T) {
	w := newWorld(t)
	for name, x := range taggers(w) {
		t.Run(name, func(t *testing.T) {
			var all []iamwire.Tag
			for i := range tagsQuota {
				all = append(all, tagList(fmt.Sprintf("k%02d=v", i))...)
			}
			w.ok(x.tag(all))
			fails(t, x.tag(tagList("k50=v", "k00=w")), "LimitExceeded 409: The number of tags has reached the maximum limit.")
			w.ok(x.tag(tagList("K00=w"))) // one that is there takes no place
			if got, _, _ := x.list(nil, nil); len(got) != tagsQuota || pairs(got[:2]) != "K00=w k01=v" {
				t.Errorf("%d tags: %s", len(got), pairs(got))
			}
		})
	}
}

func TestConditionKeysOfTagging(t *testing.T) {
	w := newWorld(t)
	w.user("maria")
	ask := func(op string, in any) (map[string][]string, map[string]string) {
		t.Helper()
		w.gate.asked = nil
		w.ok(w.call(op, w.root, in))
		if len(w.gate.asked) != 1 {
			t.Errorf("%s asks %q", op, asked(w.gate))
		}
		return w.gate.asked[0].Context, w.gate.asked[0].Params
	}
	keys, params := ask("TagUser", &iamwire.TagUserInput{UserName: new("maria"), Tags: tagList("Team=blue", "cost=7")})
	want := map[string][]string{"aws:requesttag/team": {"blue"}, "aws:requesttag/cost": {"7"}, "aws:tagkeys": {"Team", "cost"}}
	if !reflect.DeepEqual(keys, want) || params["tagKeys"] != "Team,cost" || params["userName"] != "maria" {
		t.Errorf("tagging: %v, recorded %v", keys, params)
	}
	keys, params = ask("UntagUser", &iamwire.UntagUserInput{UserName: new("maria"), TagKeys: []string{"team"}})
	want = map[string][]string{"iam:resourcetag/team": {"blue"}, "iam:resourcetag/cost": {"7"}, "aws:tagkeys": {"team"}}
	if !reflect.DeepEqual(keys, want) || params["tagKeys"] != "team" {
		t.Errorf("untagging: %v, recorded %v", keys, params)
	}
}

// Only GetPolicy shows that a policy has no tags.
func TestAPolicyWithoutTags(t *testing.T) {
	w := newWorld(t)
	p := w.policy("Pull")
	out, err := w.GetPolicy(w.ctx, w.root, &iamwire.GetPolicyInput{PolicyArn: &p})
	w.ok(err)
	if out.Policy.Tags == nil || len(out.Policy.Tags) != 0 {
		t.Errorf("tags %v", out.Policy.Tags)
	}
	tags, err := w.ListPolicyTags(w.ctx, w.root, &iamwire.ListPolicyTagsInput{PolicyArn: new("arn:aws:iam::aws:policy/IAMFullAccess")})
	w.ok(err)
	if len(tags.Tags) != 0 || *tags.IsTruncated {
		t.Errorf("tags of a policy of AWS: %+v", tags)
	}
}

func TestTagsStayThroughOtherChanges(t *testing.T) {
	w := newWorld(t)
	w.user("maria")
	w.ok(w.call("TagUser", w.root, &iamwire.TagUserInput{UserName: new("maria"), Tags: tagList("team=blue")}))
	w.ok(w.call("UpdateUser", w.root, &iamwire.UpdateUserInput{UserName: new("maria"), NewUserName: new("mary")}))
	w.ok(w.store.View(w.ctx, func(tx store.Tx) error {
		u, err := tx.User(here, "mary")
		if len(u.Tags) != 1 || u.Tags[0].Value != "blue" {
			t.Errorf("tags %v", u.Tags)
		}
		return err
	}))
}
