package node

import (
	"fmt"
	"os"

	"golang.org/x/sys/windows"
)

// lock keeps a second server out of the directory. The operating system gives
// it up when the process ends, however it ends.
func (d dataDir) lock() (unlock func() error, err error) {
	f, err := os.OpenFile(d.path("lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("locking the data directory: %w", err)
	}
	const flags = windows.LOCKFILE_EXCLUSIVE_LOCK | windows.LOCKFILE_FAIL_IMMEDIATELY
	if err := windows.LockFileEx(windows.Handle(f.Fd()), flags, 0, 1, 0, new(windows.Overlapped)); err != nil {
		f.Close()
		return nil, fmt.Errorf("data directory %s: another sojourn serve is using it", string(d))
	}
	return f.Close, nil
}
