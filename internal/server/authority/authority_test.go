package authority

import (
	"crypto/x509"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestTheRootStaysAndTheCertificateRenews(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "tls")
	now := time.Now()
	clock := func() time.Time { return now }
	a, err := Open(dir, []string{"localhost", "127.0.0.1", "::1", "git.example.com"}, clock)
	if err != nil {
		t.Fatal(err)
	}
	first, err := a.Certificate(nil)
	if err != nil {
		t.Fatal(err)
	}
	trusted(t, dir, first.Leaf, now)
	now = now.Add(50 * 24 * time.Hour)
	if same, _ := a.Certificate(nil); same != first {
		t.Error("a certificate with 40 days left was renewed")
	}
	now = now.Add(20 * 24 * time.Hour)
	second, err := a.Certificate(nil)
	if err != nil || second == first {
		t.Fatal("a certificate with 20 days left was not renewed", err)
	}
	trusted(t, dir, second.Leaf, now)

	again, err := Open(dir, []string{"localhost", "127.0.0.1", "::1", "git.example.com"}, clock)
	if err != nil {
		t.Fatal(err)
	}
	third, _ := again.Certificate(nil)
	trusted(t, dir, third.Leaf, now)
	if info, _ := os.Stat(filepath.Join(dir, "ca.key")); info.Mode().Perm() != 0o600 {
		t.Errorf("ca.key has mode %v", info.Mode())
	}
}

// trusted verifies leaf as a client does that has only ca.pem.
func trusted(t *testing.T, dir string, leaf *x509.Certificate, now time.Time) {
	t.Helper()
	pem, err := os.ReadFile(filepath.Join(dir, "ca.pem"))
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	for _, host := range []string{"localhost", "127.0.0.1", "::1", "git.example.com"} {
		if _, err := leaf.Verify(x509.VerifyOptions{DNSName: host, Roots: roots, CurrentTime: now}); err != nil {
			t.Error(err)
		}
	}
	if _, err := leaf.Verify(x509.VerifyOptions{DNSName: "evil.example.com", Roots: roots, CurrentTime: now}); err == nil {
		t.Error("the certificate is for any host")
	}
}

func TestDamagedAuthority(t *testing.T) {
	dir := t.TempDir()
	if _, err := Open(dir, []string{"localhost"}, time.Now); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "ca.key"), []byte("nonsense"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir, []string{"localhost"}, time.Now); err == nil {
		t.Error("a damaged key was taken, or replaced")
	}
}
