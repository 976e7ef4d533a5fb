package idp

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"sojourn/internal/federation/saml/samltest"
)

// TestSamlp signs in at the npm package samlp, whose signatures are made by
// another library than SimpleSAMLphp's, in each of the ways in which it signs, and
// with encryption (AES-GCM, where SimpleSAMLphp has CBC).
func TestSamlp(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	w := newWorld(t, f)
	const metadata = "/FederationMetadata/2007-06/FederationMetadata.xml"
	by := samltest.With("urn:example:samlp", samltest.RSA(2), time.Now())
	start(t, f.local(metadata), script(t, "samlp.cjs", "ISSUER="+by.EntityID, "LISTEN="+f.backend, "RECIPIENT="+w.recipient(),
		"KEY_FILE="+samlpKey(t), "CERT="+certificatePEM(by.Cert),
		"FOR="+certificatePEM(samltest.With("", forUs(), time.Now()).Cert)))
	b := newBrowser(t, f, map[string]string{"user": "maria"})
	w.trustsSAML(b.get(f.URL + metadata))
	for _, way := range []struct {
		page   string
		signed []string
	}{{"/assertion", []string{"Assertion"}}, {"/response", []string{"Response"}}, {"/both", []string{"Response", "Assertion"}}} {
		response := b.signIn(f.URL+way.page, "SAMLResponse")
		if got := signatures(decoded(t, response)); !slices.Equal(got, way.signed) {
			t.Errorf("%s: signed are %q, want %q in\n%s", way.page, got, way.signed, decoded(t, response))
		}
		w.enters(by, response, way.signed...)
	}
	w.takesEncrypted("Allowed")
	w.entersEncrypted(by, b.signIn(f.URL+"/encrypted", "SAMLResponse"))
}

// samlpKey is the file of the provider's key: its environment is no place for one.
func samlpKey(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "key.pem")
	if err := os.WriteFile(path, samltest.PrivatePEM(samltest.RSA(2)), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
