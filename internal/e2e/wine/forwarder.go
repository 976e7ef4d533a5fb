//go:build wine

// Package wine runs the Windows programs under wine: paths, line ends, locks,
// HOME and USERPROFILE as a user on Windows has them. It is no part of "make
// test", because wine is 400 MB; "make test-windows" installs and runs it.
package wine

import (
	"bytes"
	"encoding/binary"
)

// forwarder is a Windows library for amd64 that holds no code: its one function
// is another library's. Go's runtime wants ProcessPrng of bcryptprimitives.dll,
// which Debian's wine 8 does not have, and which differs from the older
// SystemFunction036 (RtlGenRandom) in name only.
func forwarder(library, function, to string) []byte {
	const (
		rva     = 0x1000 // of the one section
		headers = 0x200
	)
	var export bytes.Buffer
	put := func(b *bytes.Buffer, values ...any) {
		for _, v := range values {
			binary.Write(b, binary.LittleEndian, v) // a Buffer takes everything
		}
	}
	at := func(n int) uint32 { return rva + uint32(n) }
	// Behind the directory: address of the function, of its name, its ordinal, then the texts.
	texts := 40 + 4 + 4 + 4
	name, called := texts, texts+len(library)+1
	target := called + len(function) + 1
	put(&export, uint32(0), uint32(0), uint32(0), at(name), uint32(1), uint32(1), uint32(1), at(40), at(44), at(48))
	put(&export, at(target), at(called), uint16(0), uint16(0))
	export.WriteString(library + "\x00" + function + "\x00" + to + "\x00")
	size := uint32(export.Len())

	var b bytes.Buffer
	b.WriteString("MZ")
	b.Write(make([]byte, 58))
	put(&b, uint32(64))
	b.WriteString("PE\x00\x00")
	put(&b, uint16(0x8664), uint16(1), uint32(0), uint32(0), uint32(0), uint16(240), uint16(0x2022))
	put(&b, uint16(0x20b), uint16(0), uint32(0), uint32(0x200), uint32(0), uint32(0), uint32(0), uint64(0x180000000), uint32(0x1000), uint32(0x200),
		uint16(6), uint16(0), uint16(0), uint16(0), uint16(6), uint16(0), uint32(0), uint32(0x2000), uint32(headers), uint32(0), uint16(3), uint16(0x160),
		uint64(0x100000), uint64(0x1000), uint64(0x100000), uint64(0x1000), uint32(0), uint32(16))
	put(&b, uint32(rva), size)
	b.Write(make([]byte, 15*8))
	b.WriteString(".edata\x00\x00")
	put(&b, size, uint32(rva), uint32(0x200), uint32(headers), uint32(0), uint32(0), uint16(0), uint16(0), uint32(0x40000040))
	b.Write(make([]byte, headers-b.Len()))
	b.Write(export.Bytes())
	b.Write(make([]byte, headers+0x200-b.Len()))
	return b.Bytes()
}
