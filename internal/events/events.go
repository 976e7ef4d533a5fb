// Package events delivers what other packages have committed to the store's
// outbox: each event at least once, those of one repository in their order, by
// one node at a time. A Sink takes them: a Log is a file of lines, a Webhook a
// server that is told by HTTPS.
//
// An event that cannot be delivered holds back those of its repository, is tried
// again later and later, and is given up after a time: then it goes to a file of
// undelivered ones. The package does not know what events mean.
package events

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"sojourn/internal/store"
)

// Sink takes events. Deliver may be called for several repositories at a time,
// for one in the order of its events, and again for one that it has taken.
type Sink interface {
	Deliver(ctx context.Context, payload []byte) error
	// Flush makes sure that what Deliver has taken stays.
	Flush() error
}

// ErrRefused is in an error of a Sink that says that this event will not be
// taken, however often it is sent.
var ErrRefused = errors.New("the receiver refuses it")

// Options of a Deliverer. All but Every are required.
type Options struct {
	Kind  string // of the events that are delivered
	Store store.Store
	Sink  Sink
	Now   func() time.Time
	Log   *slog.Logger
	// Owner is this node's name in the lease by which one node of several delivers.
	// A node without others has always the same, so that it need not wait after a crash.
	Owner string
	// Undelivered keeps what is given up. An error leaves the event in the outbox.
	Undelivered func(payload []byte) error
	Every       time.Duration // between looks at the outbox; 1 second
}

// Bounds of delivery.
const (
	batch       = 256              // events that are read at a time
	together    = 8                // repositories whose events are sent at a time
	leaseTime   = 30 * time.Second // longer than a delivery takes
	longest     = 5 * time.Minute  // between two tries
	maxAge      = 24 * time.Hour   // then an event is given up
	maxAgeUp    = time.Hour        // that the node runs, before it gives old ones up
	maxRefusals = 10               // tries of one that is refused
)

// NewOwner names a node among others.
func NewOwner() string { return rand.Text() }

// Stats are counts since the start, and what is still to be delivered.
type Stats struct {
	Delivered, Failures, GivenUp int64
	Backlog                      int64
	Oldest                       time.Time // of the backlog; zero for none
}

// Deliverer takes events of one kind from the outbox to a sink.
type Deliverer struct {
	opt                          Options
	delivered, failures, givenUp atomic.Int64
	started, until               time.Time // until is of the lease

	cancel context.CancelFunc
	done   chan struct{}
}

// Start begins to deliver, until Stop.
func Start(opt Options) *Deliverer {
	if opt.Every == 0 {
		opt.Every = time.Second
	}
	ctx, cancel := context.WithCancel(context.Background())
	d := &Deliverer{opt: opt, started: opt.Now(), cancel: cancel, done: make(chan struct{})}
	go d.run(ctx)
	return d
}

// Stop ends delivery; what is under way is ended and delivered again by who comes next.
func (d *Deliverer) Stop() error {
	d.cancel()
	<-d.done
	ctx, cancel := context.WithTimeout(context.Background(), leaseTime)
	defer cancel()
	return d.opt.Store.Update(ctx, func(tx store.Tx) error { return tx.DropLease(d.lease(), d.opt.Owner) })
}

// Stats tells what was done and what is to do.
func (d *Deliverer) Stats(ctx context.Context) (s Stats, err error) {
	s = Stats{Delivered: d.delivered.Load(), Failures: d.failures.Load(), GivenUp: d.givenUp.Load()}
	err = d.opt.Store.View(ctx, func(tx store.Tx) error {
		n, oldest, err := tx.CountEvents(d.opt.Kind)
		if s.Backlog = n; n > 0 {
			s.Oldest = time.Unix(oldest, 0)
		}
		return err
	})
	return s, err
}

func (d *Deliverer) lease() string { return "events-" + d.opt.Kind }

func (d *Deliverer) run(ctx context.Context) {
	defer close(d.done)
	tick := time.NewTicker(d.opt.Every)
	defer tick.Stop()
	for {
		more, err := d.round(ctx)
		if err != nil && ctx.Err() == nil {
			d.opt.Log.Warn("events wait", "kind", d.opt.Kind, "cause", err)
		}
		if more && err == nil {
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// round delivers a batch; more when another one may be there.
func (d *Deliverer) round(ctx context.Context) (more bool, err error) {
	var due []store.Event
	now := d.opt.Now()
	err = d.opt.Store.View(ctx, func(tx store.Tx) (err error) {
		due, err = tx.DueEvents(d.opt.Kind, now.Unix(), batch)
		return err
	})
	if err != nil || len(due) == 0 {
		return false, err
	}
	if mine, err := d.hold(ctx, now); err != nil || !mine {
		return false, err
	}
	ctx, cancel := context.WithDeadline(ctx, time.Now().Add(d.until.Sub(now)-leaseTime/6)) // another may begin then
	defer cancel()
	err = d.deliver(ctx, due)
	return ctx.Err() == nil && len(due) == batch, err
}

// hold takes or prolongs the lease; false when another node has it.
func (d *Deliverer) hold(ctx context.Context, now time.Time) (mine bool, err error) {
	if d.until.Sub(now) > leaseTime/2 {
		return true, nil
	}
	until := now.Add(leaseTime)
	err = d.opt.Store.Update(ctx, func(tx store.Tx) error {
		return tx.TakeLease(d.lease(), d.opt.Owner, now.Unix(), until.Unix())
	})
	if errors.Is(err, store.ErrExists) {
		return false, nil
	}
	if err == nil {
		d.until = until
	}
	return err == nil, err
}

// deliver sends the events of several repositories at a time and takes those
// that have arrived out of the outbox.
func (d *Deliverer) deliver(ctx context.Context, due []store.Event) error {
	var g errgroup.Group
	g.SetLimit(together)
	var out outcome
	for len(due) > 0 {
		n := 1
		for n < len(due) && due[n].Repo == due[0].Repo {
			n++
		}
		one := due[:n]
		due = due[n:]
		g.Go(func() error {
			d.repository(ctx, one, &out)
			return nil
		})
	}
	g.Wait()
	if err := d.opt.Sink.Flush(); err != nil {
		return err // nothing counts as taken
	}
	d.delivered.Add(int64(len(out.gone)) - out.givenUp)
	d.givenUp.Add(out.givenUp)
	d.failures.Add(int64(len(out.failed)))
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaseTime)
	defer cancel()
	return d.opt.Store.Update(ctx, out.write)
}

// outcome is what came of a batch.
type outcome struct {
	mu      sync.Mutex
	gone    []store.Event // delivered or given up
	failed  []store.Event // Due and Tries say when they are tried again
	givenUp int64
}

func (o *outcome) write(tx store.Tx) error {
	for _, e := range o.gone {
		if err := tx.DeleteEvent(e.Repo, e.Version, e.Seq); err != nil {
			return err
		}
	}
	for _, e := range o.failed {
		err := tx.DelayEvent(e.Repo, e.Version, e.Seq, e.Due, e.Tries)
		if err != nil && !errors.Is(err, store.ErrNotFound) { // another node has delivered it
			return err
		}
	}
	return nil
}

// repository delivers events of one repository up to the first that fails.
func (d *Deliverer) repository(ctx context.Context, list []store.Event, out *outcome) {
	for _, e := range list {
		if ctx.Err() != nil {
			return
		}
		err := d.opt.Sink.Deliver(ctx, []byte(e.Payload))
		if ctx.Err() != nil && err != nil {
			return // ours, not the receiver's doing
		}
		gaveUp := err != nil && d.hopeless(&e, err)
		out.mu.Lock()
		switch {
		case err == nil:
			out.gone = append(out.gone, e)
		case gaveUp:
			out.gone = append(out.gone, e)
			out.givenUp++
		default:
			e.Tries++
			wait := min(time.Second<<min(e.Tries-1, 20), longest)
			e.Due = d.opt.Now().Add(wait).Unix()
			out.failed = append(out.failed, e)
			d.opt.Log.Warn("an event was not delivered", "kind", d.opt.Kind, "repository", e.Repo, "tries", e.Tries, "again_in", wait, "cause", err)
		}
		out.mu.Unlock()
		if err != nil && !gaveUp {
			return
		}
	}
}

// hopeless gives an event up that has been tried for long enough.
func (d *Deliverer) hopeless(e *store.Event, cause error) bool {
	now := d.opt.Now()
	old := now.Sub(time.Unix(e.At, 0)) > maxAge && now.Sub(d.started) > maxAgeUp
	refused := errors.Is(cause, ErrRefused) && e.Tries+1 >= maxRefusals
	if !old && !refused {
		return false
	}
	if err := d.opt.Undelivered([]byte(e.Payload)); err != nil {
		d.opt.Log.Error("an event that is given up cannot be kept, so it is tried again", "kind", d.opt.Kind, "repository", e.Repo, "error", err)
		return false
	}
	d.opt.Log.Error("an event is given up", "kind", d.opt.Kind, "repository", e.Repo, "tries", e.Tries+1, "error", fmt.Sprint(cause))
	return true
}
