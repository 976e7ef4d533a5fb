package authn

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"sojourn/internal/principal"
	"sojourn/internal/store"
)

// maxUses bounds the uses that wait to be written: about 4 MiB. Of more keys
// and roles than that between two writings some uses are not written.
const maxUses = 16384

// usesAtOnce is how many uses one transaction writes, so that none holds up
// other writers for long.
const usesAtOnce = 256

// writeTime bounds one writing: a server that stops does not wait longer.
const writeTime = 10 * time.Second

// used is what was used: a long-term key by its id, or a role by its unique id.
type used struct {
	role bool
	id   string
}

// lastUses gathers last uses in memory, so that no request waits for a write.
// The zero value is ready.
type lastUses struct {
	mu    sync.Mutex
	wait  map[used]store.LastUse
	noted chan struct{} // holds one when something waits
}

// news is where note tells that something waits.
func (l *lastUses) news() chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.noted == nil {
		l.noted = make(chan struct{}, 1)
	}
	return l.noted
}

func (l *lastUses) note(what used, u store.LastUse) {
	if l.add(what, u) {
		select {
		case l.news() <- struct{}{}:
		default:
		}
	}
}

// add keeps the later of two uses. It reports whether it kept this one.
func (l *lastUses) add(what used, u store.LastUse) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	before, known := l.wait[what]
	if !u.At.After(before.At) || !known && len(l.wait) >= maxUses {
		return false
	}
	if l.wait == nil {
		l.wait = map[used]store.LastUse{}
	}
	l.wait[what] = u
	return true
}

// take empties the list.
func (l *lastUses) take() map[used]store.LastUse {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := l.wait
	l.wait = nil
	return all
}

// noteUse notes that a request was signed with a long-term key or by a role's session.
func (a *Authenticator) noteUse(c *principal.Caller, u use) {
	last := store.LastUse{At: c.Time.UTC(), Service: u.service, Region: u.region}
	switch {
	case c.Kind == principal.AssumedRole:
		a.uses.note(used{role: true, id: c.ID}, last)
	case !c.Temporary:
		a.uses.note(used{id: u.key}, last)
	}
}

// KeepLastUses writes when access keys and roles were last used, until ctx ends
// and then once more. It writes as soon as there is something, and then not
// before pause returns: how long that takes is how exact the times are, and how
// much a crash loses. failed hears of what could not be written, which the next
// writing takes along.
func (a *Authenticator) KeepLastUses(ctx context.Context, pause func(context.Context), failed func(error)) {
	write := func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeTime)
		defer cancel()
		if err := a.writeLastUses(ctx); err != nil {
			failed(err)
		}
	}
	defer write()
	for ctx.Err() == nil {
		select {
		case <-a.uses.news():
			write()
			pause(ctx)
		case <-ctx.Done():
		}
	}
}

// writeLastUses writes what waits; what fails waits again.
func (a *Authenticator) writeLastUses(ctx context.Context) error {
	var errs []error
	uses := a.uses.take()
	for some := range slices.Chunk(slices.Collect(maps.Keys(uses)), usesAtOnce) {
		err := a.Store.Update(ctx, func(tx store.Tx) error { return touch(tx, some, uses) })
		if err == nil {
			continue
		}
		errs = append(errs, fmt.Errorf("writing last uses: %w", err))
		for _, what := range some {
			a.uses.note(what, uses[what])
		}
	}
	return errors.Join(errs...)
}

func touch(tx store.Tx, some []used, uses map[used]store.LastUse) error {
	for _, what := range some {
		write := tx.TouchAccessKey
		if what.role {
			write = tx.TouchRole
		}
		if err := write(what.id, uses[what]); err != nil {
			return err
		}
	}
	return nil
}
