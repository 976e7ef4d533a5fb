package saml

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"

	"sojourn/internal/secret"
)

// maxPrivateKey is AWS's limit on AddPrivateKey, in characters.
const maxPrivateKey = 16384

// ParsePrivateKey reads the RSA key, of 2,048 bits or more, by which assertions
// for a provider are decrypted: one PEM block, PKCS #8 or PKCS #1. Errors are a
// *Refusal and hold nothing of the key.
func ParsePrivateKey(text secret.String) (*rsa.PrivateKey, error) {
	if len(text.Reveal()) > maxPrivateKey {
		return nil, refuse(StageEncryption, "the private key has more than %d characters", maxPrivateKey)
	}
	block, rest := pem.Decode([]byte(text.Reveal()))
	if block == nil || trim(string(rest)) != "" {
		return nil, refuse(StageEncryption, "the private key is not one PEM block")
	}
	key, err := parseRSA(block)
	if err != nil {
		return nil, err
	}
	if bits := key.N.BitLen(); bits < minRSABits || bits > maxRSABits {
		return nil, refuse(StageEncryption, "the private key has %d bits; it must have %d to %d", bits, minRSABits, maxRSABits)
	}
	return key, nil
}

func parseRSA(block *pem.Block) (*rsa.PrivateKey, error) {
	switch block.Type {
	case "RSA PRIVATE KEY":
		if key, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
			return key, nil
		}
	case "PRIVATE KEY":
		if any, err := x509.ParsePKCS8PrivateKey(block.Bytes); err == nil {
			if key, ok := any.(*rsa.PrivateKey); ok {
				return key, nil
			}
		}
	}
	return nil, refuse(StageEncryption, "the PEM block is no RSA private key")
}
