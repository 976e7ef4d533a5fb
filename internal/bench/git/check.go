package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
)

// guarded are the numbers that may not get worse, beside the same of base in the
// same run: processor time and memory, which a busy machine changes little.
var guarded = map[string][]string{
	"S1": {"server CPU ms each"}, "S2": {"server CPU ms each"}, "S3-few": {"server CPU ms each"}, "S3-many": {"server CPU ms each"},
	"S5": {"server CPU s"}, "S5-pushed": {"server CPU s"}, "S7": {"server CPU s"}, "S8": {"first: server CPU s", "again: server CPU s"},
	"S9": {"server CPU s"}, "S10": {"server CPU s"}, "S11-1000": {"server CPU s"}, "S11-1": {"server CPU s"}, "S12": {"server CPU s"},
	"S13": {"anon MiB", "RSS MiB"},
}

// base is the peer that there is everywhere: it needs Go and git alone.
const base = "spawn"

// loss is how much of a ratio may be lost.
const loss = 0.20

// record is what the repository keeps of a run.
type record struct {
	Objects int                // of the big repository; other sizes have other ratios
	Ratios  map[string]float64 // base's to ours by "scenario: metric"; more is better
}

func (b *bench) record() record {
	out := record{b.sources.objects, map[string]float64{}}
	for scenario, metrics := range guarded {
		for _, metric := range metrics {
			if ratio, ok := b.results.ratio(scenario, metric, base); ok {
				out.Ratios[scenario+": "+metric] = ratio
			}
		}
	}
	return out
}

// keep writes a run's ratios.
func (b *bench) keep(path string) error {
	r := b.record()
	for key, ratio := range r.Ratios {
		r.Ratios[key] = float64(int(ratio*1000)) / 1000
	}
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o644)
}

// doubt measures what seems lost once more, and counts all rounds: a scenario of a few
// milliseconds may have had a bad moment.
func (b *bench) doubt(ctx context.Context, path string) error {
	kept, err := b.kept(path)
	if err != nil {
		return err
	}
	lost := lostRatios(kept, b.record().Ratios)
	for _, s := range b.chosen {
		if s.rounds == 1 || !slices.ContainsFunc(lost, func(l string) bool { return strings.HasPrefix(l, s.id+": ") }) {
			continue
		}
		if err := b.run(ctx, s, b.rounds); err != nil {
			return fmt.Errorf("%s: %w", s.id, err)
		}
		b.results.print(os.Stdout, s)
	}
	return nil
}

// kept are the ratios of a run that was kept, which this one can be compared with.
func (b *bench) kept(path string) (map[string]float64, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var kept record
	if err := json.Unmarshal(text, &kept); err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	if kept.Objects != b.sources.objects {
		return nil, fmt.Errorf("%s was taken with -objects %d, this run with %d", path, kept.Objects, b.sources.objects)
	}
	return kept.Ratios, nil
}

// check compares a run with one that was kept.
func (b *bench) check(path string) error {
	kept, err := b.kept(path)
	if err != nil {
		return err
	}
	lost := lostRatios(kept, b.record().Ratios)
	if len(lost) > 0 {
		return fmt.Errorf("slower than recorded in %s, as measured beside %q:\n  %s", path, base, strings.Join(lost, "\n  "))
	}
	fmt.Printf("\nno ratio of %s is lost by more than %.0f %%\n", path, 100*loss)
	return nil
}

// lostRatios says which of the kept ratios are lost; of what was not measured, nothing.
func lostRatios(kept, now map[string]float64) (lost []string) {
	for key, was := range kept {
		if is, ok := now[key]; ok && is < was*(1-loss) {
			lost = append(lost, fmt.Sprintf("%s: ×%s, was ×%s", key, short(is), short(was)))
		}
	}
	slices.Sort(lost)
	return lost
}
