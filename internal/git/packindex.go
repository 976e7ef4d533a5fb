package git

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"os"
	"sort"
)

// packIndex reads a pack's index of version 2 (gitformat-pack), which is what
// index-pack writes.
type packIndex struct {
	*os.File
	objects int
	fanout  [256]uint32
}

func openPackIndex(path string) (*packIndex, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	x := &packIndex{File: f}
	var head [8 + 4*256]byte
	if _, err = f.ReadAt(head[:], 0); err == nil && string(head[:8]) != "\xfftOc\x00\x00\x00\x02" {
		err = fmt.Errorf("pack index %q is not of version 2", path)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	for i := range x.fanout {
		x.fanout[i] = binary.BigEndian.Uint32(head[8+4*i:])
	}
	x.objects = int(x.fanout[255])
	return x, nil
}

// has reports whether an object is in the pack.
func (x *packIndex) has(oid string) (bool, error) {
	id, err := hex.DecodeString(oid)
	if err != nil {
		return false, err
	}
	from, to := 0, int(x.fanout[id[0]])
	if id[0] > 0 {
		from = int(x.fanout[id[0]-1])
	}
	at := func(i int) []byte {
		var b [20]byte
		if _, e := x.ReadAt(b[:], int64(8+4*256+20*i)); e != nil {
			err = e
		}
		return b[:]
	}
	i := from + sort.Search(to-from, func(i int) bool { return bytes.Compare(at(from+i), id) >= 0 })
	return i < to && bytes.Equal(at(i), id), err
}
