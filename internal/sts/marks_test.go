package sts

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"sojourn/internal/store"
	"sojourn/internal/wire/stswire"
)

const bad = "InvalidParameterValue"

func tagList(pairs ...string) (list []stswire.Tag) {
	for i := 0; i < len(pairs); i += 2 {
		list = append(list, stswire.Tag{Key: new(pairs[i]), Value: new(pairs[i+1])})
	}
	return list
}

func TestSessionTags(t *testing.T) {
	w := newWorld(t)
	role := w.role(here, "R", trusts(accountOK, everySTS, ""))
	c := w.user(here, "maria", allows(`"sts:*"`, "*"))
	many := make([]string, 102)
	for i := range many {
		many[i] = fmt.Sprint("k", i)
	}
	const duplicate = "Duplicate tag keys found. Please note that Tag keys are case insensitive."
	const notIncluded = "The specified transitive tag key must be included in the requested tags."
	for name, x := range map[string]struct {
		tags       []stswire.Tag
		transitive []string
		code, text string
	}{
		"one":                        {tagList("Team", "blue"), nil, "", ""},
		"an empty value":             {tagList("Team", ""), nil, "", ""},
		"transitive":                 {tagList("Team", "blue", "x", "y"), []string{"Team"}, "", ""},
		"transitive in another case": {tagList("Team", "blue"), []string{"team", "TEAM"}, "", ""},
		"fifty":                      {tagList(many[:100]...), nil, "", ""},
		"fifty-one":                  {tagList(many...), nil, bad, ""},
		"the same twice":             {tagList("Team", "a", "Team", "b"), nil, bad, duplicate},
		"the same in another case":   {tagList("Team", "a", "tEAM", "b"), nil, bad, duplicate},
		"transitive but not there":   {tagList("Team", "a"), []string{"x"}, bad, notIncluded},
		"transitive and no tags":     {nil, []string{"x"}, bad, notIncluded},
		"aws:":                       {tagList("aws:x", "a"), nil, bad, ""},
		"Aws:":                       {tagList("Aws:x", "a"), nil, bad, ""},
		"an empty key":               {tagList("", "a"), nil, bad, ""},
		"a bad key":                  {tagList("a;b", "a"), nil, bad, ""},
		"a bad value":                {tagList("a", "a\n"), nil, bad, ""},
		"a long key":                 {tagList(strings.Repeat("k", 129), "a"), nil, bad, ""},
		"a long value":               {tagList("k", strings.Repeat("v", 257)), nil, bad, ""},
	} {
		out, err := w.assume(c, role, stswire.AssumeRoleInput{Tags: x.tags, TransitiveTagKeys: x.transitive})
		wantError(t, name, err, x.code, x.text)
		if err != nil {
			continue
		}
		want := make(map[string]string)
		for _, tag := range x.tags {
			want[*tag.Key] = *tag.Value
		}
		if s := w.session(out.Credentials); !maps.Equal(s.Tags, want) || len(x.transitive) > 0 && !slices.Equal(s.TransitiveTag, []string{"Team"}) || out.PackedPolicySize == nil {
			t.Errorf("%s: session %+v", name, s.Session)
		}
	}
}

// TestTagSession: tags need their permission on both sides, and conditions see
// what the session will carry.
func TestTagSession(t *testing.T) {
	w := newWorld(t)
	both := w.role(here, "Both", trusts(accountOK, everySTS, ""))
	noTrust := w.role(here, "NoTrust", trusts(accountOK, `["sts:AssumeRole","sts:SetSourceIdentity"]`, ""))
	only := w.role(here, "Only", trusts(accountOK, everySTS,
		`{"StringEqualsIfExists":{"aws:RequestTag/Team":"blue"},"ForAllValues:StringEquals":{"aws:TagKeys":["Team","Project"],"sts:TransitiveTagKeys":["Team"]}}`))
	all := w.user(here, "all", allows(`"sts:*"`, "*"))
	plain := w.user(here, "plain", allows(`["sts:AssumeRole","sts:SetSourceIdentity"]`, "*"))
	tags := stswire.AssumeRoleInput{Tags: tagList("Team", "blue")}
	_, err := w.assume(plain, both, tags)
	wantError(t, "no permission of the caller's", err, denied, refusal(plain, "sts:TagSession", both))
	_, err = w.assume(all, noTrust, tags)
	wantError(t, "no permission of the role's", err, denied, refusal(all, "sts:TagSession", noTrust))
	_, err = w.assume(plain, both, stswire.AssumeRoleInput{})
	wantError(t, "no tags, no permission", err, "", "")
	for name, x := range map[string]struct {
		in   stswire.AssumeRoleInput
		code string
	}{
		"as wanted":         {stswire.AssumeRoleInput{Tags: tagList("Team", "blue"), TransitiveTagKeys: []string{"Team"}}, ""},
		"another value":     {stswire.AssumeRoleInput{Tags: tagList("Team", "red")}, denied},
		"another key":       {stswire.AssumeRoleInput{Tags: tagList("Team", "blue", "x", "y")}, denied},
		"another key hands": {stswire.AssumeRoleInput{Tags: tagList("Team", "blue", "Project", "y"), TransitiveTagKeys: []string{"Project"}}, denied},
	} {
		_, err := w.assume(all, only, x.in)
		wantError(t, name, err, x.code, "")
	}
}

func TestSourceIdentity(t *testing.T) {
	w := newWorld(t)
	both := w.role(here, "Both", trusts(accountOK, everySTS, ""))
	noTrust := w.role(here, "NoTrust", trusts(accountOK, `["sts:AssumeRole","sts:TagSession"]`, ""))
	only := w.role(here, "Only", trusts(accountOK, everySTS, `{"StringEquals":{"sts:SourceIdentity":"maria"}}`))
	all := w.user(here, "all", allows(`"sts:*"`, "*"))
	plain := w.user(here, "plain", allows(`["sts:AssumeRole","sts:TagSession"]`, "*"))
	named := stswire.AssumeRoleInput{SourceIdentity: new("maria")}
	_, err := w.assume(plain, both, named)
	wantError(t, "no permission of the caller's", err, denied, refusal(plain, "sts:SetSourceIdentity", both))
	_, err = w.assume(all, noTrust, named)
	wantError(t, "no permission of the role's", err, denied, refusal(all, "sts:SetSourceIdentity", noTrust))
	_, err = w.assume(all, only, stswire.AssumeRoleInput{SourceIdentity: new("eve")})
	wantError(t, "another than the role wants", err, denied, "")
	_, err = w.assume(all, both, stswire.AssumeRoleInput{SourceIdentity: new("aws:x")})
	wantError(t, "reserved", err, bad, "")
	out := w.mustAssume(all, only, named)
	if s := w.session(out.Credentials); s.SourceIdent != "maria" || value(out.SourceIdentity) != "maria" {
		t.Errorf("session %+v, answer %+v", s.Session, out)
	}
}

// TestChaining: what is sticky stays, and what is not is left behind.
func TestChaining(t *testing.T) {
	w := newWorld(t)
	first := w.role(here, "First", trusts(accountOK, everySTS, ""))
	second := w.role(here, "Second", trusts(accountOK, everySTS, ""))
	third := w.role(here, "Third", trusts(accountOK, everySTS, ""))
	noMarks := w.role(here, "NoMarks", trusts(accountOK, `"sts:AssumeRole"`, ""))
	onlyTags := w.role(here, "OnlyTags", trusts(accountOK, `["sts:AssumeRole","sts:TagSession"]`, ""))
	team := w.role(here, "Team", trusts(accountOK, everySTS, `{"StringEquals":{"aws:RequestTag/Team":"blue","sts:TransitiveTagKeys":"Team"}}`))
	for _, name := range []string{"First", "Second"} {
		w.inline(uniqueID("AROA", here, name), allows(`"sts:*"`, "*"))
	}
	c := w.user(here, "maria", allows(`"sts:*"`, "*"))
	s1 := w.session(w.mustAssume(c, first, stswire.AssumeRoleInput{
		Tags: tagList("Team", "blue", "Local", "x"), TransitiveTagKeys: []string{"Team"}, SourceIdentity: new("maria"), Policy: new(allows(`"*"`, "*"))}).Credentials)
	out := w.mustAssume(s1, second, stswire.AssumeRoleInput{Tags: tagList("Own", "y"), TransitiveTagKeys: []string{"Own"}, RoleSessionName: new("other")})
	s2 := w.session(out.Credentials)
	if !maps.Equal(s2.Tags, map[string]string{"Team": "blue", "Own": "y"}) || !slices.Equal(s2.TransitiveTag, []string{"Own", "Team"}) ||
		s2.SourceIdent != "maria" || !s2.Chained || s2.SessionPolicy != "" || value(out.SourceIdentity) != "maria" {
		t.Errorf("second session %+v", s2.Session)
	}
	s3 := w.session(w.mustAssume(s2, third, stswire.AssumeRoleInput{}).Credentials)
	if !maps.Equal(s3.Tags, s2.Tags) || s3.SourceIdent != "maria" {
		t.Errorf("third session %+v", s3.Session)
	}
	const conflict = "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session."
	for name, x := range map[string]struct {
		role       string
		in         stswire.AssumeRoleInput
		code, text string
	}{
		"the same source identity":           {second, stswire.AssumeRoleInput{SourceIdentity: new("maria")}, "", ""},
		"another source identity":            {second, stswire.AssumeRoleInput{SourceIdentity: new("eve")}, denied, refusal(s1, "sts:SetSourceIdentity", second)},
		"a transitive tag again":             {second, stswire.AssumeRoleInput{Tags: tagList("Team", "red")}, bad, conflict},
		"a transitive tag in another case":   {second, stswire.AssumeRoleInput{Tags: tagList("tEAM", "blue")}, bad, conflict},
		"a local tag again":                  {second, stswire.AssumeRoleInput{Tags: tagList("Local", "z")}, "", ""},
		"a role that takes no tags":          {noMarks, stswire.AssumeRoleInput{}, denied, refusal(s1, "sts:TagSession", noMarks)},
		"a role that takes no identity":      {onlyTags, stswire.AssumeRoleInput{}, denied, refusal(s1, "sts:SetSourceIdentity", onlyTags)},
		"a condition on an inherited tag":    {team, stswire.AssumeRoleInput{}, "", ""},
		"a transitive key that is inherited": {second, stswire.AssumeRoleInput{TransitiveTagKeys: []string{"Team"}}, bad, ""},
	} {
		_, err := w.assume(s1, x.role, x.in)
		wantError(t, name, err, x.code, x.text)
	}
	pairs := make([]string, 100)
	for i := range pairs {
		pairs[i] = fmt.Sprint("k", i)
	}
	_, err := w.assume(s1, second, stswire.AssumeRoleInput{Tags: tagList(pairs...)})
	wantError(t, "more than fifty with the inherited", err, bad, "")
}

// TestDeletedRoleEndsChain: the id in the session is no longer a role's.
func TestDeletedRoleEndsChain(t *testing.T) {
	w := newWorld(t)
	first := w.role(here, "First", trusts(accountOK, everySTS, ""))
	second := w.role(here, "Second", trusts(accountOK, everySTS, ""))
	id := uniqueID("AROA", here, "First")
	w.inline(id, allows(`"sts:*"`, "*"))
	s1 := w.session(w.mustAssume(w.user(here, "maria", allows(`"sts:*"`, "*")), first, stswire.AssumeRoleInput{}).Credentials)
	w.update(func(tx store.Tx) error {
		if err := tx.DeleteInlinePolicy(id, "p"); err != nil {
			return err
		}
		return tx.DeleteRole(id)
	})
	if _, err := w.assume(s1, second, stswire.AssumeRoleInput{}); err == nil {
		t.Error("a session of a deleted role assumes another")
	}
}
