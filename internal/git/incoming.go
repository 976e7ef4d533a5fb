package git

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"sojourn/internal/git/gitexec"
	"sojourn/internal/store"
)

// packState tells what must be cleaned up.
type packState uint8

const (
	localPack     packState = iota // only in its directory here
	intendedPack                   // an intent is open; blobs may be there
	committedPack                  // the blobs are the repository's
	lostPack                       // committed or not; the sweeper will see
)

// incoming is a pack that has arrived with a push, in a directory of its own.
type incoming struct {
	dir   string // an object directory
	file  string // the pack's path without its ending
	pack  store.Pack
	epoch int64 // in which all that its objects point to was there
	state packState
}

// unpackError is a pack that was refused. Text is for the user.
type unpackError struct {
	text    string
	refusal error // of the refs, where the pack itself is not at fault
	missing bool  // it leans on objects that are nowhere
	cause   error
}

func (e *unpackError) Error() string { return fmt.Sprintf("unpacking: %s: %v", e.text, e.cause) }
func (e *unpackError) Unwrap() error { return e.cause }

const packHeaderLen = 12

// newID is 160 random bits, never given twice: a blob's key, a push's id. It is
// as long as git's own names of packs, whose length some of its commands trust.
func newID() string {
	var b [20]byte
	rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// receive reads a pack to its end, completes and checks it (package gitexec
// says how), and leaves it in a new directory. It returns nil for a pack
// without objects, which comes when the repository has them all.
func (e *Engine) receive(ctx context.Context, s *snapshot, g *generation, src io.Reader, room room, line func([]byte)) (*incoming, error) {
	var head [packHeaderLen]byte
	switch _, err := io.ReadFull(src, head[:]); {
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		return nil, &unpackError{text: "the pack is missing", cause: err}
	case err != nil:
		return nil, fmt.Errorf("reading a pack: %w", err)
	}
	if string(head[:4]) == "PACK" && string(head[8:]) == "\x00\x00\x00\x00" {
		_, err := io.Copy(io.Discard, src)
		return nil, err
	}
	if room.bytes <= 0 {
		return nil, room.refuse(drain(src))
	}
	dir, err := e.newDir(incomingDir)
	if err != nil {
		return nil, err
	}
	in := &incoming{dir: dir, epoch: s.gcEpoch, pack: store.Pack{Repo: s.id, ID: newID(), Kind: "push"}}
	if err := e.index(ctx, in, s.account, g, io.MultiReader(bytes.NewReader(head[:]), src), room, line); err != nil {
		e.discard(ctx, in)
		return nil, err
	}
	e.opt.Hook(atIndexed)
	return in, nil
}

func (e *Engine) index(ctx context.Context, in *incoming, owner string, g *generation, src io.Reader, room room, line func([]byte)) error {
	var out bytes.Buffer
	c := gitexec.IndexPack(gitexec.Objects{Dir: in.dir, Alternates: []string{g.path}}, room.bytes, line != nil).For(owner)
	err := e.git.Run(ctx, c, gitexec.IO{Stdin: src, Stdout: &out, Stderr: line})
	if exit, ok := errors.AsType[*gitexec.ExitError](err); ok {
		if exit.Input != nil {
			return fmt.Errorf("reading a pack: %w", exit.Input)
		}
		return newUnpackError(exit, room)
	} else if err != nil {
		return err
	}
	printed, rest, _ := strings.Cut(out.String(), "\n")
	if rest != "" { // index-pack hands on what follows the pack
		return &unpackError{text: "the pack has junk at its end"}
	}
	hash, ok := strings.CutPrefix(printed, "pack\t")
	if !ok || !isOID(hash) {
		return fmt.Errorf("git index-pack printed %q", out.String())
	}
	in.pack.GitName = "pack-" + hash
	in.file = filepath.Join(in.dir, "pack", in.pack.GitName)
	index, err := openPackIndex(in.file + ".idx")
	if err != nil {
		return err
	}
	defer index.Close()
	in.pack.Objects = int64(index.objects)
	return in.checkBlobs(index, e.opt.MaxBlob)
}

// shown are beginnings of what index-pack says when a pack is at fault. Nothing
// else it says goes to the client, for it may name what is ours.
var shown = []string{
	"error: object ", "fatal: fsck error", "fatal: pack exceeds maximum allowed size", "fatal: did not receive expected object ",
	"fatal: pack has ", "fatal: pack is corrupted", "fatal: pack signature mismatch", "fatal: early EOF", "fatal: inflate returned",
	"fatal: SHA1 COLLISION FOUND", "fatal: pack version ", "fatal: bad object of type", "fatal: invalid tag", "fatal: bogus ",
	"fatal: premature end of pack file", "fatal: serious inflate inconsistency", "fatal: pack has junk at the end", "fatal: delta base offset is out of bound",
	"fatal: Not all child objects of ", "fatal: object of unexpected type", "fatal: attempting to allocate ", "fatal: unknown object type", "fatal: failed to apply delta",
}

func newUnpackError(exit *gitexec.ExitError, room room) *unpackError {
	u := &unpackError{cause: exit, text: sayable(exit.Stderr, shown)}
	switch {
	case strings.Contains(exit.Stderr, "fatal: pack exceeds maximum allowed size"):
		u.text += ": push less history at a time"
		u.refusal = room.refusal()
	case diskFailed(exit.Stderr):
		u.refusal = ErrDisk
	}
	u.missing = strings.Contains(exit.Stderr, "fatal: did not receive expected object") || strings.Contains(exit.Stderr, "unresolved delta")
	if u.text == "" {
		u.text = "index-pack failed"
	}
	return u
}

// sayable picks the lines of git's that begin in one of the ways.
func sayable(stderr string, ways []string) string {
	var texts []string
	for line := range strings.Lines(stderr) {
		if slices.ContainsFunc(ways, func(way string) bool { return strings.HasPrefix(line, way) }) {
			_, text, _ := strings.Cut(strings.TrimSpace(line), ": ")
			texts = append(texts, text)
		}
	}
	return strings.Join(texts, "; ")
}

// kinds looks up in the pack what objects are; a tag's and a delta's are for git to say.
func (in *incoming) kinds(oids []string) (found map[string]object, left []string, err error) {
	index, err := openPackIndex(in.file + ".idx")
	if err != nil {
		return nil, nil, err
	}
	defer index.Close()
	pack, err := os.Open(in.file + ".pack")
	if err != nil {
		return nil, nil, err
	}
	defer pack.Close()
	found = map[string]object{}
	for _, oid := range oids {
		kind, err := index.kind(pack, oid)
		if err != nil {
			return nil, nil, err
		}
		if kind == "" || kind == "tag" {
			left = append(left, oid)
		} else {
			found[oid] = object{kind: kind}
		}
	}
	return found, left, nil
}

// put stores the pack under a key of its own, with an intent open, so that the
// sweeper finds it should it not be committed. It may run beside the checks.
func (e *Engine) put(ctx context.Context, in *incoming) error {
	var g errgroup.Group
	g.Go(func() (err error) {
		in.pack.SHA256, in.pack.Size, err = digest(ctx, in.file+".pack")
		return err
	})
	g.Go(func() (err error) {
		in.pack.IdxSHA256, in.pack.IdxSize, err = digest(ctx, in.file+".idx")
		return err
	})
	g.Go(func() error {
		in.state = intendedPack
		return e.store.Update(ctx, func(tx store.Tx) error {
			return tx.OpenUpload(store.Upload{Repo: in.pack.Repo, Pack: in.pack.ID, At: e.opt.Now().Unix()})
		})
	})
	if err := g.Wait(); err != nil {
		return fmt.Errorf("preparing to store a pack: %w", err)
	}
	e.opt.Hook(atIntent)
	for _, ext := range []string{".pack", ".idx"} {
		g.Go(func() error {
			err := e.opt.Objects.Put(ctx, blobKey(in.pack.Repo, in.pack.ID, ext), in.file+ext)
			if err == nil && ext == ".pack" {
				e.opt.Hook(atHalfPut)
			}
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return fmt.Errorf("storing a pack: %w", err)
	}
	e.opt.Hook(atPut)
	return nil
}

// digest reads a file for its SHA-256 and its size.
func digest(ctx context.Context, path string) (sum string, size int64, err error) {
	f, err := os.Open(path)
	if err != nil {
		return "", 0, err
	}
	defer f.Close()
	h := sha256.New()
	buf := make([]byte, 128<<10)
	for {
		n, err := f.Read(buf)
		h.Write(buf[:n])
		size += int64(n)
		if errors.Is(err, io.EOF) {
			return hex.EncodeToString(h.Sum(nil)), size, nil
		}
		if err = errors.Join(err, ctx.Err()); err != nil {
			return "", 0, err
		}
	}
}

// discard removes what is left of a pack: its directory, and if it was stored
// and surely not committed its blobs, then its intent.
func (e *Engine) discard(ctx context.Context, in *incoming) {
	if in == nil {
		return
	}
	os.RemoveAll(in.dir)
	if in.state != intendedPack {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), commitTime)
	defer cancel()
	if err := e.forget(ctx, in.pack.Repo, in.pack.ID); err != nil {
		e.opt.Log.Warn("a refused pack is left to the sweeper", "repository", in.pack.Repo, "pack", in.pack.ID, "cause", err)
	}
}

// forget deletes the blobs of an upload that is not committed and never can be
// any more, and then its intent.
func (e *Engine) forget(ctx context.Context, repo, pack string) error {
	if err := e.deleteBlobs(ctx, repo, pack); err != nil {
		return err
	}
	e.opt.Hook(atSwept)
	return e.store.Update(ctx, func(tx store.Tx) error { return tx.DeleteUpload(repo, pack) })
}

func (e *Engine) deleteBlobs(ctx context.Context, repo, pack string) error {
	for _, ext := range []string{".idx", ".graph", ".bitmap", ".pack"} {
		if err := e.opt.Objects.Delete(ctx, blobKey(repo, pack, ext)); err != nil {
			return err
		}
		if ext == ".idx" {
			e.opt.Hook(atHalfSwept)
		}
	}
	return nil
}
