package git

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"sojourn/internal/git/gitexec"
	"sojourn/internal/refname"
	"sojourn/internal/store"
)

// RefUpdate asks for a ref to change from Old to New. "" stands for no object:
// an Old of "" asks that the ref not exist, a New of "" that it be deleted.
type RefUpdate struct{ Name, Old, New string }

// RefResult is what came of a RefUpdate; Err is nil when it was done, and
// otherwise wraps one of this package's reasons.
type RefResult struct {
	Name string
	Err  error
}

// update is a RefUpdate on its way.
type update struct {
	RefUpdate
	peeled string // of New, when it is a tag object
	err    error  // why it was refused
}

// change is a set of updates on its way to the commit.
type change struct {
	id     string // of the push
	repo   string
	actor  string
	atomic bool
	// strict refuses an update whose outcome is there already; without it, that
	// is a success, for a client may send a push twice.
	strict  bool
	updates []*update
	pack    *incoming // nil for none
	quota   int64     // bytes for the account's packs; 0 is no bound
	ask     *asking   // nil where what was decided is good for the whole change
	snap    *snapshot // what the checks saw
}

// alive are the updates that were not refused.
func (c *change) alive() []*update {
	return slices.DeleteFunc(slices.Clone(c.updates), func(u *update) bool { return u.err != nil })
}

// refuseRest refuses what is alive, if the change is atomic and something was
// refused, and reports whether anything is alive.
func (c *change) refuseRest() bool {
	alive := c.alive()
	if c.atomic && len(alive) < len(c.updates) {
		refuse(alive, ErrAtomic)
		return false
	}
	return len(alive) > 0
}

func refuse(updates []*update, err error) {
	for _, u := range updates {
		u.err = err
	}
}

func (c *change) results() []RefResult {
	out := make([]RefResult, len(c.updates))
	for i, u := range c.updates {
		out[i] = RefResult{u.Name, u.err}
	}
	return out
}

// screen refuses, of what is alive, what can be refused without looking at
// objects, against the snapshot. The commit looks again at what may change.
func (c *change) screen() {
	seen := make(map[string]*update, len(c.updates))
	for _, u := range c.alive() {
		u.err = c.screenOne(u)
		if first := seen[u.Name]; first != nil {
			u.err, first.err = ErrDuplicate, ErrDuplicate
		}
		seen[u.Name] = u
	}
}

func (c *change) screenOne(u *update) error {
	now := c.snap.ref(u.Name)
	check := refname.CheckNew
	if now.Name != "" {
		check = refname.Check // it exists; the rules for new branches come too late
	}
	if u.New == "" && now.Name == "" {
		check = func(string) error { return nil } // nothing comes of it
	}
	if err := check(u.Name); err != nil {
		return fmt.Errorf("%w: %w", ErrName, err)
	}
	if strings.HasPrefix(u.Name, HiddenRefs) || u.Name == strings.TrimSuffix(HiddenRefs, "/") {
		return ErrHidden
	}
	_, err := c.settle(u, now.OID, c.snap.head)
	return err
}

// settle compares an update with the ref's value now. It reports whether there
// is nothing to do.
func (c *change) settle(u *update, now, head string) (done bool, err error) {
	switch {
	case now == u.New && !c.strict:
		return true, nil
	case u.New == "" && u.Name == head:
		return false, ErrDefaultBranch
	case now == u.Old:
		return false, nil
	case u.Old == "":
		return false, ErrExists
	case now == "":
		return false, ErrAbsent
	}
	return false, ErrStale
}

// UpdateRefs changes refs to objects that the repository has, for actor (an
// ARN, for the log), as a push would; unlike in a push, an update whose outcome
// is there already is refused with ErrExists or ErrStale. With atomic, all or
// none are done. The error is nil when the results tell what happened.
func (e *Engine) UpdateRefs(ctx context.Context, repoID, actor string, updates []RefUpdate, atomic bool) ([]RefResult, error) {
	r, snap, err := e.open(ctx, byID(repoID))
	if err != nil {
		return nil, err
	}
	c := &change{id: newID(), repo: repoID, actor: actor, atomic: atomic, strict: true, snap: snap}
	for _, u := range updates {
		c.updates = append(c.updates, &update{RefUpdate: u})
	}
	c.screen()
	if c.refuseRest() {
		err = e.finish(ctx, r, c, func(ctx context.Context, o gitexec.Objects) error { return e.verify(ctx, c, o) })
	}
	if err != nil {
		return nil, err
	}
	return c.results(), nil
}

// finish checks what is alive of c and commits it; again, if objects were
// dropped from the repository in between.
func (e *Engine) finish(ctx context.Context, r *repo, c *change, check func(context.Context, gitexec.Objects) error) error {
	for range 5 {
		g, err := e.objectsOf(ctx, r, c.snap)
		if err != nil {
			return err
		}
		err = check(ctx, c.objects(g))
		g.drop()
		if err != nil || !c.refuseRest() {
			return err
		}
		if err := c.askAgain(ctx); err != nil || !c.refuseRest() {
			return err
		}
		again, err := e.commit(ctx, r, c)
		if !again {
			return err
		}
		if r, c.snap, err = e.open(ctx, byID(c.repo)); err != nil {
			return err
		}
	}
	return fmt.Errorf("committing to repository %s: objects are being dropped from it", c.repo)
}

// objects are those of the generation and of the pack that comes with the change.
func (c *change) objects(g *generation) gitexec.Objects {
	if c.pack == nil {
		return gitexec.Objects{Dir: g.path}
	}
	return gitexec.Objects{Dir: c.pack.dir, Alternates: []string{g.path}}
}

// conflicting reports whether name cannot exist beside refs: one of its
// directories is a ref, or it is the directory of one. Refs in gone do not count.
func conflicting(refs []store.Ref, name string, gone map[string]bool) bool {
	s := snapshot{refs: refs}
	for dir := range directories(name) {
		if s.ref(dir).Name != "" && !gone[dir] {
			return true
		}
	}
	from, to := prefixRange(refs, name+"/")
	for _, r := range refs[from:to] {
		if !gone[r.Name] {
			return true
		}
	}
	return false
}

// directories are the names that would be directories if name were a path.
func directories(name string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for i := range len(name) {
			if name[i] == '/' && !yield(name[:i]) {
				return
			}
		}
	}
}
