package metadataserver

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"time"
)

// tokens are those of IMDSv2. None is kept: a token is its end and a random
// number, and their code under a key that lives as long as the process. So no
// number of them fills the memory, and another machine's is worth nothing.
type tokens struct{ key [32]byte }

func newTokens() *tokens {
	t := new(tokens)
	rand.Read(t.key[:]) // never fails
	return t
}

const (
	tokenEnd    = 8
	tokenHead   = tokenEnd + 16
	tokenLength = tokenHead + sha256.Size
)

func (t *tokens) issue(expires time.Time) string {
	var b [tokenHead]byte
	binary.BigEndian.PutUint64(b[:], uint64(expires.UnixMilli()))
	rand.Read(b[tokenEnd:]) // never fails
	return base64.RawURLEncoding.EncodeToString(append(b[:], t.code(b[:])...))
}

func (t *tokens) code(head []byte) []byte {
	h := hmac.New(sha256.New, t.key[:])
	h.Write(head)
	return h.Sum(nil)
}

// good reports whether text is a token of this process that has not expired.
func (t *tokens) good(text string, now time.Time) bool {
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(b) != tokenLength || !hmac.Equal(b[tokenHead:], t.code(b[:tokenHead])) {
		return false
	}
	return uint64(now.UnixMilli()) < binary.BigEndian.Uint64(b)
}
