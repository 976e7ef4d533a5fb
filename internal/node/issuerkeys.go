package node

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sojourn/internal/federation/oidc"
	"sojourn/internal/federation/outbound"
	"sojourn/internal/store"
)

// GiveIssuerKeys makes a JWK set the keys of an OpenID Connect issuer, given by
// its URL as its tokens have it, so that a server which cannot reach it does not
// ask it. It returns the ids of the keys that can verify tokens; running servers
// have them within an hour. It does not register the issuer.
func (a *Admin) GiveIssuerKeys(ctx context.Context, issuer string, jwks []byte, now time.Time) ([]string, error) {
	if _, err := outbound.CheckURL(issuer); err != nil {
		return nil, fmt.Errorf("url: %w", err)
	}
	set, ids, err := oidc.PublicKeys(jwks)
	if err != nil {
		return nil, fmt.Errorf("jwks: %w", err)
	}
	if err := a.record("GiveIssuerKeys", "", issuer, "", now); err != nil {
		return nil, err
	}
	return ids, a.store.Update(ctx, func(tx store.Tx) error {
		return tx.GiveIssuerKeys(store.IssuerKeys{Issuer: issuer, Keys: set, Fetched: now})
	})
}

// RemoveIssuerKeys takes given keys back; running servers know it within a minute.
func (a *Admin) RemoveIssuerKeys(ctx context.Context, issuer string, now time.Time) error {
	if err := a.record("RemoveIssuerKeys", "", issuer, "", now); err != nil {
		return err
	}
	err := a.store.Update(ctx, func(tx store.Tx) error { return tx.RemoveGivenIssuerKeys(issuer) })
	if errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("url %q: no keys were given for it", issuer)
	}
	return err
}
