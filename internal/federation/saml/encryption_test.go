package saml

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"strings"
	"testing"

	"sojourn/internal/federation/saml/samltest"
)

// encryptionAttacks use the cover of encryption.
func encryptionAttacks(t testing.TB) []attack {
	public := &samltest.RSA(2).PublicKey
	inner := idp().Sign(samltest.Standalone(plainResponse()), onAssertion)
	seal := func(doc string, e samltest.Encryption) string {
		e.Key = public
		return samltest.Encrypt(doc, e)
	}
	good := seal(inner, samltest.Encryption{})
	outer := func(s string) string { return idp().Sign(s, onResponse) }
	entry := func(name string, stage Stage, xml string) attack {
		return attack{class: "encryption", name: name, stage: stage, response: xml}
	}
	box := func(plain string) string {
		return replaced(t, good, cut(t, good, "<saml:EncryptedAssertion", "</saml:EncryptedAssertion>"), samltest.Encrypted(plain, samltest.Encryption{Key: public}))
	}
	assertion := cut(t, inner, "<saml:Assertion ", "</saml:Assertion>")
	bare := cut(t, samltest.Standalone(plainResponse()), "<saml:Assertion ", "</saml:Assertion>")
	method := func(xml string) string { return seal(inner, samltest.Encryption{Method: xml}) }
	key := cut(t, good, "<xenc:EncryptedKey", "</xenc:EncryptedKey>")
	flip := func(s, element string) string {
		i := strings.LastIndex(s, "<xenc:CipherValue>") + len("<xenc:CipherValue>")
		if element == "key" {
			i = strings.Index(s, "<xenc:CipherValue>") + len("<xenc:CipherValue>")
		}
		c := byte('A')
		if s[i+60] == c {
			c = 'B'
		}
		return s[:i+60] + string(c) + s[i+61:]
	}
	return []attack{
		entry("CBC under an unsigned response", StageEncryption, seal(inner, samltest.Encryption{Content: nsEncryption + "aes128-cbc"})),
		entry("CBC of 256 bits under an unsigned response", StageEncryption, seal(inner, samltest.Encryption{Content: nsEncryption + "aes256-cbc"})),
		entry("PKCS #1 1.5", StageEncryption, outer(seal(inner, samltest.Encryption{Transport: nsEncryption + "rsa-1_5"}))),
		entry("key that AES wraps", StageEncryption, outer(seal(inner, samltest.Encryption{Transport: nsEncryption + "kw-aes128"}))),
		entry("triple DES", StageEncryption, outer(strings.Replace(good, nsEncrypt2+"aes128-gcm", nsEncryption+"tripledes-cbc", 1))),
		entry("another length of key named", StageEncryption, strings.Replace(good, "aes128-gcm", "aes256-gcm", 1)),
		entry("CBC named for GCM", StageEncryption, outer(strings.Replace(good, nsEncrypt2+"aes128-gcm", nsEncryption+"aes256-cbc", 1))),
		entry("nothing signed", StageKey, box(bare)),
		entry("signed by somebody else inside", StageKey, box(cut(t, evil().Sign(samltest.Standalone(plainResponse()), onAssertion), "<saml:Assertion ", "</saml:Assertion>"))),
		entry("changed inside", StageKey, box(replaced(t, assertion, genuine, "admin@example.com"))),
		entry("changed inside a signed response", StageKey, outer(box(replaced(t, assertion, genuine, "admin@example.com")))),
		entry("exchanged in a signed response", StageKey, replaced(t, outer(good), cut(t, good, "<xenc:CipherValue>", "</xenc:CipherValue>"), cut(t, box(bare), "<xenc:CipherValue>", "</xenc:CipherValue>"))),
		entry("a bit of the content", StageEncryption, flip(good, "")),
		entry("a bit of the key", StageEncryption, flip(good, "key")),
		entry("for somebody else", StageEncryption, samltest.Encrypt(inner, samltest.Encryption{Key: &samltest.RSA(3).PublicKey})),
		entry("comment inside", StageLexical, box(replaced(t, assertion, "alice@", "alice<!-- -->@"))),
		entry("DOCTYPE inside", StageLexical, box("<!DOCTYPE x>"+assertion)),
		entry("two assertions inside", StageLexical, box(assertion+assertion)),
		entry("nothing inside", StageLexical, box("")),
		entry("prefix of the response inside", StageLexical, seal(idp().Sign(plainResponse(), onAssertion), samltest.Encryption{})),
		entry("identifier of the response inside", StageLexical, box(strings.ReplaceAll(assertion, `"_a1"`, `"_r1"`))),
		entry("a response inside", StageGrammar, box(strings.NewReplacer(`"_r1"`, `"_r2"`).Replace(inner))),
		entry("encrypted inside", StageGrammar, box(samltest.Encrypted(assertion, samltest.Encryption{Key: public}))),
		entry("a text inside", StageLexical, box("hello")),
		entry("beside a plain assertion", StageGrammar, replaceLast(good, "</samlp:Response>", assertion+"</samlp:Response>")),
		entry("two boxes", StageGrammar, replaceLast(good, "</samlp:Response>", samltest.Encrypted(assertion, samltest.Encryption{Key: public})+"</samlp:Response>")),
		entry("two keys in it", StageEncryption, replaced(t, good, key, key+key)),
		entry("a key in it and one beside", StageEncryption, replaced(t, good, "</saml:EncryptedAssertion>", key+"</saml:EncryptedAssertion>")),
		entry("no key", StageEncryption, replaced(t, good, key, "")),
		entry("a key in the key", StageEncryption, replaced(t, good, "</xenc:EncryptionMethod><xenc:CipherData>", `</xenc:EncryptionMethod><ds:KeyInfo xmlns:ds="`+nsSignature+`">`+key+`</ds:KeyInfo><xenc:CipherData>`)),
		entry("a reference to the cipher text", StageEncryption, replaced(t, good, "<xenc:CipherData>", `<xenc:CipherData><xenc:CipherReference URI="https://evil.example/"/>`)),
		entry("content that is not an element", StageEncryption, replaced(t, good, nsEncryption+"Element", nsEncryption+"Content")),
		entry("a signature beside", StageEncryption, replaced(t, good, "</saml:EncryptedAssertion>", cut(t, assertion, "<ds:Signature", "</ds:Signature>")+"</saml:EncryptedAssertion>")),
		entry("parameters of OAEP", StageEncryption, method("<xenc:OAEPparams>AAAA</xenc:OAEPparams>")),
		entry("MD5 in OAEP", StageEncryption, method(`<ds:DigestMethod xmlns:ds="`+nsSignature+`" Algorithm="`+moreAlgorithms+`md5"/>`)),
		entry("a mask for the fixed OAEP", StageEncryption, method(`<m:MGF xmlns:m="`+nsEncrypt2+`" Algorithm="`+nsEncrypt2+`mgf1sha1"/>`)),
		entry("an unknown mask", StageEncryption, seal(inner, samltest.Encryption{Transport: oaep, Method: `<m:MGF xmlns:m="` + nsEncrypt2 + `" Algorithm="x"/>`})),
		entry("a mask that was not used", StageEncryption, seal(inner, samltest.Encryption{Transport: oaep, Hash: crypto.SHA256,
			Method: `<ds:DigestMethod xmlns:ds="` + nsSignature + `" Algorithm="` + nsEncryption + `sha256"/>`})),
		entry("a hash for the content", StageEncryption, replaced(t, good, `aes128-gcm"/>`, `aes128-gcm"><ds:DigestMethod xmlns:ds="`+nsSignature+`" Algorithm="x"/></xenc:EncryptionMethod>`)),
		entry("cipher text with something after it", StageEncryption, replaceLast(good, "</xenc:CipherValue>", "!</xenc:CipherValue>")),
		entry("a wrapped key with something after it", StageEncryption, replaced(t, good, "</xenc:CipherValue>", "!</xenc:CipherValue>")),
		entry("cipher text that is not base64", StageEncryption, replaced(t, good, "<xenc:CipherValue>", "<xenc:CipherValue>!")),
		entry("cipher text that is too short", StageEncryption, replaced(t, good, good[strings.LastIndex(good, "<xenc:CipherValue>"):strings.LastIndex(good, "</xenc:CipherValue>")], "<xenc:CipherValue>AAAA")),
		entry("CBC of part of a block", StageEncryption, outer(cbcText(t, seal(inner, samltest.Encryption{Content: nsEncryption + "aes128-cbc"}), 40))),
		entry("CBC of one block", StageEncryption, outer(cbcText(t, seal(inner, samltest.Encryption{Content: nsEncryption + "aes128-cbc"}), 16))),
	}
}

// cbcText cuts the content's cipher text to some bytes.
func cbcText(t testing.TB, s string, n int) string {
	t.Helper()
	from, to := strings.LastIndex(s, "<xenc:CipherValue>")+len("<xenc:CipherValue>"), strings.LastIndex(s, "</xenc:CipherValue>")
	raw := samltest.Must(base64.StdEncoding.DecodeString(s[from:to]))
	return s[:from] + base64.StdEncoding.EncodeToString(raw[:n]) + s[to:]
}

// cbc encrypts whole blocks under a key and a first block of zeros.
func cbc(blocks []byte) []byte {
	out := make([]byte, aes.BlockSize+len(blocks))
	cipher.NewCBCEncrypter(samltest.Must(aes.NewCipher(make([]byte, 16))), out[:aes.BlockSize]).CryptBlocks(out[aes.BlockSize:], blocks)
	return out
}

// TestPadding: padding of no length, or of more than a block, is refused.
func TestPadding(t *testing.T) {
	for last, ok := range map[byte]bool{0: false, 1: true, 16: true, 17: false, 255: false} {
		block := make([]byte, 32)
		block[31] = last
		if _, err := openCBC(make([]byte, 16), cbc(block)); (err == nil) != ok {
			t.Errorf("padding %d: %v", last, err)
		}
	}
}
