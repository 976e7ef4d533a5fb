//go:build unix

package file

import (
	"errors"
	"os"
)

// syncDir makes the names in a directory survive a power loss.
func syncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// syncFile makes a file's bytes and mode survive a power loss.
func syncFile(f *os.File) error { return f.Sync() }
