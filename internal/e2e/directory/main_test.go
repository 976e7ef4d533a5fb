// Package directory meets real directories as their people do: OpenLDAP and
// Samba as an Active Directory domain controller. They sign in with their
// password, get temporary credentials, clone and push with the helper.
package directory

import (
	"fmt"
	"os"
	"sync"
	"testing"

	"sojourn/internal/federation/directory/directorytest"
	"sojourn/internal/sojourntest"
)

// bin is the directory of the binaries under test.
var bin string

// openLDAP and activeDirectory start in the background, each once for all tests.
var openLDAP, activeDirectory func() (*directorytest.Directory, error)

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "sojourn-directory-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	var stops []func()
	defer func() {
		for _, stop := range stops {
			stop()
		}
	}()
	begin := func(name string, start func(string) (*directorytest.Directory, error)) func() (*directorytest.Directory, error) {
		f := sync.OnceValues(func() (*directorytest.Directory, error) {
			at := dir + "/" + name
			if err := os.Mkdir(at, 0o700); err != nil {
				return nil, err
			}
			return start(at)
		})
		started := make(chan struct{})
		go func() {
			f()
			close(started)
		}()
		stops = append(stops, func() {
			<-started
			if d, _ := f(); d != nil {
				d.Stop()
			}
		})
		return f
	}
	openLDAP = begin("openldap", directorytest.OpenLDAP)
	activeDirectory = begin("ad", directorytest.ActiveDirectory)
	bin = dir + "/bin"
	if err := os.Mkdir(bin, 0o700); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if err := sojourntest.Build(bin); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return sojourntest.Run(m)
}
