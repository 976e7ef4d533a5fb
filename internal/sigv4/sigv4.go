// Package sigv4 signs and verifies requests with AWS Signature Version 4:
// header and presigned requests of the APIs, and the Git passwords of
// CodeCommit, which are signatures of a pseudo-request.
//
// It owns the forms and the arithmetic. It does not know whose key an access
// key id names, which regions and services a server accepts, or what a caller
// may do; and it reads no body: it is told the body's hash.
package sigv4

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"time"

	"sojourn/internal/secret"
)

const (
	algorithm  = "AWS4-HMAC-SHA256"
	terminator = "aws4_request"

	// emptySHA256 is the hash of the empty body of a presigned request.
	emptySHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
)

// Key is a signing key derived for one day, region and service.
type Key [sha256.Size]byte

// DeriveKey derives the signing key of a secret access key. date is YYYYMMDD, UTC.
func DeriveKey(secretKey string, date, region, service string) Key {
	k := mac([]byte("AWS4"+secretKey), date)
	k = mac(k[:], region)
	k = mac(k[:], service)
	return mac(k[:], terminator)
}

// Credentials sign. Token is empty for long-term keys.
type Credentials struct {
	AccessKeyID string
	Secret      secret.String
	Token       string
}

func mac(key []byte, message string) Key {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(message))
	return Key(h.Sum(nil))
}

// scope is the credential scope, without the access key id.
func scope(date, region, service string) string {
	return date + "/" + region + "/" + service + "/" + terminator
}

// signature signs a canonical request. The string to sign has the first size
// bytes of the time's stamp. It is hmac.New with this key, on the stack: a Git
// request is tried in several forms (RFC 2104; the key is shorter than a block).
func (k *Key) signature(t time.Time, size int, region, service string, canonical []byte) Key {
	const hexDigits = "0123456789abcdef"
	var buf [sha256.BlockSize + 256]byte
	k.pad(buf[:sha256.BlockSize], &innerPad)
	b := append(buf[:sha256.BlockSize], algorithm+"\n"...)
	at := len(b)
	b = appendStamp(b, t)[:at+size]
	date := b[at:][:len(dateFormat)]
	b = append(b, '\n')
	b = append(b, date...)
	for _, part := range [...]string{region, service, terminator} {
		b = append(b, '/')
		b = append(b, part...)
	}
	b = append(b, '\n')
	for _, c := range sha256.Sum256(canonical) {
		b = append(b, hexDigits[c>>4], hexDigits[c&15])
	}
	inner := sha256.Sum256(b)
	var outer [sha256.BlockSize + sha256.Size]byte
	k.pad(outer[:sha256.BlockSize], &outerPad)
	copy(outer[sha256.BlockSize:], inner[:])
	return sha256.Sum256(outer[:])
}

// HMAC's pads.
var (
	innerPad = [sha256.BlockSize]byte(bytes.Repeat([]byte{0x36}, sha256.BlockSize))
	outerPad = [sha256.BlockSize]byte(bytes.Repeat([]byte{0x5c}, sha256.BlockSize))
)

// pad writes one of HMAC's pads with the key.
func (k *Key) pad(b []byte, pad *[sha256.BlockSize]byte) {
	subtle.XORBytes(b, pad[:len(k)], k[:])
	copy(b[len(k):], pad[len(k):])
}
