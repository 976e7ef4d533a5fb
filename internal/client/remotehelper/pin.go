package remotehelper

import (
	"encoding/base32"
	"fmt"
	"strings"

	"sojourn/internal/client/session"
	"sojourn/internal/remoteurl"
)

// A URL may say which account its repository is in, so that a profile of
// another account, with a repository of the same name, is not taken by mistake:
//
//	codecommit://111122223333:PROFILE@REPOSITORY
//	codecommit://111122223333:@REPOSITORY
//
// A profile that is really called so goes first.

// cutPin splits the account off a profile's name.
func cutPin(u remoteurl.URL) (account string, rest remoteurl.URL, ok bool) {
	account, name, ok := strings.Cut(u.Profile, ":")
	if !ok || len(account) != 12 || strings.Trim(account, "0123456789") != "" {
		return "", u, false
	}
	u.Profile, u.HasProfile = name, name != ""
	return account, u, true
}

// checkPin compares the account that a key belongs to, which its id tells.
func checkPin(want, keyID string, s *session.Session) error {
	if want == "" {
		return nil
	}
	got, ok := accountOf(keyID)
	switch {
	case !ok:
		return fmt.Errorf("the URL wants account %s, and the access key %s of profile %q does not tell its account; leave the account out of the URL", want, keyID, s.Name)
	case got != want:
		return fmt.Errorf("the URL wants account %s, and the credentials of profile %q are of account %s; name a profile of that account, for example one that assumes a role there", want, s.Name, got)
	}
	return nil
}

// accountOf reads the account out of an access key id, where AWS has put it
// since 2019: 40 bits behind the first of the id, base32.
func accountOf(keyID string) (string, bool) {
	if len(keyID) != 20 || !strings.HasPrefix(keyID, "AKIA") && !strings.HasPrefix(keyID, "ASIA") || keyID[4] < 'Q' || keyID[4] > 'Z' {
		return "", false // before 2019, ids began with other letters
	}
	b, err := base32.StdEncoding.DecodeString(keyID[4:])
	if err != nil {
		return "", false
	}
	var n uint64
	for _, c := range b[:6] {
		n = n<<8 | uint64(c)
	}
	account := n & 0x7fffffffff80 >> 7
	return fmt.Sprintf("%012d", account), account < 1e12
}
