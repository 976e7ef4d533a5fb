package rolesanywhere

import (
	"encoding/base64"
	"testing"
	"time"

	"sojourn/internal/rolesanywhere/pkitest"
)

var (
	fuzzNow  = time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	fuzzRoot = pkitest.Root(fuzzNow, "Example Root")
)

// Whatever a stranger sends as a certificate and a chain is read or refused, and
// never trusted: no one has the root's key.
func FuzzCertificate(f *testing.F) {
	stranger := pkitest.Root(fuzzNow, "Example Root").Sub("Example Issuing").Machine("build-1")
	for _, c := range stranger.Whole() {
		f.Add(base64.StdEncoding.EncodeToString(c.Raw), base64.StdEncoding.EncodeToString(c.Raw))
	}
	f.Add("", ",")
	t := &trusted{roots: pool(fuzzRoot.Cert)}
	f.Fuzz(func(tt *testing.T, leaf, chain string) {
		list, err := parseChain(chain)
		if err != nil || len(list) > maxChain {
			if len(list) > 0 {
				tt.Errorf("%d certificates and %v", len(list), err)
			}
			return
		}
		c, err := parseHeader(leaf)
		if err != nil {
			return
		}
		if t.verify(c, list, fuzzNow) == nil {
			tt.Errorf("%q is trusted", leaf)
		}
		certificateTags(c, defaultMappings())
		nameOf(c.Subject)
	})
}

// Alternative names are read or refused, and what is read has names.
func FuzzDirectoryNames(f *testing.F) {
	f.Add([]byte{0x30, 0x13, 0xa4, 0x11, 0x30, 0x0f, 0x31, 0x0d, 0x30, 0x0b, 0x06, 0x03, 0x55, 0x04, 0x03, 0x0c, 0x04, 't', 'e', 's', 't'})
	f.Add([]byte{0x30, 0x00})
	f.Add([]byte{0x30, 0x04, 0xa4, 0x02, 0x30, 0x05})
	f.Fuzz(func(t *testing.T, der []byte) {
		names, err := directoryNames(der)
		if err != nil && names != nil {
			t.Errorf("%v and %v", names, err)
		}
		for _, n := range names {
			if n.name == "Name/" {
				t.Errorf("a name without a type in %x", der)
			}
		}
	})
}

// A revocation list is read or refused, and is never signed by a stranger.
func FuzzList(f *testing.F) {
	f.Add(fuzzRoot.List(nil, fuzzRoot.Machine("a")))
	f.Add([]byte("-----BEGIN X509 CRL-----\n-----END X509 CRL-----\n"))
	other := pkitest.Root(fuzzNow, "Example Root")
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := parseList(data)
		if err != nil {
			return
		}
		if r.signedBy(other.Cert) {
			t.Errorf("%x is signed by a key that nobody has", data)
		}
		r.current(fuzzNow)
	})
}

// A bundle is read or refused.
func FuzzBundle(f *testing.F) {
	f.Add(fuzzRoot.PEM() + "text\n" + fuzzRoot.PEM())
	f.Add("-----BEGIN CERTIFICATE-----\n")
	f.Fuzz(func(t *testing.T, text string) {
		certs, err := parseBundle(text)
		if err == nil && len(certs) == 0 {
			t.Errorf("%q holds nothing", text)
		}
		for _, c := range certs {
			isAuthority(c, fuzzNow)
		}
	})
}
