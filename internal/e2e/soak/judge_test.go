//go:build linux

package soak

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// rule says how much a figure may differ between two moments that should be alike.
type rule struct {
	name  string
	more  float64 // by which it may have grown from the first third to the last
	share float64 // or this share of what it was, if that is more
	saw   bool    // the sweeper cuts it back, every ten minutes: its floor is judged
}

// floor is the least of each window of rounds.
func floor(series []float64, window int) (list []float64) {
	for end := window; end <= len(series); end++ {
		list = append(list, slices.Min(series[end-window:end]))
	}
	return list
}

// judge compares the first third of a series, behind its warm-up, with the last.
// Both must say that it grew: the thirds' medians, which one odd sample does not
// move, and the median of all slopes (Theil and Sen), which a step at one end does not.
func (r rule) judge(series []float64) (growth float64, grows bool) {
	series = series[warmUp(len(series)):]
	third := max(len(series)/3, 1)
	first, last := median(series[:third]), median(series[len(series)-third:])
	apart := float64(len(series) - third) // rounds between the thirds' middles
	growth = min(last-first, slope(series)*apart)
	return growth, growth > max(r.more, r.share*first)
}

// sweepEvery is package git's default.
const sweepEvery = 10 * time.Minute

// warmUp is how many of n samples caches take to fill.
func warmUp(n int) int { return max(n/5, 1) }

// slope is the median of the slopes between all pairs.
func slope(series []float64) float64 {
	var all []float64
	for i := range series {
		for j := i + 1; j < len(series); j++ {
			all = append(all, (series[j]-series[i])/float64(j-i))
		}
	}
	return median(all)
}

func median(list []float64) float64 {
	if len(list) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(list))
	return (sorted[(len(sorted)-1)/2] + sorted[len(sorted)/2]) / 2
}

func TestJudge(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	noise := func(n int, f func(i int) float64) (list []float64) {
		for i := range n {
			list = append(list, f(i)+10*random.NormFloat64())
		}
		return list
	}
	r := rule{name: "x", more: 20, share: 0.1}
	for name, c := range map[string]struct {
		series []float64
		grows  bool
	}{
		"level":                  {noise(15, func(int) float64 { return 100 }), false},
		"grows":                  {noise(15, func(i int) float64 { return 100 + 8*float64(i) }), true},
		"shrinks":                {noise(15, func(i int) float64 { return 300 - 8*float64(i) }), false},
		"warms up":               {noise(15, func(i int) float64 { return 100 + 50*float64(min(i, 2)) }), false},
		"one peak at the end":    {append(noise(14, func(int) float64 { return 100 }), 900), false},
		"saw":                    {noise(15, func(i int) float64 { return 100 + 15*float64(i%3) }), false},
		"grows by the share":     {noise(15, func(i int) float64 { return 10000 + 20*float64(i) }), false},
		"grows more than that":   {noise(15, func(i int) float64 { return 10000 + 200*float64(i) }), true},
		"grows, with a dip late": {append(noise(14, func(i int) float64 { return 100 + 20*float64(i) }), 100), true},
		"few rounds, level":      {[]float64{50, 60, 62, 61}, false},
		"few rounds, grows":      {[]float64{50, 160, 270, 380}, true},
	} {
		if growth, grows := r.judge(c.series); grows != c.grows {
			t.Errorf("%s: grows %v, by %.0f: %.0f", name, grows, growth, c.series)
		}
	}
}

// verdict judges all series and writes a table.
func verdict(t *testing.T, rules []rule, rests []sample, each time.Duration) (bad []string) {
	t.Helper()
	var table strings.Builder
	fmt.Fprintf(&table, "%-34s %12s %12s %12s %12s\n", "at rest", "first third", "last third", "growth", "may grow")
	for _, r := range rules {
		var series []float64
		for _, s := range rests {
			series = append(series, s[r.name])
		}
		if window := 1 + int(sweepEvery/each); r.saw {
			if series = floor(series, window); len(series) < 3 {
				continue // too short a run to see it cut back
			}
		}
		growth, grows := r.judge(series)
		warm := series[warmUp(len(series)):]
		third := max(len(warm)/3, 1)
		first := median(warm[:third])
		fmt.Fprintf(&table, "%-34s %12.0f %12.0f %12.0f %12.0f\n", r.name, first, median(warm[len(warm)-third:]), growth, max(r.more, r.share*first))
		if grows {
			bad = append(bad, fmt.Sprintf("%s grows by %.0f: %.0f", r.name, growth, series))
		}
	}
	t.Logf("%d rounds\n%s", len(rests), table.String())
	return bad
}
