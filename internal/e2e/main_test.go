// Package e2e meets the product as its users do: built binaries, real git, the
// unmodified AWS CLI, a server on loopback.
package e2e

import (
	"fmt"
	"os"
	"testing"

	"sojourn/internal/sojourntest"
)

// bin is the directory of the binaries under test.
var bin string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "sojourn-bin-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	bin = dir
	if err := sojourntest.Build(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// shell is a user of s with our binaries on the path.
func shell(s *sojourntest.Server) *sojourntest.Shell { return s.Shell(bin) }
