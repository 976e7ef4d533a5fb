// Package gitproto is what Git's smart protocol says in its pkt-lines
// (gitprotocol-pack, gitprotocol-v2): ref advertisements, the ls-refs command,
// a push's command list and its report. It is pure: bytes in, values out, and
// back.
//
// Packs and the fetch command are git's own business; HTTP is package githttp's.
package gitproto

import "fmt"

// ZeroOID stands on the wire for "no object": a ref that is created or deleted.
const ZeroOID = "0000000000000000000000000000000000000000"

// agent names us to clients. It tells no version: that helps nobody but attackers.
const agent = "agent=sojourn"

// Service is one of the two things a client may ask for.
type Service string

// The services, as they are spelled in URLs.
const (
	UploadPack  Service = "git-upload-pack"  // clone, fetch, ls-remote
	ReceivePack Service = "git-receive-pack" // push
)

// Error is a request that breaks the protocol. Its text may be shown to the client.
type Error struct{ Text string }

func (e *Error) Error() string { return e.Text }

func errorf(format string, args ...any) error { return &Error{fmt.Sprintf(format, args...)} }

// isOID reports whether s is an object id as git writes it.
func isOID(s string) bool {
	if len(s) != len(ZeroOID) {
		return false
	}
	for i := range len(s) {
		if c := s[i]; !('0' <= c && c <= '9' || 'a' <= c && c <= 'f') {
			return false
		}
	}
	return true
}
