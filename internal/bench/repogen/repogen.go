// Package repogen makes repositories of any size with the shape of a real one:
// a few thousand files in nested directories, of which some change often and
// most seldom, edited a few lines at a time; topic branches merged into a main
// line; annotated tags; some pictures that do not compress. The same Spec gives
// the same objects. What it makes is as fast-import leaves it: one pack with
// deltas against the version before, no bitmap, no commit graph.
package repogen

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
)

// Spec says which repository to make.
type Spec struct {
	Objects int    // at least; a few percent more come of merges
	Refs    int    // exactly; the main line is one
	Seed    uint64 // another seed, another history
}

// Make writes a bare repository into dir, which must not exist or be empty.
func Make(ctx context.Context, dir string, s Spec) error {
	if s.Objects < 100 || s.Refs < 1 {
		return fmt.Errorf("a repository of %d objects and %d refs is too small: 100 objects and 1 ref are the least", s.Objects, s.Refs)
	}
	if found, _ := os.ReadDir(dir); len(found) > 0 {
		return fmt.Errorf("directory %q is not empty", dir)
	}
	if err := git(ctx, nil, "init", "-q", "--bare", "--initial-branch=main", dir); err != nil {
		return err
	}
	h := plan(s)
	marks := filepath.Join(dir, "marks")
	defer os.Remove(marks)
	if err := load(ctx, dir, marks, h); err != nil {
		return err
	}
	return h.packRefs(ctx, dir, marks)
}

// load gives the history to fast-import.
func load(ctx context.Context, dir, marks string, h *history) error {
	r, w := io.Pipe()
	written := make(chan error, 1)
	go func() {
		buf := bufio.NewWriterSize(w, 1<<20)
		h.write(buf)
		err := buf.Flush()
		written <- err
		w.CloseWithError(err)
	}()
	err := git(ctx, r, "-C", dir, "fast-import", "--quiet", "--done", "--active-branches=64", "--export-marks="+marks)
	r.CloseWithError(errors.New("fast-import has ended"))
	return errors.Join(err, <-written)
}

// git runs one without the user's configuration, so that the result is nobody's own.
func git(ctx context.Context, stdin io.Reader, args ...string) error {
	var stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, "git", append([]string{
		"-c", "core.fsync=none", "-c", "fastimport.unpackLimit=1", "-c", "core.logAllRefUpdates=false", "-c", "init.templateDir=",
	}, args...)...)
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1")
	cmd.Stdin, cmd.Stderr = stdin, &stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("git %q: %w: %s", args, err, bytes.TrimSpace(stderr.Bytes()))
	}
	return nil
}
