package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// world is one of our servers whose store has much of something, or next to none.
type world struct {
	axis, size string
	first      bool // of its axis: what the others are compared to
	fill       func(*filling) error
	packs      int // pushed before all is measured
	peer       *peer
}

func (w *world) name() string { return w.size + " " + w.axis }

func worlds() []*world {
	return []*world{
		{axis: "repositories", size: "10", first: true, fill: func(f *filling) error { return f.repositories(10) }},
		{axis: "repositories", size: "1,000", fill: func(f *filling) error { return f.repositories(1000) }},
		{axis: "repositories", size: "100,000", fill: func(f *filling) error { return f.repositories(100_000) }},
		{axis: "packs", size: "1", first: true, fill: (*filling).noUpkeep, packs: 1},
		{axis: "packs", size: "200", fill: (*filling).noUpkeep, packs: 200},
		{axis: "refs", size: "100", first: true, fill: func(f *filling) error { return f.refs(100) }},
		{axis: "refs", size: "100,000", fill: func(f *filling) error { return f.refs(100_000) }},
		{axis: "policies", size: "1", first: true, fill: func(f *filling) error { return f.policies(1) }},
		{axis: "policies", size: "10,000", fill: func(f *filling) error { return f.policies(10_000) }},
	}
}

const (
	flatTime = "p50 ms"
	flatCPU  = "server CPU ms each"
)

// flatRequests are what is asked of each world.
var flatRequests = []struct {
	id, title string
	run       func(b *bench, w *world, round int) (sample, error)
}{
	{"info/refs", "info/refs, version 2", func(b *bench, w *world, _ int) (sample, error) {
		return b.turns(w.peer, w.peer.get(target, uploadPack, 2), 300)
	}},
	{"ls-refs", "ls-refs of HEAD and one branch", func(b *bench, w *world, _ int) (sample, error) {
		return b.turns(w.peer, w.peer.post(target, command("ls-refs", "peel", "symrefs", "ref-prefix HEAD", "ref-prefix refs/heads/main")), 300)
	}},
	{"clone", "full fetch", func(b *bench, w *world, _ int) (sample, error) {
		wants, err := w.peer.wants(target)
		if err != nil {
			return nil, err
		}
		return b.turns(w.peer, w.peer.post(target, fetch(wants, nil, 0)), 10)
	}},
	{"fetch", "fetch of a few commits", (*bench).flatFetch},
	{"push", "git push of one commit", (*bench).flatPush},
}

// flat measures what requests cost by how much there is of something else.
func (b *bench) flat(ctx context.Context, bin string) error {
	all := worlds()
	for _, w := range all {
		dir := filepath.Join(b.dir, strings.ReplaceAll(w.name(), " ", "-"))
		if err := b.startWorld(w, bin, dir); err != nil {
			return fmt.Errorf("%s: %w", w.name(), err)
		}
	}
	for round := range b.rounds + 1 { // the first warms up: it reads what is kept from then on
		say("round %d of %d", round, b.rounds)
		if err := b.commits(round, flatPushes); err != nil {
			return err
		}
		for _, request := range flatRequests {
			for i := range all {
				w := all[(i+round)%len(all)]
				if err := ctx.Err(); err != nil {
					return err
				}
				found, err := request.run(b, w, round)
				if err != nil {
					return fmt.Errorf("%s: %s: %w", request.id, w.name(), err)
				}
				if round > 0 {
					b.results.add(request.id, w.name(), found)
				}
			}
		}
	}
	b.results.flatTable(os.Stdout, all)
	if b.docs == "" {
		return b.results.write(b.out)
	}
	var table strings.Builder
	b.results.flatTable(&table, all)
	return errors.Join(b.results.write(b.out), fill(b.docs, "flat", table.String()), os.WriteFile(filepath.Join(b.docs, "benchmarks-flat.svg"), []byte(b.results.flatPicture(all)), 0o644))
}

// startWorld starts a server, gives it the repository and its policy, stops it to
// fill its store, and starts it again.
func (b *bench) startWorld(w *world, bin, dir string) error {
	say("%s", w.name())
	p, err := startSojourn(strings.ReplaceAll(w.name(), " ", "-"), bin, dir, "--plain-http")
	w.peer = p
	if p != nil && p.stop != nil {
		b.peers = append(b.peers, p)
	}
	if err == nil {
		err = b.pushAll(p, target, target)
	}
	if err != nil {
		return err
	}
	p.stop()
	p.stop = nil
	data := filepath.Join(dir, "data")
	if err := fillStore(filepath.Join(data, "sojourn.db"), w.fill); err != nil {
		return err
	}
	if err := p.listening(exec.Command(filepath.Join(bin, "sojourn"), "serve", "--data", data, "--listen", "127.0.0.1:0", "--plain-http")); err != nil {
		return err
	}
	for i := 1; i < w.packs; i++ {
		if i == 1 {
			if err := git("-C", b.work(), "branch", "-f", "packs", "main"); err != nil {
				return err
			}
		}
		if err := b.pushPack(p, i); err != nil {
			return err
		}
	}
	return p.settle()
}

// pushPack pushes one commit to a branch of its own.
func (b *bench) pushPack(p *peer, i int) error {
	out, err := exec.Command("git", "-C", b.work(), "rev-parse", "packs^{tree}", "packs").Output()
	if err != nil {
		return fmt.Errorf("git rev-parse: %w", err)
	}
	id := strings.Fields(string(out))
	c := exec.Command("git", "-C", b.work(), "commit-tree", "-p", id[1], "-m", fmt.Sprint("pack ", i), id[0])
	c.Env = gitEnv
	if out, err = c.Output(); err != nil {
		return fmt.Errorf("git commit-tree: %w", err)
	}
	commit := strings.TrimSpace(string(out))
	return errors.Join(git("-C", b.work(), "update-ref", "refs/heads/packs", commit),
		git(append(p.git(target), "-C", b.work(), "push", "-q", p.remote(target), commit+":refs/heads/packs")...))
}

// flatFetch fetches what a client lacks that has all but some commits, each time others.
func (b *bench) flatFetch(w *world, round int) (sample, error) {
	out, err := exec.Command("git", "-C", b.sources.path(target), "rev-list", "--first-parent", "main").Output()
	if err != nil {
		return nil, fmt.Errorf("git rev-list: %w", err)
	}
	line := strings.Fields(string(out))
	const n = 5
	requests := make([][]byte, n)
	for i := range requests { // nobody has asked the same before
		at := round*n + i
		requests[i] = w.peer.post(target, fetch(line[at:at+1], line[at+10:at+11], 0))
	}
	c, err := w.peer.connect()
	if err != nil {
		return nil, err
	}
	defer c.close()
	return w.each(n, func(i int) error {
		return c.do(requests[i], func(r io.Reader) error { return new(received).read(r, time.Now()) })
	})
}

const flatPushes = 5

func (b *bench) flatPush(w *world, _ int) (sample, error) {
	s, err := w.each(flatPushes, func(i int) error {
		_, err := b.pushOnce(w.peer, fmt.Sprintf("main~%d", flatPushes-1-i))
		return err
	})
	return s, errors.Join(err, w.peer.settle())
}

// each does something n times and tells the median of the time, and the processor time.
func (w *world) each(n int, do func(i int) error) (sample, error) {
	took := make([]time.Duration, n)
	before := w.peer.tree.cpu()
	for i := range took {
		start := time.Now()
		if err := do(i); err != nil {
			return nil, err
		}
		took[i] = time.Since(start)
	}
	cpu := w.peer.tree.cpu() - before
	slices.Sort(took)
	return sample{flatTime: ms(took[n/2]), flatCPU: ms(cpu) / float64(n)}, nil
}
