package policy

import (
	"strings"
	"testing"
)

func expand(t *template, c Context) (string, bool) {
	var e evaluation
	e.begin(&Set{}, &Request{Context: c})
	return t.expand(&e)
}

func TestVariables(t *testing.T) {
	c := Context{
		"aws:username": {"Maria"}, "aws:principaltag/cost center": {"A*1"},
		"two": {"a", "b"}, "empty": {}, "blank": {""}, "broken": {"x\xffy"}, "dollar": {"${aws:username}"},
	}
	for _, tt := range []struct {
		text, want string
		ok         bool
	}{
		{"plain", "plain", true},
		{"${aws:username}", "Maria", true},
		{"${AWS:UserName}", "Maria", true},
		{"home/${aws:username}/x", "home/Maria/x", true},
		{"${aws:username}${aws:username}", "MariaMaria", true},
		{"${aws:PrincipalTag/Cost Center}", "A*1", true},
		{"${absent}", "", false},
		{"a${absent}b", "", false},
		{"${absent, 'all'}", "all", true},
		{"${absent,'all'}", "all", true},
		{"${absent, 'a } b'}", "a } b", true},
		{"${absent, ''}!", "!", true},
		{"${aws:username, 'all'}", "Maria", true},
		{"${empty, 'x'}", "x", true},
		{"${blank, 'x'}", "", true},
		{"${two}", "", false},
		{"${two, 'x'}", "", false}, // only keys with one value
		{"${broken}", "", false},
		{"${dollar}", "${aws:username}", true}, // a value is text, not a template
		{"${*}${?}${$}", "*?$", true},
		{"${$}{aws:username}", "${aws:username}", true},
		{"a$b", "a$b", true},
		{"$", "$", true},
		{"$$ {x}", "$$ {x}", true},
	} {
		tmpl, err := syntaxOf{variables: true}.compile(tt.text)
		if err != nil {
			t.Errorf("compile(%q): %v", tt.text, err)
			continue
		}
		if got, ok := expand(&tmpl, c); got != tt.want || ok != tt.ok {
			t.Errorf("expand(%q) = %q, %t, want %q, %t", tt.text, got, ok, tt.want, tt.ok)
		}
	}
}

func TestMalformedVariablesAreRefused(t *testing.T) {
	for _, text := range []string{
		"${", "${a", "x${}", "${ }", "${a*}", "${a?b}", "${${a}}", "${a{b}", "${,'x'}",
		"${a,", "${a,}", "${a, x}", "${a, 'x}", "${a, 'x'", "${a, 'x'y}", "${a, \"x\"}", "${a'b}", "${**}",
	} {
		if tmpl, err := (syntaxOf{variables: true}).compile(text); err == nil {
			t.Errorf("compile(%q) = %+v, want an error", text, tmpl)
		}
	}
}

func TestVersion2008TakesVariablesAsText(t *testing.T) {
	for _, text := range []string{"${aws:username}", "${", "${a, x}"} {
		tmpl, err := syntaxOf{}.compile(text)
		if got, ok := expand(&tmpl, ctx("aws:username", "Maria")); err != nil || !ok || got != text {
			t.Errorf("compile(%q) expands to %q, %t, %v", text, got, ok, err)
		}
	}
}

// A wildcard in a request's value is no wildcard of the policy.
func TestSubstitutedValuesAreLiteral(t *testing.T) {
	p := identity(t, allow("codecommit:*").on("arn:aws:codecommit:*:*:${aws:username}"))
	for _, tt := range []struct {
		user, repository string
		want             bool
	}{
		{"Maria", "Maria", true},
		{"*", "Maria", false},
		{"*", "*", true},
		{"?????", "Maria", false},
		{"${aws:username}", "Maria", false},
		{"M\xffa", "Maria", false},
	} {
		resource := strings.TrimSuffix(repo, "MyDemoRepo") + tt.repository
		if got := ask(p, "codecommit:GitPull", resource, ctx("aws:username", tt.user)); got != tt.want {
			t.Errorf("user %q on %q: allowed %t", tt.user, tt.repository, got)
		}
	}
}
