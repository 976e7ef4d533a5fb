package e2e

import (
	"encoding/base32"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"sojourn/internal/sojourntest"
	"sojourn/internal/totp"
)

// guarded is a server with two users, maria and eve, each with an MFA device,
// and roles that ask for one.
type guarded struct {
	*api
	t          *testing.T
	maria, eve *holder
}

// holder is a user with a device.
type holder struct {
	*api
	name, serial, text string
	seed               []byte
}

const mfaRole = "arn:aws:iam::" + sojourntest.Account + ":role/"

func newGuarded(t *testing.T) *guarded { return newGuardedOn(t, sojourntest.Start(t)) }

func newGuardedOn(t *testing.T, s *sojourntest.Server) *guarded {
	t.Helper()
	g := &guarded{api: &api{t: t, s: s, cred: s.Root("")}, t: t}
	for name, condition := range map[string]string{
		"Bool":     `"Bool":{"aws:MultiFactorAuthPresent":"true"}`,
		"IfExists": `"BoolIfExists":{"aws:MultiFactorAuthPresent":"true"}`,
		"Null":     `"Null":{"aws:MultiFactorAuthAge":"false"}`,
		"Fresh":    `"NumericLessThan":{"aws:MultiFactorAuthAge":"300"}`,
	} {
		trust := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"` + sojourntest.Account + `"},"Action":"sts:AssumeRole","Condition":{` + condition + `}}]}`
		g.role(name, trust, allow("*"))
	}
	g.role("Open", trustAccount(sojourntest.Account), allow("*"))
	g.maria, g.eve = g.holder("maria"), g.holder("eve")
	return g
}

// holder makes a user and enables a device of the same name.
func (g *guarded) holder(name string) *holder {
	g.t.Helper()
	h := &holder{api: g.asUser(name), name: name}
	h.device(g, name)
	if err := h.enable(g.api, h.code(-1), h.code(0)); err != nil {
		g.t.Fatal(err)
	}
	g.s.Turn(2 * totp.Period)
	return h
}

// device makes a device that nobody has yet.
func (h *holder) device(g *guarded, name string) {
	g.t.Helper()
	made := g.query("iam", "Action", "CreateVirtualMFADevice", "VirtualMFADeviceName", name)
	text, err := base64.StdEncoding.DecodeString(made["Base32StringSeed"])
	if err != nil {
		g.t.Fatal(err)
	}
	h.serial, h.text = made["SerialNumber"], string(text)
	if h.seed, err = base32.StdEncoding.DecodeString(h.text); err != nil {
		g.t.Fatal(err)
	}
}

func (h *holder) code(steps int64) string { return totp.Code(h.seed, totp.Step(h.s.Now())+steps) }

// next turns the clock to a step of which no code was used.
func (h *holder) next() string {
	h.s.Turn(2 * totp.Period)
	return h.code(0)
}

func (h *holder) enable(by *api, first, second string) error {
	_, err := by.tryQuery("iam", "Action", "EnableMFADevice", "UserName", h.name, "SerialNumber", h.serial, "AuthenticationCode1", first, "AuthenticationCode2", second)
	return err
}

func (h *holder) resync(by *api, first, second string) error {
	_, err := by.tryQuery("iam", "Action", "ResyncMFADevice", "UserName", h.name, "SerialNumber", h.serial, "AuthenticationCode1", first, "AuthenticationCode2", second)
	return err
}

// token is GetSessionToken with a code of a device.
func (h *holder) token(serial, code string) error {
	_, err := h.tryQuery("sts", "Action", "GetSessionToken", "SerialNumber", serial, "TokenCode", code)
	return err
}

// session is a session by the device's next code, or without.
func (h *holder) session(proven bool) *api {
	h.t.Helper()
	params := []string{"Action", "GetSessionToken"}
	if proven {
		params = append(params, "SerialNumber", h.serial, "TokenCode", h.next())
	}
	return &api{t: h.t, s: h.s, cred: credentials(h.query("sts", params...))}
}

func assumeRole(by *api, role string, more ...string) (*api, error) {
	out, err := by.tryQuery("sts", append([]string{"Action", "AssumeRole", "RoleArn", mfaRole + role, "RoleSessionName", "s1"}, more...)...)
	return &api{t: by.t, s: by.s, cred: credentials(out)}, err
}

const (
	badCode   = "AccessDenied: MultiFactorAuthentication failed with invalid MFA one time pass code."
	badDevice = "AccessDenied: MultiFactorAuthentication failed, unable to validate MFA code."
	badPair   = "InvalidAuthenticationCode: "
	untrusted = "AccessDenied: User: "
)

// refused checks an answer that must be a refusal of this kind.
func refused(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("answered %v, want %q", err, want)
	}
}

func accepted(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Errorf("refused: %v", err)
	}
}

// mfaAttacks is the corpus against MFA, over HTTP. Each entry fails without the
// check that it names, and has a benign request beside it where one is possible.
var mfaAttacks = []struct {
	name, check string
	run         func(t *testing.T, g *guarded)
}{
	{"one code in 50 requests at once", "the step is compared and set in one transaction", func(t *testing.T, g *guarded) {
		code := g.maria.next()
		answers := make([]error, 50)
		var wg sync.WaitGroup
		for i := range answers {
			wg.Go(func() { answers[i] = g.maria.token(g.maria.serial, code) })
		}
		wg.Wait()
		taken := 0
		for _, err := range answers {
			if err == nil {
				taken++
			} else {
				refused(t, err, badCode)
			}
		}
		if taken != 1 {
			t.Errorf("accepted %d times", taken)
		}
	}},
	{"a code that was used", "a step is not taken twice", func(t *testing.T, g *guarded) {
		code := g.maria.next()
		accepted(t, g.maria.token(g.maria.serial, code))
		refused(t, g.maria.token(g.maria.serial, code), badCode)
	}},
	{"a code that was used in another operation", "all operations take it from one place", func(t *testing.T, g *guarded) {
		code := g.maria.next()
		_, err := assumeRole(g.maria.api, "Bool", "SerialNumber", g.maria.serial, "TokenCode", code)
		accepted(t, err)
		refused(t, g.maria.token(g.maria.serial, code), badCode)
	}},
	{"the code before one that was used", "steps go up only", func(t *testing.T, g *guarded) {
		g.maria.next()
		before := g.maria.code(-1)
		accepted(t, g.maria.token(g.maria.serial, g.maria.code(0)))
		refused(t, g.maria.token(g.maria.serial, before), badCode)
	}},
	{"a code that was used, behind a restart", "the step is in the store", func(t *testing.T, g *guarded) {
		code := g.maria.next()
		accepted(t, g.maria.token(g.maria.serial, code))
		g.s.Restart()
		refused(t, g.maria.token(g.maria.serial, code), badCode)
	}},
	{"a code that enabled the device", "enabling takes the step", func(t *testing.T, g *guarded) {
		h := &holder{api: g.maria.api, name: "maria"}
		h.device(g, "second")
		first, second := h.code(-1), h.code(0)
		accepted(t, h.enable(g.api, first, second))
		refused(t, h.token(h.serial, second), badCode)
		refused(t, h.token(h.serial, first), badCode)
	}},
	{"a code that was used, behind a deactivation", "the step outlives it", func(t *testing.T, g *guarded) {
		g.maria.next()
		first, second := g.maria.code(-1), g.maria.code(0)
		accepted(t, g.maria.token(g.maria.serial, second))
		g.query("iam", "Action", "DeactivateMFADevice", "UserName", "maria", "SerialNumber", g.maria.serial)
		refused(t, g.maria.enable(g.api, first, second), badPair)
		g.maria.next()
		accepted(t, g.maria.enable(g.api, g.maria.code(-1), g.maria.code(0)))
	}},
	{"a code of two steps ago", "the window", func(t *testing.T, g *guarded) {
		g.maria.next()
		refused(t, g.maria.token(g.maria.serial, g.maria.code(-2)), badCode)
		accepted(t, g.maria.token(g.maria.serial, g.maria.code(-1)))
	}},
	{"a code of two steps ahead", "the window", func(t *testing.T, g *guarded) {
		g.maria.next()
		refused(t, g.maria.token(g.maria.serial, g.maria.code(2)), badCode)
		accepted(t, g.maria.token(g.maria.serial, g.maria.code(1)))
	}},
	{"a resync with codes that were used", "a resync takes the step", func(t *testing.T, g *guarded) {
		g.maria.next()
		first, second := g.maria.code(0), g.maria.code(1)
		accepted(t, g.maria.token(g.maria.serial, second))
		refused(t, g.maria.resync(g.api, first, second), badPair)
	}},
	{"a resync with codes of another time", "a resync reaches five minutes", func(t *testing.T, g *guarded) {
		g.maria.next()
		refused(t, g.maria.resync(g.api, g.maria.code(11), g.maria.code(12)), badPair)
		refused(t, g.maria.resync(g.api, g.maria.code(5), g.maria.code(7)), badPair)
		refused(t, g.maria.resync(g.api, g.maria.code(6), g.maria.code(5)), badPair)
		refused(t, g.maria.resync(g.api, g.maria.code(5), g.maria.code(5)), badPair)
		accepted(t, g.maria.resync(g.api, g.maria.code(5), g.maria.code(6)))
	}},
	{"a resync of another's device", "the device must be the named user's", func(t *testing.T, g *guarded) {
		g.maria.next()
		stolen := *g.maria
		stolen.name = "eve"
		refused(t, stolen.resync(g.api, stolen.code(5), stolen.code(6)), "NoSuchEntity")
		refused(t, g.maria.token(g.maria.serial, g.maria.code(6)), badCode) // and it had no effect
	}},
	{"guessing by resyncs", "wrong pairs are counted", func(t *testing.T, g *guarded) {
		for range 6 {
			refused(t, g.maria.resync(g.api, "000000", "000000"), badPair)
		}
		refused(t, g.maria.resync(g.api, "000000", "000000"), "Throttling: ")
		g.maria.next()
		accepted(t, g.maria.resync(g.api, g.maria.code(0), g.maria.code(1)))
	}},
	{"another user's device", "a device is its user's", func(t *testing.T, g *guarded) {
		code := g.maria.next()
		refused(t, g.eve.token(g.maria.serial, code), badDevice)
		refused(t, g.maria.token(g.eve.serial, g.eve.code(0)), badDevice)
		accepted(t, g.maria.token(g.maria.serial, code))
	}},
	{"another user's code", "the code is the device's", func(t *testing.T, g *guarded) {
		g.eve.next()
		refused(t, g.eve.token(g.eve.serial, g.maria.code(0)), badCode)
	}},
	{"a device of another account", "a device is found in its own account", func(t *testing.T, g *guarded) {
		const other = "444455556666"
		g.s.CreateAccount(other)
		stranger := &api{t: t, s: g.s, cred: g.s.Root(other)}
		foreign := &holder{api: stranger.asUser("maria"), name: "maria", serial: g.maria.serial, seed: g.maria.seed}
		g.maria.next()
		refused(t, foreign.token(foreign.serial, foreign.code(0)), badDevice)
		refused(t, foreign.enable(stranger, foreign.code(-1), foreign.code(0)), "NoSuchEntity")
		refused(t, foreign.resync(stranger, foreign.code(0), foreign.code(1)), "NoSuchEntity")
		_, err := stranger.tryQuery("iam", "Action", "DeactivateMFADevice", "UserName", "maria", "SerialNumber", g.maria.serial)
		refused(t, err, "NoSuchEntity")
	}},
	{"other spellings of a serial number", "serial numbers are compared as they are", func(t *testing.T, g *guarded) {
		code := g.maria.next()
		for _, serial := range []string{strings.ToUpper(g.maria.serial), strings.Replace(g.maria.serial, "mfa/", "mfa//", 1), strings.Replace(g.maria.serial, "mfa/", "mfa/./", 1),
			g.maria.serial + "/", strings.Replace(g.maria.serial, "maria", "Maria", 1), strings.Replace(g.maria.serial, "iam::", "iam:us-east-1:", 1)} {
			refused(t, g.maria.token(serial, code), badDevice)
		}
		accepted(t, g.maria.token(g.maria.serial, code))
	}},
	{"a device that was deactivated", "a device without a user proves nothing", func(t *testing.T, g *guarded) {
		g.query("iam", "Action", "DeactivateMFADevice", "UserName", "maria", "SerialNumber", g.maria.serial)
		refused(t, g.maria.token(g.maria.serial, g.maria.next()), badDevice)
	}},
	{"a device that was never enabled", "a device without a user proves nothing", func(t *testing.T, g *guarded) {
		h := &holder{api: g.maria.api, name: "maria"}
		h.device(g, "second")
		refused(t, h.token(h.serial, h.next()), badDevice)
	}},
	{"a device of a user who was deleted and made again", "a device belongs to a unique id", func(t *testing.T, g *guarded) {
		key := g.maria.cred.AccessKeyID
		for _, params := range [][]string{{"DeleteAccessKey", "AccessKeyId", key}, {"DeleteUserPolicy", "PolicyName", "inline"}} {
			g.query("iam", append([]string{"Action", params[0], "UserName", "maria"}, params[1:]...)...)
		}
		_, err := g.tryQuery("iam", "Action", "DeleteUser", "UserName", "maria")
		refused(t, err, "DeleteConflict") // it has a device
		g.query("iam", "Action", "DeactivateMFADevice", "UserName", "maria", "SerialNumber", g.maria.serial)
		g.query("iam", "Action", "DeleteUser", "UserName", "maria")
		again := &holder{api: g.asUser("maria"), name: "maria", serial: g.maria.serial, seed: g.maria.seed}
		refused(t, again.token(again.serial, again.next()), badDevice)
	}},
	{"a device that is another's already", "a device has one user", func(t *testing.T, g *guarded) {
		g.maria.next()
		stolen := *g.maria
		stolen.name = "eve"
		refused(t, stolen.enable(g.api, stolen.code(-1), stolen.code(0)), "EntityAlreadyExists")
		_, err := g.tryQuery("iam", "Action", "DeactivateMFADevice", "UserName", "eve", "SerialNumber", g.maria.serial)
		refused(t, err, "NoSuchEntity")
	}},
	{"other spellings of a code", "six ASCII digits", func(t *testing.T, g *guarded) {
		code := g.maria.next()
		wide := strings.Map(func(r rune) rune { return r - '0' + '０' }, code)
		for _, c := range []string{code + " ", " " + code, code[:3] + " " + code[3:], code + "\n", wide, wide[:3] + code[1:], strings.Map(func(r rune) rune { return r - '0' + '٠' }, code),
			code + "0", code[:5], "+" + code[1:], "-" + code[1:], "0x" + code[:4], code[:5] + "\x00", code + "\x00", "      ", "１２３４５６"} {
			if err := g.maria.token(g.maria.serial, c); err == nil {
				t.Errorf("%q was accepted", c)
			}
		}
		if err := g.maria.token(g.maria.serial, ""); err == nil {
			t.Error("a serial number alone was accepted")
		}
		_, err := g.maria.tryQuery("sts", "Action", "GetSessionToken", "TokenCode", code)
		refused(t, err, "must provide both")
		accepted(t, g.maria.token(g.maria.serial, code)) // none of them counted as a guess
	}},
	{"guessing", "a delay that doubles", func(t *testing.T, g *guarded) {
		for range 6 {
			refused(t, g.maria.token(g.maria.serial, "000000"), badCode)
		}
		refused(t, g.maria.token(g.maria.serial, "000000"), "400 Throttling: Rate exceeded: too many wrong MFA codes. Try again in ")
		refused(t, g.maria.token(g.maria.serial, g.maria.code(0)), "Throttling: ") // a right one is not told from a wrong one
		g.s.Turn(2 * time.Second)
		refused(t, g.maria.token(g.maria.serial, "000000"), badCode)
		g.s.Turn(3 * time.Second)
		refused(t, g.maria.token(g.maria.serial, "000000"), "Throttling: ")
		accepted(t, g.eve.token(g.eve.serial, g.eve.next())) // another's device
		accepted(t, g.maria.token(g.maria.serial, g.maria.next()))
	}},
	{"guessing in 50 requests at once", "failures are counted in one transaction", func(t *testing.T, g *guarded) {
		answers := make([]error, 50)
		var wg sync.WaitGroup
		for i := range answers {
			wg.Go(func() { answers[i] = g.maria.token(g.maria.serial, fmt.Sprintf("%06d", i)) })
		}
		wg.Wait()
		looked := 0
		for _, err := range answers {
			if err == nil || !strings.Contains(err.Error(), "Throttling") {
				looked++
			}
		}
		if looked > 7 { // the seventh where the requests take longer than two seconds
			t.Errorf("%d guesses were looked at", looked)
		}
	}},
	{"guessing behind a restart", "failures are in the store", func(t *testing.T, g *guarded) {
		for range 8 {
			g.s.Turn(time.Minute)
			refused(t, g.maria.token(g.maria.serial, "000000"), badCode)
		}
		g.s.Restart()
		refused(t, g.maria.token(g.maria.serial, g.maria.code(0)), "Throttling: ")
	}},
	{"guessing at an access key's cost", "a device's delay is no one else's", func(t *testing.T, g *guarded) {
		for range 20 {
			g.eve.token(g.maria.serial, "000000") // it is not eve's, and does not count
		}
		accepted(t, g.maria.token(g.maria.serial, g.maria.next()))
	}},
	{"a session whose code is old", "aws:MultiFactorAuthAge grows", func(t *testing.T, g *guarded) {
		s := g.maria.session(true)
		_, err := assumeRole(s, "Fresh")
		accepted(t, err)
		g.s.Turn(5 * time.Minute)
		_, err = assumeRole(s, "Fresh")
		refused(t, err, untrusted)
		_, err = assumeRole(s, "Bool") // present it still is
		accepted(t, err)
	}},
	{"a role's session of who had given a code", "role sessions do not carry MFA on", func(t *testing.T, g *guarded) {
		in, err := assumeRole(g.maria.api, "Bool", "SerialNumber", g.maria.serial, "TokenCode", g.maria.next())
		accepted(t, err)
		_, err = assumeRole(in, "Open")
		accepted(t, err)
		for _, role := range []string{"Bool", "IfExists", "Null", "Fresh"} {
			_, err := assumeRole(in, role)
			refused(t, err, untrusted)
		}
	}},
	{"a role's session with its maker's device", "roles have no device", func(t *testing.T, g *guarded) {
		in, err := assumeRole(g.maria.api, "Open")
		accepted(t, err)
		_, err = assumeRole(in, "Bool", "SerialNumber", g.maria.serial, "TokenCode", g.maria.next())
		refused(t, err, badDevice)
	}},
	{"the root with a user's device", "the root has no device", func(t *testing.T, g *guarded) {
		_, err := g.tryQuery("sts", "Action", "GetSessionToken", "SerialNumber", g.maria.serial, "TokenCode", g.maria.next())
		refused(t, err, badDevice)
	}},
	{"a federated user of who had given a code", "federated users do not carry MFA on", func(t *testing.T, g *guarded) {
		g.query("iam", "Action", "PutUserPolicy", "UserName", "maria", "PolicyName", "inline", "PolicyDocument", allow("*"))
		accepted(t, g.maria.token(g.maria.serial, g.maria.next()))
		policy := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"codecommit:*","Resource":"*","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}}]}`
		out := g.maria.query("sts", "Action", "GetFederationToken", "Name", "guest", "Policy", policy)
		guest := &api{t: t, s: g.s, cred: credentials(out)}
		if status, body := guest.tryJSON("ListRepositories", "{}"); status != 400 || !strings.Contains(body, "AccessDenied") {
			t.Errorf("%d %s", status, body)
		}
	}},
	{"a session without a code", "aws:MultiFactorAuthPresent is false, not absent", func(t *testing.T, g *guarded) {
		bare, proven := g.maria.session(false), g.maria.session(true)
		for _, role := range []string{"Bool", "IfExists", "Null", "Fresh"} {
			_, err := assumeRole(bare, role)
			refused(t, err, untrusted)
			_, err = assumeRole(proven, role)
			accepted(t, err)
		}
	}},
	{"an access key without a code", "the keys are absent, as on AWS", func(t *testing.T, g *guarded) {
		for role, want := range map[string]bool{"Bool": false, "IfExists": true, "Null": false, "Fresh": false} {
			if _, err := assumeRole(g.maria.api, role); (err == nil) != want {
				t.Errorf("%s: %v", role, err)
			}
		}
	}},
	{"a session that would renew its proof", "a session gets no session", func(t *testing.T, g *guarded) {
		s := &holder{api: g.maria.session(true), serial: g.maria.serial}
		refused(t, s.token(s.serial, g.maria.next()), "AccessDenied: Cannot call GetSessionToken with session credentials")
	}},
	{"the seed, asked for again", "it is shown once", func(t *testing.T, g *guarded) {
		var shown strings.Builder
		for _, params := range [][]string{{"ListVirtualMFADevices"}, {"ListMFADevices", "UserName", "maria"}, {"GetMFADevice", "SerialNumber", g.maria.serial, "UserName", "maria"},
			{"GetAccountAuthorizationDetails"}, {"ListMFADeviceTags", "SerialNumber", g.maria.serial}, {"GetUser", "UserName", "maria"}} {
			out, _ := g.tryQuery("iam", append([]string{"Action"}, params...)...)
			fmt.Fprintln(&shown, out)
		}
		_, err := g.tryQuery("iam", "Action", "CreateVirtualMFADevice", "VirtualMFADeviceName", "maria")
		fmt.Fprintln(&shown, err)
		refused(t, err, "EntityAlreadyExists")
		files, _ := filepath.Glob(filepath.Join(g.s.Data, "audit", "*"))
		for _, f := range append(files, filepath.Join(g.s.Data, "sojourn.db"), filepath.Join(g.s.Data, "sojourn.db-wal")) {
			b, _ := os.ReadFile(f)
			shown.Write(b)
		}
		shown.WriteString(g.s.Logs.String())
		for what, text := range map[string]string{"seed": string(g.maria.seed), "seed in base 32": g.maria.text, "seed in base 64": base64.StdEncoding.EncodeToString([]byte(g.maria.text))} {
			if strings.Contains(shown.String(), text) {
				t.Errorf("the %s is shown", what)
			}
		}
	}},
	{"names that would be more in the QR code's URI", "names have a grammar", func(t *testing.T, g *guarded) {
		for _, name := range []string{"x?secret=AAAA", "x&secret=AAAA", "x#y", "x%3Fsecret=AAAA", "x/../y", "x y", "x\r\ny", "<svg>", "x;y", "é", ""} {
			if _, err := g.tryQuery("iam", "Action", "CreateVirtualMFADevice", "VirtualMFADeviceName", name); err == nil {
				t.Errorf("%q was accepted", name)
			}
		}
		for _, path := range []string{"/x?secret=AAAA/ ", "/é/", "x"} {
			if _, err := g.tryQuery("iam", "Action", "CreateVirtualMFADevice", "VirtualMFADeviceName", "n", "Path", path); err == nil {
				t.Errorf("the path %q was accepted", path)
			}
		}
	}},
}

func TestMFAAttacks(t *testing.T) {
	for _, a := range mfaAttacks {
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			a.run(t, newGuarded(t))
		})
	}
	if len(mfaAttacks) < 20 {
		t.Errorf("%d attacks, want at least 20", len(mfaAttacks))
	}
}
