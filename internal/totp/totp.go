// Package totp computes the time-based one-time passwords of RFC 6238 as AWS's
// virtual MFA devices do: HMAC-SHA-1, six digits, steps of 30 seconds.
//
// It keeps no state: that a code is accepted once only is its caller's business.
package totp

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // RFC 6238's algorithm, which every authenticator speaks; HMAC does not need collision resistance
	"crypto/subtle"
	"encoding/binary"
	"fmt"
	"time"
)

// Period is the length of a step.
const Period = 30 * time.Second

// Digits is the length of a code.
const Digits = 6

// Step is the number of the step that t is in.
func Step(t time.Time) int64 { return t.Unix() / int64(Period/time.Second) }

// Code is the code of a step.
func Code(seed []byte, step int64) string {
	h := hmac.New(sha1.New, seed)
	h.Write(binary.BigEndian.AppendUint64(nil, uint64(step)))
	sum := h.Sum(nil)
	at := sum[len(sum)-1] & 0xf
	n := binary.BigEndian.Uint32(sum[at:]) & 0x7fffffff
	return fmt.Sprintf("%06d", n%1_000_000)
}

// Find returns the step within reach of center whose code, and the ones behind
// it, are codes. Every step is compared, in constant time.
func Find(seed []byte, center, reach int64, codes ...string) (step int64, ok bool) {
	for s := center - reach; s <= center+reach; s++ {
		match := 1
		for i, code := range codes {
			match &= subtle.ConstantTimeCompare([]byte(Code(seed, s+int64(i))), []byte(code))
		}
		if match == 1 {
			step, ok = s, true
		}
	}
	return step, ok
}
