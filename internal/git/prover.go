package git

import (
	"context"
	"errors"
	"sync"
	"time"

	"sojourn/internal/store"
)

// prover makes proofs in the background, one at a time: for repositories that
// somebody has cloned whole, or that were just compacted. Nothing waits for it
// for long, and nothing breaks without it.
type prover struct {
	e      *Engine
	ctx    context.Context
	cancel context.CancelFunc
	wake   chan struct{}
	done   chan struct{}

	mu   sync.Mutex
	todo map[string]chan struct{} // by repository; closed when it was tried
	next []string                 // in their order
}

func startProver(e *Engine) *prover {
	p := &prover{e: e, wake: make(chan struct{}, 1), done: make(chan struct{}), todo: map[string]chan struct{}{}}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	go p.run()
	return p
}

// ask has a repository's proof made, if its state calls for one. The channel is
// closed when that was tried.
func (p *prover) ask(repoID string) <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	tried, ok := p.todo[repoID]
	if !ok {
		tried = make(chan struct{})
		p.todo[repoID] = tried
		p.next = append(p.next, repoID)
		select {
		case p.wake <- struct{}{}:
		default:
		}
	}
	return tried
}

func (p *prover) run() {
	defer close(p.done)
	for {
		id, tried := p.take()
		if tried == nil {
			select {
			case <-p.ctx.Done():
				return
			case <-p.wake:
			}
			continue
		}
		if p.ctx.Err() == nil {
			p.one(id)
		}
		close(tried)
	}
}

// take removes what is first in line, so that who asks from now on is not told
// of a state before.
func (p *prover) take() (id string, tried chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.next) == 0 {
		return "", nil
	}
	id, p.next = p.next[0], p.next[1:]
	tried = p.todo[id]
	delete(p.todo, id)
	return id, tried
}

func (p *prover) one(id string) {
	begin := time.Now()
	err := p.e.proveNow(p.ctx, id)
	switch {
	case err == nil:
		p.e.stats.proofs.Add(1)
		p.e.opt.Log.Debug("the packs are what the refs reach", "repository", id, "took", time.Since(begin))
	case errors.Is(err, errUnproven):
		p.e.opt.Log.Debug("packs cannot be sent as they are", "repository", id, "cause", err, "took", time.Since(begin))
	case p.ctx.Err() == nil && !errors.Is(err, ErrNoRepository):
		p.e.opt.Log.Warn("proving what packs hold", "repository", id, "cause", err)
	}
}

func (p *prover) stop() {
	p.cancel()
	<-p.done
}

// proveNow brings the proof of a repository up to what is committed.
func (e *Engine) proveNow(ctx context.Context, id string) error {
	r, s, packs, err := e.settled(ctx, id)
	if err != nil {
		return err
	}
	old, stuck := r.proofState()
	if old != nil && old.is(s) && old.gen.packGen == s.packGen || stuck == s.packGen {
		return nil
	}
	g, err := e.objectsOf(ctx, r, s)
	if err != nil {
		return err
	}
	defer g.drop()
	if g.packGen != s.packGen {
		return unproven("the packs have changed meanwhile")
	}
	var p *proof
	if old != nil && old.gen == g && old.epoch == s.gcEpoch && old.version < s.version {
		p, err = e.extend(ctx, old, g, s, packs)
		if errors.Is(err, errUnproven) {
			p = nil
		} else if err != nil {
			return err
		}
	}
	if p == nil {
		if p, err = e.prove(ctx, g, s, packs); errors.Is(err, errUnproven) {
			r.unprovable(s.packGen) // until it is compacted: what is too much stays
			e.upkeep.setApart(id)
		}
	}
	if err != nil {
		return err
	}
	r.keepProof(p)
	return nil
}

// provable has a proof made of what has just changed, where it is of use.
func (e *Engine) provable(r *repo) {
	if e.prover != nil && r.wanted.Load() {
		e.prover.ask(r.id)
	}
}

// compacted has a proof made of new packs: after a base always, for the walk is
// short with its bitmap.
func (e *Engine) compacted(repoID string, kind Compaction) {
	if e.prover != nil && (kind == CompactBase || e.warm.repo(repoID).wanted.Load()) {
		e.prover.ask(repoID)
	}
}

// settled is a repository's snapshot with the packs of the same state.
func (e *Engine) settled(ctx context.Context, id string) (r *repo, s *snapshot, packs []store.Pack, err error) {
	for range 5 {
		if r, s, err = e.open(ctx, byID(id)); err != nil {
			return nil, nil, nil, err
		}
		same := false
		err = e.store.View(ctx, func(tx store.Tx) error {
			row, err := tx.RepositoryByID(id)
			if same = err == nil && s.is(&row); same {
				packs, err = tx.Packs(id)
			}
			return err
		})
		if errors.Is(err, store.ErrNotFound) {
			err = ErrNoRepository
		}
		if err != nil || same {
			return r, s, packs, err
		}
	}
	return nil, nil, nil, unproven("the repository changes too fast")
}

// proofState is the last proof, and the generation of packs of which there is none.
func (r *repo) proofState() (p *proof, unprovable int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.proof, r.stuck
}

func (r *repo) unprovable(packGen int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stuck = packGen
}

// keepProof keeps a proof over the packs that are kept.
func (r *repo) keepProof(p *proof) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.cold || r.gen != p.gen {
		return
	}
	r.proof = p
}

// proofFor returns the proof for a snapshot, and the generation with its packs,
// held, if there is one.
func (r *repo) proofFor(s *snapshot) (*proof, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.proof == nil || !r.proof.is(s) {
		return nil, false
	}
	r.proof.gen.hold()
	return r.proof, true
}
