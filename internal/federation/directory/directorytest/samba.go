package directorytest

import (
	_ "embed"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
)

// The domain.
const (
	Realm = "AD.EXAMPLE.ORG"
	Short = "ADEX"
	adDN  = "DC=ad,DC=example,DC=org"
)

//go:embed samba.ldif
var adPeople string

// ActiveDirectory provisions a domain in dir and runs Samba as its controller.
func ActiveDirectory(dir string) (*Directory, error) {
	ip, err := freeIP()
	if err != nil {
		return nil, err
	}
	if err := Certificates(dir, ip, "dc1.ad.example.org"); err != nil {
		return nil, err
	}
	err = run("samba-tool", "domain", "provision", "--realm="+Realm, "--domain="+Short, "--server-role=dc", "--dns-backend=NONE",
		"--adminpass="+Password, "--host-ip=127.0.0.1", "--host-name=dc1", "--use-rfc2307", "--option=interfaces=lo",
		"--option=bind interfaces only=yes", "--targetdir="+dir)
	if err != nil {
		return nil, fmt.Errorf("a part of the tests is missing (make parts installs it), or this is not root: %w", err)
	}
	conf := filepath.Join(dir, "etc", "smb.conf")
	err = errors.Join(
		change(dir, conf, fmt.Sprintf(adPeople, adPassword(Password), adPassword(ServicePassword))),
		// With the control by which Samba itself sets the time of a password.
		change(dir, conf, adExpired, "--controls=local_oid:1.3.6.1.4.1.7165.4.3.20:0"))
	if err != nil {
		return nil, err
	}
	d := &Directory{LDAP: "ldap://" + ip, LDAPS: "ldaps://" + ip, CA: filepath.Join(dir, "ca.pem"),
		BindDN: "CN=sojourn,CN=Users," + adDN, BaseDN: adDN}
	c := exec.Command("/usr/sbin/samba", "-i", "-M", "single", "-s", conf, "--option=server services=ldap", "--option=interfaces="+ip+"/8",
		"--option=bind interfaces only=yes", "--option=pid directory="+dir, "--option=lock directory="+dir, "--option=ncalrpc dir="+filepath.Join(dir, "ncalrpc"), "--option=ldap server require strong auth=allow_sasl_over_tls", "--option=tls cafile="+d.CA,
		"--option=tls certfile="+filepath.Join(dir, "cert.pem"), "--option=tls keyfile="+filepath.Join(dir, "key.pem"))
	return d, d.start(dir, c, ip+":636")
}

// adExpired makes erin's password one of 2020.
const adExpired = "dn: CN=erin,CN=Users," + adDN + "\nchangetype: modify\nreplace: pwdLastSet\npwdLastSet: 132223104000000000\n"

// change makes a change in the domain's database.
func change(dir, conf, ldif string, options ...string) error {
	file := filepath.Join(dir, "change.ldif")
	if err := os.WriteFile(file, []byte(ldif), 0o600); err != nil {
		return err
	}
	return run("ldbmodify", append(options, "--configfile="+conf, "-H", filepath.Join(dir, "private", "sam.ldb"), file)...)
}

// freeIP is a loopback address at which nothing listens on the ports of LDAP,
// which cannot be changed.
func freeIP() (string, error) {
	for i := range 200 {
		ip := fmt.Sprintf("127.77.%d.%d", os.Getpid()%250, i+2)
		l, err := net.Listen("tcp", ip+":636")
		if err == nil {
			return ip, l.Close()
		}
	}
	return "", fmt.Errorf("no loopback address has port 636 free: is this root?")
}
