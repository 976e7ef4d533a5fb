// Package e2e meets the product as its users do: built binaries, real git, the
// unmodified AWS CLI, a server on loopback.
package e2e

import (
	"encoding/base32"
	"errors"
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

	"sojourn/internal/sojourntest"
	"sojourn/internal/totp"
)

// bin is the directory of the binaries under test.
var bin string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	if len(os.Args) == 4 && os.Args[1] == "totp" {
		return authenticator(os.Args[2], os.Args[3])
	}
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
	defer stores.stop()
	return sojourntest.Run(m)
}

// shell is a user of s with our binaries on the path.
func shell(s *sojourntest.Server) *sojourntest.Shell { return s.Shell(bin) }

// authenticator prints the code of a device with a seed in base 32, some steps
// ahead: the scripts' stand-in for an app on a phone.
func authenticator(text, ahead string) int {
	seed, err := base32.StdEncoding.DecodeString(text)
	steps, bad := strconv.ParseInt(ahead, 10, 64)
	if err := errors.Join(err, bad); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Println(totp.Code(seed, totp.Step(time.Now())+steps))
	return 0
}
