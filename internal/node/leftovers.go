package node

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// settled is how old a directory must be before it can be a dead command's: one
// that is younger may not have its lock yet.
const settled = time.Minute

// ownCache makes a directory of this command's own in the data directory, where
// packs can be linked, and removes those of commands that were killed. Whoever
// uses one holds its lock.
func (d dataDir) ownCache() (cache string, remove func() error, err error) {
	if err := d.sweepCaches(time.Now().Add(-settled)); err != nil {
		return "", nil, err
	}
	dir, err := os.MkdirTemp(string(d), "admin-")
	if err != nil {
		return "", nil, err
	}
	unlock, err := lockFile(filepath.Join(dir, "lock"))
	if err != nil {
		return "", nil, err
	}
	return filepath.Join(dir, "cache"), func() error { return errors.Join(unlock(), os.RemoveAll(dir)) }, nil
}

func (d dataDir) sweepCaches(before time.Time) error {
	found, err := filepath.Glob(d.path("admin-*"))
	if err != nil {
		return err
	}
	for _, dir := range found {
		info, err := os.Stat(dir)
		if err != nil || info.ModTime().After(before) {
			continue // it is in use, or was removed meanwhile
		}
		unlock, err := lockFile(filepath.Join(dir, "lock"))
		if err != nil {
			continue
		}
		if err := errors.Join(unlock(), os.RemoveAll(dir)); err != nil {
			return fmt.Errorf("removing what a command left that was killed: %w", err)
		}
	}
	return nil
}

// restoring makes the directory beside the data directory into which a restore
// goes until it is whole, and empties the one of a restore that was killed.
func (d dataDir) restoring() (part dataDir, unlock func() error, err error) {
	part = dataDir(filepath.Clean(string(d)) + ".restoring")
	if err := os.MkdirAll(string(part), 0o700); err != nil {
		return "", nil, err
	}
	if unlock, err = lockFile(part.path("lock")); err != nil {
		return "", nil, fmt.Errorf("%q: %w", string(part), err)
	}
	left, err := os.ReadDir(string(part))
	for _, e := range left {
		if e.Name() != "lock" {
			err = errors.Join(err, os.RemoveAll(part.path(e.Name())))
		}
	}
	if err != nil {
		return "", nil, errors.Join(err, unlock())
	}
	return part, unlock, nil
}
