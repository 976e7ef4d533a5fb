package samltest

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"fmt"
	"strings"
)

// Encryption says how to encrypt an assertion. The zero value, with a key, is
// AES-128-GCM under RSA-OAEP with MGF1 and SHA-1.
type Encryption struct {
	Key       *rsa.PublicKey
	Content   string      // the algorithm's URI
	Transport string      // the algorithm's URI
	Hash      crypto.Hash // of OAEP's digest and mask
	Method    string      // XML inside the key's EncryptionMethod
	Beside    bool        // the EncryptedKey stands beside EncryptedData, not in it
}

// Contents are the ciphers that can be used, with the length of their keys.
var Contents = map[string]int{
	"http://www.w3.org/2009/xmlenc11#aes128-gcm": 16, "http://www.w3.org/2009/xmlenc11#aes192-gcm": 24, "http://www.w3.org/2009/xmlenc11#aes256-gcm": 32,
	xmlenc + "aes128-cbc": 16, xmlenc + "aes192-cbc": 24, xmlenc + "aes256-cbc": 32,
}

// Encrypt puts an EncryptedAssertion in the place of the assertion. The
// assertion must declare the namespaces that it uses: see Standalone.
func Encrypt(document string, e Encryption) string {
	from, to := strings.Index(document, "<saml:Assertion "), strings.Index(document, "</saml:Assertion>")+len("</saml:Assertion>")
	return document[:from] + Encrypted(document[from:to], e) + document[to:]
}

// Standalone lets the assertion declare its namespace itself.
func Standalone(document string) string {
	return strings.Replace(document, "<saml:Assertion ", `<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" `, 1)
}

// Encrypted is the EncryptedAssertion of a text.
func Encrypted(plain string, e Encryption) string {
	if e.Content == "" {
		e.Content = "http://www.w3.org/2009/xmlenc11#aes128-gcm"
	}
	if e.Transport == "" {
		e.Transport = xmlenc + "rsa-oaep-mgf1p"
	}
	if e.Hash == 0 {
		e.Hash = crypto.SHA1
	}
	secret := make([]byte, max(Contents[e.Content], 16))
	rand.Read(secret)
	wrapped := Must(rsa.EncryptOAEP(e.Hash.New(), rand.Reader, e.Key, secret, nil))
	if strings.HasSuffix(e.Transport, "rsa-1_5") {
		wrapped = Must(rsa.EncryptPKCS1v15(rand.Reader, e.Key, secret)) //nolint:staticcheck // must be refused
	}
	key := fmt.Sprintf(`<xenc:EncryptedKey xmlns:xenc="%s"><xenc:EncryptionMethod Algorithm="%s">%s</xenc:EncryptionMethod>`+
		`<xenc:CipherData><xenc:CipherValue>%s</xenc:CipherValue></xenc:CipherData></xenc:EncryptedKey>`,
		xmlenc, e.Transport, e.Method, base64.StdEncoding.EncodeToString(wrapped))
	inside, beside := `<ds:KeyInfo xmlns:ds="`+ds+`">`+key+`</ds:KeyInfo>`, ""
	if e.Beside {
		inside, beside = "", key
	}
	return fmt.Sprintf(`<saml:EncryptedAssertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"><xenc:EncryptedData xmlns:xenc="%s" Type="%sElement"><xenc:EncryptionMethod Algorithm="%s"/>`+
		`%s<xenc:CipherData><xenc:CipherValue>%s</xenc:CipherValue></xenc:CipherData></xenc:EncryptedData>%s</saml:EncryptedAssertion>`,
		xmlenc, xmlenc, e.Content, inside, base64.StdEncoding.EncodeToString(seal(e.Content, secret, []byte(plain))), beside)
}

func seal(content string, secret, plain []byte) []byte {
	block := Must(aes.NewCipher(secret))
	if strings.HasSuffix(content, "gcm") {
		gcm := Must(cipher.NewGCM(block))
		nonce := make([]byte, gcm.NonceSize())
		rand.Read(nonce)
		return gcm.Seal(nonce, nonce, plain, nil)
	}
	pad := aes.BlockSize - len(plain)%aes.BlockSize
	padded := append(plain, make([]byte, pad)...)
	padded[len(padded)-1] = byte(pad)
	out := make([]byte, aes.BlockSize+len(padded))
	rand.Read(out[:aes.BlockSize])
	cipher.NewCBCEncrypter(block, out[:aes.BlockSize]).CryptBlocks(out[aes.BlockSize:], padded)
	return out
}
