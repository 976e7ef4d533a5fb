package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// results are all samples, by scenario, metric and peer, one a round.
type results struct {
	Scenarios map[string]map[string]map[string][]float64
	peers     []string // in the order of their first result
}

func (r *results) add(scenario, peer string, s sample) {
	if r.Scenarios == nil {
		r.Scenarios = map[string]map[string]map[string][]float64{}
	}
	if !slices.Contains(r.peers, peer) {
		r.peers = append(r.peers, peer)
	}
	metrics := r.Scenarios[scenario]
	if metrics == nil {
		metrics = map[string]map[string][]float64{}
		r.Scenarios[scenario] = metrics
	}
	for name, value := range s {
		if metrics[name] == nil {
			metrics[name] = map[string][]float64{}
		}
		metrics[name][peer] = append(metrics[name][peer], value)
	}
}

// ours is the peer to which the others are compared.
const (
	ours    = "sojourn"
	oursTLS = "sojourn, TLS"
)

// print writes a scenario's table: medians, the least and the greatest of all
// rounds, and for others than us the median of the rounds' ratios to us.
func (r *results) print(w io.Writer, s *scenario) {
	fmt.Fprintf(w, "\n### %s: %s\n\n| |", s.id, s.title)
	for _, m := range s.metrics {
		fmt.Fprintf(w, " %s |", m.name)
	}
	fmt.Fprintf(w, "\n|---|%s\n", strings.Repeat("---|", len(s.metrics)))
	for _, p := range r.peers {
		if len(r.Scenarios[s.id][s.metrics[0].name][p]) == 0 {
			continue
		}
		fmt.Fprintf(w, "| %s |", p)
		for _, m := range s.metrics {
			fmt.Fprintf(w, " %s |", r.cell(s.id, m, p))
		}
		fmt.Fprintln(w)
	}
}

func (r *results) cell(scenario string, m metric, peer string) string {
	values := r.Scenarios[scenario][m.name][peer]
	if len(values) == 0 {
		return "–"
	}
	text := fmt.Sprintf("%s [%s–%s]", short(median(values)), short(slices.Min(values)), short(slices.Max(values)))
	if ratio, ok := r.ratio(scenario, m.name, peer); ok && peer != ours {
		text += fmt.Sprintf(", ×%s", short(ratio))
	}
	return text
}

// ratio is the median of a peer's results to ours of the same round.
func (r *results) ratio(scenario, metric, peer string) (float64, bool) {
	return r.ratioTo(scenario, metric, peer, ours)
}

func (r *results) ratioTo(scenario, metric, peer, to string) (float64, bool) {
	theirs, those := r.Scenarios[scenario][metric][peer], r.Scenarios[scenario][metric][to]
	var ratios []float64
	for i := range min(len(theirs), len(those)) {
		if those[i] > 0 {
			ratios = append(ratios, theirs[i]/those[i])
		}
	}
	if len(ratios) == 0 {
		return 0, false
	}
	return median(ratios), true
}

// short writes a number with three digits.
func short(v float64) string {
	switch {
	case v >= 1000:
		return fmt.Sprintf("%.0f", v)
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	case v >= 1:
		return fmt.Sprintf("%.2f", v)
	}
	return fmt.Sprintf("%.3f", v)
}

func median(values []float64) float64 {
	s := slices.Sorted(slices.Values(values))
	return s[len(s)/2]
}

func (r *results) write(path string) error {
	if path == "" {
		return nil
	}
	b, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(b, '\n'), 0o644)
}

// document writes tables and picture into a directory of pages.
func (r *results) document(dir string) error {
	var tables strings.Builder
	for _, s := range r.measured() {
		r.print(&tables, &s)
	}
	return errors.Join(fill(dir, "git", tables.String()), os.WriteFile(filepath.Join(dir, "benchmarks-git.svg"), []byte(r.picture(scenarios)), 0o644))
}
