package chaos

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"
)

var (
	flagTime   = flag.Duration("chaos.time", 8*time.Second, "how long clients work and nodes are killed")
	flagKills  = flag.Int("chaos.kills", 0, "instead of for a time, until so many nodes were killed")
	flagNodes  = flag.Int("chaos.nodes", 2, "nodes of the cluster")
	flagStorms = flag.Int("chaos.storms", 0, "how many storms may pass until a planted bug is seen")
	flagSeed   = flag.Uint64("chaos.seed", 0, "of all that is random here; 0 takes one")
)

// storm lets clients work on a cluster with a bug while its nodes are killed,
// and returns the history of it, checked.
func storm(t *testing.T, bug string, nodes int, d time.Duration, kills int) *history {
	t.Helper()
	seed := *flagSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("seed %d", seed)
	c, h := newCluster(t, embedded(t), nodes, bug, demo), newHistory(demo)
	for _, n := range c.nodes {
		n.kill()
		n.config.Compact = compacting{Repos: []string{repoID}, Every: 300 * time.Millisecond, Trash: 2 * time.Second}
		if err := n.start(""); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.first(h); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	var clients sync.WaitGroup
	work := func(name string, f func(*client)) {
		seed++
		k, err := newClient(c, h, name, seed)
		if err != nil {
			t.Fatal(err)
		}
		clients.Go(func() { f(k) })
	}
	for i := range 3 {
		work(fmt.Sprint("contender", i), func(k *client) { k.contend(ctx) })
	}
	for i := range 2 {
		work(fmt.Sprint("owner", i), func(k *client) { k.own(ctx, fmt.Sprint("refs/heads/own/", i)) })
	}
	for i := range 3 {
		work(fmt.Sprint("crowd", i), func(k *client) { k.crowd(ctx) })
	}
	work("pair", func(k *client) { k.own(ctx, pairA, pairB) })
	work("passing", func(k *client) { k.comeAndGo(ctx) })
	for i := range 2 {
		work(fmt.Sprint("watcher", i), func(k *client) { k.watch(ctx) })
	}
	c.killer(ctx, rand.New(rand.NewPCG(seed, 1)), kills, h)
	cancel()
	clients.Wait()
	c.stop()
	log, refs := c.settle(h)
	h.check(log, refs)
	c.revive()
	c.final(h, refs)
	return h
}

// first makes main.
func (c *cluster) first(h *history) error {
	k, err := newClient(c, h, "first", 0)
	if err != nil {
		return err
	}
	id, err := k.commit(c.t.Context(), "")
	if err != nil {
		return err
	}
	if got := k.push(c.t.Context(), []change{{mainRef, "", id}}); got != acked {
		return fmt.Errorf("the first push is %s", got)
	}
	return nil
}

// summary counts what a history has.
func (h *history) summary() string {
	refs, reads := map[outcome]int{}, 0
	for _, o := range h.ops {
		if o.read != nil {
			reads++
		}
		refs[o.outcome] += len(o.changes)
	}
	return fmt.Sprintf("%d times something was killed; ref updates: %d acknowledged, %d rejected, %d unknown; %d reads; %d problems",
		len(h.kills), refs[acked], refs[rejected], refs[unknown], reads, len(h.problems))
}

// TestChaos: nodes die and nothing that was acknowledged is lost, nothing is
// read stale, nothing is left behind.
func TestChaos(t *testing.T) {
	d, kills := *flagTime, *flagKills
	if kills > 0 {
		d = time.Duration(kills) * 10 * time.Second
	} else {
		kills = 1 << 30
	}
	h := storm(t, "", *flagNodes, d, kills)
	t.Log(h.summary())
	if n := min(len(h.problems), 20); n > 0 {
		t.Errorf("%d problems:\n%s", len(h.problems), strings.Join(h.problems[:n], "\n"))
	}
	if !strings.Contains(h.summary(), " 0 acknowledged") && len(h.kills) > 0 {
		return
	}
	t.Errorf("nothing was tried: %s", h.summary())
}
