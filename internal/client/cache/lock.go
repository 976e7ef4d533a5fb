package cache

import (
	"context"
	"os"
	"path/filepath"
	"time"
)

// patience bounds the wait for another process, which may be asking its user for a code.
const patience = 3 * time.Minute

// Lock keeps other processes from fetching what key names until unlock is
// called or this process ends. It is a courtesy, not a condition: after
// patience, or where nothing can be locked, it returns without a lock, and the
// price is one more call of STS.
func (d Dir) Lock(ctx context.Context, key string) (unlock func()) {
	none := func() {}
	if d == "" || os.MkdirAll(string(d), 0o700) != nil {
		return none
	}
	f, err := os.OpenFile(filepath.Join(string(d), key+".lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return none
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for wait := time.Millisecond; ; wait = min(2*wait, 100*time.Millisecond) {
		locked, err := tryLock(f)
		if locked {
			return func() { f.Close() } // closing gives the lock back
		}
		if err != nil {
			f.Close()
			return none
		}
		select {
		case <-ctx.Done():
			f.Close()
			return none
		case <-time.After(wait):
		}
	}
}
