// Package sqlite is the metadata store in one file on this machine, the
// default. It opens the file, sets it up, brings its schema up to date and runs
// transactions: many readers, each on its own snapshot, beside one writer.
//
// The statements are in package sqlstore; the rules are in the domain. Other
// processes may open the same file at the same time, as the admin commands do.
package sqlite

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"sojourn/internal/store"
	"sojourn/internal/store/sqlstore"
)

// maxReaders bounds the connections that read at the same time. Reading is work
// for processors, so more would only cost memory.
const maxReaders = 8

// settings of every connection. FULL is what makes a commit survive a power
// loss; without dqs a misspelt column is an error and not a text.
var settings = url.Values{
	"_busy_timeout": {"10000"},
	"_journal_mode": {"WAL"},
	"_synchronous":  {"FULL"},
	"_foreign_keys": {"1"},
	"_defensive":    {"1"},
	"_dqs":          {"0"},
	"_pragma":       {"trusted_schema(0)", "journal_size_limit(67108864)"},
}

// Store is a store.Store in a file.
type Store struct {
	readers *readers
	writer  *writer
	version *version

	released sync.Once
}

var _ store.Store = (*Store)(nil)

// Open opens the database file at path, making it and its schema when they are
// not there. The file and what SQLite keeps beside it are for the owner alone.
// A database with a newer schema that this program cannot work with is refused.
func Open(ctx context.Context, path string) (*Store, error) {
	s, err := open(ctx, path)
	if isDisk(err) {
		err = fmt.Errorf("%w: %w", store.ErrDisk, err)
	}
	if err != nil {
		return nil, fmt.Errorf("opening the database %q: %w", path, err)
	}
	return s, nil
}

func open(ctx context.Context, path string) (*Store, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	if err := makePrivate(abs); err != nil {
		return nil, err
	}
	reading := dsn(abs, "_query_only", "1")
	s := &Store{
		readers: newReaders(reading, maxReaders),
		writer:  newWriter(dsn(abs)),
		version: &version{dsn: reading, path: abs, now: time.Now},
	}
	hold(abs)
	s.writer.committed = s.version.changed
	if err := s.writer.migrate(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// dsn names the file for the driver. The URI form is the one that can name every path.
func dsn(abs string, more ...string) string {
	v := url.Values{}
	for name, values := range settings {
		v[name] = values
	}
	for i := 0; i < len(more); i += 2 {
		v.Set(more[i], more[i+1])
	}
	p := filepath.ToSlash(abs)
	if !strings.HasPrefix(p, "/") { // a drive letter
		p = "/" + p
	}
	return "file://" + (&url.URL{Path: p}).EscapedPath() + "?" + v.Encode()
}

// makePrivate makes an empty file for SQLite to fill, because SQLite would let
// the umask choose its mode, and takes a wider mode from one that is there.
// SQLite gives its other files the mode of this one.
func makePrivate(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err == nil {
		return errors.Join(f.Close(), syncDir(filepath.Dir(path)))
	}
	if !errors.Is(err, os.ErrExist) {
		return err
	}
	for _, suffix := range []string{"", "-wal", "-shm"} {
		info, err := os.Stat(path + suffix)
		if err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o077 != 0 {
			err = os.Chmod(path+suffix, 0o600)
		}
		if err != nil && !(suffix != "" && errors.Is(err, os.ErrNotExist)) {
			return err
		}
	}
	return nil
}

// View implements store.Store.
func (s *Store) View(ctx context.Context, f func(store.Tx) error) (err error) {
	c, err := s.readers.get(ctx)
	if err != nil {
		return fmt.Errorf("reading the database: %w", err)
	}
	failure := errUnfinished
	defer func() { s.readers.put(c, failure) }()
	if failure = c.run("BEGIN"); failure != nil {
		return fmt.Errorf("reading the database: %w", failure)
	}
	tx := sqlstore.New(ctx, c, dialect)
	defer tx.End()
	failure = errUnfinished // while f runs, which may panic
	err = f(tx)
	if failure = tx.Err(); failure == nil {
		failure = c.run("ROLLBACK")
	}
	return cmp.Or(err, failure)
}

// errUnfinished is why a connection is not used again after a panic.
var errUnfinished = errors.New("the transaction was not finished")

// Update implements store.Store.
func (s *Store) Update(ctx context.Context, f func(store.Tx) error) error {
	err := s.writer.update(ctx, f)
	if isDisk(err) {
		return fmt.Errorf("%w: %w", store.ErrDisk, err)
	}
	return err
}

// Ping implements store.Store: it reads the schema's version.
func (s *Store) Ping(ctx context.Context) error {
	c, err := s.readers.get(ctx)
	if err == nil {
		_, err = schemaVersion(ctx, c)
		s.readers.put(c, err)
	}
	if err != nil {
		return fmt.Errorf("asking the database: %w", err)
	}
	return nil
}

// Close waits for running transactions and closes the file.
func (s *Store) Close() error {
	err := errors.Join(s.writer.close(), s.readers.close(), s.version.close())
	s.released.Do(func() { letGo(s.version.path) })
	return err
}

// dialect is SQLite's. A transaction that writes is alone, so no row needs a lock.
var dialect = sqlstore.Dialect{
	IsUnique: func(err error) bool {
		return hasCode(err, sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY)
	},
	IsFrozen: func(err error) bool { return hasCode(err, sqlite3.SQLITE_CONSTRAINT_TRIGGER) },
}

func hasCode(err error, codes ...int) bool {
	e, ok := errors.AsType[*sqlite.Error](err)
	return ok && slices.Contains(codes, e.Code())
}

// isDisk reports whether something could not be written. A transaction is
// committed by the last piece that its COMMIT writes to the log, so that then it
// was not. A failure to flush is none of these: what was written may come back
// with the next start.
func isDisk(err error) bool {
	e, ok := errors.AsType[*sqlite.Error](err)
	if !ok {
		return false
	}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN:
		return true
	}
	return e.Code() == sqlite3.SQLITE_IOERR_WRITE || e.Code() == sqlite3.SQLITE_IOERR_SHMSIZE
}

// isBusy reports whether another process holds the lock that was needed.
func isBusy(err error) bool {
	e, ok := errors.AsType[*sqlite.Error](err)
	return ok && e.Code()&0xff == sqlite3.SQLITE_BUSY
}
