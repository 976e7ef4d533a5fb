package main

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// sample is what one run of a scenario on one peer found, by metric.
type sample map[string]float64

// scenario is one thing that users do.
type scenario struct {
	id, title string
	on        []string // repositories that it needs
	// prepare makes what the round needs, the same for all peers; nil for nothing.
	prepare func(b *bench, round int) error
	run     func(b *bench, p *peer, round int) (sample, error)
	metrics []metric
	skip    func(p *peer) bool // nil for none
	rounds  int                // at most; 0 for as many as asked for
	tls     bool               // our server over TLS takes part, if it is wanted at all
}

// metric says how a number is shown.
type metric struct {
	name string
	more bool // more is better
}

var scenarios = []scenario{
	{id: "S1", title: "info/refs, version 2, 8 connections", on: []string{few}, tls: true, metrics: load8, run: func(b *bench, p *peer, _ int) (sample, error) {
		return b.load(p, p.get(few, uploadPack, 2))
	}},
	{id: "S2", title: "info/refs, version 0, 1,016 refs, 8 connections", on: []string{many}, metrics: load8, run: func(b *bench, p *peer, _ int) (sample, error) {
		return b.load(p, p.get(many, uploadPack, 0))
	}},
	{id: "S3-few", title: "ls-refs, 5 refs, one after another", on: []string{few}, tls: true, metrics: latency, run: func(b *bench, p *peer, _ int) (sample, error) {
		return b.turns(p, p.post(few, lsRefs()), 300)
	}},
	{id: "S3-many", title: "ls-refs, 1,016 refs, one after another", on: []string{many}, metrics: latency, run: func(b *bench, p *peer, _ int) (sample, error) {
		return b.turns(p, p.post(many, lsRefs()), 300)
	}},
	{id: "S4", title: "git ls-remote, 5 refs", on: []string{few}, metrics: []metric{{name: "wall ms"}}, run: func(b *bench, p *peer, _ int) (sample, error) {
		return b.lsRemote(p, few, 10)
	}},
	{id: "S5", title: "full fetch, maintained", on: []string{kept}, metrics: pack, run: func(b *bench, p *peer, _ int) (sample, error) {
		return b.clone(p, kept)
	}},
	{id: "S5-pushed", title: "full fetch, as pushed", on: []string{big}, metrics: pack, rounds: 3, run: func(b *bench, p *peer, _ int) (sample, error) {
		return b.clone(p, big)
	}},
	{id: "S7", title: "8 full fetches at a time, maintained, a third of the size", on: []string{mid}, tls: true, metrics: pack, run: func(b *bench, p *peer, _ int) (sample, error) {
		return b.clones(p, mid, 8)
	}},
	{id: "S7-32", title: "32 full fetches at a time of the same", on: []string{mid}, metrics: pack, rounds: 3, run: func(b *bench, p *peer, _ int) (sample, error) {
		return b.clones(p, mid, 32)
	}},
	{id: "S8", title: "fetch of depth 1, and the same again", on: []string{big}, metrics: shallow, skip: isLimit, rounds: 3, run: (*bench).shallow},
	{id: "S9", title: "fetch of the newest thirtieth, maintained", on: []string{big, kept}, metrics: pack, skip: isLimit, run: (*bench).increment},
	{id: "S10", title: "git push of one blob of 50 MiB", on: []string{target}, metrics: push, prepare: (*bench).commitBlob, run: (*bench).push},
	{id: "S11-1000", title: "git push of 1,000 commits", on: []string{target}, metrics: push, prepare: func(b *bench, round int) error { return b.commits(round, 1000) }, run: (*bench).push},
	{id: "S11-1", title: "git push of one commit", on: []string{target}, tls: true, metrics: push, prepare: func(b *bench, round int) error { return b.commits(round, 5) }, run: (*bench).pushOnes},
	{id: "S12", title: "first push of the big repository", on: []string{big, fresh}, metrics: push, skip: cannotImport, rounds: 1, run: (*bench).importBig},
	{id: "clone", title: "git clone --bare of a third of the size: the client's own work is most of it", on: []string{mid}, metrics: cloned, skip: isLimit, rounds: 2, run: (*bench).realClone},
	{id: "S13", title: "start, and one second later", metrics: idle, run: (*bench).idle},
}

// cannotImport: the limit has no server to push to, and Soft Serve does not end a
// push of a thousand refs.
func cannotImport(p *peer) bool { return p.limit || p.name == softServe }

func isLimit(p *peer) bool { return p.limit }

const (
	uploadPack  = "git-upload-pack"
	receivePack = "git-receive-pack"
)

var (
	load8   = []metric{{"requests/s", true}, {name: "server CPU ms each"}}
	latency = []metric{{name: "p50 ms"}, {name: "p95 ms"}, {name: "server CPU ms each"}}
	pack    = []metric{{name: "server CPU s"}, {name: "wall s"}, {name: "first byte ms"}, {name: "anon MiB"}, {name: "MB"}}
	shallow = []metric{{name: "first: server CPU s"}, {name: "first: wall s"}, {name: "again: server CPU s"}, {name: "again: wall s"}, {name: "anon MiB"}, {name: "MB"}}
	idle    = []metric{{name: "ready ms"}, {name: "anon MiB"}, {name: "RSS MiB"}}
	cloned  = []metric{{name: "wall s"}, {name: "server CPU s"}}
	push    = []metric{{name: "wall s"}, {name: "server CPU s"}, {name: "anon MiB"}}
)

// load sends a request over eight connections for a time, each waiting for its answer.
func (b *bench) load(p *peer, request []byte) (sample, error) {
	const conns = 8
	var (
		wg     sync.WaitGroup
		counts [conns]int
		errs   [conns]error
	)
	before, start := p.tree.cpu(), time.Now()
	for i := range conns {
		wg.Go(func() {
			c, err := p.connect()
			if err != nil {
				errs[i] = err
				return
			}
			defer c.close()
			for time.Since(start) < b.loadTime && errs[i] == nil {
				errs[i] = c.do(request, discard)
				counts[i]++
			}
		})
	}
	wg.Wait()
	n, took := 0, time.Since(start)
	for _, count := range counts {
		n += count
	}
	return sample{
		"requests/s":         float64(n) / took.Seconds(),
		"server CPU ms each": ms(p.tree.cpu()-before) / float64(n),
	}, errors.Join(errs[:]...)
}

// turns sends a request n times over one connection.
func (b *bench) turns(p *peer, request []byte, n int) (sample, error) {
	c, err := p.connect()
	if err != nil {
		return nil, err
	}
	defer c.close()
	each := make([]time.Duration, n)
	before := p.tree.cpu()
	for i := range each {
		start := time.Now()
		if err := c.do(request, discard); err != nil {
			return nil, err
		}
		each[i] = time.Since(start)
	}
	cpu := p.tree.cpu() - before
	slices.Sort(each)
	return sample{"p50 ms": ms(each[n/2]), "p95 ms": ms(each[n*95/100]), "server CPU ms each": ms(cpu) / float64(n)}, nil
}

// clone fetches all of a repository and throws it away.
func (b *bench) clone(p *peer, repository string) (sample, error) {
	wants, err := p.wants(repository)
	if err != nil {
		return nil, err
	}
	return b.fetch(p, repository, fetch(wants, nil, 0))
}

func (b *bench) fetch(p *peer, repository string, request []byte) (sample, error) {
	var got received
	cpu, anon, err := p.during(func() (err error) {
		got, err = p.receive(repository, request)
		return err
	})
	return sample{"server CPU s": cpu.Seconds(), "wall s": got.whole.Seconds(), "first byte ms": ms(got.first),
		"anon MiB": mib(anon), "MB": float64(got.bytes) / 1e6}, err
}

// during runs f and tells what it took of the server: processor time and, at
// the most, anonymous memory.
func (p *peer) during(f func() error) (cpu time.Duration, anon int64, err error) {
	before, stop := p.tree.cpu(), p.tree.watch()
	err = f()
	anon = stop()
	return p.tree.cpu() - before, anon, err
}

func (b *bench) lsRemote(p *peer, repository string, n int) (sample, error) {
	each := make([]time.Duration, n)
	args := append(p.git(repository), "ls-remote", "-q", p.remote(repository))
	for i := range each {
		start := time.Now()
		if err := git(args...); err != nil {
			return nil, err
		}
		each[i] = time.Since(start)
	}
	slices.Sort(each)
	return sample{"wall ms": ms(each[n/2])}, nil
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func mib(bytes int64) float64 { return float64(bytes) / (1 << 20) }

// settle waits until a server does nothing any more: what it does behind a push
// is not the next one's.
func (p *peer) settle() error {
	quiet, last := 0, p.tree.cpu()
	for start := time.Now(); time.Since(start) < 2*time.Minute; {
		time.Sleep(50 * time.Millisecond)
		now := p.tree.cpu()
		if quiet++; now > last {
			quiet = 0
		}
		if last = now; quiet == 5 {
			return nil
		}
	}
	return fmt.Errorf("%s does not come to rest", p.name)
}
