package audit

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
)

// Files in the directory of keys.
const (
	keyFile    = "audit.pem"        // the private key, PKCS #8
	publicFile = "audit-public.pem" // the public keys of this log, the newest last
	mirrorFile = "audit-head.json"  // the newest head, outside of the log
)

// maxKeys bounds a file of keys.
const maxKeys = 64 << 10

// signer signs digests.
type signer struct {
	key ed25519.PrivateKey
	id  string
}

// Format keeps the key out of every kind of print.
func (signer) Format(f fmt.State, _ rune) { io.WriteString(f, "**redacted**") }

// keyID names a public key: the first 16 digits of the SHA-256 of its DER form.
func keyID(k ed25519.PublicKey) string {
	der, err := x509.MarshalPKIXPublicKey(k)
	if err != nil {
		return "" // an Ed25519 key always has a form
	}
	sum := sha256.Sum256(der)
	return hex.EncodeToString(sum[:8])
}

// loadSigner reads the key in dir, or makes one where there is none.
func loadSigner(dir string) (*signer, error) {
	path := filepath.Join(dir, keyFile)
	data, err := readPrivate(path)
	if errors.Is(err, os.ErrNotExist) {
		if err = createSigner(dir); err == nil {
			data, err = readPrivate(path)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("the key of the audit log: %w", err)
	}
	block, _ := pem.Decode(data)
	if block == nil || block.Type != "PRIVATE KEY" {
		return nil, fmt.Errorf("the key of the audit log: %q is no PEM file of a private key", path)
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	k, ok := key.(ed25519.PrivateKey)
	if err != nil || !ok {
		return nil, fmt.Errorf("the key of the audit log: %q holds no Ed25519 key", path) // and never a word of what it is
	}
	s := &signer{key: k}
	s.id = keyID(s.public())
	return s, s.publish(dir)
}

// readPrivate refuses a key that others can read.
func readPrivate(path string) ([]byte, error) {
	f, err := openRegular(path, os.O_RDONLY)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 && runtime.GOOS != "windows" {
		return nil, fmt.Errorf("%q has mode %04o: others than its owner have access to it; run chmod 600 on it", path, mode)
	}
	return io.ReadAll(io.LimitReader(f, maxKeys))
}

// createSigner makes a key, never over one that is there.
func createSigner(dir string) error {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	tmp, err := os.CreateTemp(dir, "."+keyFile+".*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	err = pem.Encode(tmp, &pem.Block{Type: "PRIVATE KEY", Bytes: der})
	if err = errors.Join(err, tmp.Sync(), tmp.Close()); err != nil {
		return err
	}
	if err := os.Link(tmp.Name(), filepath.Join(dir, keyFile)); err != nil && !errors.Is(err, os.ErrExist) {
		return err // where two make one, the first stays
	}
	return syncDirectory(dir)
}

// publish adds the public key to those that are known.
func (s *signer) publish(dir string) error {
	path := filepath.Join(dir, publicFile)
	data, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("the public keys of the audit log: %w", err)
	}
	known, err := ParsePublicKeys(data)
	if err != nil && len(data) > 0 {
		return fmt.Errorf("%q: %w", path, err)
	}
	if _, ok := known[s.id]; ok {
		return nil
	}
	der, err := x509.MarshalPKIXPublicKey(s.key.Public())
	if err != nil {
		return err
	}
	data = append(data, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})...)
	if err := replace(path, data, true); err != nil {
		return fmt.Errorf("the public keys of the audit log: %w", err)
	}
	return nil
}

// PublicKeys are keys that digests may be signed with, by their ids.
type PublicKeys map[string]ed25519.PublicKey

// ParsePublicKeys reads a PEM file of Ed25519 public keys.
func ParsePublicKeys(data []byte) (PublicKeys, error) {
	keys := PublicKeys{}
	for len(data) <= maxKeys {
		block, rest := pem.Decode(data)
		if block == nil {
			break
		}
		key, err := x509.ParsePKIXPublicKey(block.Bytes)
		k, ok := key.(ed25519.PublicKey)
		if block.Type != "PUBLIC KEY" || err != nil || !ok {
			return nil, errors.New("it holds something else than Ed25519 public keys")
		}
		keys[keyID(k)], data = k, rest
	}
	if len(keys) == 0 {
		return nil, errors.New("it holds no public key in PEM")
	}
	return keys, nil
}

// ReadPublicKeys reads the file of public keys at path, or the one in a directory of keys.
func ReadPublicKeys(path string) (PublicKeys, error) {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		path = filepath.Join(path, publicFile)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading public keys: %w", err)
	}
	keys, err := ParsePublicKeys(data)
	if err != nil {
		return nil, fmt.Errorf("reading public keys: %q: %w", path, err)
	}
	return keys, nil
}

func (s *signer) public() ed25519.PublicKey {
	k, _ := s.key.Public().(ed25519.PublicKey)
	return k
}
