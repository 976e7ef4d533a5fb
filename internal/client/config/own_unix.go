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
func own(path string) error {
	for range 2 {
		for _, p := range []string{path, filepath.Dir(path)} {
			info, err := os.Lstat(p)
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err != nil {
				return err
			}
			if s, ok := info.Sys().(*syscall.Stat_t); ok && s.Uid != 0 && int(s.Uid) != os.Geteuid() {
				return fmt.Errorf("%s belongs to another user (id %d)", p, s.Uid)
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
