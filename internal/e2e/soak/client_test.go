//go:build linux

package soak

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// client is one user. It acts, pauses, acts; an act is whole before the client rests.
type client struct {
	w      *world
	kind   string
	name   string
	number int // among its kind
	home   string
	random *rand.Rand
	http   *http.Client
	slow   bool // starts processes
	act    func(context.Context) error
	n      int // acts
	tip    string
}

// crowd is how many there are of each kind: 50.
var crowd = []struct {
	kind  string
	count int
	git   bool
	act   func(*client) func(context.Context) error
}{
	{"clone", 5, true, func(k *client) func(context.Context) error { return k.clones }},
	{"fetch", 5, true, func(k *client) func(context.Context) error { return k.fetches }},
	{"push", 8, true, func(k *client) func(context.Context) error { return k.pushes }},
	{"light push", 2, false, func(k *client) func(context.Context) error { return k.lightPush }},
	{"list refs", 4, false, func(k *client) func(context.Context) error { return k.lists }},
	{"assume role", 5, false, func(k *client) func(context.Context) error { return k.assumes }},
	{"web identity", 3, false, func(k *client) func(context.Context) error { return k.signsInWeb }},
	{"SAML", 2, false, func(k *client) func(context.Context) error { return k.signsInSAML }},
	{"CodeCommit", 4, false, func(k *client) func(context.Context) error { return k.repositories }},
	{"IAM", 2, false, func(k *client) func(context.Context) error { return k.users }},
	{"leave", 4, false, func(k *client) func(context.Context) error { return k.leaves }},
	{"slow", 2, false, func(k *client) func(context.Context) error { return k.readsSlowly }},
	{"wrong", 3, false, func(k *client) func(context.Context) error { return k.isWrong }},
	{"LFS", 1, false, func(k *client) func(context.Context) error { return k.asksLFS }},
}

// clients makes them: all, or those that start no git.
func (w *world) clients(gits bool) (list []*client, err error) {
	for _, c := range crowd {
		for i := range c.count {
			if c.git && !gits {
				continue
			}
			k := &client{w: w, kind: c.kind, name: fmt.Sprintf("%s-%d", slug(c.kind), i), number: i, slow: c.git, home: filepath.Join(w.t.TempDir(), "home"),
				random: rand.New(rand.NewPCG(uint64(len(list)), 7)), http: w.client(fmt.Sprintf("127.0.1.%d", len(list)+1))}
			k.act = c.act(k)
			if err := os.Mkdir(k.home, 0o700); err != nil {
				return nil, err
			}
			if err := k.settings(); err != nil {
				return nil, err
			}
			list = append(list, k)
		}
	}
	return list, nil
}

func slug(kind string) string {
	b := []byte(kind)
	for i, c := range b {
		if c == ' ' {
			b[i] = '-'
		}
	}
	return string(b)
}

// work has all clients act until time is over, and waits for their last acts.
func work(ctx context.Context, clients []*client) {
	var all sync.WaitGroup
	for _, k := range clients {
		all.Go(func() {
			pause := *flagPause
			if k.slow {
				pause *= 4
			}
			for k.pause(ctx, pause) {
				whole, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Minute)
				k.w.ledger.act(k.kind, k.act(whole))
				cancel()
				k.n++
			}
			k.http.CloseIdleConnections()
		})
	}
	all.Wait()
}

func (k *client) pause(ctx context.Context, average time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(time.Duration(k.random.Int64N(2 * int64(average)))):
		return true
	}
}
