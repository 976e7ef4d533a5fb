package chaos

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"sojourn/internal/authn"
	"sojourn/internal/gate"
	"sojourn/internal/git"
	"sojourn/internal/principal"
	"sojourn/internal/server/githttp"
	"sojourn/internal/store"
)

const (
	account = "111122223333"
	region  = "eu-central-1"
	repoID  = "chaos-repository-id"
)

// nodeVariable has a node's nodeConfig in the environment of its process.
const nodeVariable = "SOJOURN_CHAOS_NODE"

// compacting is what a node compacts again and again, beside what its engine does
// by itself.
type compacting struct {
	Repos []string      // their ids
	Every time.Duration // on average
	Trash time.Duration // how long the old packs stay
}

// nodeConfig is all that a node's process is told.
type nodeConfig struct {
	Place     place  // of the stores
	Cache     string // the node's own
	Listen    string
	Failpoint string // where it kills itself
	Compact   compacting
	Bug       string // what is planted in it
}

func TestMain(m *testing.M) {
	if text := os.Getenv(nodeVariable); text != "" {
		var c nodeConfig
		err := json.Unmarshal([]byte(text), &c)
		if err == nil {
			err = serve(c)
		}
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// anyone is whom everything is permitted.
type anyone struct{}

func (anyone) Git(_ context.Context, _, _, _, _ string, info authn.RequestInfo) (*principal.Caller, error) {
	return &principal.Caller{Session: principal.Session{Kind: principal.Root, Account: account, ID: account}, Region: region, RequestID: info.RequestID}, nil
}
func (anyone) Authorize(context.Context, *principal.Caller, gate.Request) error { return nil }
func (anyone) Still(context.Context, *principal.Caller) error                   { return nil }

// quickSweeper takes what is left behind while the clients work, and now and
// then the upload of a push that is under way.
func quickSweeper(o *git.Options) { o.SweepEvery, o.UploadGrace = time.Second, 2*time.Second }

// everythingIsOld makes a sweeper take all that may go.
func everythingIsOld(o *git.Options) { o.UploadGrace, o.TrashGrace = -time.Hour, -time.Hour }

// keepCompacting compacts repositories again and again. A lease that a dead node
// has left is no reason to wait for minutes: it is taken away, also from who is
// still at it.
func keepCompacting(ctx context.Context, e *git.Engine, st store.Store, c compacting) {
	for i := 0; ctx.Err() == nil; i++ {
		pause(ctx, c.Every/3+rand.N(c.Every*4/3))
		kind, id := git.CompactGeometric, c.Repos[rand.IntN(len(c.Repos))]
		if i%4 == 3 {
			kind = git.CompactBase
		}
		if done, err := e.Compact(ctx, id, kind); err == nil && done.Kind != git.CompactNothing { // that is: another is at it
			continue
		}
		st.Update(ctx, func(tx store.Tx) error {
			owner, _, err := tx.Lease("compact/" + id)
			if err != nil {
				return err
			}
			return tx.DropLease("compact/"+id, owner)
		})
	}
}

// serve is a node. It ends with its standard input.
func serve(c nodeConfig) error {
	ctx := context.Background()
	st, blobs, err := openStores(ctx, c.Place)
	if err != nil {
		return err
	}
	opt := git.Options{Store: st, Objects: blobs, Dir: c.Cache, Now: time.Now, Log: slog.New(slog.NewTextHandler(os.Stderr, nil))}
	quickSweeper(&opt)
	if len(c.Compact.Repos) > 0 {
		opt.TrashGrace = c.Compact.Trash
	}
	if err := plant(c.Bug, &opt); err != nil {
		return err
	}
	opt.Hook = func(point string) {
		if point == c.Failpoint {
			if self, err := os.FindProcess(os.Getpid()); err == nil {
				self.Kill()
			}
			select {}
		}
	}
	e, err := git.New(ctx, opt)
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return err
	}
	if len(c.Compact.Repos) > 0 {
		go keepCompacting(ctx, e, st, c.Compact)
	}
	go func() {
		io.Copy(io.Discard, os.Stdin)
		os.Exit(0) // nobody is left who would kill us
	}()
	fmt.Println(l.Addr())
	return http.Serve(l, githttp.New(githttp.Options{Auth: anyone{}, Git: git.NewService(e, anyone{}, anyone{}, region)}))
}

// node is a server's process, as often as it is started.
type node struct {
	config nodeConfig

	mu    sync.Mutex
	cmd   *exec.Cmd
	stdin io.Closer
	ended chan struct{} // of this run
}

func (n *node) start(failpoint string) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.config.Failpoint = failpoint
	text, err := json.Marshal(n.config)
	if err != nil {
		return err
	}
	n.cmd = exec.Command(os.Args[0])
	n.cmd.Env = append(os.Environ(), nodeVariable+"="+string(text))
	log, err := os.OpenFile(n.config.Cache+".log", os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	n.cmd.Stderr = log
	n.stdin, err = n.cmd.StdinPipe()
	out, err2 := n.cmd.StdoutPipe()
	if err := errors.Join(err, err2); err != nil {
		return err
	}
	if err := n.cmd.Start(); err != nil {
		return err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	cmd, ended := n.cmd, make(chan struct{})
	n.ended = ended
	go func() {
		cmd.Wait()
		close(ended)
	}()
	if err != nil && failpoint == "" {
		return fmt.Errorf("a node does not start (%s.log): %w", n.config.Cache, err)
	}
	if err == nil {
		n.config.Listen = line[:len(line)-1] // and so after each restart
	}
	return nil
}

// kill sends SIGKILL, if the node has not died by itself, and waits for its end.
func (n *node) kill() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.cmd != nil {
		n.cmd.Process.Kill()
		<-n.ended
		n.stdin.Close()
		n.cmd = nil
	}
}

func (n *node) url(r repository) string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return "http://user:password@" + n.config.Listen + "/v1/repos/" + r.name
}

// cluster is some nodes over one pair of stores.
type cluster struct {
	t     *testing.T
	place place
	dir   string // the place's
	nodes []*node
	gits  chan struct{} // bounds the clients' git processes; nil does not
}

func newCluster(t *testing.T, p place, size int, bug string, repos ...repository) *cluster {
	t.Helper()
	c := &cluster{t: t, place: p, dir: p.Data}
	createRepositories(t, p, repos...)
	for i := range size {
		n := &node{config: nodeConfig{Place: p, Cache: filepath.Join(c.dir, fmt.Sprint("node", i)), Listen: "127.0.0.1:0", Bug: bug}}
		c.nodes = append(c.nodes, n)
		t.Cleanup(n.kill)
		if err := n.start(""); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

// any is one of the nodes.
func (c *cluster) any(random *rand.Rand) *node { return c.nodes[random.IntN(len(c.nodes))] }

// killer kills nodes and starts them again until ctx ends or it has killed
// max times. Some of them it starts with a point at which they kill themselves.
func (c *cluster) killer(ctx context.Context, random *rand.Rand, max int, h *history) {
	var points []string
	for _, p := range git.Failpoints() {
		if p.Of != "purge" { // which nobody asks for here
			points = append(points, p.Name)
		}
	}
	for kills := 0; ctx.Err() == nil && kills < max; kills++ {
		n := c.any(random)
		pause(ctx, time.Duration(50+random.IntN(700))*time.Millisecond)
		h.killed(n.kill)
		pause(ctx, time.Duration(random.IntN(30))*time.Millisecond)
		at := ""
		if random.IntN(3) == 0 {
			at = points[random.IntN(len(points))]
		}
		if err := n.start(at); err != nil {
			c.t.Error(err)
			return
		}
	}
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
