package samlidp

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"sojourn/internal/federation/saml/samltest"
	"sojourn/internal/seal"
	"sojourn/internal/secret"
	"sojourn/internal/store"
)

var now = time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)

// world is a verifier, a provider with one private key, and a response of it.
func world(t testing.TB) (*Verifier, store.SAMLProvider, string) {
	t.Helper()
	keys := samltest.Must(seal.CreateKeyring(filepath.Join(t.TempDir(), "root.key")))
	idp := samltest.New("https://idp.example/saml", now)
	p := store.SAMLProvider{Account: "111122223333", Name: "Example", ID: "ID", Metadata: idp.Metadata()}
	text := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(samltest.RSA(2))})
	p.PrivateKeys = []store.SAMLPrivateKey{samltest.Must(NewKey(keys, p, secret.New(string(text)), now))}
	f := samltest.Fields{Now: now, ResponseID: "_r", AssertionID: "_a", Subject: "maria", Recipient: "https://git.example/saml", Audience: "https://git.example/saml",
		Attributes: []samltest.Attribute{{Name: samltest.Role, Values: []string{"arn:aws:iam::111122223333:role/R," + ARN(p.Account, p.Name)}},
			{Name: samltest.RoleSessionName, Values: []string{"maria"}}}}
	response := samltest.Encode(idp.Sign(idp.Response(f), samltest.Signing{Target: "_a"}))
	return New(Options{Keys: keys, Now: func() time.Time { return now }, Origins: []string{"https://git.example"}, Region: "us-east-1"}), p, response
}

func TestVerify(t *testing.T) {
	v, p, response := world(t)
	a, err := v.Verify(p, response)
	if err != nil || a.Provider != "arn:aws:iam::111122223333:saml-provider/Example" || a.Subject != "maria" {
		t.Errorf("got %+v, %v", a, err)
	}
	p.EncryptionMode = Required
	if _, err := v.Verify(p, response); err == nil {
		t.Error("an assertion that is not encrypted is taken where it must be")
	}
	p.EncryptionMode, p.PrivateKeys[0].ID = "", "other"
	if _, err := v.Verify(p, response); err == nil || !strings.Contains(err.Error(), "opening the sealed saml-private-key") {
		t.Errorf("a key under another id: %v", err)
	}
	p.Metadata = "broken"
	if _, err := v.Verify(p, response); err == nil || !strings.HasPrefix(err.Error(), "InternalFailure") {
		t.Errorf("metadata that cannot be read: %v", err)
	}
}

// A changed record is read anew: nothing that decides is remembered by its name.
func TestVerifyAfterAChange(t *testing.T) {
	v, p, response := world(t)
	if _, err := v.Verify(p, response); err != nil {
		t.Fatal(err)
	}
	p.Metadata = samltest.With("https://idp.example/saml", samltest.RSA(1), now).Metadata()
	if _, err := v.Verify(p, response); err == nil {
		t.Error("a signature of the key that was replaced is taken")
	}
	p.PrivateKeys[0].Sealed = slices.Clone(p.PrivateKeys[0].Sealed[1:])
	if _, err := v.Verify(p, response); err == nil || !strings.HasPrefix(err.Error(), "InternalFailure") {
		t.Errorf("a private key that was replaced: %v", err)
	}
}

// Many providers do not fill the memory.
func TestOpenedIsBounded(t *testing.T) {
	v, p, _ := world(t)
	p.PrivateKeys = nil
	for i := range maxOpened + 1 {
		p.ID = fmt.Sprint(i)
		if _, err := v.open(p); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(v.opened); n == 0 || n > maxOpened {
		t.Errorf("%d providers stay opened", n)
	}
}

func TestNewKeyRefusesWhatIsNoKey(t *testing.T) {
	k, err := NewKey(nil, store.SAMLProvider{}, secret.New("hush"), now)
	if err == nil || strings.Contains(err.Error(), "hush") || k.Sealed != nil {
		t.Errorf("got %+v, %v", k, err)
	}
}

func BenchmarkVerify(b *testing.B) {
	v, p, response := world(b)
	for b.Loop() {
		if _, err := v.Verify(p, response); err != nil {
			b.Fatal(err)
		}
	}
}
