//go:build unix

package sqlite

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
