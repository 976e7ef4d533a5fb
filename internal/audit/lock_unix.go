//go:build unix

package audit

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// lockFile waits until nobody else has f locked; shared locks go together.
func lockFile(f *os.File, shared bool) error {
	how := unix.LOCK_EX
	if shared {
		how = unix.LOCK_SH
	}
	for {
		if err := unix.Flock(int(f.Fd()), how); !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

// tryLockFile reports whether nobody else has f locked, and locks it if so.
func tryLockFile(f *os.File) bool {
	return unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) == nil
}

func unlockFile(f *os.File) error { return unix.Flock(int(f.Fd()), unix.LOCK_UN) }

// ownedAlone refuses a directory that is somebody else's, or that others may write to.
func ownedAlone(dir string, info os.FileInfo) error {
	if info.Mode().Perm()&0o022 != 0 {
		return fmt.Errorf("audit log %q has mode %04o: others may write to it; run chmod 700 on it", dir, info.Mode().Perm())
	}
	if st, ok := info.Sys().(*syscall.Stat_t); ok && int(st.Uid) != os.Geteuid() && st.Uid != 0 && os.Geteuid() != 0 {
		return fmt.Errorf("audit log %q belongs to another user", dir)
	}
	return nil
}

func syncDirectory(dir string) error { return syncDir(dir) }
