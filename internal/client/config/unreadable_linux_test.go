package config

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
)

// Files that the user may not read or write: what it is, and what to do about
// it. The test is another user for as long, since root may do anything.
func TestForbidden(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "config")
	if err := os.WriteFile(path, []byte("[default]\n"), 0o000); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	env := Env(func(name string) (string, bool) {
		if name == "AWS_CONFIG_FILE" {
			return path, true
		}
		return "", false
	})
	runtime.LockOSThread() // the identity for files is a thread's; this one ends with the test
	if os.Getuid() == 0 {
		if err := syscall.Setfsuid(65534); err != nil {
			t.Fatal(err)
		}
		defer syscall.Setfsuid(0)
	}
	if _, err := Load(env); err == nil || !strings.Contains(err.Error(), "permission denied; make the file readable for you, or name another with AWS_CONFIG_FILE") {
		t.Errorf("reading: %v", err)
	}
	if err := replace(path, 0o600, nil); err == nil || !strings.Contains(err.Error(), "you may make no file in "+dir+"; change that, or name other files") {
		t.Errorf("writing: %v", err)
	}
}
