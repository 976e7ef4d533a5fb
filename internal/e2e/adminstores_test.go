package e2e

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// do runs an admin command that must succeed, and returns what it prints.
func (m *moving) do(args ...string) string {
	m.t.Helper()
	out, err := m.admin(args...).CombinedOutput()
	if err != nil {
		m.t.Fatalf("admin %v: %v\n%s", args, err, out)
	}
	return string(out)
}

// The administrator's commands work on PostgreSQL and S3 as on a directory.
func TestAdminOverStores(t *testing.T) {
	t.Parallel()
	m := newMovingWith(t, few, true)
	name := m.names[len(m.names)-1] // with a history of all before it
	if out := m.do("fsck", "--all"); !strings.Contains(out, ": 0 problems") {
		t.Errorf("fsck: %s", out)
	}
	pack := m.aPack()
	whole, err := os.ReadFile(pack)
	if err != nil {
		t.Fatal(err)
	}
	damaged := bytes.Clone(whole)
	damaged[len(damaged)/2] ^= 1
	if err := os.WriteFile(pack, damaged, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := m.admin("fsck", "--all").CombinedOutput(); err == nil || !strings.Contains(string(out), ": blob: ") {
		t.Errorf("fsck of a damaged pack: %v %s", err, out)
	}
	if out, err := m.admin("backup", "--to", filepath.Join(t.TempDir(), "damaged")).CombinedOutput(); err == nil || !strings.Contains(string(out), "not whole") {
		t.Errorf("a backup of a damaged pack: %v %s", err, out)
	}
	if err := os.WriteFile(pack, whole, 0o600); err != nil {
		t.Fatal(err)
	}

	work := m.sh.In("work")
	work.Run("git", "checkout", "-q", "-b", "secret")
	write(t, work, "password", "hunter2")
	work.Run("git", "add", ".")
	work.Run("git", "commit", "-q", "-m", "oops")
	work.Run("git", "push", "-q", "codecommit://"+name, "secret")
	work.Run("git", "push", "-q", "codecommit://"+name, ":secret")
	oid := strings.TrimSpace(work.Run("git", "rev-parse", "secret:password"))
	if out := m.do("purge", "--repo", name, "--object", oid); !strings.Contains(out, "objects are left of") {
		t.Errorf("purge: %s", out)
	}
	if out := m.do("compact", "--all", "--base"); strings.Count(out, ": 1 packs, were ") != len(m.names) {
		t.Errorf("compact: %s", out)
	}
	before := m.objects("before")

	backup := filepath.Join(t.TempDir(), "backup")
	m.do("backup", "--to", backup, "--root-keys")
	m.push("later") // is in no backup
	m.p.kill()
	restored := func(into string, env []string) {
		t.Helper()
		m.p.data, m.p.env = filepath.Join(t.TempDir(), "data"), env
		m.do("restore", "--from", backup)
		m.p.start()
		m.sh.Set("AWS_CA_BUNDLE", filepath.Join(m.p.data, "tls", "ca.pem"))
		m.compare(before, m.objects(into))
		m.push("behind-" + into)
		if out := m.do("fsck", "--all"); !strings.Contains(out, ": 0 problems") {
			t.Errorf("fsck: %s", out)
		}
		m.p.kill()
	}
	restored("stores", grownEnv(t))
	restored("directory", nil)
	m.p.data, m.p.env = filepath.Join(t.TempDir(), "data"), m.env
	if out, err := m.admin("restore", "--from", backup).CombinedOutput(); err == nil || !strings.Contains(string(out), "nothing is overwritten") {
		t.Errorf("a restore over data: %v %s", err, out)
	}
	m.p.env = nil
	m.p.data = t.TempDir()
	m.p.start() // for the end
}

// aPack is the file of a pack in the bucket.
func (m *moving) aPack() string {
	m.t.Helper()
	found, err := filepath.Glob(stores.s3.File(m.bucket, "repos/*/packs/*.pack"))
	if err != nil || len(found) == 0 {
		m.t.Fatal(found, err)
	}
	return found[0]
}
