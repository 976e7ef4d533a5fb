package sts

import (
	"context"
	"errors"
	"time"

	"sojourn/internal/awserr"
	"sojourn/internal/mfa"
	"sojourn/internal/principal"
)

// Devices verifies the codes of MFA devices.
type Devices interface {
	// Verify returns mfa.ErrUnknown, mfa.ErrWrong or another reason to refuse.
	Verify(ctx context.Context, userID, serial, code string) error
}

// device proves that the caller, who must be a user, holds an MFA device. It
// returns when, or the zero time where the request names no device.
func (s *Service) device(ctx context.Context, c *principal.Caller, serial, code *string) (time.Time, error) {
	owner := ""
	if c.Kind == principal.User {
		owner = c.ID
	}
	return s.deviceOf(ctx, owner, serial, code)
}

// deviceOf is device for one who is known by the key that a device names its
// holder by; "" has none.
func (s *Service) deviceOf(ctx context.Context, owner string, serial, code *string) (time.Time, error) {
	switch {
	case value(serial) == "" && value(code) == "":
		return time.Time{}, nil
	case value(serial) == "" || value(code) == "":
		return time.Time{}, awserr.Denied("MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code.")
	case owner == "":
		return time.Time{}, unknownDevice()
	}
	switch err := s.devices.Verify(ctx, owner, value(serial), value(code)); {
	case err == nil:
		return s.now().UTC().Truncate(time.Second), nil
	case errors.Is(err, mfa.ErrUnknown):
		return time.Time{}, unknownDevice()
	case errors.Is(err, mfa.ErrWrong):
		return time.Time{}, awserr.Denied("MultiFactorAuthentication failed with invalid MFA one time pass code. ")
	default:
		return time.Time{}, err
	}
}

func unknownDevice() error {
	return awserr.Denied("MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number is valid and associated with this user.")
}
