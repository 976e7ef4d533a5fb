package git

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
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

// find returns an object's place in the index's order.
func (x *packIndex) find(oid string) (place int, ok bool, err error) {
	id, err := hex.DecodeString(oid)
	if err != nil {
		return 0, false, err
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
	return i, i < to && bytes.Equal(at(i), id), err
}

// has reports whether an object is in the pack.
func (x *packIndex) has(oid string) (bool, error) {
	_, ok, err := x.find(oid)
	return ok, err
}

// offset is where an object begins in the pack.
func (x *packIndex) offset(place int) (int64, error) {
	table := int64(8 + 4*256 + (20+4)*x.objects) // behind the names and their checksums
	var b [8]byte
	if _, err := x.ReadAt(b[:4], table+4*int64(place)); err != nil {
		return 0, err
	}
	off := binary.BigEndian.Uint32(b[:4])
	if off>>31 == 0 {
		return int64(off), nil
	}
	large := table + 4*int64(x.objects) + 8*int64(off&^(1<<31))
	_, err := x.ReadAt(b[:], large)
	return int64(binary.BigEndian.Uint64(b[:])), err
}

// packTypes are the kinds of objects as a pack numbers them. A delta's kind is its base's.
var packTypes = map[byte]string{1: "commit", 2: "tree", 3: "blob", 4: "tag"}

// kind tells what an object in the pack is, or "" when it is not there or that
// would take more than a look.
func (x *packIndex) kind(pack io.ReaderAt, oid string) (string, error) {
	place, ok, err := x.find(oid)
	if err != nil || !ok {
		return "", err
	}
	off, err := x.offset(place)
	if err != nil {
		return "", err
	}
	var b [1]byte
	if _, err := pack.ReadAt(b[:], off); err != nil {
		return "", err
	}
	return packTypes[b[0]>>4&7], nil
}
