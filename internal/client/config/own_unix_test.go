//go:build unix

package config

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// TestOwn: the user 1000 writes ~/.aws/credentials, a link to a file elsewhere.
// Only root can make another's files, so the test says whose they are.
func TestOwn(t *testing.T) {
	home, elsewhere := t.TempDir(), t.TempDir()
	link, file := filepath.Join(home, "credentials"), filepath.Join(elsewhere, "theirs")
	if err := errors.Join(os.WriteFile(file, nil, 0o600), os.Symlink(file, link)); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name    string
		foreign string // the path that is user 1001's
		system  string // the path that is root's
		ok      bool
	}{
		{name: "all the user's own", ok: true},
		{name: "another's link", foreign: link},
		{name: "another's file behind it", foreign: file},
		{name: "another's directory of the link", foreign: home},
		{name: "another's directory of the file", foreign: elsewhere},
		{name: "root's file", system: file, ok: true},
	} {
		err := ownedBy(1000, link, func(path string) (int, error) {
			if _, err := owner(path); err != nil {
				return 0, err
			}
			switch path {
			case c.foreign:
				return 1001, nil
			case c.system:
				return 0, nil
			}
			return 1000, nil
		})
		if (err == nil) != c.ok {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	if id, err := owner(file); err != nil || id != os.Geteuid() {
		t.Errorf("a file of one's own is user %d's, %v", id, err)
	}
	if err := own(filepath.Join(home, "none", "credentials")); err != nil {
		t.Errorf("what is not there yet: %v", err)
	}
}

// A link to a file that is not there yet, as managers of dot files make them, stays a link.
func TestWriteThroughDanglingLink(t *testing.T) {
	for _, target := range []string{"../dotfiles/config", "absolute"} {
		dir := t.TempDir()
		path, want := filepath.Join(dir, ".aws", "config"), filepath.Join(dir, "dotfiles", "config")
		if target == "absolute" {
			target = want
		}
		if err := os.Mkdir(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(target, path); err != nil {
			t.Fatal(err)
		}
		c := &Config{ConfigFile: path}
		if err := c.Set(Default, Setting{Key: "region", Value: "v"}); err != nil {
			t.Fatal(err)
		}
		if text, err := os.ReadFile(want); err != nil || string(text) != "[default]\nregion = v\n" {
			t.Errorf("%s: %q, %v", target, text, err)
		}
		if got, err := os.Readlink(path); err != nil || got != target {
			t.Errorf("the link is %q, %v", got, err)
		}
	}
}
