package file

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

var errNotRegular = errors.New("not a regular file")

// openRegular opens a file that is one: opening a pipe would wait for ever.
func openRegular(path string) (*os.File, error) {
	info, err := os.Lstat(path)
	switch {
	case isAbsent(err):
		return nil, fs.ErrNotExist
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, errNotRegular
	}
	return os.Open(path)
}

// isAbsent is also true where a part of the path is a file.
func isAbsent(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
}

// newFile makes a file in dir under a name of 130 random bits.
func newFile(dir string) (*os.File, error) {
	return os.OpenFile(filepath.Join(dir, ".new-"+rand.Text()), os.O_WRONLY|os.O_CREATE|os.O_EXCL, blobMode)
}

// copyFile copies f from its beginning into a new file in dir and returns its
// name. With an error there is no file.
func copyFile(ctx context.Context, dir string, f *os.File, durable bool) (string, error) {
	out, err := newFile(dir)
	if err != nil {
		return "", err
	}
	_, err = io.Copy(out, &reader{ctx: ctx, r: io.NewSectionReader(f, 0, 1<<62)})
	if err == nil && durable {
		err = out.Sync()
	}
	if err = errors.Join(err, out.Close()); err != nil {
		return "", errors.Join(err, os.Remove(out.Name()))
	}
	return out.Name(), nil
}

// reader stops when ctx ends.
type reader struct {
	ctx context.Context
	r   io.Reader
}

func (r *reader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(p)
}

// publish gives tmp the name dst unless there is one. Where there are no links,
// a rename must do; it looks first, and keys are not used twice.
func (s *Store) publish(tmp, dst string) error {
	err := s.link(tmp, dst)
	if err == nil || errors.Is(err, fs.ErrExist) {
		return err
	}
	if _, err := os.Lstat(dst); err == nil {
		return fs.ErrExist
	}
	return os.Rename(tmp, dst)
}

// probe writes a file and removes it.
func (s *Store) probe() error {
	f, err := newFile(s.incoming)
	if err != nil {
		return err
	}
	_, err = f.WriteString("probe\n")
	return errors.Join(err, f.Close(), os.Remove(f.Name()))
}

// leftover is the age at which an incoming file is nobody's: a process stopped
// in the middle of a copy. Younger ones may be another process's.
const leftover = 24 * time.Hour

// sweep removes leftovers.
func (s *Store) sweep() error {
	entries, err := os.ReadDir(s.incoming)
	if err != nil {
		return err
	}
	for _, e := range entries {
		info, err := e.Info()
		if err == nil && time.Since(info.ModTime()) > leftover {
			err = os.Remove(filepath.Join(s.incoming, e.Name()))
		}
		if err != nil && !isAbsent(err) {
			return err
		}
	}
	return nil
}
