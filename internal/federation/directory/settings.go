package directory

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"

	"github.com/go-ldap/ldap/v3"

	"sojourn/internal/store"
)

// Placeholders of filters.
const (
	userPlace = "{username}"
	dnPlace   = "{dn}"
)

// defaults of each kind.
var defaults = map[string]store.Directory{
	OpenLDAP: {
		UserFilter: "(&(objectClass=person)(uid={username}))", UserNameAttribute: "uid", IdentityAttribute: "entryUUID",
		GroupFilter: "(|(member={dn})(uniqueMember={dn}))", GroupNesting: Walk,
	},
	ActiveDirectory: {
		UserFilter:        "(&(objectCategory=person)(objectClass=user)(|(sAMAccountName={username})(userPrincipalName={username})))",
		UserNameAttribute: "sAMAccountName", IdentityAttribute: "objectGUID",
		GroupFilter: "(&(objectCategory=group)(member:1.2.840.113556.1.4.1941:={dn}))", GroupNesting: Chain,
	},
}

// Complete fills in what d leaves open with the defaults of its kind, and checks
// its settings.
func Complete(d *store.Directory) error {
	def, ok := defaults[d.Kind]
	if !ok {
		return fmt.Errorf("the kind %q is neither %s nor %s", d.Kind, OpenLDAP, ActiveDirectory)
	}
	for _, p := range [][2]*string{{&d.UserFilter, &def.UserFilter}, {&d.UserNameAttribute, &def.UserNameAttribute},
		{&d.IdentityAttribute, &def.IdentityAttribute}, {&d.GroupFilter, &def.GroupFilter}, {&d.GroupNesting, &def.GroupNesting}, {&d.GroupBaseDN, &d.BaseDN}} {
		if *p[0] == "" {
			*p[0] = *p[1]
		}
	}
	return check(d)
}

func check(d *store.Directory) error {
	var errs []error
	for _, u := range d.URLs {
		_, err := parseURL(u)
		errs = append(errs, err)
	}
	if len(d.URLs) == 0 {
		errs = append(errs, errors.New("it has no URL"))
	}
	for _, dn := range []string{d.BindDN, d.BaseDN, d.GroupBaseDN} {
		_, err := Normalise(dn)
		errs = append(errs, err)
	}
	errs = append(errs, checkFilter(d.UserFilter, userPlace), checkFilter(d.GroupFilter, dnPlace, userPlace))
	if (d.GroupNesting == Chain) != strings.Contains(d.GroupFilter, ":1.2.840.113556.1.4.1941:=") {
		errs = append(errs, errors.New("the nesting Chain goes with a group filter that has the rule 1.2.840.113556.1.4.1941, and with no other"))
	}
	_, err := authorities(d.Authorities, nil)
	return errors.Join(append(errs, err)...)
}

// server is one address of a directory.
type server struct {
	url  string
	host string
	addr string
	tls  bool // from the first byte on; else StartTLS is asked for
}

// parseURL reads ldap://HOST[:PORT] or ldaps://HOST[:PORT], with nothing else in it.
func parseURL(text string) (server, error) {
	u, err := url.Parse(text)
	if err != nil {
		return server{}, fmt.Errorf("URL: %w", err)
	}
	s := server{url: text, host: u.Hostname(), tls: u.Scheme == "ldaps"}
	port := u.Port()
	if port == "" {
		port = map[bool]string{true: "636", false: "389"}[s.tls]
	}
	n, err := strconv.ParseUint(port, 10, 16)
	switch {
	case u.Scheme != "ldap" && u.Scheme != "ldaps":
		return s, fmt.Errorf("URL %q: only ldaps://HOST[:PORT] and ldap://HOST[:PORT] are allowed", text)
	case err != nil || n == 0:
		return s, fmt.Errorf("URL %q: its port is no port", text)
	case u.User != nil || u.Path != "" && u.Path != "/" || strings.ContainsAny(text, "?#\\%") || s.host == "" || u.Opaque != "":
		return s, fmt.Errorf("URL %q: it may hold a host and a port and nothing else", text)
	}
	s.addr = net.JoinHostPort(s.host, port)
	return s, nil
}

// checkFilter wants a filter that is one with its first placeholder in it, and
// with no other than those.
func checkFilter(filter string, places ...string) error {
	if !strings.Contains(filter, places[0]) {
		return fmt.Errorf("filter %q: %s is not in it", filter, places[0])
	}
	filled := filter
	for _, p := range places {
		filled = strings.ReplaceAll(filled, p, "x")
	}
	if strings.ContainsAny(filled, "{}\x00") {
		return fmt.Errorf("filter %q: only %s may stand in braces", filter, strings.Join(places, " and "))
	}
	if _, err := ldap.CompileFilter(filled); err != nil {
		return fmt.Errorf("filter %q: %w", filter, err)
	}
	return nil
}

// fill puts values, escaped as RFC 4515 has it, into a filter.
func fill(filter, username, dn string) string {
	return strings.NewReplacer(userPlace, ldap.EscapeFilter(username), dnPlace, ldap.EscapeFilter(dn)).Replace(filter)
}

// authorities are those in a PEM text, or other where there is none.
func authorities(pem string, other *x509.CertPool) (*x509.CertPool, error) {
	if pem == "" {
		return other, nil
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM([]byte(pem)) {
		return nil, errors.New("the authorities hold no certificate in PEM form")
	}
	return pool, nil
}
