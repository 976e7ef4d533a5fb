package rolesanywhere

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"errors"
	"slices"
	"strconv"
	"strings"

	"sojourn/internal/store"
	"sojourn/internal/sts"
	wire "sojourn/internal/wire/rolesanywherewire"
)

// defaultMappings are AWS's: all of subject and issuer, and of the alternative
// names the first of each kind.
func defaultMappings() []store.AttributeMapping {
	return []store.AttributeMapping{
		{Field: wire.CertificateFieldX509Subject, Specifiers: []string{"*"}},
		{Field: wire.CertificateFieldX509Issuer, Specifiers: []string{"*"}},
		{Field: wire.CertificateFieldX509SAN, Specifiers: []string{"DNS", "URI", "Name/*"}},
	}
}

// attribute is one value of a certificate's field. The first of its name has the
// name alone, the others the name with their number: OU, OU/1, OU/2.
type attribute struct{ name, value string }

// shortNames are the attribute types that have names; others go by their numbers.
var shortNames = map[string]string{
	"2.5.4.3": "CN", "2.5.4.4": "SN", "2.5.4.5": "SERIALNUMBER", "2.5.4.6": "C", "2.5.4.7": "L", "2.5.4.8": "ST", "2.5.4.9": "STREET",
	"2.5.4.10": "O", "2.5.4.11": "OU", "2.5.4.12": "T", "2.5.4.17": "POSTALCODE", "2.5.4.42": "GN", "2.5.4.43": "INITIALS",
	"2.5.4.44": "GENERATION", "2.5.4.46": "DNQUALIFIER", "2.5.4.65": "PSEUDONYM",
	"0.9.2342.19200300.100.1.1": "UID", "0.9.2342.19200300.100.1.25": "DC", "1.2.840.113549.1.9.1": "E",
}

// count numbers attributes of one name.
func count(in []attribute) []attribute {
	seen := map[string]int{}
	for i := range in {
		n := seen[in[i].name]
		seen[in[i].name]++
		if n > 0 {
			in[i].name += "/" + strconv.Itoa(n)
		}
	}
	return in
}

// ofName are the attributes of a distinguished name. One whose value is no text
// has none, and so cannot be mapped.
func ofName(prefix string, names []pkix.AttributeTypeAndValue) (out []attribute) {
	for _, n := range names {
		name := n.Type.String()
		if short, ok := shortNames[name]; ok {
			name = short
		}
		text, ok := n.Value.(string)
		if !ok {
			text = "\x00"
		}
		out = append(out, attribute{prefix + name, text})
	}
	return out
}

var errNames = errors.New("the certificate's alternative names cannot be read")

// ofAlternatives are the attributes of the subject's alternative names.
func ofAlternatives(c *x509.Certificate) (out []attribute, err error) {
	for _, name := range c.DNSNames {
		out = append(out, attribute{"DNS", name})
	}
	for _, u := range c.URIs {
		out = append(out, attribute{"URI", u.String()})
	}
	for _, e := range c.Extensions {
		if !e.Id.Equal(alternativeNames) {
			continue
		}
		names, err := directoryNames(e.Value)
		if err != nil {
			return nil, err
		}
		out = append(out, names...)
	}
	return out, nil
}

var alternativeNames = asn1.ObjectIdentifier{2, 5, 29, 17}

// directoryNames reads the directory names among the general names of a
// certificate (RFC 5280, section 4.2.1.6), which crypto/x509 passes over.
func directoryNames(der []byte) (out []attribute, err error) {
	var list asn1.RawValue
	rest, err := asn1.Unmarshal(der, &list)
	if err != nil || len(rest) > 0 || list.Class != asn1.ClassUniversal || list.Tag != asn1.TagSequence || !list.IsCompound {
		return nil, errNames
	}
	for rest := list.Bytes; len(rest) > 0; {
		var name asn1.RawValue
		if rest, err = asn1.Unmarshal(rest, &name); err != nil {
			return nil, errNames
		}
		if name.Class != asn1.ClassContextSpecific || name.Tag != 4 {
			continue
		}
		var sequence pkix.RDNSequence
		if after, err := asn1.Unmarshal(name.Bytes, &sequence); err != nil || len(after) > 0 {
			return nil, errNames
		}
		for _, set := range sequence {
			out = append(out, ofName("Name/", set)...)
		}
	}
	return out, nil
}

// isSpecifier reports whether a mapping rule can be one of a field.
func isSpecifier(field, s string) bool {
	if field == wire.CertificateFieldX509SAN {
		kind, rest, more := strings.Cut(s, "/")
		switch kind {
		case "*":
			return !more
		case "DNS", "URI":
			return !more || rest == "*" || isNumber(rest)
		case "Name":
			return more && isNamePart(rest)
		}
		return false
	}
	return isNamePart(s)
}

// isNamePart: "*", or an attribute type, all of its values or one by number.
func isNamePart(s string) bool {
	if s == "*" {
		return true
	}
	name, number, numbered := strings.Cut(s, "/")
	return name != "" && strings.Trim(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.") == "" && (!numbered || number == "*" || isNumber(number))
}

func isNumber(s string) bool {
	n, err := strconv.Atoi(s)
	return err == nil && n >= 0 && strconv.Itoa(n) == s
}

// matches reports whether a specifier is about an attribute: "*" and "Name/*" the
// first value of each type, "OU" the first, "OU/2" that one (from 0), "OU/*" all.
func matches(specifier, name string) bool {
	base, number := name, "0"
	if i := strings.LastIndexByte(name, '/'); i >= 0 && isNumber(name[i+1:]) {
		base, number = name[:i], name[i+1:]
	}
	switch {
	case specifier == "*" || specifier == "Name/*" && strings.HasPrefix(name, "Name/"):
		return number == "0"
	case specifier == base+"/*":
		return true
	}
	return specifier == name || specifier == base+"/"+number
}

// certificateTags maps a certificate to session tags. All that the profile asks for and
// that the certificate has must fit into a tag.
func certificateTags(c *x509.Certificate, mappings []store.AttributeMapping) (map[string]string, error) {
	alternatives, err := ofAlternatives(c)
	if err != nil {
		return nil, err
	}
	fields := map[string][]attribute{
		wire.CertificateFieldX509Subject: count(ofName("", c.Subject.Names)),
		wire.CertificateFieldX509Issuer:  count(ofName("", c.Issuer.Names)),
		wire.CertificateFieldX509SAN:     count(alternatives),
	}
	tags, failed := map[string]string{}, map[string][]string{}
	for _, m := range mappings {
		for _, a := range fields[m.Field] {
			if !slices.ContainsFunc(m.Specifiers, func(s string) bool { return matches(s, a.name) }) {
				continue
			}
			if key := m.Field + "/" + a.name; sts.IsTag(key, a.value) {
				tags[key] = a.value
			} else {
				failed[m.Field] = append(failed[m.Field], a.name)
			}
		}
	}
	if len(failed) > 0 {
		part := func(field string) string { return "[ " + strings.Join(failed[field], ", ") + " ]" }
		return nil, errors.New("Some attributes failed to be mapped into session tags. Issuer: " + part(wire.CertificateFieldX509Issuer) + //nolint:staticcheck // AWS's text
			"; Subject: " + part(wire.CertificateFieldX509Subject) + "; SAN: " + part(wire.CertificateFieldX509SAN))
	}
	return tags, nil
}

// serialName is the name of the session of a certificate: its serial number in
// hexadecimal digits, two a byte.
func serialName(c *x509.Certificate) string {
	if b := c.SerialNumber.Bytes(); len(b) > 0 {
		return hex.EncodeToString(b)
	}
	return "00"
}
