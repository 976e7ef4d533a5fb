package iam

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"rsc.io/qr"

	"sojourn/internal/arn"
	"sojourn/internal/awserr"
	"sojourn/internal/mfa"
	"sojourn/internal/principal"
	"sojourn/internal/store"
	"sojourn/internal/wire/iamwire"
)

const (
	seedSize       = 40 // bytes: 64 characters of base32, as AWS's
	devicesPerUser = 8
	// devicesPerAccount bounds the devices that nobody may have enabled yet; AWS documents no number.
	devicesPerAccount = 10000
)

// CreateVirtualMFADevice makes a device that nobody has yet, and shows its seed, this once.
func (s *Service) CreateVirtualMFADevice(ctx context.Context, c *principal.Caller, in *iamwire.CreateVirtualMFADeviceInput) (*iamwire.CreateVirtualMFADeviceOutput, error) {
	tags, err := tagsIn(in.Tags)
	if err != nil {
		return nil, err
	}
	d := store.MFADevice{Account: c.Account, Name: or(in.VirtualMFADeviceName, ""), Path: or(in.Path, "/"), Created: s.now(), Tags: tags}
	d.Serial = arn.IAM(c.Account, "mfa"+d.Path+d.Name)
	seed := make([]byte, seedSize)
	rand.Read(seed) // never fails
	d.Seed = s.keys.SealSecret(mfa.SeedLabel, d.Serial, seed)
	a := creation("iam:CreateVirtualMFADevice", "iam:TagMFADevice", entity{arn: d.Serial, tags: tags})
	a.bounded = false
	a.params = map[string]string{"virtualMFADeviceName": d.Name, "path": d.Path}
	if err := s.write(ctx, c, a, func(tx store.Tx) error { return insertDevice(tx, d) }); err != nil {
		return nil, err
	}
	text := base32.StdEncoding.EncodeToString(seed)
	picture, err := qr.Encode(otpauth(d, text), qr.M)
	if err != nil {
		return nil, awserr.Internal(fmt.Errorf("drawing the QR code of %q: %w", d.Serial, err))
	}
	return &iamwire.CreateVirtualMFADeviceOutput{VirtualMFADevice: &iamwire.VirtualMFADevice{SerialNumber: new(d.Serial),
		Base32StringSeed: []byte(text), QRCodePNG: picture.PNG(), Tags: tagsOut(tags)}}, nil
}

// otpauth is what AWS puts into the picture.
func otpauth(d store.MFADevice, seed string) string {
	return "otpauth://totp/" + url.PathEscape(d.Name+"@"+d.Account) + "?secret=" + seed
}

func insertDevice(tx store.Tx, d store.MFADevice) error {
	err := tx.InsertMFADevice(d)
	if errors.Is(err, store.ErrExists) {
		return iamwire.NewEntityAlreadyExists("MFADevice entity at the same path and name already exists.")
	}
	if err != nil {
		return fmt.Errorf("inserting MFA device %q: %w", d.Serial, err)
	}
	all, err := tx.MFADevices(d.Account, store.Page{Limit: devicesPerAccount + 1})
	if err != nil {
		return fmt.Errorf("counting MFA devices: %w", err)
	}
	return full(len(all)-1, devicesPerAccount, "MFADevicesPerAccount")
}

// EnableMFADevice gives a device to a user who proves with two consecutive
// codes to hold it.
func (s *Service) EnableMFADevice(ctx context.Context, c *principal.Caller, in *iamwire.EnableMFADeviceInput) (*iamwire.EnableMFADeviceOutput, error) {
	var wrong error
	err := s.changeDevice(ctx, c, "iam:EnableMFADevice", in.UserName, in.SerialNumber, func(tx store.Tx, u store.User, d *store.MFADevice) error {
		if d.UserID != "" {
			return iamwire.NewEntityAlreadyExists("MFA Device is already in use.")
		}
		have, err := tx.MFADevicesOf(u.ID)
		if err != nil {
			return fmt.Errorf("MFA devices of %q: %w", u.Name, err)
		}
		if err := full(len(have), devicesPerUser, "MFADevicesPerUser"); err != nil {
			return err
		}
		if wrong, err = s.pair(d, in.AuthenticationCode1, in.AuthenticationCode2, false); wrong == nil {
			d.UserID, d.Enabled = u.ID, s.now()
		}
		return err
	})
	if err = errors.Join(err, wrong); err != nil {
		return nil, err
	}
	return &iamwire.EnableMFADeviceOutput{}, nil
}

// ResyncMFADevice learns from two consecutive codes how far the clock of a
// user's device is off.
func (s *Service) ResyncMFADevice(ctx context.Context, c *principal.Caller, in *iamwire.ResyncMFADeviceInput) (*iamwire.ResyncMFADeviceOutput, error) {
	var wrong error
	err := s.changeDevice(ctx, c, "iam:ResyncMFADevice", in.UserName, in.SerialNumber, func(_ store.Tx, u store.User, d *store.MFADevice) (err error) {
		if d.UserID != u.ID {
			return noDevice(d.Serial)
		}
		wrong, err = s.pair(d, in.AuthenticationCode1, in.AuthenticationCode2, true)
		return err
	})
	if err = errors.Join(err, wrong); err != nil {
		return nil, err
	}
	return &iamwire.ResyncMFADeviceOutput{}, nil
}

// pair takes two codes. wrong is the answer where they are none; d has counted
// them then, and the change is to be committed.
func (s *Service) pair(d *store.MFADevice, first, second *string, wide bool) (wrong, err error) {
	seed, err := s.keys.OpenSecret(mfa.SeedLabel, d.Serial, d.Seed)
	if err != nil {
		return nil, fmt.Errorf("MFA device %q: %w", d.Serial, err)
	}
	wrong = mfa.Pair(d, seed, or(first, ""), or(second, ""), s.clock(), wide)
	if errors.Is(wrong, mfa.ErrWrong) {
		wrong = iamwire.NewInvalidAuthenticationCode("Authentication code for device is not valid.")
	}
	return wrong, nil
}

// DeactivateMFADevice takes a device from its user.
func (s *Service) DeactivateMFADevice(ctx context.Context, c *principal.Caller, in *iamwire.DeactivateMFADeviceInput) (*iamwire.DeactivateMFADeviceOutput, error) {
	err := s.changeDevice(ctx, c, "iam:DeactivateMFADevice", in.UserName, in.SerialNumber, func(_ store.Tx, u store.User, d *store.MFADevice) error {
		if d.UserID != u.ID {
			return noDevice(d.Serial)
		}
		*d = store.MFADevice{Serial: d.Serial, Seed: d.Seed, Created: d.Created, LastStep: d.LastStep, Tags: d.Tags}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &iamwire.DeactivateMFADeviceOutput{}, nil
}

// changeDevice changes a device of the account in the name of one of its users.
func (s *Service) changeDevice(ctx context.Context, c *principal.Caller, action string, user, serial *string,
	f func(store.Tx, store.User, *store.MFADevice) error) error {
	ref, err := whose(c, user)
	if err != nil {
		return err
	}
	a := ref.act(action)
	a.params["serialNumber"] = or(serial, "")
	return s.write(ctx, c, a, func(tx store.Tx) error {
		u, err := ref.find(tx)
		if err != nil {
			return err
		}
		d, err := device(tx, c.Account, serial)
		if err != nil {
			return err
		}
		if err := f(tx, u, &d); err != nil {
			return err
		}
		return tx.UpdateMFADevice(d)
	})
}

// device finds a device of the account.
func device(tx store.Tx, account string, serial *string) (store.MFADevice, error) {
	d, err := tx.MFADevice(or(serial, ""))
	if err == nil && d.Account != account {
		err = store.ErrNotFound
	}
	if errors.Is(err, store.ErrNotFound) {
		return d, noDevice(or(serial, ""))
	}
	if err != nil {
		return d, fmt.Errorf("MFA device %q: %w", or(serial, ""), err)
	}
	return d, nil
}

func noDevice(serial string) error {
	return iamwire.NewNoSuchEntity("VirtualMFADevice with serial number %s doesn't exist.", serial)
}

// DeleteVirtualMFADevice deletes a device that no user has.
func (s *Service) DeleteVirtualMFADevice(ctx context.Context, c *principal.Caller, in *iamwire.DeleteVirtualMFADeviceInput) (*iamwire.DeleteVirtualMFADeviceOutput, error) {
	serial := or(in.SerialNumber, "")
	if !strings.HasPrefix(serial, arn.IAM(c.Account, "mfa/")) {
		serial = arn.IAM(c.Account, "mfa/"+serial) // a bare number is nobody's device, and names one for the policies
	}
	a := act{action: "iam:DeleteVirtualMFADevice", locate: fixed(serial), params: map[string]string{"serialNumber": or(in.SerialNumber, "")}}
	err := s.write(ctx, c, a, func(tx store.Tx) error {
		d, err := device(tx, c.Account, in.SerialNumber)
		if err != nil {
			return err
		}
		if d.UserID != "" {
			return iamwire.NewDeleteConflict("MFA VirtualDevice in use. Must deactivate first.")
		}
		return tx.DeleteMFADevice(d.Serial)
	})
	if err != nil {
		return nil, err
	}
	return &iamwire.DeleteVirtualMFADeviceOutput{}, nil
}
