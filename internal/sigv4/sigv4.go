// Package sigv4 signs and verifies requests with AWS Signature Version 4:
// header and presigned requests of the APIs, and the Git passwords of
// CodeCommit, which are signatures of a pseudo-request.
//
// It owns the forms and the arithmetic. It does not know whose key an access
// key id names, which regions and services a server accepts, or what a caller
// may do; and it reads no body: it is told the body's hash.
package sigv4

import (
	"crypto/hmac"
	"crypto/sha256"
	"time"

	"sojourn/internal/secret"
)

// TimeFormat is ISO 8601's basic format, as X-Amz-Date and Git passwords use it.
const TimeFormat = "20060102T150405Z"

const (
	algorithm  = "AWS4-HMAC-SHA256"
	terminator = "aws4_request"
	dateFormat = "20060102"

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

// signature signs a canonical request. format is that of the time in the string
// to sign and begins with dateFormat. It is hmac.New with this key, on the stack:
// a Git request is tried in several forms (RFC 2104; the key is shorter than a block).
func (k *Key) signature(t time.Time, format, region, service string, canonical []byte) Key {
	const hexDigits = "0123456789abcdef"
	var buf [sha256.BlockSize + 256]byte
	b := k.pad(buf[:0], 0x36)
	b = append(b, algorithm+"\n"...)
	at := len(b)
	b = t.UTC().AppendFormat(b, format)
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
	return sha256.Sum256(append(k.pad(outer[:0], 0x5c), inner[:]...))
}

// pad appends the key, filled up to a block, with each byte changed by x.
func (k *Key) pad(b []byte, x byte) []byte {
	for i := range sha256.BlockSize {
		c := x
		if i < len(k) {
			c ^= k[i]
		}
		b = append(b, c)
	}
	return b
}

func stamp(t time.Time) string { return t.UTC().Format(TimeFormat) }
