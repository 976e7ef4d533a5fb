package node

import (
	"fmt"
	"os"

	"golang.org/x/sys/windows"
)

// lockFile takes the lock that the file at path is; errLocked when another
// process has it. The operating system gives it up when the process ends,
// however it ends.
func lockFile(path string) (unlock func() error, err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("locking the data directory: %w", err)
	}
	const flags = windows.LOCKFILE_EXCLUSIVE_LOCK | windows.LOCKFILE_FAIL_IMMEDIATELY
	if err := windows.LockFileEx(windows.Handle(f.Fd()), flags, 0, 1, 0, new(windows.Overlapped)); err != nil {
		f.Close()
		return nil, errLocked
	}
	return f.Close, nil
}
