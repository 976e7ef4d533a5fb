package gitexec

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
)

// BusyError says that no place for a process could be had. It is ErrBusy.
type BusyError struct {
	Own   bool          // the asker's own requests take what it may have
	Retry time.Duration // after which asking again makes sense
}

func (e *BusyError) Error() string {
	if e.Own {
		return "too many git processes of one caller are running or waiting"
	}
	return ErrBusy.Error()
}

// Is makes every BusyError an ErrBusy.
func (*BusyError) Is(target error) bool { return target == ErrBusy }

// Owner is on whose behalf processes run.
type Owner struct{ Account, Principal string }

type ownerKey struct{}

// OnBehalf makes what runs under the context count as owner's.
func OnBehalf(ctx context.Context, o Owner) context.Context {
	return context.WithValue(ctx, ownerKey{}, o)
}

// ownerOf is the context's owner, else the account that the command names.
func ownerOf(ctx context.Context, c *Command) Owner {
	if o, ok := ctx.Value(ownerKey{}).(Owner); ok {
		return o
	}
	return Owner{Account: c.owner}
}

// queue hands out places for processes of one class. A place that comes free
// goes to the account that has the fewest, in it to the principal that has the
// fewest, among equals to who came first: so who asks for much waits for its own
// requests, not others for them. One principal has three quarters of the places
// at the most, so that another never waits for all of its to end.
type queue struct {
	places, room int // processes at a time; requests that wait

	mu      sync.Mutex
	running int
	has     map[Owner]int  // places of a principal
	of      map[string]int // places of an account
	waiting []*waiter      // by arrival
	waits   map[Owner]int
}

type waiter struct {
	owner   Owner
	granted chan struct{}
}

func newQueue(places, room int) *queue {
	return &queue{places: places, room: room, has: map[Owner]int{}, of: map[string]int{}, waits: map[Owner]int{}}
}

// share is how many places one principal may have.
func (q *queue) share() int { return max(1, 3*q.places/4) }

// own is how many requests of one principal may wait.
func (q *queue) own() int { return max(1, q.room/4) }

func (q *queue) may(o Owner) bool { return q.has[o] < q.share() }

// full says whether the next request of an owner would be refused.
func (q *queue) full(o Owner) *BusyError {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.refuses(o)
}

func (q *queue) refuses(o Owner) *BusyError {
	switch {
	case q.running < q.places && q.may(o):
		return nil
	case q.waits[o] >= q.own():
		return &BusyError{Own: true, Retry: retryAfter}
	case len(q.waiting) >= q.room:
		return &BusyError{Retry: retryAfter}
	}
	return nil
}

// retryAfter is what a refusal names: by then some places have come free, if
// they do at all.
const retryAfter = 30 * time.Second

// take waits for a place until ctx ends or the patience is over.
func (q *queue) take(ctx context.Context, o Owner, patience time.Duration, name string) (release func(), err error) {
	q.mu.Lock()
	if q.running < q.places && q.may(o) { // nobody waits who could have it
		q.grant(o)
		q.mu.Unlock()
		return q.releaser(o), nil
	}
	if busy := q.refuses(o); busy != nil {
		q.mu.Unlock()
		return nil, fmt.Errorf("waiting to run git %s: %w", name, busy)
	}
	w := &waiter{owner: o, granted: make(chan struct{})}
	q.waiting = append(q.waiting, w)
	q.waits[o]++
	q.mu.Unlock()

	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-w.granted:
		return q.releaser(o), nil
	case <-ctx.Done():
		err = context.Cause(ctx)
	case <-timer.C:
		err = &BusyError{Retry: retryAfter}
	}
	if q.leave(w) {
		return nil, fmt.Errorf("waiting to run git %s: %w", name, err)
	}
	if ctx.Err() != nil { // granted at the same moment
		q.releaser(o)()
		return nil, fmt.Errorf("waiting to run git %s: %w", name, err)
	}
	return q.releaser(o), nil
}

// leave takes a waiter out of the line; false when it has a place already.
func (q *queue) leave(w *waiter) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	i := slices.Index(q.waiting, w)
	if i < 0 {
		return false
	}
	q.unqueue(i)
	if busy, ok := q.waits[w.owner]; ok && busy == 0 {
		delete(q.waits, w.owner)
	}
	return true
}

func (q *queue) unqueue(i int) {
	q.waits[q.waiting[i].owner]--
	q.waiting = slices.Delete(q.waiting, i, i+1)
}

func (q *queue) grant(o Owner) {
	q.running++
	q.has[o]++
	q.of[o.Account]++
}

func (q *queue) releaser(o Owner) func() {
	return sync.OnceFunc(func() {
		q.mu.Lock()
		defer q.mu.Unlock()
		q.running--
		if q.has[o]--; q.has[o] == 0 {
			delete(q.has, o)
		}
		if q.of[o.Account]--; q.of[o.Account] == 0 {
			delete(q.of, o.Account)
		}
		q.next()
	})
}

// next gives free places away.
func (q *queue) next() {
	for q.running < q.places {
		best := -1
		for i, w := range q.waiting {
			if q.may(w.owner) && (best < 0 || q.before(w.owner, q.waiting[best].owner)) {
				best = i
			}
		}
		if best < 0 {
			return
		}
		w := q.waiting[best]
		q.unqueue(best)
		if q.waits[w.owner] == 0 {
			delete(q.waits, w.owner)
		}
		q.grant(w.owner)
		close(w.granted)
	}
}

func (q *queue) before(a, b Owner) bool {
	if x, y := q.of[a.Account], q.of[b.Account]; x != y {
		return x < y
	}
	return q.has[a] < q.has[b]
}

func (q *queue) counts() (running, waiting int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.running, len(q.waiting)
}
