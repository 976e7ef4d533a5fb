package iam

import (
	"bytes"
	"encoding/base32"
	"image/png"
	"strings"
	"testing"
	"time"

	"sojourn/internal/mfa"
	"sojourn/internal/store"
	"sojourn/internal/totp"
	"sojourn/internal/wire/iamwire"
)

// phone is a device as its holder has it.
type phone struct {
	w      *world
	serial string
	seed   []byte
}

func (w *world) phone(name string) *phone {
	w.t.Helper()
	out, err := w.CreateVirtualMFADevice(w.ctx, w.root, &iamwire.CreateVirtualMFADeviceInput{VirtualMFADeviceName: &name})
	w.ok(err)
	seed, err := base32.StdEncoding.DecodeString(string(out.VirtualMFADevice.Base32StringSeed))
	w.ok(err)
	return &phone{w: w, serial: *out.VirtualMFADevice.SerialNumber, seed: seed}
}

func (p *phone) code(steps int64) *string {
	return new(totp.Code(p.seed, totp.Step(p.w.time)+steps))
}

func (p *phone) enable(user string, first, second *string) error {
	_, err := p.w.EnableMFADevice(p.w.ctx, p.w.root, &iamwire.EnableMFADeviceInput{UserName: &user, SerialNumber: &p.serial, AuthenticationCode1: first, AuthenticationCode2: second})
	return err
}

func TestCreateVirtualMFADevice(t *testing.T) {
	w := newWorld(t)
	out, err := w.CreateVirtualMFADevice(w.ctx, w.root, &iamwire.CreateVirtualMFADeviceInput{VirtualMFADeviceName: new("Maria"), Path: new("/people/")})
	w.ok(err)
	d := out.VirtualMFADevice
	if *d.SerialNumber != *arnOf("mfa/people/Maria") || len(d.Base32StringSeed) != 64 || d.User != nil {
		t.Errorf("device %v, a seed of %d characters", *d.SerialNumber, len(d.Base32StringSeed))
	}
	if picture, err := png.Decode(bytes.NewReader(d.QRCodePNG)); err != nil || picture.Bounds().Dx() < 100 {
		t.Errorf("the QR code: %v", err)
	}
	if got := otpauth(store.MFADevice{Name: "Maria", Account: here}, "SEED"); got != "otpauth://totp/Maria@"+here+"?secret=SEED" {
		t.Errorf("the QR code says %q", got)
	}
	_, err = w.CreateVirtualMFADevice(w.ctx, w.root, &iamwire.CreateVirtualMFADeviceInput{VirtualMFADeviceName: new("maria")})
	fails(t, err, "EntityAlreadyExists 409: MFADevice entity at the same path and name already exists.")
	w.tx(func(tx store.Tx) error {
		kept, err := tx.MFADevice(*d.SerialNumber)
		if bytes.Contains(kept.Seed, d.Base32StringSeed) || bytes.Contains(kept.Seed, []byte(mfa.SeedLabel)) {
			t.Error("the seed is stored as it is")
		}
		return err
	})
}

func TestEnableMFADevice(t *testing.T) {
	w := newWorld(t)
	w.user("maria")
	w.user("jo")
	p := w.phone("maria")
	const wrong = "InvalidAuthenticationCode 403: Authentication code for device is not valid."
	fails(t, p.enable("maria", p.code(0), p.code(0)), wrong)
	fails(t, p.enable("maria", p.code(-1), new("000000")), wrong)
	fails(t, p.enable("maria", p.code(5), p.code(6)), wrong)
	fails(t, p.enable("absent", p.code(-1), p.code(0)), "NoSuchEntity 404: The user with name absent cannot be found.")
	fails(t, p.enable("maria", p.code(-1), p.code(0)), "no error")
	fails(t, p.enable("jo", p.code(0), p.code(1)), "EntityAlreadyExists 409: MFA Device is already in use.")
	_, err := w.EnableMFADevice(w.ctx, w.root, &iamwire.EnableMFADeviceInput{UserName: new("jo"), SerialNumber: arnOf("mfa/absent"), AuthenticationCode1: new("000000"), AuthenticationCode2: new("000000")})
	fails(t, err, "NoSuchEntity 404: VirtualMFADevice with serial number "+*arnOf("mfa/absent")+" doesn't exist.")

	list, err := w.ListMFADevices(w.ctx, w.root, &iamwire.ListMFADevicesInput{UserName: new("maria")})
	w.ok(err)
	if len(list.MFADevices) != 1 || *list.MFADevices[0].SerialNumber != p.serial || *list.MFADevices[0].UserName != "maria" || !list.MFADevices[0].EnableDate.Equal(w.time) {
		t.Errorf("listed %+v", list.MFADevices)
	}
	got, err := w.GetMFADevice(w.ctx, w.root, &iamwire.GetMFADeviceInput{UserName: new("maria"), SerialNumber: &p.serial})
	w.ok(err)
	if *got.UserName != "maria" || !got.EnableDate.Equal(w.time) {
		t.Errorf("got %+v", got)
	}
	_, err = w.GetMFADevice(w.ctx, w.root, &iamwire.GetMFADeviceInput{UserName: new("jo"), SerialNumber: &p.serial})
	fails(t, err, "NoSuchEntity 404: VirtualMFADevice with serial number "+p.serial+" doesn't exist.")
}

// TestDevicesOfAnotherAccount: a device is found in its own account only.
func TestDevicesOfAnotherAccount(t *testing.T) {
	w := newWorld(t)
	p := w.phone("maria")
	stranger := rootOf(there)
	_, err := w.CreateUser(w.ctx, stranger, &iamwire.CreateUserInput{UserName: new("eve")})
	w.ok(err)
	absent := "NoSuchEntity 404: VirtualMFADevice with serial number " + p.serial + " doesn't exist."
	_, err = w.EnableMFADevice(w.ctx, stranger, &iamwire.EnableMFADeviceInput{UserName: new("eve"), SerialNumber: &p.serial, AuthenticationCode1: p.code(-1), AuthenticationCode2: p.code(0)})
	fails(t, err, absent)
	_, err = w.DeleteVirtualMFADevice(w.ctx, stranger, &iamwire.DeleteVirtualMFADeviceInput{SerialNumber: &p.serial})
	fails(t, err, absent)
}

// TestCodesAreGoodOnce: those that enabled the device, too, and also behind a
// deactivation.
func TestCodesAreGoodOnce(t *testing.T) {
	w := newWorld(t)
	maria := w.user("maria")
	p := w.phone("maria")
	w.ok(p.enable("maria", p.code(-1), p.code(0)))
	v := &mfa.Verifier{Store: w.store, Keys: w.keys, Now: func() time.Time { return w.time }}
	if v.Verify(w.ctx, maria.ID, p.serial, *p.code(0)) == nil {
		t.Error("the code that enabled the device was good again")
	}
	w.ok(v.Verify(w.ctx, maria.ID, p.serial, *p.code(1)))
	_, err := w.DeactivateMFADevice(w.ctx, w.root, &iamwire.DeactivateMFADeviceInput{UserName: new("maria"), SerialNumber: &p.serial})
	w.ok(err)
	fails(t, p.enable("maria", p.code(0), p.code(1)), "InvalidAuthenticationCode 403: Authentication code for device is not valid.")
	w.time = w.time.Add(time.Minute)
	w.ok(p.enable("maria", p.code(0), p.code(1)))
}

func TestResyncMFADevice(t *testing.T) {
	w := newWorld(t)
	maria := w.user("maria")
	w.user("jo")
	p := w.phone("maria")
	w.ok(p.enable("maria", p.code(-1), p.code(0)))
	resync := func(user string, first, second *string) error {
		_, err := w.ResyncMFADevice(w.ctx, w.root, &iamwire.ResyncMFADeviceInput{UserName: &user, SerialNumber: &p.serial, AuthenticationCode1: first, AuthenticationCode2: second})
		return err
	}
	fails(t, resync("jo", p.code(6), p.code(7)), "NoSuchEntity 404: VirtualMFADevice with serial number "+p.serial+" doesn't exist.")
	fails(t, resync("maria", p.code(20), p.code(21)), "InvalidAuthenticationCode 403: Authentication code for device is not valid.")
	w.ok(resync("maria", p.code(6), p.code(7)))
	v := &mfa.Verifier{Store: w.store, Keys: w.keys, Now: func() time.Time { return w.time }}
	w.ok(v.Verify(w.ctx, maria.ID, p.serial, *p.code(8)))
}

func TestDeleteMFADevices(t *testing.T) {
	w := newWorld(t)
	w.user("maria")
	p := w.phone("maria")
	w.ok(p.enable("maria", p.code(-1), p.code(0)))
	remove := func() error {
		_, err := w.DeleteVirtualMFADevice(w.ctx, w.root, &iamwire.DeleteVirtualMFADeviceInput{SerialNumber: &p.serial})
		return err
	}
	fails(t, remove(), "DeleteConflict 409: MFA VirtualDevice in use. Must deactivate first.")
	_, err := w.DeleteUser(w.ctx, w.root, &iamwire.DeleteUserInput{UserName: new("maria")})
	fails(t, err, "DeleteConflict 409: Cannot delete entity, must delete MFA device first.")
	deactivate := &iamwire.DeactivateMFADeviceInput{UserName: new("maria"), SerialNumber: &p.serial}
	_, err = w.DeactivateMFADevice(w.ctx, w.root, deactivate)
	w.ok(err)
	_, err = w.DeactivateMFADevice(w.ctx, w.root, deactivate)
	fails(t, err, "NoSuchEntity 404: VirtualMFADevice with serial number "+p.serial+" doesn't exist.")
	w.ok(remove())
	fails(t, remove(), "NoSuchEntity 404: VirtualMFADevice with serial number "+p.serial+" doesn't exist.")
	_, err = w.DeleteUser(w.ctx, w.root, &iamwire.DeleteUserInput{UserName: new("maria")})
	w.ok(err)
}

func TestMFADevicesPerUser(t *testing.T) {
	w := newWorld(t)
	w.user("maria")
	for i := range devicesPerUser {
		p := w.phone(strings.Repeat("x", i+1))
		w.ok(p.enable("maria", p.code(-1), p.code(0)))
	}
	p := w.phone("more")
	fails(t, p.enable("maria", p.code(-1), p.code(0)), "LimitExceeded 409: Cannot exceed quota for MFADevicesPerUser: 8")
}

func TestListVirtualMFADevices(t *testing.T) {
	w := newWorld(t)
	w.user("maria")
	for _, name := range []string{"c", "a", "B"} {
		w.phone(name)
	}
	p := w.phone("maria")
	w.ok(p.enable("maria", p.code(-1), p.code(0)))
	for status, want := range map[string]string{"": "a B c maria(maria)", "Any": "a B c maria(maria)", "Assigned": "maria(maria)", "Unassigned": "a B c"} {
		in := &iamwire.ListVirtualMFADevicesInput{MaxItems: new(int64(2))}
		if status != "" {
			in.AssignmentStatus = &status
		}
		var got []string
		for {
			out, err := w.ListVirtualMFADevices(w.ctx, w.root, in)
			w.ok(err)
			for _, d := range out.VirtualMFADevices {
				name := strings.TrimPrefix(*d.SerialNumber, *arnOf("mfa/"))
				if d.User != nil {
					name += "(" + *d.User.UserName + ")"
				}
				if d.Base32StringSeed != nil || d.QRCodePNG != nil {
					t.Error("a list shows a seed")
				}
				got = append(got, name)
			}
			if in.Marker = out.Marker; !*out.IsTruncated {
				break
			}
		}
		if list := strings.Join(got, " "); list != want {
			t.Errorf("%q: %s, want %s", status, list, want)
		}
	}
}
