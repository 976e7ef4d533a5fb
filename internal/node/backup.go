package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"sojourn/internal/git"
	"sojourn/internal/objects"
	"sojourn/internal/objects/file"
	"sojourn/internal/store"
	"sojourn/internal/store/sqlite"
)

// Backup is what is known of a backup; the file backup.json in it, written last.
type Backup struct {
	Version      int       `json:"version"`
	Begun        time.Time `json:"begun"` // every push acknowledged before is in it
	Ended        time.Time `json:"ended"`
	Repositories int       `json:"repositories"`
	Packs        int       `json:"packs"`
	Bytes        int64     `json:"bytes"` // of the packs
	Database     string    `json:"databaseSHA256"`
	RootKeys     bool      `json:"rootKeys"`
}

const (
	backupVersion = 1
	backupFile    = "backup.json"
)

// snapshot copies the metadata of one moment to a new file in a directory, where
// it is as a server's own would be.
func snapshot(ctx context.Context, from store.Store, path string) error {
	if own, ok := from.(*sqlite.Store); ok {
		return own.Backup(ctx, path)
	}
	into, err := sqlite.Open(ctx, path)
	if err != nil {
		return err
	}
	return errors.Join(copyRows(ctx, from, into), into.Close())
}

// copyRows fills a store that has nothing with what another has.
func copyRows(ctx context.Context, from, into store.Store) error {
	source, ok1 := from.(store.Movable)
	target, ok2 := into.(store.Movable)
	if !ok1 || !ok2 {
		return fmt.Errorf("%T cannot be copied to %T", from, into)
	}
	return target.Load(ctx, func(f func(store.Row) error) error { return source.Dump(ctx, f) })
}

// Backup writes a consistent copy of accounts, IAM and repositories to a new
// directory, beside a running server: first the metadata of one moment, then the
// packs that it lists, each compared with its checksum. Packs are never changed,
// and as long as a backup is made none is deleted. The root keys are in it when
// withKeys is set; without them its sessions and sealed secrets cannot be used.
func (a *Admin) Backup(ctx context.Context, to string, withKeys bool, now func() time.Time) (b Backup, err error) {
	if err := emptyDir(to); err != nil {
		return b, fmt.Errorf("to: %w", err)
	}
	if err := a.recordWith("Backup", "", "", "", map[string]string{"to": to, "rootKeys": fmt.Sprint(withKeys)}, now()); err != nil {
		return b, err
	}
	b = Backup{Version: backupVersion, Begun: now().UTC(), RootKeys: withKeys}
	err = a.withEngine(ctx, func(e *git.Engine, blobs objects.Store) error {
		return e.WhileBackup(ctx, func(ctx context.Context) error {
			return b.take(ctx, a.store, blobs, dataDir(to))
		})
	})
	if err == nil && withKeys {
		err = copyKeys(a.place.rootKeys(), dataDir(to).rootKeys())
	}
	if err == nil {
		b.Ended = now().UTC()
		err = b.write(to)
	}
	if err != nil {
		return b, fmt.Errorf("the backup in %s is not whole: %w", to, err)
	}
	return b, nil
}

func (b *Backup) take(ctx context.Context, from store.Store, blobs objects.Store, to dataDir) error {
	if err := snapshot(ctx, from, to.database()); err != nil {
		return err
	}
	var err error
	if b.Database, _, err = sum(to.database()); err != nil {
		return err
	}
	into, err := file.Open(to.objects())
	if err != nil {
		return err
	}
	return b.copyPacks(ctx, to.database(), blobs, into, to)
}

// copyPacks brings the packs that a database file lists, over a directory.
func (b *Backup) copyPacks(ctx context.Context, database string, blobs, into objects.Store, over dataDir) error {
	files, err := b.list(ctx, database, over)
	if err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(4)
	for _, f := range files {
		g.Go(func() error {
			err := copyBlob(ctx, blobs, into, f, over)
			if errors.Is(err, objects.ErrExists) { // of a restore that was cut off
				err = compareBlob(ctx, into, f)
			}
			return err
		})
	}
	return g.Wait()
}

// list reads the packs of a database, in a copy of it: to open one may change it.
func (b *Backup) list(ctx context.Context, database string, over dataDir) (files []git.PackFile, err error) {
	err = withCopy(ctx, database, over, func(st store.Store) error {
		files, err = b.listOf(ctx, st)
		return err
	})
	return files, err
}

// withCopy opens a copy of a database file in a directory.
func withCopy(ctx context.Context, database string, over dataDir, f func(store.Store) error) error {
	dir, err := os.MkdirTemp(string(over), ".list-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "sojourn.db")
	if err := copyFile(database, path); err != nil {
		return err
	}
	st, err := sqlite.Open(ctx, path)
	if err != nil {
		return err
	}
	return errors.Join(f(st), st.Close())
}

// listOf counts and lists the packs of a store.
func (b *Backup) listOf(ctx context.Context, st store.Store) (files []git.PackFile, err error) {
	b.Repositories, b.Packs, b.Bytes = 0, 0, 0
	err = st.View(ctx, func(tx store.Tx) error {
		repos, err := tx.AllRepositories("", 0)
		if err != nil {
			return err
		}
		b.Repositories = len(repos)
		for _, r := range repos {
			packs, err := tx.Packs(r.ID)
			if err != nil {
				return err
			}
			for i := range packs {
				b.Packs++
				for _, f := range git.PackFiles(&packs[i]) {
					b.Bytes += f.Size
					files = append(files, f)
				}
			}
		}
		return nil
	})
	return files, err
}

func (b *Backup) write(dir string) error {
	text, err := json.MarshalIndent(b, "", "    ")
	if err != nil {
		return err
	}
	return writeDurable(filepath.Join(dir, backupFile), append(text, '\n'))
}

// ReadBackup reads what a backup says of itself.
func ReadBackup(dir string) (b Backup, err error) {
	text, err := os.ReadFile(filepath.Join(dir, backupFile))
	if errors.Is(err, os.ErrNotExist) {
		return b, fmt.Errorf("from %q: it is no backup, or one that did not end: it has no %s", dir, backupFile)
	}
	if err != nil {
		return b, err
	}
	if err := json.Unmarshal(text, &b); err != nil {
		return b, fmt.Errorf("from %q: %s: %w", dir, backupFile, err)
	}
	if b.Version != backupVersion {
		return b, fmt.Errorf("from %q: the backup is of version %d and this program knows %d", dir, b.Version, backupVersion)
	}
	return b, nil
}
