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
	"errors"
	"fmt"
	"net/http"
	"time"

	"sojourn/internal/secret"
	"sojourn/internal/sigv4"
)

// Login is what renews an "aws login".
type Login struct {
	ClientID string
	Refresh  secret.String
	Key      secret.String // PEM of the private key that the sign-in is bound to
}

// RenewLogin makes new credentials of an "aws login", and the token for the next time.
func (c *Client) RenewLogin(ctx context.Context, l Login, now time.Time) (sigv4.Credentials, Token, error) {
	key, err := privateKey(l.Key)
	if err != nil {
		return sigv4.Credentials{}, Token{}, err
	}
	where := c.SignIn + "/v1/token"
	proof, err := proofOfPossession(key, where, now)
	if err != nil {
		return sigv4.Credentials{}, Token{}, err
	}
	var v struct {
		AccessToken  struct{ AccessKeyId, SecretAccessKey, SessionToken string }
		ExpiresIn    int64
		RefreshToken string
	}
	body := map[string]string{"clientId": l.ClientID, "grantType": "refresh_token", "refreshToken": l.Refresh.Reveal()}
	err = c.call(ctx, "renewing the sign-in", http.MethodPost, where, http.Header{"Dpop": {proof}}, body, &v)
	got := v.AccessToken
	if err == nil && (got.AccessKeyId == "" || got.SecretAccessKey == "" || v.ExpiresIn <= 0 || v.RefreshToken == "") {
		err = fmt.Errorf("the answer of %s holds no credentials; check the endpoint", c.SignIn)
	}
	return sigv4.Credentials{AccessKeyID: got.AccessKeyId, Secret: secret.New(got.SecretAccessKey), Token: got.SessionToken},
		Token{Refresh: secret.New(v.RefreshToken), Life: time.Duration(v.ExpiresIn) * time.Second}, err
}

func privateKey(text secret.String) (*ecdsa.PrivateKey, error) {
	none := errors.New("the key of the sign-in cannot be read")
	block, _ := pem.Decode([]byte(text.Reveal()))
	if block == nil {
		return nil, none
	}
	if key, err := x509.ParseECPrivateKey(block.Bytes); err == nil {
		return onP256(key)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if key, ok := parsed.(*ecdsa.PrivateKey); err == nil && ok {
		return onP256(key)
	}
	return nil, none
}

func onP256(key *ecdsa.PrivateKey) (*ecdsa.PrivateKey, error) {
	if key.Curve != elliptic.P256() {
		return nil, errors.New("the key of the sign-in is not on the curve P-256")
	}
	return key, nil
}

// proofOfPossession is RFC 9449's: a token that says who sends this one request, signed with ES256.
func proofOfPossession(key *ecdsa.PrivateKey, where string, now time.Time) (string, error) {
	point, err := key.PublicKey.Bytes() // 4, x, y
	if err != nil {
		return "", fmt.Errorf("the key of the sign-in: %w", err)
	}
	id := make([]byte, 16)
	rand.Read(id)
	header, _ := json.Marshal(map[string]any{"typ": "dpop+jwt", "alg": "ES256",
		"jwk": map[string]string{"kty": "EC", "crv": "P-256", "x": b64(point[1:33]), "y": b64(point[33:])}})
	claims, _ := json.Marshal(map[string]any{"htm": http.MethodPost, "htu": where, "iat": now.Unix(), "jti": b64(id)})
	input := b64(header) + "." + b64(claims)
	sum := sha256.Sum256([]byte(input))
	r, s, err := ecdsa.Sign(rand.Reader, key, sum[:])
	if err != nil {
		return "", fmt.Errorf("signing with the key of the sign-in: %w", err)
	}
	signature := make([]byte, 64)
	r.FillBytes(signature[:32])
	s.FillBytes(signature[32:])
	return input + "." + b64(signature), nil
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
