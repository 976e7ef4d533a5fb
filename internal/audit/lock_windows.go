package audit

import (
	"os"

	"golang.org/x/sys/windows"
)

// lockFile waits until nobody else has f locked; shared locks go together.
func lockFile(f *os.File, shared bool) error {
	flags := uint32(windows.LOCKFILE_EXCLUSIVE_LOCK)
	if shared {
		flags = 0
	}
	return windows.LockFileEx(windows.Handle(f.Fd()), flags, 0, 1, 0, &windows.Overlapped{OffsetHigh: 1})
}

// tryLockFile reports whether nobody else has f locked, and locks it if so.
func tryLockFile(f *os.File) bool {
	const flags = windows.LOCKFILE_EXCLUSIVE_LOCK | windows.LOCKFILE_FAIL_IMMEDIATELY
	return windows.LockFileEx(windows.Handle(f.Fd()), flags, 0, 1, 0, &windows.Overlapped{OffsetHigh: 1}) == nil
}

func unlockFile(f *os.File) error {
	return windows.UnlockFileEx(windows.Handle(f.Fd()), 0, 1, 0, &windows.Overlapped{OffsetHigh: 1})
}

// ownedAlone passes: Windows knows no modes.
func ownedAlone(string, os.FileInfo) error { return nil }

func syncDirectory(string) error { return nil } // Windows has no such call
