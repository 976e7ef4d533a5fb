package git

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"sojourn/internal/objects"
	"sojourn/internal/store"
)

// held is something on disk that its users share; the last to drop it removes
// it. Only who holds it may hold it again.
type held struct {
	users  atomic.Int64
	remove func()
}

func (h *held) hold() { h.users.Add(1) }

func (h *held) drop() {
	if h.users.Add(-1) == 0 {
		h.remove()
	}
}

// generation is an object directory with hard links to a repository's packs. It
// only grows: packs that leave the list leave by a new generation. So what has
// been seen in it stays, and many versions share it.
type generation struct {
	held
	path    string
	packGen int64

	mu      sync.Mutex
	version int64 // has all packs of this version
	packs   map[string]bool
	bytes   int64 // of the packs
}

func (e *Engine) newGeneration(packGen int64) (*generation, error) {
	path, err := e.newDir(gensDir)
	if err == nil {
		err = errors.Join(os.Mkdir(filepath.Join(path, "pack"), 0o700), os.Mkdir(filepath.Join(path, "info"), 0o700))
	}
	if err != nil {
		return nil, err
	}
	g := &generation{path: path, packGen: packGen, packs: map[string]bool{}}
	e.stats.generations.Add(1)
	g.remove = func() {
		e.stats.generations.Add(-1)
		os.RemoveAll(path)
	}
	g.hold()
	return g, nil
}

// covers reports whether all objects of a snapshot are in the generation.
func (g *generation) covers(s *snapshot) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.version >= s.version && g.packGen >= s.packGen
}

func (g *generation) has(pack string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.packs[pack]
}

// file is the path of a pack's file in the directory. It has the form of git's
// own names, but not the hash that they have: two packs may share that, and who
// makes the pack chooses it.
func (g *generation) file(pack, ext string) string {
	if ext == ".graph" {
		return filepath.Join(g.path, "info", "commit-graph") // one has it: the base
	}
	return filepath.Join(g.path, "pack", "pack-"+pack+ext)
}

// added notes a pack that was linked, and tells how many there are.
func (g *generation) added(p *store.Pack) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.packs[p.ID] {
		g.packs[p.ID] = true
		g.bytes += p.Size + p.IdxSize
	}
	return len(g.packs)
}

// size is how many bytes its packs have.
func (g *generation) size() int64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.bytes
}

// reached notes that all packs of a version are there.
func (g *generation) reached(version int64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.version = max(g.version, version)
}

// objectsOf returns a generation with all objects of the snapshot, held.
func (e *Engine) objectsOf(ctx context.Context, r *repo, s *snapshot) (*generation, error) {
	if g := r.generationFor(s); g != nil {
		return g, nil
	}
	if err := r.lockBuild(ctx); err != nil {
		return nil, err
	}
	defer r.unlockBuild()
	for try := 0; ; try++ {
		if g := r.generationFor(s); g != nil {
			return g, nil
		}
		g, err := e.buildGeneration(ctx, r)
		if err == nil {
			return g, nil
		}
		if !errors.Is(err, objects.ErrNotFound) || try == 3 {
			return nil, fmt.Errorf("making the packs of repository %s available: %w", r.id, err)
		} // a pack left the list meanwhile, with its blob
	}
}

// generationFor returns the kept generation, held, if it will do.
func (r *repo) generationFor(s *snapshot) *generation {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.gen == nil || !r.gen.covers(s) {
		return nil
	}
	r.gen.hold()
	return r.gen
}

// buildGeneration brings the kept generation up to what is committed now, or
// makes a new one. The caller has the build lock.
func (e *Engine) buildGeneration(ctx context.Context, r *repo) (*generation, error) {
	var row store.Repository
	var packs []store.Pack
	err := e.store.View(ctx, func(tx store.Tx) (err error) {
		if row, err = tx.RepositoryByID(r.id); err == nil {
			packs, err = tx.Packs(r.id)
		}
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil, ErrNoRepository
	}
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	old := r.gen
	if old != nil {
		old.hold()
	}
	r.mu.Unlock()
	if old != nil {
		defer old.drop()
	}
	g := old
	if old == nil || old.packGen != row.PackGen {
		if g, err = e.newGeneration(row.PackGen); err != nil {
			return nil, err
		}
	} else {
		g.hold()
	}
	if err := e.fill(ctx, g, old, packs); err != nil {
		g.drop()
		return nil, err
	}
	e.upkeep.crowded(len(packs))
	g.reached(row.Version)
	r.keepGeneration(g)
	e.warm.occupy(r, g.size())
	return g, nil
}

// keepGeneration keeps g, if the repository is kept at all.
func (r *repo) keepGeneration(g *generation) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.cold || r.gen == g {
		return
	}
	if r.gen != nil {
		r.gen.drop()
	}
	g.hold()
	r.gen, r.proof = g, nil
}

// fetchesAtATime bounds the downloads of one repository: each waits for the object
// store more than for anything else, and a repository may have many packs.
const fetchesAtATime = 8

// fill links the packs that g lacks, from old where it has them.
func (e *Engine) fill(ctx context.Context, g, old *generation, packs []store.Pack) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(fetchesAtATime)
	for i := range packs {
		if p := &packs[i]; !g.has(p.ID) {
			group.Go(func() error { return e.bringPack(ctx, g, old, p) })
		}
	}
	return group.Wait()
}

// bringPack brings a pack's files: git looks for the index first, and believes the
// graph about what is in the pack.
func (e *Engine) bringPack(ctx context.Context, g, old *generation, p *store.Pack) error {
	for _, f := range []struct {
		ext  string
		size int64
	}{{".pack", p.Size}, {".bitmap", p.BitmapSize}, {".idx", p.IdxSize}, {".graph", p.GraphSize}} {
		if f.size == 0 {
			continue
		}
		if err := e.bring(ctx, g, old, p, f.ext, f.size); err != nil {
			return err
		}
	}
	g.added(p)
	return nil
}

func (e *Engine) bring(ctx context.Context, g, old *generation, p *store.Pack, ext string, size int64) error {
	dst := g.file(p.ID, ext)
	if _, err := os.Lstat(dst); err == nil {
		return nil // from an attempt that stopped half way
	}
	if old != nil && old != g && old.has(p.ID) && os.Link(old.file(p.ID, ext), dst) == nil {
		return nil
	}
	if err := e.opt.Objects.Fetch(ctx, blobKey(p.Repo, p.ID, ext), dst); err != nil {
		return err
	}
	info, err := os.Stat(dst)
	if err == nil && info.Size() != size {
		err = fmt.Errorf("pack %s of repository %s: %s has %d bytes, not %d", p.ID, p.Repo, ext, info.Size(), size)
	}
	if err != nil {
		err = errors.Join(err, os.Remove(dst))
	}
	return err
}

func blobKey(repo, pack, ext string) string { return "repos/" + repo + "/packs/" + pack + ext }

// adopt links a pack that was just committed, so that the next request need not
// ask the store for it. Whatever fails here is made good then.
func (e *Engine) adopt(r *repo, in *incoming, c *committed) {
	r.mu.Lock()
	g := r.gen
	ok := g != nil && g.packGen == c.row.PackGen && g.covers(&snapshot{version: c.row.Version - 1, packGen: c.row.PackGen})
	if ok {
		g.hold()
	}
	r.mu.Unlock()
	if !ok {
		return
	}
	defer g.drop()
	if in != nil {
		for _, ext := range []string{".pack", ".idx"} {
			if err := os.Link(in.file+ext, g.file(in.pack.ID, ext)); err != nil && !errors.Is(err, os.ErrExist) {
				return
			}
		}
		e.upkeep.crowded(g.added(&in.pack))
	}
	g.reached(c.row.Version)
	e.warm.occupy(r, g.size())
}
