package saml

import (
	"maps"
	"slices"
	"sync"
)

// key is a condition key that an attribute makes.
type key struct {
	names []string // after "saml:"
	many  bool
}

func one(names ...string) key  { return key{names, false} }
func list(names ...string) key { return key{names, true} }

const (
	claims   = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"
	eduOID   = "urn:oid:1.3.6.1.4.1.5923.1.1.1."
	eduOrg   = "urn:oid:1.3.6.1.4.1.5923.1.2.1."
	cosineID = "urn:oid:0.9.2342.19200300.100.1."
)

// contextKeys are the attributes that make condition keys: those of eduPerson
// and eduOrg, of X.500 and COSINE, and the claims of Active Directory.
var contextKeys = sync.OnceValue(func() map[string]key {
	return map[string]key{
		eduOID + "1":  list("edupersonaffiliation"),
		eduOID + "2":  list("edupersonnickname"),
		eduOID + "3":  one("edupersonorgdn"),
		eduOID + "4":  list("edupersonorgunitdn"),
		eduOID + "5":  one("edupersonprimaryaffiliation"),
		eduOID + "6":  one("edupersonprincipalname"),
		eduOID + "7":  list("edupersonentitlement"),
		eduOID + "8":  one("edupersonprimaryorgunitdn"),
		eduOID + "9":  list("edupersonscopedaffiliation"),
		eduOID + "10": list("edupersontargetedid"),
		eduOID + "11": list("edupersonassurance"),

		eduOrg + "2": list("eduorghomepageuri"),
		eduOrg + "3": list("eduorgidentityauthnpolicyuri"),
		eduOrg + "4": list("eduorglegalname"),
		eduOrg + "5": list("eduorgsuperioruri"),
		eduOrg + "6": list("eduorgwhitepagesuri"),

		"urn:oid:2.5.4.3":  list("cn", "commonname"),
		"urn:oid:2.5.4.4":  list("surname"),
		"urn:oid:2.5.4.41": list("name"),
		"urn:oid:2.5.4.42": list("givenname"),
		"urn:oid:2.5.4.45": list("x500uniqueidentifier"),
		cosineID + "1":     list("uid"),
		cosineID + "3":     list("mail"),
		cosineID + "45":    list("organizationstatus"),

		claims + "name":                                list("name"),
		claims + "emailaddress":                        list("mail"),
		claims + "givenname":                           list("givenname"),
		claims + "surname":                             list("surname"),
		"http://schemas.xmlsoap.org/claims/CommonName": list("cn", "commonname"),
		"http://schemas.microsoft.com/ws/2008/06/identity/claims/primarygroupsid": list("primarygroupsid"),
	}
})

// readContext makes the condition keys. Where two attributes make the same key,
// its values are those of both.
func (a *Assertion) readContext(v values) error {
	a.Context = map[string][]string{
		"saml:aud": {a.Audience}, "saml:iss": {a.Issuer}, "saml:sub": {a.Subject}, "saml:sub_type": {a.SubjectType},
		"saml:namequalifier": {a.NameQualifier()}, "saml:doc": {a.account + "/" + a.name},
	}
	for _, attr := range slices.Sorted(maps.Keys(v)) {
		k, ok := contextKeys()[attr]
		got := v[attr]
		if !ok || len(got) == 0 {
			continue
		}
		if !k.many && len(got) > 1 {
			return tagsError("%s has %d values", attr, len(got))
		}
		for _, name := range k.names {
			a.Context["saml:"+name] = append(a.Context["saml:"+name], got...)
		}
	}
	return nil
}
