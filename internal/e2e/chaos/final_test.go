package chaos

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"sojourn/internal/git"
	"sojourn/internal/objects"
	"sojourn/internal/store"
)

// stop kills all nodes and lets a sweeper take what they left.
func (c *cluster) stop() {
	c.t.Helper()
	for _, n := range c.nodes {
		n.kill()
	}
	waitFor(c.t, "the dead nodes' processes to end", func() bool { return len(processesOf(c.dir)) == 0 })
	st, blobs, err := openStores(c.t.Context(), c.place)
	if err != nil {
		c.t.Fatal(err)
	}
	defer st.Close()
	sweep(c.t, st, blobs, filepath.Join(c.dir, "sweeper"))
}

// settle checks that nothing is left over in the history's repository, and hands
// out its log and its refs.
func (c *cluster) settle(h *history) (log []store.RefChange, refs []store.Ref) {
	c.t.Helper()
	st, blobs, err := openStores(c.t.Context(), c.place)
	if err != nil {
		c.t.Fatal(err)
	}
	defer st.Close()
	var packs []store.Pack
	err = st.View(c.t.Context(), func(tx store.Tx) (err error) {
		if log, err = tx.RefLogSince(h.repo.id, 0); err != nil {
			return err
		}
		if refs, err = tx.Refs(h.repo.id, store.Page{}); err != nil {
			return err
		}
		packs, err = tx.Packs(h.repo.id)
		return err
	})
	if err != nil {
		c.t.Fatal(err)
	}
	h.stored(c.t, blobs, packs)
	return log, refs
}

// sweep runs a sweeper to its end that takes everything that may go.
func sweep(t *testing.T, st store.Store, blobs objects.Store, dir string) {
	t.Helper()
	done := make(chan struct{}, 1)
	opt := git.Options{Store: st, Objects: blobs, Dir: dir, Now: time.Now, Hook: func(point string) {
		if point == "sweep-done" {
			done <- struct{}{}
		}
	}}
	everythingIsOld(&opt)
	e, err := git.New(t.Context(), opt)
	if err != nil {
		t.Fatal(err)
	}
	<-done
	if err := e.Close(context.Background()); err != nil {
		t.Error(err)
	}
}

// stored compares the blobs with the list of packs: each is there whole, and
// there are no others.
func (h *history) stored(t *testing.T, blobs objects.Store, packs []store.Pack) {
	t.Helper()
	want := map[string]int64{}
	for _, p := range packs {
		key := "repos/" + p.Repo + "/packs/" + p.ID
		want[key+".pack"], want[key+".idx"] = p.Size, p.IdxSize
	}
	err := blobs.List(t.Context(), "repos/"+h.repo.id+"/", func(key string, size int64) error {
		if ext := filepath.Ext(key); ext != ".pack" && ext != ".idx" { // what goes with a pack goes with its key
			key = strings.TrimSuffix(key, ext) + ".pack"
			if _, ok := want[key]; ok {
				return nil
			}
		}
		if n, ok := want[key]; !ok {
			h.problem("blob %s is nobody's", key)
		} else if n != size {
			h.problem("blob %s has %d bytes, not %d", key, size, n)
		}
		delete(want, key)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for key := range want {
		if strings.HasSuffix(key, ".pack") || strings.HasSuffix(key, ".idx") {
			h.problem("blob %s is missing", key)
		}
	}
}

// revive starts a node as a sound server, on what there is.
func (c *cluster) revive() {
	c.t.Helper()
	c.nodes[0].config.Bug, c.nodes[0].config.Compact = "", compacting{} // whose old packs would be taken for nobody's
	if err := c.nodes[0].start(""); err != nil {
		c.t.Fatal(err)
	}
}

// final clones everything from a node that has nothing in its cache, and checks
// that it is sound and has what was acknowledged. revive comes before.
func (c *cluster) final(h *history, refs []store.Ref) {
	c.t.Helper()
	n := c.nodes[0]
	k, err := newClient(c, h, "final-"+h.repo.name, 0)
	if err != nil {
		c.t.Fatal(err)
	}
	ctx := c.t.Context()
	if _, err := k.git(ctx, "", "fetch", "-q", n.url(h.repo), "+refs/*:refs/*"); err != nil {
		h.problem("the final clone: %v", err)
		return
	}
	if out, err := k.git(ctx, "", "fsck", "--full", "--strict", "--no-dangling"); err != nil {
		h.problem("the final clone is not sound: %s %v", out, err)
	}
	list, err := k.git(ctx, "", "for-each-ref", "--format=%(objectname) %(refname)")
	if err != nil {
		c.t.Fatal(err)
	}
	var want []string
	for _, r := range refs {
		want = append(want, r.OID+" "+r.Name)
	}
	if got := strings.Split(list, "\n"); !slices.Equal(got, want) {
		h.problem("the final clone has\n%s\nwant\n%s", list, strings.Join(want, "\n"))
	}
	main, err := k.git(ctx, "", "rev-list", mainRef)
	if err != nil {
		h.problem("main of the final clone: %v", err)
	}
	for _, o := range h.ops {
		for _, ch := range o.changes {
			if ch.Ref == mainRef && o.outcome == acked && !strings.Contains(main, ch.New) {
				h.problem("lost: %s was acknowledged and is not in the history of main", ch.New)
			}
		}
	}
}

// processesOf are the processes, but this one, in whose environment a directory
// of the cluster is named: those that the nodes have started.
func processesOf(dir string) (found []string) {
	procs, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, path := range procs {
		if env, err := os.ReadFile(path); err == nil && bytes.Contains(env, []byte("="+dir+"/node")) {
			found = append(found, filepath.Dir(path))
		}
	}
	return found
}

func waitFor(t *testing.T, what string, done func() bool) {
	t.Helper()
	for range 600 {
		if done() {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Errorf("waited in vain for %s", what)
}
