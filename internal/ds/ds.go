// Package ds administers the LDAP directories of an account: which there are,
// how they are reached and searched, whether they answer, and which MFA devices
// their people have. AWS Directory Service has other operations, on directories
// that it runs itself; the resources' names are its.
//
// Each operation is one method that takes a caller and begins at the gate. It
// owns the rules of registration. It does not own the meaning of the settings
// nor the sign-in (package directory), nor an MFA device's life (package iam).
package ds

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"sojourn/internal/awserr"
	"sojourn/internal/federation/directory"
	"sojourn/internal/gate"
	"sojourn/internal/mfa"
	"sojourn/internal/principal"
	"sojourn/internal/seal"
	"sojourn/internal/store"
	"sojourn/internal/wire/dswire"
)

// perAccount bounds an account's directories.
const perAccount = 20

// Gate decides and records.
type Gate interface {
	Authorize(ctx context.Context, c *principal.Caller, r gate.Request) error
}

// Directories looks into directories.
type Directories interface {
	Find(ctx context.Context, d store.Directory, name string) (*directory.Found, error)
	Test(ctx context.Context, d store.Directory) ([]directory.Answer, error)
}

// Options are what a Service works with; all are required.
type Options struct {
	Store       store.Store
	Gate        Gate
	Keys        *seal.Keyring
	Directories Directories
	Region      string
	Now         func() time.Time
}

// Service does the operations. It is safe for concurrent use.
type Service struct{ o Options }

// New makes a service.
func New(o Options) *Service { return &Service{o} }

func (s *Service) now() time.Time { return s.o.Now().UTC().Truncate(time.Second) }

// authorize asks the gate for an act on a directory; "*" is any.
func (s *Service) authorize(ctx context.Context, c *principal.Caller, action, id string, params map[string]string) error {
	r := gate.Request{Action: "ds:" + action, Params: params,
		Resource: directory.ARN(store.Directory{Region: s.o.Region, Account: c.Account, ID: id})}
	return s.o.Gate.Authorize(ctx, c, r)
}

// find finds a directory of the account in this region.
func (s *Service) find(tx store.Tx, account, id string) (store.Directory, error) {
	d, err := tx.Directory(account, id)
	if errors.Is(err, store.ErrNotFound) || err == nil && d.Region != s.o.Region {
		return d, dswire.NewEntityDoesNotExist("There is no directory %s.", id)
	}
	if err != nil {
		return d, fmt.Errorf("directory %q: %w", id, err)
	}
	return d, nil
}

// load is find in a transaction of its own.
func (s *Service) load(ctx context.Context, account, id string) (d store.Directory, err error) {
	err = s.o.Store.View(ctx, func(tx store.Tx) error {
		d, err = s.find(tx, account, id)
		return err
	})
	return d, err
}

// CreateDirectory registers a directory.
func (s *Service) CreateDirectory(ctx context.Context, c *principal.Caller, in *dswire.CreateDirectoryInput) (*dswire.CreateDirectoryOutput, error) {
	var id [5]byte
	rand.Read(id[:]) // never fails
	d := store.Directory{Account: c.Account, Region: s.o.Region, ID: "d-" + hex.EncodeToString(id[:]), Created: s.now()}
	change := dswire.UpdateDirectoryInput{Name: in.Name, Kind: in.Kind, Urls: in.Urls, Authorities: in.Authorities, BindDN: in.BindDN, BindPassword: in.BindPassword,
		BaseDN: in.BaseDN, UserFilter: in.UserFilter, UserNameAttribute: in.UserNameAttribute, IdentityAttribute: in.IdentityAttribute,
		ShortName: in.ShortName, GroupBaseDN: in.GroupBaseDN, GroupFilter: in.GroupFilter, GroupNesting: in.GroupNesting}
	if err := s.authorize(ctx, c, "CreateDirectory", "*", note(&change)); err != nil {
		return nil, err
	}
	if err := s.change(&d, &change); err != nil {
		return nil, err
	}
	err := s.o.Store.Update(ctx, func(tx store.Tx) error {
		all, err := tx.Directories(c.Account)
		if err != nil {
			return fmt.Errorf("counting directories: %w", err)
		}
		if len(all) >= perAccount {
			return dswire.NewDirectoryLimitExceeded("An account may have %d directories.", perAccount)
		}
		return taken(tx.InsertDirectory(d), d.Name)
	})
	if err != nil {
		return nil, err
	}
	return &dswire.CreateDirectoryOutput{Directory: shown(d)}, nil
}

// taken words the refusal of a name that is taken.
func taken(err error, name string) error {
	if errors.Is(err, store.ErrExists) {
		return dswire.NewEntityAlreadyExists("There is a directory %s already.", name)
	}
	return err
}

// note is what is recorded of a change: of the password and of the authorities
// only that they are given.
func note(in *dswire.UpdateDirectoryInput) map[string]string {
	m := map[string]string{}
	for name, v := range map[string]*string{"name": in.Name, "kind": in.Kind, "bindDN": in.BindDN, "baseDN": in.BaseDN, "userFilter": in.UserFilter,
		"userNameAttribute": in.UserNameAttribute, "identityAttribute": in.IdentityAttribute, "shortName": in.ShortName,
		"groupBaseDN": in.GroupBaseDN, "groupFilter": in.GroupFilter, "groupNesting": in.GroupNesting} {
		if v != nil {
			m[name] = *v
		}
	}
	for name, v := range map[string]*string{"bindPassword": in.BindPassword, "authorities": in.Authorities} {
		if v != nil {
			m[name] = "given"
		}
	}
	if in.Urls != nil {
		m["urls"] = fmt.Sprint(in.Urls)
	}
	return m
}

// change makes a change in d. Whoever changes where the password of the service
// account goes must know it: else who may change a directory could have it sent
// to a server of their own.
func (s *Service) change(d *store.Directory, in *dswire.UpdateDirectoryInput) error {
	if in.Kind != nil && *in.Kind != d.Kind && d.Kind != "" {
		return dswire.NewInvalidParameter("The kind of a directory cannot be changed.")
	}
	if d.BindPassword != nil && in.BindPassword == nil && (in.Urls != nil || in.Authorities != nil || in.BindDN != nil) {
		return dswire.NewInvalidParameter("Give BindPassword again where Urls, Authorities or BindDN change.")
	}
	for _, f := range []struct {
		to *string
		v  *string
	}{{&d.Name, in.Name}, {&d.Kind, in.Kind}, {&d.Authorities, in.Authorities}, {&d.BindDN, in.BindDN}, {&d.BaseDN, in.BaseDN},
		{&d.UserFilter, in.UserFilter}, {&d.UserNameAttribute, in.UserNameAttribute}, {&d.IdentityAttribute, in.IdentityAttribute},
		{&d.ShortName, in.ShortName}, {&d.GroupBaseDN, in.GroupBaseDN}, {&d.GroupFilter, in.GroupFilter}, {&d.GroupNesting, in.GroupNesting}} {
		if f.v != nil {
			*f.to = *f.v
		}
	}
	if in.Urls != nil {
		d.URLs = in.Urls
	}
	if in.BindPassword != nil {
		d.BindPassword = s.o.Keys.SealSecret(directory.PasswordLabel, d.ID, []byte(*in.BindPassword))
	}
	d.Updated = s.now()
	if err := directory.Complete(d); err != nil {
		return dswire.NewInvalidParameter("%s", err)
	}
	return nil
}

// GetDirectory describes a directory, without its password.
func (s *Service) GetDirectory(ctx context.Context, c *principal.Caller, in *dswire.GetDirectoryInput) (*dswire.GetDirectoryOutput, error) {
	if err := s.authorize(ctx, c, "GetDirectory", *in.DirectoryId, nil); err != nil {
		return nil, err
	}
	d, err := s.load(ctx, c.Account, *in.DirectoryId)
	if err != nil {
		return nil, err
	}
	return &dswire.GetDirectoryOutput{Directory: shown(d)}, nil
}

// ListDirectories lists the account's directories in this region.
func (s *Service) ListDirectories(ctx context.Context, c *principal.Caller, _ *dswire.ListDirectoriesInput) (*dswire.ListDirectoriesOutput, error) {
	if err := s.authorize(ctx, c, "ListDirectories", "*", nil); err != nil {
		return nil, err
	}
	out := &dswire.ListDirectoriesOutput{}
	err := s.o.Store.View(ctx, func(tx store.Tx) error {
		all, err := tx.Directories(c.Account)
		out.Directories = make([]dswire.Directory, 0, len(all))
		for _, d := range all {
			if d.Region == s.o.Region {
				out.Directories = append(out.Directories, *shown(d))
			}
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// UpdateDirectory changes what is given.
func (s *Service) UpdateDirectory(ctx context.Context, c *principal.Caller, in *dswire.UpdateDirectoryInput) (*dswire.UpdateDirectoryOutput, error) {
	if err := s.authorize(ctx, c, "UpdateDirectory", *in.DirectoryId, note(in)); err != nil {
		return nil, err
	}
	var d store.Directory
	err := s.o.Store.Update(ctx, func(tx store.Tx) (err error) {
		if d, err = s.find(tx, c.Account, *in.DirectoryId); err != nil {
			return err
		}
		if err := s.change(&d, in); err != nil {
			return err
		}
		return taken(tx.UpdateDirectory(d), d.Name)
	})
	if err != nil {
		return nil, err
	}
	return &dswire.UpdateDirectoryOutput{Directory: shown(d)}, nil
}

// DeleteDirectory deletes a directory. Nobody signs in by it any more; sessions
// that it has brought about end by themselves.
func (s *Service) DeleteDirectory(ctx context.Context, c *principal.Caller, in *dswire.DeleteDirectoryInput) (*dswire.DeleteDirectoryOutput, error) {
	if err := s.authorize(ctx, c, "DeleteDirectory", *in.DirectoryId, nil); err != nil {
		return nil, err
	}
	err := s.o.Store.Update(ctx, func(tx store.Tx) error {
		d, err := s.find(tx, c.Account, *in.DirectoryId)
		if err != nil {
			return err
		}
		return tx.DeleteDirectory(d.Account, d.ID)
	})
	if err != nil {
		return nil, err
	}
	return &dswire.DeleteDirectoryOutput{}, nil
}

// TestDirectory says whether each server answers, and who a name means.
func (s *Service) TestDirectory(ctx context.Context, c *principal.Caller, in *dswire.TestDirectoryInput) (*dswire.TestDirectoryOutput, error) {
	if err := s.authorize(ctx, c, "TestDirectory", *in.DirectoryId, person(in.UserName)); err != nil {
		return nil, err
	}
	d, err := s.load(ctx, c.Account, *in.DirectoryId)
	if err != nil {
		return nil, err
	}
	out := &dswire.TestDirectoryOutput{}
	answers, err := s.o.Directories.Test(ctx, d)
	if err != nil {
		return nil, err
	}
	for _, a := range answers {
		server := dswire.Server{Url: new(a.URL), Ok: new(a.Err == nil)}
		if a.Err != nil {
			server.Message = new(a.Err.Error())
		}
		out.Servers = append(out.Servers, server)
	}
	if in.UserName == nil {
		return out, nil
	}
	out.Person, _, err = s.who(ctx, d, *in.UserName)
	return out, err
}

func person(name *string) map[string]string {
	if name == nil {
		return nil
	}
	return map[string]string{"userName": *name}
}

// who finds a person and their devices.
func (s *Service) who(ctx context.Context, d store.Directory, name string) (*dswire.Person, *directory.Found, error) {
	f, err := s.o.Directories.Find(ctx, d, name)
	if r, ok := errors.AsType[*directory.Refusal](err); ok {
		return nil, nil, dswire.NewEntityDoesNotExist("Nobody is found: %s.", r.Reason)
	}
	if err != nil {
		return nil, nil, unavailable(err)
	}
	p := &dswire.Person{UserName: new(f.UserName), DN: new(f.DN), Id: new(f.ID), Groups: f.Groups, State: new(f.State)}
	if f.State == "" {
		p.State = new("may sign in")
	}
	err = s.o.Store.View(ctx, func(tx store.Tx) error {
		devices, err := tx.MFADevicesOf(f.Key())
		for _, d := range devices {
			p.MFADevices = append(p.MFADevices, d.Serial)
		}
		return err
	})
	return p, f, err
}

// unavailable tells an administrator what the log is told of a sign-in.
func unavailable(err error) error {
	if e, ok := errors.AsType[*awserr.Error](err); ok && e.Code == "IDPCommunicationError" && e.Cause != nil {
		return dswire.NewDirectoryUnavailable("%s", e.Cause)
	}
	return err
}

// devicesPerPerson is as many as IAM allows a user.
const devicesPerPerson = 8

// EnableMFADevice gives a virtual MFA device, made with IAM's
// CreateVirtualMFADevice, to a person of a directory, who proves with two
// consecutive codes to hold it. It is theirs however they spell their name.
func (s *Service) EnableMFADevice(ctx context.Context, c *principal.Caller, in *dswire.EnableMFADeviceInput) (*dswire.EnableMFADeviceOutput, error) {
	params := person(in.UserName)
	params["serialNumber"] = *in.SerialNumber
	if err := s.authorize(ctx, c, "EnableMFADevice", *in.DirectoryId, params); err != nil {
		return nil, err
	}
	d, err := s.load(ctx, c.Account, *in.DirectoryId)
	if err != nil {
		return nil, err
	}
	who, f, err := s.who(ctx, d, *in.UserName)
	if err != nil {
		return nil, err
	}
	var wrong error // the answer to codes that are none: they are counted, so what they change is kept
	err = s.device(ctx, c, *in.SerialNumber, func(tx store.Tx, m *store.MFADevice) error {
		if m.UserID != "" {
			return dswire.NewEntityAlreadyExists("The MFA device is already in use.")
		}
		have, err := tx.MFADevicesOf(f.Key())
		if err != nil {
			return fmt.Errorf("MFA devices of %q: %w", f.Key(), err)
		}
		if len(have) >= devicesPerPerson {
			return dswire.NewDirectoryLimitExceeded("A person may have %d MFA devices.", devicesPerPerson)
		}
		if wrong, err = s.pair(m, *in.AuthenticationCode1, *in.AuthenticationCode2); wrong == nil {
			m.UserID, m.Enabled = f.Key(), s.now()
		}
		return err
	})
	if err = errors.Join(err, wrong); err != nil {
		return nil, err
	}
	who.MFADevices = append(who.MFADevices, *in.SerialNumber)
	return &dswire.EnableMFADeviceOutput{Person: who}, nil
}

// pair takes two codes. wrong is the answer where they are none, or come too
// soon behind others that were none.
func (s *Service) pair(m *store.MFADevice, first, second string) (wrong, err error) {
	seed, err := s.o.Keys.OpenSecret(mfa.SeedLabel, m.Serial, m.Seed)
	if err != nil {
		return nil, fmt.Errorf("MFA device %q: %w", m.Serial, err)
	}
	wrong = mfa.Pair(m, seed, first, second, s.o.Now(), false)
	if errors.Is(wrong, mfa.ErrWrong) {
		wrong = dswire.NewInvalidAuthenticationCode("The codes are not two consecutive ones of the device.")
	}
	return wrong, nil
}

// DisableMFADevice takes a device from the person who has it, whether the
// directory is still there or not.
func (s *Service) DisableMFADevice(ctx context.Context, c *principal.Caller, in *dswire.DisableMFADeviceInput) (*dswire.DisableMFADeviceOutput, error) {
	of, err := s.holders(ctx, c.Account, *in.SerialNumber)
	if err != nil {
		return nil, err
	}
	if err := s.authorize(ctx, c, "DisableMFADevice", of, map[string]string{"serialNumber": *in.SerialNumber}); err != nil {
		return nil, err
	}
	err = s.device(ctx, c, *in.SerialNumber, func(_ store.Tx, m *store.MFADevice) error {
		if of == "*" || holders(m) != of {
			return noDevice(m.Serial)
		}
		*m = store.MFADevice{Serial: m.Serial, Seed: m.Seed, Created: m.Created, LastStep: m.LastStep, Tags: m.Tags}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &dswire.DisableMFADeviceOutput{}, nil
}

// holders is the directory of a device's holder, "*" where there is none.
func holders(m *store.MFADevice) string {
	if !directory.IsKey(m.UserID) {
		return "*"
	}
	id, _, _ := strings.Cut(m.UserID, "/")
	return id
}

// holders is that of a device by its serial number.
func (s *Service) holders(ctx context.Context, account, serial string) (id string, err error) {
	id = "*"
	err = s.o.Store.View(ctx, func(tx store.Tx) error {
		m, err := tx.MFADevice(serial)
		if errors.Is(err, store.ErrNotFound) || m.Account != account {
			return nil
		}
		id = holders(&m)
		return err
	})
	return id, err
}

// device changes a device of the account.
func (s *Service) device(ctx context.Context, c *principal.Caller, serial string, f func(store.Tx, *store.MFADevice) error) error {
	return s.o.Store.Update(ctx, func(tx store.Tx) error {
		m, err := tx.MFADevice(serial)
		if errors.Is(err, store.ErrNotFound) || err == nil && m.Account != c.Account {
			return noDevice(serial)
		}
		if err != nil {
			return fmt.Errorf("MFA device %q: %w", serial, err)
		}
		if err := f(tx, &m); err != nil {
			return err
		}
		return tx.UpdateMFADevice(m)
	})
}

func noDevice(serial string) error {
	return dswire.NewEntityDoesNotExist("No person of a directory has an MFA device %s.", serial)
}

// shown is a directory as it is described.
func shown(d store.Directory) *dswire.Directory {
	out := &dswire.Directory{DirectoryId: new(d.ID), Arn: new(directory.ARN(d)), Region: new(d.Region), Name: new(d.Name), Kind: new(d.Kind), Urls: d.URLs,
		BindDN: new(d.BindDN), BaseDN: new(d.BaseDN), UserFilter: new(d.UserFilter), UserNameAttribute: new(d.UserNameAttribute),
		IdentityAttribute: new(d.IdentityAttribute), GroupBaseDN: new(d.GroupBaseDN), GroupFilter: new(d.GroupFilter), GroupNesting: new(d.GroupNesting),
		CreatedAt: new(d.Created), UpdatedAt: new(d.Updated)}
	if d.ShortName != "" {
		out.ShortName = new(d.ShortName)
	}
	if d.Authorities != "" {
		out.Authorities = new(d.Authorities)
	}
	return out
}
