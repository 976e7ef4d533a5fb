package git

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"sojourn/internal/git/gitexec"
	"sojourn/internal/git/gitproto"
	"sojourn/internal/pktline"
)

// approval is who lets a push through.
type approval struct {
	// may decides which refs it may change: an error for each.
	may func(ctx context.Context, refs []RefUpdate) ([]error, error)
	// still refuses a caller who would not be let in any more, with a denial.
	still func(ctx context.Context) error
}

// slack is what a push may have beside its pack.
const slack = 16 << 20

var errTooLarge = errors.New("the push is larger than the server permits")

// capped ends with errTooLarge after n bytes.
type capped struct {
	src io.Reader
	n   int64
}

func (c *capped) Read(p []byte) (int, error) {
	if c.n <= 0 {
		return 0, errTooLarge
	}
	n, err := c.src.Read(p[:min(int64(len(p)), c.n)])
	c.n -= int64(n)
	return n, err
}

// push serves one request of a push by actor, an ARN, and reports what came of
// it. When it returns an error nothing has been reported.
func (e *Engine) push(ctx context.Context, r *repo, s *snapshot, actor string, by approval, body io.Reader, out io.Writer) error {
	src := bufio.NewReaderSize(&capped{body, e.opt.MaxPack + slack}, 64<<10)
	req, err := gitproto.ReadPush(pktline.NewReader(src))
	t := newTalk(req, out, e.opt.KeepAlive)
	if err != nil {
		return t.refuse(err, src)
	}
	if len(req.Commands) == 0 {
		return nil // a probe: can a long request be sent?
	}
	c := &change{id: newID(), repo: s.id, actor: actor, atomic: req.Atomic, snap: s, quota: e.opt.Quota}
	wanted := make([]RefUpdate, len(req.Commands))
	for i, cmd := range req.Commands {
		wanted[i] = RefUpdate{Name: cmd.Ref, Old: cmd.Old, New: cmd.New}
		c.updates = append(c.updates, &update{RefUpdate: wanted[i]})
	}
	denied, err := by.may(ctx, wanted)
	if err != nil {
		return err
	}
	for i, err := range denied {
		c.updates[i].err = err
	}
	c.screen()
	in := &eofReader{src: src, atEOF: t.startKeepAlive}
	defer t.stopKeepAlive()
	unpack := ""
	if c.refuseRest() {
		unpack, err = e.pushAlive(ctx, r, c, req, by, t, in)
		err = e.excuse(c, in, err)
	} else {
		err = drain(in)
	}
	if err != nil {
		return err
	}
	t.stopKeepAlive()
	e.opt.Hook(atReport)
	return t.report(unpack, c)
}

// pushAlive takes the pack in and commits. It returns why the pack was refused, if it was.
func (e *Engine) pushAlive(ctx context.Context, r *repo, c *change, req *gitproto.Push, by approval, t *talk, src io.Reader) (unpack string, err error) {
	c.ask = &asking{approval: by, now: e.opt.Now, at: e.opt.Now()}
	g, err := e.objectsOf(ctx, r, c.snap)
	if err != nil {
		return "", err
	}
	defer g.drop()
	if err := e.takePack(ctx, c, req, g, t, src); err != nil {
		refused, ok := errors.AsType[*unpackError](err)
		if !ok {
			return "", err
		}
		e.opt.Log.Info("pack refused", "repository", c.repo, "cause", refused)
		if refused.missing && len(req.Shallow) > 0 {
			refuse(c.alive(), ErrShallow)
			return "", nil
		}
		if refused.refusal != nil {
			refuse(c.alive(), refused.refusal)
			return "", nil
		}
		refuse(c.alive(), ErrUnpack)
		return refused.text, nil
	}
	defer func() { e.discard(ctx, c.pack) }()
	if err := c.askAgain(ctx); err != nil || !c.refuseRest() {
		return "", err
	}
	stored := c.pack == nil
	return "", e.finish(ctx, r, c, func(ctx context.Context, o gitexec.Objects) error {
		group, ctx := errgroup.WithContext(ctx)
		group.Go(func() error { return e.verify(ctx, c, o) })
		if !stored {
			stored = true
			group.Go(func() error { return e.put(ctx, c.pack) })
		}
		return group.Wait()
	})
}

// takePack reads the pack, if there is one: a push that only deletes has none.
func (e *Engine) takePack(ctx context.Context, c *change, req *gitproto.Push, g *generation, t *talk, src io.Reader) error {
	for _, cmd := range req.Commands {
		if cmd.New != "" {
			room, err := e.room(ctx, c.snap.account)
			if err == nil {
				c.pack, err = e.receive(ctx, c.snap, g, src, room, t.progress())
			}
			return err
		}
	}
	return drain(src)
}

func drain(src io.Reader) error {
	if _, err := io.Copy(io.Discard, src); err != nil {
		return fmt.Errorf("reading a push that is refused: %w", err)
	}
	return nil
}

// eofReader calls atEOF once when the source has ended.
type eofReader struct {
	src   io.Reader
	atEOF func()
}

func (r *eofReader) Read(p []byte) (int, error) {
	n, err := r.src.Read(p)
	if err == io.EOF && r.atEOF != nil {
		r.atEOF()
		r.atEOF = nil
	}
	return n, err
}

// talk is the answer to a push, as it is given.
type talk struct {
	req  *gitproto.Push
	out  io.Writer
	band *pktline.Sideband // nil without

	every         time.Duration // between keep-alives
	stop, stopped chan struct{} // of the keep-alives; nil before they start
}

func newTalk(req *gitproto.Push, out io.Writer, every time.Duration) *talk {
	t := &talk{req: req, out: out, every: every}
	if req.SideBand {
		t.band = pktline.NewSideband(&prompt{out: out})
	}
	return t
}

// progress returns what shows git's own progress to the user, or nil if that is not wanted.
func (t *talk) progress() func(line []byte) {
	if t.band == nil || t.req.Quiet {
		return nil
	}
	return func(line []byte) {
		if strings.HasPrefix(string(line), "Resolving deltas: ") {
			t.band.Send(pktline.BandProgress, line) // an error shows again at the report
		}
	}
}

// startKeepAlive sends signs of life until stopKeepAlive. It is called once the
// client has sent everything: before, it may not be listening.
func (t *talk) startKeepAlive() {
	if t.band == nil {
		return
	}
	t.stop, t.stopped = make(chan struct{}), make(chan struct{})
	go func() {
		defer close(t.stopped)
		tick := time.NewTicker(t.every)
		defer tick.Stop()
		for {
			select {
			case <-t.stop:
				return
			case <-tick.C:
				t.band.Send(pktline.BandData, nil)
			}
		}
	}()
}

func (t *talk) stopKeepAlive() {
	if t.stop != nil {
		close(t.stop)
		<-t.stopped
		t.stop = nil
	}
}

func (t *talk) report(unpack string, c *change) error {
	var status []gitproto.RefStatus
	for _, u := range c.updates {
		s := gitproto.RefStatus{Ref: u.Name}
		if u.err != nil {
			s.Reason = u.err.Error()
		}
		status = append(status, s)
	}
	t.tellDenials(c)
	var report []byte
	if t.req.Report() {
		report = gitproto.AppendReport(nil, unpack, status)
	}
	return t.send(report)
}

// tellDenials shows why refs were denied, each reason once.
func (t *talk) tellDenials(c *change) {
	told := map[denial]bool{}
	for _, u := range c.updates {
		d, ok := errors.AsType[denial](u.err)
		if ok && !told[d] && t.band != nil {
			told[d] = true
			t.band.Send(pktline.BandProgress, []byte(d.why+"\n")) // an error shows again at the report
		}
	}
}

// send ends the answer with data.
func (t *talk) send(data []byte) error {
	if t.band == nil {
		_, err := t.out.Write(data)
		return err
	}
	if len(data) > 0 {
		if err := t.band.Send(pktline.BandData, data); err != nil {
			return err
		}
	}
	return t.band.Close()
}

// refuse tells a client that its request as a whole cannot be served, after
// reading the rest of it, so that the client gets to read the answer.
func (t *talk) refuse(err error, src io.Reader) error {
	var text string
	if broken, ok := errors.AsType[*gitproto.Error](err); ok {
		text = broken.Text
	} else if errors.Is(err, gitproto.ErrTooManyCommands) {
		text = err.Error()
	} else {
		return err
	}
	if err := drain(src); err != nil {
		return err
	}
	return t.send(gitproto.AppendError(nil, text))
}

// askAgainAfter is how long a decision to permit a push is good for.
const askAgainAfter = 5 * time.Second

// asking is how a push is asked for again.
type asking struct {
	approval
	now func() time.Time
	at  time.Time // of the last decision
}

// askAgain asks once more who may push what: it may have taken hours, in which
// sessions end or are revoked, permissions go, and names change. It is called
// when the pack is here, and when nothing is left but the commit.
func (c *change) askAgain(ctx context.Context) error {
	if c.ask == nil {
		return nil
	}
	alive := c.alive()
	err := c.ask.still(ctx)
	if errors.Is(err, ErrDenied) {
		refuse(alive, err)
		return nil
	}
	now := c.ask.now()
	if err != nil || now.Sub(c.ask.at) <= askAgainAfter {
		return err
	}
	c.ask.at = now
	refs := make([]RefUpdate, len(alive))
	for i, u := range alive {
		refs[i] = u.RefUpdate
	}
	denied, err := c.ask.may(ctx, refs)
	for i, err := range denied {
		alive[i].err = err
	}
	return err
}
