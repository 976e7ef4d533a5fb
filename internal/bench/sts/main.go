// Command sts measures how fast a server process issues sessions: AssumeRole by
// a user's access key, one call at a time and over eight connections, by HTTP
// and by HTTPS. The client runs on the same machine. The audit log and the
// request log are on, as they are by default; the request log goes nowhere.
//
// Usage: sts [-n CALLS] BIN, the directory of the built binaries.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"time"
)

func main() {
	n := flag.Int("n", 20000, "calls of each run")
	flag.Parse()
	if flag.NArg() != 1 {
		log.Fatal("usage: sts [-n CALLS] BIN")
	}
	if err := run(flag.Arg(0), *n); err != nil {
		log.Fatal(err)
	}
}

func run(bin string, n int) error {
	bin, err := filepath.Abs(bin)
	if err != nil {
		return err
	}
	fmt.Printf("%-32s %10s %9s %9s %12s %10s\n", "AssumeRole", "calls/s", "p50 ms", "p95 ms", "server ms", "RSS MiB")
	return errors.Join(measure(bin, "HTTP", n, "--plain-http"), measure(bin, "HTTPS", n))
}

func measure(bin, name string, n int, flags ...string) error {
	dir, err := os.MkdirTemp("", "sojourn-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	w, err := start(context.Background(), bin, dir, flags...)
	if err != nil {
		return err
	}
	err = errors.Join(w.runs(name, n), w.stop())
	return err
}

func (w *world) runs(name string, n int) error {
	request, err := w.assumeRole()
	if err != nil {
		return err
	}
	if _, err := send(w.target, request, 8, 2000); err != nil { // warms everything up
		return err
	}
	for _, conns := range []int{1, 8} {
		l, err := w.counted(func() (*load, error) { return send(w.target, request, conns, n) })
		if err != nil {
			return err
		}
		rss, err := w.metric("process_resident_memory_bytes")
		if err != nil {
			return err
		}
		fmt.Printf("%-32s %10.0f %9.3f %9.3f %12.4f %10.1f\n", fmt.Sprintf("%s, %d connections", name, conns),
			l.rate(), ms(l.percentile(50)), ms(l.percentile(95)), ms(l.perCall), rss/(1<<20))
	}
	return nil
}

// counted adds what a run cost the server.
func (w *world) counted(run func() (*load, error)) (*load, error) {
	before, err := w.metric("process_cpu_seconds_total")
	if err != nil {
		return nil, err
	}
	l, err := run()
	if err != nil {
		return nil, err
	}
	after, err := w.metric("process_cpu_seconds_total")
	if err != nil {
		return nil, err
	}
	l.perCall = time.Duration((after - before) * float64(time.Second) / float64(len(l.each)))
	return l, nil
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
