package directorytest

import (
	"encoding/base64"
	"encoding/binary"
	"unicode/utf16"
)

// adPassword is a password in the form of the attribute unicodePwd: in quotes,
// UTF-16, and here in base64.
func adPassword(text string) string {
	var b []byte
	for _, u := range utf16.Encode([]rune(`"` + text + `"`)) {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return base64.StdEncoding.EncodeToString(b)
}
