package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// runner runs the tests of a package with one mutant awake.
type runner struct {
	binary  string
	dir     string
	broken  []string // tests that the choice of mutants itself breaks
	slow    []string // tests that only those mutants get that the others leave alive
	seconds int      // of processor time, before a mutant counts as one that hangs
}

// The address space of a run, in KiB: a mutant that eats memory ends there.
const memory = 8 << 20

func build(p *pack, tmp string) (*runner, error) {
	overlay, err := p.overlay(tmp)
	if err != nil {
		return nil, err
	}
	r := &runner{binary: filepath.Join(tmp, "tests"), dir: filepath.Join(tmp, "run"), seconds: 60}
	if err := copyData(p.dir, r.dir); err != nil {
		return nil, err
	}
	out, err := exec.Command("go", "test", "-c", "-vet=off", "-overlay", overlay, "-o", r.binary, p.path).CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("building the mutants of %q: %w\n%s", p.path, err, out)
	}
	return r, r.calibrate()
}

// copyData takes the tests' data away from changes while the mutants run.
func copyData(from, to string) error {
	if err := os.Mkdir(to, 0o700); err != nil {
		return err
	}
	data := filepath.Join(from, "testdata")
	if _, err := os.Stat(data); err != nil {
		return nil
	}
	return os.CopyFS(filepath.Join(to, "testdata"), os.DirFS(data))
}

var outcome = regexp.MustCompile(`(?m)^--- (PASS|FAIL): (\w+) \(([0-9.]+)s\)`)

// calibrate runs the tests without a mutant: what fails then says nothing
// about mutants, what takes long comes last, and the time bounds that of others.
func (r *runner) calibrate() error {
	cmd := r.command(context.Background(), 0, "-test.v")
	out, err := cmd.CombinedOutput()
	times := map[string]float64{}
	for _, o := range outcome.FindAllSubmatch(out, -1) {
		name := string(o[2])
		times[name], _ = strconv.ParseFloat(string(o[3]), 64)
		if string(o[1]) == "FAIL" {
			r.broken = append(r.broken, name)
		}
	}
	r.slow = slowest(times)
	if err != nil && len(r.broken) == 0 {
		return fmt.Errorf("tests without a mutant: %w\n%s", err, out)
	}
	if len(r.broken) > 0 {
		fmt.Println("not run, for the choice of mutants itself breaks them:", strings.Join(r.broken, ", "))
	}
	used := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	r.seconds = max(3, int((5 * used).Seconds()))
	return nil
}

// slowest are the tests that take two thirds of all the time.
func slowest(times map[string]float64) (slow []string) {
	names := slices.SortedFunc(maps.Keys(times), func(a, b string) int { return cmp.Compare(times[b], times[a]) })
	total, sum := 0.0, 0.0
	for _, t := range times {
		total += t
	}
	for _, name := range names {
		if sum >= total*2/3 {
			break
		}
		sum += times[name]
		slow = append(slow, name)
	}
	return slow
}

// exactly is a pattern for the tests of these names and no other.
func exactly(names []string) string { return "^(" + strings.Join(names, "|") + ")$" }

func (r *runner) command(ctx context.Context, mutant int, flags ...string) *exec.Cmd {
	limits := fmt.Sprintf("ulimit -t %d; ulimit -v %d; exec \"$0\" \"$@\"", r.seconds, memory)
	args := append([]string{"-c", limits, r.binary, "-test.timeout=5m"}, flags...)
	cmd := exec.CommandContext(ctx, "sh", args...)
	cmd.Dir = r.dir
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%d", chooser, mutant))
	return cmd
}

// kills reports whether a test fails, or does not end, with the mutant.
func (r *runner) kills(m *mutant) (bool, error) {
	dead, err := r.fails(m, "-test.skip="+exactly(append(r.broken[:len(r.broken):len(r.broken)], r.slow...)))
	if dead || err != nil || len(r.slow) == 0 {
		return dead, err
	}
	return r.fails(m, "-test.run="+exactly(r.slow), "-test.skip="+exactly(r.broken))
}

// notRun is the least status of a shell that could not run the tests, which
// says nothing about the mutant.
const notRun = 126

func (r *runner) fails(m *mutant, flags ...string) (bool, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	err := r.command(ctx, m.id, append(flags, "-test.failfast")...).Run()
	if exit, ended := errors.AsType[*exec.ExitError](err); ended && exit.ExitCode() < notRun {
		return true, nil
	}
	return false, err
}

// survivors runs every mutant, jobs at a time, and returns and prints those that no test kills.
func (r *runner) survivors(all []*mutant, jobs int) (alive []*mutant, err error) {
	var mu sync.Mutex
	var wg sync.WaitGroup
	work := make(chan *mutant)
	for range jobs {
		wg.Go(func() {
			for m := range work {
				killed, e := r.kills(m)
				mu.Lock()
				if e != nil {
					err = e
				} else if !killed {
					alive = append(alive, m)
					fmt.Println("survived", m)
				}
				mu.Unlock()
			}
		})
	}
	for i, m := range all {
		work <- m
		if i%100 == 99 {
			fmt.Fprintf(os.Stderr, "%d of %d\n", i+1, len(all))
		}
	}
	close(work)
	wg.Wait()
	return alive, err
}

// reasons reads the list of equivalent mutants: a mutant's name on a line, the
// reason on the lines after it that begin with a space.
func reasons(text []byte) (map[string]string, error) {
	out := map[string]string{}
	var name string
	for line := range bytes.Lines(text) {
		s := strings.TrimSpace(string(line))
		switch {
		case s == "" || s[0] == '#':
		case line[0] != ' ':
			name = s
			out[name] = ""
		case name == "":
			return nil, fmt.Errorf("a reason without a mutant: %q", s)
		default:
			out[name] = strings.TrimSpace(out[name] + " " + s)
		}
	}
	for name, why := range out {
		if why == "" {
			return nil, fmt.Errorf("no reason for %q", name)
		}
	}
	return out, nil
}
