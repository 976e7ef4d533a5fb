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
// registered. One without a store keeps nothing.
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
	if s.store == nil {
		return nil, fetched
	}
	ctx, cancel := context.WithTimeout(ctx, shelfTime)
	defer cancel()
	var kept store.IssuerKeys
	err := s.store.View(ctx, func(tx store.Tx) (err error) {
		kept, err = tx.IssuerKeys(issuer)
		return err
	})
	if err == nil {
		keys, err = parseKeys(kept.Keys)
	}
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		s.report(fmt.Errorf("reading the kept keys of %q: %w", issuer, err))
	}
	return keys, kept.Fetched
}
