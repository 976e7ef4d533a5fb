package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"time"

	"sojourn/internal/audit"
	"sojourn/internal/seal"
	"sojourn/internal/store"
)

// How long the phases of a root key last at least.
const (
	// announceTime is how long a key is known before it seals: each server takes
	// it over within followEvery, but one may be busy.
	announceTime = 10 * time.Second
	// retireTime is how long a key opens what it has sealed: the longest session,
	// and what clocks and late servers may be behind.
	retireTime = 36*time.Hour + 10*time.Minute
)

// Phases of a root key.
const (
	PhaseAnnounced = "announced" // opens; nothing is sealed with it yet
	PhaseSealing   = "sealing"
	PhaseEnding    = "ending" // opens what it sealed before
	PhaseRetired   = "retired"
)

// RootKey is the state of one root key.
type RootKey struct {
	store.RootKey
	Phase  string
	Since  time.Time // of the phase
	AtRest int       // secrets in the store that are sealed with it
	Next   time.Time // when the next phase may begin; zero for a key that seals
}

// RootKeys are the root keys that are not retired, by number.
func (a *Admin) RootKeys(ctx context.Context) ([]RootKey, error) {
	var out []RootKey
	err := a.store.View(ctx, func(tx store.Tx) error {
		lives, err := tx.RootKeys()
		if err != nil {
			return err
		}
		counts, err := countSealed(tx)
		for _, l := range lives {
			if k := stateOf(l); k.Phase != PhaseRetired {
				k.AtRest = counts[l.Generation]
				out = append(out, k)
			}
		}
		return err
	})
	return out, err
}

func stateOf(l store.RootKey) RootKey {
	k := RootKey{RootKey: l}
	switch {
	case !l.Retired.IsZero():
		k.Phase, k.Since = PhaseRetired, l.Retired
	case !l.Ended.IsZero():
		k.Phase, k.Since, k.Next = PhaseEnding, l.Ended, l.Ended.Add(retireTime)
	case !l.Sealing.IsZero():
		k.Phase, k.Since = PhaseSealing, l.Sealing
	default:
		k.Phase, k.Since, k.Next = PhaseAnnounced, l.Announced, l.Announced.Add(announceTime)
	}
	return k
}

// find is the only root key in a phase; ok is false where there is none.
func find(keys []RootKey, phase string) (k RootKey, ok bool) {
	i := slices.IndexFunc(keys, func(k RootKey) bool { return k.Phase == phase })
	if i < 0 {
		return k, false
	}
	return keys[i], true
}

// changingKeys runs f while no other command changes the root keys.
func (a *Admin) changingKeys(ctx context.Context, f func([]RootKey) error) error {
	unlock, err := lockFile(a.dir.path("keys/lock"))
	if errors.Is(err, errLocked) {
		return errors.New("root keys: another command is changing them; wait for its end")
	}
	if err != nil {
		return err
	}
	keys, err := a.RootKeys(ctx)
	if err == nil {
		err = a.inStep(keys)
	}
	if err == nil {
		err = f(keys)
	}
	return errors.Join(err, unlock())
}

// inStep brings the file to what the store says, where a command was killed
// between the two: the same key seals, and no retired one is there.
func (a *Admin) inStep(keys []RootKey) error {
	file, err := seal.LoadKeyring(a.place.rootKeys())
	if err != nil {
		return err
	}
	sealing, _ := find(keys, PhaseSealing)
	for _, g := range file.Generations() {
		if g.Seals && g.Number != sealing.Generation {
			if err := seal.SealWith(a.place.rootKeys(), sealing.Generation); err != nil {
				return err
			}
		}
	}
	for _, g := range file.Generations() {
		if !slices.ContainsFunc(keys, func(k RootKey) bool { return k.Generation == g.Number }) {
			if err := seal.RemoveGeneration(a.place.rootKeys(), g.Number); err != nil {
				return err
			}
		}
	}
	return nil
}

func (a *Admin) recordKey(act string, generation int, now time.Time) error {
	return a.recordWith(act, "", "root-key/"+strconv.Itoa(generation), "", nil, now)
}

// settleKeys brings a.keys and the store up to what the file is now.
func (a *Admin) settleKeys(ctx context.Context, now time.Time) error {
	r := &rootKeys{path: a.place.rootKeys(), store: a.store, keys: a.keys, now: func() time.Time { return now }, log: slog.New(slog.DiscardHandler)}
	return r.settle(ctx)
}

// AnnounceRootKey makes a new root key, which every server learns before
// anything is sealed with it.
func (a *Admin) AnnounceRootKey(ctx context.Context, now time.Time) (generation int, err error) {
	err = a.changingKeys(ctx, func(keys []RootKey) error {
		if k, ok := find(keys, PhaseAnnounced); ok {
			return fmt.Errorf("generation %d is announced already: activate it, or retire it", k.Generation)
		}
		if generation, err = a.nextGeneration(ctx); err != nil {
			return err
		}
		if err := a.recordKey("AnnounceRootKey", generation, now); err != nil {
			return err
		}
		if err := seal.AddGeneration(a.place.rootKeys(), generation); err != nil {
			return err
		}
		return a.settleKeys(ctx, now)
	})
	return generation, err
}

// nextGeneration is a number that no root key has had.
func (a *Admin) nextGeneration(ctx context.Context) (n int, err error) {
	err = a.store.View(ctx, func(tx store.Tx) error {
		lives, err := tx.RootKeys()
		for _, l := range lives {
			n = max(n, l.Generation)
		}
		return err
	})
	if err == nil && n >= 255 {
		err = errors.New("root keys: all 255 generations have been used")
	}
	return n + 1, err
}

// ActivateRootKey lets the announced root key seal, on every server.
func (a *Admin) ActivateRootKey(ctx context.Context, now time.Time) (generation int, err error) {
	err = a.changingKeys(ctx, func(keys []RootKey) error {
		k, ok := find(keys, PhaseAnnounced)
		if !ok {
			return errors.New("no generation is announced: announce one first")
		}
		if wait := k.Next.Sub(now); wait > 0 {
			return fmt.Errorf("generation %d was announced a moment ago: wait %s, so that every server knows it", k.Generation, wait.Round(time.Second))
		}
		generation = k.Generation
		return a.activate(ctx, k, keys, now)
	})
	return generation, err
}

// activate commits the change to the store, whose word counts, and brings the
// file in step. Behind a crash in between the servers go by the store.
func (a *Admin) activate(ctx context.Context, k RootKey, keys []RootKey, now time.Time) error {
	if err := a.recordKey("ActivateRootKey", k.Generation, now); err != nil {
		return err
	}
	err := a.store.Update(ctx, func(tx store.Tx) error {
		if old, ok := find(keys, PhaseSealing); ok {
			old.Ended = now
			if err := tx.PutRootKey(old.RootKey); err != nil {
				return err
			}
		}
		k.Sealing = now
		return tx.PutRootKey(k.RootKey)
	})
	if err != nil {
		return err
	}
	if err := seal.SealWith(a.place.rootKeys(), k.Generation); err != nil {
		return err
	}
	return a.settleKeys(ctx, now)
}

// RetireRootKey takes a root key away for good: one that was announced and never
// used, or one that has not sealed for 36 hours, when what is kept sealed with it
// has been sealed anew. It returns how many secrets that were.
func (a *Admin) RetireRootKey(ctx context.Context, generation int, now time.Time) (resealed int, err error) {
	err = a.changingKeys(ctx, func(keys []RootKey) error {
		i := slices.IndexFunc(keys, func(k RootKey) bool { return k.Generation == generation })
		switch {
		case i < 0:
			return fmt.Errorf("generation %d: there is none; \"sojourn admin root-key status\" lists them", generation)
		case keys[i].Phase == PhaseSealing:
			return fmt.Errorf("generation %d seals: announce and activate another first", generation)
		case keys[i].Phase == PhaseEnding && now.Before(keys[i].Next):
			return fmt.Errorf("generation %d may have sealed sessions that are alive: it can be retired in %s, at %s",
				generation, keys[i].Next.Sub(now).Round(time.Second), keys[i].Next.UTC().Format(time.RFC3339))
		}
		resealed, err = a.retire(ctx, keys[i], now)
		return err
	})
	return resealed, err
}

// retire retires without asking for how long the key has not sealed.
func (a *Admin) retire(ctx context.Context, k RootKey, now time.Time) (resealed int, err error) {
	if resealed, err = a.reseal(ctx); err != nil {
		return resealed, err
	}
	if err := a.recordKey("RetireRootKey", k.Generation, now); err != nil {
		return resealed, err
	}
	err = a.store.Update(ctx, func(tx store.Tx) error {
		counts, err := countSealed(tx) // in the same transaction: nothing comes in between
		if err == nil && counts[k.Generation] > 0 {
			err = fmt.Errorf("generation %d: %d secrets were sealed with it a moment ago; is there a server that has not taken the new key over?", k.Generation, counts[k.Generation])
		}
		if err != nil {
			return err
		}
		k.Retired = now
		return tx.PutRootKey(k.RootKey)
	})
	if err != nil {
		return resealed, err
	}
	if err := seal.RemoveGeneration(a.place.rootKeys(), k.Generation); err != nil {
		return resealed, err
	}
	return resealed, a.settleKeys(ctx, now)
}

// ResealSecrets seals anew, with the root key that seals, what is kept sealed
// with others. It returns how many secrets that were.
func (a *Admin) ResealSecrets(ctx context.Context, now time.Time) (n int, err error) {
	err = a.changingKeys(ctx, func(keys []RootKey) error {
		k, _ := find(keys, PhaseSealing)
		if err := a.recordKey("ResealSecrets", k.Generation, now); err != nil {
			return err
		}
		n, err = a.reseal(ctx)
		return err
	})
	return n, err
}

// Rotation is what a step of a rotation did.
type Rotation struct {
	Began, Retired []int
	Resealed       int
	// Ending is the key that goes next, where there is one.
	Ending *RootKey
}

// RotateRootKey does what is due: it retires a key whose time has come; it
// carries on with one that is announced; and if the key that seals has done so
// for longer than age, and none is ending, it begins anew. wait passes time; now is
// asked behind it.
func (a *Admin) RotateRootKey(ctx context.Context, age time.Duration, now func() time.Time, wait func(context.Context, time.Duration) error) (r Rotation, err error) {
	keys, err := a.RootKeys(ctx)
	if err != nil {
		return r, err
	}
	for _, k := range keys {
		if k.Phase == PhaseEnding && !now().Before(k.Next) {
			n, err := a.RetireRootKey(ctx, k.Generation, now())
			if err != nil {
				return r, err
			}
			r.Retired, r.Resealed = append(r.Retired, k.Generation), r.Resealed+n
		}
	}
	if keys, err = a.RootKeys(ctx); err != nil {
		return r, err
	}
	announced, begun := find(keys, PhaseAnnounced)
	ending, under := find(keys, PhaseEnding)
	sealing, _ := find(keys, PhaseSealing)
	if !begun && !under && (age <= 0 || now().Sub(sealing.Since) >= age) {
		if _, err := a.AnnounceRootKey(ctx, now()); err != nil {
			return r, err
		}
		begun = true
		announced.Next = now().Add(announceTime)
	}
	if begun {
		if err := wait(ctx, announced.Next.Sub(now())); err != nil {
			return r, err
		}
		return a.carryOn(ctx, r, now, wait)
	}
	if under {
		r.Ending = &ending
	}
	return r, nil
}

// carryOn activates what is announced and seals anew, once every server seals
// with it.
func (a *Admin) carryOn(ctx context.Context, r Rotation, now func() time.Time, wait func(context.Context, time.Duration) error) (Rotation, error) {
	n, err := a.ActivateRootKey(ctx, now())
	if err != nil {
		return r, err
	}
	r.Began = append(r.Began, n)
	if err := wait(ctx, 2*followEvery); err != nil {
		return r, err
	}
	resealed, err := a.ResealSecrets(ctx, now())
	if err != nil {
		return r, err
	}
	r.Resealed += resealed
	keys, err := a.RootKeys(ctx)
	if k, ok := find(keys, PhaseEnding); ok {
		r.Ending = &k
	}
	return r, err
}

// ReplaceRootKeys is for a root key that was stolen: it makes another one, seals
// with it at once, and retires all others, which ends every session.
func (a *Admin) ReplaceRootKeys(ctx context.Context, now func() time.Time, wait func(context.Context, time.Duration) error) (r Rotation, err error) {
	keys, err := a.RootKeys(ctx)
	if err != nil {
		return r, err
	}
	if k, ok := find(keys, PhaseAnnounced); ok { // it was in the same file
		if _, err := a.RetireRootKey(ctx, k.Generation, now()); err != nil {
			return r, err
		}
	}
	if _, err := a.AnnounceRootKey(ctx, now()); err != nil {
		return r, err
	}
	err = a.changingKeys(ctx, func(keys []RootKey) error {
		k, _ := find(keys, PhaseAnnounced)
		r.Began = []int{k.Generation}
		return a.activate(ctx, k, keys, now())
	})
	if err != nil {
		return r, err
	}
	if err := a.revokeAll(ctx, now()); err != nil {
		return r, err
	}
	if err := wait(ctx, 2*followEvery); err != nil { // until every server seals with it
		return r, err
	}
	err = a.changingKeys(ctx, func(keys []RootKey) error {
		for _, k := range keys {
			if k.Phase != PhaseEnding {
				continue
			}
			n, err := a.retire(ctx, k, now())
			if err != nil {
				return err
			}
			r.Retired, r.Resealed = append(r.Retired, k.Generation), r.Resealed+n
		}
		return nil
	})
	return r, err
}

// revokeAll revokes the sessions of all accounts: requests that are being answered
// know of revocations, not of root keys.
func (a *Admin) revokeAll(ctx context.Context, now time.Time) error {
	accounts, err := a.Accounts(ctx)
	for _, account := range accounts {
		if err == nil {
			_, err = a.Revoke(ctx, RevokeWhat{Account: account.ID, Reason: "the root key was replaced"}, now)
		}
	}
	return err
}

// RestoreRootKeys takes the file of root keys for the truth, where the newest one
// is lost: what is known of other keys is forgotten. What was sealed with them is lost.
func RestoreRootKeys(ctx context.Context, p Place, now time.Time) (kept []int, err error) {
	d := p.dir()
	if err := errors.Join(p.check(), p.hasRun()); err != nil {
		return nil, err
	}
	file, err := seal.LoadKeyring(p.rootKeys())
	if err != nil {
		return nil, err
	}
	st, err := p.openStore(ctx)
	if err != nil {
		return nil, err
	}
	log, err := audit.Open(d.audit())
	if err != nil {
		return nil, errors.Join(err, st.Close())
	}
	a := &Admin{place: p, dir: d, keys: file, store: st, audit: log}
	err = a.recordWith("RestoreRootKeys", "", "root-key/*", "", nil, now)
	if err == nil {
		err = st.Update(ctx, func(tx store.Tx) error { return forget(tx, file.Generations(), now) })
	}
	for _, g := range file.Generations() {
		kept = append(kept, g.Number)
	}
	return kept, errors.Join(err, a.Close())
}

// forget ends the lives of keys that are not in the file, and begins those anew
// that are.
func forget(tx store.Tx, file []seal.Generation, now time.Time) error {
	lives, err := tx.RootKeys()
	if err != nil {
		return err
	}
	for _, l := range lives {
		if l.Retired.IsZero() {
			l.Retired = now
		}
		if err := tx.PutRootKey(l); err != nil {
			return err
		}
	}
	for _, l := range unmet(nil, file, now) {
		if err := tx.PutRootKey(l); err != nil {
			return err
		}
	}
	return nil
}
