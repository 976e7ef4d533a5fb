package directory

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/go-ldap/ldap/v3"

	"sojourn/internal/lazyre"
)

// stateAttributes tell of an account: Active Directory's, those of OpenLDAP's
// password policies, of shadow accounts, of 389 Directory Server.
var stateAttributes = []string{
	"userAccountControl", "msDS-User-Account-Control-Computed", "accountExpires", "pwdLastSet",
	"pwdReset", "pwdAccountLockedTime", "shadowExpire", "nsAccountLock",
}

// Bits of userAccountControl.
const (
	uacDisabled     = 0x2
	uacLocked       = 0x10
	uacNeverExpires = 0x10000
	uacPastExpiry   = 0x800000
)

// state is why an entry's account may not be used now, "" where it may. The
// directory has the first word, when the password is tried; this is the second.
func state(e *ldap.Entry, now time.Time) string {
	number := func(attribute string) (int64, bool) {
		n, err := strconv.ParseInt(e.GetAttributeValue(attribute), 10, 64)
		return n, err == nil
	}
	control, _ := number("userAccountControl")
	computed, _ := number("msDS-User-Account-Control-Computed")
	expires, hasExpiry := number("accountExpires")
	set, hasSet := number("pwdLastSet")
	shadow, hasShadow := number("shadowExpire")
	switch {
	case control&uacDisabled != 0, strings.EqualFold(e.GetAttributeValue("nsAccountLock"), "TRUE"):
		return "the account is disabled"
	case (control|computed)&uacLocked != 0, strings.HasPrefix(e.GetAttributeValue("pwdAccountLockedTime"), "000001010000"):
		return "the account is locked"
	case hasExpiry && expires > 0 && expires < 1<<63-1 && !now.Before(fileTime(expires)):
		return "the account has expired"
	case hasShadow && shadow >= 0 && now.Unix()/(24*60*60) >= shadow:
		return "the account has expired"
	case hasSet && set == 0 && control&uacNeverExpires == 0, strings.EqualFold(e.GetAttributeValue("pwdReset"), "TRUE"):
		return "the password must be changed"
	case computed&uacPastExpiry != 0:
		return "the password has expired"
	}
	return ""
}

// fileTime is a time of Active Directory: in 100 nanoseconds since 1601.
func fileTime(n int64) time.Time {
	const before1970 = 11644473600
	return time.Unix(n/1e7-before1970, n%1e7*100)
}

const wrongPassword = "the password is wrong"

// adCodes are Active Directory's reasons for invalid credentials.
var adCodes = map[string]string{
	"525": "there is no such user", "52e": wrongPassword, "530": "not at this hour", "531": "not at this machine",
	"532": "the password has expired", "533": "the account is disabled", "701": "the account has expired",
	"773": "the password must be changed", "775": "the account is locked",
}

var adCode = lazyre.New(`\bdata ([0-9a-f]{3}),`)

// bindRefusal is why a directory did not take a password. false is for what is
// no answer to the password, but a fault.
func bindRefusal(result *ldap.SimpleBindResult, err error) (string, bool) {
	if reason := policyRefusal(result); reason != "" {
		return reason, true
	}
	e, ok := errors.AsType[*ldap.Error](err)
	if err == nil || !ok {
		return "", false
	}
	switch e.ResultCode {
	case ldap.LDAPResultInvalidCredentials:
		if m := adCode.FindStringSubmatch(e.Err.Error()); m != nil && adCodes[m[1]] != "" {
			return adCodes[m[1]], true
		}
		return wrongPassword, true
	case ldap.LDAPResultNoSuchObject, ldap.LDAPResultInappropriateAuthentication, ldap.LDAPResultUnwillingToPerform,
		ldap.LDAPResultConstraintViolation, ldap.LDAPResultInsufficientAccessRights, ldap.LDAPResultInvalidDNSyntax:
		return "the directory refuses the account", true
	}
	return "", false
}

// policyRefusal reads OpenLDAP's password policy control. Of a password that has
// expired or must be changed a directory may still take some binds, so that its
// owner can change it: there is no changing here, so they are refused.
func policyRefusal(result *ldap.SimpleBindResult) string {
	if result == nil {
		return ""
	}
	c, ok := ldap.FindControl(result.Controls, ldap.ControlTypeBeheraPasswordPolicy).(*ldap.ControlBeheraPasswordPolicy)
	switch {
	case !ok:
		return ""
	case c.Error == ldap.BeheraAccountLocked:
		return "the account is locked"
	case c.Error == ldap.BeheraChangeAfterReset:
		return "the password must be changed"
	case c.Error == ldap.BeheraPasswordExpired || c.Grace >= 0:
		return "the password has expired"
	}
	return ""
}
