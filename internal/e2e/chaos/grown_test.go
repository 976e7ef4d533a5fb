package chaos

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"sojourn/internal/git"
	"sojourn/internal/objects/s3/s3test"
	"sojourn/internal/sojourntest/faultproxy"
	"sojourn/internal/store"
	"sojourn/internal/store/postgres"
	"sojourn/internal/store/postgres/postgrestest"
)

var (
	flagGrown   = flag.Duration("chaos.grown", 15*time.Second, "how long clients work on nodes over PostgreSQL and S3")
	flagRepos   = flag.Int("chaos.repos", 16, "repositories of that storm")
	flagUpdates = flag.Int("chaos.updates", 0, "ref updates that must be acknowledged before that storm ends")
	flagCalm    = flag.Int("chaos.calm", 1, "how many times longer it is between two faults of that storm: a busy machine gets less done meanwhile")
	flagReads   = flag.Int("chaos.reads", 0, "reads that must be made before that storm ends")
)

const grownNodes = 4

// TestPlantedBugsGrown: what the embedded stores' suite sees is seen here.
func TestPlantedBugsGrown(t *testing.T) {
	database, bucket := postgrestest.Start(t), s3test.Start(t)
	t.Run("all", func(t *testing.T) { // the servers end behind them
		plantBugs(t, func(t *testing.T) place { return shared(t, database, bucket) })
	})
}

// TestChaosGrown: nodes, PostgreSQL and S3 are killed, and the network between
// them is cut and slowed, while git clients work on many repositories.
func TestChaosGrown(t *testing.T) {
	g := newGrown(t)
	g.storm()
	total := g.total()
	t.Logf("faults: %v; %s", g.weather, total.summary())
	if n := min(len(total.problems), 20); n > 0 {
		t.Errorf("%d problems:\n%s", len(total.problems), strings.Join(total.problems[:n], "\n"))
	}
	if updates, reads := total.counts(); updates == 0 || reads == 0 || len(total.kills) == 0 {
		t.Errorf("nothing was tried: %s", total.summary())
	}
}

// grown is a cluster over PostgreSQL and S3, all of which may fail.
type grown struct {
	t        *testing.T
	c        *cluster
	database *postgrestest.Server
	bucket   *s3test.Server
	ways     []way
	all      []*history
	random   *rand.Rand
	seed     uint64

	mu      sync.Mutex
	weather map[string]int // faults by their kind
}

// way is the network between a node and its stores.
type way struct{ database, bucket *faultproxy.Proxy }

func newGrown(t *testing.T) *grown {
	t.Helper()
	g := &grown{t: t, database: postgrestest.Start(t), bucket: s3test.Start(t), seed: *flagSeed, weather: map[string]int{}}
	if g.seed == 0 {
		g.seed = rand.Uint64()
	}
	t.Logf("seed %d", g.seed)
	g.random = rand.New(rand.NewPCG(g.seed, 1))
	repos := []repository{demo}
	for i := 1; i < *flagRepos; i++ {
		repos = append(repos, repository{fmt.Sprint(repoID, "-", i), fmt.Sprint("demo", i)})
	}
	p := shared(t, g.database, g.bucket)
	g.c = newCluster(t, p, 0, "", repos...)
	g.c.gits = make(chan struct{}, 8)
	// No node lives long enough to compact by itself what others left.
	compact := compacting{Every: time.Second, Trash: 20 * time.Second}
	for _, r := range repos {
		compact.Repos = append(compact.Repos, r.id)
	}
	for i := range grownNodes {
		w := way{faultproxy.Start(t, g.database.Addr), faultproxy.Start(t, g.bucket.Addr)}
		through := p
		through.Metadata = strings.Replace(p.Metadata, g.database.Addr, w.database.Addr, 1)
		through.Objects = strings.Replace(p.Objects, g.bucket.Addr, w.bucket.Addr, 1)
		n := &node{config: nodeConfig{Place: through, Cache: filepath.Join(p.Data, fmt.Sprint("node", i)), Listen: "127.0.0.1:0", Compact: compact}}
		t.Cleanup(n.kill)
		if err := n.start(""); err != nil {
			t.Fatal(err)
		}
		g.ways, g.c.nodes = append(g.ways, w), append(g.c.nodes, n)
	}
	for _, r := range repos {
		g.all = append(g.all, newHistory(r))
	}
	return g
}

// storm lets clients work while everything fails, and checks what they saw.
func (g *grown) storm() {
	ctx, cancel := context.WithCancel(g.t.Context())
	defer cancel()
	var clients, faults sync.WaitGroup
	for i, h := range g.all {
		for name, work := range map[string]func(*client){
			"left":    func(k *client) { k.contend(ctx) },
			"right":   func(k *client) { k.contend(ctx) },
			"pair":    func(k *client) { k.own(ctx, pairA, pairB) },
			"watcher": func(k *client) { k.watchSlowly(ctx) },
		} {
			k, err := newClient(g.c, h, h.repo.name+"-"+name, g.seed+uint64(i))
			if err != nil {
				g.t.Fatal(err)
			}
			clients.Go(func() {
				if name == "left" {
					k.begin(ctx)
				}
				work(k)
			})
		}
	}
	faults.Go(func() { g.killNodes(ctx) })
	faults.Go(func() { g.blow(ctx) })
	g.wait(ctx)
	cancel()
	faults.Wait()
	clients.Wait()
	g.t.Logf("the storm is over after %s", time.Since(g.all[0].begin).Round(time.Second))
	g.check()
}

// wait ends the storm when its time is over and enough was done, but does not
// wait for ever.
func (g *grown) wait(ctx context.Context) {
	begin, said := time.Now(), time.Now()
	for {
		pause(ctx, 500*time.Millisecond)
		updates, reads := g.total().counts()
		if d := time.Since(begin); d > *flagGrown && (updates >= *flagUpdates && reads >= *flagReads || d > 4**flagGrown) {
			return
		}
		if time.Since(said) > time.Minute {
			said = time.Now()
			g.t.Logf("after %s: %s; %s", time.Since(begin).Round(time.Second), g.total().summary(), g.sizes(ctx))
		}
	}
}

// sizes tells how much the repositories have grown, which makes all work slower.
func (g *grown) sizes(ctx context.Context) string {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	var most, packs, objects int
	var bytes int64
	st, err := postgres.Open(ctx, g.c.place.Metadata)
	if err == nil {
		defer st.Close()
		err = st.View(ctx, func(tx store.Tx) error {
			for _, h := range g.all {
				list, err := tx.Packs(h.repo.id)
				if err != nil {
					return err
				}
				most, packs = max(most, len(list)), packs+len(list)
				for _, p := range list {
					objects, bytes = objects+int(p.Objects), bytes+p.Size
				}
			}
			return nil
		})
	}
	if err != nil {
		return "sizes: " + err.Error()
	}
	return fmt.Sprintf("%d packs, %d of one repository, %d objects, %d KiB", packs, most, objects, bytes>>10)
}

func (g *grown) check() {
	g.c.stop()
	for _, h := range g.all {
		log, refs := g.c.settle(h)
		h.check(log, refs)
	}
	g.c.revive()
	for _, h := range g.all {
		log, refs := g.c.settle(h)
		if len(log) > 0 {
			g.c.final(h, refs)
		}
	}
}

// total is what all histories have together.
func (g *grown) total() *history {
	sum := newHistory(demo)
	for _, h := range g.all {
		h.mu.Lock()
		sum.ops = append(sum.ops, h.ops...)
		sum.problems = append(sum.problems, h.problems...)
		sum.kills = h.kills // each has all
		h.mu.Unlock()
	}
	return sum
}

// killed notes a fault in all histories.
func (g *grown) killed(what string, kill func()) {
	kill()
	g.mu.Lock()
	g.weather[what]++
	g.mu.Unlock()
	for _, h := range g.all {
		h.killed(func() {})
	}
}

// killNodes kills nodes, and starts each again so that it kills itself at the
// next of all failpoints, as far as it comes there, or lives until it is killed.
func (g *grown) killNodes(ctx context.Context) {
	random := rand.New(rand.NewPCG(g.seed, 2))
	points := git.Failpoints()
	for i := 0; ctx.Err() == nil; i++ {
		n := g.c.any(random)
		calm(ctx, time.Duration(200+random.IntN(1500))*time.Millisecond)
		g.killed("node", n.kill)
		at := ""
		if i%2 == 0 {
			at = points[i/2%len(points)].Name
		}
		for ctx.Err() == nil && n.start(at) != nil { // its stores are away
			n.kill()
			pause(ctx, 100*time.Millisecond)
		}
	}
}

// calm is the time between two faults.
func calm(ctx context.Context, d time.Duration) { pause(ctx, d*time.Duration(*flagCalm)) }

// blow lets one thing after the other fail that a node stands on.
func (g *grown) blow(ctx context.Context) {
	random := rand.New(rand.NewPCG(g.seed, 3))
	for ctx.Err() == nil {
		calm(ctx, time.Duration(500+random.IntN(2500))*time.Millisecond)
		w := g.ways[random.IntN(len(g.ways))]
		proxy, long := w.database, time.Duration(200+random.IntN(1500))*time.Millisecond
		if random.IntN(2) == 0 {
			proxy = w.bucket
		}
		switch random.IntN(7) {
		case 0:
			g.killed("PostgreSQL", g.database.Kill)
			pause(ctx, long/2)
			g.mustRun(g.database.Run)
		case 1:
			g.killed("S3", g.bucket.Kill)
			pause(ctx, long/2)
			g.mustRun(g.bucket.Run)
		case 2:
			g.killed("cut", proxy.Cut)
			pause(ctx, long)
		case 3:
			g.killed("silent", proxy.Silence)
			pause(ctx, long)
			proxy.Cut()
		case 4:
			g.killed("slow", func() { proxy.Slow(time.Duration(1+random.IntN(30)) * time.Millisecond) })
			pause(ctx, long)
		case 5:
			g.killed("commit unanswered", func() { w.database.LoseAnswer("COMMIT", random.IntN(3)) })
			pause(ctx, long)
		case 6:
			g.killed("broken off", func() { w.bucket.BreakOff(int64(1 + random.IntN(5000))) })
			pause(ctx, long)
		}
		proxy.Mend()
		w.database.Mend()
		w.bucket.Mend()
	}
}

func (g *grown) mustRun(run func() error) {
	if err := run(); err != nil {
		g.t.Error(err)
	}
}

// counts are the acknowledged ref updates and the reads.
func (h *history) counts() (updates, reads int) {
	for _, o := range h.ops {
		if o.read != nil {
			reads++
		} else if o.outcome == acked {
			updates += len(o.changes)
		}
	}
	return updates, reads
}

// begin makes main, and tries until somebody has.
func (k *client) begin(ctx context.Context) {
	for ctx.Err() == nil {
		id, err := k.commit(ctx, "")
		if err != nil {
			continue
		}
		k.push(ctx, []change{{mainRef, "", id}})
		if refs := k.read(ctx); refs[mainRef] != "" {
			return
		}
	}
}

// watchSlowly reads now and then.
func (k *client) watchSlowly(ctx context.Context) {
	for ctx.Err() == nil {
		k.read(ctx)
		pause(ctx, time.Duration(100+k.random.IntN(700))*time.Millisecond)
	}
}
