package node

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"sojourn/internal/git"
	"sojourn/internal/objects"
	"sojourn/internal/store"
	"sojourn/internal/store/sqlite"
)

// Migrated is what a migration has moved.
type Migrated struct {
	Repositories, Packs int
	Blobs, Copied       int // of the packs; those that were not there yet
	Bytes               int64
	Rows                int64
}

// copiesAtOnce bounds the blobs that are being copied.
const copiesAtOnce = 8

// Migrate moves all data of a server from one place to another, whose directory
// is the same. From its begin on the source can only be read, by whatever server
// has it open, and stays so; ThawSource ends that. Each blob is compared with its
// checksum when it is read and again as the target has it; all rows are compared
// at the end; only then is the target one that a server starts on.
//
// It can be begun again at any time: blobs that are there are compared, not copied.
func Migrate(ctx context.Context, from, to Place, now func() time.Time) (m Migrated, err error) {
	if from.Data != to.Data || from.shared() == to.shared() {
		return m, errors.New("to: a migration goes from a directory to stores, or from stores to the directory")
	}
	if err := to.free(); err != nil {
		return m, err
	}
	unlock, err := lockFile(from.dir().path("migrating"))
	if errors.Is(err, errLocked) {
		err = fmt.Errorf("data %q: another migration is running", from.Data)
	}
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	admin, err := from.OpenAdmin(ctx)
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, admin.Close()) }()
	if err := admin.recordWith("Migrate", "", "", "", map[string]string{"to": to.kind()}, now()); err != nil {
		return m, err
	}
	if from.rootKeys() != to.rootKeys() {
		if err := putKeys(from.rootKeys(), to.rootKeys()); err != nil {
			return m, err
		}
	}
	target, err := to.openTarget(ctx)
	if err != nil {
		return m, err
	}
	if err := m.move(ctx, admin, to, target); err != nil {
		return m, errors.Join(err, target.Close())
	}
	if err := target.Close(); err != nil {
		return m, err
	}
	return m, to.settleIn()
}

// ThawSource lets the source of a migration that was given up be written to again.
func ThawSource(ctx context.Context, from Place, now func() time.Time) (err error) {
	admin, err := from.OpenAdmin(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, admin.Close()) }()
	source, ok := admin.store.(store.Movable)
	if !ok {
		return fmt.Errorf("%T is never frozen", admin.store)
	}
	if err := source.Thaw(ctx); err != nil {
		return err
	}
	return admin.record("CancelMigration", "", "", "", now())
}

func (p Place) kind() string {
	if p.shared() {
		return "stores"
	}
	return "directory"
}

// arriving is where the database of a directory is made that is moved into.
func (d dataDir) arriving() string { return d.path("sojourn.db.arriving") }

// free refuses a target directory that has data of its own.
func (p Place) free() error {
	if p.shared() {
		return nil // its rows tell
	}
	_, database := os.Stat(p.dir().database())
	_, elsewhere := os.Stat(p.dir().marker())
	if database == nil && errors.Is(elsewhere, os.ErrNotExist) {
		return fmt.Errorf("data %q: it has data of its own; nothing is overwritten", p.Data)
	}
	return nil
}

// openTarget opens the store that is moved into, and makes it.
func (p Place) openTarget(ctx context.Context) (store.Store, error) {
	if p.shared() {
		return p.openStore(ctx)
	}
	if err := removeDatabase(p.dir().arriving()); err != nil {
		return nil, err
	}
	return sqlite.Open(ctx, p.dir().arriving())
}

// removeDatabase removes a file of SQLite's and what is beside it.
func removeDatabase(path string) error {
	for _, suffix := range []string{"-shm", "-wal", ""} {
		if err := os.Remove(path + suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}

// settleIn makes the target a place that a server starts on.
func (p Place) settleIn() error {
	d := p.dir()
	if p.shared() {
		return p.mark()
	}
	if err := errors.Join(removeDatabase(d.database()), os.Rename(d.arriving(), d.database())); err != nil {
		return err
	}
	return os.Remove(d.marker())
}

func (m *Migrated) move(ctx context.Context, admin *Admin, to Place, target store.Store) error {
	source, ok := admin.store.(store.Movable)
	if !ok {
		return fmt.Errorf("%T cannot be moved", admin.store)
	}
	if err := source.Freeze(ctx); err != nil {
		return fmt.Errorf("making the source read-only: %w", err)
	}
	blobs, err := admin.place.openObjects(ctx)
	if err != nil {
		return err
	}
	into, err := to.openObjects(ctx)
	if err != nil {
		return err
	}
	if err := m.moveBlobs(ctx, source, blobs, into, to.dir()); err != nil {
		return err
	}
	if err := copyRows(ctx, source, target); err != nil && !errors.Is(err, store.ErrExists) {
		return err
	}
	want, err := sumRows(ctx, source)
	if err != nil {
		return err
	}
	got, err := sumRows(ctx, target.(store.Movable))
	if err != nil {
		return err
	}
	for table := range got {
		if _, ok := want[table]; !ok {
			want[table] = rowSum{}
		}
	}
	for table, w := range want {
		if got[table] != w {
			return fmt.Errorf("table %s has %d rows in the target, which are not the source's %d: it has data of its own; move into an empty one", table, got[table].rows, w.rows)
		}
		m.Rows += w.rows
	}
	return nil
}

// moveBlobs copies the blobs of all listed packs that are not there, and compares
// all of them as the target has them.
func (m *Migrated) moveBlobs(ctx context.Context, source store.Store, blobs, into objects.Store, over dataDir) error {
	var b Backup
	files, err := b.listOf(ctx, source)
	if err != nil {
		return err
	}
	m.Repositories, m.Packs, m.Blobs, m.Bytes = b.Repositories, b.Packs, len(files), b.Bytes
	there := map[string]int64{}
	err = into.List(ctx, "repos/", func(key string, size int64) error {
		there[key] = size
		return nil
	})
	if err != nil {
		return err
	}
	var copied atomic.Int64
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(copiesAtOnce)
	for _, f := range files {
		g.Go(func() error {
			if size, ok := there[f.Key]; ok && size == f.Size {
				if err := compareBlob(ctx, into, f); err == nil {
					return nil
				}
			}
			copied.Add(1)
			if err := into.Delete(ctx, f.Key); err != nil { // half of one, or a damaged one
				return err
			}
			if err := copyBlob(ctx, blobs, into, f, over); err != nil {
				return err
			}
			return compareBlob(ctx, into, f)
		})
	}
	err = g.Wait()
	m.Copied = int(copied.Load())
	return err
}

// compareBlob reads a blob and compares it with its checksum.
func compareBlob(ctx context.Context, s objects.Store, f git.PackFile) error {
	r, err := s.Open(ctx, f.Key)
	if err != nil {
		return err
	}
	defer r.Close()
	return checked(f, r, io.Discard)
}

// rowSum tells whether two tables have the same rows, in whatever order.
type rowSum struct {
	rows int64
	sum  [4]uint64 // of the rows' SHA-256, added up
}

// sumRows sums up each table of a store that has rows.
func sumRows(ctx context.Context, s store.Movable) (map[string]rowSum, error) {
	sums := map[string]rowSum{}
	err := s.Dump(ctx, func(r store.Row) error {
		t := sums[r.Table]
		t.rows++
		digest := sha256.Sum256(rowText(r))
		for i := range t.sum {
			t.sum[i] += binary.BigEndian.Uint64(digest[8*i:])
		}
		sums[r.Table] = t
		return nil
	})
	return sums, err
}

// rowText is a row in a form that two databases share, whose columns may stand in
// another order.
func rowText(r store.Row) []byte {
	var columns []string
	for i, name := range r.Columns {
		columns = append(columns, fmt.Sprintf("%s=%T:%q", name, r.Values[i], fmt.Sprint(r.Values[i])))
	}
	slices.Sort(columns)
	return fmt.Appendf(nil, "%q", columns)
}
