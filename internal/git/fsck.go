package git

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"sojourn/internal/git/gitexec"
	"sojourn/internal/objects"
	"sojourn/internal/refname"
	"sojourn/internal/store"
)

// Problem is something that is not as it must be.
type Problem struct {
	Repository string // its id
	Name       string // "" where the repository does not exist
	Kind       string // blob, orphan, ref, head, git
	Text       string
}

// Checked is what a check has looked at.
type Checked struct {
	Repositories, Refs, Packs int
	Objects, Bytes            int64
	Problems                  []Problem
}

// checking is the check of one repository.
type checking struct {
	e    *Engine
	row  store.Repository
	out  *Checked
	good bool // all packs are there as they were stored
}

func (c *checking) problem(kind, format string, args ...any) {
	c.out.Problems = append(c.out.Problems, Problem{Repository: c.row.ID, Name: c.row.Name, Kind: kind, Text: fmt.Sprintf(format, args...)})
}

// Fsck compares the rows of one repository with its blobs and both with what git
// finds, and adds to out. It may run beside servers; what changes meanwhile is no
// problem. Errors are of the check itself.
func (e *Engine) Fsck(ctx context.Context, repoID string, out *Checked) error {
	c := &checking{e: e, out: out, good: true}
	blobs, err := c.blobs(ctx, repoID) // before the rows: what is not in them then was never
	if err != nil {
		return err
	}
	row, refs, packs, err := e.state(ctx, repoID)
	if err != nil {
		return err
	}
	c.row = row
	out.Repositories++
	out.Refs += len(refs)
	out.Packs += len(packs)
	for i := range packs {
		if err := c.pack(ctx, &packs[i]); err != nil {
			return err
		}
	}
	if err := c.orphans(ctx, blobs); err != nil {
		return err
	}
	if row.Head != "" && !slices.ContainsFunc(refs, func(r store.Ref) bool { return r.Name == row.Head }) {
		c.problem("head", "the default branch %s does not exist", row.Head)
	}
	if !c.good {
		c.problem("git", "not checked, because packs are missing or damaged")
		return nil
	}
	return c.git(ctx, refs, packs)
}

func (c *checking) blobs(ctx context.Context, repoID string) (keys []string, err error) {
	err = c.e.opt.Objects.List(ctx, "repos/"+repoID+"/packs/", func(key string, _ int64) error {
		keys = append(keys, key)
		return nil
	})
	return keys, err
}

// pack reads the blobs of one pack.
func (c *checking) pack(ctx context.Context, p *store.Pack) error {
	for _, f := range []struct {
		ext  string
		size int64
		sum  string
	}{{".pack", p.Size, p.SHA256}, {".idx", p.IdxSize, p.IdxSHA256}, {".bitmap", p.BitmapSize, p.BitmapSHA256}, {".graph", p.GraphSize, p.GraphSHA256}} {
		if f.size == 0 {
			continue
		}
		key := blobKey(p.Repo, p.ID, f.ext)
		size, sum, err := c.read(ctx, key)
		switch {
		case errors.Is(err, objects.ErrNotFound):
			if listed, err := c.listed(ctx, p.ID); err != nil || !listed {
				return err // it has left the list and the trash meanwhile
			}
			c.good = false
			c.problem("blob", "%s is missing", key)
		case errors.Is(err, objects.ErrDamaged):
			c.good = false
			c.problem("blob", "%v", err)
		case err != nil:
			return err
		case size != f.size || sum != f.sum:
			c.good = false
			c.problem("blob", "%s has %d bytes with SHA-256 %s, not %d with %s", key, size, sum, f.size, f.sum)
		}
		c.out.Bytes += size
	}
	c.out.Objects += p.Objects
	return nil
}

func (c *checking) read(ctx context.Context, key string) (size int64, sum string, err error) {
	r, err := c.e.opt.Objects.Open(ctx, key)
	if err != nil {
		return 0, "", err
	}
	defer r.Close()
	h := sha256.New()
	size, err = io.Copy(h, &ctxReader{ctx, r})
	return size, hex.EncodeToString(h.Sum(nil)), err
}

type ctxReader struct {
	ctx context.Context
	r   io.Reader
}

func (r *ctxReader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(p)
}

// listed reports whether a pack is in the list now.
func (c *checking) listed(ctx context.Context, id string) (bool, error) {
	var packs []store.Pack
	err := c.e.store.View(ctx, func(tx store.Tx) (err error) {
		packs, err = tx.Packs(c.row.ID)
		return err
	})
	return slices.ContainsFunc(packs, func(p store.Pack) bool { return p.ID == id }), err
}

// orphans finds blobs that neither list, intents nor trash have.
func (c *checking) orphans(ctx context.Context, keys []string) error {
	known, err := c.e.knownPacks(ctx, c.row.ID)
	if err != nil {
		return err
	}
	for _, key := range keys {
		id, _, _ := strings.Cut(filepath.Base(key), ".")
		if known[id] {
			continue
		}
		r, err := c.e.opt.Objects.Open(ctx, key)
		if errors.Is(err, objects.ErrNotFound) {
			continue // swept meanwhile
		}
		if err != nil {
			return err
		}
		r.Close()
		c.problem("orphan", "%s belongs to no pack, upload or trash", key)
	}
	return nil
}

// knownPacks are the packs in a repository's list, intents and trash. A
// repository that was deleted may have the latter two.
func (e *Engine) knownPacks(ctx context.Context, repoID string) (map[string]bool, error) {
	known := map[string]bool{}
	err := e.store.View(ctx, func(tx store.Tx) error {
		packs, err := tx.Packs(repoID)
		uploads, err1 := tx.Uploads(repoID)
		trash, err2 := tx.Trashed(repoID)
		for _, p := range packs {
			known[p.ID] = true
		}
		for _, u := range slices.Concat(uploads, trash) {
			known[u.Pack] = true
		}
		return errors.Join(err, err1, err2)
	})
	return known, err
}

// git has git check every object, and asks it what the refs point to.
func (c *checking) git(ctx context.Context, refs []store.Ref, packs []store.Pack) error {
	dir, err := c.e.newDir(upkeepDir)
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := c.e.privateCopy(ctx, dir, &c.row, refs, packs, false); err != nil {
		return err
	}
	var out bytes.Buffer
	err = c.e.git.Run(ctx, gitexec.Fsck(dir), gitexec.IO{Stdout: &limited{w: &out, n: 64 << 10}})
	exit, failed := errors.AsType[*gitexec.ExitError](err)
	switch {
	case failed && exit.Code < 0:
		return err
	case failed:
		c.problem("git", "%s", strings.ReplaceAll(strings.TrimSpace(out.String()+exit.Stderr), dir, "."))
	case err != nil:
		return err
	}
	return c.refs(ctx, refs, filepath.Join(dir, "objects"))
}

// refs compares what refs point to with the rows.
func (c *checking) refs(ctx context.Context, refs []store.Ref, dir string) error {
	var oids []string
	for _, r := range refs {
		oids = append(oids, r.OID)
	}
	slices.Sort(oids)
	found := map[string]object{}
	for part := range slices.Chunk(slices.Compact(oids), 10_000) {
		kinds, err := c.e.objectTypes(ctx, gitexec.Objects{Dir: dir}, part)
		if err != nil {
			return err
		}
		for id, ob := range kinds {
			found[id] = ob
		}
	}
	for _, r := range refs {
		switch ob := found[r.OID]; {
		case ob.kind == "":
			c.problem("ref", "%s points to %s, which does not exist", r.Name, r.OID)
		case strings.HasPrefix(r.Name, refname.Heads) && ob.kind != "commit":
			c.problem("ref", "%s points to a %s, not a commit", r.Name, ob.kind)
		case ob.peeled != r.Peeled:
			c.problem("ref", "%s: what its tag points to is %q in the row and %q in git", r.Name, r.Peeled, ob.peeled)
		}
	}
	return nil
}

// limited keeps the first n bytes.
type limited struct {
	w io.Writer
	n int
}

func (l *limited) Write(p []byte) (int, error) {
	part := p[:min(len(p), l.n)]
	l.n -= len(part)
	if _, err := l.w.Write(part); err != nil {
		return 0, err
	}
	return len(p), nil
}

// FsckStrays finds blobs of repositories that do not exist, which the sweeper
// does not know of either.
func (e *Engine) FsckStrays(ctx context.Context, out *Checked) error {
	byRepo := map[string][]string{}
	err := e.opt.Objects.List(ctx, "repos/", func(key string, _ int64) error {
		if parts := strings.Split(key, "/"); len(parts) == 4 {
			byRepo[parts[1]] = append(byRepo[parts[1]], key)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for id, keys := range byRepo {
		_, err := e.find(ctx, byID(id))
		if err == nil {
			continue // is checked with it
		}
		if !errors.Is(err, ErrNoRepository) {
			return err
		}
		c := &checking{e: e, out: out, row: store.Repository{ID: id}}
		if err := c.orphans(ctx, keys); err != nil {
			return err
		}
	}
	return nil
}
