// Command grown measures nodes over PostgreSQL and S3 on one machine: what
// ls-remote, a warm clone and a small push cost the nodes' processors when they
// are 1, 2 and 4, how long a small push takes, and how long a node that has
// nothing takes to serve a large repository beside a copy of its pack.
//
// The clusters take turns, so that a slow moment of the machine meets all of
// them; medians are printed. Processor time is the nodes' and their git's, so
// that it does not matter who else is busy. The client is this program: no git.
//
// Usage: grown [-rounds N] [-large MIB] BIN, the directory of the built binaries.
package main

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"slices"
	"time"

	"sojourn/internal/objects/s3/s3test"
	"sojourn/internal/store/postgres/postgrestest"
)

func main() {
	rounds := flag.Int("rounds", 5, "runs of each kind; 0 for the cold start alone")
	large := flag.Int("large", 300, "MiB of the large repository")
	flag.Parse()
	if flag.NArg() != 1 {
		log.Fatal("usage: grown [-rounds N] [-large MIB] BIN")
	}
	bin, err := filepath.Abs(flag.Arg(0))
	if err == nil {
		err = measure(bin, *rounds, *large)
	}
	if err != nil {
		log.Fatal(err)
	}
}

// sizes are the numbers of nodes.
var sizes = []int{1, 2, 4}

// kinds are what is asked, how often in a run by each caller, and how many of
// them are at each node; 0 is one caller in all.
var kinds = []struct {
	name           string
	times, callers int
	call           func(w *world, i int) error
}{
	{"ls-remote", 125, perNode, (*world).lsRemote},
	{"clone, warm", 12, perNode, (*world).clone},
	{"push", 8, perNode, (*world).push},
	{"push, alone", 10, 0, (*world).push},
}

func measure(bin string, rounds, large int) (err error) {
	dir, err := os.MkdirTemp("", "sojourn-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	database, err := postgrestest.StartForMain()
	if err != nil {
		return err
	}
	defer database.Remove()
	bucket, err := s3test.StartForMain()
	if err != nil {
		return err
	}
	defer bucket.Remove()
	packs, err := makePacks(filepath.Join(dir, "packs"), (kinds[2].times+kinds[3].times)*(rounds+1)+2)
	if err != nil {
		return err
	}
	stores := &stores{database: database, bucket: bucket}
	var worlds []*world
	for _, n := range sizes {
		w, err := newWorld(bin, filepath.Join(dir, fmt.Sprint("nodes", n)), stores, n, packs)
		if w != nil {
			defer w.stop()
		}
		if err != nil {
			return fmt.Errorf("%d nodes: %w", n, err)
		}
		worlds = append(worlds, w)
	}
	results := map[string][][]run{}
	for round := range rounds + 1 { // the first is for warming up
		for _, k := range kinds {
			if results[k.name] == nil {
				results[k.name] = make([][]run, len(worlds))
			}
			for i, w := range worlds {
				r, err := w.load(k.times, k.callers, k.call)
				if err != nil {
					return fmt.Errorf("%s at %d nodes: %w", k.name, len(w.nodes), err)
				}
				if round == 0 {
					continue
				}
				results[k.name][i] = append(results[k.name][i], r)
			}
		}
	}
	if rounds > 0 {
		table(results)
	}
	for _, w := range worlds[1:] {
		w.stop()
	}
	return cold(filepath.Join(dir, "cold"), worlds[0], large)
}

func table(results map[string][][]run) {
	fmt.Println("what         nodes  server CPU per call   calls per CPU second   of one node's   median, 95th of a call   a request by the node's clock")
	for _, k := range kinds {
		var one float64
		for i, runs := range results[k.name] {
			cpu := median(runs, func(r run) time.Duration { return r.cpu / time.Duration(r.calls) })
			perCPU := float64(time.Second) / float64(max(cpu, 1))
			if i == 0 {
				one = perCPU
			}
			fmt.Printf("%-12s %5d  %19s  %21.0f  %13.2f×  %s, %s   %s\n", k.name, sizes[i], cpu.Round(10*time.Microsecond), perCPU, perCPU/one,
				median(runs, func(r run) time.Duration { return r.percentile(50) }).Round(100*time.Microsecond),
				median(runs, func(r run) time.Duration { return r.percentile(95) }).Round(100*time.Microsecond),
				median(runs, func(r run) time.Duration { return r.server }).Round(10*time.Microsecond))
		}
	}
}

func median[T any](list []T, value func(T) time.Duration) time.Duration {
	var all []time.Duration
	for _, v := range list {
		all = append(all, value(v))
	}
	slices.SortFunc(all, cmp.Compare)
	return all[len(all)/2]
}
