package git

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sojourn/internal/store"
)

// sweeper gives up uploads that were never committed and empties the trash. It
// is safe to die at any point: an upload is marked dead before its blobs go, so
// that no commit can follow, and its row goes last.
type sweeper struct {
	cancel context.CancelFunc
	done   chan struct{}
}

func startSweeper(e *Engine) *sweeper {
	ctx, cancel := context.WithCancel(context.Background())
	s := &sweeper{cancel: cancel, done: make(chan struct{})}
	go func() {
		defer close(s.done)
		tick := time.NewTicker(e.opt.SweepEvery)
		defer tick.Stop()
		for {
			if err := e.sweep(ctx); err != nil && ctx.Err() == nil {
				e.opt.Log.Error("sweeping", "cause", err)
			}
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
		}
	}()
	return s
}

// stop ends the sweeper; a sweep that runs ends between two blobs.
func (s *sweeper) stop(ctx context.Context) error {
	s.cancel()
	select {
	case <-s.done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("waiting for the sweeper: %w", context.Cause(ctx))
	}
}

// trashBatch is how many blobs are deleted between two looks at the trash.
const trashBatch = 100

func (e *Engine) sweep(ctx context.Context) error {
	now := e.opt.Now()
	var dead []store.Upload
	err := e.store.Update(ctx, func(tx store.Tx) (err error) {
		dead, err = tx.KillUploads(now.Add(-e.opt.UploadGrace).Unix())
		return err
	})
	if err != nil {
		return fmt.Errorf("giving up old uploads: %w", err)
	}
	if err := e.deleteAll(ctx, dead, store.Tx.DeleteUpload); err != nil {
		return err
	}
	for {
		var trash []store.Upload
		err := e.store.View(ctx, func(tx store.Tx) (err error) {
			trash, err = tx.Trash(now.Add(-e.opt.TrashGrace).Unix(), trashBatch)
			return err
		})
		if err != nil {
			return fmt.Errorf("looking into the trash: %w", err)
		}
		if len(trash) == 0 {
			return nil
		}
		if err := e.deleteAll(ctx, trash, store.Tx.EmptyTrash); err != nil {
			return err
		}
	}
}

// deleteAll deletes packs and then forgets them.
func (e *Engine) deleteAll(ctx context.Context, packs []store.Upload, forget func(store.Tx, string, string) error) error {
	for _, p := range packs {
		err := errors.Join(ctx.Err(),
			e.opt.Objects.Delete(ctx, blobKey(p.Repo, p.Pack, ".pack")),
			e.opt.Objects.Delete(ctx, blobKey(p.Repo, p.Pack, ".idx")))
		if err == nil {
			err = e.store.Update(ctx, func(tx store.Tx) error { return forget(tx, p.Repo, p.Pack) })
		}
		if err != nil {
			return fmt.Errorf("deleting pack %s of repository %s: %w", p.Pack, p.Repo, err)
		}
	}
	return nil
}
