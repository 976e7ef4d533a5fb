package sqlite

import (
	"context"
	"slices"
	"sync"
)

// line is a queue for one turn, first come first served. Who has the turn
// passes it on, with the batch that is open or with none.
type line struct {
	mu      sync.Mutex
	taken   bool
	waiting []chan *batch // each with room for one
}

// wait returns when it is the caller's turn. An error means that it is not.
func (l *line) wait(ctx context.Context) (*batch, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	l.mu.Lock()
	if !l.taken {
		l.taken = true
		l.mu.Unlock()
		return nil, nil
	}
	mine := make(chan *batch, 1)
	l.waiting = append(l.waiting, mine)
	l.mu.Unlock()
	select {
	case b := <-mine:
		return b, nil
	case <-ctx.Done():
	}
	if l.leave(mine) {
		return nil, ctx.Err()
	}
	return <-mine, nil // the turn came at the same moment
}

// leave gives up a place; false when its turn has come already.
func (l *line) leave(mine chan *batch) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	i := slices.Index(l.waiting, mine)
	if i < 0 {
		return false
	}
	l.waiting = slices.Delete(l.waiting, i, i+1)
	return true
}

// join passes the turn with an open batch to the next; false when nobody waits.
func (l *line) join(b *batch) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.hand(b)
}

// next passes the turn, without a batch, to the next or to whoever comes.
func (l *line) next() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.taken = l.hand(nil)
}

func (l *line) hand(b *batch) bool {
	if len(l.waiting) == 0 {
		return false
	}
	l.waiting[0] <- b
	l.waiting = slices.Delete(l.waiting, 0, 1)
	return true
}
