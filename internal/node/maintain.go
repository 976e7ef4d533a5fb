package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"sojourn/internal/arn"
	"sojourn/internal/git"
	"sojourn/internal/objects"
	"sojourn/internal/store"
)

// withEngine runs f with an engine that does nothing by itself, on a cache of its
// own beside the server's, which is removed.
func (a *Admin) withEngine(ctx context.Context, f func(*git.Engine, objects.Store) error) (err error) {
	blobs, err := a.place.openObjects(ctx)
	if err != nil {
		return err
	}
	cache, remove, err := a.dir.ownCache()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, remove()) }()
	e, err := git.New(ctx, git.Options{Store: a.store, Objects: blobs, Dir: cache, Now: time.Now, Log: slog.New(slog.DiscardHandler), Idle: true})
	if err != nil {
		return err
	}
	err = f(e, blobs)
	return errors.Join(err, e.Close(context.WithoutCancel(ctx)))
}

// Which names repositories: one by its name, or all of all accounts.
type Which struct {
	Account, Region, Name string
	All                   bool
}

// repositories finds those that are named, by id.
func (a *Admin) repositories(ctx context.Context, w Which) (list []store.Repository, err error) {
	if w.All == (w.Name != "") {
		return nil, errors.New("repo: name one repository with --repo NAME, or all with --all")
	}
	if w.All {
		err = a.store.View(ctx, func(tx store.Tx) (err error) {
			list, err = tx.AllRepositories("", 0)
			return err
		})
		return list, err
	}
	account, err := a.account(ctx, w.Account)
	if err != nil {
		return nil, err
	}
	err = a.store.View(ctx, func(tx store.Tx) error {
		r, err := tx.Repository(account, w.Region, w.Name)
		list = append(list, r)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil, fmt.Errorf("repo %q: account %s has none of this name in region %s", w.Name, account, w.Region)
	}
	return list, err
}

// Fsck checks repositories; see git.Engine.Fsck.
func (a *Admin) Fsck(ctx context.Context, w Which) (out git.Checked, err error) {
	list, err := a.repositories(ctx, w)
	if err != nil {
		return out, err
	}
	err = a.withEngine(ctx, func(e *git.Engine, _ objects.Store) error {
		for _, r := range list {
			if err := e.Fsck(ctx, r.ID, &out); err != nil && !errors.Is(err, git.ErrNoRepository) {
				return fmt.Errorf("repository %s: %w", r.Name, err)
			}
		}
		if w.All {
			return e.FsckStrays(ctx, &out)
		}
		return nil
	})
	return out, err
}

// Purge drops what no ref of a repository reaches; see git.Engine.Purge.
func (a *Admin) Purge(ctx context.Context, w Which, oids []string, now time.Time) (done git.Purged, err error) {
	w.All = false
	list, err := a.repositories(ctx, w)
	if err != nil {
		return done, err
	}
	r := list[0]
	if err := a.record("PurgeRepository", r.Account, arn.Repository(r.Region, r.Account, r.Name), "", now); err != nil {
		return done, err
	}
	err = a.withEngine(ctx, func(e *git.Engine, _ objects.Store) error {
		done, err = e.Purge(ctx, r.ID, oids)
		return err
	})
	return done, err
}

// Compact makes the packs of repositories fewer, into one each with base.
func (a *Admin) Compact(ctx context.Context, w Which, base bool, report func(store.Repository, git.Compacted)) error {
	list, err := a.repositories(ctx, w)
	if err != nil {
		return err
	}
	kind := git.CompactGeometric
	if base {
		kind = git.CompactBase
	}
	return a.withEngine(ctx, func(e *git.Engine, _ objects.Store) error {
		for _, r := range list {
			done, err := e.Compact(ctx, r.ID, kind)
			if err != nil && !errors.Is(err, git.ErrNoRepository) {
				return err
			}
			report(r, done)
		}
		return nil
	})
}
