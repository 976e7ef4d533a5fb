package git

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"

	"sojourn/internal/git/gitexec"
	"sojourn/internal/git/gitproto"
	"sojourn/internal/pktline"
)

// fetch answers one request of a clone or fetch in protocol version 0, 1 or 2.
// In version 2 refs are listed here; packs are git's to make, from a view.
func (e *Engine) fetch(ctx context.Context, r *repo, s *snapshot, version int, body io.Reader, out io.Writer) error {
	src := bufio.NewReader(body)
	if version < 2 {
		return e.uploadPack(ctx, r, s, version, src, out)
	}
	var taken bytes.Buffer // what git is to see again
	packets := pktline.NewReader(io.TeeReader(src, &taken))
	err := e.command(ctx, r, s, packets, io.MultiReader(&taken, src), out)
	if broken, ok := errors.AsType[*gitproto.Error](err); ok {
		_, err = out.Write(gitproto.AppendError(nil, broken.Text))
	}
	return err
}

// command serves one command of version 2. Whole is the request from its beginning.
func (e *Engine) command(ctx context.Context, r *repo, s *snapshot, packets *pktline.Reader, whole io.Reader, out io.Writer) error {
	q, err := gitproto.ReadV2(packets)
	if err != nil {
		return err
	}
	switch q.Command {
	case "ls-refs":
		var a gitproto.LsRefs
		if q.HasArgs {
			if a, err = gitproto.ReadLsRefs(packets); err != nil {
				return err
			}
		}
		_, err = out.Write(gitproto.AppendLsRefs(nil, s.visible, s.head, a))
		return err
	case "fetch":
		return e.uploadPack(ctx, r, s, 2, whole, out)
	}
	return nil // the client has ended the exchange
}

// uploadPack answers with stored packs where they are what is asked for, with an
// answer that others are given too, or with one of git's.
func (e *Engine) uploadPack(ctx context.Context, r *repo, s *snapshot, version int, src io.Reader, out io.Writer) error {
	// A place for a process is taken when the request is here: who sends slowly
	// keeps nobody waiting. The door bounds its length.
	whole, err := io.ReadAll(src)
	if err != nil {
		return err
	}
	if err := gitproto.CheckFilters(whole); err != nil {
		return err
	}
	if q, ok := gitproto.ReadFetch(version, whole); ok {
		if p := e.wholePack(ctx, r, s, q); p != nil {
			defer p.gen.drop()
			return e.sendWhole(ctx, p, q, out)
		}
		if sharable(q) {
			return e.shared(ctx, s, q, out, func(ctx context.Context, request []byte, out io.Writer) (bool, error) {
				return e.gitAnswer(ctx, r, s, version, q.Shallow(), request, out)
			})
		}
	}
	_, err = e.gitAnswer(ctx, r, s, version, false, whole, out)
	return err
}

// gitAnswer has git answer a request from a view. It reports whether git did so
// to the end.
func (e *Engine) gitAnswer(ctx context.Context, r *repo, s *snapshot, version int, shallow bool, request []byte, out io.Writer) (whole bool, err error) {
	v, err := e.viewOf(ctx, r, s)
	if err != nil {
		return false, err
	}
	defer v.drop()
	c := gitexec.UploadPack(v.path, gitexec.Objects{Dir: v.gen.path}, version, HiddenRefs).For(s.account)
	if shallow {
		c = c.Quickly()
	}
	prompt := &prompt{out: out}
	err = e.git.Run(ctx, c, gitexec.IO{Stdin: bytes.NewReader(request), Stdout: prompt})
	exit, failed := errors.AsType[*gitexec.ExitError](err)
	if !failed || exit.Input != nil {
		return err == nil, err
	}
	e.opt.Log.Info("a fetch ended early", "repository", r.id, "cause", exit)
	if prompt.n > 0 {
		return false, nil // git has told the client why, or the client sees that the pack is not whole
	}
	text := sayable(exit.Stderr, []string{"fatal: git upload-pack: "})
	_, err = out.Write(gitproto.AppendError(nil, cmp.Or(text, "git upload-pack cannot serve this request")))
	return false, err
}

// prompt hands on each piece of an answer as it comes.
type prompt struct {
	out io.Writer
	n   int64
}

func (p *prompt) Write(b []byte) (int, error) {
	n, err := p.out.Write(b)
	p.n += int64(n)
	if f, ok := p.out.(interface{ Flush() }); ok {
		f.Flush()
	}
	return n, err
}
