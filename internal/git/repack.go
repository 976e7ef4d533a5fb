package git

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"sojourn/internal/git/gitexec"
	"sojourn/internal/store"
)

// The kinds of packs that a compaction makes. A base has what the visible refs
// reached then and nothing else, so that it may be sent as it is; the rest is kept
// in a pack of its own.
const (
	baseKind        = "base"
	compactKind     = "compact"
	unreachableKind = "unreachable"
)

// upkeepDir is the part of the cache with private copies.
const upkeepDir = "upkeep"

// repack makes new packs of a repository's in a private copy of hard links,
// stores them under intents, and changes the list in one transaction.
type repack struct {
	e    *Engine
	kind Compaction
	drop bool // objects that nothing refers to go, and the epoch is a new one

	dir   string
	row   store.Repository // what it began with
	refs  []store.Ref
	packs []store.Pack
	gone  []store.Pack // of packs, what git has replaced
	made  []*newPack
}

// newPack is a pack that git has made in the copy.
type newPack struct {
	store.Pack
	files map[string]string // by ending
	open  bool              // its intent
}

func (p *repack) close() {
	if p.dir != "" {
		os.RemoveAll(p.dir)
	}
}

// prepare makes the private copy.
func (p *repack) prepare(ctx context.Context, repoID string) (err error) {
	if err := p.read(ctx, repoID); err != nil {
		return err
	}
	if p.dir, err = p.e.newDir(upkeepDir); err != nil {
		return err
	}
	refs := p.refs
	if p.kind == CompactBase && !p.drop {
		refs = slices.DeleteFunc(slices.Clone(refs), func(r store.Ref) bool { return strings.HasPrefix(r.Name, HiddenRefs) })
	}
	return p.e.privateCopy(ctx, p.dir, &p.row, refs, p.packs, p.kind == CompactGeometric)
}

// read takes down one state of the repository.
func (p *repack) read(ctx context.Context, repoID string) (err error) {
	p.row, p.refs, p.packs, err = p.e.state(ctx, repoID)
	return err
}

// state is one state of a repository.
func (e *Engine) state(ctx context.Context, repoID string) (row store.Repository, refs []store.Ref, packs []store.Pack, err error) {
	err = e.store.View(ctx, func(tx store.Tx) (err error) {
		if row, err = tx.RepositoryByID(repoID); err != nil {
			return err
		}
		if refs, err = tx.Refs(repoID, store.Page{}); err == nil {
			packs, err = tx.Packs(repoID)
		}
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		err = ErrNoRepository
	}
	return row, refs, packs, err
}

// privateCopy makes dir a bare repository of hard links to packs, which git may
// change as it likes. With keepBase, git leaves alone what a compaction to a base
// has made.
func (e *Engine) privateCopy(ctx context.Context, dir string, row *store.Repository, refs []store.Ref, packs []store.Pack, keepBase bool) error {
	head := row.Head
	if head == "" {
		head = "refs/heads/main"
	}
	if err := gitexec.MakeRepository(dir, head); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "packed-refs"), packedRefs(refs), 0o600); err != nil {
		return err
	}
	into := filepath.Join(dir, "objects", "pack")
	if err := os.Mkdir(into, 0o700); err != nil {
		return err
	}
	g, err := e.warmObjects(ctx, row)
	if err != nil {
		return err
	}
	defer g.drop()
	for _, pack := range packs {
		for _, ext := range []string{".pack", ".idx"} {
			dst := filepath.Join(into, "pack-"+pack.ID+ext)
			if g.has(pack.ID) && os.Link(g.file(pack.ID, ext), dst) == nil {
				continue
			}
			if err := e.opt.Objects.Fetch(ctx, blobKey(pack.Repo, pack.ID, ext), dst); err != nil {
				return err
			}
		}
		if keepBase && (pack.Kind == baseKind || pack.Kind == unreachableKind) {
			if err := os.WriteFile(filepath.Join(into, "pack-"+pack.ID+".keep"), nil, 0o600); err != nil {
				return err
			}
		}
	}
	return nil
}

// warmObjects is a generation with what is committed, held.
func (e *Engine) warmObjects(ctx context.Context, row *store.Repository) (*generation, error) {
	r, s, err := e.refsOf(ctx, row)
	if err != nil {
		return nil, err
	}
	return e.objectsOf(ctx, r, s)
}

// run has git make the new packs, and takes down which came and which left.
func (p *repack) run(ctx context.Context) error {
	c := gitexec.RepackGeometric(p.dir)
	if p.kind == CompactBase {
		c = gitexec.RepackBase(p.dir, !p.drop)
	}
	if err := p.e.git.Run(ctx, c, gitexec.IO{}); err != nil {
		return err
	}
	if err := p.compare(); err != nil {
		return err
	}
	for _, m := range p.made {
		if m.Kind == baseKind {
			if err := p.addGraph(ctx, m); err != nil {
				return err
			}
		}
	}
	if p.drop {
		return nil
	}
	return p.lossless(ctx)
}

// compare finds the packs that git has made and those that it has removed.
func (p *repack) compare() error {
	into := filepath.Join(p.dir, "objects", "pack")
	there := map[string]bool{}
	names, err := filepath.Glob(filepath.Join(into, "*.pack"))
	if err != nil {
		return err
	}
	for _, name := range names {
		there[strings.TrimSuffix(filepath.Base(name), ".pack")] = true
	}
	for _, old := range p.packs {
		if name := "pack-" + old.ID; there[name] {
			delete(there, name)
		} else {
			p.gone = append(p.gone, old)
		}
	}
	for name := range there {
		if err := p.take(into, name); err != nil {
			return err
		}
	}
	slices.SortFunc(p.made, func(a, b *newPack) int { return strings.Compare(a.Kind, b.Kind) })
	if len(p.made) > 2 || len(p.made) == 2 && p.made[0].Kind == p.made[1].Kind {
		return fmt.Errorf("git repack made %d packs", len(p.made))
	}
	return nil
}

func (p *repack) take(into, name string) error {
	kind := compactKind
	if p.kind == CompactBase {
		kind = baseKind
	}
	switch _, err := os.Lstat(filepath.Join(into, name+".mtimes")); {
	case err == nil:
		kind = unreachableKind
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	pack := &newPack{files: map[string]string{}, Pack: store.Pack{Repo: p.row.ID, ID: newID(), GitName: name, Kind: kind, Added: p.e.opt.Now().Unix()}}
	for _, ext := range []string{".pack", ".idx", ".bitmap"} {
		path := filepath.Join(into, name+ext)
		if _, err := os.Lstat(path); err == nil {
			pack.files[ext] = path
		} else if !errors.Is(err, fs.ErrNotExist) || ext != ".bitmap" {
			return err
		}
	}
	index, err := openPackIndex(pack.files[".idx"])
	if err != nil {
		return err
	}
	pack.Objects = int64(index.objects)
	p.made = append(p.made, pack)
	return index.Close()
}

func (p *repack) addGraph(ctx context.Context, base *newPack) error {
	if err := p.e.git.Run(ctx, gitexec.CommitGraph(p.dir), gitexec.IO{}); err != nil {
		return err
	}
	path := filepath.Join(p.dir, "objects", "info", "commit-graph")
	switch _, err := os.Lstat(path); {
	case err == nil:
		base.files[".graph"] = path
	case !errors.Is(err, fs.ErrNotExist): // git makes none where refs reach no commit
		return err
	}
	return nil
}

// lossless makes sure, without git, that every object of the packs that leave is
// in the one that comes or in those that stay.
func (p *repack) lossless(ctx context.Context) error {
	if len(p.gone) == 0 {
		return nil
	}
	var left []*packIndex
	defer func() {
		for _, x := range left {
			x.Close()
		}
	}()
	open := func(path string) error {
		x, err := openPackIndex(path)
		if err == nil {
			left = append(left, x)
		}
		return err
	}
	for _, m := range p.made {
		if err := open(m.files[".idx"]); err != nil {
			return err
		}
	}
	for _, old := range p.packs {
		if !slices.ContainsFunc(p.gone, func(g store.Pack) bool { return g.ID == old.ID }) {
			if err := open(filepath.Join(p.dir, "objects", "pack", "pack-"+old.ID+".idx")); err != nil {
				return err
			}
		}
	}
	for _, old := range p.gone {
		if err := p.e.keeps(ctx, &old, left); err != nil {
			return err
		}
	}
	return nil
}

// put stores the new packs under intents.
func (p *repack) put(ctx context.Context) error {
	for _, m := range p.made {
		var err error
		for _, f := range []struct {
			ext  string
			size *int64
			sum  *string
		}{{".pack", &m.Size, &m.SHA256}, {".idx", &m.IdxSize, &m.IdxSHA256}, {".bitmap", &m.BitmapSize, &m.BitmapSHA256}, {".graph", &m.GraphSize, &m.GraphSHA256}} {
			if path := m.files[f.ext]; path != "" {
				if *f.sum, *f.size, err = digest(ctx, path); err != nil {
					return err
				}
			}
		}
		m.open = true
		err = p.e.store.Update(ctx, func(tx store.Tx) error {
			return tx.OpenUpload(store.Upload{Repo: m.Repo, Pack: m.ID, At: p.e.opt.Now().Unix()})
		})
		if err != nil {
			return err
		}
		p.e.opt.Hook(atMadeIntent)
		g, ctx := errgroup.WithContext(ctx)
		for ext, path := range m.files {
			g.Go(func() error {
				err := p.e.opt.Objects.Put(ctx, blobKey(m.Repo, m.ID, ext), path)
				if err == nil && ext == ".pack" {
					p.e.opt.Hook(atHalfMade)
				}
				return err
			})
		}
		if err := g.Wait(); err != nil {
			return fmt.Errorf("storing a pack: %w", err)
		}
	}
	return nil
}

// commit stores the new packs and changes the list, or nothing.
func (p *repack) commit(ctx context.Context) error {
	p.e.opt.Hook(atMade)
	if err := p.put(ctx); err != nil {
		p.discard(ctx)
		return err
	}
	p.e.opt.Hook(atMadePut)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), commitTime)
	defer cancel()
	p.e.opt.Hook(atRepack)
	own := errNotRun
	err := p.e.store.Update(ctx, func(tx store.Tx) error {
		if own = p.apply(tx); own == nil {
			p.e.opt.Hook(atInRepack)
		}
		return own
	})
	if err != nil {
		if own != nil { // else it may have been committed; the sweeper will see
			p.discard(ctx)
		}
		return err
	}
	p.e.opt.Hook(atRepacked)
	return nil
}

// apply changes the list of packs. Packs that pushes have added meanwhile stay;
// a pack that has left the list meanwhile makes the whole repack void, and so
// does, where objects are dropped, any change of a ref.
func (p *repack) apply(tx store.Tx) error {
	row, err := tx.LockRepository(p.row.ID)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return ErrNoRepository
	case err != nil:
		return err
	case row.GCEpoch != p.row.GCEpoch || p.drop && row.Version != p.row.Version:
		return errChanged
	}
	ids := make([]string, len(p.gone))
	for i, old := range p.gone {
		ids[i] = old.ID
	}
	if err := tx.DeletePacks(row.ID, ids, p.e.opt.Now().Unix()); err != nil {
		if errors.Is(err, store.ErrNotFound) {
			return errChanged
		}
		return err
	}
	for _, m := range p.made {
		if err := tx.ConsumeUpload(row.ID, m.ID); err != nil {
			if errors.Is(err, store.ErrNotFound) {
				return ErrExpired
			}
			return err
		}
		m.AddedVersion = row.Version
		if err := tx.InsertPack(m.Pack); err != nil {
			return err
		}
	}
	row.PackGen++
	if p.drop {
		row.GCEpoch++
		row.Version++
	}
	return tx.UpdateRepository(row)
}

// discard removes what was stored and is not committed.
func (p *repack) discard(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), commitTime)
	defer cancel()
	for _, m := range p.made {
		if m.open {
			if err := p.e.forget(ctx, m.Repo, m.ID); err != nil {
				p.e.opt.Log.Warn("a pack of a compaction is left to the sweeper", "repository", m.Repo, "pack", m.ID, "cause", err)
			}
		}
	}
}

func (p *repack) result() Compacted {
	c := Compacted{Kind: p.kind, Before: len(p.packs), After: len(p.packs) - len(p.gone) + len(p.made)}
	for _, old := range p.gone {
		c.Read += old.Size
	}
	for _, m := range p.made {
		if info, err := os.Stat(m.files[".pack"]); err == nil {
			c.Written += info.Size()
		}
		c.Objects += m.Objects
	}
	return c
}
