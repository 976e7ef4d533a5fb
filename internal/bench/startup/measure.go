package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

func (b *bench) measure(n int) error {
	git, err := exec.LookPath("git")
	if err != nil {
		return err
	}
	remotes, err := b.remotes(git)
	if err != nil {
		return err
	}
	programs := b.ours(git)
	own := len(programs)
	programs = slices.Concat(programs, b.peers(), remotes)
	for i := range n + 2 { // the first two rounds warm the caches
		for k, p := range programs {
			if err := b.once(p, i >= 2); err != nil {
				return err
			}
			if k >= references && k < own && i >= 2 {
				if err := b.weigh(p); err != nil {
					return err
				}
			}
		}
	}
	table(programs)
	least, static, kept := programs[1], programs[references], programs[references+1]
	fmt.Printf("\nC1, to the least that a helper can do: %.2f wall, %.2f CPU; C2: %.2f wall, %.2f CPU\n",
		ratio(static.wall, least.wall), ratio(static.cpu, least.cpu), ratio(kept.wall, least.wall), ratio(kept.cpu, least.cpu))
	plain, ours := remotes[0], remotes[1]
	fmt.Printf("C3, ls-remote with our helper to plain https: %.3f wall, %.3f CPU\n", ratio(ours.wall, plain.wall), ratio(ours.cpu, plain.cpu))
	if info, err := os.Stat(filepath.Join(b.bin, "git-remote-codecommit")); err == nil {
		fmt.Printf("C4, size of git-remote-codecommit: %.2f MB\n", float64(info.Size())/1e6)
	}
	return nil
}

func (b *bench) command(p *program, args []string) *exec.Cmd {
	c := exec.Command(args[0], args[1:]...)
	c.Dir, c.Env, c.Stdin = b.dir, b.env, strings.NewReader(p.stdin)
	if p.env != nil {
		c.Env = p.env
	}
	return c
}

func (b *bench) once(p *program, count bool) error {
	c := b.command(p, p.args)
	start := time.Now()
	out, err := c.CombinedOutput()
	wall := time.Since(start)
	if err != nil {
		return fmt.Errorf("%s: %w\n%s", p.name, err, out)
	}
	if count {
		p.wall = append(p.wall, wall)
		p.cpu = append(p.cpu, c.ProcessState.UserTime()+c.ProcessState.SystemTime())
	}
	return nil
}

// weigh notes the peak memory of one run.
func (b *bench) weigh(p *program) error {
	out, err := b.command(p, append([]string{filepath.Join(b.bin, "peak")}, p.args...)).Output()
	if err != nil {
		return fmt.Errorf("%s: measuring its memory: %w", p.name, err)
	}
	kib, err := strconv.Atoi(string(out))
	p.peak = append(p.peak, time.Duration(kib))
	return err
}

func table(programs []*program) {
	floor := programs[0]
	fmt.Printf("%-44s %9s %9s %9s %9s %15s\n", "", "wall ms", "cpu ms", "wall", "cpu", "C4 peak KiB")
	for _, p := range programs {
		fmt.Printf("%-44s %9.2f %9.2f %8.2fx %8.2fx", p.name, ms(median(p.wall)), ms(median(p.cpu)), ratio(p.wall, floor.wall), ratio(p.cpu, floor.cpu))
		if len(p.peak) > 0 {
			fmt.Printf(" %6d (≤ %d)", median(p.peak), slices.Max(p.peak))
		}
		fmt.Println()
	}
	fmt.Printf("medians of %d rounds, all in turn; x: medians of the rounds' ratios to %s\n", len(floor.wall), floor.name)
}

func ratio(a, b []time.Duration) float64 {
	ratios := make([]float64, len(a))
	for i := range a {
		ratios[i] = float64(a[i]) / float64(b[i])
	}
	return median(ratios)
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func median[T float64 | time.Duration](values []T) T {
	s := slices.Sorted(slices.Values(values))
	return s[len(s)/2]
}
