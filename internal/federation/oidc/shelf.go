package oidc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"

	"sojourn/internal/store"
)

// shelfTime bounds one use of the store.
const shelfTime = 10 * time.Second

// shelf keeps each issuer's last good key set in the store, so that a node that
// starts while a provider is down knows its keys. What lies on it is looked for
// only when a fetch has failed, and so never for an issuer that nobody has
// registered. It also has the sets that an operator has given for issuers that
// are not to be asked. One without a store keeps nothing.
type shelf struct {
	store  store.Store
	report func(error)
	writes sync.WaitGroup
}

// put writes a set behind the back of who waits for it: that it is not kept is
// no reason to refuse a token.
func (s *shelf) put(issuer string, keys []jose.JSONWebKey, fetched time.Time) {
	if s.store == nil {
		return
	}
	s.writes.Go(func() {
		ctx, cancel := context.WithTimeout(context.Background(), shelfTime)
		defer cancel()
		if err := s.write(ctx, issuer, keys, fetched); err != nil {
			s.report(fmt.Errorf("keeping the keys of %q: %w", issuer, err))
		}
	})
}

func (s *shelf) write(ctx context.Context, issuer string, keys []jose.JSONWebKey, fetched time.Time) error {
	set, err := json.Marshal(jose.JSONWebKeySet{Keys: keys})
	if err != nil {
		return err
	}
	return s.store.Update(ctx, func(tx store.Tx) error {
		if err := tx.DropIssuerKeys(fetched.Add(-staleMax)); err != nil {
			return err
		}
		return tx.PutIssuerKeys(store.IssuerKeys{Issuer: issuer, Keys: set, Fetched: fetched})
	})
}

// take returns the set on the shelf; no keys when there are none to use.
func (s *shelf) take(ctx context.Context, issuer string) (keys []jose.JSONWebKey, fetched time.Time) {
	keys, fetched, err := s.read(ctx, func(tx store.Tx) (store.IssuerKeys, error) { return tx.IssuerKeys(issuer) })
	if err != nil {
		s.report(fmt.Errorf("reading the kept keys of %q: %w", issuer, err))
	}
	return keys, fetched
}

// given returns the keys that an operator has given for an issuer, nil for none.
func (s *shelf) given(ctx context.Context, issuer string) ([]jose.JSONWebKey, error) {
	keys, _, err := s.read(ctx, func(tx store.Tx) (store.IssuerKeys, error) { return tx.GivenIssuerKeys(issuer) })
	if err != nil {
		return nil, fmt.Errorf("reading the given keys of %q: %w", issuer, err)
	}
	return keys, nil
}

// read reads one set, which may be absent.
func (s *shelf) read(ctx context.Context, get func(store.Tx) (store.IssuerKeys, error)) (keys []jose.JSONWebKey, at time.Time, err error) {
	if s.store == nil {
		return nil, at, nil
	}
	ctx, cancel := context.WithTimeout(ctx, shelfTime)
	defer cancel()
	var set store.IssuerKeys
	err = s.store.View(ctx, func(tx store.Tx) (err error) {
		set, err = get(tx)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil, at, nil
	}
	if err == nil {
		keys, err = parseKeys(set.Keys)
	}
	return keys, set.Fetched, err
}

// PublicKeys reads a JWK set as a provider would answer it. It returns the keys
// that can verify tokens as a set of their own, without anything private that
// stood beside them, and their ids.
func PublicKeys(jwks []byte) (set []byte, ids []string, err error) {
	keys, err := parseKeys(jwks)
	if err != nil {
		return nil, nil, err
	}
	for _, k := range keys {
		ids = append(ids, k.KeyID)
	}
	set, err = json.Marshal(jose.JSONWebKeySet{Keys: keys})
	return set, ids, err
}
