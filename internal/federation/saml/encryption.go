package saml

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rsa"
	_ "crypto/sha1" // the hash that OAEP has by default; it signs nothing
	"slices"
	"sync"
)

// How a content key is wrapped: RSA-OAEP alone, whose refusals tell
// an attacker nothing of the plaintext.
const (
	oaepFixed = nsEncryption + "rsa-oaep-mgf1p" // the mask is made with SHA-1
	oaep      = nsEncrypt2 + "rsa-oaep"
)

var oaepDigests = map[string]crypto.Hash{
	"":                        crypto.SHA1,
	nsSignature + "sha1":      crypto.SHA1,
	nsEncryption + "sha256":   crypto.SHA256,
	moreAlgorithms + "sha384": crypto.SHA384,
	nsEncryption + "sha512":   crypto.SHA512,
}

var oaepMasks = map[string]crypto.Hash{
	"":                        crypto.SHA1,
	nsEncrypt2 + "mgf1sha1":   crypto.SHA1,
	nsEncrypt2 + "mgf1sha256": crypto.SHA256,
	nsEncrypt2 + "mgf1sha384": crypto.SHA384,
	nsEncrypt2 + "mgf1sha512": crypto.SHA512,
}

// content is a cipher for the assertion itself.
type content struct {
	keySize int
	open    func(key, data []byte) ([]byte, error)
	blind   bool // nothing but a signature around it notices a change
}

var contents = map[string]content{
	nsEncrypt2 + "aes128-gcm":   {16, openGCM, false},
	nsEncrypt2 + "aes192-gcm":   {24, openGCM, false},
	nsEncrypt2 + "aes256-gcm":   {32, openGCM, false},
	nsEncryption + "aes128-cbc": {16, openCBC, true},
	nsEncryption + "aes192-cbc": {24, openCBC, true},
	nsEncryption + "aes256-cbc": {32, openCBC, true},
}

func xenc(counts map[string]count) map[name]count { return in(nsEncryption, counts) }

// encryptionGrammar: one content, one wrapped key, beside it or in it.
var encryptionGrammar = sync.OnceValue(func() grammar {
	return grammar{StageEncryption, with(keyInfoRules(), map[name]rule{
		elEncrypted: {children: xenc(map[string]count{"EncryptedData": once, "EncryptedKey": optional})},
		{nsEncryption, "EncryptedData"}: {attrs: attrs(nil, "Id", "Type"),
			children: in(nsEncryption, map[string]count{"EncryptionMethod": once, "CipherData": once}, map[name]count{elKeyInfo: optional})},
		{nsEncryption, "EncryptedKey"}: {attrs: attrs(nil, "Id", "Recipient"),
			children: in(nsEncryption, map[string]count{"EncryptionMethod": once, "CipherData": once, "ReferenceList": optional}, map[name]count{elKeyInfo: optional})},
		{nsEncryption, "EncryptionMethod"}: {attrs: attrs([]string{"Algorithm"}),
			children: map[name]count{{nsSignature, "DigestMethod"}: optional, {nsEncrypt2, "MGF"}: optional}},
		{nsSignature, "DigestMethod"}:    {attrs: attrs([]string{"Algorithm"})},
		{nsEncrypt2, "MGF"}:              {attrs: attrs([]string{"Algorithm"})},
		{nsEncryption, "CipherData"}:     {children: xenc(map[string]count{"CipherValue": once})},
		{nsEncryption, "CipherValue"}:    {text: true},
		{nsEncryption, "ReferenceList"}:  {children: xenc(map[string]count{"DataReference": once})},
		{nsEncryption, "DataReference"}:  {attrs: attrs([]string{"URI"})},
		{nsSignature, "RetrievalMethod"}: {attrs: attrs([]string{"URI"}, "Type")},
		elKeyInfo: {children: in(nsSignature, map[string]count{"X509Data": anyTimes, "KeyName": anyTimes, "KeyValue": optional, "RetrievalMethod": optional},
			xenc(map[string]count{"EncryptedKey": optional}))},
	})}
})

// open decrypts an assertion and takes it through the stages that need no key.
// Ciphers without a check of their own are read only in a proven response:
// otherwise the answer to changed text would tell about the plaintext.
func (e *evidence) open(box *node) (*document, error) {
	if err := encryptionGrammar().check(box); err != nil {
		return nil, err
	}
	data := box.xenc("EncryptedData")
	method := data.xenc("EncryptionMethod")
	c, ok := contents[method.attr("Algorithm")]
	switch {
	case !ok || len(method.children) > 0:
		return nil, refuse(StageEncryption, "the content's algorithm is not allowed")
	case c.blind && !e.proven:
		return nil, refuse(StageEncryption, "CBC outside a signed response")
	case data.has("Type") && data.attr("Type") != nsEncryption+"Element":
		return nil, refuse(StageEncryption, "the content is not an element")
	}
	wrapped, err := wrappedKey(box)
	if err != nil {
		return nil, err
	}
	plain, err := e.decrypt(c, wrapped, data)
	if err != nil {
		return nil, err
	}
	return parseAssertion(plain, e.ids)
}

// wrappedKey is the one EncryptedKey, wherever the provider has put it.
func wrappedKey(box *node) (*node, error) {
	keys := box.all(name{nsEncryption, "EncryptedKey"})
	if info := box.xenc("EncryptedData").child(elKeyInfo); info != nil {
		keys = append(keys, info.all(name{nsEncryption, "EncryptedKey"})...)
	}
	if len(keys) != 1 {
		return nil, refuse(StageEncryption, "%d wrapped keys", len(keys))
	}
	if info := keys[0].child(elKeyInfo); info != nil && len(info.all(name{nsEncryption, "EncryptedKey"})) > 0 {
		return nil, refuse(StageEncryption, "a wrapped key in a wrapped key")
	}
	return keys[0], nil
}

// decrypt tries each private key. What went wrong is one reason for all.
func (e *evidence) decrypt(c content, wrapped, data *node) ([]byte, error) {
	options, err := oaepOptions(wrapped.xenc("EncryptionMethod"))
	if err != nil {
		return nil, err
	}
	sealed, err1 := cipherText(wrapped)
	body, err2 := cipherText(data)
	if err1 != nil || err2 != nil {
		return nil, refuse(StageEncryption, "the cipher text is not base64")
	}
	for _, private := range e.provider.PrivateKeys {
		key, err := private.Decrypt(nil, sealed, options)
		if err != nil || len(key) != c.keySize {
			continue
		}
		if plain, err := c.open(key, body); err == nil {
			return plain, nil
		}
	}
	return nil, refuse(StageEncryption, "no private key of the provider decrypts the assertion")
}

func oaepOptions(method *node) (*rsa.OAEPOptions, error) {
	digest, mask := "", ""
	if n := method.dsig("DigestMethod"); n != nil {
		digest = n.attr("Algorithm")
	}
	n := method.child(name{nsEncrypt2, "MGF"})
	if n != nil {
		mask = n.attr("Algorithm")
	}
	hash, known := oaepDigests[digest]
	mgf, masked := oaepMasks[mask]
	switch algorithm := method.attr("Algorithm"); {
	case !known || !masked:
		return nil, refuse(StageEncryption, "the hash of RSA-OAEP is not allowed")
	case algorithm != oaep && (algorithm != oaepFixed || n != nil):
		return nil, refuse(StageEncryption, "the key is not wrapped by RSA-OAEP")
	}
	return &rsa.OAEPOptions{Hash: hash, MGFHash: mgf}, nil
}

func cipherText(n *node) ([]byte, error) {
	return decodeText(n.xenc("CipherData").xenc("CipherValue").text)
}

// xenc is the child of that name in the namespace of encryption.
func (n *node) xenc(local string) *node { return n.child(name{nsEncryption, local}) }

func openGCM(key, data []byte) ([]byte, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	if len(data) < gcm.NonceSize() {
		return nil, refuse(StageEncryption, "the cipher text is too short")
	}
	return gcm.Open(nil, data[:gcm.NonceSize()], data[gcm.NonceSize():], nil)
}

// openCBC takes the padding of XML encryption: its last byte is its length, the
// others are arbitrary.
func openCBC(key, data []byte) ([]byte, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	if len(data) < 2*aes.BlockSize || len(data)%aes.BlockSize != 0 {
		return nil, refuse(StageEncryption, "the cipher text is not of whole blocks")
	}
	plain := slices.Clone(data[aes.BlockSize:])
	cipher.NewCBCDecrypter(block, data[:aes.BlockSize]).CryptBlocks(plain, plain)
	pad := int(plain[len(plain)-1])
	if pad < 1 || pad > aes.BlockSize {
		return nil, refuse(StageEncryption, "the padding is wrong")
	}
	return plain[:len(plain)-pad], nil
}
