//go:build unix

package sqlite

import (
	"os"
	"runtime"
	"sync/atomic"
	"syscall"
	"unsafe"
)

// walIndex is the header in memory that all processes share. Nothing is written to it.
type walIndex struct {
	words *[2 * len(walHeader{})]uint32 // the header and its copy
}

// openWALIndex maps the WAL-index of a database to which the caller has a
// connection that has read: as long as that one is open, the file stays.
func openWALIndex(database string) (*walIndex, error) {
	f, err := os.Open(database + "-shm")
	if err != nil {
		return nil, err
	}
	holdFile(database, f)
	const size = int(unsafe.Sizeof(*walIndex{}.words))
	mem, err := syscall.Mmap(int(f.Fd()), 0, size, syscall.PROT_READ, syscall.MAP_SHARED)
	if err != nil {
		return nil, err
	}
	w := &walIndex{(*[2 * len(walHeader{})]uint32)(unsafe.Pointer(unsafe.SliceData(mem)))}
	runtime.AddCleanup(w, func(mem []byte) { syscall.Munmap(mem) }, mem)
	return w, nil
}

// read returns the header; false while it is being written, or is none.
func (w *walIndex) read() (h walHeader, ok bool) {
	defer runtime.KeepAlive(w)
	for range 10 {
		// SQLite writes the copy first and reads it last.
		same := true
		for i := range h {
			h[i] = atomic.LoadUint32(&w.words[i])
		}
		for i := range h {
			same = same && h[i] == atomic.LoadUint32(&w.words[len(h)+i])
		}
		if same {
			return h, h.known()
		}
	}
	return h, false
}
