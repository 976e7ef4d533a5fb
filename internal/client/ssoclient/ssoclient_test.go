package ssoclient

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"sojourn/internal/client/signedhttp"
	"sojourn/internal/secret"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// server answers each path with a status and a text, and keeps what it was sent.
type server struct {
	*httptest.Server
	status int
	answer string
	seen   string
	header http.Header
}

func serve(t *testing.T) (*server, *Client) {
	s := &server{status: 200}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s.seen, s.header = r.Method+" "+r.URL.RequestURI()+" "+string(body), r.Header
		w.WriteHeader(s.status)
		io.WriteString(w, s.answer)
	}))
	t.Cleanup(s.Close)
	h, err := signedhttp.New("", func() time.Time { return noon })
	if err != nil {
		t.Fatal(err)
	}
	return s, &Client{HTTP: h, Portal: s.URL, OIDC: s.URL, SignIn: s.URL}
}

func TestRoleCredentials(t *testing.T) {
	s, c := serve(t)
	s.answer = `{"roleCredentials":{"accessKeyId":"ASIA","secretAccessKey":"sec","sessionToken":"tok","expiration":1795438800000}}`
	cred, end, err := c.RoleCredentials(context.Background(), secret.New("bearer"), "111122223333", "Admin Role")
	if err != nil || cred.AccessKeyID != "ASIA" || cred.Secret.Reveal() != "sec" || cred.Token != "tok" || !end.Equal(noon.Add(time.Hour)) {
		t.Errorf("%+v until %v, %v", cred, end, err)
	}
	if s.seen != "GET /federation/credentials?account_id=111122223333&role_name=Admin+Role " || s.header.Get("x-amz-sso_bearer_token") != "bearer" {
		t.Errorf("%s, %v", s.seen, s.header)
	}
	for _, bad := range []struct {
		status       int
		answer, want string
	}{
		{401, `{"message":"Session token not found or invalid"}`, "GetRoleCredentials was refused (status 401): Session token not found or invalid"},
		{403, `no`, "(status 403): without a reason"}, {200, `no`, "is not JSON"}, {200, `{}`, "holds no credentials"},
	} {
		s.status, s.answer = bad.status, bad.answer
		if _, _, err := c.RoleCredentials(context.Background(), secret.New("bearer"), "1", "R"); err == nil || !strings.Contains(err.Error(), bad.want) || strings.Contains(err.Error(), "bearer") {
			t.Errorf("%+v: %v", bad, err)
		}
	}
}

func TestRenew(t *testing.T) {
	s, c := serve(t)
	s.answer = `{"accessToken":"new","expiresIn":3600,"refreshToken":"next","tokenType":"Bearer"}`
	got, err := c.Renew(context.Background(), Registration{"cid", secret.New("csec")}, secret.New("ref"))
	if err != nil || got.Access.Reveal() != "new" || got.Refresh.Reveal() != "next" || got.Life != time.Hour {
		t.Errorf("%+v, %v", got, err)
	}
	if want := `POST /token {"clientId":"cid","clientSecret":"csec","grantType":"refresh_token","refreshToken":"ref"}`; s.seen != want {
		t.Errorf("%s, want %s", s.seen, want)
	}
	s.status, s.answer = 400, `{"error":"invalid_grant","error_description":"Invalid refresh token provided"}`
	if _, err := c.Renew(context.Background(), Registration{"cid", secret.New("csec")}, secret.New("ref")); err == nil || err.Error() != "renewing the sign-in was refused (status 400): invalid_grant Invalid refresh token provided" {
		t.Error(err)
	}
}

// The proof is checked as RFC 9449, section 4.3 has a server check it.
func TestRenewLogin(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	sec1, _ := x509.MarshalECPrivateKey(key)
	pkcs8, _ := x509.MarshalPKCS8PrivateKey(key)
	for kind, der := range map[string][]byte{"EC PRIVATE KEY": sec1, "PRIVATE KEY": pkcs8} {
		s, c := serve(t)
		s.answer = `{"accessToken":{"accessKeyId":"ASIA","secretAccessKey":"sec","sessionToken":"tok"},"tokenType":"aws_sigv4","expiresIn":900,"refreshToken":"next"}`
		l := Login{ClientID: "cid", Refresh: secret.New("ref"), Key: secret.New(string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})))}
		cred, next, err := c.RenewLogin(context.Background(), l, noon)
		if err != nil || cred.AccessKeyID != "ASIA" || next.Refresh.Reveal() != "next" || next.Life != 15*time.Minute {
			t.Fatalf("%s: %+v, %+v, %v", kind, cred, next, err)
		}
		if want := `POST /v1/token {"clientId":"cid","grantType":"refresh_token","refreshToken":"ref"}`; s.seen != want {
			t.Errorf("%s, want %s", s.seen, want)
		}
		checkProof(t, s.header.Get("DPoP"), s.URL+"/v1/token")
	}
	_, c := serve(t)
	for _, bad := range []string{"", "no pem", "-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n"} {
		if _, _, err := c.RenewLogin(context.Background(), Login{Key: secret.New(bad)}, noon); err == nil || !strings.Contains(err.Error(), "cannot be read") {
			t.Errorf("%q: %v", bad, err)
		}
	}
	other, _ := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	der, _ := x509.MarshalECPrivateKey(other)
	if _, err := privateKey(secret.New(string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der})))); err == nil {
		t.Error("a key on another curve")
	}
}

func checkProof(t *testing.T, proof, where string) {
	t.Helper()
	parts := strings.Split(proof, ".")
	if len(parts) != 3 {
		t.Fatalf("proof %q", proof)
	}
	var header struct {
		Typ, Alg string
		Jwk      struct{ Kty, Crv, X, Y string }
	}
	var claims struct {
		Htm, Htu, Jti string
		Iat           int64
	}
	decode := func(s string) []byte { b, _ := base64.RawURLEncoding.DecodeString(s); return b }
	if json.Unmarshal(decode(parts[0]), &header) != nil || json.Unmarshal(decode(parts[1]), &claims) != nil {
		t.Fatalf("proof %q", proof)
	}
	if fmt.Sprint(header.Typ, header.Alg, header.Jwk.Kty, header.Jwk.Crv) != "dpop+jwtES256ECP-256" || claims.Htm != "POST" || claims.Htu != where || claims.Iat != noon.Unix() || len(claims.Jti) < 16 {
		t.Errorf("%+v %+v", header, claims)
	}
	sum, sig := sha256.Sum256([]byte(parts[0]+"."+parts[1])), decode(parts[2])
	public, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), append(append([]byte{4}, decode(header.Jwk.X)...), decode(header.Jwk.Y)...))
	if err != nil || len(sig) != 64 || !ecdsa.Verify(public, sum[:], new(big.Int).SetBytes(sig[:32]), new(big.Int).SetBytes(sig[32:])) {
		t.Errorf("the proof's signature is wrong: %v", err)
	}
}
