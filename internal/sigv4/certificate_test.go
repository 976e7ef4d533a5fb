package sigv4

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"math/big"
	"net/http"
	"strings"
	"testing"
	"time"

	"sojourn/internal/awserr"
)

// certificateKeys are one key of each kind.
func certificateKeys(t testing.TB) map[string]crypto.Signer {
	t.Helper()
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	r, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]crypto.Signer{CertificateECDSA: ec, CertificateRSA: r}
}

func signedByCertificate(t testing.TB, key crypto.Signer) *http.Request {
	t.Helper()
	r := request("POST", "/sessions?a=b%20c", http.Header{"Content-Type": {"application/json"}})
	chain := []*x509.Certificate{{Raw: []byte("leaf"), SerialNumber: big.NewInt(4711)}, {Raw: []byte("issuer")}}
	if err := SignCertificate(r, hash("{}"), key, chain, "rolesanywhere", "us-east-1", suiteTime); err != nil {
		t.Fatal(err)
	}
	return r
}

// A signature by a certificate's key is verified by that key, over that request.
func TestCertificate(t *testing.T) {
	keys := certificateKeys(t)
	for algorithm, key := range keys {
		r := signedByCertificate(t, key)
		c, err := ParseCertificateRequest(r)
		if err != nil {
			t.Fatal(err)
		}
		if c.Algorithm != algorithm || c.Serial != "4711" || c.Region != "us-east-1" || c.Service != "rolesanywhere" || !c.Time.Equal(suiteTime) || !c.Signs(ChainHeader) {
			t.Errorf("%+v", c)
		}
		if !c.Verify(r, hash("{}"), key.Public()) || c.Verify(r, hash("{} "), key.Public()) {
			t.Errorf("%s: the body's hash", algorithm)
		}
		for other, k := range keys {
			if other != algorithm && c.Verify(r, hash("{}"), k.Public()) {
				t.Errorf("%s is verified by a key of %s", algorithm, other)
			}
		}
		for name := range keys { // a digest over the other algorithm's name is no signature of this key's
			if name == algorithm {
				continue
			}
			canonical, _ := appendRequest(nil, r, c.auth.params, c.auth.SignedHeaders, hash("{}"))
			sum := certificateDigest(name, c.Time, c.Region, c.Service, canonical)
			wrong := *c
			if wrong.auth.Signature, err = key.Sign(rand.Reader, sum[:], crypto.SHA256); err != nil {
				t.Fatal(err)
			}
			if wrong.Algorithm = name; wrong.Verify(r, hash("{}"), key.Public()) {
				t.Errorf("a key of %s signs as %s", algorithm, name)
			}
		}
		r.Header.Set("Content-Type", "text/plain")
		if c.Verify(r, hash("{}"), key.Public()) {
			t.Errorf("%s: another header", algorithm)
		}
		if c.CheckWindow(suiteTime.Add(5*time.Minute)) != nil || c.CheckWindow(suiteTime.Add(5*time.Minute+time.Second)) == nil {
			t.Errorf("%s: the window", algorithm)
		}
	}
	if _, err := ParseCertificateRequest(request("POST", "/", nil)); !awserr.Is(err, awserr.MissingAuthentication) {
		t.Error(err)
	}
}

// What is accepted is well-formed and is verified by no other key.
func FuzzParseCertificate(f *testing.F) {
	keys := certificateKeys(f)
	for _, key := range keys {
		r := signedByCertificate(f, key)
		f.Add(r.Header.Get("Authorization"), r.Header.Get("X-Amz-Date"))
	}
	f.Add("AWS4-X509-RSA-SHA256 Credential=01/20150830/r/s/aws4_request, SignedHeaders=host, Signature=00", "20150830T000000Z")
	other := certificateKeys(f)
	f.Fuzz(func(t *testing.T, authorization, date string) {
		r := request("POST", "/sessions", http.Header{"Authorization": {authorization}, "X-Amz-Date": {date}})
		c, err := ParseCertificateRequest(r)
		if err != nil {
			if e := awserr.From(err); c != nil || e.Code == awserr.InternalFailure || len(e.Message) > 1024 {
				t.Errorf("%v, error %v", c, err)
			}
			return
		}
		n, ok := new(big.Int).SetString(c.Serial, 10)
		if !ok || n.String() != c.Serial || !strings.HasPrefix(authorization, c.Algorithm) {
			t.Errorf("%q: %+v", authorization, c)
		}
		for _, key := range other {
			if c.Verify(r, hash(""), key.Public()) {
				t.Errorf("%q is verified by another key", authorization)
			}
		}
	})
}
