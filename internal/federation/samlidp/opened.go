package samlidp

import (
	"crypto/rsa"
	"slices"

	"sojourn/internal/federation/saml"
	"sojourn/internal/secret"
	"sojourn/internal/store"
)

// maxOpened bounds how many providers stay opened.
const maxOpened = 1000

// opened is what opening a record takes the time for. It is of use as long as
// the record says the same.
type opened struct {
	from     store.SAMLProvider
	metadata *saml.Metadata
	keys     []*rsa.PrivateKey
}

// of reports whether o is what p opens to.
func (o opened) of(p store.SAMLProvider) bool {
	return o.from.Account == p.Account && o.from.Name == p.Name && o.from.Metadata == p.Metadata &&
		slices.EqualFunc(o.from.PrivateKeys, p.PrivateKeys, func(a, b store.SAMLPrivateKey) bool {
			return a.ID == b.ID && string(a.Sealed) == string(b.Sealed)
		})
}

// open opens a record, or finds what it was opened to before.
func (v *Verifier) open(p store.SAMLProvider) (opened, error) {
	v.mu.Lock()
	o, ok := v.opened[p.ID]
	v.mu.Unlock()
	if ok && o.of(p) {
		return o, nil
	}
	o, err := v.read(p)
	if err != nil {
		return o, err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.opened) >= maxOpened {
		clear(v.opened)
	}
	v.opened[p.ID] = o
	return o, nil
}

func (v *Verifier) read(p store.SAMLProvider) (opened, error) {
	o := opened{from: p}
	o.from.PrivateKeys = slices.Clone(p.PrivateKeys)
	var err error
	if o.metadata, err = saml.ParseMetadata(p.Metadata); err != nil {
		return o, err
	}
	for _, k := range p.PrivateKeys {
		pem, err := v.keys.OpenSecret(KeyLabel, SealedFor(p, k.ID), k.Sealed)
		if err != nil {
			return o, err
		}
		key, err := saml.ParsePrivateKey(secret.New(string(pem)))
		if err != nil {
			return o, err
		}
		o.keys = append(o.keys, key)
	}
	return o, nil
}
