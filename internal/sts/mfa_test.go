package sts

import (
	"testing"
	"time"

	"sojourn/internal/mfa"
	"sojourn/internal/principal"
	"sojourn/internal/store"
	"sojourn/internal/totp"
	"sojourn/internal/wire/stswire"
)

const (
	wrongCode = "MultiFactorAuthentication failed with invalid MFA one time pass code. "
	noDevice  = "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number is valid and associated with this user."
	oneOnly   = "MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code."
)

var deviceSeed = []byte("12345678901234567890")

// device gives the user an enabled device and returns its serial number.
func (w *world) device(c *principal.Caller) string {
	w.t.Helper()
	serial := "arn:aws:iam::" + c.Account + ":mfa/" + c.Name
	w.update(func(tx store.Tx) error {
		return tx.InsertMFADevice(store.MFADevice{Serial: serial, Account: c.Account, Name: c.Name, Path: "/", UserID: c.ID,
			Seed: w.keys.SealSecret(mfa.SeedLabel, serial, deviceSeed)})
	})
	return serial
}

// code is the device's next code: each is good once, so the clock goes on.
func (w *world) code() string {
	w.time = w.time.Add(totp.Period)
	return totp.Code(deviceSeed, totp.Step(w.time))
}

const withMFA = `{"Bool":{"aws:MultiFactorAuthPresent":"true"},"NumericLessThan":{"aws:MultiFactorAuthAge":"60"}}`

// TestSessionWithMFA: the proof stays with a session of GetSessionToken, into a
// later AssumeRole, and ages.
func TestSessionWithMFA(t *testing.T) {
	w := newWorld(t)
	maria := w.user(here, "maria", allows(`"sts:*"`, "*"))
	serial := w.device(maria)
	role := w.role(here, "R", trusts(accountOK, `"sts:AssumeRole"`, withMFA))
	bare, err := w.sessionToken(maria, stswire.GetSessionTokenInput{})
	if err != nil {
		t.Fatal(err)
	}
	proven, err := w.sessionToken(maria, stswire.GetSessionTokenInput{SerialNumber: &serial, TokenCode: new(w.code())})
	if err != nil {
		t.Fatal(err)
	}
	if !proven.MFA.Equal(w.time.Truncate(time.Second)) {
		t.Errorf("proven at %v", proven.MFA)
	}
	_, err = w.assume(bare, role, stswire.AssumeRoleInput{})
	wantError(t, "without", err, denied, refusal(bare, "sts:AssumeRole", role))
	out := w.mustAssume(proven, role, stswire.AssumeRoleInput{})
	if s := w.session(out.Credentials); !s.MFA.IsZero() {
		t.Errorf("the role's session carries MFA: %v", s.MFA)
	}
	proven.Time = proven.Time.Add(time.Minute)
	_, err = w.assume(proven, role, stswire.AssumeRoleInput{})
	wantError(t, "too old", err, denied, refusal(proven, "sts:AssumeRole", role))
}

// TestAssumeRoleWithMFA: the code counts for this very request.
func TestAssumeRoleWithMFA(t *testing.T) {
	w := newWorld(t)
	maria := w.user(here, "maria", allows(`"sts:*"`, "*"))
	serial := w.device(maria)
	other := w.device(w.user(here, "other", ""))
	role := w.role(here, "R", trusts(accountOK, `"sts:AssumeRole"`, withMFA))
	assume := func(c *principal.Caller, serial, code string) error {
		c.Time = w.time
		in := stswire.AssumeRoleInput{}
		if serial != "" {
			in.SerialNumber = &serial
		}
		if code != "" {
			in.TokenCode = &code
		}
		out, err := w.assume(c, role, in)
		if err == nil && !w.session(out.Credentials).MFA.IsZero() {
			t.Error("the role's session carries MFA")
		}
		return err
	}
	wantError(t, "none", assume(maria, "", ""), denied, refusal(maria, "sts:AssumeRole", role))
	wantError(t, "no code", assume(maria, serial, ""), denied, oneOnly)
	wantError(t, "no device", assume(maria, "", "123456"), denied, oneOnly)
	wantError(t, "another's device", assume(maria, other, w.code()), denied, noDevice)
	wantError(t, "no such device", assume(maria, serial+"x", w.code()), denied, noDevice)
	code := w.code()
	wantError(t, "good", assume(maria, serial, code), "", "")
	wantError(t, "used before", assume(maria, serial, code), denied, wrongCode)
	wantError(t, "wrong", assume(maria, serial, "000000"), denied, wrongCode)
	if rec := w.log.last(); rec.Decision != "Deny" || rec.ErrorCode != denied {
		t.Errorf("record %+v", rec)
	}
	bare, err := w.sessionToken(maria, stswire.GetSessionTokenInput{})
	if err != nil {
		t.Fatal(err)
	}
	wantError(t, "a session with a code", assume(bare, serial, w.code()), "", "")
	w.inline(uniqueID("AROA", here, "R"), allows(`"sts:*"`, "*"))
	in := w.mustAssume(bareWithMFA(t, w, maria, serial), role, stswire.AssumeRoleInput{})
	wantError(t, "a role has no device", assume(w.session(in.Credentials), serial, w.code()), denied, noDevice)
}

func bareWithMFA(t *testing.T, w *world, c *principal.Caller, serial string) *principal.Caller {
	t.Helper()
	s, err := w.sessionToken(c, stswire.GetSessionTokenInput{SerialNumber: &serial, TokenCode: new(w.code())})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSessionTokenRefusesBadCodes(t *testing.T) {
	w := newWorld(t)
	maria := w.user(here, "maria", "")
	serial := w.device(maria)
	for _, c := range []struct{ serial, code, want string }{{serial, "", oneOnly}, {serial, "000000", wrongCode}, {serial + "x", "000000", noDevice}} {
		in := stswire.GetSessionTokenInput{SerialNumber: &c.serial}
		if c.code != "" {
			in.TokenCode = &c.code
		}
		_, err := w.sessionToken(maria, in)
		wantError(t, c.serial+" "+c.code, err, denied, c.want)
	}
	root := rootOf(here)
	root.Expires = w.time.Add(time.Hour)
	_, err := w.sessionToken(root, stswire.GetSessionTokenInput{SerialNumber: &serial, TokenCode: new(w.code())})
	wantError(t, "root has no device", err, denied, noDevice)
}
