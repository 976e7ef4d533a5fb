package metadataserver

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

const (
	fetchTime  = 30 * time.Second
	firstPause = time.Second
	longest    = 2 * time.Minute
	// glance is how long the keeper waits at once. Timers stand still while a
	// machine sleeps; the clock does not.
	glance = 30 * time.Second
)

// Keeper keeps credentials that are good. It fetches new ones when about half of
// a session's life is over, at a moment of its own so that machines which were
// started together do not ask together, and gives out the old ones while the
// server cannot be reached.
type Keeper struct {
	Identity Identity
	Now      func() time.Time
	// Wait returns after d or when the context ends, then with an error.
	Wait func(ctx context.Context, d time.Duration) error
	// Jitter is a random number from 0 to 1.
	Jitter func() float64
	Log    *slog.Logger

	mu      sync.Mutex
	current Credentials
	err     error
}

// errNone is what is wrong before the first try.
var errNone = errors.New("there are no credentials yet")

// Current returns credentials that have not expired, or why there are none.
func (k *Keeper) Current() (Credentials, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	switch {
	case k.current.AccessKeyID != "" && k.Now().Before(k.current.Expires):
		return k.current, nil
	case k.err != nil:
		return Credentials{}, k.err
	}
	return Credentials{}, errNone
}

// First fetches once.
func (k *Keeper) First(ctx context.Context) error { return k.fetch(ctx) }

// Run keeps the credentials good until ctx ends.
func (k *Keeper) Run(ctx context.Context) {
	pause := firstPause
	for {
		due := k.due()
		if due.IsZero() || k.lastError() != nil {
			due = k.Now().Add(time.Duration(float64(pause) * (0.5 + k.Jitter()/2)))
			pause = min(2*pause, longest)
		}
		if k.until(ctx, due) != nil {
			return
		}
		if k.fetch(ctx) == nil {
			pause = firstPause
		}
	}
}

// due is when the present credentials should be replaced: between 45 and 55 parts
// in 100 of their life. SDKs want a quarter of an hour of it left, which are
// there if a session lasts longer than half an hour.
func (k *Keeper) due() time.Time {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.current.AccessKeyID == "" {
		return time.Time{}
	}
	life := k.current.Expires.Sub(k.current.Issued)
	return k.current.Issued.Add(time.Duration(float64(life) * (0.45 + k.Jitter()/10)))
}

func (k *Keeper) lastError() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.err
}

func (k *Keeper) until(ctx context.Context, due time.Time) error {
	for {
		left := due.Sub(k.Now())
		if left <= 0 {
			return ctx.Err()
		}
		if err := k.Wait(ctx, min(left, glance)); err != nil {
			return err
		}
	}
}

func (k *Keeper) fetch(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, fetchTime)
	defer cancel()
	began := k.Now()
	c, err := k.Identity.Fetch(ctx)
	if err == nil && !k.Now().Before(c.Expires) {
		err = fmt.Errorf("the session that the server gave expired at %s; check the clock", c.Expires.UTC().Format(time.RFC3339))
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.err = err; err != nil {
		if k.current.AccessKeyID != "" && began.Before(k.current.Expires) {
			k.Log.Warn("no new credentials; the old ones are served", "until", k.current.Expires.UTC().Format(time.RFC3339), "cause", err)
		} else {
			k.Log.Error("no credentials", "cause", err)
		}
		return err
	}
	c.Issued = began
	k.current = c
	k.Log.Info("new credentials", "role", c.RoleARN, "until", c.Expires.UTC().Format(time.RFC3339))
	return nil
}
