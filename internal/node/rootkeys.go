package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"sojourn/internal/seal"
	"sojourn/internal/store"
)

// followEvery is how soon a server takes over what has become of the root keys.
const followEvery = time.Second

// rootKeys keeps a keyring as the file of root keys and the store say it is. The
// file has the keys; which of them seals, and which are retired, the store says,
// the same to every node. So a file that was put back from an older copy brings
// no retired key back, and does not make an old one seal.
type rootKeys struct {
	path  string
	store store.Store
	keys  *seal.Keyring
	now   func() time.Time
	log   *slog.Logger

	said  string // the last failure that was logged
	state atomic.Pointer[rootState]
}

// rootState is what was found last.
type rootState struct {
	lives []store.RootKey
	err   error
}

// settle reads both and takes over what they say. At an error the keys stay as
// they were. It must not be called at the same time as itself.
func (r *rootKeys) settle(ctx context.Context) error {
	lives, err := r.read(ctx)
	if err != nil {
		err = fmt.Errorf("root keys: %w", err)
		if old := r.state.Load(); old != nil {
			lives = old.lives
		}
	}
	r.state.Store(&rootState{lives, err})
	return err
}

func (r *rootKeys) read(ctx context.Context) ([]store.RootKey, error) {
	file, err := seal.LoadKeyring(r.path)
	if err != nil {
		return nil, err
	}
	lives, err := r.lives(ctx, file.Generations())
	if err != nil {
		return nil, err
	}
	if err := checkLives(lives, file.Generations()); err != nil {
		return nil, err
	}
	current, retired := 0, []int(nil)
	for _, l := range lives {
		switch {
		case !l.Retired.IsZero():
			retired = append(retired, l.Generation)
		case seals(l):
			current = l.Generation
		}
	}
	chosen, err := file.Choose(current, retired...)
	if err != nil {
		return nil, fmt.Errorf("%s: %w, which seals here: it is an older copy; put back the newest", r.path, err)
	}
	if r.keys.Adopt(chosen) {
		r.log.Info("root keys changed", "generation", current, "accepted", len(chosen.Generations()))
	}
	return lives, nil
}

// seals reports whether a root key is the one that seals.
func seals(l store.RootKey) bool {
	return !l.Sealing.IsZero() && l.Ended.IsZero() && l.Retired.IsZero()
}

// lives are those that the store knows, with those that it meets now.
func (r *rootKeys) lives(ctx context.Context, file []seal.Generation) (lives []store.RootKey, err error) {
	err = r.store.View(ctx, func(tx store.Tx) (err error) {
		lives, err = tx.RootKeys()
		return err
	})
	if err != nil || len(unmet(lives, file, r.now())) == 0 {
		return lives, err
	}
	err = r.store.Update(ctx, func(tx store.Tx) error {
		if lives, err = tx.RootKeys(); err != nil {
			return err
		}
		for _, l := range unmet(lives, file, r.now()) {
			if err := tx.PutRootKey(l); err != nil {
				return err
			}
		}
		lives, err = tx.RootKeys()
		return err
	})
	return lives, err
}

// unmet begins the lives of keys that are in the file and not in the store. In
// the first file that a store meets the phases are the file's: one key seals,
// those with lower numbers are taken to have sealed until now.
func unmet(lives []store.RootKey, file []seal.Generation, now time.Time) (begun []store.RootKey) {
	known, first := map[int]bool{}, len(lives) == 0
	for _, l := range lives {
		known[l.Generation] = true
	}
	current := 0
	for _, g := range file {
		if g.Seals {
			current = g.Number
		}
	}
	for _, g := range file {
		if known[g.Number] {
			continue
		}
		l := store.RootKey{Generation: g.Number, Fingerprint: g.Fingerprint, Announced: now}
		if first && g.Number <= current {
			l.Sealing = now
		}
		if first && g.Number < current {
			l.Ended = now
		}
		begun = append(begun, l)
	}
	return begun
}

// checkLives refuses a file with another key under a number that was known before.
func checkLives(lives []store.RootKey, file []seal.Generation) error {
	for _, l := range lives {
		for _, g := range file {
			if g.Number == l.Generation && g.Fingerprint != l.Fingerprint && l.Retired.IsZero() {
				return fmt.Errorf("generation %d is not the key that this data has known under that number: put back the right file", g.Number)
			}
		}
	}
	return nil
}

// follow takes over changes until the function that it returns is called.
func (r *rootKeys) follow() (stop func() error) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(followEvery)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				r.say(r.settle(ctx))
			case <-ctx.Done():
				return
			}
		}
	}()
	return func() error {
		cancel()
		<-done
		return nil
	}
}

// say logs a failure once, not every second.
func (r *rootKeys) say(err error) {
	text := ""
	if err != nil && !errors.Is(err, context.Canceled) {
		text = err.Error()
	}
	if text != r.said {
		r.said = text
		if text != "" {
			r.log.Error("root keys are not taken over; the server goes on with those that it has", "error", err)
		}
	}
}

// ready is an error while this node cannot take the root keys over: it may lack
// the one that others seal with.
func (r *rootKeys) ready() error {
	if r == nil {
		return nil
	}
	return r.state.Load().err
}

// phase lists the keys in a phase that this node has.
func (r *rootKeys) phase(name string) (list []store.RootKey) {
	has := map[int]bool{}
	for _, g := range r.keys.Generations() {
		has[g.Number] = true
	}
	for _, l := range r.state.Load().lives {
		if has[l.Generation] && stateOf(l).Phase == name {
			list = append(list, l)
		}
	}
	return list
}

// sealing is the key that seals on this node.
func (r *rootKeys) sealing() store.RootKey {
	for _, g := range r.keys.Generations() {
		for _, l := range r.state.Load().lives {
			if g.Seals && l.Generation == g.Number {
				return l
			}
		}
	}
	return store.RootKey{}
}

func (r *rootKeys) announced() int {
	for _, l := range r.phase(PhaseAnnounced) {
		return l.Generation
	}
	return 0
}

func (r *rootKeys) ending() int { return len(r.phase(PhaseEnding)) }
