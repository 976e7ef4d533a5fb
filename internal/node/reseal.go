package node

import (
	"context"
	"fmt"

	"sojourn/internal/federation/directory"
	"sojourn/internal/federation/samlidp"
	"sojourn/internal/iam"
	"sojourn/internal/mfa"
	"sojourn/internal/seal"
	"sojourn/internal/store"
)

// visit is called with each sealed secret, and returns it sealed anew, if it is to be.
type visit func(label, id string, sealed []byte) (again []byte, changed bool, err error)

// sealedKinds are all kinds of secrets that the store keeps sealed, each with how
// those of an account are visited. A kind that is not here would be lost with
// the root key; a test looks for such.
var sealedKinds = map[string]func(tx store.Tx, account string, v visit) error{
	iam.AccessKeyLabel: visitAccessKeys,
	mfa.SeedLabel:      visitSeeds,
	samlidp.KeyLabel:   visitSAMLKeys,

	directory.PasswordLabel: visitBindPasswords,
}

// reseal seals anew what is sealed with a key that does not seal now, each kind
// of each account in a transaction.
func (a *Admin) reseal(ctx context.Context) (n int, err error) {
	accounts, err := a.Accounts(ctx)
	if err != nil {
		return 0, err
	}
	for _, account := range accounts {
		for label, kind := range sealedKinds {
			changed := 0
			err := a.store.Update(ctx, func(tx store.Tx) error {
				changed = 0
				return kind(tx, account.ID, func(label, id string, sealed []byte) ([]byte, bool, error) {
					again, now, err := a.keys.Reseal(label, id, sealed)
					if now {
						changed++
					}
					return again, now, err
				})
			})
			if err != nil {
				return n, fmt.Errorf("sealing each %s of account %s anew: %w", label, account.ID, err)
			}
			n += changed
		}
	}
	return n, nil
}

// countSealed counts the secrets in the store by the generation that sealed them.
func countSealed(tx store.Tx) (map[int]int, error) {
	counts := map[int]int{}
	accounts, err := tx.Accounts()
	if err != nil {
		return nil, err
	}
	for _, account := range accounts {
		for _, kind := range sealedKinds {
			err := kind(tx, account.ID, func(_, _ string, sealed []byte) ([]byte, bool, error) {
				counts[seal.SealedBy(sealed)]++
				return nil, false, nil
			})
			if err != nil {
				return nil, err
			}
		}
	}
	return counts, nil
}

func visitAccessKeys(tx store.Tx, account string, v visit) error {
	users, err := tx.Users(account, store.Page{})
	if err != nil {
		return err
	}
	for _, u := range users {
		keys, err := tx.AccessKeys(u.ID)
		if err != nil {
			return err
		}
		for _, k := range keys {
			again, changed, err := v(iam.AccessKeyLabel, k.ID, k.Secret)
			if k.Secret = again; err == nil && changed {
				err = tx.UpdateAccessKey(k)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func visitSeeds(tx store.Tx, account string, v visit) error {
	devices, err := tx.MFADevices(account, store.Page{})
	if err != nil {
		return err
	}
	for _, d := range devices {
		again, changed, err := v(mfa.SeedLabel, d.Serial, d.Seed)
		if d.Seed = again; err == nil && changed {
			err = tx.UpdateMFADevice(d)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func visitBindPasswords(tx store.Tx, account string, v visit) error {
	directories, err := tx.Directories(account)
	if err != nil {
		return err
	}
	for _, d := range directories {
		if len(d.BindPassword) == 0 {
			continue
		}
		again, changed, err := v(directory.PasswordLabel, d.ID, d.BindPassword)
		if d.BindPassword = again; err == nil && changed {
			err = tx.UpdateDirectory(d)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func visitSAMLKeys(tx store.Tx, account string, v visit) error {
	providers, err := tx.SAMLProviders(account)
	if err != nil {
		return err
	}
	for _, p := range providers {
		update := false
		for i := range p.PrivateKeys {
			k := &p.PrivateKeys[i]
			again, changed, err := v(samlidp.KeyLabel, samlidp.SealedFor(p, k.ID), k.Sealed)
			if err != nil {
				return err
			}
			if changed {
				k.Sealed, update = again, true
			}
		}
		if update {
			if err := tx.UpdateSAMLProvider(p); err != nil {
				return err
			}
		}
	}
	return nil
}
