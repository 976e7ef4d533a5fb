package saml

import (
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"strings"
	"testing"

	"sojourn/internal/federation/saml/samltest"
	"sojourn/internal/secret"
)

func TestParsePrivateKey(t *testing.T) {
	pkcs8 := func(k any) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: samltest.Must(x509.MarshalPKCS8PrivateKey(k))}))
	}
	good := string(samltest.PrivatePEM(samltest.RSA(2)))
	t.Setenv("GODEBUG", "rsa1024min=0")
	small := samltest.Must(rsa.GenerateKey(rand.Reader, 1024))
	for name, c := range map[string]struct {
		text string
		ok   bool
	}{
		"PKCS #1":         {good, true},
		"PKCS #8":         {pkcs8(samltest.RSA(2)), true},
		"no PEM":          {"hello", false},
		"two blocks":      {good + good, false},
		"elliptic":        {pkcs8(samltest.EC(elliptic.P256())), false},
		"1024 bits":       {string(samltest.PrivatePEM(small)), false},
		"encrypted block": {strings.ReplaceAll(good, "RSA PRIVATE", "ENCRYPTED PRIVATE"), false},
		"long":            {good + strings.Repeat("\n", maxPrivateKey), false},
	} {
		k, err := ParsePrivateKey(secret.New(c.text))
		if (err == nil) != c.ok || c.ok && !k.Equal(samltest.RSA(2)) {
			t.Errorf("%s: %v, %v", name, k != nil, err)
		}
	}
}
