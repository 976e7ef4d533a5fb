package git

import (
	"context"
	"errors"
	"os"
	"sync"
	"time"

	"sojourn/internal/store"
)

func removeAll(path string) { os.RemoveAll(path) }

// upkeep compacts repositories in the background, one at a time: now and then it
// looks at all, and when a push has made many packs of one, it looks at once.
type upkeep struct {
	e      *Engine
	ctx    context.Context
	cancel context.CancelFunc
	crowd  chan struct{} // something has many packs, or much that is new

	mu    sync.Mutex
	apart map[string]bool // repositories that are cloned whole, whose packs have what must not be sent

	done chan struct{}

	after map[string]time.Time // repositories whose compaction failed, and when to try again
	fails map[string]int
}

func startUpkeep(e *Engine) *upkeep {
	u := &upkeep{e: e, crowd: make(chan struct{}, 1), done: make(chan struct{}), apart: map[string]bool{}, after: map[string]time.Time{}, fails: map[string]int{}}
	u.ctx, u.cancel = context.WithCancel(context.Background())
	go u.run()
	return u
}

func (u *upkeep) run() {
	defer close(u.done)
	tick := time.NewTicker(u.e.opt.CompactEvery)
	defer tick.Stop()
	for {
		select {
		case <-u.ctx.Done():
			return
		case <-tick.C:
		case <-u.crowd:
		}
		if err := u.round(u.ctx); err != nil && u.ctx.Err() == nil {
			u.e.opt.Log.Warn("looking for repositories to compact", "cause", err)
		}
	}
}

// crowded is told of each repository whose packs are counted anyway.
func (u *upkeep) crowded(packs int) {
	if u != nil && packs > maxPacks {
		u.look()
	}
}

// grown is told of each pack that was pushed: after one that calls for a base,
// fetches should not wait for the next round to have a bitmap.
func (u *upkeep) grown(p *store.Pack) {
	if u != nil && (p.Objects >= baseObjects || p.Size >= baseSmall) {
		u.look()
	}
}

// setApart asks for a base without what no ref reaches, which keeps clones from
// being sent the packs as they are.
func (u *upkeep) setApart(repo string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.apart[repo] = true
	u.look()
}

func (u *upkeep) look() {
	select {
	case u.crowd <- struct{}{}:
	default:
	}
}

// wanted takes down which repositories setApart was called for.
func (u *upkeep) wanted() map[string]bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	apart := u.apart
	u.apart = map[string]bool{}
	return apart
}

// round compacts what needs it.
func (u *upkeep) round(ctx context.Context) error {
	var loads []store.PackLoad
	err := u.e.store.View(ctx, func(tx store.Tx) (err error) {
		loads, err = tx.PackLoads()
		return err
	})
	if err != nil {
		return err
	}
	apart := u.wanted()
	var packs int64
	for _, l := range loads {
		packs += l.Packs
	}
	u.e.stats.packs.Store(packs)
	for _, l := range loads {
		now := u.e.opt.Now()
		kind := due(l, now)
		if apart[l.Repo] && now.Sub(time.Unix(l.BaseAdded, 0)) > apartAge {
			kind = CompactBase
		}
		if kind == CompactNothing || now.Before(u.after[l.Repo]) {
			continue
		}
		done, err := u.e.Compact(ctx, l.Repo, kind)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		u.settle(l.Repo, now, done, err)
	}
	return nil
}

// settle notes a failure, so that it is tried again later and later.
func (u *upkeep) settle(repo string, now time.Time, done Compacted, err error) {
	switch {
	case err == nil:
		delete(u.after, repo)
		delete(u.fails, repo)
		if done.After != done.Before {
			u.e.opt.Log.Info("compacted", "repository", repo, "kind", done.Kind, "packs", done.Before, "to", done.After, "took", done.Took)
		}
	case errors.Is(err, ErrNoRepository):
		delete(u.after, repo)
		delete(u.fails, repo)
	default:
		u.fails[repo]++
		wait := min(time.Minute<<min(u.fails[repo], 10), 6*time.Hour)
		u.after[repo] = now.Add(wait)
		u.e.opt.Log.Warn("a compaction failed", "repository", repo, "cause", err, "again_in", wait)
	}
}

// stop ends what runs: nothing of it is needed.
func (u *upkeep) stop() {
	u.cancel()
	<-u.done
}
