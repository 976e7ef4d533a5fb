package git

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sojourn/internal/store"
)

// ErrBackup says that a backup is being made, which needs what a purge deletes.
var ErrBackup = errors.New("a backup is being made; purge when it has ended")

// Purged is what a purge did.
type Purged struct {
	Before, After int64 // objects in all packs; one that two packs had counts twice before
	Packs         int   // that were deleted
}

// Purge drops, for good, every object of a repository that no ref reaches; refs
// that are hidden count. Of oids, which are object ids, none may be left: where a
// ref still reaches one, nothing is done. When it returns, no request that begins
// is served what was dropped, and the old packs are deleted, with those in the
// trash. Pushes under way are checked again before they are committed.
func (e *Engine) Purge(ctx context.Context, repoID string, oids []string) (done Purged, err error) {
	if held, err := e.leased(ctx, BackupLease); err != nil || held {
		return done, errors.Join(err, ErrBackup)
	}
	err = e.withLease(ctx, "compact/"+repoID, func(ctx context.Context) error {
		for try := 0; ; try++ {
			done, err = e.purgeOnce(ctx, repoID, oids)
			if !errors.Is(err, errChanged) || try == 5 {
				return err
			}
		}
	})
	if errors.Is(err, errLeased) {
		return done, errors.New("the repository is being compacted; try again in a few minutes")
	}
	if err != nil {
		return done, err
	}
	n, err := e.emptyTrash(ctx, repoID)
	done.Packs = n
	return done, err
}

func (e *Engine) purgeOnce(ctx context.Context, repoID string, oids []string) (done Purged, err error) {
	begin := time.Now()
	job := &repack{e: e, kind: CompactBase, drop: true}
	defer job.close()
	if err := job.prepare(ctx, repoID); err != nil {
		return done, err
	}
	if err := job.run(ctx); err != nil {
		return done, err
	}
	for _, p := range job.packs {
		done.Before += p.Objects
	}
	for _, m := range job.made {
		done.After += m.Objects
		if err := stillIn(m.files[".idx"], oids); err != nil {
			return done, err
		}
	}
	if len(job.made)+len(job.gone) == 0 {
		return done, nil
	}
	err = job.commit(ctx)
	c := job.result()
	c.Took = time.Since(begin)
	e.stats.compacted(CompactBase, &c, err)
	return done, err
}

func stillIn(index string, oids []string) error {
	x, err := openPackIndex(index)
	if err != nil {
		return err
	}
	defer x.Close()
	for _, oid := range oids {
		has, err := x.has(oid)
		if err != nil {
			return err
		}
		if has {
			return fmt.Errorf("object %s is still reachable from a branch or tag: rewrite or delete it there first; nothing was purged", oid)
		}
	}
	return nil
}

// emptyTrash deletes what a repository has in the trash, whatever its age.
func (e *Engine) emptyTrash(ctx context.Context, repoID string) (n int, err error) {
	var trash []store.Upload
	err = e.store.View(ctx, func(tx store.Tx) (err error) {
		trash, err = tx.Trashed(repoID)
		return err
	})
	if err != nil {
		return 0, err
	}
	for _, p := range trash {
		err := e.deleteBlobs(ctx, p.Repo, p.Pack)
		if err == nil {
			e.opt.Hook(atPurged)
			err = e.store.Update(ctx, func(tx store.Tx) error { return tx.EmptyTrash(p.Repo, p.Pack) })
		}
		if err != nil {
			return n, fmt.Errorf("deleting pack %s: %w", p.Pack, err)
		}
		n++
	}
	return n, nil
}
