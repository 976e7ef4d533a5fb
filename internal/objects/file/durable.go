package file

import (
	"path/filepath"
	"sync"
)

// durable remembers directories whose own name, and those of all above it, have
// been flushed to disk by this process, so that a Put into one need not flush
// them again. What Delete may have removed since is forgotten.
type durable struct {
	mu   sync.Mutex
	dirs map[string]bool
	gone int // how often something was forgotten
}

// maxDurable bounds the memory: a few MB.
const maxDurable = 10_000

// mark is taken before a directory is made or found there, for note.
func (d *durable) mark() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.gone
}

// has reports whether the names of dir and of all above it are on disk.
func (d *durable) has(dir string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.dirs[dir]
}

// note takes down that they are, unless a directory went since the mark: it may
// be one of these, and who makes it again must flush its name.
func (d *durable) note(dirs []string, mark int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.gone != mark {
		return
	}
	if d.dirs == nil || len(d.dirs) >= maxDurable {
		d.dirs = map[string]bool{}
	}
	for _, dir := range dirs {
		d.dirs[dir] = true
	}
}

// forget comes before a directory is removed.
func (d *durable) forget(dir string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.gone++
	delete(d.dirs, dir)
}

// syncAbove flushes dst's directory, and every one from there up to the store's
// until one is met whose name is known to be on disk. That it was there already
// is not enough: another Put may have made it a moment ago and not have come to
// flushing it.
func (s *Store) syncAbove(dst string, mark int) error {
	var flushed []string
	for d := filepath.Dir(dst); ; d = filepath.Dir(d) {
		if err := s.sync(d); err != nil {
			return err
		}
		if d == s.dir || s.durable.has(d) {
			break
		}
		flushed = append(flushed, d)
	}
	s.durable.note(flushed, mark)
	return nil
}
