// Command sts measures how fast a server process issues sessions: AssumeRole by
// a user's access key, one call at a time and over eight connections, by HTTP
// and by HTTPS, and beside it the floor: a net/http server that answers the same
// bytes and does nothing. They take turns, so that a slow moment of the machine
// meets all of them; medians are printed. The client runs on the same machine.
// The audit log and the request log are on, as they are by default; the request
// log goes nowhere.
//
// Usage: sts [-n CALLS] [-rounds ROUNDS] [-minio PROGRAM] BIN, the directory of
// the built binaries. MinIO's server, whose AssumeRole is the same call, takes
// its turns too where its program is given.
package main

import (
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"slices"
	"time"
)

func main() {
	n := flag.Int("n", 8000, "calls of each run")
	rounds := flag.Int("rounds", 5, "runs of each kind")
	minio := flag.String("minio", "", "MinIO's `program`, to be measured too")
	flag.Parse()
	switch {
	case flag.NArg() != 1:
		log.Fatal("usage: sts [-n CALLS] [-rounds ROUNDS] BIN")
	case flag.Arg(0) == floorCommand:
		log.Fatal(serveFloor())
	}
	if err := measure(flag.Arg(0), *minio, *n, *rounds); err != nil {
		log.Fatal(err)
	}
}

// subject is one line of the table.
type subject struct {
	name  string
	on    *world
	conns int
	runs  []*load
}

func measure(bin, minio string, n, rounds int) (err error) {
	if bin, err = filepath.Abs(bin); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "sojourn-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	var subjects []*subject
	type kind struct {
		name  string
		start func() (*world, error)
	}
	kinds := []kind{
		{"floor, HTTP", startFloor},
		{"AssumeRole, HTTP", func() (*world, error) { return start(bin, filepath.Join(dir, "http"), "--plain-http") }},
		{"AssumeRole, HTTPS", func() (*world, error) { return start(bin, filepath.Join(dir, "https")) }},
	}
	if minio != "" {
		kinds = append(kinds, kind{"MinIO, HTTP", func() (*world, error) { return startMinIO(minio, filepath.Join(dir, "minio")) }})
	}
	for _, s := range kinds {
		w, err := s.start()
		if err != nil {
			return err
		}
		defer w.stop()
		subjects = append(subjects, &subject{name: s.name, on: w, conns: 1}, &subject{name: s.name, on: w, conns: 8})
	}
	for i := range rounds + 1 { // the first warms everything up
		for _, s := range subjects {
			l, err := s.on.load(s.conns, n)
			if err != nil {
				return fmt.Errorf("%s: %w", s.name, err)
			}
			if i > 0 {
				s.runs = append(s.runs, l)
			}
		}
	}
	return table(subjects)
}

func table(subjects []*subject) (err error) {
	fmt.Printf("%-20s %5s %10s %9s %9s %12s %10s\n", "", "conns", "calls/s", "p50 ms", "p95 ms", "server ms", "RSS MiB")
	for _, s := range subjects {
		rss, failed := s.on.metric("process_resident_memory_bytes")
		err = errors.Join(err, failed)
		fmt.Printf("%-20s %5d %10.0f %9.3f %9.3f %12.4f %10.1f\n", s.name, s.conns,
			s.median((*load).rate), s.median(func(l *load) float64 { return ms(l.percentile(50)) }),
			s.median(func(l *load) float64 { return ms(l.percentile(95)) }), s.median(func(l *load) float64 { return ms(l.perCall) }), rss/(1<<20))
	}
	fmt.Printf("medians of %d runs, in turn; server: processor time of the server process for a call\n", len(subjects[0].runs))
	return err
}

func (s *subject) median(of func(*load) float64) float64 {
	values := make([]float64, len(s.runs))
	for i, l := range s.runs {
		values[i] = of(l)
	}
	slices.Sort(values)
	return values[len(values)/2]
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
