package postgres

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
)

// turns lets the updates of this node that have lost against another at a
// repository run one behind the other, since they would only lose again. It
// orders what is tried; what is right the database decides.
type turns struct {
	mu  sync.Mutex
	all map[string]*turn
}

type turn struct {
	token chan struct{}
	users int
}

func newTurns() *turns { return &turns{all: map[string]*turn{}} }

// take waits for the turn at a repository; "" needs none. done ends it.
func (t *turns) take(ctx context.Context, repo string) (done func(), err error) {
	if repo == "" {
		return func() {}, nil
	}
	t.mu.Lock()
	one := t.all[repo]
	if one == nil {
		one = &turn{token: make(chan struct{}, 1)}
		t.all[repo] = one
	}
	one.users++
	t.mu.Unlock()
	leave := func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		if one.users--; one.users == 0 {
			delete(t.all, repo)
		}
	}
	select {
	case one.token <- struct{}{}:
		return func() { <-one.token; leave() }, nil
	case <-ctx.Done():
		leave()
		return nil, ctx.Err()
	}
}

func isNetwork(err error) bool {
	var n net.Error
	return errors.As(err, &n) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed)
}
