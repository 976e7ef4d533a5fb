package ds

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sojourn/internal/audit"
	"sojourn/internal/awserr"
	"sojourn/internal/federation/directory"
	"sojourn/internal/gate"
	"sojourn/internal/mfa"
	"sojourn/internal/principal"
	"sojourn/internal/seal"
	"sojourn/internal/store"
	"sojourn/internal/store/sqlite"
	"sojourn/internal/totp"
	"sojourn/internal/wire/dswire"
)

const (
	here   = "111122223333"
	there  = "444455556666"
	secret = "S3rvice-Secret!"
)

// world is a service over a real store and gate; directories are a fake.
type world struct {
	*Service
	t       *testing.T
	records []audit.Record
	time    time.Time
}

func (w *world) Record(r audit.Record) error {
	w.records = append(w.records, r)
	return nil
}

// fake knows alice.
type fake struct{}

func (fake) Find(_ context.Context, d store.Directory, name string) (*directory.Found, error) {
	if name != "alice" {
		return nil, &directory.Refusal{Reason: "there is no such user"}
	}
	return &directory.Found{Person: directory.Person{Directory: d.ID, ID: "a", UserName: "alice", DN: "uid=alice,dc=e"}}, nil
}

func (fake) Test(_ context.Context, d store.Directory) ([]directory.Answer, error) {
	return []directory.Answer{{URL: d.URLs[0]}, {URL: "ldaps://b", Err: errors.New("connection refused")}}, nil
}

func newWorld(t *testing.T) *world {
	t.Helper()
	dir := t.TempDir()
	db, err := sqlite.Open(t.Context(), filepath.Join(dir, "metadata.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	keys, err := seal.CreateKeyring(filepath.Join(dir, "root.key"))
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, time: time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)}
	w.Service = New(Options{Store: db, Gate: gate.New(db, w), Keys: keys, Directories: fake{}, Region: "us-east-1", Now: func() time.Time { return w.time }})
	return w
}

func root(account string) *principal.Caller {
	return &principal.Caller{Session: principal.Session{Kind: principal.Root, Account: account, ID: account}, Temporary: true, RequestID: "r"}
}

func (w *world) create(name string) dswire.Directory {
	w.t.Helper()
	out, err := w.CreateDirectory(w.t.Context(), root(here), &dswire.CreateDirectoryInput{Name: &name, Kind: new("OpenLDAP"), Urls: []string{"ldaps://ldap.example.org"},
		BindDN: new("cn=sojourn,dc=e"), BindPassword: new(secret), BaseDN: new("dc=e")})
	if err != nil {
		w.t.Fatal(err)
	}
	return *out.Directory
}

func (w *world) stored(id string) store.Directory {
	w.t.Helper()
	d, err := w.load(w.t.Context(), here, id)
	if err != nil {
		w.t.Fatal(err)
	}
	return d
}

func want(t *testing.T, what string, err error, code string) {
	t.Helper()
	if code == "" && err != nil || code != "" && !awserr.Is(err, code) {
		t.Errorf("%s: %v, want %q", what, err, code)
	}
}

func TestLife(t *testing.T) {
	w, ctx := newWorld(t), t.Context()
	d := w.create("Staff")
	if *d.Arn != "arn:aws:ds:us-east-1:"+here+":directory/"+*d.DirectoryId || *d.GroupNesting != "Walk" || *d.IdentityAttribute != "entryUUID" || *d.GroupBaseDN != "dc=e" {
		t.Errorf("made %+v", d)
	}
	kept := w.stored(*d.DirectoryId)
	if strings.Contains(string(kept.BindPassword), secret) {
		t.Error("the password is stored as it is")
	}
	if plain, err := w.o.Keys.OpenSecret(directory.PasswordLabel, kept.ID, kept.BindPassword); err != nil || string(plain) != secret {
		t.Errorf("the password opens to %q, %v", plain, err)
	}
	w.create("Lab")
	_, err := w.UpdateDirectory(ctx, root(here), &dswire.UpdateDirectoryInput{DirectoryId: d.DirectoryId, Name: new("lab")})
	want(t, "a name that is taken", err, dswire.ErrEntityAlreadyExists)
	_, err = w.UpdateDirectory(ctx, root(here), &dswire.UpdateDirectoryInput{DirectoryId: d.DirectoryId, Name: new("People"), UserFilter: new("(mail={username})")})
	want(t, "an update", err, "")
	if got := w.stored(*d.DirectoryId); got.Name != "People" || got.UserFilter != "(mail={username})" || string(got.BindPassword) != string(kept.BindPassword) {
		t.Errorf("updated to %+v", got)
	}
	list, err := w.ListDirectories(ctx, root(here), nil)
	if err != nil || len(list.Directories) != 2 || *list.Directories[0].Name != "Lab" {
		t.Errorf("%+v, %v", list, err)
	}
	if list, err := w.ListDirectories(ctx, root(there), nil); err != nil || len(list.Directories) != 0 {
		t.Errorf("another account lists %+v, %v", list, err)
	}
	_, err = w.DeleteDirectory(ctx, root(here), &dswire.DeleteDirectoryInput{DirectoryId: d.DirectoryId})
	want(t, "a deletion", err, "")
	_, err = w.GetDirectory(ctx, root(here), &dswire.GetDirectoryInput{DirectoryId: d.DirectoryId})
	want(t, "what is gone", err, dswire.ErrEntityDoesNotExist)
	for _, r := range w.records {
		for _, v := range r.Params {
			if strings.Contains(v, secret) {
				t.Errorf("recorded %+v", r)
			}
		}
	}
}

// Where the service account's password goes is for those to say who know it.
func TestAPasswordIsNotSentElsewhere(t *testing.T) {
	w, ctx := newWorld(t), t.Context()
	d := w.create("Staff")
	before := w.stored(*d.DirectoryId)
	evil := []string{"ldaps://evil.example"}
	for what, in := range map[string]*dswire.UpdateDirectoryInput{
		"other servers":       {Urls: evil},
		"another authority":   {Authorities: new("-----BEGIN CERTIFICATE-----")},
		"the system's again":  {Authorities: new("")},
		"another account":     {BindDN: new("cn=admin,dc=e")},
		"another kind":        {Kind: new("ActiveDirectory"), BindPassword: new(secret)},
		"a filter of nobody":  {UserFilter: new("(uid=alice)")},
		"a URL with a user":   {Urls: []string{"ldaps://u@ldap.example.org"}, BindPassword: new(secret)},
		"a URL without TLS's": {Urls: []string{"http://ldap.example.org"}, BindPassword: new(secret)},
	} {
		in.DirectoryId = d.DirectoryId
		_, err := w.UpdateDirectory(ctx, root(here), in)
		want(t, what, err, dswire.ErrInvalidParameter)
	}
	if after := w.stored(*d.DirectoryId); after.URLs[0] != before.URLs[0] || after.BindDN != before.BindDN || after.Kind != before.Kind {
		t.Errorf("changed to %+v", after)
	}
	_, err := w.UpdateDirectory(ctx, root(here), &dswire.UpdateDirectoryInput{DirectoryId: d.DirectoryId, Urls: evil, BindPassword: new("another")})
	want(t, "other servers with another password", err, "")
}

// Each operation asks the gate for a directory of the caller's own account.
func TestEachOperationIsAuthorized(t *testing.T) {
	w, ctx := newWorld(t), t.Context()
	d := w.create("Staff")
	id, serial := d.DirectoryId, w.device(here, "phone")
	nobody := &principal.Caller{Session: principal.Session{Kind: principal.Anonymous}, RequestID: "r"}
	calls := map[string]func(c *principal.Caller) error{
		"Create": func(c *principal.Caller) error {
			_, err := w.CreateDirectory(ctx, c, &dswire.CreateDirectoryInput{Name: new("x"), Kind: new("OpenLDAP")})
			return err
		},
		"Get": func(c *principal.Caller) error {
			_, err := w.GetDirectory(ctx, c, &dswire.GetDirectoryInput{DirectoryId: id})
			return err
		},
		"List": func(c *principal.Caller) error { _, err := w.ListDirectories(ctx, c, nil); return err },
		"Update": func(c *principal.Caller) error {
			_, err := w.UpdateDirectory(ctx, c, &dswire.UpdateDirectoryInput{DirectoryId: id})
			return err
		},
		"Delete": func(c *principal.Caller) error {
			_, err := w.DeleteDirectory(ctx, c, &dswire.DeleteDirectoryInput{DirectoryId: id})
			return err
		},
		"Test": func(c *principal.Caller) error {
			_, err := w.TestDirectory(ctx, c, &dswire.TestDirectoryInput{DirectoryId: id})
			return err
		},
		"Enable": func(c *principal.Caller) error {
			_, err := w.EnableMFADevice(ctx, c, &dswire.EnableMFADeviceInput{DirectoryId: id, UserName: new("alice"), SerialNumber: &serial, AuthenticationCode1: new("1"), AuthenticationCode2: new("2")})
			return err
		},
		"Disable": func(c *principal.Caller) error {
			_, err := w.DisableMFADevice(ctx, c, &dswire.DisableMFADeviceInput{SerialNumber: &serial})
			return err
		},
	}
	for name, call := range calls {
		want(t, name+" by nobody", call(nobody), awserr.AccessDenied)
		if name != "Create" && name != "List" {
			want(t, name+" by another account", call(root(there)), dswire.ErrEntityDoesNotExist)
		}
	}
	w.stored(*id)
}

var seed = []byte("12345678901234567890")

// device makes a device that nobody has.
func (w *world) device(account, name string) string {
	w.t.Helper()
	serial := "arn:aws:iam::" + account + ":mfa/" + name
	err := w.o.Store.Update(w.t.Context(), func(tx store.Tx) error {
		return tx.InsertMFADevice(store.MFADevice{Serial: serial, Account: account, Name: name, Path: "/", Seed: w.o.Keys.SealSecret(mfa.SeedLabel, serial, seed)})
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return serial
}

// codes are two consecutive ones.
func (w *world) codes() (string, string) {
	w.time = w.time.Add(5 * totp.Period)
	step := totp.Step(w.time)
	return totp.Code(seed, step-1), totp.Code(seed, step)
}

func TestMFA(t *testing.T) {
	w, ctx := newWorld(t), t.Context()
	d := w.create("Staff")
	serial, theirs := w.device(here, "phone"), w.device(there, "phone2")
	enable := func(user, serial string, second bool) (*dswire.EnableMFADeviceOutput, error) {
		a, b := w.codes()
		if !second {
			b = a
		}
		return w.EnableMFADevice(ctx, root(here), &dswire.EnableMFADeviceInput{DirectoryId: d.DirectoryId, UserName: &user, SerialNumber: &serial, AuthenticationCode1: &a, AuthenticationCode2: &b})
	}
	_, err := enable("alice", serial, false)
	want(t, "one code twice", err, dswire.ErrInvalidAuthenticationCode)
	_, err = enable("alice", theirs, true)
	want(t, "another account's device", err, dswire.ErrEntityDoesNotExist)
	_, err = enable("mallory", serial, true)
	want(t, "nobody", err, dswire.ErrEntityDoesNotExist)
	out, err := enable("alice", serial, true)
	if err != nil || len(out.Person.MFADevices) != 1 {
		t.Fatalf("%+v, %v", out, err)
	}
	_, err = enable("alice", serial, true)
	want(t, "a device that is in use", err, dswire.ErrEntityAlreadyExists)
	v := mfa.Verifier{Store: w.o.Store, Keys: w.o.Keys, Now: func() time.Time { return w.time }}
	w.time = w.time.Add(totp.Period)
	if err := v.Verify(ctx, *d.DirectoryId+"/a", serial, totp.Code(seed, totp.Step(w.time))); err != nil {
		t.Error(err)
	}
	who, err := w.TestDirectory(ctx, root(here), &dswire.TestDirectoryInput{DirectoryId: d.DirectoryId, UserName: new("alice")})
	if err != nil || who.Person.MFADevices[0] != serial || *who.Person.State != "may sign in" || !*who.Servers[0].Ok || *who.Servers[1].Ok {
		t.Errorf("%+v, %v", who, err)
	}
	for i := range devicesPerPerson - 1 {
		if _, err := enable("alice", w.device(here, "more"+string(rune('a'+i))), true); err != nil {
			t.Fatal(err)
		}
	}
	_, err = enable("alice", w.device(here, "toomany"), true)
	want(t, "one device too many", err, dswire.ErrDirectoryLimitExceeded)
	_, err = w.DisableMFADevice(ctx, root(here), &dswire.DisableMFADeviceInput{SerialNumber: &serial})
	want(t, "disabling", err, "")
	if r := w.records[len(w.records)-1]; r.Resource != *d.Arn {
		t.Errorf("disabling is about %s", r.Resource)
	}
	if err := v.Verify(ctx, *d.DirectoryId+"/a", serial, totp.Code(seed, totp.Step(w.time)+1)); !errors.Is(err, mfa.ErrUnknown) {
		t.Error(err)
	}
	_, err = w.DisableMFADevice(ctx, root(here), &dswire.DisableMFADeviceInput{SerialNumber: &serial})
	want(t, "disabling again", err, dswire.ErrEntityDoesNotExist)
}

func TestAnAccountsDirectoriesAreBounded(t *testing.T) {
	w := newWorld(t)
	for i := range perAccount {
		w.create("d" + string(rune('a'+i)))
	}
	_, err := w.CreateDirectory(t.Context(), root(here), &dswire.CreateDirectoryInput{Name: new("more"), Kind: new("OpenLDAP"), Urls: []string{"ldaps://ldap.example.org"},
		BindDN: new("cn=sojourn,dc=e"), BindPassword: new(secret), BaseDN: new("dc=e")})
	want(t, "one too many", err, dswire.ErrDirectoryLimitExceeded)
}

// TestGuessedPairs: wrong codes are counted though the request is refused, and
// slowed down like any others; the device is still nobody's.
func TestGuessedPairs(t *testing.T) {
	w, ctx := newWorld(t), t.Context()
	d := w.create("Staff")
	serial := w.device(here, "phone")
	enable := func(first, second string) error {
		_, err := w.EnableMFADevice(ctx, root(here), &dswire.EnableMFADeviceInput{DirectoryId: d.DirectoryId, UserName: new("alice"), SerialNumber: &serial, AuthenticationCode1: &first, AuthenticationCode2: &second})
		return err
	}
	first, second := w.codes()
	for range 6 {
		want(t, "guessed codes", enable("000000", "000001"), dswire.ErrInvalidAuthenticationCode)
	}
	want(t, "guessed too often", enable(first, second), awserr.Throttling)
	w.time = w.time.Add(2 * time.Second)
	want(t, "behind the wait", enable(first, second), "")
}
