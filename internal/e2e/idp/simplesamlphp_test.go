package idp

import (
	"encoding/base64"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"sojourn/internal/federation/saml/samltest"
)

const simpleSAMLphp = "/usr/share/simplesamlphp/www"

// php is a SimpleSAMLphp and its configuration.
type php struct {
	*front
	dir string
	idp *samltest.IdP
	w   *world
}

func newPHP(t *testing.T) *php {
	t.Helper()
	f := newFront(t)
	key := samltest.RSA(0)
	p := &php{front: f, dir: t.TempDir(), idp: samltest.With(f.URL+"/saml2/idp/metadata.php", key, time.Now()), w: newWorld(t, f)}
	for _, name := range []string{"config.php", "authsources.php", "router.php", "metadata/saml20-idp-hosted.php"} {
		write(t, filepath.Join(p.dir, name), read(t, filepath.Join("testdata/simplesamlphp", name)))
	}
	write(t, filepath.Join(p.dir, "cert/idp.key"), string(samltest.PrivatePEM(key)))
	write(t, filepath.Join(p.dir, "cert/idp.crt"), certificatePEM(p.idp.Cert))
	write(t, filepath.Join(p.dir, "sessions/.keep"), "")
	p.mode(t, true, true, false)
	c := exec.Command("php", "-d", "opcache.enable=0", "-S", f.backend, "-t", part(t, simpleSAMLphp), filepath.Join(p.dir, "router.php"))
	c.Env = append(os.Environ(), "SIMPLESAMLPHP_CONFIG_DIR="+p.dir, "BASE_URL="+f.URL)
	start(t, f.local("/saml2/idp/metadata.php"), c)
	return p
}

// mode sets what the provider signs, and whether it encrypts.
func (p *php) mode(t *testing.T, response, assertion, encrypted bool) {
	t.Helper()
	name := "metadata/saml20-sp-remote.php"
	certificate := base64.StdEncoding.EncodeToString(samltest.With("", forUs(), time.Now()).Cert.Raw)
	write(t, filepath.Join(p.dir, name),
		fmt.Sprintf(read(t, filepath.Join("testdata/simplesamlphp", name)), p.w.recipient(), response, assertion, encrypted, certificate))
}

// signIn is what the provider posts for maria, and the document in it.
func (p *php) signIn(t *testing.T) (response, document string) {
	t.Helper()
	b := newBrowser(t, p.front, map[string]string{"username": "maria", "password": "maria-secret"})
	response = b.signIn(p.URL+"/saml2/idp/SSOService.php?spentityid=urn:amazon:webservices", "SAMLResponse")
	return response, decoded(t, response)
}

// TestSimpleSAMLphp signs in at SimpleSAMLphp in each of the ways in which it
// signs, and with encryption.
func TestSimpleSAMLphp(t *testing.T) {
	t.Parallel()
	p := newPHP(t)
	p.w.trustsSAML(newBrowser(t, p.front, nil).get(p.idp.EntityID))
	for _, signed := range [][]string{{"Response"}, {"Assertion"}, {"Response", "Assertion"}} {
		p.mode(t, slices.Contains(signed, "Response"), slices.Contains(signed, "Assertion"), false)
		response, document := p.signIn(t)
		if got := signatures(document); !slices.Equal(got, signed) {
			t.Errorf("signed are %q, want %q in\n%s", got, signed, document)
		}
		p.w.enters(p.idp, response, signed...)
	}

	plain, _ := p.signIn(t)
	p.w.takesEncrypted("Required")
	p.w.refuse("InvalidIdentityToken", samlResponse, plain)
	p.mode(t, true, true, true)
	response, _ := p.signIn(t)
	p.w.entersEncrypted(p.idp, response, "Response")
	p.w.refuse("The SAML assertion was used already", samlResponse, response)
}
