package git

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"

	"sojourn/internal/git/gitexec"
	"sojourn/internal/git/gitproto"
	"sojourn/internal/pktline"
)

// upload answers one request of a fetch. In version 2 refs are listed here;
// packs are git's to make, from a view.
func (e *Engine) uploadPack(ctx context.Context, r *repo, s *snapshot, version int, in io.Reader, out io.Writer) error {
	if version != 2 {
		return e.runUploadPack(ctx, r, s, version, in, out)
	}
	var read bytes.Buffer // what git is to see again
	src := bufio.NewReader(in)
	packets := pktline.NewReader(io.TeeReader(src, &read))
	q, err := gitproto.ReadV2(packets)
	switch {
	case err != nil:
		return err
	case q.Command == "":
		return nil
	case q.Command == "fetch":
		return e.runUploadPack(ctx, r, s, version, io.MultiReader(&read, src), out)
	}
	var a gitproto.LsRefs
	if q.HasArgs {
		if a, err = gitproto.ReadLsRefs(packets); err != nil {
			return err
		}
	}
	_, err = out.Write(gitproto.AppendLsRefs(nil, s.visible, s.head, a))
	return err
}

func (e *Engine) runUploadPack(ctx context.Context, r *repo, s *snapshot, version int, in io.Reader, out io.Writer) error {
	v, err := e.viewOf(ctx, r, s)
	if err != nil {
		return err
	}
	defer v.drop()
	counted := &counter{w: out}
	err = e.git.Run(ctx, gitexec.UploadPack(v.path, gitexec.Objects{Dir: v.gen.path}, version, HiddenRefs), gitexec.IO{Stdin: in, Stdout: counted})
	exit, failed := errors.AsType[*gitexec.ExitError](err)
	switch {
	case !failed || exit.Input != nil:
		return err
	case counted.n == 0:
		return &gitproto.Error{Text: "git upload-pack does not understand the request"}
	}
	// Git has told the client, or the client sees that the pack is not whole.
	e.opt.Log.Info("fetch ended early", "cause", exit.Error())
	return nil
}

// counter knows whether anything has been written.
type counter struct {
	w io.Writer
	n int64
}

func (c *counter) Write(b []byte) (int, error) {
	n, err := c.w.Write(b)
	c.n += int64(n)
	return n, err
}
