package sqlite

import (
	"os"
	"sync"
)

// walHeader is what SQLite keeps at the beginning of the file beside the
// database whose name ends in "-shm", the WAL-index (https://sqlite.org/walformat.html,
// "The WAL-Index File Format"): twelve words, among them a counter of commits and
// a checksum over all that is in the WAL. Readers find out by it whether there is
// something new, and it changes with each commit of any process at the moment
// from which on others see it.
type walHeader [12]uint32

// The words of the header that are looked at.
const (
	walVersion = 0
	walIsInit  = 3 // its first byte; all bytes differ from 0 when it is one
)

// walFormat is the one that is known here.
const walFormat = 3007000

func (h *walHeader) known() bool { return h[walVersion] == walFormat && h[walIsInit] != 0 }

// held are the files of this process that must stay open. To close a file drops
// all locks that the process has on it (POSIX, fcntl), also those of SQLite on
// other descriptors; so these are closed with the last Store of the database.
var held = struct {
	sync.Mutex
	stores map[string]int
	files  map[string][]*os.File
}{stores: map[string]int{}, files: map[string][]*os.File{}}

func hold(database string) {
	held.Lock()
	defer held.Unlock()
	held.stores[database]++
}

func holdFile(database string, f *os.File) {
	held.Lock()
	defer held.Unlock()
	held.files[database] = append(held.files[database], f)
}

// letGo is called when all connections of a Store are closed.
func letGo(database string) {
	held.Lock()
	defer held.Unlock()
	if held.stores[database]--; held.stores[database] > 0 {
		return
	}
	for _, f := range held.files[database] {
		f.Close()
	}
	delete(held.stores, database)
	delete(held.files, database)
}
