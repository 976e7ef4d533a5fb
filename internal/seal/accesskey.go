package seal

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"strconv"

	"sojourn/internal/arn"
)

const accessKeyIDSize = 20

// NewAccessKeyID makes an access key id in AWS's layout: the prefix, then in
// base32 one set bit, the account in 40 bits and 39 random bits. prefix is
// AKIA or ASIA; account must be 12 digits, anything else is a fault of the caller.
func NewAccessKeyID(prefix, account string) string {
	n, err := strconv.ParseUint(account, 10, 40)
	if err != nil || !arn.IsAccount(account) {
		panic(fmt.Sprintf("seal: access key id for account %q, which is not 12 digits", account))
	}
	var b [10]byte
	rand.Read(b[:]) // never fails
	// The account's 40 bits begin behind the first bit, so they end one bit before the sixth byte does.
	binary.BigEndian.PutUint64(b[:8], 1<<63|n<<23|binary.BigEndian.Uint64(b[:8])&(1<<23-1))
	return prefix + base32.StdEncoding.EncodeToString(b[:])
}

// AccountOf reads the account out of an access key id in AWS's layout.
func AccountOf(accessKeyID string) (string, bool) {
	if len(accessKeyID) != accessKeyIDSize {
		return "", false
	}
	b, err := base32.StdEncoding.DecodeString(accessKeyID[4:])
	if err != nil || len(b) != 10 || b[0]&0x80 == 0 {
		return "", false
	}
	n := binary.BigEndian.Uint64(b) << 1 >> 24
	account := fmt.Sprintf("%012d", n)
	return account, arn.IsAccount(account)
}

// NewID makes the unique id of a principal or policy: the prefix (AIDA, AROA,
// AGPA, ANPA) and 17 random base32 characters.
func NewID(prefix string) string {
	var b [11]byte
	rand.Read(b[:]) // never fails
	return prefix + base32.StdEncoding.EncodeToString(b[:])[:17]
}
