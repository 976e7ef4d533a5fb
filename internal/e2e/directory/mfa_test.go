package directory

import (
	"encoding/base32"
	"path/filepath"
	"testing"

	"sojourn/internal/federation/directory/directorytest"
	"sojourn/internal/sojourntest"
	"sojourn/internal/totp"
)

// TestMFA has a person of Active Directory sign in with a code of the device
// that the trust policy demands, and clone; by the API and by sojourn login.
func TestMFA(t *testing.T) {
	t.Parallel()
	w := newWorld(t, activeDirectory, "ActiveDirectory")
	w.role(`{"StringEquals":{"ds:username":"alice"},"Bool":{"aws:MultiFactorAuthPresent":"true"}}`)
	seedFile := filepath.Join(w.admin.Home, "seed")
	w.admin.Run("aws", "--endpoint-url", w.URL, "iam", "create-virtual-mfa-device", "--virtual-mfa-device-name", "phone", "--bootstrap-method", "Base32StringSeed", "--outfile", seedFile)
	serial := "arn:aws:iam::" + sojourntest.Account + ":mfa/phone"
	seed, err := base32.StdEncoding.DecodeString(read(t, seedFile))
	if err != nil {
		t.Fatal(err)
	}
	code := func() string {
		w.Turn(totp.Period)
		return totp.Code(seed, totp.Step(w.Now()))
	}
	first, second := code(), code()
	w.admin.Run("sojourn", "ds", "enable-mfa-device", "--directory-id", w.id, "--user-name", "alice@ad.example.org", "--serial-number", serial,
		"--authentication-code1", first, "--authentication-code2", second)
	w.refuse("AccessDenied", "alice", directorytest.Password)
	w.refuse("AccessDenied", "dave", directorytest.Password, "--serial-number", serial, "--token-code", code())
	good := code()
	s := w.assume("ALICE", directorytest.Password, "--serial-number", serial, "--token-code", good)
	w.refuse("AccessDenied", "alice", directorytest.Password, "--serial-number", serial, "--token-code", good)
	w.cloneAndPush(s)
	w.signsInWithCode(serial, good, code())
	w.admin.Run("aws", "--endpoint-url", w.URL, "iam", "list-virtual-mfa-devices")
	w.admin.Run("sojourn", "ds", "disable-mfa-device", "--serial-number", serial)
	w.refuse("AccessDenied", "alice", directorytest.Password, "--serial-number", serial, "--token-code", code())
}
