package node

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
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

// snapshotter is a store that can copy itself while it is written to.
type snapshotter interface {
	Backup(ctx context.Context, path string) error
}

// Backup writes a consistent copy of accounts, IAM and repositories to a new
// directory, beside a running server: first the metadata of one moment, then the
// packs that it lists, each compared with its checksum. Packs are never changed,
// and as long as a backup is made none is deleted. The root keys are in it when
// withKeys is set; without them its sessions and sealed secrets cannot be used.
func (a *Admin) Backup(ctx context.Context, to string, withKeys bool, now func() time.Time) (b Backup, err error) {
	from, ok := a.store.(snapshotter)
	if !ok {
		return b, errors.New("the metadata is in a database server: make a dump with its own tools first, then copy the objects; docs/operations/backup.md has the order")
	}
	if err := emptyDir(to); err != nil {
		return b, fmt.Errorf("to: %w", err)
	}
	if err := a.recordWith("Backup", "", "", "", map[string]string{"to": to, "rootKeys": fmt.Sprint(withKeys)}, now()); err != nil {
		return b, err
	}
	b = Backup{Version: backupVersion, Begun: now().UTC(), RootKeys: withKeys}
	err = a.withEngine(ctx, func(e *git.Engine, blobs *file.Store) error {
		return e.WhileBackup(ctx, func(ctx context.Context) error {
			return b.take(ctx, from, blobs, dataDir(to))
		})
	})
	if err == nil && withKeys {
		err = copyKeys(a.dir.rootKeys(), dataDir(to).rootKeys())
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

func (b *Backup) take(ctx context.Context, from snapshotter, blobs objects.Store, to dataDir) error {
	if err := from.Backup(ctx, to.database()); err != nil {
		return err
	}
	var err error
	if b.Database, _, err = sum(to.database()); err != nil {
		return err
	}
	return b.copyPacks(ctx, blobs, to)
}

// copyPacks brings the packs that the database in a directory lists.
func (b *Backup) copyPacks(ctx context.Context, blobs objects.Store, to dataDir) error {
	files, err := b.list(ctx, to.database())
	if err != nil {
		return err
	}
	into, err := file.Open(to.objects())
	if err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(4)
	for _, f := range files {
		g.Go(func() error { return copyBlob(ctx, blobs, into, f, to) })
	}
	return g.Wait()
}

// list reads the packs of a database, in a copy of it: to open one may change it.
func (b *Backup) list(ctx context.Context, database string) (files []git.PackFile, err error) {
	dir, err := os.MkdirTemp(filepath.Dir(database), ".list-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "sojourn.db")
	if err := copyFile(database, path); err != nil {
		return nil, err
	}
	st, err := sqlite.Open(ctx, path)
	if err != nil {
		return nil, err
	}
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
	return files, errors.Join(err, st.Close())
}

// copyBlob copies one blob and compares what it has read with the checksum.
func copyBlob(ctx context.Context, from, into objects.Store, f git.PackFile, dir dataDir) error {
	r, err := from.Open(ctx, f.Key)
	if err != nil {
		return err
	}
	defer r.Close()
	tmp, err := os.CreateTemp(string(dir), ".blob-")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	h := sha256.New()
	n, err := io.Copy(io.MultiWriter(tmp, h), r)
	if err = errors.Join(err, tmp.Close(), ctx.Err()); err != nil {
		return fmt.Errorf("copying %s: %w", f.Key, err)
	}
	if got := hex.EncodeToString(h.Sum(nil)); n != f.Size || got != f.SHA256 {
		return fmt.Errorf("%s is damaged: it has %d bytes with SHA-256 %s, not %d with %s; \"sojourn admin fsck\" tells more", f.Key, n, got, f.Size, f.SHA256)
	}
	return into.Put(ctx, f.Key, tmp.Name())
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

// Restore makes a data directory from a backup, whole or not at all: data must
// not exist, or be empty. Everything is compared with its checksum. Where the
// backup has no root keys, keys is the file with them.
func Restore(ctx context.Context, from, data, keys string) (b Backup, err error) {
	if b, err = ReadBackup(from); err != nil {
		return b, err
	}
	switch {
	case keys == "" && !b.RootKeys:
		return b, errors.New("root-keys: the backup was made without them; give the file keys/root.json of the server that it is of with --root-keys FILE")
	case keys == "":
		keys = dataDir(from).rootKeys()
	}
	if err := emptyDir(data); err != nil {
		return b, fmt.Errorf("data: %w", err)
	}
	part := filepath.Clean(data) + ".restoring"
	if err := os.Mkdir(part, 0o700); err != nil {
		return b, fmt.Errorf("data: %w", err)
	}
	if err := b.restore(ctx, dataDir(from), dataDir(part), keys); err != nil {
		return b, errors.Join(err, os.RemoveAll(part))
	}
	if err := os.Remove(data); err != nil && !errors.Is(err, os.ErrNotExist) {
		return b, err
	}
	return b, os.Rename(part, data)
}

func (b *Backup) restore(ctx context.Context, from, to dataDir, keys string) error {
	got, _, err := sum(from.database())
	if err != nil {
		return err
	}
	if got != b.Database {
		return fmt.Errorf("from %q: the database is damaged: its SHA-256 is %s, not %s", string(from), got, b.Database)
	}
	if err := copyFile(from.database(), to.database()); err != nil {
		return err
	}
	blobs, err := file.Open(from.objects())
	if err != nil {
		return err
	}
	want := *b
	if err := b.copyPacks(ctx, blobs, to); err != nil {
		return err
	}
	if want != *b {
		return fmt.Errorf("from %q: the backup has %d packs, not %d", string(from), b.Packs, want.Packs)
	}
	return copyKeys(keys, to.rootKeys())
}
