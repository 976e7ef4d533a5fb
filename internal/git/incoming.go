package git

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sync/errgroup"

	"sojourn/internal/git/gitexec"
	"sojourn/internal/store"
)

// incoming is a pack in quarantine: in a directory of its own, where nobody
// else looks, until it is committed or thrown away.
type incoming struct {
	dir  string
	file string     // of the pack, without its extension; "" for an empty pack
	pack store.Pack // as it will be committed
	// contained says that whatever the pack's objects point to is in it.
	contained bool
}

func (e *Engine) newIncoming() (*incoming, error) {
	dir, err := e.newDir(incomingDir)
	if err != nil {
		return nil, err
	}
	return &incoming{dir: dir}, os.Mkdir(filepath.Join(dir, "pack"), 0o700)
}

func (in *incoming) remove() { os.RemoveAll(in.dir) }

// objects are those of the quarantine, over those of a generation.
func (in *incoming) objects(g *generation) gitexec.Objects {
	return gitexec.Objects{Dir: in.dir, Alternates: []string{g.path}}
}

// unpackError is a pack that git refuses. Its text is for the user.
type unpackError string

func (u unpackError) Error() string { return string(u) }

// index reads a pack from the client. Progress is called with lines for the user.
func (e *Engine) index(ctx context.Context, in *incoming, g *generation, src io.Reader, progress func([]byte)) error {
	var out bytes.Buffer
	err := e.git.Run(ctx, gitexec.IndexPack(in.objects(g), e.opt.MaxPack, progress != nil),
		gitexec.IO{Stdin: src, Stdout: &out, Stderr: func(line []byte) {
			if progress != nil && bytes.HasPrefix(line, []byte("Resolving deltas")) {
				progress(line)
			}
		}})
	exit, failed := errors.AsType[*gitexec.ExitError](err)
	hash, ok := strings.CutPrefix(strings.TrimSpace(out.String()), "pack\t")
	switch {
	case failed && exit.Input != nil:
		return fmt.Errorf("reading the pack: %w", exit.Input)
	case failed && (exit.Code != 1 || !ok):
		e.opt.Log.Info("pack refused", "cause", exit.Error())
		return unpackError(e.forUser(exit.Stderr))
	case err != nil && !failed:
		return err
	case !ok || !isOID(hash):
		return fmt.Errorf("indexing the pack: git printed %q", out.String())
	}
	in.contained = err == nil
	return in.measure("pack-" + hash)
}

// forUser picks the line that says why, unless it names a place of ours.
func (e *Engine) forUser(stderr string) string {
	for line := range strings.Lines(stderr) {
		line = strings.TrimSpace(line)
		text, ok := strings.CutPrefix(line, "fatal: ")
		if !ok {
			text, ok = strings.CutPrefix(line, "error: ")
		}
		if ok && !strings.Contains(text, e.opt.Dir) {
			return text
		}
	}
	return "the pack is not valid"
}

// measure fills the pack's record in. A pack without objects is none.
func (in *incoming) measure(gitName string) error {
	file := filepath.Join(in.dir, "pack", gitName)
	head := make([]byte, 12)
	f, err := os.Open(file + ".pack")
	if err != nil {
		return fmt.Errorf("measuring the pack: %w", err)
	}
	_, err = io.ReadFull(f, head)
	f.Close()
	if err != nil {
		return fmt.Errorf("measuring the pack: %w", err)
	}
	in.pack.Objects = int64(binary.BigEndian.Uint32(head[8:]))
	if in.pack.Objects == 0 {
		return nil
	}
	in.file, in.pack.GitName, in.pack.Kind = file, gitName, "push"
	in.pack.ID = newID()
	return nil
}

// newID is 96 random bits, never given twice: a blob's key, a push's id.
func newID() string {
	var b [12]byte
	rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// upload stores the pack under an intent. From here on a crash leaves a blob
// that the sweeper finds by its intent.
func (e *Engine) upload(ctx context.Context, in *incoming, repo string) error {
	in.pack.Repo = repo
	err := e.store.Update(ctx, func(tx store.Tx) error {
		return tx.OpenUpload(store.Upload{Repo: repo, Pack: in.pack.ID, At: e.opt.Now().Unix()})
	})
	if err != nil {
		return fmt.Errorf("announcing the pack: %w", err)
	}
	e.opt.Hook("after-intent")
	put, ctx := errgroup.WithContext(ctx)
	for _, f := range []struct {
		ext  string
		size *int64
		sum  *string
	}{{".pack", &in.pack.Size, &in.pack.SHA256}, {".idx", &in.pack.IdxSize, &in.pack.IdxSHA256}} {
		put.Go(func() (err error) {
			if *f.size, *f.sum, err = sum(in.file + f.ext); err != nil {
				return err
			}
			return e.opt.Objects.Put(ctx, blobKey(repo, in.pack.ID, f.ext), in.file+f.ext)
		})
	}
	if err := put.Wait(); err != nil {
		return fmt.Errorf("storing the pack: %w", err)
	}
	e.opt.Hook("after-put")
	return nil
}

func sum(path string) (size int64, hash string, err error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, "", err
	}
	defer f.Close()
	h := sha256.New()
	if size, err = io.Copy(h, f); err != nil {
		return 0, "", err
	}
	return size, hex.EncodeToString(h.Sum(nil)), nil
}

// abandon takes back an upload that will not be committed. What fails here the
// sweeper makes good.
func (e *Engine) abandon(ctx context.Context, in *incoming) {
	if in == nil || in.file == "" || in.pack.Repo == "" {
		return
	}
	for _, ext := range []string{".pack", ".idx"} {
		if e.opt.Objects.Delete(ctx, blobKey(in.pack.Repo, in.pack.ID, ext)) != nil {
			return
		}
	}
	_ = e.store.Update(ctx, func(tx store.Tx) error { return tx.DeleteUpload(in.pack.Repo, in.pack.ID) })
}
