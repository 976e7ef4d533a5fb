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

// committed is the repository after a commit.
type committed struct{ row store.Repository }

var (
	errEpoch   = errors.New("objects were dropped meanwhile")
	errNothing = errors.New("nothing is to be changed")
)

// commit is the only place where refs change. It sets the updates' errors.
// again says that the checks must be made anew, for objects were dropped
// since; then nothing has happened.
func (e *Engine) commit(ctx context.Context, r *repo, c *change) (again bool, err error) {
	ctx = context.WithoutCancel(ctx) // from here on the client going away changes nothing
	e.opt.Hook("before-commit")
	alive := c.alive()
	var done committed
	err = e.store.Update(ctx, func(tx store.Tx) error {
		for _, u := range alive {
			u.err = nil // an earlier attempt may have set it
		}
		return c.apply(tx, e.opt.Now().UTC(), &done.row)
	})
	switch {
	case errors.Is(err, store.ErrNotFound):
		return false, ErrNoRepository
	case errors.Is(err, errEpoch):
		return true, err
	case errors.Is(err, errNothing):
		e.abandon(ctx, c.pack)
		return false, nil
	case errors.Is(err, ErrExpired):
		refuse(alive, ErrExpired)
		return false, nil
	case err != nil:
		if err = e.resolve(ctx, c, err, &done); err != nil {
			return false, err
		}
	}
	e.opt.Hook("after-commit")
	e.adopt(r, c.pack, &done)
	return false, nil
}

// resolve finds out whether a commit whose answer was an error took place.
func (e *Engine) resolve(ctx context.Context, c *change, cause error, done *committed) error {
	err := e.store.View(ctx, func(tx store.Tx) error {
		if _, err := tx.Push(c.id); err != nil {
			return err
		}
		row, err := tx.RepositoryByID(c.repo)
		done.row = row
		return err
	})
	switch {
	case errors.Is(err, store.ErrNotFound):
		return fmt.Errorf("committing a push: %w", cause)
	case err != nil:
		return errors.Join(ErrUnknownOutcome, cause, err)
	}
	return nil
}

// apply does the change in a transaction.
func (c *change) apply(tx store.Tx, now time.Time, out *store.Repository) error {
	row, err := tx.LockRepository(c.repo)
	if err != nil {
		return err
	}
	if row.GCEpoch != c.snap.gcEpoch {
		return errEpoch
	}
	if c.pack != nil {
		if err := tx.ConsumeUpload(c.repo, c.pack.pack.ID); errors.Is(err, store.ErrNotFound) {
			return ErrExpired
		} else if err != nil {
			return err
		}
	}
	todo, err := c.decide(tx, &row)
	if err != nil {
		return err
	}
	if len(todo) == 0 {
		return errNothing
	}
	row.Version++
	row.Modified = now.Truncate(time.Microsecond)
	if row.Head == "" {
		row.Head = firstBranch(todo)
	}
	*out = row
	return c.write(tx, &row, todo)
}

// decide compares each update with what is there, and returns those to do.
func (c *change) decide(tx store.Tx, row *store.Repository) (todo []*update, err error) {
	alive := c.alive()
	names := make([]string, len(alive))
	for i, u := range alive {
		names[i] = u.Name
	}
	current, err := tx.RefsNamed(c.repo, names)
	if err != nil {
		return nil, err
	}
	for _, u := range alive {
		done, err := c.settle(u, current[u.Name].OID, row.Head)
		if u.err = err; err == nil && !done {
			todo = append(todo, u)
		}
	}
	if err := conflicts(tx, c.repo, todo); err != nil {
		return nil, err
	}
	if !c.refuseRest() {
		return nil, nil
	}
	return slices.DeleteFunc(todo, func(u *update) bool { return u.err != nil }), nil
}

// conflicts refuses a new ref that would be a directory of another, or below
// one: git keeps refs so that both cannot be.
func conflicts(tx store.Tx, repo string, todo []*update) error {
	gone, created := map[string]bool{}, map[string]bool{}
	for _, u := range todo {
		if u.New == "" {
			gone[u.Name] = true
		} else if u.Old == "" {
			created[u.Name] = true
		}
	}
	for _, u := range todo {
		if !created[u.Name] {
			continue
		}
		for dir := range directories(u.Name) {
			if created[dir] {
				u.err = ErrConflict // the shorter name comes into being
			}
		}
		others, err := tx.ConflictingRefs(repo, u.Name)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(others, func(name string) bool { return !gone[name] }) {
			u.err = ErrConflict
		}
	}
	return nil
}

// firstBranch is what becomes the default branch of an empty repository.
func firstBranch(todo []*update) (head string) {
	for _, u := range todo {
		switch {
		case u.New == "" || !strings.HasPrefix(u.Name, refname.Heads):
		case u.Name == "refs/heads/main":
			return u.Name
		case u.Name == "refs/heads/master" || head == "":
			head = u.Name
		}
	}
	return head
}

func (c *change) write(tx store.Tx, row *store.Repository, todo []*update) error {
	var put []store.Ref
	var remove []string
	log := make([]store.RefChange, len(todo))
	for i, u := range todo {
		log[i] = store.RefChange{Version: row.Version, Seq: i, Ref: u.Name, Old: u.Old, New: u.New, Push: c.id}
		if u.New == "" {
			remove = append(remove, u.Name)
		} else {
			put = append(put, store.Ref{Name: u.Name, OID: u.New, Peeled: u.peeled})
		}
	}
	var err error
	if c.pack != nil {
		c.pack.pack.AddedVersion = row.Version
		err = tx.InsertPack(c.pack.pack)
	}
	return errors.Join(err, tx.DeleteRefs(c.repo, remove), tx.PutRefs(c.repo, put), tx.AppendRefLog(c.repo, log),
		tx.InsertPush(store.Push{ID: c.id, Repo: c.repo, Version: row.Version, Actor: c.actor, At: row.Modified, Result: c.result()}),
		tx.UpdateRepository(*row))
}

// result records what came of each ref.
func (c *change) result() string {
	out := make(map[string]string, len(c.updates))
	for _, u := range c.updates {
		out[u.Name] = "ok"
		if u.err != nil {
			out[u.Name] = u.err.Error()
		}
	}
	b, _ := json.Marshal(out) // strings always encode
	return string(b)
}
