package main

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"runtime"
	"strings"
)

func main() {
	least := flag.Float64("min", 95, "percentage of mutants to kill")
	jobs := flag.Int("j", runtime.NumCPU(), "mutants at a time")
	list := flag.String("equivalent", "", "file of the mutants that change nothing")
	only := flag.String("only", "", "only mutants whose name fits this expression")
	flag.Parse()
	names, err := regexp.Compile(*only)
	if err == nil {
		err = run(flag.Args(), *least, *jobs, *list, names)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "mutate:", err)
		os.Exit(1)
	}
}

func run(patterns []string, least float64, jobs int, list string, only *regexp.Regexp) error {
	equivalent := map[string]string{}
	if list != "" {
		text, err := os.ReadFile(list)
		if err != nil {
			return err
		}
		if equivalent, err = reasons(text); err != nil {
			return fmt.Errorf("%q: %w", list, err)
		}
	}
	for _, pattern := range patterns {
		if err := mutate(pattern, least, jobs, equivalent, only); err != nil {
			return err
		}
	}
	return nil
}

// mutate runs and reports the mutants of one package.
func mutate(pattern string, least float64, jobs int, equivalent map[string]string, only *regexp.Regexp) error {
	p, err := load(pattern)
	if err != nil {
		return err
	}
	all := p.number()
	tmp, err := os.MkdirTemp("", "mutate")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	r, err := build(p, tmp)
	if err != nil {
		return err
	}
	var counted []*mutant
	known := map[string]bool{}
	for _, m := range all {
		known[m.name()] = true
		if equivalent[m.name()] == "" && only.MatchString(m.name()) {
			counted = append(counted, m)
		}
	}
	alive, err := r.survivors(counted, jobs)
	if err != nil {
		return err
	}
	return report(p, counted, alive, known, equivalent, least)
}

func report(p *pack, counted, alive []*mutant, known map[string]bool, equivalent map[string]string, least float64) error {
	folder, _, _ := strings.Cut(p.shown("\x00"), "\x00")
	apart := 0
	for name, why := range equivalent {
		switch {
		case known[name]:
			apart++
			fmt.Printf("equivalent %s (%s)\n", name, why)
		case strings.HasPrefix(name, folder):
			fmt.Printf("listed as equivalent, but there is no such mutant: %s\n", name)
		}
	}
	uncompiled := 0
	for _, f := range p.finders {
		uncompiled += f.uncompiled
	}
	killed := len(counted) - len(alive)
	percent := 100 * float64(killed) / float64(max(1, len(counted)))
	fmt.Printf("%s: killed %d of %d (%.1f %%), %d equivalent, %d not compiling\n", p.path, killed, len(counted), percent, apart, uncompiled)
	if percent < least {
		return fmt.Errorf("%s: less than %.1f %% of the mutants are killed", p.path, least)
	}
	return nil
}
