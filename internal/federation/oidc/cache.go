package oidc

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	"golang.org/x/sync/singleflight"

	"sojourn/internal/awserr"
	"sojourn/internal/federation/outbound"
)

// How long keys live and how often a provider is asked.
const (
	minFresh   = 5 * time.Minute
	maxFresh   = time.Hour
	staleMax   = 24 * time.Hour   // keys of the last good fetch while the provider is down
	givenFresh = time.Minute      // until a change of given keys counts
	unknownGap = time.Minute      // between fetches for a key that is not there
	failureGap = 10 * time.Second // between fetches of a provider that is down
	maxSources = 1000
)

// keyCache keeps the providers' keys, by issuer. All accounts share it: an
// issuer's keys are the same whoever has registered it.
type keyCache struct {
	fetch  Fetcher
	now    func() time.Time
	shelf  shelf
	flight singleflight.Group

	mu      sync.Mutex
	sources map[string]*source
}

// source is what is known of one issuer's keys.
type source struct {
	keys      []jose.JSONWebKey // of the last good fetch; nil before the first
	fetched   time.Time         // when that was
	fresh     time.Time         // until when it needs no other
	attempted time.Time         // the last fetch, good or not
	failure   error             // of the last fetch, nil when it was good
	given     bool              // keys are an operator's, not a fetch's
}

func newKeyCache(o Options) *keyCache {
	return &keyCache{fetch: o.Fetch, now: o.Now, shelf: shelf{store: o.Store, report: o.Report}, sources: make(map[string]*source)}
}

// find returns the keys that may have signed a token with header h, and whether
// they are stale ones.
func (c *keyCache) find(ctx context.Context, issuer string, h header) (keys []jose.JSONWebKey, stale bool, err error) {
	s := c.snapshot(issuer)
	if !c.now().Before(s.fresh) {
		if s, err = c.refresh(ctx, issuer, failureGap); err != nil {
			return nil, false, err
		}
	}
	keys = candidates(c.usable(s), h)
	if len(keys) == 0 && s.keys != nil {
		if s, err = c.refresh(ctx, issuer, unknownGap); err != nil {
			return nil, false, err
		}
		keys = candidates(c.usable(s), h)
	}
	switch {
	case len(keys) > 0:
		return keys, !c.now().Before(s.fresh), nil
	case s.failure != nil:
		return nil, false, unreachable(s.failure)
	}
	return nil, false, invalid("Couldn't retrieve verification key from your identity provider: it has none for this token", nil)
}

// usable are the keys that may still be used.
func (c *keyCache) usable(s source) []jose.JSONWebKey {
	if c.now().Sub(s.fetched) > staleMax {
		return nil
	}
	return s.keys
}

func (c *keyCache) snapshot(issuer string) source {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s := c.sources[issuer]; s != nil {
		return *s
	}
	return source{}
}

// refresh fetches the issuer's keys unless the last attempt is younger than gap.
// Callers at the same time share one fetch, which goes on when one of them leaves.
func (c *keyCache) refresh(ctx context.Context, issuer string, gap time.Duration) (source, error) {
	done := c.flight.DoChan(issuer, func() (any, error) {
		if s := c.snapshot(issuer); !s.attempted.IsZero() && c.now().Sub(s.attempted) < gap {
			return s, nil
		}
		return c.load(context.WithoutCancel(ctx), issuer), nil
	})
	select {
	case r := <-done:
		return r.Val.(source), nil
	case <-ctx.Done():
		return source{}, unreachable(ctx.Err())
	}
}

// load fetches the issuer's keys and notes the outcome. An issuer whose keys an
// operator has given is not asked, nor is any while that cannot be told.
func (c *keyCache) load(ctx context.Context, issuer string) source {
	given, err := c.shelf.given(ctx, issuer)
	switch {
	case err != nil:
		return c.note(issuer, func(s *source) { s.failed(err, nil, time.Time{}, c.now()) })
	case given != nil:
		return c.note(issuer, func(s *source) {
			s.succeeded(given, givenFresh, c.now())
			s.given = true
		})
	}
	keys, fresh, err := load(ctx, c.fetch, issuer)
	if err != nil {
		keys, fetched := c.shelf.take(ctx, issuer)
		return c.note(issuer, func(s *source) { s.failed(err, keys, fetched, c.now()) })
	}
	s := c.note(issuer, func(s *source) { s.succeeded(keys, fresh, c.now()) })
	c.shelf.put(issuer, keys, s.fetched)
	return s
}

// note changes what is known of an issuer.
func (c *keyCache) note(issuer string, change func(*source)) source {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.sources[issuer]
	if s == nil {
		c.makeRoom()
		s = new(source)
		c.sources[issuer] = s
	}
	change(s)
	return *s
}

// succeeded replaces all keys, so that one which the provider has withdrawn is gone.
func (s *source) succeeded(keys []jose.JSONWebKey, fresh time.Duration, now time.Time) {
	*s = source{keys: keys, fetched: now, fresh: now.Add(fresh), attempted: now}
}

// failed takes a kept set that is later than what is known: of the last run, or
// of another node. It is not fresh, so the provider is asked again. Keys that
// an operator gave, and has taken back, are no last good fetch.
func (s *source) failed(err error, kept []jose.JSONWebKey, fetched, now time.Time) {
	if s.given {
		*s = source{}
	}
	s.attempted, s.failure = now, err
	if kept != nil && fetched.After(s.fetched) && !fetched.After(now.Add(skew)) {
		s.keys, s.fetched = kept, fetched
	}
}

// makeRoom drops the issuer that was asked longest ago.
func (c *keyCache) makeRoom() {
	if len(c.sources) < maxSources {
		return
	}
	oldest := ""
	for issuer, s := range c.sources {
		if oldest == "" || s.attempted.Before(c.sources[oldest].attempted) {
			oldest = issuer
		}
	}
	delete(c.sources, oldest)
}

// load reads the issuer's discovery document and the keys that it names.
func load(ctx context.Context, f Fetcher, issuer string) ([]jose.JSONWebKey, time.Duration, error) {
	body, _, err := f.Get(ctx, strings.TrimSuffix(issuer, "/")+"/.well-known/openid-configuration")
	if err != nil {
		return nil, 0, err
	}
	m, err := parseObject(body)
	if err != nil {
		return nil, 0, fmt.Errorf("reading the configuration of %q: %w", issuer, err)
	}
	if m["issuer"] != issuer {
		return nil, 0, fmt.Errorf("the configuration of %q names another issuer", issuer)
	}
	uri, _ := m["jwks_uri"].(string)
	body, header, err := f.Get(ctx, uri)
	if err != nil {
		return nil, 0, err
	}
	keys, err := parseKeys(body)
	return keys, freshness(header), err
}

// freshness is for how long the answer may be used, from its Cache-Control.
func freshness(h http.Header) time.Duration {
	for directive := range strings.SplitSeq(strings.Join(h.Values("Cache-Control"), ","), ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(directive), "=")
		if !strings.EqualFold(name, "max-age") {
			continue
		}
		seconds, err := strconv.ParseUint(strings.Trim(value, `"`), 10, 31)
		if err != nil {
			return minFresh
		}
		return min(max(time.Duration(seconds)*time.Second, minFresh), maxFresh)
	}
	return minFresh
}

// unreachable is IDPCommunicationError. The cause, which may name inside
// addresses, is for the log; only the setting that helps is for the caller.
func unreachable(cause error) error {
	text := "The identity provider could not be reached, or gave no usable keys"
	if _, ok := errors.AsType[*outbound.RefusedError](cause); ok {
		text += ": its address is not a public one, which the operator may allow with --federation-allow-cidr"
	}
	return &awserr.Error{Code: "IDPCommunicationError", Status: http.StatusBadRequest, Message: text, Cause: cause}
}
