package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/subtle"
)

const (
	keySize   = 32
	nonceSize = 24
	tagSize   = 16
)

// xaes is XAES-256-GCM (https://c2sp.org/XAES-256-GCM): AES-256-GCM whose key
// is derived from the first half of a nonce long enough to be random for ever.
// It is safe for concurrent use.
type xaes struct {
	block cipher.Block
	k1    [aes.BlockSize]byte // CMAC's subkey for whole blocks
}

func newXAES(key []byte) *xaes {
	block, err := aes.NewCipher(key[:keySize])
	if err != nil {
		panic(err) // only for key sizes that AES does not have
	}
	x := &xaes{block: block}
	block.Encrypt(x.k1[:], x.k1[:])
	var msb byte
	for i := len(x.k1) - 1; i >= 0; i-- {
		msb, x.k1[i] = x.k1[i]>>7, x.k1[i]<<1|msb
	}
	x.k1[len(x.k1)-1] ^= msb * 0b10000111
	return x
}

// gcm derives the cipher for the nonce's first half; the second is GCM's own nonce.
func (x *xaes) gcm(nonce []byte) cipher.AEAD {
	var key [keySize]byte
	for i := range 2 {
		half := key[i*aes.BlockSize:][:aes.BlockSize]
		copy(half, []byte{0, byte(i + 1), 'X', 0})
		copy(half[4:], nonce[:12])
		subtle.XORBytes(half, half, x.k1[:])
		x.block.Encrypt(half, half)
	}
	block, err := aes.NewCipher(key[:])
	if err != nil {
		panic(err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic(err)
	}
	return aead
}

// seal appends the ciphertext and its tag to dst.
func (x *xaes) seal(dst, nonce, plain, ad []byte) []byte {
	return x.gcm(nonce).Seal(dst, nonce[12:nonceSize], plain, ad)
}

func (x *xaes) open(dst, nonce, box, ad []byte) ([]byte, error) {
	return x.gcm(nonce).Open(dst, nonce[12:nonceSize], box, ad)
}
