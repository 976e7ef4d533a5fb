// Command git measures how our server serves Git, beside its peers and beside
// what the machine can do: git http-backend behind nginx and fcgiwrap, Soft
// Serve, a bare server in Go that starts git for each request, and canned
// answers from net/http, which nothing that speaks HTTP in Go can beat ("limit"; for pushes,
// git's own to a directory, without a server).
//
// All serve the same repositories and are asked by the same client in turn,
// round by round, so that a slow moment of the machine meets all of them. Our
// server checks signatures, decides by a policy of 50 statements and records
// each decision; the peers compare one password. Processor time and anonymous
// memory are those of a server's whole process tree, with the children that it
// has waited for.
//
// Usage: git [flags] BIN, the directory of the built binaries.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"syscall"
	"time"
)

func main() {
	log.SetFlags(0)
	switch {
	case len(os.Args) == 3 && os.Args[1] == spawnCommand:
		log.Fatal(serveSpawn(os.Args[2]))
	case len(os.Args) == 3 && os.Args[1] == limitCommand:
		log.Fatal(serveCanned(os.Args[2]))
	}
	b := &bench{}
	flag.IntVar(&b.rounds, "rounds", 5, "runs of each scenario on each server")
	flag.IntVar(&b.sources.objects, "objects", 400_000, "objects of the big repository, which is made once and kept")
	flag.StringVar(&b.sources.own, "repository", "", "a bare repository to serve as the big one instead")
	flag.StringVar(&b.sources.dir, "cache", ".build/bench", "where the repositories are kept")
	flag.DurationVar(&b.loadTime, "time", 2*time.Second, "of a run under load")
	flag.BoolVar(&b.onlyFlat, "flat", false, "instead measure our server alone, with much and with little in its store")
	flag.StringVar(&b.only, "run", "", "scenarios to run, as a regular expression")
	flag.StringVar(&b.soft, "soft", ".build/bin/soft", "Soft Serve's program")
	flag.BoolVar(&b.tls, "tls", false, "measure some scenarios on our server over TLS too")
	flag.StringVar(&b.profiles, "profiles", "", "directory for a profile of our server in each scenario, where BIN was built with -tags profile")
	flag.StringVar(&b.out, "out", "", "file for all the numbers, as JSON")
	flag.StringVar(&b.docs, "docs", "", "directory of the page that gets tables and picture: benchmarks.md between its marks, benchmarks-git.svg")
	flag.StringVar(&b.checkFile, "check", "", "file of ratios that may not be lost")
	flag.StringVar(&b.keepFile, "record", "", "file to write such ratios to")
	flag.Parse()
	if flag.NArg() != 1 {
		log.Fatal("usage: git [flags] BIN")
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := b.all(ctx, flag.Arg(0)); err != nil {
		log.Fatal(err)
	}
}

// bench is one run of everything.
type bench struct {
	dir                       string // of what ends with the run
	sources                   sources
	rounds                    int
	loadTime                  time.Duration
	only                      string
	onlyFlat                  bool
	tls                       bool
	soft                      string
	out, profiles             string
	docs, checkFile, keepFile string

	chosen []*scenario
	needed []string // repositories, each before those that are made of it

	peers   []*peer
	results results
}

func (b *bench) all(ctx context.Context, bin string) (err error) {
	only, err := regexp.Compile("^(?:" + b.only + ")$")
	if err != nil {
		return err
	}
	for _, path := range []*string{&bin, &b.sources.dir, &b.soft, &b.profiles} {
		if *path == "" {
			continue
		}
		if *path, err = filepath.Abs(*path); err != nil {
			return err
		}
	}
	b.choose(only)
	if b.onlyFlat {
		b.needed = []string{target}
	}
	if err := b.sources.make(ctx, b.needed); err != nil {
		return err
	}
	// Beside the sources, so that copies can be links.
	if b.dir, err = os.MkdirTemp(b.sources.dir, "run-"); err != nil {
		return err
	}
	defer os.RemoveAll(b.dir)
	defer func() {
		for _, p := range b.peers {
			if p.stop != nil {
				p.stop()
			}
		}
	}()
	if err := b.makeWork(); err != nil {
		return err
	}
	if b.profiles != "" {
		if err := errors.Join(os.MkdirAll(b.profiles, 0o755), os.Setenv(profilesVariable, b.profiles)); err != nil {
			return err
		}
	}
	if b.onlyFlat {
		return b.flat(ctx, bin)
	}
	if err := b.start(bin); err != nil {
		return err
	}
	for _, s := range b.chosen {
		err := b.toggleProfile(s.id, func() error { return b.run(ctx, s, 0) })
		if err != nil {
			return fmt.Errorf("%s: %w", s.id, err)
		}
		b.results.print(os.Stdout, s)
	}
	if b.checkFile != "" {
		if err := b.doubt(ctx, b.checkFile); err != nil {
			return err
		}
	}
	say("done")
	return b.report()
}

// choose takes down which scenarios are to be run, and what they need.
func (b *bench) choose(only *regexp.Regexp) {
	needed := map[string]bool{target: true} // what is pushed is made of it
	for i := range scenarios {
		if s := &scenarios[i]; b.only == "" || only.MatchString(s.id) {
			b.chosen = append(b.chosen, s)
			for _, name := range s.on {
				needed[name] = true
				needed[big] = needed[big] || name == kept
			}
		}
	}
	for _, name := range repositoryNames {
		if needed[name] {
			b.needed = append(b.needed, name)
		}
	}
}

// report writes what was asked for.
func (b *bench) report() error {
	err := b.results.write(b.out)
	if b.docs != "" {
		err = errors.Join(err, b.results.document(b.docs))
	}
	if b.keepFile != "" {
		err = errors.Join(err, b.keep(b.keepFile))
	}
	if b.checkFile != "" {
		err = errors.Join(err, b.check(b.checkFile))
	}
	return err
}

// start starts the servers and gives them the repositories.
func (b *bench) start(bin string) error {
	at := func(name string) string { return filepath.Join(b.dir, name) }
	starts := []func() (*peer, error){
		func() (*peer, error) { return b.startOurs("sojourn", bin, at("sojourn"), "--plain-http") },
		func() (*peer, error) { return startNginx(at("nginx"), at("http-backend")) },
		func() (*peer, error) { return startSpawn(at("spawn")) },
		func() (*peer, error) { return startLimit(at("limit")) },
	}
	for _, name := range []string{"http-backend", "spawn", "limit"} {
		if err := b.sources.lay(at(name), b.needed); err != nil {
			return err
		}
	}
	if _, err := os.Stat(b.soft); err == nil {
		starts = append(starts, func() (*peer, error) {
			p, err := startSoft(b.soft, at("soft-serve"))
			if err == nil {
				err = b.fillSoft(p, at("soft-serve"))
			}
			return p, err
		})
	} else {
		say("without Soft Serve: %v", err)
	}
	if b.tls {
		starts = append(starts, func() (*peer, error) { return b.startOurs(oursTLS, bin, at("sojourn-tls")) })
	}
	for _, start := range starts {
		p, err := start()
		if p != nil && p.stop != nil {
			b.peers = append(b.peers, p)
		}
		if err != nil {
			return err
		}
		p.dir = at(p.name)
	}
	return nil
}

// startOurs starts our server and pushes the repositories to it.
func (b *bench) startOurs(name, bin, dir string, flags ...string) (*peer, error) {
	p, err := startSojourn(name, bin, dir, flags...)
	if err != nil {
		return p, err
	}
	for _, repository := range b.needed {
		if repository == fresh || repository == kept { // which is no other than the pushed one
			continue
		}
		say("%s: pushing %s", name, repository)
		if err := b.pushAll(p, repository, repository); err != nil {
			return p, err
		}
	}
	return p, p.settle()
}

// run does all rounds of a scenario, of which the first has a number.
func (b *bench) run(ctx context.Context, s *scenario, from int) error {
	rounds := b.rounds
	if s.rounds > 0 {
		rounds = min(rounds, s.rounds)
	}
	for round := from; round < from+rounds; round++ {
		say("%s: round %d of %d", s.id, round+1, from+rounds)
		if s.prepare != nil {
			if err := s.prepare(b, round); err != nil {
				return err
			}
		}
		for i := range b.peers {
			p := b.peers[(i+round)%len(b.peers)]
			if s.skip != nil && s.skip(p) || p.name == oursTLS && !s.tls {
				continue
			}
			if err := ctx.Err(); err != nil {
				return err
			}
			found, err := s.run(b, p, round)
			if err != nil {
				return fmt.Errorf("%s: %w", p.name, err)
			}
			b.results.add(s.id, p.name, found)
		}
	}
	return nil
}
