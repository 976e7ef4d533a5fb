package directory

import (
	"errors"
	"fmt"
	"strings"

	"github.com/go-ldap/ldap/v3"
	"golang.org/x/text/unicode/norm"
)

const maxDN = 2048

// Normalise is a DN in the one form in which condition keys have it: RFC 4514's,
// in lower case, without needless escapes and spaces, NFC.
func Normalise(dn string) (string, error) {
	if len(dn) > maxDN {
		return "", fmt.Errorf("a DN of %d bytes is longer than %d", len(dn), maxDN)
	}
	parsed, err := ldap.ParseDN(dn)
	if err != nil {
		return "", fmt.Errorf("DN %q: %w", dn, err)
	}
	if len(parsed.RDNs) == 0 {
		return "", errors.New("an empty DN")
	}
	for _, rdn := range parsed.RDNs {
		for _, a := range rdn.Attributes {
			a.Value = strings.Join(strings.FieldsFunc(strings.ToLower(norm.NFC.String(a.Value)), func(r rune) bool { return r == ' ' }), " ")
		}
	}
	return parsed.String(), nil
}

// below reports whether a normalised DN is base's or under it.
func below(dn, base string) bool { return dn == base || strings.HasSuffix(dn, ","+base) }

// guid is an objectGUID as Active Directory's tools write it: the first three
// parts are little-endian.
func guid(b []byte) (string, error) {
	if len(b) != 16 {
		return "", fmt.Errorf("an objectGUID of %d bytes", len(b))
	}
	return fmt.Sprintf("%02x%02x%02x%02x-%02x%02x-%02x%02x-%x-%x", b[3], b[2], b[1], b[0], b[5], b[4], b[7], b[6], b[8:10], b[10:16]), nil
}

// identity is the unchanging id of an entry: one value of letters, digits and
// hyphens, or an objectGUID.
func identity(e *ldap.Entry, attribute string) (string, error) {
	values := e.GetRawAttributeValues(attribute)
	if len(values) != 1 {
		return "", fmt.Errorf("the entry has %d values of %s, not one", len(values), attribute)
	}
	if strings.EqualFold(attribute, "objectGUID") {
		return guid(values[0])
	}
	id := strings.ToLower(string(values[0]))
	if id == "" || len(id) > 64 || strings.Trim(id, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
		return "", fmt.Errorf("the entry's %s is no id", attribute)
	}
	return id, nil
}
