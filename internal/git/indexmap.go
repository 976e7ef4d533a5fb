package git

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"sort"
)

// oidBytes is an object id.
type oidBytes [20]byte

// indexMap is a pack's index of version 2 in memory, where it takes many
// look-ups. See packIndex for a few.
type indexMap struct {
	b       []byte
	unmap   func() error
	objects int
}

func mapIndex(path string) (*indexMap, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	const head, trailer = 8 + 4*256, 40
	if info.Size() < head+trailer {
		return nil, fmt.Errorf("pack index %q is cut short", path)
	}
	b, unmap, err := mapFile(f, info.Size())
	if err != nil {
		return nil, err
	}
	x := &indexMap{b: b, unmap: unmap, objects: int(binary.BigEndian.Uint32(b[head-4:]))}
	if string(b[:8]) != "\xfftOc\x00\x00\x00\x02" || int64(head+28*x.objects+trailer) > info.Size() {
		return nil, errors.Join(fmt.Errorf("pack index %q is not whole or not of version 2", path), unmap())
	}
	return x, nil
}

func (x *indexMap) fanout(i int) int { return int(binary.BigEndian.Uint32(x.b[8+4*i:])) }

// name is an object's id by its place in the index's order.
func (x *indexMap) name(place int) []byte {
	at := 8 + 4*256 + 20*place
	return x.b[at : at+20]
}

// find returns an object's place.
func (x *indexMap) find(id *oidBytes) (int, bool) {
	from, to := 0, min(x.fanout(int(id[0])), x.objects)
	if id[0] > 0 {
		from = min(x.fanout(int(id[0])-1), to)
	}
	i := from + sort.Search(to-from, func(i int) bool { return bytes.Compare(x.name(from+i), id[:]) >= 0 })
	return i, i < to && bytes.Equal(x.name(i), id[:])
}

// offset is where an object begins in the pack.
func (x *indexMap) offset(place int) int64 {
	table := 8 + 4*256 + 24*x.objects
	off := binary.BigEndian.Uint32(x.b[table+4*place:])
	if off>>31 == 0 {
		return int64(off)
	}
	large := table + 4*x.objects + 8*int(off&^(1<<31))
	if large+8 > len(x.b) {
		return -1
	}
	return int64(binary.BigEndian.Uint64(x.b[large:]))
}
