package remoteurl

import (
	"errors"
	"testing"
)

func TestParse(t *testing.T) {
	for _, c := range []struct {
		raw  string
		want URL
	}{
		{"codecommit://MyDemoRepo", URL{Scheme: "codecommit", Repository: "MyDemoRepo"}},
		{"codecommit://CodeAccess@MyDemoRepo", URL{Scheme: "codecommit", Profile: "CodeAccess", HasProfile: true, Repository: "MyDemoRepo"}},
		{"us-east-1://CodeAccess@MyDemoRepo", URL{Scheme: "us-east-1", Profile: "CodeAccess", HasProfile: true, Repository: "MyDemoRepo"}},
		{"us-east-1://MyDemoRepo", URL{Scheme: "us-east-1", Repository: "MyDemoRepo"}},
		// The scheme loses its case, the rest keeps it.
		{"CODECOMMIT://Repo", URL{Scheme: "codecommit", Repository: "Repo"}},
		{"US-EAST-1://P@Repo", URL{Scheme: "us-east-1", Profile: "P", HasProfile: true, Repository: "Repo"}},
		// A profile may hold "@": https://github.com/aws/git-remote-codecommit/issues/13.
		{"codecommit://role@account@repo", URL{Scheme: "codecommit", Profile: "role@account", HasProfile: true, Repository: "repo"}},
		{"codecommit://my profile@repo", URL{Scheme: "codecommit", Profile: "my profile", HasProfile: true, Repository: "repo"}},
		{`codecommit://CORP\maria@repo`, URL{Scheme: "codecommit", Profile: `CORP\maria`, HasProfile: true, Repository: "repo"}},
		// Nothing is decoded here; the caller may look for the decoded profile second.
		{"codecommit://a%40b@repo", URL{Scheme: "codecommit", Profile: "a%40b", HasProfile: true, Repository: "repo"}},
		// Path, query and fragment are dropped; a port is part of the name, as the official helper has it.
		{"codecommit://p@repo/path?q#f", URL{Scheme: "codecommit", Profile: "p", HasProfile: true, Repository: "repo"}},
		{"codecommit://repo?q", URL{Scheme: "codecommit", Repository: "repo"}},
		{"codecommit://repo#f", URL{Scheme: "codecommit", Repository: "repo"}},
		{"codecommit://repo:8443", URL{Scheme: "codecommit", Repository: "repo:8443"}},
		{"codecommit://repo.git", URL{Scheme: "codecommit", Repository: "repo.git"}},
		{"codecommit://p@127.0.0.1", URL{Scheme: "codecommit", Profile: "p", HasProfile: true, Repository: "127.0.0.1"}},
		{"codecommit://@repo", URL{Scheme: "codecommit", HasProfile: true, Repository: "repo"}},
		{"codecommit://prod@", URL{Scheme: "codecommit", Profile: "prod", HasProfile: true}},
		{" \tcodecommit://re\npo", URL{Scheme: "codecommit", Repository: "repo"}},
	} {
		got, err := Parse(c.raw)
		c.want.Raw = c.raw
		if err != nil || got != c.want {
			t.Errorf("Parse(%q) = %+v, %v; want %+v", c.raw, got, err, c.want)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, raw := range []string{
		"", "repo", "//repo", "://repo", "codecommit:", "codecommit:repo", "codecommit:/repo", "codecommit://", "codecommit:///repo",
		"codecommit::us-east-1://p@repo", "1a://repo", "co_de://repo", "codecommit://[repo", "codecommit://re]po", "codecommit://?x",
	} {
		_, err := Parse(raw)
		want := "The following URL is malformed: " + raw + ". A URL must be in one of the two following formats: " +
			"codecommit://<profile>@<repository> or codecommit::<region>://<profile>@<repository>"
		if err == nil || err.Error() != want {
			t.Errorf("Parse(%q): %v; want %s", raw, err, want)
		}
	}
}

func TestParseRemote(t *testing.T) {
	for raw, want := range map[string]URL{
		"codecommit::eu-west-1://p@repo": {Scheme: "eu-west-1", Profile: "p", HasProfile: true, Repository: "repo"},
		"CodeCommit::eu-west-1://repo":   {Scheme: "eu-west-1", Repository: "repo"},
		"codecommit://repo":              {Scheme: "codecommit", Repository: "repo"},
	} {
		got, err := ParseRemote(raw)
		want.Raw = raw
		if err != nil || got != want {
			t.Errorf("ParseRemote(%q) = %+v, %v; want %+v", raw, got, err, want)
		}
	}
	_, err := ParseRemote("codecommit::repo")
	if e, ok := errors.AsType[*FormatError](err); !ok || e.URL != "codecommit::repo" {
		t.Errorf("ParseRemote without an authority: %v", err)
	}
}

func TestRegion(t *testing.T) {
	for _, c := range []struct {
		scheme       string
		strict, open bool
	}{
		{"us-east-1", true, true}, {"us-gov-west-1", true, true}, {"us--1", true, true}, {"us-x-1trailing", true, true},
		{"https", false, false}, {"ssh", false, false}, {"us-east", false, true}, {"use-1", false, true},
		{"eusc-de-east-1", false, true}, {"home-lab", false, true}, {"us1-east-1", false, true},
	} {
		u := URL{Raw: c.scheme + "://r", Scheme: c.scheme, Repository: "r"}
		for anyName, want := range map[bool]bool{false: c.strict, true: c.open} {
			got, err := u.Region(anyName)
			if (err == nil) != want || (want && got != c.scheme) {
				t.Errorf("Region(%v) of %q = %q, %v; want it accepted: %v", anyName, c.scheme, got, err, want)
			}
		}
	}
	if got, err := (URL{Scheme: Scheme}).Region(false); got != "" || err != nil {
		t.Errorf("Region of codecommit:// = %q, %v", got, err)
	}
}
