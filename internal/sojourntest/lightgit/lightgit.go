// Package lightgit makes pushes without git, for tests that push many times as
// often as its processes can.
package lightgit

import (
	"bytes"
	"compress/zlib"
	"crypto/sha1"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"strings"

	"sojourn/internal/pktline"
)

// emptyTree is the tree of all commits.
const emptyTree = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"

// Commit makes a commit by who, its nth, and the pack that brings it. Parent is "" for none.
func Commit(parent, who string, n int) (oid string, pack []byte) {
	body := "tree " + emptyTree + "\n"
	if parent != "" {
		body += "parent " + parent + "\n"
	}
	by := fmt.Sprintf("%s <c@example.com> %d +0000\n", who, 1_700_000_000+n)
	body += "author " + by + "committer " + by + fmt.Sprintf("\n%s %d\n", who, n)
	sum := sha1.Sum(fmt.Appendf(nil, "commit %d\x00%s", len(body), body))
	b := binary.BigEndian.AppendUint32([]byte("PACK\x00\x00\x00\x02"), 2)
	b = appendObject(b, 1, body)
	b = appendObject(b, 2, "")
	trailer := sha1.Sum(b)
	return hex.EncodeToString(sum[:]), append(b, trailer[:]...)
}

// appendObject appends an object of a pack: type and size, then the text deflated.
func appendObject(b []byte, kind byte, text string) []byte {
	size := len(text)
	first := kind<<4 | byte(size&15)
	for size >>= 4; size > 0; size >>= 7 {
		b = append(b, first|0x80)
		first = byte(size & 0x7f)
	}
	b = append(b, first)
	var deflated bytes.Buffer
	w := zlib.NewWriter(&deflated)
	io.WriteString(w, text)
	w.Close()
	return append(b, deflated.Bytes()...)
}

// PushBody is the body of a push of one change with a pack. Old or new is "" for
// creation and deletion.
func PushBody(ref, old, new string, pack []byte) []byte {
	orZero := func(oid string) string {
		if oid == "" {
			return strings.Repeat("0", 40)
		}
		return oid
	}
	b := pktline.Append(nil, orZero(old)+" "+orZero(new)+" "+ref+"\x00 report-status")
	return append(append(b, pktline.FlushPacket...), pack...)
}
