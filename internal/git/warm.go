package git

import (
	"container/list"
	"context"
	"fmt"
	"sync"
	"sync/atomic"
)

// repo is what this node keeps of one repository. All of it can be made again.
type repo struct {
	id    string
	build chan struct{} // held by who reads or makes something for all to use

	mu   sync.Mutex
	snap *snapshot
	gen  *generation // held
	view *view       // held
	// proof is over the packs of gen; stuck is a pack generation of which there is
	// none, for it has something that is not to be sent.
	proof *proof
	stuck int64
	cost  int64 // belongs to warm
	disk  int64 // belongs to warm
	cold  bool  // no longer kept: what is made for a request ends with it

	wanted atomic.Bool // somebody has cloned all of it: a proof is of use
}

func (r *repo) snapshot() *snapshot {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.snap
}

// setSnapshot keeps s unless something newer is known.
func (r *repo) setSnapshot(s *snapshot) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.snap != nil && r.snap.version > s.version {
		return false
	}
	r.snap = s
	return true
}

func (r *repo) lockBuild(ctx context.Context) error {
	select {
	case r.build <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("waiting for repository %s: %w", r.id, context.Cause(ctx))
	}
}

func (r *repo) unlockBuild() { <-r.build }

// cool lets go of everything.
func (r *repo) cool() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cold, r.snap = true, nil
	if r.view != nil {
		r.view.drop()
	}
	if r.gen != nil {
		r.gen.drop()
	}
	r.view, r.gen, r.proof = nil, nil, nil
}

// warm is the set of repositories that are kept: those used last, within
// bounds of their number, of the memory that their refs take, and of the disk
// that their packs take where these are no links to the object store's own.
type warm struct {
	maxRepos int
	maxCost  int64
	maxDisk  int64

	mu    sync.Mutex
	byID  map[string]*list.Element
	order *list.List // of *repo, used last first
	cost  int64
	disk  int64
}

func newWarm(maxRepos int, maxCost, maxDisk int64) *warm {
	return &warm{maxRepos: maxRepos, maxCost: maxCost, maxDisk: maxDisk, byID: map[string]*list.Element{}, order: list.New()}
}

// repo finds or makes the state of a repository.
func (w *warm) repo(id string) *repo {
	w.mu.Lock()
	el, ok := w.byID[id]
	if ok {
		w.order.MoveToFront(el)
	} else {
		el = w.order.PushFront(&repo{id: id, build: make(chan struct{}, 1), stuck: -1})
		w.byID[id] = el
	}
	gone := w.trim()
	w.mu.Unlock()
	coolAll(gone)
	return el.Value.(*repo)
}

// charge notes what a repository costs now.
func (w *warm) charge(r *repo, cost int64) { w.note(r, &w.cost, &r.cost, cost) }

// occupy notes how much disk a repository's packs take now.
func (w *warm) occupy(r *repo, bytes int64) { w.note(r, &w.disk, &r.disk, bytes) }

func (w *warm) note(r *repo, all, own *int64, now int64) {
	w.mu.Lock()
	var gone []*repo
	if el := w.byID[r.id]; el != nil && el.Value.(*repo) == r {
		*all += now - *own
		*own = now
		gone = w.trim()
	}
	w.mu.Unlock()
	coolAll(gone)
}

// trim takes out what was not used for the longest time, but never the one in use now.
func (w *warm) trim() (gone []*repo) {
	for w.order.Len() > 1 && (w.order.Len() > w.maxRepos || w.cost > w.maxCost || w.disk > w.maxDisk) {
		gone = append(gone, w.remove(w.order.Back()))
	}
	return gone
}

func (w *warm) remove(el *list.Element) *repo {
	r := w.order.Remove(el).(*repo)
	delete(w.byID, r.id)
	w.cost -= r.cost
	w.disk -= r.disk
	return r
}

// drop forgets a repository.
func (w *warm) drop(id string) {
	w.mu.Lock()
	var gone []*repo
	if el := w.byID[id]; el != nil {
		gone = append(gone, w.remove(el))
	}
	w.mu.Unlock()
	coolAll(gone)
}

// packsBefore reports whether what is kept of a repository has packs of an
// earlier generation.
func (w *warm) packsBefore(id string, packGen int64) bool {
	w.mu.Lock()
	el := w.byID[id]
	w.mu.Unlock()
	if el == nil {
		return false
	}
	r := el.Value.(*repo)
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.gen != nil && r.gen.packGen < packGen || r.view != nil && r.view.gen.packGen < packGen
}

func (w *warm) dropAll() {
	for _, id := range w.ids() {
		w.drop(id)
	}
}

func (w *warm) ids() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	ids := make([]string, 0, len(w.byID))
	for id := range w.byID {
		ids = append(ids, id)
	}
	return ids
}

// coolAll runs outside the lock of warm: it removes directories.
func coolAll(gone []*repo) {
	for _, r := range gone {
		r.cool()
	}
}
