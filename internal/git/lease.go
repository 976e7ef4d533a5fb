package git

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sojourn/internal/store"
)

// errLeased says that another server does this now.
var errLeased = errors.New("another server is at it")

// leaseTime is how long a server that died keeps others from its work.
const leaseTime = 5 * time.Minute

// withLease runs f while it has the lease, which spares work and is no
// safeguard: what f commits has its own. f's context ends when the lease is lost.
func (e *Engine) withLease(ctx context.Context, name string, f func(context.Context) error) error {
	owner := newID() // not the engine's: it may be at it twice
	if err := e.takeLease(ctx, name, owner); err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	done := make(chan struct{})
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		tick := time.NewTicker(leaseTime / 3)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
				if err := e.takeLease(ctx, name, owner); errors.Is(err, errLeased) {
					cancel(fmt.Errorf("lease %s was lost", name))
					return
				}
			}
		}
	}()
	err := f(ctx)
	close(done)
	<-stopped
	ctx, end := context.WithTimeout(context.WithoutCancel(ctx), commitTime)
	defer end()
	return errors.Join(err, e.store.Update(ctx, func(tx store.Tx) error { return tx.DropLease(name, owner) }))
}

func (e *Engine) takeLease(ctx context.Context, name, owner string) error {
	now := e.opt.Now()
	err := e.store.Update(ctx, func(tx store.Tx) error {
		return tx.TakeLease(name, owner, now.Unix(), now.Add(leaseTime).Unix())
	})
	if errors.Is(err, store.ErrExists) {
		return errLeased
	}
	return err
}

// BackupLease is the lease of a backup that is being made: as long as it is
// held, packs stay in the trash.
const BackupLease = "backup"

// leased reports whether anybody has a lease now.
func (e *Engine) leased(ctx context.Context, name string) (held bool, err error) {
	err = e.store.View(ctx, func(tx store.Tx) error {
		_, until, err := tx.Lease(name)
		held = err == nil && until >= e.opt.Now().Unix()
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		return err
	})
	return held, err
}

// WhileBackup runs f while nothing that f may still read is deleted. One backup
// is made at a time.
func (e *Engine) WhileBackup(ctx context.Context, f func(context.Context) error) error {
	err := e.withLease(ctx, BackupLease, f)
	if errors.Is(err, errLeased) {
		return errors.New("another backup is being made")
	}
	return err
}

// PackFile is a blob of a pack in the list.
type PackFile struct {
	Key    string
	Size   int64
	SHA256 string // hex
}

// PackFiles are the blobs of a pack.
func PackFiles(p *store.Pack) (files []PackFile) {
	for _, f := range []struct {
		ext, sum string
		size     int64
	}{{".pack", p.SHA256, p.Size}, {".idx", p.IdxSHA256, p.IdxSize}, {".bitmap", p.BitmapSHA256, p.BitmapSize}, {".graph", p.GraphSHA256, p.GraphSize}} {
		if f.size > 0 {
			files = append(files, PackFile{blobKey(p.Repo, p.ID, f.ext), f.size, f.sum})
		}
	}
	return files
}
