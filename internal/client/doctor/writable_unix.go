//go:build unix

package doctor

import "golang.org/x/sys/unix"

// writable is nil where this process may make files in a directory.
func writable(dir string) error { return unix.Access(dir, unix.W_OK|unix.X_OK) }
