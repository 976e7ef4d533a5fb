package node

import (
	"context"
	"errors"
	"fmt"
	"os"

	"sojourn/internal/objects/file"
	"sojourn/internal/store"
	"sojourn/internal/store/sqlite"
)

// Restore makes what a server at a place keeps of a backup, whole or not at all.
// Nothing is overwritten: the directory must not exist, or be empty, and so must
// the stores be, if there are others. Everything is compared with its checksum.
// Where the backup has no root keys, keys is the file with them.
func Restore(ctx context.Context, from string, to Place, keys string) (b Backup, err error) {
	if b, err = ReadBackup(from); err != nil {
		return b, err
	}
	switch {
	case keys == "" && !b.RootKeys:
		return b, errors.New("root-keys: the backup was made without them; give the file keys/root.json of the server that it is of with --root-keys FILE")
	case keys == "":
		keys = dataDir(from).rootKeys()
	}
	if err := emptyDir(to.Data); err != nil {
		return b, fmt.Errorf("data: %w", err)
	}
	part, unlock, err := to.dir().restoring()
	if err != nil {
		return b, fmt.Errorf("data: %w", err)
	}
	restore := b.restore
	if to.shared() {
		restore = b.restoreShared(to)
	}
	if err := restore(ctx, dataDir(from), part, keys); err != nil {
		return b, errors.Join(err, unlock(), os.RemoveAll(string(part)))
	}
	if err := unlock(); err != nil {
		return b, err
	}
	if err := os.Remove(to.Data); err != nil && !errors.Is(err, os.ErrNotExist) {
		return b, err
	}
	return b, os.Rename(string(part), to.Data)
}

// sound compares the backup's database with its checksum.
func (b *Backup) sound(from dataDir) error {
	got, _, err := sum(from.database())
	if err != nil {
		return err
	}
	if got != b.Database {
		return fmt.Errorf("from %q: the database is damaged: its SHA-256 is %s, not %s", string(from), got, b.Database)
	}
	return nil
}

func (b *Backup) restore(ctx context.Context, from, to dataDir, keys string) error {
	if err := b.sound(from); err != nil {
		return err
	}
	if err := copyFile(from.database(), to.database()); err != nil {
		return err
	}
	blobs, err := file.Open(from.objects())
	if err != nil {
		return err
	}
	into, err := file.Open(to.objects())
	if err != nil {
		return err
	}
	want := *b
	if err := b.copyPacks(ctx, to.database(), blobs, into, to); err != nil {
		return err
	}
	if want != *b {
		return fmt.Errorf("from %q: the backup has %d packs, not %d", string(from), b.Packs, want.Packs)
	}
	// It may be of a time at which the data was being moved.
	st, err := sqlite.Open(ctx, to.database())
	if err != nil {
		return err
	}
	if err := errors.Join(st.Thaw(ctx), st.Close()); err != nil {
		return err
	}
	return copyKeys(keys, to.rootKeys())
}

// restoreShared puts the packs into the object store and then, at once, the rows
// into the database: before, there is nothing that refers to them.
func (b *Backup) restoreShared(place Place) func(context.Context, dataDir, dataDir, string) error {
	return func(ctx context.Context, from, to dataDir, keys string) error {
		if err := b.sound(from); err != nil {
			return err
		}
		st, err := place.openStore(ctx)
		if err != nil {
			return err
		}
		defer st.Close()
		if err := isNew(ctx, st); err != nil {
			return err
		}
		blobs, err := file.Open(from.objects())
		if err != nil {
			return err
		}
		into, err := place.openObjects(ctx)
		if err != nil {
			return err
		}
		if err := b.copyPacks(ctx, from.database(), blobs, into, to); err != nil {
			return err
		}
		err = withCopy(ctx, from.database(), to, func(rows store.Store) error { return copyRows(ctx, rows, st) })
		if err != nil {
			return err
		}
		target := to.rootKeys()
		if place.RootKeys != "" {
			target = place.RootKeys
		}
		return errors.Join(putKeys(keys, target), os.WriteFile(to.marker(), []byte(markerText), 0o600))
	}
}

// putKeys copies root keys to where they are not yet, and refuses to replace others.
func putKeys(from, to string) error {
	err := copyKeys(from, to)
	if !errors.Is(err, os.ErrExist) {
		return err
	}
	a, _, err1 := sum(from)
	b, _, err2 := sum(to)
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	if a != b {
		return fmt.Errorf("root keys: %s is there, and is not %s; move it away, and try again", to, from)
	}
	return nil
}

// isNew refuses a store in which there is an account.
func isNew(ctx context.Context, st store.Store) error {
	return st.View(ctx, func(tx store.Tx) error {
		accounts, err := tx.Accounts()
		if err == nil && len(accounts) > 0 {
			err = errors.New("metadata: the database has data; nothing is overwritten: make an empty one")
		}
		return err
	})
}
