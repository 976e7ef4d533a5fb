package git

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sojourn/internal/store"
)

// sweeper removes what pushes and deletions leave behind in the stores: blobs
// whose upload was never committed, and packs that left the list. Several nodes
// may sweep at a time.
type sweeper struct {
	ctx    context.Context
	cancel context.CancelFunc
	quit   chan struct{}
	done   chan struct{}
}

func startSweeper(e *Engine) *sweeper {
	s := &sweeper{quit: make(chan struct{}), done: make(chan struct{})}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	go func() {
		defer close(s.done)
		tick := time.NewTicker(e.opt.SweepEvery)
		defer tick.Stop()
		for {
			if err := e.sweep(s.ctx); err != nil && s.ctx.Err() == nil {
				e.opt.Log.Warn("sweeping", "cause", err)
			}
			select {
			case <-s.quit:
				return
			case <-tick.C:
			}
		}
	}()
	return s
}

// stop waits for a sweep that runs, and cuts it off when ctx ends.
func (s *sweeper) stop(ctx context.Context) error {
	close(s.quit)
	defer s.cancel()
	select {
	case <-s.done:
		return nil
	case <-ctx.Done():
		s.cancel()
		<-s.done
		return fmt.Errorf("waiting for the sweeper: %w", context.Cause(ctx))
	}
}

func (e *Engine) sweep(ctx context.Context) error {
	err := errors.Join(e.sweepUploads(ctx), e.sweepTrash(ctx), e.sweepWarm(ctx))
	e.stats.sweeps.Add(1)
	if err != nil {
		e.stats.sweepFailures.Add(1)
	}
	e.opt.Hook(atSweepsDone)
	return err
}

// sweepUploads gives up uploads that are too old. The order is what makes it
// safe: once an intent is dead no commit can consume it, so its blobs are
// nobody's; and as long as the intent is there, the next sweep finds them.
func (e *Engine) sweepUploads(ctx context.Context) error {
	var dead []store.Upload
	before := e.opt.Now().Add(-e.opt.UploadGrace).Unix()
	err := e.store.Update(ctx, func(tx store.Tx) (err error) {
		dead, err = tx.KillUploads(before)
		return err
	})
	if err != nil {
		return fmt.Errorf("giving up old uploads: %w", err)
	}
	if len(dead) > 0 {
		e.opt.Hook(atGivenUp)
	}
	for _, u := range dead {
		if err := e.forget(ctx, u.Repo, u.Pack); err != nil {
			return fmt.Errorf("deleting upload %s of repository %s: %w", u.Pack, u.Repo, err)
		}
		e.stats.sweptUploads.Add(1)
	}
	return nil
}

// sweepTrash deletes packs that left the list long enough ago that no reader
// can want them, unless a backup is being made, which may.
func (e *Engine) sweepTrash(ctx context.Context) error {
	const batch = 100
	if held, err := e.leased(ctx, BackupLease); err != nil || held {
		return err
	}
	before := e.opt.Now().Add(-e.opt.TrashGrace).Unix()
	for {
		var trash []store.Upload
		err := e.store.View(ctx, func(tx store.Tx) (err error) {
			trash, err = tx.Trash(before, batch)
			return err
		})
		if err != nil {
			return fmt.Errorf("listing old packs: %w", err)
		}
		for _, p := range trash {
			err := e.deleteBlobs(ctx, p.Repo, p.Pack)
			if err == nil {
				e.opt.Hook(atTrashGone)
				err = e.store.Update(ctx, func(tx store.Tx) error { return tx.EmptyTrash(p.Repo, p.Pack) })
			}
			if err != nil {
				return fmt.Errorf("deleting pack %s of repository %s: %w", p.Pack, p.Repo, err)
			}
			e.stats.sweptPack.Add(1)
		}
		if len(trash) < batch {
			return nil
		}
	}
}

// sweepWarm lets go of repositories that were deleted, or whose packs were
// replaced: their views keep the old packs' bytes on the disk.
func (e *Engine) sweepWarm(ctx context.Context) error {
	for _, id := range e.warm.ids() {
		switch row, err := e.find(ctx, byID(id)); {
		case errors.Is(err, ErrNoRepository), err == nil && e.warm.packsBefore(id, row.PackGen):
			e.warm.drop(id)
			e.answers.forget(id, row.Version)
		case err != nil:
			return err
		}
	}
	return nil
}
