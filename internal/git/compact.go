package git

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sojourn/internal/store"
)

// Compaction is a way to make a repository's packs fewer.
type Compaction uint8

// The ways, from none to most.
const (
	CompactNothing   Compaction = iota
	CompactGeometric            // small packs into fewer; a base stays as it is
	CompactBase                 // all into one, with a bitmap and the history's graph
)

func (c Compaction) String() string {
	return [...]string{"nothing", "geometric", "base"}[c]
}

// When packs are compacted. Each pack costs every fetch a look into its index;
// a bitmap is of use as long as most of the history is in its pack.
const (
	maxPacks    = 50
	baseObjects = 10_000         // with fewer, a bitmap gains little
	baseSmall   = 16 << 20       // bytes of small packs that are worth a new base
	baseAge     = 24 * time.Hour // of a base beside which packs have come
	apartAge    = time.Hour      // of a base beside which what no ref reaches keeps clones slow
)

// due is what a repository needs.
func due(l store.PackLoad, now time.Time) Compaction {
	small := l.Size - l.BaseSize
	many := l.Packs > maxPacks
	switch {
	case l.BaseSize == 0 && (many || l.Objects >= baseObjects):
		return CompactBase
	case l.BaseSize == 0:
		return CompactNothing
	case small > l.BaseSize/3 && (many || small > baseSmall):
		return CompactBase
	case small > 0 && now.Sub(time.Unix(l.BaseAdded, 0)) > baseAge:
		return CompactBase
	case many:
		return CompactGeometric
	}
	return CompactNothing
}

// Compacted is what a compaction did.
type Compacted struct {
	Kind          Compaction
	Before, After int   // packs
	Read, Written int64 // bytes of the packs that left and came
	Objects       int64
	Took          time.Duration
}

// errChanged says that the repository changed so that a compaction is of no use.
var errChanged = errors.New("the repository's packs changed meanwhile")

// Compact makes the packs of a repository fewer and loses no object. It changes
// no ref and disturbs no push or fetch. Where another server is at it, or where
// that comes to nothing, it does nothing.
func (e *Engine) Compact(ctx context.Context, repoID string, kind Compaction) (done Compacted, err error) {
	if kind == CompactNothing {
		return done, nil
	}
	begin := time.Now()
	err = e.withLease(ctx, "compact/"+repoID, func(ctx context.Context) error {
		job := &repack{e: e, kind: kind}
		defer job.close()
		if err := job.prepare(ctx, repoID); err != nil {
			return err
		}
		if err := job.run(ctx); err != nil {
			return err
		}
		done = job.result()
		if len(job.made) == 0 {
			return nil
		}
		if err := job.commit(ctx); err != nil {
			return err
		}
		e.compacted(repoID, kind)
		return nil
	})
	done.Took = time.Since(begin)
	if errors.Is(err, errLeased) {
		return done, nil
	}
	e.stats.compacted(kind, &done, err)
	if err != nil {
		return done, fmt.Errorf("compacting repository %s: %w", repoID, err)
	}
	return done, nil
}
