//go:build unix

package node

import (
	"os"
	"strings"
	"testing"
)

// Root would leave files in another user's directory that this user's server cannot read.
func TestRootIsToldOfTheServersUser(t *testing.T) {
	for _, p := range []Place{{Data: t.TempDir()}, {Data: t.TempDir(), Metadata: "postgres://sojourn@127.0.0.1/sojourn", Objects: "s3://sojourn-packs"}} {
		audit := p.dir().audit()
		if err := os.MkdirAll(audit, 0o700); err != nil {
			t.Fatal(err)
		}
		refused := func() bool {
			_, err := p.OpenAdmin(t.Context())
			return err != nil && strings.Contains(err.Error(), "sudo -u #12345")
		}
		if refused() {
			t.Errorf("%+v: refused to its owner", p)
		}
		if os.Getuid() != 0 {
			continue // who is not root cannot read it at all
		}
		if err := os.Chown(audit, 12345, 12345); err != nil {
			t.Fatal(err)
		}
		if !refused() {
			t.Errorf("%+v: root may change it as root", p)
		}
	}
}
