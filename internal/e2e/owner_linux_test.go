package e2e

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// Who can read the directory is its administrator, root too; what root's commands
// leave there is the server's user's.
func TestRootAdministersAnotherUsersServer(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Log("who is not root cannot try it")
		return
	}
	t.Parallel()
	top := t.TempDir()
	for _, dir := range []string{filepath.Dir(top), top} { // another user can reach it
		if err := os.Chmod(dir, 0o711); err != nil {
			t.Fatal(err)
		}
	}
	p := &process{t: t, data: filepath.Join(top, "data"), addr: "127.0.0.1:0"}
	p.start()
	p.kill()
	const other = 12345
	each(t, p.data, func(path string, _ fs.FileInfo) {
		if err := os.Lchown(path, other, other); err != nil {
			t.Fatal(err)
		}
	})
	for _, args := range [][]string{{"credentials"}, {"account", "list"}, {"account", "create", "--id", "222233334444", "--name", "second"}, {"root-key", "status"}, {"root-key", "announce"}, {"fsck", "--all"}} {
		out, err := exec.Command(filepath.Join(bin, "sojourn"), append(append([]string{"admin"}, args...), "--data", p.data)...).CombinedOutput()
		if err != nil {
			t.Errorf("admin %s: %v: %s", strings.Join(args, " "), err, out)
		}
	}
	each(t, p.data, func(path string, info fs.FileInfo) {
		if s := info.Sys().(*syscall.Stat_t); s.Uid != other || s.Gid != other {
			t.Errorf("%s belongs to %d:%d", path, s.Uid, s.Gid)
		}
	})
}

func each(t *testing.T, dir string, f func(path string, info fs.FileInfo)) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err == nil {
			f(path, info)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
