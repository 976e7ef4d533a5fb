package metadataserver

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime"
	"strings"
	"time"

	"sojourn/internal/client/stsclient"
	"sojourn/internal/secret"
	"sojourn/internal/sigv4"
	"sojourn/internal/version"
)

const (
	maxFile   = 64 << 10
	maxAnswer = 64 << 10
)

// STS gives sessions for tokens. A *stsclient.Client is one.
type STS interface {
	AssumeRoleWithWebIdentity(context.Context, stsclient.Role) (stsclient.Session, error)
}

// WebIdentity is a machine that is given a token by its platform, in a file.
type WebIdentity struct {
	STS                             STS
	TokenFile, RoleARN, SessionName string
	Duration                        int // seconds; 0 leaves it to the server
}

// Fetch implements Identity.
func (w *WebIdentity) Fetch(ctx context.Context) (Credentials, error) {
	text, err := readFile("the web identity token", w.TokenFile)
	if err != nil {
		return Credentials{}, err
	}
	token := strings.TrimSpace(string(text))
	if token == "" {
		return Credentials{}, fmt.Errorf("the web identity token in %s is empty", w.TokenFile)
	}
	s, err := w.STS.AssumeRoleWithWebIdentity(ctx, stsclient.Role{ARN: w.RoleARN, SessionName: w.SessionName, Duration: w.Duration, WebIdentityToken: secret.New(token)})
	if err != nil {
		return Credentials{}, err
	}
	return Credentials{Credentials: s.Credentials, RoleARN: w.RoleARN, Expires: s.Expires}, nil
}

// Certificate is a machine with a certificate under a trust anchor.
type Certificate struct {
	HTTP        *http.Client
	URL, Region string // of Roles Anywhere
	Now         func() time.Time

	CertificateFile, KeyFile string
	IntermediatesFile        string // "" where the anchor itself has issued the certificate

	TrustAnchorARN, ProfileARN string
	RoleARN                    string // or that of an instance profile
	SessionName                string // "" for the certificate's serial number
	Duration                   int    // seconds; 0 leaves it to the server
}

// Fetch implements Identity.
func (c *Certificate) Fetch(ctx context.Context) (Credentials, error) {
	chain, key, err := c.load()
	if err != nil {
		return Credentials{}, err
	}
	r, err := c.request(ctx, chain, key)
	if err != nil {
		return Credentials{}, err
	}
	answer, err := c.HTTP.Do(r)
	if err != nil {
		return Credentials{}, fmt.Errorf("%s could not be reached: %w; check the endpoint and the network", c.URL, inner(err))
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if err != nil {
		return Credentials{}, fmt.Errorf("reading the answer of %s: %w", c.URL, err)
	}
	return c.read(answer, body)
}

// inner drops the method and the URL that net/http puts before its errors.
func inner(err error) error {
	if next := errors.Unwrap(err); next != nil {
		return next
	}
	return err
}

func (c *Certificate) request(ctx context.Context, chain []*x509.Certificate, key crypto.Signer) (*http.Request, error) {
	input := map[string]any{"profileArn": c.ProfileARN, "roleArn": c.RoleARN, "trustAnchorArn": c.TrustAnchorARN}
	if c.Duration > 0 {
		input["durationSeconds"] = c.Duration
	}
	if c.SessionName != "" {
		input["roleSessionName"] = c.SessionName
	}
	body, err := json.Marshal(input)
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.URL+"/sessions", bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("making a request to %s: %w", c.URL, err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "sojourn/"+version.Version)
	sum := sha256.Sum256(body)
	return r, sigv4.SignCertificate(r, hex.EncodeToString(sum[:]), key, chain, "rolesanywhere", c.Region, c.Now())
}

// read reads CreateSession's answer.
func (c *Certificate) read(r *http.Response, body []byte) (Credentials, error) {
	var a struct {
		Message       string
		CredentialSet []struct {
			Credentials struct {
				AccessKeyId, SecretAccessKey, SessionToken string
				Expiration                                 time.Time
			}
			RoleArn, InstanceProfileArn, InstanceProfileId string
		}
	}
	err := json.Unmarshal(body, &a)
	if name := r.Header.Get("X-Amzn-Errortype"); r.StatusCode != http.StatusCreated && name != "" && err == nil {
		return Credentials{}, &stsclient.Error{Code: name, Message: a.Message, Operation: "CreateSession"}
	}
	if err != nil || r.StatusCode != http.StatusCreated || len(a.CredentialSet) != 1 || a.CredentialSet[0].Credentials.AccessKeyId == "" {
		return Credentials{}, fmt.Errorf("the answer of %s to CreateSession (status %d) is not Roles Anywhere's; check the endpoint", c.URL, r.StatusCode)
	}
	one := a.CredentialSet[0]
	out := Credentials{Credentials: sigv4.Credentials{AccessKeyID: one.Credentials.AccessKeyId, Secret: secret.New(one.Credentials.SecretAccessKey), Token: one.Credentials.SessionToken},
		RoleARN: c.RoleARN, Expires: one.Credentials.Expiration, ProfileARN: one.InstanceProfileArn, ProfileID: one.InstanceProfileId}
	if one.RoleArn != "" {
		out.RoleARN = one.RoleArn
	}
	return out, nil
}

// load reads certificate, chain and key, which must belong together.
func (c *Certificate) load() ([]*x509.Certificate, crypto.Signer, error) {
	chain, err := certificates("the certificate", c.CertificateFile)
	if err != nil {
		return nil, nil, err
	}
	if c.IntermediatesFile != "" {
		more, err := certificates("the intermediate certificates", c.IntermediatesFile)
		if err != nil {
			return nil, nil, err
		}
		chain = append(chain[:1], more...)
	}
	key, err := c.key()
	if err != nil {
		return nil, nil, err
	}
	public, ok := key.Public().(interface{ Equal(crypto.PublicKey) bool })
	if !ok || !public.Equal(chain[0].PublicKey) {
		return nil, nil, fmt.Errorf("the key in %s is not that of the certificate in %s", c.KeyFile, c.CertificateFile)
	}
	return chain, key, nil
}

func certificates(what, path string) (list []*x509.Certificate, err error) {
	text, err := readFile(what, path)
	if err != nil {
		return nil, err
	}
	for {
		var block *pem.Block
		if block, text = pem.Decode(text); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			continue
		}
		one, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("%s in %s cannot be read: %w", what, path, err)
		}
		list = append(list, one)
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("%s holds no certificate in PEM form", path)
	}
	return list, nil
}

// key reads the private key. One that everybody on the machine can read proves nothing.
func (c *Certificate) key() (crypto.Signer, error) {
	if info, err := os.Stat(c.KeyFile); err == nil && runtime.GOOS != "windows" && info.Mode().Perm()&0o007 != 0 {
		return nil, fmt.Errorf("everybody may read the key in %s: chmod 600 it", c.KeyFile)
	}
	text, err := readFile("the private key", c.KeyFile)
	if err != nil {
		return nil, err
	}
	for {
		var block *pem.Block
		if block, text = pem.Decode(text); block == nil {
			return nil, fmt.Errorf("%s holds no unencrypted private key in PEM form", c.KeyFile)
		}
		if key, err := parseKey(block); key != nil || err != nil {
			if err != nil {
				return nil, fmt.Errorf("the private key in %s cannot be read", c.KeyFile)
			}
			return key, nil
		}
	}
}

func parseKey(b *pem.Block) (crypto.Signer, error) {
	switch b.Type {
	case "EC PRIVATE KEY":
		return signer(x509.ParseECPrivateKey(b.Bytes))
	case "RSA PRIVATE KEY":
		return signer(x509.ParsePKCS1PrivateKey(b.Bytes))
	case "PRIVATE KEY":
		return signer(x509.ParsePKCS8PrivateKey(b.Bytes))
	}
	return nil, nil
}

func signer[T any](key T, err error) (crypto.Signer, error) {
	if err != nil {
		return nil, err
	}
	switch k := any(key).(type) {
	case *ecdsa.PrivateKey:
		return k, nil
	case *rsa.PrivateKey:
		return k, nil
	}
	return nil, errors.New("neither RSA nor ECDSA")
}

// readFile reads a small file and says of what.
func readFile(what, path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("%s cannot be read: %w", what, err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(text) > maxFile {
		err = fmt.Errorf("%s is longer than %d bytes", path, maxFile)
	}
	if err != nil {
		return nil, fmt.Errorf("%s cannot be read: %w", what, err)
	}
	return text, nil
}
