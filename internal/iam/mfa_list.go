package iam

import (
	"context"
	"fmt"

	"sojourn/internal/arn"
	"sojourn/internal/federation/directory"
	"sojourn/internal/principal"
	"sojourn/internal/store"
	"sojourn/internal/wire/iamwire"
)

// GetMFADevice describes a device that a user has enabled.
func (s *Service) GetMFADevice(ctx context.Context, c *principal.Caller, in *iamwire.GetMFADeviceInput) (*iamwire.GetMFADeviceOutput, error) {
	ref, err := whose(c, in.UserName)
	if err != nil {
		return nil, err
	}
	out := &iamwire.GetMFADeviceOutput{}
	err = s.read(ctx, c, ref.act("iam:GetMFADevice"), func(tx store.Tx) error {
		u, err := ref.find(tx)
		if err != nil {
			return err
		}
		d, err := device(tx, c.Account, in.SerialNumber)
		if err != nil {
			return err
		}
		if d.UserID != u.ID {
			return noDevice(d.Serial)
		}
		*out = iamwire.GetMFADeviceOutput{UserName: new(u.Name), SerialNumber: new(d.Serial), EnableDate: new(d.Enabled)}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// ListMFADevices lists the devices that a user has enabled.
func (s *Service) ListMFADevices(ctx context.Context, c *principal.Caller, in *iamwire.ListMFADevicesInput) (*iamwire.ListMFADevicesOutput, error) {
	ref, err := whose(c, in.UserName)
	if err != nil {
		return nil, err
	}
	w, err := newWindow("ListMFADevices", in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	out := &iamwire.ListMFADevicesOutput{}
	err = s.read(ctx, c, ref.act("iam:ListMFADevices"), func(tx store.Tx) error {
		u, err := ref.find(tx)
		if err != nil {
			return err
		}
		all, err := tx.MFADevicesOf(u.ID)
		p := slice(w, all, func(d store.MFADevice) string { return d.Serial })
		out.MFADevices = make([]iamwire.MFADevice, 0, len(p.items))
		for _, d := range p.items {
			out.MFADevices = append(out.MFADevices, iamwire.MFADevice{UserName: new(u.Name), SerialNumber: new(d.Serial), EnableDate: new(d.Enabled)})
		}
		out.IsTruncated, out.Marker = p.truncated, p.marker
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// ListVirtualMFADevices lists the account's devices, all or those that are, or
// are not, enabled by a user.
func (s *Service) ListVirtualMFADevices(ctx context.Context, c *principal.Caller, in *iamwire.ListVirtualMFADevicesInput) (*iamwire.ListVirtualMFADevicesOutput, error) {
	w, err := newWindow("ListVirtualMFADevices", in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	out := &iamwire.ListVirtualMFADevicesOutput{}
	a := act{action: "iam:ListVirtualMFADevices", locate: fixed(arn.IAM(c.Account, "mfa/"))}
	err = s.read(ctx, c, a, func(tx store.Tx) error {
		all, err := tx.MFADevices(c.Account, store.Page{})
		if err != nil {
			return fmt.Errorf("MFA devices of account %q: %w", c.Account, err)
		}
		p := slice(w, wanted(all, or(in.AssignmentStatus, iamwire.AssignmentStatusTypeAny)), func(d store.MFADevice) string { return fold(d.Name) })
		out.VirtualMFADevices, err = devicesOut(tx, p.items)
		out.IsTruncated, out.Marker = p.truncated, p.marker
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func wanted(all []store.MFADevice, status string) (out []store.MFADevice) {
	for _, d := range all {
		if status == iamwire.AssignmentStatusTypeAny || (d.UserID != "") == (status == iamwire.AssignmentStatusTypeAssigned) {
			out = append(out, d)
		}
	}
	return out
}

// devicesOut are devices as lists show them: without seed and picture.
func devicesOut(tx store.Tx, in []store.MFADevice) ([]iamwire.VirtualMFADevice, error) {
	out := make([]iamwire.VirtualMFADevice, 0, len(in))
	for _, d := range in {
		v := iamwire.VirtualMFADevice{SerialNumber: new(d.Serial)}
		if directory.IsKey(d.UserID) { // AWS's form has no place for who that is
			v.EnableDate = new(d.Enabled)
		} else if d.UserID != "" {
			u, err := tx.UserByID(d.UserID)
			if err != nil {
				return nil, fmt.Errorf("user of MFA device %q: %w", d.Serial, err)
			}
			v.User, v.EnableDate = userOut(u, false), new(d.Enabled)
		}
		out = append(out, v)
	}
	return out, nil
}
