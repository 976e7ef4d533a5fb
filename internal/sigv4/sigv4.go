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

// signature signs a canonical request. stamp is the time as it stands in the string to sign.
func (k *Key) signature(stamp, scope string, canonical []byte) Key {
	const hexDigits = "0123456789abcdef"
	var buf [256]byte
	b := append(buf[:0], algorithm...)
	b = append(b, '\n')
	b = append(b, stamp...)
	b = append(b, '\n')
	b = append(b, scope...)
	b = append(b, '\n')
	for _, c := range sha256.Sum256(canonical) {
		b = append(b, hexDigits[c>>4], hexDigits[c&15])
	}
	h := hmac.New(sha256.New, k[:])
	h.Write(b)
	return Key(h.Sum(buf[:0]))
}

func stamp(t time.Time) string { return t.UTC().Format(TimeFormat) }
