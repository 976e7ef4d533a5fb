package git

import (
	"sync/atomic"

	"sojourn/internal/git/gitexec"
)

// Stats are counts since the start.
type Stats struct {
	Compactions        map[string]int64 // that changed something, by kind
	CompactionFailures int64
	CompactionSeconds  float64
	CompactedBytes     int64 // of the packs that were written
	Sweeps             int64
	SweepFailures      int64
	SweptUploads       int64 // uploads that were given up
	SweptPacks         int64 // packs that were deleted from the trash
	Processes          []gitexec.Load
	Killed             int64 // processes that a limit ended
	Proofs             int64 // of packs that may be sent as they are
	WholePacks         int64 // clones that were sent stored packs, without git
	SharedAnswers      int64 // fetches that were sent what git had made for another
	Warm               int   // repositories that are kept at hand
	Generations, Views int64 // that are on disk
	Packs              int64 // of all repositories, when upkeep last looked
}

type counters struct {
	geometric, base, failed, micros, bytes         atomic.Int64
	proofs, wholePacks, sharedAnswers              atomic.Int64
	sweeps, sweepFailures, sweptUploads, sweptPack atomic.Int64
	generations, views, packs                      atomic.Int64
}

func (c *counters) compacted(kind Compaction, done *Compacted, err error) {
	c.micros.Add(done.Took.Microseconds())
	switch {
	case err != nil:
		c.failed.Add(1)
		return
	case done.Before == done.After && done.Written == 0:
		return
	case kind == CompactBase:
		c.base.Add(1)
	default:
		c.geometric.Add(1)
	}
	c.bytes.Add(done.Written)
}

// Stats tells what the engine has done.
func (e *Engine) Stats() Stats {
	c := &e.stats
	s := Stats{
		Compactions:        map[string]int64{"geometric": c.geometric.Load(), "base": c.base.Load()},
		CompactionFailures: c.failed.Load(), CompactionSeconds: float64(c.micros.Load()) / 1e6, CompactedBytes: c.bytes.Load(),
		Sweeps: c.sweeps.Load(), SweepFailures: c.sweepFailures.Load(), SweptUploads: c.sweptUploads.Load(), SweptPacks: c.sweptPack.Load(),
		Proofs: c.proofs.Load(), WholePacks: c.wholePacks.Load(), SharedAnswers: c.sharedAnswers.Load(),
	}
	s.Generations, s.Views, s.Packs, s.Warm = c.generations.Load(), c.views.Load(), c.packs.Load(), len(e.warm.ids())
	s.Processes, s.Killed = e.git.Loads()
	return s
}
