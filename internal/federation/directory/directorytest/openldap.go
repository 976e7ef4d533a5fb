package directorytest

import (
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

//go:embed openldap.ldif
var openLDAPPeople string

//go:embed slapd.conf
var slapdConf string

// OpenLDAP runs slapd in dir.
func OpenLDAP(dir string) (*Directory, error) {
	if err := Certificates(dir, "127.0.0.1", "ldap.example.org"); err != nil {
		return nil, err
	}
	database := filepath.Join(dir, "db")
	if err := os.Mkdir(database, 0o700); err != nil {
		return nil, err
	}
	conf, people := filepath.Join(dir, "slapd.conf"), filepath.Join(dir, "people.ldif")
	for name, text := range map[string]string{conf: fmt.Sprintf(slapdConf, dir), people: openLDAPPeople} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			return nil, err
		}
	}
	if err := run("/usr/sbin/slapadd", "-q", "-f", conf, "-l", people); err != nil {
		return nil, err
	}
	plain, err := freeAddress()
	if err != nil {
		return nil, err
	}
	tls, err := freeAddress()
	if err != nil {
		return nil, err
	}
	d := &Directory{LDAP: "ldap://" + plain, LDAPS: "ldaps://" + tls, CA: filepath.Join(dir, "ca.pem"),
		BindDN: "cn=sojourn,dc=example,dc=org", BaseDN: "dc=example,dc=org"}
	return d, d.start(dir, exec.Command("/usr/sbin/slapd", "-f", conf, "-h", d.LDAP+" "+d.LDAPS, "-d", "0"), tls)
}
