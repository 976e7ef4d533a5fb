package sts

import "sojourn/internal/awserr"

// mfa answers the parameters of a device. There are no devices yet, so any is
// an unknown one.
func mfa(serial, code *string) error {
	switch {
	case value(serial) == "" && value(code) == "":
		return nil
	case value(serial) == "" || value(code) == "":
		return awserr.Denied("MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code.")
	}
	return awserr.Denied("MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number is valid and associated with this user.")
}
