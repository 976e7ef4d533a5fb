// Package seal makes and opens what only this installation can: session
// tokens and the credentials that belong to them, and secrets at rest.
//
// A session token carries its claims sealed under a key that every node can
// derive from the root key; the secret access key of the session is derived
// too and stands nowhere. So a request is verified without a look-up.
//
//	token  = base64url( 1 | flags | key id | nonce 24 | XAES-256-GCM(K_seal[key id], nonce, ad, CBOR claims) )
//	ad     = "sojourn/sts/1" 00 | 1 | flags | key id | access key id (20 ASCII)
//	key id = root generation (1 byte) | day number since 1970 (3 bytes)
//	secret = base64( HMAC-SHA256(K_secret[key id], access key id | nonce)[:30] )
//
// K_seal and K_secret are HKDF-SHA256(root[generation], salt = key id, label).
// The claims are deflated when that makes them shorter.
//
// It owns keys and formats. It does not know whether a principal still exists,
// which sessions are revoked, or what a session may do.
package seal

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"time"
)

const (
	labelSeal   = "sojourn session seal v1"
	labelSecret = "sojourn session secret v1"
	labelRest   = "sojourn secret at rest v1"

	labelFingerprint = "sojourn root fingerprint v1"

	restVersion  = 1
	restContext  = "sojourn/rest/1\x00"
	restOverhead = 2 + nonceSize + tagSize
)

// keyID names the keys of one day under one root generation.
type keyID [4]byte

func newKeyID(generation byte, day int) keyID {
	var id keyID
	binary.BigEndian.PutUint32(id[:], uint32(day))
	id[0] = generation
	return id
}

func (id keyID) generation() byte { return id[0] }

func (id keyID) day() int { return int(id[1])<<16 | int(id[2])<<8 | int(id[3]) }

func dayOf(t time.Time) int { return int(t.Unix() / (24 * 60 * 60)) }

// epoch holds the keys of one key id.
type epoch struct {
	seal   *xaes
	secret []byte
}

// epoch derives the keys of id, and keeps them while sessions of that day can
// be alive. It reports false when there is no such root, or when id is older
// than the keyring allows or from the future.
func (r *ring) epoch(id keyID, now time.Time) (*epoch, bool) {
	today := dayOf(now)
	root, ok := r.roots[id.generation()]
	if !ok || id.day() > today+1 || id.day() < r.since {
		return nil, false
	}
	r.mu.RLock()
	e, ok := r.epochs[id]
	r.mu.RUnlock()
	if ok {
		return e, true
	}
	e = &epoch{seal: newXAES(derive(root, id[:], labelSeal)), secret: derive(root, id[:], labelSecret)}
	oldest := today - int(maxSession/(24*time.Hour)) - 1
	if id.day() < oldest {
		return e, true // its sessions are over: only to tell so
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for other := range r.epochs {
		if other.day() < oldest {
			delete(r.epochs, other)
		}
	}
	r.epochs[id] = e
	return e, true
}

func derive(root *root, salt []byte, label string) []byte {
	key, err := hkdf.Key(sha256.New, root[:], salt, label, keySize)
	if err != nil {
		panic(err) // only for lengths that HKDF cannot make
	}
	return key
}

// SealSecret seals a long-lived secret to be stored. label says what kind of
// secret it is and id whose it is; both are needed to open it. It stays bound
// to the root generation that seals now.
func (k *Keyring) SealSecret(label, id string, plain []byte) []byte {
	return k.ring.Load().sealSecret(label, id, plain)
}

func (r *ring) sealSecret(label, id string, plain []byte) []byte {
	out := append(make([]byte, 0, len(plain)+restOverhead), restVersion, r.current)
	nonce := newNonce()
	out = append(out, nonce...)
	return newXAES(derive(r.roots[r.current], nil, labelRest)).seal(out, nonce, plain, restAD(r.current, label, id))
}

// OpenSecret opens what SealSecret sealed under the same label and id.
func (k *Keyring) OpenSecret(label, id string, sealed []byte) ([]byte, error) {
	return k.ring.Load().openSecret(label, id, sealed)
}

// Reseal seals anew, under the root key that seals now, what SealSecret sealed
// under another. It reports whether there was anything to do.
func (k *Keyring) Reseal(label, id string, sealed []byte) (out []byte, changed bool, err error) {
	r := k.ring.Load()
	if SealedBy(sealed) == int(r.current) {
		return sealed, false, nil
	}
	plain, err := r.openSecret(label, id, sealed)
	if err != nil {
		return nil, false, err
	}
	return r.sealSecret(label, id, plain), true, nil
}

// SealedBy is the generation of the root key that SealSecret used; 0 where
// sealed is not of its form.
func SealedBy(sealed []byte) int {
	if len(sealed) < restOverhead || sealed[0] != restVersion {
		return 0
	}
	return int(sealed[1])
}

func (r *ring) openSecret(label, id string, sealed []byte) ([]byte, error) {
	fail := func(cause error) ([]byte, error) {
		return nil, fmt.Errorf("opening the sealed %s of %q: %w", label, id, cause)
	}
	if len(sealed) < restOverhead || sealed[0] != restVersion {
		return fail(errors.New("not of the form that this version seals"))
	}
	root, ok := r.roots[sealed[1]]
	if !ok {
		return fail(fmt.Errorf("the keyring has no root key of generation %d", sealed[1]))
	}
	nonce, box := sealed[2:2+nonceSize], sealed[2+nonceSize:]
	plain, err := newXAES(derive(root, nil, labelRest)).open(nil, nonce, box, restAD(sealed[1], label, id))
	if err != nil {
		return fail(err)
	}
	return plain, nil
}

func restAD(generation byte, label, id string) []byte {
	b := append([]byte(restContext), restVersion, generation)
	b = binary.BigEndian.AppendUint32(b, uint32(len(label)))
	b = append(b, label...)
	return append(b, id...)
}

func newNonce() []byte {
	nonce := make([]byte, nonceSize)
	rand.Read(nonce) // never fails
	return nonce
}
