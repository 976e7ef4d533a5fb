//go:build unix

package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// own refuses a file, the link that leads to it, or a directory of either that
// another user (not root) could have put there to read what is written.
func own(path string) error { return ownedBy(os.Geteuid(), path, owner) }

// owner is the id of the user whose a file is; a link is a file of its own.
func owner(path string) (int, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return 0, err
	}
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(s.Uid), nil
	}
	return 0, nil
}

func ownedBy(self int, path string, owner func(path string) (int, error)) error {
	for range 2 {
		for _, p := range []string{path, filepath.Dir(path)} {
			id, err := owner(p)
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err != nil {
				return err
			}
			if id != 0 && id != self {
				return fmt.Errorf("%s belongs to another user (id %d)", p, id)
			}
		}
		target, err := filepath.EvalSymlinks(path)
		if err != nil {
			return nil // not there yet
		}
		path = target
	}
	return nil
}
