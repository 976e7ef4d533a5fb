// Package file keeps blobs as files below one directory of this machine. A key
// is a path below it, so that a repository's blobs are together, and a plain copy
// of the directory is a backup that an S3 server could serve.
//
// A blob appears when it is whole, is read-only and is never changed. Names and
// their directories are flushed to disk before Put returns.
package file

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"sojourn/internal/objects"
)

// Store is an objects.Store in a directory.
type Store struct {
	dir      string
	incoming string // files that have no key yet
	link     func(file, name string) error
	sync     func(dir string) error
	durable  durable
}

var _ objects.Store = (*Store)(nil)

// blobMode is a blob's: what must never change should be hard to change.
const blobMode = 0o400

// Open opens the directory, making it when it is not there. It is for its owner alone.
func Open(dir string) (*Store, error) {
	s, err := open(dir)
	if err != nil {
		return nil, fmt.Errorf("opening the object directory %q: %w", dir, err)
	}
	return s, nil
}

func open(dir string) (*Store, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	// No key has a part that begins with a dot.
	s := &Store{dir: abs, incoming: filepath.Join(abs, ".incoming"), link: os.Link, sync: syncDir}
	if err := os.MkdirAll(s.incoming, 0o700); err != nil {
		return nil, err
	}
	if err := os.Chmod(abs, 0o700); err != nil {
		return nil, err
	}
	return s, errors.Join(syncDir(filepath.Dir(abs)), s.sweep())
}

// path is where a key's blob is.
func (s *Store) path(key string) (string, error) {
	if err := objects.CheckKey(key); err != nil {
		return "", err
	}
	return filepath.Join(s.dir, filepath.FromSlash(key)), nil
}

// Put implements objects.Store.
func (s *Store) Put(ctx context.Context, key, path string) error {
	dst, err := s.path(key)
	if err == nil {
		err = ctx.Err()
	}
	if err == nil {
		err = s.put(ctx, dst, path)
	}
	if errors.Is(err, fs.ErrExist) {
		err = objects.ErrExists
	}
	if err != nil {
		return fmt.Errorf("storing object %q: %w", key, err)
	}
	return nil
}

func (s *Store) put(ctx context.Context, dst, src string) error {
	f, err := openRegular(src)
	if err != nil {
		return err
	}
	defer f.Close()
	mark := s.durable.mark()
	err = s.putLink(dst, f)
	if errors.Is(err, errNoLink) {
		err = s.putCopy(ctx, dst, f)
	}
	if err != nil {
		return err
	}
	return s.syncAbove(dst, mark)
}

// errNoLink means that a file cannot be linked to its place: it is on another
// disk, or another user's, or there are no links here.
var errNoLink = errors.New("cannot be linked")

// putLink sets the mode first: once the blob has its name, it is finished.
func (s *Store) putLink(dst string, f *os.File) error {
	if err := f.Chmod(blobMode); err != nil {
		return errNoLink
	}
	if err := syncFile(f); err != nil {
		return err
	}
	err := s.place(func() error { return s.link(f.Name(), dst) }, dst)
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return errNoLink
	}
	return err
}

func (s *Store) putCopy(ctx context.Context, dst string, f *os.File) error {
	tmp, err := copyFile(ctx, s.incoming, f, true)
	if err != nil {
		return err
	}
	defer os.Remove(tmp) // it is gone already where publish renames
	return s.place(func() error { return s.publish(tmp, dst) }, dst)
}

// errNoDirectory is a directory that a Delete removes each time it is made.
var errNoDirectory = errors.New("its directory keeps vanishing")

// place makes dst's directories and calls link. A Delete may remove a directory
// in between because it is empty; then both are done again. MkdirAll may meet
// that too, and then says that the directory exists: that is not dst.
func (s *Store) place(link func() error, dst string) error {
	for range 100 {
		err := os.MkdirAll(filepath.Dir(dst), 0o700)
		if err == nil {
			if err = link(); !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		} else if !errors.Is(err, fs.ErrExist) && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return errNoDirectory
}

// Fetch implements objects.Store.
func (s *Store) Fetch(ctx context.Context, key, dst string) error {
	src, err := s.path(key)
	if err == nil {
		err = ctx.Err()
	}
	if err == nil {
		err = s.fetch(ctx, src, dst)
	}
	if err != nil {
		return fmt.Errorf("fetching object %q: %w", key, err)
	}
	return nil
}

func (s *Store) fetch(ctx context.Context, src, dst string) error {
	f, err := openBlob(src)
	if err != nil {
		return err
	}
	defer f.Close()
	err = s.link(src, dst)
	if err == nil || errors.Is(err, fs.ErrExist) {
		return err
	}
	tmp, err := copyFile(ctx, filepath.Dir(dst), f, false)
	if err != nil {
		return err
	}
	defer os.Remove(tmp)
	return s.publish(tmp, dst)
}

// Open implements objects.Store.
func (s *Store) Open(ctx context.Context, key string) (io.ReadCloser, error) {
	path, err := s.path(key)
	if err == nil {
		err = ctx.Err()
	}
	var f *os.File
	if err == nil {
		f, err = openBlob(path)
	}
	if err != nil {
		return nil, fmt.Errorf("opening object %q: %w", key, err)
	}
	return f, nil
}

func openBlob(path string) (*os.File, error) {
	f, err := openRegular(path)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, errNotRegular) {
		return nil, objects.ErrNotFound
	}
	return f, err
}

// Delete implements objects.Store. Directories that it leaves empty go too.
func (s *Store) Delete(ctx context.Context, key string) error {
	path, err := s.path(key)
	if err == nil {
		err = ctx.Err()
	}
	if err == nil {
		err = s.remove(path)
	}
	if err != nil {
		return fmt.Errorf("deleting object %q: %w", key, err)
	}
	return nil
}

func (s *Store) remove(path string) error {
	info, err := os.Lstat(path)
	if isAbsent(err) || err == nil && !info.Mode().IsRegular() {
		return nil
	}
	d := filepath.Dir(path)
	if err == nil {
		err = os.Remove(path)
	}
	if err == nil {
		err = syncDir(d)
	}
	if isAbsent(err) {
		return nil
	}
	if err != nil {
		return err
	}
	// Fails, as it should, at the first directory that is not empty.
	for d != s.dir && s.removeDir(d) {
		d = filepath.Dir(d)
	}
	return nil
}

func (s *Store) removeDir(d string) bool {
	f, err := os.Open(d)
	if err != nil {
		return false
	}
	some, _ := f.Readdirnames(1) // an error shows again when it is removed
	f.Close()
	if len(some) > 0 {
		return false // to forget it would cost the next Put
	}
	s.durable.forget(d)
	return os.Remove(d) == nil
}

// List implements objects.Store.
func (s *Store) List(ctx context.Context, prefix string, f func(key string, size int64) error) error {
	if err := objects.CheckPrefix(prefix); err != nil {
		return err
	}
	dir := prefix[:strings.LastIndexByte(prefix, '/')+1]
	return filepath.WalkDir(filepath.Join(s.dir, filepath.FromSlash(dir)), func(path string, d fs.DirEntry, err error) error {
		switch {
		case isAbsent(err):
			return nil
		case err == nil:
			err = ctx.Err()
		}
		if err != nil {
			return fmt.Errorf("listing objects %q: %w", prefix, err)
		}
		return s.visit(path, prefix, d, f)
	})
}

// visit lists one entry, or leaves out a directory that holds nothing of the prefix.
func (s *Store) visit(path, prefix string, d fs.DirEntry, f func(key string, size int64) error) error {
	rel, err := filepath.Rel(s.dir, path)
	if err != nil {
		return err
	}
	key := filepath.ToSlash(rel)
	switch {
	case d.IsDir() && path != s.dir && (objects.CheckKey(key) != nil || !related(key+"/", prefix)):
		return fs.SkipDir
	case !d.Type().IsRegular() || objects.CheckKey(key) != nil || !strings.HasPrefix(key, prefix):
		return nil
	}
	info, err := d.Info()
	if isAbsent(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("listing object %q: %w", key, err)
	}
	return f(key, info.Size())
}

func related(dir, prefix string) bool {
	return strings.HasPrefix(dir, prefix) || strings.HasPrefix(prefix, dir)
}

// Ping implements objects.Store: it writes a file and removes it.
func (s *Store) Ping(ctx context.Context) error {
	err := ctx.Err()
	if err == nil {
		err = s.probe()
	}
	if err != nil {
		return fmt.Errorf("asking the object directory: %w", err)
	}
	return nil
}
