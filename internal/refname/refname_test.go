package refname

import (
	"errors"
	"os/exec"
	"strings"
	"testing"
)

var names = []struct {
	name string
	want error
}{
	{"refs/heads/main", nil},
	{"refs/heads/feature/one", nil},
	{"refs/heads/-x", nil},
	{"refs/heads/ünïcödé/日本", nil},
	{"refs/heads/@", nil},
	{"refs/heads/a@b", nil},
	{"refs/heads/a.b", nil},
	{"refs/heads/lock", nil},
	{"refs/heads/a.lockx", nil},
	{"refs/heads/a{b}", nil},
	{"refs/tags/v1.0", nil},
	{"refs/notes/commits", nil},
	{"refs/heads/\"quoted\"", nil},
	{"", ErrPrefix},
	{"main", ErrPrefix},
	{"HEAD", ErrPrefix},
	{"heads/main", ErrPrefix},
	{"refs/main", ErrPrefix},
	{"/refs/heads/main", ErrPrefix},
	{"refs/heads/", ErrComponent},
	{"refs//heads/a", ErrComponent},
	{"refs/heads//a", ErrComponent},
	{"refs/heads/a/", ErrComponent},
	{"refs/heads/.a", ErrComponent},
	{"refs/heads/a/.b", ErrComponent},
	{"refs/heads/a.lock", ErrComponent},
	{"refs/heads/a.lock/b", ErrComponent},
	{"refs/heads/a..b", ErrSequence},
	{"refs/heads/../../../etc/passwd", ErrSequence},
	{"refs/heads/a.", ErrSequence},
	{"refs/heads/a@{1}", ErrSequence},
	{"refs/heads/a b", ErrCharacter},
	{"refs/heads/a~1", ErrCharacter},
	{"refs/heads/a^", ErrCharacter},
	{"refs/heads/a:b", ErrCharacter},
	{"refs/heads/a?", ErrCharacter},
	{"refs/heads/a*", ErrCharacter},
	{"refs/heads/a[b", ErrCharacter},
	{"refs/heads/a\\b", ErrCharacter},
	{"refs/heads/a\nb", ErrCharacter},
	{"refs/heads/a\x1b[31m", ErrCharacter},
	{"refs/heads/a\x7f", ErrCharacter},
}

func TestCheck(t *testing.T) {
	for _, c := range names {
		if err := Check(c.name); !errors.Is(err, c.want) {
			t.Errorf("%q: %v, want %v", c.name, err, c.want)
		}
	}
	for name, want := range map[string]error{
		"refs/heads/a\x00b":                           ErrCharacter,
		"refs/heads/\xff":                             ErrEncoding,
		"refs/heads/a\u009bm":                         ErrCharacter,
		"refs/tags/" + strings.Repeat("a", 3e3):       ErrTooLong,
		"refs/tags/" + strings.Repeat("a", MaxLen-9):  ErrTooLong,
		"refs/tags/" + strings.Repeat("a", MaxLen-10): nil,
		"refs/heads/a\u009f":                          ErrCharacter,
		"refs/heads/a\u00a0b":                         nil,
		"refs/heads/!":                                nil,
	} {
		if err := Check(name); !errors.Is(err, want) {
			t.Errorf("%.30q: %v, want %v", name, err, want)
		}
	}
}

// TestCheckAsGit asks the real git about each name of the table.
func TestCheckAsGit(t *testing.T) {
	for _, c := range names {
		if rest, ok := strings.CutPrefix(c.name, "refs/"); ok {
			git := exec.Command("git", "check-ref-format", rest).Run() == nil // as receive-pack asks it
			if ours := Check(c.name) == nil; ours != git {
				t.Errorf("%q: ours %v, git %v", c.name, ours, git)
			}
		}
	}
}

func TestCheckBranch(t *testing.T) {
	for _, c := range []struct {
		name string
		want error
	}{
		{"main", nil},
		{"a/b", nil},
		{strings.Repeat("ü", 256), nil},
		{strings.Repeat("a", 39), nil},
		{strings.Repeat("a", 41), nil},
		{strings.Repeat("a", 256), nil},
		{strings.Repeat("a", 257), ErrTooLong},
		{"0123456789abcdefABCDEF0123456789abcdef01", ErrObjectID},
		{"", ErrComponent},
		{"@", ErrSequence},
		{"/a", ErrComponent},
		{".a", ErrComponent},
		{"a b", ErrCharacter},
	} {
		if err := CheckBranch(c.name); !errors.Is(err, c.want) {
			t.Errorf("%.50q: %v, want %v", c.name, err, c.want)
		}
	}
	if err := CheckNew("refs/tags/" + strings.Repeat("a", 300)); err != nil {
		t.Errorf("a long tag: %v", err)
	}
	if err := CheckNew(Heads + strings.Repeat("a", 300)); !errors.Is(err, ErrTooLong) {
		t.Errorf("a long branch: %v", err)
	}
}

func TestIsObjectID(t *testing.T) {
	for s, want := range map[string]bool{"09afAF": true, "/": false, ":": false, "`": false, "g": false, "@": false, "G": false, "\x10": false, "\x19": false, "-": false, "\xff": false} {
		if id := strings.Repeat("0", 40-len(s)) + s; IsObjectID(id) != want {
			t.Errorf("%q is an object id: %t", id, !want)
		}
	}
	if IsObjectID(strings.Repeat("0", 39)) || IsObjectID(strings.Repeat("0", 41)) {
		t.Error("it has another length")
	}
}
