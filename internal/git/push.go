package git

import (
	"bufio"
	"context"
	"errors"
	"io"
	"slices"
	"time"

	"sojourn/internal/git/gitexec"
	"sojourn/internal/git/gitproto"
	"sojourn/internal/pktline"
)

// keepAlive is how often a waiting client hears that we still work.
const keepAlive = 5 * time.Second

// deciding says for each update whether the caller may do it: nil, or why not.
type deciding func([]RefUpdate) ([]error, error)

// push is one git push.
type push struct {
	e   *Engine
	r   *repo
	c   *change
	may deciding

	in   *bufio.Reader
	out  io.Writer
	said *gitproto.Push
	side *pktline.Sideband // nil where the client does not want it
}

// receive does a push from a client's stream and reports to it. An error means
// that nothing has been reported.
func (e *Engine) receive(ctx context.Context, r *repo, s *snapshot, actor string, may deciding, in io.Reader, out io.Writer) error {
	p := &push{e: e, r: r, may: may, in: bufio.NewReaderSize(in, 64<<10), out: out, c: &change{id: newID(), repo: s.id, actor: actor, snap: s}}
	said, err := gitproto.ReadPush(pktline.NewReader(p.in))
	p.said, p.c.atomic = said, said.Atomic
	if said.SideBand {
		p.side = pktline.NewSideband(out)
	}
	switch {
	case errors.Is(err, gitproto.ErrTooManyCommands):
		if err := p.drain(); err != nil {
			return err
		}
		return p.report(err.Error())
	case err != nil:
		return err
	case len(said.Commands) == 0:
		return nil // a probe, before a large push
	}
	stop := p.stayAlive()
	unpack, err := p.run(ctx)
	stop()
	if err != nil {
		return err
	}
	return p.report(unpack)
}

// drain reads on to the end, so that the client gets to read our answer.
func (p *push) drain() error {
	_, err := io.Copy(io.Discard, io.LimitReader(p.in, p.e.opt.MaxPack))
	return err
}

// stayAlive sends signs of life until stop is called.
func (p *push) stayAlive() (stop func()) {
	if p.side == nil {
		return func() {}
	}
	quit, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(keepAlive)
		defer tick.Stop()
		for {
			select {
			case <-quit:
				return
			case <-tick.C:
				p.side.Send(pktline.BandData, nil)
			}
		}
	}()
	return func() { close(quit); <-done }
}

// run does the push. unpack is what the report says of the pack, "" if it is well.
func (p *push) run(ctx context.Context) (unpack string, err error) {
	if err := p.check(); err != nil {
		return "", err
	}
	if !p.c.refuseRest() {
		return "", p.drain()
	}
	g, err := p.e.objectsOf(ctx, p.r, p.c.snap)
	if err != nil {
		return "", err
	}
	defer g.drop()
	in, err := p.readPack(ctx, g)
	if in != nil {
		defer in.remove()
	}
	if refused, ok := errors.AsType[unpackError](err); ok {
		refuse(p.c.alive(), p.whole(ErrUnpack))
		return string(refused), nil
	}
	if err != nil {
		return "", err
	}
	p.e.opt.Hook("after-index-pack")
	return "", p.finish(ctx, g, in)
}

// check refuses what can be refused before a pack is read: what the policy
// denies, names, refs that have moved.
func (p *push) check() error {
	wanted := make([]RefUpdate, len(p.said.Commands))
	for i, c := range p.said.Commands {
		wanted[i] = RefUpdate{Name: c.Ref, Old: c.Old, New: c.New}
		p.c.updates = append(p.c.updates, &update{RefUpdate: wanted[i]})
	}
	denied, err := p.may(wanted)
	if err != nil {
		return err
	}
	p.c.screen()
	for i, u := range p.c.updates {
		if denied[i] != nil {
			u.err = denied[i] // what is denied tells nothing else
		}
	}
	return nil
}

// readPack takes the pack into quarantine. A push that only deletes has none.
func (p *push) readPack(ctx context.Context, g *generation) (*incoming, error) {
	if !slices.ContainsFunc(p.said.Commands, func(c gitproto.Command) bool { return c.New != "" }) {
		return nil, nil
	}
	in, err := p.e.newIncoming()
	if err != nil {
		return in, err
	}
	var progress func([]byte)
	if p.side != nil && !p.said.Quiet {
		progress = func(line []byte) { p.side.Send(pktline.BandProgress, line) }
	}
	return in, p.e.index(ctx, in, g, p.in, progress)
}

// whole is the reason to refuse a ref that lacks objects, which of a push from
// a shallow repository says what to do.
func (p *push) whole(reason error) error {
	if len(p.said.Shallow) > 0 {
		return ErrShallow
	}
	return reason
}

// finish verifies, stores and commits what is in quarantine.
func (p *push) finish(ctx context.Context, g *generation, in *incoming) error {
	o := gitexec.Objects{Dir: g.path}
	if in != nil {
		o = in.objects(g)
		if in.file != "" {
			p.c.pack = in
		}
	}
	if err := p.e.verify(ctx, p.c, o); err != nil {
		return err
	}
	for _, u := range p.c.updates {
		if errors.Is(u.err, ErrMissing) {
			u.err = p.whole(u.err)
		}
	}
	if !p.c.refuseRest() {
		return nil
	}
	if p.c.pack != nil {
		if err := p.e.upload(context.WithoutCancel(ctx), in, p.c.repo); err != nil {
			p.e.abandon(context.WithoutCancel(ctx), in)
			return err
		}
	}
	again, err := p.e.commit(ctx, p.r, p.c)
	if again {
		refuse(p.c.alive(), ErrMissing) // a purge has just taken objects; a new push will see
		p.e.abandon(context.WithoutCancel(ctx), p.c.pack)
		return nil
	}
	return err
}

// report tells the client what came of each ref.
func (p *push) report(unpack string) error {
	if !p.said.Report() && unpack == "" {
		return nil
	}
	refs := make([]gitproto.RefStatus, len(p.c.updates))
	for i, u := range p.c.updates {
		refs[i] = gitproto.RefStatus{Ref: u.Name}
		if u.err != nil {
			refs[i].Reason = u.err.Error()
		}
	}
	body := gitproto.AppendReport(nil, unpack, refs)
	if p.side == nil {
		_, err := p.out.Write(body)
		return err
	}
	return errors.Join(p.side.Send(pktline.BandData, body), p.side.Close())
}
