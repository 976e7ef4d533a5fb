package git

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"sojourn/internal/refname"
	"sojourn/internal/store"
)

// committed is what a commit did.
type committed struct {
	row   store.Repository // after it
	names []string         // of the refs that changed, sorted
	now   map[string]store.Ref
}

// Why a commit was given up; nothing was changed then.
var (
	errNothing = errors.New("no ref changes")
	errEpoch   = errors.New("objects were dropped from the repository since they were checked")
	errNotRun  = errors.New("the transaction did not begin")
)

// commitTime bounds a commit, which no longer depends on the client, and the
// search for its outcome.
const commitTime = time.Minute

// commit is the only place where refs change: it does what is alive of c in one
// transaction, or says that the checks must be made again. What it refuses it
// notes in the updates.
func (e *Engine) commit(ctx context.Context, r *repo, c *change) (again bool, err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), commitTime)
	defer cancel()
	e.opt.Hook(atCommit)
	now := e.opt.Now()
	var p *plan
	own := errNotRun // what the last run returned: nil when only the commit itself can have failed
	err = e.store.Update(ctx, func(tx store.Tx) error {
		p = newPlan(c, tx, e.opt.Events)
		if own = p.apply(now); own == nil {
			e.opt.Hook(atInCommit)
		}
		return own
	})
	if err != nil && own == nil && !errors.Is(err, store.ErrDisk) {
		err = e.outcome(ctx, c, err)
	}
	switch {
	case err == nil:
		e.opt.Hook(atCommitted)
		p.note()
		if c.pack != nil {
			c.pack.state = committedPack
		}
		e.committed(r, c, &p.done)
		return false, nil
	case errors.Is(err, errEpoch):
		return true, nil
	case errors.Is(err, errNothing):
		p.note()
		return false, nil
	case errors.Is(err, store.ErrNotFound):
		return false, ErrNoRepository
	case errors.Is(err, ErrExpired), errors.Is(err, ErrQuota):
		refuse(c.alive(), err)
		return false, nil
	}
	return false, fmt.Errorf("committing to repository %s: %w", c.repo, err)
}

// outcome finds out whether a commit whose answer was an error took effect: nil
// when it did. It takes the repository's lock, behind which no commit is under way.
func (e *Engine) outcome(ctx context.Context, c *change, cause error) error {
	for wait := 10 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		err := e.store.Update(ctx, func(tx store.Tx) error {
			if _, err := tx.LockRepository(c.repo); err != nil && !errors.Is(err, store.ErrNotFound) {
				return err
			}
			_, err := tx.Push(c.id)
			return err
		})
		switch {
		case err == nil:
			return nil
		case errors.Is(err, store.ErrNotFound):
			return fmt.Errorf("the store did not take it: %s", cause.Error()) // its kind means nothing any more
		}
		select {
		case <-ctx.Done():
			if c.pack != nil {
				c.pack.state = lostPack
			}
			return fmt.Errorf("%w: %s", ErrUnknownOutcome, cause.Error())
		case <-time.After(wait):
		}
	}
}

// committed moves what this node knows forward, so that nothing need be read again.
func (e *Engine) committed(r *repo, c *change, done *committed) {
	if c.pack != nil {
		e.upkeep.grown(&c.pack.pack)
	}
	old := r.snapshot()
	if old == nil || old.version != done.row.Version-1 {
		return
	}
	e.adopt(r, c.pack, done)
	e.keep(r, newSnapshot(&done.row, merge(old.refs, done.names, done.now)))
	e.provable(r)
}

// plan is a commit being put together in its transaction. It writes to nothing
// but the transaction and itself, for it may be made again.
type plan struct {
	c       *change
	tx      store.Tx
	row     store.Repository
	now     map[string]store.Ref // the refs of the change as they are
	refused []error              // by update
	todo    []*update            // what has an effect
	gone    map[string]bool      // refs that the change deletes
	made    map[string]bool      // refs that it makes
	dirs    map[string]bool      // directories of those
	events  []string             // kinds
	done    committed
}

func newPlan(c *change, tx store.Tx, events []string) *plan {
	return &plan{c: c, tx: tx, events: events, refused: make([]error, len(c.updates)),
		gone: map[string]bool{}, made: map[string]bool{}, dirs: map[string]bool{}}
}

func (p *plan) apply(at time.Time) error {
	if err := p.begin(); err != nil {
		return err
	}
	for _, deletions := range []bool{true, false} { // a deletion may make room for a name
		for i, u := range p.c.updates {
			if u.err == nil && (u.New == "") == deletions {
				if err := p.decide(i, u); err != nil {
					return err
				}
			}
		}
	}
	if p.atomicFailure() || len(p.todo) == 0 {
		return errNothing
	}
	return p.write(at.UTC().Truncate(time.Microsecond))
}

// note tells the updates what was refused.
func (p *plan) note() {
	for i, err := range p.refused {
		if err != nil {
			p.c.updates[i].err = err
		}
	}
}

// begin locks the repository and makes sure that what was checked still holds.
func (p *plan) begin() (err error) {
	if p.row, err = p.tx.LockRepository(p.c.repo); err != nil {
		return err
	}
	if p.row.GCEpoch != p.c.snap.gcEpoch {
		return errEpoch
	}
	if p.c.pack != nil {
		err := p.tx.ConsumeUpload(p.c.repo, p.c.pack.pack.ID)
		if errors.Is(err, store.ErrNotFound) {
			return ErrExpired
		}
		if err == nil {
			err = p.fits()
		}
		if err != nil {
			return err
		}
	}
	names := make([]string, len(p.c.updates))
	for i, u := range p.c.updates {
		names[i] = u.Name
	}
	p.now, err = p.tx.RefsNamed(p.c.repo, names)
	return err
}

func (p *plan) decide(i int, u *update) error {
	now := p.now[u.Name].OID
	done, err := p.c.settle(u, now, p.row.Head)
	if err == nil && !done && now == "" {
		conflict, failure := p.conflict(u.Name)
		if failure != nil {
			return failure
		}
		if conflict {
			err = ErrConflict
		}
	}
	if p.refused[i] = err; err != nil || done {
		return nil
	}
	p.todo = append(p.todo, u)
	switch {
	case u.New == "":
		p.gone[u.Name] = true
	case now == "":
		p.made[u.Name] = true
		for dir := range directories(u.Name) {
			p.dirs[dir] = true
		}
	}
	return nil
}

// conflict looks for refs that cannot exist beside name, among those there are
// and those that the change makes.
func (p *plan) conflict(name string) (bool, error) {
	if p.dirs[name] {
		return true, nil
	}
	for dir := range directories(name) {
		if p.made[dir] {
			return true, nil
		}
	}
	if p.row.Version == p.c.snap.version { // which then is what the store would say
		return conflicting(p.c.snap.refs, name, p.gone), nil
	}
	others, err := p.tx.ConflictingRefs(p.c.repo, name)
	return slices.ContainsFunc(others, func(o string) bool { return !p.gone[o] }), err
}

// atomicFailure refuses everything, if the change is all or nothing and something was refused.
func (p *plan) atomicFailure() bool {
	failed := func(err error) bool { return err != nil }
	if !p.c.atomic || !slices.ContainsFunc(p.refused, failed) {
		return false
	}
	for i, err := range p.refused {
		if err == nil {
			p.refused[i] = ErrAtomic
		}
	}
	return true
}

func (p *plan) write(at time.Time) error {
	p.row.Version++
	p.row.Modified = at
	if p.row.Head == "" {
		p.row.Head = p.firstBranch()
	}
	p.done = committed{row: p.row, now: map[string]store.Ref{}}
	var put []store.Ref
	var remove []string
	log := make([]store.RefChange, len(p.todo))
	for i, u := range p.todo {
		log[i] = store.RefChange{Version: p.row.Version, Seq: i, Ref: u.Name, Old: p.now[u.Name].OID, New: u.New, Push: p.c.id}
		p.done.names = append(p.done.names, u.Name)
		if u.New == "" {
			remove = append(remove, u.Name)
			continue
		}
		ref := store.Ref{Name: u.Name, OID: u.New, Peeled: u.peeled}
		put = append(put, ref)
		p.done.now[u.Name] = ref
	}
	slices.Sort(p.done.names)
	for _, step := range []func() error{
		func() error { return p.tx.DeleteRefs(p.c.repo, remove) },
		func() error { return p.tx.PutRefs(p.c.repo, put) },
		func() error { return p.tx.AppendRefLog(p.c.repo, log) },
		func() error { return p.tx.AppendEvents(p.referenceEvents(log, at)) },
		p.insertPack,
		func() error { return p.tx.InsertPush(p.push(at)) },
		func() error { return p.tx.UpdateRepository(p.row) },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func (p *plan) insertPack() error {
	if p.c.pack == nil {
		return nil
	}
	pack := p.c.pack.pack
	pack.AddedVersion = p.row.Version
	return p.tx.InsertPack(pack)
}

// push is the record of the change: what came of each ref.
func (p *plan) push(at time.Time) store.Push {
	result := make(map[string]string, len(p.c.updates))
	for i, u := range p.c.updates {
		result[u.Name] = "ok"
		if err := errors.Join(u.err, p.refused[i]); err != nil {
			result[u.Name] = err.Error()
		}
	}
	text, _ := json.Marshal(result) // texts always encode
	return store.Push{ID: p.c.id, Repo: p.c.repo, Version: p.row.Version, Actor: p.c.actor, At: at, Result: string(text)}
}

// firstBranch chooses the default branch of a repository that has none: main,
// master, or the first that comes.
func (p *plan) firstBranch() string {
	best := ""
	for _, u := range p.todo {
		switch {
		case u.New == "" || !strings.HasPrefix(u.Name, refname.Heads):
		case u.Name == refname.Heads+"main":
			return u.Name
		case best == "" || u.Name == refname.Heads+"master":
			best = u.Name
		}
	}
	return best
}
