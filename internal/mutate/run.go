package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

// runner runs the tests of a package with one mutant awake.
type runner struct {
	binary  string
	dir     string
	skip    string // tests that the instrumentation itself breaks, as -test.skip
	seconds int    // of processor time, before a mutant counts as one that hangs
}

// The address space of a run, in KiB: a mutant that eats memory ends there.
const memory = 8 << 20

func build(p *pack, tmp string) (*runner, error) {
	overlay, err := p.overlay(tmp)
	if err != nil {
		return nil, err
	}
	r := &runner{binary: filepath.Join(tmp, "tests"), dir: p.dir, seconds: 60}
	out, err := exec.Command("go", "test", "-c", "-vet=off", "-overlay", overlay, "-o", r.binary, p.path).CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("building the mutants of %q: %w\n%s", p.path, err, out)
	}
	return r, r.calibrate()
}

// calibrate runs the tests without a mutant: what fails then says nothing
// about mutants, and how long it takes bounds the others.
func (r *runner) calibrate() error {
	cmd := r.command(context.Background(), 0, "-test.v")
	out, err := cmd.CombinedOutput()
	if err != nil {
		failed := regexp.MustCompile(`(?m)^--- FAIL: (\w+)`).FindAllSubmatch(out, -1)
		if failed == nil {
			return fmt.Errorf("tests without a mutant: %w\n%s", err, out)
		}
		var names []string
		for _, f := range failed {
			names = append(names, string(f[1]))
		}
		r.skip = "^(" + strings.Join(names, "|") + ")$"
		fmt.Println("not run, for the choice of mutants itself breaks them:", strings.Join(names, ", "))
		cmd = r.command(context.Background(), 0)
		if out, err = cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("tests without a mutant: %w\n%s", err, out)
		}
	}
	used := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	r.seconds = max(3, int((10 * used).Seconds()))
	return nil
}

func (r *runner) command(ctx context.Context, mutant int, flags ...string) *exec.Cmd {
	limits := fmt.Sprintf("ulimit -t %d; ulimit -v %d; exec \"$0\" \"$@\"", r.seconds, memory)
	args := append([]string{"-c", limits, r.binary, "-test.failfast", "-test.timeout=5m", "-test.skip=" + r.skip}, flags...)
	cmd := exec.CommandContext(ctx, "sh", args...)
	cmd.Dir = r.dir
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%d", chooser, mutant))
	return cmd
}

// kills reports whether a test fails, or does not end, with the mutant.
func (r *runner) kills(m *mutant) (bool, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	err := r.command(ctx, m.id).Run()
	if err == nil {
		return false, nil
	}
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return false, err
	}
	return true, nil
}

// survivors runs every mutant, jobs at a time, and returns those that no test kills.
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
				}
				mu.Unlock()
			}
		})
	}
	for _, m := range all {
		work <- m
	}
	close(work)
	wg.Wait()
	slices.SortFunc(alive, func(a, b *mutant) int { return a.id - b.id })
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
