//go:build unix

package git

import (
	"os"
	"syscall"
)

// mapFile makes a file's bytes readable; unmap ends that.
func mapFile(f *os.File, size int64) (b []byte, unmap func() error, err error) {
	b, err = syscall.Mmap(int(f.Fd()), 0, int(size), syscall.PROT_READ, syscall.MAP_SHARED)
	return b, func() error { return syscall.Munmap(b) }, err
}
