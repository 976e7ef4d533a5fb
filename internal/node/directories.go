package node

import (
	"context"
	"net/netip"
	"time"

	"sojourn/internal/ds"
	"sojourn/internal/federation/directory"
	"sojourn/internal/federation/outbound"
	"sojourn/internal/gate"
	"sojourn/internal/principal"
	"sojourn/internal/seal"
	"sojourn/internal/throttle"
)

// outbound are the rules of connections to identity providers.
func (c *Config) outbound() outbound.Options {
	return outbound.Options{Allow: c.FederationAllow, CAFile: c.FederationCA}
}

// guesses has the throttle count wrong passwords.
type guesses struct{ *throttle.Throttle }

// Guess implements directory.Throttle.
func (g guesses) Guess(from netip.Addr, arn, identity string) (directory.Attempt, error) {
	t, err := g.Throttle.Guess(from, arn, identity)
	return &t, err
}

// directories signs people in at LDAP directories.
func directories(cfg Config, keys *seal.Keyring, slow *throttle.Throttle, now func() time.Time) (*directory.Verifier, error) {
	roots, err := outbound.Roots(cfg.outbound())
	if err != nil {
		return nil, err
	}
	return directory.New(directory.Options{Keys: keys, Dialer: outbound.Dialer(cfg.FederationAllow), Roots: roots, Throttle: guesses{slow}, Now: now}), nil
}

// Directories administers the LDAP directories of an account by the operations
// of the API, as the account's root. Of cfg the region and what is about
// connections to identity providers counts. An empty account means the only one.
func (a *Admin) Directories(ctx context.Context, cfg Config, account string, now func() time.Time) (*ds.Service, *principal.Caller, error) {
	account, err := a.account(ctx, account)
	if err != nil {
		return nil, nil, err
	}
	people, err := directories(cfg, a.keys, nil, now)
	if err != nil {
		return nil, nil, err
	}
	begin := now()
	root := &principal.Caller{
		Session:   principal.Session{Kind: principal.Root, Account: account, ID: account, Issued: begin, Expires: begin.Add(time.Hour)},
		Temporary: true, RequestID: seal.NewID("ADMN"), Time: begin, Secure: true, Region: cfg.Region, UserAgent: "sojourn admin",
	}
	return ds.New(ds.Options{Store: a.store, Gate: gate.New(a.store, a.audit), Keys: a.keys, Directories: people, Region: cfg.Region, Now: now}), root, nil
}
