package git

import "slices"

// Failpoint is a point where a crash leaves another state behind than before it.
// Options.Hook is called there; nothing in the product sets one.
type Failpoint struct {
	Name string
	Of   string // what is under way: "push", "repack", "purge" or "sweep"
	// Done says that what is under way has taken effect by then, as far as a
	// client can see.
	Done bool
}

var failpoints []Failpoint

// failpoint registers a point under its name, which the caller passes to
// Options.Hook. Each registered point is to be in the crash matrix, whose test
// fails over one that it does not know how to reach.
func failpoint(p Failpoint) string {
	failpoints = append(failpoints, p)
	return p.Name
}

// Failpoints are all there are.
func Failpoints() []Failpoint { return slices.Clone(failpoints) }

// The points of a push, in their order.
var (
	atIndexed   = failpoint(Failpoint{Name: "after-index-pack", Of: "push"})
	atIntent    = failpoint(Failpoint{Name: "after-intent", Of: "push"})
	atHalfPut   = failpoint(Failpoint{Name: "after-put-of-pack", Of: "push"})
	atPut       = failpoint(Failpoint{Name: "after-put", Of: "push"})
	atCommit    = failpoint(Failpoint{Name: "before-commit", Of: "push"})
	atInCommit  = failpoint(Failpoint{Name: "inside-commit", Of: "push"})
	atCommitted = failpoint(Failpoint{Name: "after-commit", Of: "push", Done: true})
	atReport    = failpoint(Failpoint{Name: "before-report", Of: "push", Done: true})
)

// The points of a compaction, and of a purge, which is one that drops objects.
var (
	atMade       = failpoint(Failpoint{Name: "repack-made", Of: "repack"})
	atMadeIntent = failpoint(Failpoint{Name: "repack-after-intent", Of: "repack"})
	atHalfMade   = failpoint(Failpoint{Name: "repack-after-put-of-pack", Of: "repack"})
	atMadePut    = failpoint(Failpoint{Name: "repack-after-put", Of: "repack"})
	atRepack     = failpoint(Failpoint{Name: "repack-before-commit", Of: "repack"})
	atInRepack   = failpoint(Failpoint{Name: "repack-inside-commit", Of: "repack"})
	atRepacked   = failpoint(Failpoint{Name: "repack-after-commit", Of: "repack", Done: true})
	atPurged     = failpoint(Failpoint{Name: "purge-after-delete-of-pack", Of: "purge", Done: true})
)

// The points of the sweeper.
var (
	atGivenUp    = failpoint(Failpoint{Name: "sweep-after-kill", Of: "sweep"})
	atHalfSwept  = failpoint(Failpoint{Name: "sweep-after-delete-of-idx", Of: "sweep"})
	atSwept      = failpoint(Failpoint{Name: "sweep-after-delete", Of: "sweep"})
	atTrashGone  = failpoint(Failpoint{Name: "sweep-after-delete-of-trash", Of: "sweep"})
	atSweepsDone = failpoint(Failpoint{Name: "sweep-done", Of: "sweep", Done: true})
)
