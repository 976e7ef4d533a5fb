package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// clones fetches all of a repository several times at once.
func (b *bench) clones(p *peer, repository string, n int) (sample, error) {
	wants, err := p.wants(repository)
	if err != nil {
		return nil, err
	}
	request := fetch(wants, nil, 0)
	got, errs := make([]received, n), make([]error, n)
	start := time.Now()
	cpu, anon, err := p.during(func() error {
		var wg sync.WaitGroup
		for i := range n {
			wg.Go(func() { got[i], errs[i] = p.receive(repository, request) })
		}
		wg.Wait()
		return errors.Join(errs...)
	})
	s := sample{"server CPU s": cpu.Seconds(), "wall s": time.Since(start).Seconds(), "anon MiB": mib(anon)}
	for _, g := range got {
		s["MB"] += float64(g.bytes) / 1e6
		s["first byte ms"] = max(s["first byte ms"], ms(g.first))
	}
	return s, err
}

// realClone is git clone, as a user does it.
func (b *bench) realClone(p *peer, _ int) (sample, error) {
	to := filepath.Join(b.dir, "clone.git")
	var wall time.Duration
	cpu, _, err := p.during(func() error {
		start := time.Now()
		defer func() { wall = time.Since(start) }()
		return git(append(p.git(mid), "clone", "-q", "--bare", p.remote(mid), to)...)
	})
	return sample{"wall s": wall.Seconds(), "server CPU s": cpu.Seconds()}, errors.Join(err, os.RemoveAll(to))
}

// shallow fetches depth 1 of a tip that nobody has asked for, and then again.
func (b *bench) shallow(p *peer, round int) (sample, error) {
	wants, err := p.wants(big)
	if err != nil {
		return nil, err
	}
	request := fetch(wants[round+1:round+2], nil, 1)
	first, err := b.fetch(p, big, request)
	if err != nil {
		return nil, err
	}
	again, err := b.fetch(p, big, request)
	return sample{"first: server CPU s": first["server CPU s"], "first: wall s": first["wall s"], "again: server CPU s": again["server CPU s"],
		"again: wall s": again["wall s"], "anon MiB": first["anon MiB"], "MB": first["MB"]}, err
}

// increment fetches what a client lacks that has all but the newest part of main.
func (b *bench) increment(p *peer, _ int) (sample, error) {
	out, err := exec.Command("git", "-C", b.sources.path(big), "rev-list", "--first-parent", "main").Output()
	if err != nil {
		return nil, fmt.Errorf("git rev-list: %w", err)
	}
	line := strings.Fields(string(out))
	return b.fetch(p, kept, fetch(line[:1], []string{line[len(line)/30]}, 0))
}

// importBig pushes the big repository into an empty one.
func (b *bench) importBig(p *peer, _ int) (sample, error) {
	var wall time.Duration
	cpu, anon, err := p.during(func() error {
		start := time.Now()
		defer func() { wall = time.Since(start) }()
		return b.pushAll(p, big, fresh)
	})
	if err != nil {
		return nil, err
	}
	return sample{"wall s": wall.Seconds(), "server CPU s": cpu.Seconds(), "anon MiB": mib(anon)}, p.settle()
}

// pushAll pushes branches and tags.
func (b *bench) pushAll(p *peer, from, to string) error {
	return git(append(p.git(to), "-C", b.sources.path(from), "push", "-q", p.remote(to), "refs/heads/*:refs/heads/*", "refs/tags/*:refs/tags/*")...)
}

// idle starts one more server, on a directory that it has been started on before.
func (b *bench) idle(p *peer, round int) (sample, error) {
	if round == 0 {
		first, err := p.again()
		if err == nil {
			time.Sleep(time.Second)
		}
		if first != nil && first.stop != nil {
			first.stop()
		}
		if err != nil {
			return nil, err
		}
	}
	one, err := p.again()
	if one != nil && one.stop != nil {
		defer one.stop()
	}
	if err != nil {
		return nil, err
	}
	time.Sleep(time.Second)
	anon, rss := one.tree.memory()
	return sample{"ready ms": ms(one.ready), "anon MiB": mib(anon), "RSS MiB": mib(rss)}, nil
}
