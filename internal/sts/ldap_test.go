package sts

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"sojourn/internal/awserr"
	"sojourn/internal/federation/directory"
	"sojourn/internal/mfa"
	"sojourn/internal/principal"
	"sojourn/internal/secret"
	"sojourn/internal/store"
	"sojourn/internal/totp"
	"sojourn/internal/wire/stswire"
)

// fakeDirectory lets in whom it is told, with one password.
type fakeDirectory struct{ people map[string]directory.Person }

const dirPassword = "Al1ce-Secret!"

func (f fakeDirectory) SignIn(_ context.Context, d store.Directory, name string, password secret.String, _ netip.Addr) (*directory.Person, error) {
	p, ok := f.people[strings.ToLower(strings.TrimSpace(name))]
	if !ok || password.Reveal() != dirPassword {
		return nil, &awserr.Error{Code: "IDPRejectedClaim", Status: 403, Message: "no", Cause: &directory.Refusal{Reason: "the password is wrong"}}
	}
	p.Directory = d.ID
	return &p, nil
}

// staff is a world with a directory in which alice and bob are.
func staff(t *testing.T) (w *world, dirARN string) {
	w = newWorld(t)
	d := store.Directory{Account: here, Region: "us-east-1", ID: "d-0123456789", Name: "Staff"}
	w.update(func(tx store.Tx) error { return tx.InsertDirectory(d) })
	w.people = fakeDirectory{map[string]directory.Person{
		"alice": {ID: "a", UserName: "alice", DN: "uid=alice,dc=e", Groups: []string{"cn=developers,dc=e", "cn=staff,dc=e"}},
		"bob":   {ID: "b", UserName: "bob", DN: "uid=bob,dc=e"},
		"jo k":  {ID: "j", UserName: "jo k", DN: "uid=jo k,dc=e"},
	}}
	return w, directory.ARN(d)
}

func (w *world) person(role, dir, name, password string, more ...func(*stswire.AssumeRoleWithLDAPIdentityInput)) (*stswire.AssumeRoleWithLDAPIdentityOutput, error) {
	in := &stswire.AssumeRoleWithLDAPIdentityInput{RoleArn: &role, DirectoryArn: &dir, UserName: &name, Password: &password}
	for _, f := range more {
		f(in)
	}
	return w.AssumeRoleWithLDAPIdentity(w.t.Context(), &principal.Caller{RequestID: "r", Time: w.time, Region: "us-east-1", SourceIP: netip.MustParseAddr("198.51.100.7")}, in)
}

func withCode(serial, code string) func(*stswire.AssumeRoleWithLDAPIdentityInput) {
	return func(in *stswire.AssumeRoleWithLDAPIdentityInput) {
		if serial != "" {
			in.SerialNumber = &serial
		}
		if code != "" {
			in.TokenCode = &code
		}
	}
}

func trustsDirectory(arn, condition string) string {
	return trusts(`{"Federated":"`+arn+`"}`, `"sts:AssumeRoleWithLDAPIdentity"`, condition)
}

const (
	notAuthorized = "Not authorized to perform sts:AssumeRoleWithLDAPIdentity"
	noDirectory   = "Specified provider doesn't exist."
)

func TestAssumeRoleWithLDAPIdentity(t *testing.T) {
	w, dir := staff(t)
	role := w.role(here, "R", trustsDirectory(dir, `{"ForAnyValue:StringEquals":{"ds:groups":"cn=staff,dc=e"},"StringEquals":{"ds:username":"alice","ds:dn":"uid=alice,dc=e"}}`))
	out, err := w.person(role, dir, " ALICE", dirPassword)
	if err != nil {
		t.Fatal(err)
	}
	if *out.AssumedRoleUser.Arn != "arn:aws:sts::"+here+":assumed-role/R/alice" || *out.Provider != dir || *out.Subject != "uid=alice,dc=e" || *out.SubjectId != "a" || out.PackedPolicySize != nil {
		t.Errorf("%+v", out)
	}
	s := w.session(out.Credentials)
	if s.Provider != dir || s.Claims["ds:username"][0] != "alice" || len(s.Claims["ds:groups"]) != 0 || !s.MFA.IsZero() || !s.Expires.Equal(w.time.Truncate(time.Second).Add(time.Hour)) {
		t.Errorf("the session is %+v", s.Session)
	}
	if rec := w.log.last(); rec.Decision != "Allow" || rec.Identity.Provider != dir || rec.Params["subjectId"] != "a" || rec.Params["mfa"] != "false" {
		t.Errorf("recorded %+v", rec)
	}
	_, err = w.person(role, dir, "alice", "wrong")
	wantError(t, "a wrong password", err, "IDPRejectedClaim", "no")
	if rec := w.log.last(); rec.Decision != "Deny" || rec.Params["directoryReason"] != "the password is wrong" || rec.Params["directoryArn"] != dir {
		t.Errorf("recorded %+v", rec)
	}
}

// What a session keeps of its directory is there for later policies, and is not
// to be had from another provider.
func TestKeysOfADirectoryAreADirectorys(t *testing.T) {
	w, dir := staff(t)
	role := w.role(here, "R", trustsDirectory(dir, ""))
	next := w.role(here, "Next", trusts(`{"AWS":"`+role+`"}`, `"sts:AssumeRole"`, `{"StringEquals":{"ds:username":"alice"}}`))
	w.inline(uniqueID("AROA", here, "R"), allows(`"sts:AssumeRole"`, "*"))
	out, err := w.person(role, dir, "alice", dirPassword)
	if err != nil {
		t.Fatal(err)
	}
	s := w.session(out.Credentials)
	_, err = w.assume(s, next, stswire.AssumeRoleInput{})
	wantError(t, "alice", err, "", "")
	s.Provider = "ds" // an OpenID Connect provider https://ds, whose claims begin with "ds:"
	_, err = w.assume(s, next, stswire.AssumeRoleInput{})
	wantError(t, "another provider", err, denied, "")
}

// TestDirectoryAttacks is the part of the corpus that is STS's own.
func TestDirectoryAttacks(t *testing.T) {
	w, dir := staff(t)
	w.update(func(tx store.Tx) error {
		return errors.Join(tx.InsertDirectory(store.Directory{Account: there, Region: "us-east-1", ID: "d-1111111111", Name: "Theirs"}),
			tx.InsertDirectory(store.Directory{Account: here, Region: "us-east-1", ID: "d-2222222222", Name: "Another"}))
	})
	role := w.role(here, "R", trustsDirectory(dir, `{"StringEquals":{"ds:username":["alice","jo k"]}}`))
	theirs := "arn:aws:ds:us-east-1:" + there + ":directory/d-1111111111"
	other := "arn:aws:ds:us-east-1:" + here + ":directory/d-2222222222"
	open := w.role(here, "Open", trusts(`{"Federated":"`+theirs+`"}`, `"sts:AssumeRoleWithLDAPIdentity"`, ""))
	byAccount := w.role(here, "ByAccount", trusts(accountOK, `"sts:AssumeRoleWithLDAPIdentity"`, ""))
	saml := w.role(here, "Saml", trusts(`{"Federated":"`+dir+`"}`, `"sts:AssumeRoleWithSAML"`, ""))
	for _, a := range []struct{ name, role, dir, user, code, text string }{
		{"a person who is not trusted", role, dir, "bob", denied, notAuthorized},
		{"another directory of the account", role, other, "alice", denied, notAuthorized},
		{"a directory of another account, which the role trusts", open, theirs, "alice", "InvalidIdentityToken", noDirectory},
		{"a directory that is not there", role, "arn:aws:ds:us-east-1:" + here + ":directory/d-9999999999", "alice", "InvalidIdentityToken", noDirectory},
		{"the same directory in another region", role, strings.Replace(dir, "us-east-1", "eu-west-1", 1), "alice", "InvalidIdentityToken", noDirectory},
		{"the directory by its id", role, "arn:aws:iam::" + here + ":directory/d-0123456789", "alice", awserr.ValidationError, ""},
		{"no ARN", role, "directory/d-0123456789", "alice", awserr.ValidationError, ""},
		{"a role that does not exist", "arn:aws:iam::" + here + ":role/None", dir, "alice", denied, notAuthorized},
		{"a role that trusts the account alone", byAccount, dir, "alice", denied, notAuthorized},
		{"a role that trusts the directory for something else", saml, dir, "alice", denied, notAuthorized},
		{"a name that no session can have", role, dir, "jo k", "IDPRejectedClaim", ""},
	} {
		_, err := w.person(a.role, a.dir, a.user, dirPassword)
		wantError(t, a.name, err, a.code, a.text)
		if rec := w.log.last(); rec.Decision != "Deny" {
			t.Errorf("%s is recorded as %+v", a.name, rec)
		}
	}
}

// deviceOf gives a person of the directory an enabled device.
func (w *world) deviceOf(person, name string) string {
	serial := "arn:aws:iam::" + here + ":mfa/" + name
	w.update(func(tx store.Tx) error {
		return tx.InsertMFADevice(store.MFADevice{Serial: serial, Account: here, Name: name, Path: "/", UserID: "d-0123456789/" + person,
			Seed: w.keys.SealSecret(mfa.SeedLabel, serial, deviceSeed)})
	})
	return serial
}

// TestDirectoryMFAAttacks is the part of the corpus of MFA that is about directories.
func TestDirectoryMFAAttacks(t *testing.T) {
	w, dir := staff(t)
	alices, bobs := w.deviceOf("a", "alice-phone"), w.deviceOf("b", "bob-phone")
	marias := w.device(w.user(here, "a", "")) // a user who is called as a person's id
	idle := w.deviceOf("", "nobody")
	w.update(func(tx store.Tx) error {
		d, err := tx.MFADevice(idle)
		d.UserID = ""
		return errors.Join(err, tx.UpdateMFADevice(d))
	})
	strict := w.role(here, "Strict", trustsDirectory(dir, withMFA))
	lenient := w.role(here, "Lenient", trustsDirectory(dir, `{"BoolIfExists":{"aws:MultiFactorAuthPresent":"true"}}`))
	ask := func(role, name, serial, code string) error {
		_, err := w.person(role, dir, name, dirPassword, withCode(serial, code))
		return err
	}
	wantError(t, "no code where the trust policy demands one", ask(strict, "alice", "", ""), denied, notAuthorized)
	wantError(t, "no code where it demands one if the key is there", ask(lenient, "alice", "", ""), denied, notAuthorized)
	wantError(t, "a device without a code", ask(strict, "alice", alices, ""), denied, oneOnly)
	wantError(t, "a code without a device", ask(strict, "alice", "", "123456"), denied, oneOnly)
	wantError(t, "another person's device", ask(strict, "alice", bobs, w.code()), denied, noDevice)
	wantError(t, "a user's device", ask(strict, "alice", marias, w.code()), denied, noDevice)
	wantError(t, "a device that nobody has", ask(strict, "alice", idle, w.code()), denied, noDevice)
	wantError(t, "a device that is not there", ask(strict, "alice", alices+"x", w.code()), denied, noDevice)
	wantError(t, "a code of letters", ask(strict, "alice", alices, "12345a"), denied, wrongCode)
	_, err := w.person(strict, dir, "alice", "wrong", withCode(alices, w.code()))
	wantError(t, "a code with a wrong password", err, "IDPRejectedClaim", "no")
	w.time = w.time.Add(-totp.Period)
	wantError(t, "the code of that request, which did not use it up", ask(strict, "alice", alices, w.code()), "", "")
	code := w.code()
	wantError(t, "the right code", ask(strict, " Alice", alices, code), "", "")
	wantError(t, "the right code again", ask(strict, "alice", alices, code), denied, wrongCode)
	wantError(t, "the right code again, in other letters", ask(strict, "ALICE", alices, code), denied, wrongCode)
	old := w.code()
	w.time = w.time.Add(3 * totp.Period)
	wantError(t, "a code of before", ask(strict, "alice", alices, old), denied, wrongCode)
	for range 5 {
		ask(strict, "alice", alices, "000000")
	}
	if err := ask(strict, "alice", alices, totp.Code(deviceSeed, totp.Step(w.time))); !awserr.Is(err, "Throttling") {
		t.Errorf("behind many wrong codes: %v", err)
	}
	w.time = w.time.Add(time.Hour)
	out, err := w.person(strict, dir, "alice", dirPassword, withCode(alices, w.code()))
	if err != nil {
		t.Fatal(err)
	}
	s := w.session(out.Credentials)
	w.inline(uniqueID("AROA", here, "Strict"), allows(`"sts:AssumeRole"`, "*"))
	next := w.role(here, "Next", trusts(accountOK, `"sts:AssumeRole"`, withMFA))
	_, err = w.assume(s, next, stswire.AssumeRoleInput{})
	wantError(t, "the session where MFA is demanded again", err, denied, "")
	_, err = w.assume(s, next, stswire.AssumeRoleInput{SerialNumber: &alices, TokenCode: new(w.code())})
	wantError(t, "the session with the person's device", err, denied, noDevice)
}

// One code in fifty requests at the same time is one sign-in.
func TestOneDirectoryCodeInFiftyRequests(t *testing.T) {
	w, dir := staff(t)
	alices := w.deviceOf("a", "alice-phone")
	role := w.role(here, "R", trustsDirectory(dir, withMFA))
	code := w.code()
	var all sync.WaitGroup
	var mu sync.Mutex
	good := 0
	for range 50 {
		all.Go(func() {
			if _, err := w.person(role, dir, "alice", dirPassword, withCode(alices, code)); err == nil {
				mu.Lock()
				defer mu.Unlock()
				good++
			}
		})
	}
	all.Wait()
	if good != 1 {
		t.Errorf("accepted %d times", good)
	}
}
